/*
 * Building images, and the working trees that they are built of: for the simulated host, the shell
 * host over a fake docker, and a real engine. Nothing is pulled: all begins with scratch.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/facts.h"
#include "fsm/base/quote.h"
#include "tests/contract/host_contract.h"
#include "tests/contract/host_fixture.h"

/* A name that a shell would break, and a way of rfa's own to it. */
#define ODD "build; 'a\"b $(c)\nd"
/* Of an argument, and of a label. */
#define ODD_VALUE "it's \"one\"; $(two) `three`\n--four"

static const char dockerfile[] = "FROM scratch AS first\n"
				 "COPY one /one\n"
				 "FROM first AS slim\n"
				 "ENV STAGE=\"${STAGE}\"\n"
				 "FROM first\n"
				 "ARG VERSION\n"
				 "ENV VERSION=\"${VERSION}\"\n"
				 "COPY two /two\n";
/* What it says is no word of the engine that it was lost. */
static const char broken[] = "FROM scratch\n"
			     "COPY [\"broken pipe\", \"/one\"]\n";
/* The same for a simulated host. */
static const char described[] =
    "{\"dockerfiles\":{"
    "\"Dockerfile\":{\"layers\":[[\"one\",1],[\"two\",1]],"
    " \"config\":{\"Env\":[\"PATH=/bin\",\"VERSION=${VERSION}\"]},"
    " \"targets\":{\"slim\":{\"layers\":[[\"one\",1]],\"config\":{\"Env\":[\"STAGE=\"]}}}},"
    "\"Broken\":{\"fails\":\"failed to solve: \\\"/broken pipe\\\": not found\"}}}";

static void put(struct fixture *x, const char *directory, const char *name, const char *text)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	assert_ok(x->h->files->write(x->h, path, 0644, text, strlen(text), &x->err));
}

/* Puts the source; answers where it is. */
static const char *source(struct fixture *x, char out[400])
{
	json_t *asked;

	snprintf(out, 400, "%s/" ODD, x->h->state_dir);
	if (x->world->source) {
		asked = json_loads(described, 0, NULL);
		assert_non_null(asked);
		assert_int_equal(x->world->source(x->world, out, asked), 0);
		json_decref(asked);
		return out;
	}
	put(x, out, "Dockerfile", dockerfile);
	put(x, out, "Broken", broken);
	put(x, out, "one", "1");
	put(x, out, "two", "2");
	return out;
}

static json_t *request(const char *context, const char *ref)
{
	json_t *out = json_pack("{s:s, s:s}", "ref", ref, "context", context);

	assert_non_null(out);
	return out;
}

/* Takes the request. The id in `id`. */
static int build(struct fixture *x, const struct rfa_job_key *k, json_t *asked, char id[80])
{
	json_t *out = NULL;
	int rc;

	rfa_error_clear(&x->err);
	rc = x->h->engine->image_build(x->h, k, asked, NULL, &out, &x->err);
	if (!rc) {
		assert_true(json_is_string(json_object_get(out, "log")));
		assert_true(strlen(rfa_facts_str(out, "log", "")) <= 4 * 8192);
		snprintf(id, 80, "%s", rfa_facts_str(out, "id", ""));
	}
	json_decref(out);
	json_decref(asked);
	return rc;
}

static json_t *image(struct fixture *x, const char *ref)
{
	json_t *out = NULL;

	assert_ok(x->h->engine->inspect(x->h, RFA_IMAGE, ref, &out, &x->err));
	return out;
}

static void tag_is(struct fixture *x, const char *ref, const char *id)
{
	json_t *seen = image(x, ref);

	assert_string_equal(rfa_facts_str(seen, "Id", ""), id);
	json_decref(seen);
}

static void untag(struct fixture *x, const char *ref)
{
	assert_ok(x->h->engine->image_untag(x->h, KEY("untag"), ref, &x->err));
}

static int has_env(const json_t *seen, const char *wanted)
{
	const json_t *each;
	size_t i;

	json_array_foreach (json_object_get(json_object_get(seen, "Config"), "Env"), i, each)
		if (!strcmp(json_string_value(each), wanted))
			return 1;
	return 0;
}

static void a_builder_is_told(void **state)
{
	struct fixture *x = begin(state, "builder");
	json_t *version = NULL;

	assert_ok(x->h->engine->builder_version(x->h, &version, &x->err));
	assert_true(json_is_string(version));
	assert_true(strchr("0123456789", json_string_value(version)[0]) != NULL);
	assert_null(strpbrk(json_string_value(version), " \n"));
	json_decref(version);
	end(x);
}

static void a_build_is_what_was_asked(void **state)
{
	struct fixture *x = begin(state, "build");
	char where[400], first[80] = "", id[80] = "";
	json_t *asked = request(source(x, where), "contract-build:1"), *seen, *labels;

	json_object_set_new(asked, "args", json_pack("{s:s}", "VERSION", ODD_VALUE));
	labels = json_pack("{s:s, s:s}", "org.example.odd", ODD_VALUE, "empty", "");
	json_object_set(asked, "labels", labels);
	assert_ok(build(x, KEY("build"), json_deep_copy(asked), first));
	tag_is(x, "contract-build:1", first);
	seen = image(x, first);
	assert_true(json_equal(json_object_get(json_object_get(seen, "Config"), "Labels"), labels));
	assert_true(has_env(seen, "VERSION=" ODD_VALUE));
	assert_int_equal(
	    json_array_size(json_object_get(json_object_get(seen, "RootFS"), "Layers")), 2);
	json_decref(seen);

	/* The same again is the same image. */
	json_object_set_new(asked, "ref", json_string("contract-build:2"));
	assert_ok(build(x, KEY("build"), json_deep_copy(asked), id));
	assert_string_equal(id, first);
	tag_is(x, "contract-build:2", first);

	/* Another argument: another image, and the tag is moved to it. */
	json_object_set_new(asked, "args", json_pack("{s:s}", "VERSION", "2"));
	assert_ok(build(x, KEY("build"), json_deep_copy(asked), id));
	assert_string_not_equal(id, first);
	tag_is(x, "contract-build:2", id);
	tag_is(x, "contract-build:1", first);
	seen = image(x, id);
	assert_true(has_env(seen, "VERSION=2"));
	json_decref(seen);

	json_object_set_new(asked, "target", json_string("slim"));
	assert_ok(build(x, KEY("build"), json_deep_copy(asked), id));
	seen = image(x, "contract-build:2");
	assert_string_equal(rfa_facts_str(seen, "Id", ""), id);
	assert_true(has_env(seen, "STAGE="));
	assert_int_equal(
	    json_array_size(json_object_get(json_object_get(seen, "RootFS"), "Layers")), 1);
	json_decref(seen);

	untag(x, "contract-build:1");
	untag(x, "contract-build:2");
	json_decref(labels);
	json_decref(asked);
	end(x);
}

static void a_build_that_fails_moves_no_tag(void **state)
{
	struct fixture *x = begin(state, "fails");
	char where[400], absent[420], first[80] = "", id[80];
	json_t *asked;

	source(x, where);
	assert_ok(build(x, KEY("build"), request(where, "contract-fails:1"), first));

	asked = request(where, "contract-fails:1");
	json_object_set_new(asked, "dockerfile", json_string("Broken"));
	assert_fails(REMOTE, build(x, KEY("build"), asked, id));
	assert_non_null(strstr(x->err.msg, "\"/broken pipe\": not found"));
	asked = request(where, "contract-fails:1");
	json_object_set_new(asked, "target", json_string("nobody"));
	assert_fails(REMOTE, build(x, KEY("build"), asked, id));
	assert_non_null(strstr(x->err.msg, "nobody"));

	asked = request(where, "contract-fails:1");
	json_object_set_new(asked, "dockerfile", json_string("None"));
	assert_fails(NOTFOUND, build(x, KEY("build"), asked, id));
	snprintf(absent, sizeof(absent), "%s/none", where);
	assert_fails(NOTFOUND, build(x, KEY("build"), request(absent, "contract-fails:1"), id));
	tag_is(x, "contract-fails:1", first);
	untag(x, "contract-fails:1");
	end(x);
}

static void a_build_is_done_once(void **state)
{
	struct fixture *x = begin(state, "once");
	char where[400], first[80] = "", id[80] = "";
	const struct rfa_job_key k = key(x, "build");
	int before;

	source(x, where);
	before = x->world->builds ? x->world->builds(x->world) : 0;
	assert_ok(build(x, &k, request(where, "contract-once:1"), first));
	untag(x, "contract-once:1");
	assert_ok(build(x, &k, request(where, "contract-once:1"), id));
	assert_string_equal(id, first);
	assert_fails(NOTFOUND, x->h->engine->inspect(x->h, RFA_IMAGE, "contract-once:1",
						     &(json_t *){ NULL }, &x->err));
	if (x->world->builds)
		assert_int_equal(x->world->builds(x->world) - before, 1);
	end(x);
}

/* What a builder writes *. */

struct heard {
	struct host_world *world; /* let go at the first line; NULL */
	size_t n;
	char all[8192];
};

static void on_said(void *user, const char *line)
{
	struct heard *heard = user;
	size_t len = strlen(heard->all);

	for (const char *p = line; *p; p++)
		assert_true((unsigned char)*p >= ' ');
	snprintf(heard->all + len, sizeof(heard->all) - len, "%s\n", line);
	heard->n++;
	if (heard->world)
		heard->world->hold(heard->world, 0);
	heard->world = NULL;
}

static int build_aside(struct fixture *x, const struct rfa_job_key *k, const char *where,
		       const char *file, const struct rfa_build_aside *aside)
{
	json_t *asked = request(where, "contract-aside:1"), *out = NULL;
	int rc;

	if (file)
		json_object_set_new(asked, "dockerfile", json_string(file));
	rfa_error_clear(&x->err);
	rc = x->h->engine->image_build(x->h, k, asked, aside, &out, &x->err);
	json_decref(asked);
	json_decref(out);
	return rc;
}

/* The fake ends only when its first line was heard: so it was heard while it built. */
static void what_a_builder_writes_is_told_while_it_builds(void **state)
{
	struct fixture *x = begin(state, "told-lines");
	struct heard heard = { .world = x->world->hold ? x->world : NULL };
	struct rfa_build_aside aside = { .said = on_said, .user = &heard };
	const struct rfa_job_key k = key(x, "build");
	char where[400];
	size_t n;

	source(x, where);
	if (x->world->hold)
		x->world->hold(x->world, 1);
	assert_ok(build_aside(x, &k, where, NULL, &aside));
	assert_true(heard.n >= 2);
	/* Whoever asks again, as after a lost connection, is told the same. */
	n = heard.n;
	heard.n = 0;
	assert_ok(build_aside(x, &k, where, NULL, &aside));
	assert_int_equal(heard.n, n);
	untag(x, "contract-aside:1");
	end(x);
}

/* Escapes, a line of 3000 bytes, and 60 KB at once. */
static void what_a_builder_writes_is_made_harmless(void **state)
{
	struct fixture *x = begin(state, "harmless");
	struct heard *heard = calloc(1, sizeof(*heard));
	struct rfa_build_aside aside = { .said = on_said, .user = heard };
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);
	char where[400];

	if (!x->world->hold) {
		free(heard);
		end(x);
		skip();
	}
	(void)rfa_buf_puts(&text, "FROM scratch\n"
				  "RUN say \033[31mred\033[0m \033]0;title\007and\tplain\001\n");
	source(x, where);
	put(x, where, "Escapes", rfa_buf_str(&text));
	assert_ok(build_aside(x, KEY("build"), where, "Escapes", &aside));
	assert_non_null(strstr(heard->all, "red and"));
	assert_null(strstr(heard->all, "title"));
	assert_null(strstr(heard->all, "31m"));
	untag(x, "contract-aside:1");
	rfa_buf_release(&text);
	free(heard);
	end(x);
}

/* The text is in no file of the host, and the directory of secrets is gone. */
static void is_nowhere(struct fixture *x, const char *text)
{
	struct rfa_buf line = RFA_BUF_INIT(4096);

	(void)rfa_buf_puts(&line, "! grep -rqsF -- ");
	assert_int_equal(rfa_quote(&line, text), 0);
	(void)rfa_buf_putc(&line, ' ');
	assert_int_equal(rfa_quote(&line, x->world->dir), 0);
	(void)rfa_buf_printf(&line, "; s=$?; test ! -e /dev/shm/rfa-secret-%s && exit $s", x->run);
	if (system(rfa_buf_str(&line)))
		fail_msg("a secret was left: %s", rfa_buf_str(&line));
	rfa_buf_release(&line);
}

static void a_secret_is_mounted_and_told_nowhere(void **state)
{
	static const char value[] = "//npm.example/:_authToken=s3cr3t-of-the-build\nline two of it";
	const struct rfa_build_secret secrets[] = { { "npmrc", value },
						    { "other", "ot'h er$x" },
						    { "longer", "ot'h er$x-and-more" } };
	struct fixture *x = begin(state, "secret");
	struct heard *heard = calloc(1, sizeof(*heard));
	struct rfa_build_aside aside = { secrets, 3, on_said, heard };
	char where[400];

	if (!x->world->hold) {
		free(heard);
		end(x);
		skip();
	}
	source(x, where);
	put(x, where, "Quiet", "FROM scratch\nRUN --mount=type=secret,id=npmrc true\n");
	assert_ok(build_aside(x, KEY("build"), where, "Quiet", &aside));
	is_nowhere(x, "s3cr3t-of");
	put(x, where, "Secret",
	    "FROM scratch\nRUN --mount=type=secret,id=npmrc cat\n"
	    "RUN --mount=type=secret,id=other cat\nRUN say it was s3cr3t-of-the-build\n"
	    "RUN --mount=type=secret,id=longer cat\n");
	assert_ok(build_aside(x, KEY("build"), where, "Secret", &aside));
	assert_non_null(strstr(heard->all, "[secret]"));
	assert_non_null(strstr(heard->all, "it was [secret]"));
	assert_null(strstr(heard->all, "s3cr3t"));
	assert_null(strstr(heard->all, "line two"));
	assert_null(strstr(heard->all, "ot'h"));
	/* One that begins like another is hidden whole. */
	assert_null(strstr(heard->all, "and-more"));
	/* A build that fails tells its last lines. */
	put(x, where, "Fails",
	    "FROM scratch\nRUN --mount=type=secret,id=npmrc cat\n"
	    "RUN say x s3cr3t-of-the-build\nCOPY [\"none\", \"/\"]\n");
	assert_fails(REMOTE, build_aside(x, KEY("build"), where, "Fails", &aside));
	assert_null(strstr(x->err.msg, "s3cr3t"));
	/* One that is not given. */
	aside.secrets++;
	aside.n--;
	assert_fails(REMOTE, build_aside(x, KEY("build"), where, "Secret", &aside));
	assert_non_null(strstr(x->err.msg, "secret npmrc: not found"));
	untag(x, "contract-aside:1");
	free(heard);
	end(x);
}

/* Working trees *. */

struct tree {
	char commit[80], tree[80];
	int dirty;
};

static struct tree worktree(struct fixture *x, const char *directory)
{
	struct tree out = { .dirty = 0 };
	json_t *seen = NULL;

	assert_ok(x->h->files->worktree(x->h, directory, &seen, &x->err));
	assert_true(json_is_boolean(json_object_get(seen, "dirty")));
	assert_int_equal(json_is_null(json_object_get(seen, "commit")),
			 json_is_null(json_object_get(seen, "tree")));
	snprintf(out.commit, sizeof(out.commit), "%s", rfa_facts_str(seen, "commit", ""));
	snprintf(out.tree, sizeof(out.tree), "%s", rfa_facts_str(seen, "tree", ""));
	out.dirty = json_is_true(json_object_get(seen, "dirty"));
	assert_false(!out.commit[0] && out.dirty);
	json_decref(seen);
	return out;
}

static void a_directory_without_a_repository_has_no_commit(void **state)
{
	struct fixture *x = begin(state, "bare");
	char where[400], absent[420];

	source(x, where);
	assert_string_equal(worktree(x, where).commit, "");
	snprintf(absent, sizeof(absent), "%s/none", where);
	assert_fails(NOTFOUND, x->h->files->worktree(x->h, absent, &(json_t *){ NULL }, &x->err));
	end(x);
}

static void a_source_tells_its_commit(void **state)
{
	struct fixture *x = begin(state, "told");
	json_t *asked;
	struct tree seen;

	if (!x->world->source) {
		end(x);
		skip();
	}
	asked = json_pack("{s:s, s:b, s:s, s:{}}", "commit", "c1", "dirty", 1, "tree", "t1",
			  "dockerfiles");
	assert_int_equal(x->world->source(x->world, "/srv/told", asked), 0);
	json_decref(asked);
	seen = worktree(x, "/srv/told");
	assert_string_equal(seen.commit, "c1");
	assert_string_equal(seen.tree, "t1");
	assert_true(seen.dirty);
	end(x);
}

/* A repository on this machine, and commands in it. */
struct repository {
	char path[400];
	struct rfa_buf line;
};

/* 0, or the test fails. What it prints is in the file "said" beside the repository. */
static void run(struct repository *r, const char *script)
{
	rfa_buf_clear(&r->line);
	(void)rfa_buf_puts(&r->line, "cd ");
	assert_int_equal(rfa_quote(&r->line, r->path), 0);
	(void)rfa_buf_printf(&r->line,
			     " && export HOME=/nonexistent GIT_CONFIG_NOSYSTEM=1 && { %s; } "
			     ">../said 2>&1",
			     script);
	if (system(rfa_buf_str(&r->line)))
		fail_msg("%s", script);
}

/* 1 if the command ends well. */
static int holds(struct repository *r, const char *script)
{
	rfa_buf_clear(&r->line);
	(void)rfa_buf_puts(&r->line, "cd ");
	assert_int_equal(rfa_quote(&r->line, r->path), 0);
	(void)rfa_buf_printf(&r->line, " && %s", script);
	return system(rfa_buf_str(&r->line)) == 0;
}

#define LISTING "find . -exec stat -c '%n %s %a %Y %Z' {} + | sort"

/* A test that has no git, or no files here, is left out. */
static struct fixture *begin_git(void **state, const char *name, struct repository *r)
{
	struct fixture *x = begin(state, name);

	if (!x->world->local || system("git --version >/dev/null 2>&1")) {
		end(x);
		skip();
	}
	r->line = (struct rfa_buf)RFA_BUF_INIT(16384);
	snprintf(r->path, sizeof(r->path), "%s/%s " ODD, x->world->dir, name);
	rfa_buf_clear(&r->line);
	(void)rfa_buf_puts(&r->line, "mkdir -p ");
	assert_int_equal(rfa_quote(&r->line, r->path), 0);
	assert_int_equal(system(rfa_buf_str(&r->line)), 0);
	run(r, "git init -q . && git config user.name o && git config user.email o@example.org "
	       "&& chmod -R go-w .");
	return x;
}

static void end_git(struct fixture *x, struct repository *r)
{
	rfa_buf_release(&r->line);
	end(x);
}

static void a_working_tree_is_told_as_it_is(void **state)
{
	struct repository r;
	struct fixture *x = begin_git(state, "git", &r);
	struct tree clean, seen, other;
	char below[420];

	assert_string_equal(worktree(x, r.path).commit, "");
	run(&r, "mkdir sub && echo 1 >file && echo 2 >sub/file && echo '*.o' >.gitignore && "
		"git add -A && git commit -q -m one && sleep 1");
	clean = worktree(x, r.path);
	assert_false(clean.dirty);
	rfa_buf_clear(&r.line);
	(void)rfa_buf_printf(&r.line,
			     "test \"$(git rev-parse HEAD 'HEAD^{tree}' | tr '\\n' ' ')\" = "
			     "'%s %s '",
			     clean.commit, clean.tree);
	char *line = strdup(rfa_buf_str(&r.line));
	run(&r, line);
	free(line);

	/* What is ignored does not count, nor a time. */
	run(&r, "echo x >x.o && touch file");
	seen = worktree(x, r.path);
	assert_false(seen.dirty);
	assert_string_equal(seen.tree, clean.tree);
	/* An edit of as many bytes; from below, too. */
	run(&r, "echo 3 >file");
	snprintf(below, sizeof(below), "%s/sub", r.path);
	seen = worktree(x, below);
	assert_true(seen.dirty);
	assert_string_equal(seen.commit, clean.commit);
	assert_string_not_equal(seen.tree, clean.tree);
	run(&r, "echo 4 >file && git add file");
	other = worktree(x, r.path);
	assert_true(other.dirty);
	assert_string_not_equal(other.tree, seen.tree);
	run(&r, "echo 1 >file");
	assert_false(worktree(x, r.path).dirty);
	/* A file that is not known yet, one that is gone, a directory in the place of one. */
	run(&r, "echo new >\"$(printf 'odd\\nname')\"");
	assert_true(worktree(x, r.path).dirty);
	run(&r, "rm odd*");
	assert_false(worktree(x, r.path).dirty);
	run(&r, "rm file");
	seen = worktree(x, r.path);
	assert_true(seen.dirty);
	run(&r, "mkdir file && echo in >file/in");
	other = worktree(x, r.path);
	assert_true(other.dirty);
	assert_string_not_equal(other.tree, seen.tree);
	/* The tree is the one that a commit of it has. */
	run(&r, "git add -A && git commit -q -m two");
	seen = worktree(x, r.path);
	assert_false(seen.dirty);
	assert_string_equal(seen.tree, other.tree);
	end_git(x, &r);
}

static void a_look_leaves_a_repository_as_it_is(void **state)
{
	struct repository r;
	struct fixture *x = begin_git(state, "kept", &r);

	run(&r, "echo 1 >file && git add -A && git commit -q -m one && echo 2 >file && "
		"echo 3 >new && git add new");
	run(&r, "sleep 1; " LISTING " >../before");
	assert_true(worktree(x, r.path).dirty);
	run(&r, LISTING " >../after");
	assert_true(holds(&r, "cmp ../before ../after"));
	end_git(x, &r);
}

/* They would run as rfa's user. */
static void no_program_of_a_repository_runs(void **state)
{
	struct repository r;
	struct fixture *x = begin_git(state, "programs", &r);
	struct tree clean;

	run(&r, "echo '*.txt filter=x' >.gitattributes && echo 1 >a.txt && git add -A && "
		"git commit -q -m one");
	clean = worktree(x, r.path);
	run(&r,
	    "rm -f ../ran; t='touch ../ran; cat'; sleep 1; touch a.txt; "
	    "git config filter.x.clean \"$t\" && git config filter.x.process \"$t\" && "
	    "git config filter.x.required true && git config core.fsmonitor \"$t\" && "
	    "git config core.hooksPath hooks && mkdir -p .git/hooks && "
	    "for h in post-index-change pre-commit; do "
	    "printf '#!/bin/sh\\ntouch ../ran\\n' >.git/hooks/$h && chmod 755 .git/hooks/$h; done");
	assert_string_equal(worktree(x, r.path).tree, clean.tree);
	assert_true(holds(&r, "! test -e ../ran"));
	end_git(x, &r);
}

/* It could name programs that would run as rfa's user. */
static void a_repository_of_others_has_no_commit(void **state)
{
	struct repository r;
	struct fixture *x = begin_git(state, "others", &r);

	run(&r, "echo 1 >file && git add -A && git commit -q -m one");
	assert_string_not_equal(worktree(x, r.path).commit, "");
	run(&r, "chmod o+w .git");
	assert_string_equal(worktree(x, r.path).commit, "");
	run(&r, "chmod o-w .git; chmod o+w .");
	assert_string_equal(worktree(x, r.path).commit, "");
	run(&r, "chmod o-w .");
	assert_string_not_equal(worktree(x, r.path).commit, "");
	if (holds(&r, "test $(id -u) = 0 && chown -R nobody .")) {
		assert_string_equal(worktree(x, r.path).commit, "");
		/* Whatever root's own configuration trusts. */
		setenv("GIT_CONFIG_COUNT", "1", 1);
		setenv("GIT_CONFIG_KEY_0", "safe.directory", 1);
		setenv("GIT_CONFIG_VALUE_0", "*", 1);
		assert_string_equal(worktree(x, r.path).commit, "");
		unsetenv("GIT_CONFIG_COUNT");
		unsetenv("GIT_CONFIG_KEY_0");
		unsetenv("GIT_CONFIG_VALUE_0");
	}
	end_git(x, &r);
}

static struct host_world *waiting;

static int setup(void **state)
{
	*state = waiting;
	return 0;
}

int host_builds_run(const char *name, struct host_world *world)
{
	const struct CMUnitTest contract[] = {
		cmocka_unit_test(a_builder_is_told),
		cmocka_unit_test(a_build_is_what_was_asked),
		cmocka_unit_test(a_build_that_fails_moves_no_tag),
		cmocka_unit_test(a_build_is_done_once),
		cmocka_unit_test(what_a_builder_writes_is_told_while_it_builds),
		cmocka_unit_test(what_a_builder_writes_is_made_harmless),
		cmocka_unit_test(a_secret_is_mounted_and_told_nowhere),
		cmocka_unit_test(a_directory_without_a_repository_has_no_commit),
		cmocka_unit_test(a_source_tells_its_commit),
		cmocka_unit_test(a_working_tree_is_told_as_it_is),
		cmocka_unit_test(a_look_leaves_a_repository_as_it_is),
		cmocka_unit_test(no_program_of_a_repository_runs),
		cmocka_unit_test(a_repository_of_others_has_no_commit),
	};

	waiting = world;
	return cmocka_run_group_tests_name(name, contract, setup, NULL);
}
