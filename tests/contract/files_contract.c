/* Trees and the vault where there are real files: all that is special in a file system. */
#include "tests/contract/trees_contract.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "fsm/base/facts.h"
#include "fsm/base/quote.h"
#include "tests/harness/listing.h"

void sh(struct fixture *x, const char *script)
{
	struct rfa_buf text = RFA_BUF_INIT(65536);

	(void)rfa_buf_puts(&text, "LC_ALL=C; export LC_ALL; set -e; cd ");
	(void)rfa_quote(&text, x->world->dir);
	(void)rfa_buf_printf(&text, "\n%s\n", script);
	if (system(rfa_buf_str(&text)) != 0)
		fail_msg("failed: %s", script);
	rfa_buf_release(&text);
}

const char *const tree_names[5] = { ".rfa-f.place", ".rfa-f.snap/tree", ".rfa-f.new/tree",
				    ".rfa-f.old/tree", ".rfa-f.other" };

static void attribute(struct fixture *x, const char *name, const char *key, const void *value,
		      size_t len)
{
	/* Not every file system has every kind of them. */
	if (lsetxattr(AT(name), key, value, len, 0) && errno != ENOTSUP && errno != EPERM)
		fail_msg("%s of %s: %s", key, name, strerror(errno));
}

/* user::rwx user:1:rwx user:54321:r-x group::r-x mask::rwx other::r-x */
static const unsigned char acl[] = { 2,    0,    0,    0,    1,    0,    7,    0,    0xff,
				     0xff, 0xff, 0xff, 2,    0,    7,    0,    1,    0,
				     0,    0,    2,    0,    5,    0,    0x31, 0xd4, 0,
				     0,    4,    0,    5,    0,    0xff, 0xff, 0xff, 0xff,
				     0x10, 0,    7,    0,    0xff, 0xff, 0xff, 0xff, 0x20,
				     0,    5,    0,    0xff, 0xff, 0xff, 0xff };

/* A bit of everything that a tree can have. */
void tree_special(struct fixture *x)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "sock" };
	char here[1024];
	int fd;

	sh(x, "rm -rf .rfa-f.place; mkdir .rfa-f.place; cd .rfa-f.place\n"
	      "mkdir -p empty deep/er/still 'with blank' -- -dash\n"
	      "echo plain >plain; echo one >deep/one; ln deep/one deep/er/two; ln deep/one three\n"
	      "ln -s plain link; ln -s /etc/passwd out; ln -s ../../.. up; ln -s nowhere "
	      "'dangling; x'\n"
	      "ln link link2\n"
	      "echo x >\"$(printf 'new\\nline')\"; echo x >\"it's \\\"quoted\\\"\"; echo x >./-n\n"
	      "echo x >'$(touch hit)'; echo x >'`touch hit`;*?[a]'; echo x >\"$(printf "
	      "'esc\\033[2J')\"\n"
	      "echo x >\"$(printf 'bad\\377utf')\"; echo x >'back\\slash\\n'; echo x >'tr '; echo "
	      "x >'...'\n"
	      "truncate -s 40M sparse; printf end >>sparse; printf mid | dd of=sparse bs=1 "
	      "seek=9000000 "
	      "conv=notrunc status=none\n"
	      "mkfifo fifo; chmod 4755 plain; chmod 2770 deep; chmod 1777 empty; chmod 0 -- -n\n"
	      "head -c 3000000 /dev/urandom >big; : >none\n"
	      "touch -d '1999-12-31 23:59:59.123456789' big deep/er; touch -h -d '2001-01-01 "
	      "1:2:3.4' up\n"
	      "touch -d '@7' none; [ $(id -u) != 0 ] || { chown 12345:54321 big; chown -h 7:8 out\n"
	      "mknod null c 1 3 2>/dev/null || :; }");
	attribute(x, ".rfa-f.place/big", "user.note", "a\0b\nc=", 6);
	attribute(x, ".rfa-f.place/big", "trusted.note", "t", 1);
	attribute(x, ".rfa-f.place/deep", "user.dir", "d", 1);
	attribute(x, ".rfa-f.place/big", "system.posix_acl_access", acl, sizeof(acl));
	attribute(x, ".rfa-f.place/deep", "system.posix_acl_default", acl, sizeof(acl));
	/* Made last: inherits from the default ACL, while what was there before has none. */
	sh(x, "cd .rfa-f.place; echo y >deep/heir; touch -d '2020-02-02' deep .");
	assert_non_null(getcwd(here, sizeof(here)));
	assert_int_equal(chdir(PLACE), 0);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	close(fd);
	assert_int_equal(chdir(here), 0);
	sh(x, "touch -d '2020-02-03 4:5:6.789' .rfa-f.place");
}

static void a_copy_has_all_that_a_tree_has(void **state)
{
	struct fixture *x = begin(state, "exact");
	char sum[RFA_DIGEST_HEX], again[RFA_DIGEST_HEX];
	int64_t bytes, size;

	CLEAR_FILES();
	tree_special(x);
	tree_copied(x, RFA_TREE_DIRECTORY, PLACE, SNAP, RFA_COPY_FINAL);
	listing_same(PLACE, SNAP);
	tree_clear(x, tree_names + 1, 1);
	tree_copied(x, RFA_TREE_DIRECTORY, PLACE, SNAP, RFA_COPY_BULK);
	tree_copied(x, RFA_TREE_DIRECTORY, PLACE, SNAP, RFA_COPY_BULK);
	tree_copied(x, RFA_TREE_DIRECTORY, PLACE, SNAP, RFA_COPY_FINAL);
	listing_same(PLACE, SNAP);
	tree_packed(x, SNAP, "tree", sum, &bytes);
	tree_packed(x, SNAP, "again", again, &size);
	assert_string_equal(sum, again);
	/* Not 40 MB: holes are not packed. */
	assert_true(bytes < 8000000);
	assert_ok(x->h->trees->unpack(x->h, KEY("unpack"), "tree", NEW, &x->err));
	listing_same(PLACE, NEW);
	tree_packed(x, NEW, "again", again, &size);
	assert_string_equal(sum, again);
	sh(x, "test ! -e hit; test ! -e .rfa-f.place/hit; test \"$(ls -A .rfa-f.snap | tr '\\n' ' "
	      "')\" = '.rfa tree '");
	CLEAR_FILES();
	end(x);
}

/* A default ACL of the directory that holds the copies is no part of them. */
static void a_parents_acl_is_not_inherited(void **state)
{
	struct fixture *x = begin(state, "acl");
	char sum[RFA_DIGEST_HEX];
	int64_t bytes;

	CLEAR_FILES();
	sh(x, "rm -rf inherit; mkdir inherit; chmod 2775 inherit; [ $(id -u) != 0 ] || chgrp 54321 "
	      "inherit; mkdir -p inherit/p/d; chmod 700 inherit/p/d; echo x >inherit/p/d/f; chmod "
	      "-R g-s inherit/p");
	attribute(x, "inherit", "system.posix_acl_default", acl, sizeof(acl));
	tree_copied(x, RFA_TREE_DIRECTORY, AT("inherit/p"), AT("inherit/.rfa-s/tree"),
		    RFA_COPY_BULK);
	sh(x, "mkdir plain.$$; mv plain.$$ inherit/p/e; echo y >inherit/p/e/f");
	tree_copied(x, RFA_TREE_DIRECTORY, AT("inherit/p"), AT("inherit/.rfa-s/tree"),
		    RFA_COPY_FINAL);
	listing_same(AT("inherit/p"), AT("inherit/.rfa-s/tree"));
	tree_packed(x, AT("inherit/.rfa-s/tree"), "tree", sum, &bytes);
	assert_ok(
	    x->h->trees->unpack(x->h, KEY("unpack"), "tree", AT("inherit/.rfa-n/tree"), &x->err));
	listing_same(AT("inherit/p"), AT("inherit/.rfa-n/tree"));
	sh(x, "rm -rf inherit");
	end(x);
}

static void the_second_pass_brings_every_change(void **state)
{
	struct fixture *x = begin(state, "second");
	char *map;
	int fd;

	CLEAR_FILES();
	tree_special(x);
	sh(x, "cd .rfa-f.place; mkdir many a b; i=0; while [ $i -lt 300 ]; do echo $i >many/$i; "
	      "i=$((i+1)); done; mkdir -p moved/in/side todir; echo f >moved/in/side/f; echo f "
	      ">tofile\n"
	      "ln -s plain tolink; echo k >kept; ln kept kept2; ln kept kept3; ln -s /etc cross; "
	      "echo s >s1\n"
	      "echo t >s2; head -c 8192 /dev/zero >mapped; mkdir full; echo a >full/a; ln kept "
	      "full/kept4\n"
	      "mkdir attr; echo g >grow; echo same >swap1; echo diff >swap2; touch -d '2010-01-01' "
	      "swap1 swap2");
	attribute(x, ".rfa-f.place/attr", "user.a", "1", 1);
	fd = open(AT(".rfa-f.place/mapped"), O_RDWR);
	assert_true(fd >= 0);
	map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(map, MAP_FAILED);
	map[0] = 'a'; /* dirty from before the bulk pass */
	tree_copied(x, RFA_TREE_DIRECTORY, PLACE, SNAP, RFA_COPY_BULK);
	map[1] = 'b';
	sh(x,
	   "cd .rfa-f.place; rm many/1 many/2; echo new >many/new; echo changed >many/3\n"
	   "mv many/4 many/five; mv moved renamed; rm -r todir; echo now >todir; rm tofile; mkdir "
	   "tofile\n"
	   "echo in >tofile/in; rm tolink; mkdir tolink; echo in >tolink/in; ln kept kept5; rm "
	   "kept2\n"
	   "rm cross; mkdir cross; echo p >cross/passwd; rm -r full; ln -s /tmp full; mv s1 tmp; "
	   "mv s2 s1\n"
	   "mv tmp s2; rm -r empty; mkdir -p 'new dir/x'; mkfifo 'new dir/x/fifo'; chmod 600 grow\n"
	   "echo more >>grow; mv swap1 t; mv swap2 swap1; mv t swap2\n"
	   "printf x | dd of=sparse bs=1 seek=20000000 conv=notrunc status=none\n"
	   "cp -p big big2; echo z >>big2; touch -r big big2; mv big2 big; ln big deep/bigger\n"
	   "touch -d '1980-01-01' 'with blank'");
	attribute(x, ".rfa-f.place/many/9", "user.late", "l", 1);
	attribute(x, ".rfa-f.place/attr", "user.a", "22", 2);
	map[4096] = 'c';
	assert_int_equal(munmap(map, 8192), 0);
	close(fd);
	tree_copied(x, RFA_TREE_DIRECTORY, PLACE, SNAP, RFA_COPY_FINAL);
	listing_same(PLACE, SNAP);
	/* What a directory no longer has. */
	tree_copied(x, RFA_TREE_DIRECTORY, PLACE, SNAP, RFA_COPY_BULK);
	(void)removexattr(AT(".rfa-f.place/attr"), "user.a");
	(void)removexattr(AT(".rfa-f.place/deep"), "system.posix_acl_default");
	tree_copied(x, RFA_TREE_DIRECTORY, PLACE, SNAP, RFA_COPY_FINAL);
	listing_same(PLACE, SNAP);
	/* Again, from what is there. */
	tree_copied(x, RFA_TREE_DIRECTORY, PLACE, SNAP, RFA_COPY_FINAL);
	listing_same(PLACE, SNAP);
	CLEAR_FILES();
	end(x);
}

/*
 * A value of the same length, and not even ctime tells that there is another one: a copy from
 * before the change, with what the bulk pass writes of the tree after it.
 */
static void other_values(struct fixture *x, const char *value)
{
	static const char *const keys[] = { "user.note", "trusted.note" };
	static const char *const names[] = { "f", "d", "it's \"x: \n=", "g" };
	char name[64];
	size_t i, k;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
			snprintf(name, sizeof(name), ".rfa-f.place/%s", names[i]);
			attribute(x, name, keys[k], value, 4);
		}
	attribute(x, ".rfa-f.place/link", "trusted.note", value, 4);
}

static void values_are_brought(struct fixture *x)
{
	CLEAR_FILES();
	sh(x, "mkdir -p .rfa-f.place/d; cd .rfa-f.place; echo 1 >f; echo 2 >g; ln g d/too; ln -s f "
	      "link; echo 3 >\"$(printf 'it'\\''s \"x: \\n=')\"; touch -d '2010-01-01' f d .");
	other_values(x, "a\0b=");
	tree_copied(x, RFA_TREE_DIRECTORY, PLACE, SNAP, RFA_COPY_BULK);
	other_values(x, "a\0c=");
	sh(x, "cd .rfa-f.place; touch -d '2010-01-01' f d .");
	tree_copied(x, RFA_TREE_DIRECTORY, PLACE, SNAP, RFA_COPY_FINAL);
	listing_same(PLACE, SNAP);
	sh(x, "mv .rfa-f.snap/tree .rfa-f.other");
	other_values(x, "a\0d=");
	tree_copied(x, RFA_TREE_DIRECTORY, PLACE, SNAP, RFA_COPY_BULK);
	/* Where blocks are shared it leaves nothing. */
	sh(x, "cd .rfa-f.snap; [ ! -d tree ] || { rm -r tree; mv ../.rfa-f.other tree; test -e "
	      "work/since; touch -d '+1 day' work/since; }");
	tree_copied(x, RFA_TREE_DIRECTORY, PLACE, SNAP, RFA_COPY_FINAL);
	listing_same(PLACE, SNAP);
	CLEAR_FILES();
}

static void a_value_of_the_same_length_is_brought(void **state)
{
	struct fixture *x = begin(state, "values");
	char *path = strdup(getenv("PATH")), with[8192];

	values_are_brought(x);
	/* The same by other means, where the first ones were getfattr's. */
	if (system("getfattr --version >/dev/null 2>&1") == 0) {
		sh(x, "mkdir bin; echo 'exit 1' >bin/getfattr; chmod 755 bin/getfattr");
		snprintf(with, sizeof(with), "%s:%s", AT("bin"), path);
		end(x);
		setenv("PATH", with, 1);
		x = begin(state, "others");
		values_are_brought(x);
		sh(x, "rm -r bin");
		setenv("PATH", path, 1);
	}
	free(path);
	end(x);
}

/* What is written while the bulk pass runs is no reason to fail, and is in the copy afterwards. */
static void a_bulk_pass_bears_a_busy_place(void **state)
{
	struct fixture *x = begin(state, "busy");
	pid_t writer;
	int i;

	CLEAR_FILES();
	sh(x, "mkdir .rfa-f.place; cd .rfa-f.place; mkdir d; for i in $(seq 2000); do echo $i "
	      ">d/$i; done");
	writer = fork();
	if (writer == 0) {
		execl("/bin/sh", "sh", "-c",
		      "cd \"$0\" && exec 2>/dev/null && while :; do for i in 7 70 700 1700; do rm "
		      "-rf x$i; "
		      "mkdir x$i; echo a >x$i/f; echo $i >>d/$i; mv d/$i d/m; mv d/m d/$i; "
		      "ln -f d/$i x$i/l; done; done",
		      PLACE, (char *)NULL);
		_exit(127);
	}
	assert_true(writer > 0);
	for (i = 0; i < 3; i++)
		tree_copied(x, RFA_TREE_DIRECTORY, PLACE, SNAP, RFA_COPY_BULK);
	assert_int_equal(waitpid(writer, NULL, WNOHANG), 0);
	kill(writer, SIGKILL);
	assert_int_equal(waitpid(writer, NULL, 0), writer);
	tree_copied(x, RFA_TREE_DIRECTORY, PLACE, SNAP, RFA_COPY_FINAL);
	listing_same(PLACE, SNAP);
	CLEAR_FILES();
	end(x);
}

/* Archives that lie. */

/* The archive that a script leaves in `evil.tar`. */
static void refused(struct fixture *x, const char *script)
{
	struct rfa_buf data = RFA_BUF_INIT(16u << 20);
	static unsigned n;
	char name[32];
	int rc;

	sh(x, "rm -rf evil evil.tar outside; mkdir evil; echo untouched >outside");
	sh(x, script);
	assert_ok(x->h->files->read(x->h, AT("evil.tar"), 16u << 20, &data, &x->err));
	snprintf(name, sizeof(name), "evil%u", n++);
	tree_spooled(x, name, data.data ? data.data : "", data.len);
	rc = x->h->trees->unpack(x->h, KEY("unpack"), name, NEW, &x->err);
	if (rc != -RFA_EMISMATCH)
		fail_msg("%s: %s: %s", rfa_code_word(-rc), x->err.msg, script);
	assert_null(strchr(x->err.msg, '\033'));
	sh(x, "test ! -e .rfa-f.new; test \"$(cat outside)\" = untouched; "
	      "rm -rf evil evil.tar outside");
	rfa_buf_release(&data);
}

static void an_archive_that_lies_is_refused(void **state)
{
	struct fixture *x = begin(state, "evil");

	CLEAR_FILES();
	refused(x, ": >evil.tar");
	refused(x, "head -c 10240 /dev/zero >evil.tar");
	refused(x, "head -c 20480 /dev/urandom >evil.tar");
	refused(x, "echo x >evil/a; tar -C evil -cf t . ; head -c 1024 t >evil.tar; rm t");
	/* Cut between two members, where tar itself sees nothing. */
	refused(x, "echo x >evil/a; echo x >evil/b; tar -C evil --sort=name -cf t .; "
		   "head -c 1536 t >evil.tar; rm t");
	refused(x, "head -c 100000 /dev/zero >evil/a; tar -C evil -cf t .; head -c 50000 t "
		   ">evil.tar; rm t");
	refused(x, "tar -P -cf evil.tar \"$PWD/outside\"");
	refused(x, "tar -C evil -cf evil.tar .; tar -P -rf evil.tar \"$PWD/outside\"");
	refused(x, "tar -C evil -cf evil.tar .; tar -C evil -P -rf evil.tar ../outside");
	refused(x, "echo x >evil/a; tar -C evil -P -cf evil.tar --transform "
		   "'s|^[.]/a|./b/../../outside|' .");
	refused(x, "ln -s \"$PWD\" evil/a; tar -C evil -cf evil.tar .; rm evil/a; mkdir evil/a; "
		   "echo hit >evil/a/outside; tar -C evil -rf evil.tar ./a/outside");
	refused(x, "ln -s .. evil/a; tar -C evil -cf evil.tar .; rm evil/a; mkdir evil/a; "
		   "echo hit >evil/a/outside; tar -C evil -rf evil.tar ./a");
	refused(x,
		"mkdir evil/a; tar -C evil -cf evil.tar .; rm -r evil/a; ln -s \"$PWD\" evil/a; "
		"tar -C evil -rf evil.tar ./a; rm evil/a; mkdir evil/a; echo hit >evil/a/outside; "
		"tar -C evil -rf evil.tar ./a/outside");
	refused(x, "echo x >evil/a; ln evil/a evil/b; tar -C evil -P --sort=name -cf evil.tar "
		   "--transform 's|^[.]/a|../outside|RSh' .");
	refused(x, "echo x >evil/a; tar -C evil -cf evil.tar .; printf junk | dd of=evil.tar bs=1 "
		   "seek=520 conv=notrunc status=none");
	refused(x, "echo x >\"$(printf 'evil/a\\033[2J\\n')\"; tar -C evil -P -cf evil.tar "
		   "--transform 's|^[.]/a|../a|' .");
	CLEAR_FILES();
	end(x);
}

/* Swaps. */

/* A copy of a database as it lies beside its place: one of our own, or one of an earlier rfa. */
static void from_any_link(struct fixture *x, const char *tree)
{
	/* What a power cut may leave, step by step. */
	static const char *const steps[] = {
		("mkdir -m 700 .rfa-old; [ ! \"$t\" ] || { echo .rfa-old >.rfa-old/.rfa; "
		 "mkdir .rfa-old$t; }"),
		"ln x.db-wal .rfa-old$t/db-wal",
		"mv x.db .rfa-old$t/db",
		"rm -f x.db-shm",
		"rm x.db-wal",
		"ln .rfa-new$t/db-wal x.db-wal",
		"mv .rfa-new$t/db x.db",
		"rm .rfa-new$t/db-wal",
		"rmdir .rfa-new$t",
		"rm -rf .rfa-new/.rfa",
		"rm -rf .rfa-new",
	};
	char in[64], out[64], step[256];
	size_t n, i;

	snprintf(in, sizeof(in), ".rfa-f.place/.rfa-new%s", tree);
	snprintf(out, sizeof(out), ".rfa-f.place/.rfa-old%s", tree);
	for (n = 0; n <= sizeof(steps) / sizeof(steps[0]); n++) {
		CLEAR_FILES();
		setenv("t", tree, 1);
		sh(x, "mkdir -p .rfa-f.place/.rfa-new$t; cd .rfa-f.place; chmod 700 .rfa-new; "
		      "[ ! \"$t\" ] || echo .rfa-new >.rfa-new/.rfa; echo d1 >x.db; echo w1 "
		      ">x.db-wal; "
		      "echo s1 >x.db-shm; echo d2 >.rfa-new$t/db; echo w2 >.rfa-new$t/db-wal");
		for (i = 0; i < n; i++) {
			snprintf(step, sizeof(step), "cd .rfa-f.place; %s", steps[i]);
			sh(x, step);
		}
		if (tree_swapped(x, "sqlite", AT(".rfa-f.place/x.db"), AT(in), AT(out)))
			fail_msg("%s after %zu steps: %s", tree, n, x->err.msg);
		sh(x, "cd .rfa-f.place; test \"$(cat x.db x.db-wal)\" = \"$(printf 'd2\\nw2')\"; "
		      "test ! -e x.db-shm; test ! -e .rfa-new; test ! -e x.db-journal; "
		      "test \"$(cat .rfa-old$t/db .rfa-old$t/db-wal)\" = \"$(printf 'd1\\nw1')\"");
	}
	/* A companion of nobody's. */
	CLEAR_FILES();
	sh(x, "mkdir -p .rfa-f.place/.rfa-new$t; cd .rfa-f.place; chmod 700 .rfa-new; "
	      "[ ! \"$t\" ] || echo .rfa-new >.rfa-new/.rfa; echo d2 >.rfa-new$t/db; echo w9 "
	      ">x.db-wal");
	assert_int_equal(tree_swapped(x, "sqlite", AT(".rfa-f.place/x.db"), AT(in), NULL),
			 -RFA_EEXISTS);
	sh(x, "cd .rfa-f.place; test -e .rfa-new$t/db; test ! -e x.db; test \"$(cat x.db-wal)\" = "
	      "w9");
	CLEAR_FILES();
	unsetenv("t");
}

static void a_database_goes_on_from_any_link(void **state)
{
	struct fixture *x = begin(state, "links");

	from_any_link(x, "");
	from_any_link(x, "/tree");
	end(x);
}

/* Only the content of a file is replaced: not what else it has, nor what it is called besides. */
static void a_file_keeps_all_but_its_content(void **state)
{
	struct fixture *x = begin(state, "keeps");
	char value[8];
	struct stat st;
	int has_acl;

	CLEAR_FILES();
	sh(x, "mkdir .rfa-f.place; cd .rfa-f.place; echo old >f; chmod 640 f; [ $(id -u) != 0 ] || "
	      "chown 12345:54321 f; echo old >g; ln g h");
	attribute(x, ".rfa-f.place/f", "user.note", "abc", 3);
	attribute(x, ".rfa-f.place/f", "system.posix_acl_access", acl, sizeof(acl));
	attribute(x, ".rfa-f.place", "system.posix_acl_default", acl, sizeof(acl));
	sh(x, "touch -d '2001-02-03 4:5:6.789' .rfa-f.place/f .rfa-f.place/g");
	has_acl = lgetxattr(AT(".rfa-f.place/f"), "system.posix_acl_access", NULL, 0) > 0;
	assert_ok(x->h->files->write(x->h, AT(".rfa-f.place/f"), 0600, "new", 3, &x->err));
	assert_ok(x->h->files->write(x->h, AT(".rfa-f.place/h"), 0600, "new", 3, &x->err));
	sh(x, "cd .rfa-f.place; test \"$(cat f g h)\" = newnewnew; test g -ef h; for f in f g; do "
	      "test \"$(stat -c %y $f | cut -c1-23)\" = '2001-02-03 04:05:06.789'; done; test "
	      "-z \"$(ls -A | grep rfa-new)\"");
	assert_int_equal(stat(AT(".rfa-f.place/f"), &st), 0);
	if (geteuid() == 0)
		assert_int_equal(st.st_uid, 12345);
	if (lgetxattr(AT(".rfa-f.place/f"), "user.note", value, sizeof(value)) != 3)
		assert_int_equal(errno, ENOTSUP);
	assert_int_equal(lgetxattr(AT(".rfa-f.place/f"), "system.posix_acl_access", NULL, 0) > 0,
			 has_acl);
	assert_true(lgetxattr(AT(".rfa-f.place/h"), "system.posix_acl_access", NULL, 0) <= 0);
	CLEAR_FILES();
	end(x);
}

/* A link of somebody else's leads nowhere; one that only root can have made is followed. */
static void a_link_of_another_users_is_not_followed(void **state)
{
	struct fixture *x = begin(state, "lead");
	json_t *look, *out = NULL;

	if (geteuid() != 0) {
		end(x);
		skip();
	}
	CLEAR_FILES();
	sh(x,
	   "mkdir -p .rfa-f.place/his .rfa-f.other/d; echo 1 >.rfa-f.other/d/f; cd .rfa-f.place; "
	   "ln -s ../.rfa-f.other roots; ln -s ../../.rfa-f.other his/own; chown -h 12345 his "
	   "his/own");
	look = tree_looked(x, RFA_TREE_DIRECTORY, AT(".rfa-f.place/roots/d"));
	assert_string_equal(rfa_facts_str(look, "type", ""), "d");
	json_decref(look);
	look = tree_looked(x, RFA_TREE_DIRECTORY, AT(".rfa-f.place/his/own/d"));
	assert_non_null(strstr(rfa_facts_str(look, "unsafe", ""), "own is a symbolic link"));
	assert_non_null(strstr(rfa_facts_str(look, "unsafe", ""), "12345"));
	json_decref(look);
	assert_fails(REFUSED, x->h->trees->copy(x->h, KEY("copy"), RFA_TREE_DIRECTORY,
						AT(".rfa-f.place/his/own/d"), SNAP, RFA_COPY_FINAL,
						&out, &x->err));
	assert_true(x->err.hint[0]);
	assert_fails(REFUSED, x->h->files->write(x->h, AT(".rfa-f.place/his/own/d/f"), 0600, "new",
						 3, &x->err));
	sh(x, "test \"$(cat .rfa-f.other/d/f)\" = 1");
	CLEAR_FILES();
	end(x);
}

/* Two ways to one place are one place. */
static void a_swap_takes_a_place_once(void **state)
{
	struct fixture *x = begin(state, "twice");
	json_t *items;

	CLEAR_FILES();
	sh(x, "mkdir -p .rfa-f.place/d .rfa-f.place/.rfa-a .rfa-f.place/.rfa-b; cd .rfa-f.place; "
	      "echo 1 >d/f; ln -s . by");
	items = json_pack("[{s:s, s:s, s:s, s:s}, {s:s, s:s, s:s, s:s}]", "kind", "directory",
			  "place", AT(".rfa-f.place/d"), "in", AT(".rfa-f.place/.rfa-a"), "out",
			  AT(".rfa-f.place/.rfa-c/tree"), "kind", "directory", "place",
			  AT(".rfa-f.place/by/d"), "in", AT(".rfa-f.place/by/.rfa-b"), "out",
			  AT(".rfa-f.place/by/.rfa-d/tree"));
	assert_fails(EXISTS, x->h->trees->swap(x->h, KEY("swap"), items, &x->err));
	sh(x, "cd .rfa-f.place; test -e d/f; test -d .rfa-a; test -d .rfa-b");
	json_decref(items);
	CLEAR_FILES();
	end(x);
}

static void a_swap_never_copies(void **state)
{
	struct fixture *x = begin(state, "beside");

	CLEAR_FILES();
	sh(x, "mkdir -p .rfa-f.place/d .rfa-f.other/.rfa-new; echo 1 >.rfa-f.place/d/f");
	assert_int_equal(tree_swapped(x, "directory", AT(".rfa-f.place/d"),
				      AT(".rfa-f.other/.rfa-new/tree"),
				      AT(".rfa-f.place/.rfa-old/tree")),
			 -RFA_EREMOTE);
	sh(x, "test -e .rfa-f.place/d/f; rm -r .rfa-f.place/d; ln -s /etc .rfa-f.place/d");
	assert_int_equal(tree_swapped(x, "directory", AT(".rfa-f.place/d"), NULL,
				      AT(".rfa-f.place/.rfa-old/tree")),
			 -RFA_EEXISTS);
	sh(x, "test -L .rfa-f.place/d");
	CLEAR_FILES();
	end(x);
}

/* Who holds it. */

/* Whoever is of no container is told, whatever containers are left out. */
static int holders_of(struct fixture *x, const char *kind, const char *path, pid_t pid)
{
	json_t *none =
	    json_pack("[s]", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
	json_t *paths = json_pack("[{s:s, s:s}]", "kind", kind, "path", path), *out = NULL, *one;
	size_t i;
	int n = 0;

	assert_ok(x->h->trees->holders(x->h, paths, none, &out, &x->err));
	json_array_foreach (out, i, one) {
		assert_string_equal(rfa_facts_str(one, "path", ""), path);
		assert_true(rfa_facts_str(one, "command", "")[0]);
		n += rfa_facts_int(one, "pid", 0) == pid;
	}
	json_decref(out);
	json_decref(none);
	json_decref(paths);
	return n;
}

static pid_t holder(struct fixture *x, int how)
{
	int pipes[2];
	char ready;
	pid_t pid;

	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		int fd = how == 'c' ? 0 : open(AT(".rfa-f.place/sub/file"), O_RDONLY);

		if (how == 'c' && chdir(AT(".rfa-f.place/sub")))
			_exit(1);
		if (how == 'm') {
			if (mmap(NULL, 4, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED)
				_exit(1);
			close(fd);
		}
		if (fd >= 0 && write(pipes[1], "", 1) == 1)
			for (;;)
				pause();
		_exit(1);
	}
	close(pipes[1]);
	assert_int_equal(read(pipes[0], &ready, 1), 1);
	close(pipes[0]);
	return pid;
}

static void whoever_holds_a_tree_is_named(void **state)
{
	struct fixture *x = begin(state, "holders");
	const char *how;

	if (geteuid() != 0) {
		end(x);
		skip();
	}
	CLEAR_FILES();
	sh(x, "mkdir -p .rfa-f.place/sub .rfa-f.other; echo some >.rfa-f.place/sub/file");
	for (how = "ocm"; *how; how++) {
		pid_t pid = holder(x, *how);

		if (holders_of(x, "directory", PLACE, pid) != 1)
			fail_msg("not seen: %c", *how);
		assert_int_equal(holders_of(x, "directory", AT(".rfa-f.other"), pid), 0);
		assert_int_equal(holders_of(x, "sqlite", AT(".rfa-f.place/sub/file"), pid),
				 *how != 'c');
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
	}
	CLEAR_FILES();
	end(x);
}

/* A small disk. */

static void a_full_disk_says_so(void **state)
{
	struct fixture *x = begin(state, "full");
	char sum[RFA_DIGEST_HEX];
	json_t *out = NULL;
	int64_t bytes;

	CLEAR_FILES();
	sh(x, "mkdir -p tiny .rfa-f.place; head -c 6000000 /dev/urandom >.rfa-f.place/big");
	if (mount("tmpfs", AT("tiny"), "tmpfs", 0, "size=4m")) {
		end(x);
		skip();
	}
	tree_copied(x, RFA_TREE_DIRECTORY, PLACE, SNAP, RFA_COPY_FINAL);
	tree_packed(x, SNAP, "tree", sum, &bytes);
	out = tree_looked(x, RFA_TREE_DIRECTORY, AT("tiny"));
	assert_true(rfa_facts_bool(out, "mount", 0));
	json_decref(out);
	out = NULL;
	assert_fails(NOSPACE,
		     x->h->trees->copy(x->h, KEY("copy"), RFA_TREE_DIRECTORY, PLACE,
				       AT("tiny/.rfa-s/tree"), RFA_COPY_FINAL, &out, &x->err));
	sh(x, "rm -rf tiny/.rfa-*");
	assert_fails(NOSPACE, x->h->trees->unpack(x->h, KEY("unpack"), "tree",
						  AT("tiny/.rfa-n/tree"), &x->err));
	sh(x, "test -z \"$(ls -A tiny)\"");
	assert_fails(NOSPACE, x->h->vault->store(x->h, KEY("store"), AT("tiny/v"), "1", "m", "tree",
						 &out, &x->err));
	sh(x, "test ! -e tiny/v/1/m.chunks; rm -rf tiny/v");
	assert_null(out);
	/* What is mounted is not moved away, and not removed. */
	sh(x, "mkdir -p .rfa-f.other/in; mount --bind .rfa-f.place .rfa-f.other/in");
	assert_int_equal(tree_swapped(x, "directory", AT("tiny"), NULL, OLD), -RFA_EREMOTE);
	assert_int_equal(tree_swapped(x, "directory", AT(".rfa-f.other"), NULL, OLD), -RFA_EREMOTE);
	out = json_pack("[s]", AT(".rfa-f.other"));
	assert_fails(REMOTE, x->h->trees->remove(x->h, KEY("remove"), out, &x->err));
	json_decref(out);
	sh(x, "umount .rfa-f.other/in; umount tiny; rmdir tiny; test -s .rfa-f.place/big");
	CLEAR_FILES();
	end(x);
}

static struct host_world *waiting;

static int setup(void **state)
{
	*state = waiting;
	return 0;
}

int host_tree_files_run(const char *name, struct host_world *world)
{
	const struct CMUnitTest contract[] = {
		cmocka_unit_test(a_copy_has_all_that_a_tree_has),
		cmocka_unit_test(blocks_are_found_in_any_tree),
		cmocka_unit_test(a_parents_acl_is_not_inherited),
		cmocka_unit_test(the_second_pass_brings_every_change),
		cmocka_unit_test(a_value_of_the_same_length_is_brought),
		cmocka_unit_test(a_bulk_pass_bears_a_busy_place),
		cmocka_unit_test(an_archive_that_lies_is_refused),
		cmocka_unit_test(a_database_goes_on_from_any_link),
		cmocka_unit_test(a_swap_never_copies),
		cmocka_unit_test(a_swap_takes_a_place_once),
		cmocka_unit_test(a_link_of_another_users_is_not_followed),
		cmocka_unit_test(a_file_keeps_all_but_its_content),
		cmocka_unit_test(whoever_holds_a_tree_is_named),
		cmocka_unit_test(a_full_disk_says_so),
	};
	char whole[128];

	waiting = world;
	(void)snprintf(whole, sizeof(whole), "%s, real files", name);
	return cmocka_run_group_tests_name(whole, contract, setup, NULL) +
	       host_observe_run(name, world) + host_sqlite_files_run(name, world) +
	       host_vault_files_run(name, world);
}
