/* Files below a directory: what transports/host/host_files.h promises of list, get, put and drop.
 */
#include "tests/contract/trees_contract.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fsm/base/digest.h"

#define WORK "below"

/* The directory of the test that runs. */
static char directory[512];

static int put(struct fixture *x, const char *path, unsigned mode, const char *text)
{
	struct rfa_file_put what = { directory, path, mode, -1, -1, text, strlen(text) };

	rfa_error_clear(&x->err);
	return x->h->files->put(x->h, &what, &x->err);
}

static int drop(struct fixture *x, const char *path)
{
	rfa_error_clear(&x->err);
	return x->h->files->drop(x->h, directory, path, &x->err);
}

/* 0 if it was read, and is this text. */
static int get(struct fixture *x, const char *path, size_t max, const char *text)
{
	struct rfa_buf got = RFA_BUF_INIT(1 << 20);
	int rc;

	rfa_error_clear(&x->err);
	rc = x->h->files->get(x->h, directory, path, max, &got, &x->err);
	if (!rc)
		assert_string_equal(rfa_buf_str(&got), text);
	rfa_buf_release(&got);
	return rc;
}

static int list(struct fixture *x, const char *const *without, struct rfa_file_list *out)
{
	rfa_error_clear(&x->err);
	return x->h->files->list(x->h, directory, without, out, &x->err);
}

/* A directory with one file, which exists. */
static struct fixture *begin_below(void **state, const char *run)
{
	struct fixture *x = begin(state, run);
	char path[512];

	/* A simulated host makes directories in the state directory only. */
	if (x->world->real_files) {
		snprintf(directory, sizeof(directory), "%s/" WORK, x->world->dir);
		sh(x, "rm -rf " WORK "; mkdir " WORK);
	} else {
		snprintf(directory, sizeof(directory), "%s/" WORK "/%s", x->h->state_dir, run);
	}
	snprintf(path, sizeof(path), "%s/first", directory);
	assert_ok(x->h->files->write(x->h, path, 0640, "1", 1, &x->err));
	return x;
}

static void assert_file(struct fixture *x, const char *path, unsigned mode, const char *text)
{
	struct rfa_file_list all = { NULL, 0 };
	const struct rfa_file_entry *one;
	char sum[RFA_DIGEST_HEX];

	assert_ok(list(x, NULL, &all));
	one = rfa_file_list_find(&all, path);
	if (!one)
		fail_msg("%s is not listed", path);
	rfa_digest_of(RFA_SHA256, text, strlen(text), sum);
	assert_int_equal(one->stat.type, 'f');
	assert_int_equal(one->stat.mode, mode);
	assert_int_equal(one->stat.size, strlen(text));
	assert_string_equal(one->sha256, sum);
	rfa_file_list_release(&all);
}

static void assert_absent(struct fixture *x, const char *path)
{
	struct rfa_file_list all = { NULL, 0 };

	assert_ok(list(x, NULL, &all));
	if (rfa_file_list_find(&all, path))
		fail_msg("%s is listed", path);
	rfa_file_list_release(&all);
}

static void files_below_come_and_go(void **state)
{
	struct fixture *x = begin_below(state, "below");

	assert_file(x, "first", 0640, "1");
	assert_ok(put(x, "conf/deep/app.yml", 0644, "a: 1\n"));
	assert_file(x, "conf/deep/app.yml", 0644, "a: 1\n");
	assert_ok(get(x, "conf/deep/app.yml", 5, "a: 1\n"));
	assert_fails(TOOBIG, get(x, "conf/deep/app.yml", 4, ""));
	assert_fails(NOTFOUND, get(x, "conf/deep/none", 100, ""));
	assert_fails(NOTFOUND, get(x, "none/app.yml", 100, ""));
	assert_fails(EXISTS, get(x, "conf/deep", 100, ""));
	assert_fails(EXISTS, get(x, "first/under", 100, ""));
	assert_fails(INTERNAL, get(x, "../up", 100, ""));
	/* Its mode is what was asked for, unlike that of what is written over. */
	assert_ok(put(x, "conf/deep/app.yml", 0600, ""));
	assert_file(x, "conf/deep/app.yml", 0600, "");
	assert_ok(get(x, "conf/deep/app.yml", 0, ""));
	assert_ok(put(x, "first", 0755, "2"));
	assert_file(x, "first", 0755, "2");
	assert_fails(EXISTS, put(x, "conf", 0600, "x"));
	assert_fails(EXISTS, put(x, "first/under", 0600, "x"));
	assert_ok(drop(x, "conf")); /* not empty */
	assert_file(x, "conf/deep/app.yml", 0600, "");
	assert_ok(drop(x, "conf/deep/app.yml"));
	assert_ok(drop(x, "conf/deep/app.yml"));
	assert_ok(drop(x, "conf/deep"));
	assert_ok(drop(x, "conf"));
	assert_absent(x, "conf");
	assert_ok(drop(x, "is/not/there"));
	assert_fails(INTERNAL, put(x, "../up", 0600, "x"));
	assert_fails(INTERNAL, drop(x, "/etc/passwd"));
	end(x);
}

static void a_directory_that_is_not_there(void **state)
{
	struct fixture *x = begin_below(state, "below-none");
	struct rfa_file_list all = { NULL, 0 };
	struct rfa_file_put what = { NULL, "a", 0600, -1, -1, "x", 1 };

	snprintf(directory + strlen(directory), 64, "/is-not-there");
	what.directory = directory;
	assert_fails(NOTFOUND, x->h->files->list(x->h, directory, NULL, &all, &x->err));
	assert_fails(NOTFOUND, x->h->files->put(x->h, &what, &x->err));
	assert_fails(NOTFOUND, get(x, "a", 100, ""));
	assert_ok(x->h->files->drop(x->h, directory, "a", &x->err));
	assert_null(all.at);
	end(x);
}

static void what_is_left_out_is_not_listed(void **state)
{
	static const char *const without[] = { "*.log", "data", "[ab]/x", "-dash", NULL };
	struct fixture *x = begin_below(state, "below-without");
	struct rfa_file_list all = { NULL, 0 };
	struct rfa_buf names = RFA_BUF_INIT(65536);
	size_t i;

	assert_ok(put(x, "deep/er/some.log", 0600, "x"));
	assert_ok(put(x, "data/one", 0600, "x"));
	assert_ok(put(x, "database", 0600, "x"));
	assert_ok(put(x, "a/x", 0600, "x"));
	assert_ok(put(x, "-dash", 0600, "x"));
	assert_ok(put(x, ".git/config", 0600, "x"));
	assert_ok(put(x, ".rfa-own", 0600, "x"));
	assert_ok(list(x, without, &all));
	for (i = 0; i < all.n; i++)
		rfa_buf_printf(&names, "%s ", all.at[i].path);
	assert_string_equal(rfa_buf_str(&names), "a database deep deep/er first ");
	rfa_file_list_release(&all);
	rfa_buf_release(&names);
	end(x);
}

static void names_below_are_only_names(void **state)
{
	static const char *const names[] = { "a b",         "-n",          "a'b",
					     "a\"b",        "a;touch hit", "$(touch hit)",
					     "`touch hit`", "a\nb",        "a\\b",
					     "*",           "\033[2J",     "\xc3\xbc",
					     "#x/ y/\tz",   "S 0",         "E f 644 0 0 1 first" };
	struct fixture *x = begin_below(state, "below-names");
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_ok(put(x, names[i], 0600, names[i]));
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_file(x, names[i], 0600, names[i]);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_ok(get(x, names[i], 100, names[i]));
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_ok(drop(x, names[i]));
	assert_absent(x, "hit");
	assert_absent(x, "a\nb");
	assert_file(x, "first", 0640, "1");
	end(x);
}

static void too_much_is_told(void **state)
{
	struct fixture *x = begin_below(state, "below-much");
	static const char *const without[] = { "many", NULL };
	struct rfa_file_list all = { NULL, 0 };

	if (!x->world->real_files) {
		end(x);
		skip();
	}
	sh(x, "mkdir " WORK "/many; cd " WORK "/many; seq 2000 | xargs touch");
	assert_fails(TOOBIG, list(x, NULL, &all));
	assert_non_null(strstr(x->err.msg, "more than 2000 files"));
	assert_ok(list(x, without, &all));
	rfa_file_list_release(&all);
	sh(x, "rm -r " WORK "/many; head -c 16777217 /dev/zero >" WORK "/large");
	assert_fails(TOOBIG, list(x, NULL, &all));
	assert_non_null(strstr(x->err.msg, "16 MB"));
	sh(x, "rm -r " WORK);
	end(x);
}

/* A link is shown as one; nothing is read, written or removed through it, whoever made it. */
static void no_link_below_is_followed(void **state)
{
	struct fixture *x = begin_below(state, "below-links");
	struct rfa_file_list all = { NULL, 0 };
	size_t i;

	if (!x->world->real_files) {
		end(x);
		skip();
	}
	sh(x, "rm -rf outside; mkdir outside; echo untouched >outside/f; cd " WORK
	      "; ln -s ../outside way; ln -s ../outside/f link; mkfifo fifo; mkdir real; "
	      "ln -s nowhere dangling");
	assert_ok(list(x, NULL, &all));
	for (i = 0; i < all.n; i++)
		if (strcmp(all.at[i].path, "first") != 0)
			assert_string_equal(all.at[i].sha256, "");
	assert_int_equal(rfa_file_list_find(&all, "way")->stat.type, 'l');
	assert_int_equal(rfa_file_list_find(&all, "link")->stat.type, 'l');
	assert_int_equal(rfa_file_list_find(&all, "fifo")->stat.type, 'o');
	assert_int_equal(rfa_file_list_find(&all, "real")->stat.type, 'd');
	assert_null(rfa_file_list_find(&all, "way/f"));
	rfa_file_list_release(&all);
	assert_fails(REFUSED, get(x, "way/f", 100, ""));
	assert_fails(REFUSED, get(x, "link", 100, ""));
	assert_fails(REFUSED, get(x, "dangling", 100, ""));
	assert_fails(EXISTS, get(x, "fifo", 100, ""));
	assert_fails(REFUSED, put(x, "way/f", 0600, "hit"));
	assert_fails(REFUSED, put(x, "way/new", 0600, "hit"));
	assert_fails(REFUSED, put(x, "link", 0600, "hit"));
	assert_fails(REFUSED, put(x, "dangling", 0600, "hit"));
	assert_fails(EXISTS, put(x, "fifo", 0600, "hit"));
	assert_fails(REFUSED, drop(x, "way/f"));
	assert_ok(drop(x, "link"));
	sh(x, "test \"$(cat outside/f)\" = untouched; test \"$(ls outside)\" = f; "
	      "test ! -e " WORK "/nowhere; test ! -L " WORK "/link; test -z \"$(ls -A " WORK
	      " | grep rfa-new)\"; rm -r outside");
	end(x);
}

/* What is new belongs to whom the directory belongs; or to whom it is said. */
static void owners_are_kept(void **state)
{
	struct fixture *x = begin_below(state, "below-owners");
	struct rfa_file_put what = { directory, "his", 0640, 12, 34, "x", 1 };

	if (!x->world->real_files || geteuid() != 0) {
		end(x);
		skip();
	}
	snprintf(directory, sizeof(directory), "%s/" WORK, x->world->dir);
	sh(x, "chown 7:8 " WORK);
	assert_ok(put(x, "new/sub/file", 0644, "x"));
	assert_ok(x->h->files->put(x->h, &what, &x->err));
	sh(x,
	   "cd " WORK "; test \"$(stat -c %u:%g:%a new new/sub new/sub/file his | tr '\\n' ' ')\" "
	   "= '7:8:755 7:8:755 7:8:644 12:34:640 '");
	end(x);
}

static struct host_world *waiting;

static int setup(void **state)
{
	*state = waiting;
	return 0;
}

int host_below_run(const char *name, struct host_world *world)
{
	const struct CMUnitTest contract[] = {
		cmocka_unit_test(files_below_come_and_go),
		cmocka_unit_test(a_directory_that_is_not_there),
		cmocka_unit_test(what_is_left_out_is_not_listed),
		cmocka_unit_test(names_below_are_only_names),
		cmocka_unit_test(too_much_is_told),
		cmocka_unit_test(no_link_below_is_followed),
		cmocka_unit_test(owners_are_kept),
	};
	char whole[128];

	waiting = world;
	(void)snprintf(whole, sizeof(whole), "%s, files below", name);
	return cmocka_run_group_tests_name(whole, contract, setup, NULL);
}
