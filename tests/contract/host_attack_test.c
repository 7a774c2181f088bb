/*
 * Root works in a directory of another user's, who exchanges names in it as fast as he can: for
 * symbolic links to what is root's. Whatever an operation answers, nothing of root's is in what it
 * has made, and nothing of root's is other than it was.
 *
 * RFA_ATTACK_ROUNDS: how often; a thousand takes half an hour.
 */
#define _GNU_SOURCE

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fsm/base/facts.h"
#include "tests/contract/host_fixture.h"
#include "tests/harness/fakehost.h"
#include "tests/harness/listing.h"

#ifndef COPY
#define COPY(name) ".rfa-" name "/tree"
#endif
#define MARK "what only root may read"
#define ATTACKER 12345
#define EXCHANGE 2 /* RENAME_EXCHANGE */

static struct fakehosts hosts;
static char base[] = "/tmp/rfa-attack-XXXXXX";
static pid_t attacker;
static int quiet; /* he does nothing */

/* In the directory that has all of it; $1 a number. */
static void sh(const char *script)
{
	char text[4096];

	snprintf(text, sizeof(text), "LC_ALL=C; export LC_ALL; set -e; cd %s\n%s\n", base, script);
	if (system(text) != 0)
		fail_msg("failed: %s", script);
}

/* His: a member, a database, a configuration. Root's: the same names, which nobody else may read.
 */
static const char made[] =
    "chmod 755 .; rm -rf home secret; mkdir -m 755 home; mkdir -m 755 secret\n"
    "for at in home secret; do\n"
    "	mkdir -p $at/data/d/e $at/data/f\n"
    "	i=0; while [ $i -lt 30 ]; do echo his >$at/data/d/$i; echo his >$at/data/d/e/$i; "
    "i=$((i + 1)); done\n"
    "	echo his >$at/data/f/one; echo his >$at/x.db; echo his >$at/x.db-wal; echo '{}' "
    ">$at/config.json\n"
    "done\n"
    "cd secret; find . -type f | while read -r f; do echo '" MARK "' >\"$f\"; done\n"
    "cp -r data tree; chmod -R go= tree data x.db x.db-wal config.json\n"
    "cd ../home; ln -s ../secret evil; ln -s ../../secret/data/d data/to-d; ln -s ../secret/data "
    "to-data\n"
    "ln -s ../../../secret/data/d/e data/d/to-e; ln -s ../secret/x.db to-db; ln -s "
    "../secret/config.json to-config\n"
    "chown -hR 12345:12345 .";

static void exchange(const char *a, const char *b)
{
	(void)syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, EXCHANGE);
}

/* Pairs of names in his directory; those of copies are root's, but he may rename them. */
static void attack(void)
{
	static const char *const pairs[][2] = {
		{ "data/d", "data/to-d" },      { "data", "to-data" },
		{ "data/d/e", "data/d/to-e" },  { "x.db", "to-db" },
		{ "config.json", "to-config" }, { "data/d", "data/to-d" },
		{ ".rfa-snap", "evil" },        { ".rfa-new", "evil" },
		{ ".rfa-old", "evil" },         { ".rfa-q", "evil" },
		{ ".rfa-snap", ".rfa-new" },    { "x.db-wal", "to-db" },
	};
	size_t i, k;

	if (setgid(ATTACKER) || setuid(ATTACKER) || chdir(base) || chdir("home"))
		_exit(1);
	/* He does not outlive a test that is killed. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (k = 0;; k++)
		for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
			exchange(pairs[i][0], pairs[i][1]);
			/* Mostly it is as it was, so that operations come far. */
			if (k % 3)
				exchange(pairs[i][0], pairs[i][1]);
		}
}

static void let_go(void)
{
	attacker = fork();
	assert_true(attacker >= 0);
	while (attacker == 0 && quiet)
		pause();
	if (attacker == 0)
		attack();
}

static void hold_on(void)
{
	int status;

	kill(attacker, SIGKILL);
	assert_int_equal(waitpid(attacker, &status, 0), attacker);
	assert_true(WIFSIGNALED(status));
}

static char *at(const char *name, char out[512])
{
	snprintf(out, 512, "%s/home/%s", base, name);
	return out;
}
#define AT(name) at(name, (char[512]){ 0 })

static json_t *members(const char *in, const char *out)
{
	return json_pack("[{s:s, s:s, s:s, s:s}]", "kind", "directory", "place", AT("data"), "in",
			 AT(in), "out", AT(out));
}

/* 1 if it was read each time; whatever it was, it is his. */
static unsigned read_all(struct fixture *x)
{
	static const char *const names[] = { "config.json", "data/d/1", "data/d/e/1", "x.db" };
	struct rfa_error err;
	unsigned good = 0, i;
	char home[512];

	snprintf(home, sizeof(home), "%s/home", base);
	for (i = 0; i < 40; i++) {
		struct rfa_buf text = RFA_BUF_INIT(65536);

		good += !x->h->files->get(x->h, home, names[i % 4], 4096, &text, &err);
		assert_null(strstr(rfa_buf_str(&text), MARK));
		rfa_buf_release(&text);
	}
	return good == i;
}

/* Everything that is done to data; how much of it went through. */
static unsigned everything(struct fixture *x)
{
	json_t *copies = json_pack("[s, s, s, s]", AT(COPY("snap")), AT(COPY("new")),
				   AT(COPY("old")), AT(COPY("q")));
	json_t *to = members(COPY("new"), COPY("old")), *back = members(COPY("old"), COPY("new"));
	json_t *out[6] = { NULL };
	struct rfa_error err;
	char text[512];
	unsigned done = 0;
	size_t i;

	done += !x->h->trees->copy(x->h, KEY("bulk"), RFA_TREE_DIRECTORY, AT("data"),
				   AT(COPY("snap")), RFA_COPY_BULK, &out[0], &err);
	done += !x->h->trees->copy(x->h, KEY("copy"), RFA_TREE_DIRECTORY, AT("data"),
				   AT(COPY("snap")), RFA_COPY_FINAL, &out[1], &err);
	done += !x->h->trees->copy(x->h, KEY("db"), RFA_TREE_SQLITE, AT("x.db"), AT(COPY("q")),
				   RFA_COPY_FINAL, &out[2], &err);
	done += !x->h->trees->sqlite_check(x->h, AT(COPY("q")), &out[3], &err);
	done +=
	    !x->h->trees->pack(x->h, KEY("pack"), AT(COPY("snap")), "data", NULL, &out[4], &err);
	done += !x->h->trees->pack(x->h, KEY("pack"), AT(COPY("q")), "db", NULL, &out[5], &err);
	done += !x->h->trees->unpack(x->h, KEY("unpack"), "data", AT(COPY("new")), &err);
	done += !x->h->trees->swap(x->h, KEY("swap"), to, &err);
	done += !x->h->trees->swap(x->h, KEY("back"), back, &err);
	done += !x->h->files->write(x->h, AT("config.json"), 0600, "{\"a\":1}", 7, &err);
	done += read_all(x);
	/* What was made is looked at before it is removed. */
	hold_on();
	snprintf(text, sizeof(text), "! grep -rls '" MARK "' home %s/state* >&2", hosts.root);
	sh(text);
	let_go();
	done += !x->h->trees->remove(x->h, KEY("remove"), copies, &err);
	for (i = 0; i < sizeof(out) / sizeof(out[0]); i++)
		json_decref(out[i]);
	json_decref(to);
	json_decref(back);
	json_decref(copies);
	return done;
}

static void nothing_of_roots_is_read_or_changed(void **state)
{
	struct rfa_buf before = RFA_BUF_INIT(1u << 20), after = RFA_BUF_INIT(1u << 20);
	const char *said = getenv("RFA_ATTACK_ROUNDS");
	long rounds = said ? strtol(said, NULL, 10) : 3, i;
	char secret[64];
	struct fixture *x;
	unsigned done = 0;

	if (geteuid() != 0)
		skip();
	assert_non_null(mkdtemp(base));
	snprintf(secret, sizeof(secret), "%s/secret", base);
	x = begin(state, "attack");
	for (i = 0; i < rounds; i++) {
		sh(made);
		rfa_buf_clear(&before);
		rfa_buf_clear(&after);
		assert_int_equal(listing_make(secret, &before), 0);
		/* Once without him, to see that it is the right thing that he disturbs. */
		quiet = i == 0;
		let_go();
		done = everything(x);
		hold_on();
		if (i == 0)
			assert_int_equal(done, 12);
		assert_int_equal(listing_make(secret, &after), 0);
		assert_string_equal(rfa_buf_str(&before), rfa_buf_str(&after));
		sh("rm -rf home/.rfa-*");
		assert_ok(x->h->runs->remove(x->h, x->run, &x->err));
	}
	printf("# the last of %ld rounds went through with %u of 12\n", rounds, done);
	sh("rm -rf home secret; rmdir \"$PWD\"");
	rfa_buf_release(&before);
	rfa_buf_release(&after);
	end(x);
}

static int open_one(struct host_world *w, int machine, struct rfa_host **out, struct rfa_error *err)
{
	return fakehosts_open(w->data, machine, NULL, out, err);
}

static struct host_world world = { .data = &hosts, .open = open_one };

static int setup(void **state)
{
	*state = &world;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(nothing_of_roots_is_read_or_changed) };
	int failed;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (fakehosts_make(&hosts))
		return 1;
	snprintf(world.tag, sizeof(world.tag), "attack");
	failed = cmocka_run_group_tests(tests, setup, NULL);
	return fakehosts_end(&hosts) || failed;
}
