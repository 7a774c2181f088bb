/* Each kind of damage is planted by hand, and must be named; a ledger that is whole has no finding.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/harness/blame.h"
#include "tests/harness/ledger_kit.h"

struct world {
	struct kit kit;
	struct rfa_error err;
	struct rfa_ledger *ledger;
	struct rfa_buf out;      /* of the shell */
	struct rfa_buf findings; /* one a line */
};

static struct kit template; /* made once: each test damages a copy */

/* Two ended runs with a rollback point each, and one that was interrupted. */
static int start_all(void **state)
{
	struct rfa_ledger *ledger = NULL;
	struct rfa_ledger_run *run = NULL;
	struct rfa_error err;

	(void)state;
	kit_open(&template);
	if (rfa_ledger_init(&template.options, &err) ||
	    rfa_ledger_open(&ledger, &template.options, &err) ||
	    kit_whole(ledger, 1, "app", "prod", 2, "p1", &err) ||
	    kit_whole(ledger, 2, "app", "prod", 2, "p2", &err) ||
	    kit_begin(ledger, 3, "app", "prod", &run, &err) || kit_append(run, 1, &err) ||
	    kit_append(run, 2, &err))
		fail_msg("%s", err.msg);
	rfa_ledger_detach(run);
	rfa_ledger_free(ledger);
	kit_loosen(&template); /* so that there is one file to damage for each object */
	return 0;
}

static int stop_all(void **state)
{
	(void)state;
	kit_close(&template);
	return 0;
}

static int start(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	char script[1400];

	kit_open(&w->kit);
	w->out = (struct rfa_buf)RFA_BUF_INIT(1 << 20);
	w->findings = (struct rfa_buf)RFA_BUF_INIT(1 << 20);
	snprintf(script, sizeof(script), "cp -r '%s' $L", template.path);
	if (kit_sh(&w->kit, &w->out, script) ||
	    rfa_ledger_open(&w->ledger, &w->kit.options, &w->err))
		fail_msg("%s %s", rfa_buf_str(&w->out), w->err.msg);
	*state = w;
	return 0;
}

static int stop(void **state)
{
	struct world *w = *state;

	rfa_ledger_free(w->ledger);
	rfa_buf_release(&w->out);
	rfa_buf_release(&w->findings);
	kit_close(&w->kit);
	free(w);
	return 0;
}

static void tell(void *user, const struct rfa_ledger_finding *finding)
{
	rfa_buf_printf(user, "%s: %s\n", finding->run, finding->what);
}

static void sh(struct world *w, const char *script)
{
	char whole[6000];

	snprintf(
	    whole, sizeof(whole),
	    "set -e; export GIT_DIR=$L GIT_AUTHOR_NAME=M GIT_AUTHOR_EMAIL=m@x "
	    "GIT_COMMITTER_NAME=M GIT_COMMITTER_EMAIL=m@x\n"
	    "path() { printf '%%s/objects/%%.2s/%%s' $L $1 ${1#??}; }\n"
	    "R1=20261122-000001-000001 R2=20261122-000002-000002 R3=20261122-000003-000003\n%s",
	    script);
	if (kit_sh(&w->kit, &w->out, whole))
		fail_msg("%s\n%s", script, rfa_buf_str(&w->out));
}

static int verify(struct world *w)
{
	rfa_buf_clear(&w->findings);
	return rfa_ledger_verify(w->ledger, NULL, tell, &w->findings, &w->err);
}

/* Verify finds, and names, each of the texts. */
static void named(struct world *w, const char *first, const char *second)
{
	assert_int_equal(verify(w), -RFA_ECORRUPT);
	if (!strstr(rfa_buf_str(&w->findings), first) ||
	    (second && !strstr(rfa_buf_str(&w->findings), second)))
		fail_msg("neither \"%s\" nor \"%s\" in:\n%s", first, second ? second : "",
			 rfa_buf_str(&w->findings));
}

static void test_whole(void **state)
{
	struct world *w = *state;

	if (verify(w))
		fail_msg("%s", rfa_buf_str(&w->findings));
	assert_string_equal(rfa_buf_str(&w->findings), "");
	/* Packed, it is the same ledger. */
	sh(w, "git rev-list --objects --all | git pack-objects -q $L/objects/pack/pack; find "
	      "$L/objects/?? -type f -delete; git pack-refs --all");
	if (verify(w))
		fail_msg("%s", rfa_buf_str(&w->findings));
}

/* A record of an ended run is rewritten, and all of main after it, as `git filter-branch` would. */
static void test_edited_history(void **state)
{
	struct world *w = *state;

	sh(w,
	   "END=$(git rev-parse main~1) TIP=$(git rev-parse main~1^2)\n"
	   "T2=$(git cat-file commit $TIP | sed 's/\"n\":2/\"n\":7/' | git hash-object -t commit "
	   "-w --stdin)\n"
	   "E2=$(git cat-file commit $END | sed s/$TIP/$T2/ | git hash-object -t commit -w "
	   "--stdin)\n"
	   "B2=$(git cat-file commit main | sed s/$END/$E2/ | git hash-object -t commit -w "
	   "--stdin)\n"
	   "git update-ref refs/heads/main $B2\n");
	named(w, "20261122-000002-000002: history was edited", NULL);
}

static void test_gap(void **state)
{
	struct world *w = *state;
	struct rfa_history *h = NULL;

	/* The last record of the interrupted run put onto BEGIN: record 1 is gone. */
	sh(w, "TIP=$(git rev-parse refs/rfa/runs/$R3)\n"
	      "T2=$(git cat-file commit $TIP | sed s/$(git rev-parse $TIP~1)/$(git rev-parse "
	      "main)/ | git hash-object -t commit -w --stdin)\n"
	      "git update-ref refs/rfa/runs/$R3 $T2\n");
	assert_int_equal(rfa_ledger_load(w->ledger, "20261122-000003-000003", &h, &w->err),
			 -RFA_ECORRUPT);
	assert_non_null(strstr(w->err.msg, "missing between 0 and 2"));
	named(w, "20261122-000003-000003: run 20261122-000003-000003: a record is missing", NULL);
}

static const char change_file[] =
    "export GIT_INDEX_FILE=$L/../index\n"
    "git read-tree $AT\n"
    "git update-index --add --cacheinfo 100644,$(printf '%s' \"$TEXT\" | git hash-object -w "
    "--stdin),$FILE\n"
    "TREE=$(git write-tree)\n";

static void test_altered_plan(void **state)
{
	struct world *w = *state;
	struct rfa_history *h = NULL;
	char script[3000];

	/* BEGIN of the interrupted run is rebuilt around another plan, its records on top. */
	snprintf(
	    script, sizeof(script),
	    "AT=main FILE=runs/2026/11/22/$R3.plan.json TEXT='{\"other\":1}'\n%s"
	    "OLD=$(git rev-parse main) OLDTREE=$(git rev-parse main^{tree})\n"
	    "NEW=$(git cat-file commit main | sed s/$OLDTREE/$TREE/ | git hash-object -t commit "
	    "-w --stdin)\n"
	    "R=$(git rev-parse refs/rfa/runs/$R3~1)\n"
	    "A=$(git cat-file commit $R | sed s/$OLD/$NEW/ | git hash-object -t commit -w "
	    "--stdin)\n"
	    "B=$(git cat-file commit refs/rfa/runs/$R3 | sed s/$R/$A/ | git hash-object -t "
	    "commit -w --stdin)\n"
	    "git update-ref refs/heads/main $NEW; git update-ref refs/rfa/runs/$R3 $B\n",
	    change_file);
	sh(w, script);
	assert_int_equal(rfa_ledger_load(w->ledger, "20261122-000003-000003", &h, &w->err),
			 -RFA_ECORRUPT);
	assert_non_null(strstr(w->err.msg, "the plan is not the one"));
	named(w, "the plan is not the one", NULL);
}

/* A commit of somebody else on main, which changes what runs in prod. */
static void test_foreign_commit(void **state)
{
	struct world *w = *state;
	char script[2000];

	snprintf(
	    script, sizeof(script),
	    "AT=main FILE=environments/prod/app.json TEXT='{\"version\":\"evil\"}'\n%s"
	    "git update-ref refs/heads/main $(git commit-tree $TREE -p main -m 'I was here')\n",
	    change_file);
	sh(w, script);
	named(w, "rfa did not write commit", "I was here");
}

/* END itself is made to change a file that its record does not name, or another way. */
static void test_altered_tree(void **state)
{
	struct world *w = *state;
	char script[3000];

	sh(w, "git update-ref refs/heads/main main~1; git update-ref -d refs/rfa/runs/$R3");
	snprintf(
	    script, sizeof(script),
	    "AT=main FILE=history.log TEXT='all was well'\n%s"
	    "OLDTREE=$(git rev-parse main^{tree})\n"
	    "NEW=$(git cat-file commit main | sed s/$OLDTREE/$TREE/ | git hash-object -t commit "
	    "-w --stdin)\n"
	    "git update-ref refs/heads/main $NEW\n",
	    change_file);
	sh(w, script);
	named(w, "history.log was changed by the commit of END", "20261122-000002-000002");
}

static void test_altered_summary(void **state)
{
	struct world *w = *state;
	char script[3000];

	/* BEGIN of run 3 also rewrites the summary of run 1. */
	snprintf(
	    script, sizeof(script),
	    "AT=main FILE=runs/2026/11/22/$R1.json TEXT='{\"result\":\"FAILED\"}'\n%s"
	    "git update-ref refs/heads/main $(git cat-file commit main | sed s/$(git rev-parse "
	    "main^{tree})/$TREE/ | git hash-object -t commit -w --stdin)\n",
	    change_file);
	sh(w, script);
	named(w, "runs/2026/11/22/20261122-000001-000001.json is not what the run wrote",
	      "changed by the commit of BEGIN");
}

static void test_tags(void **state)
{
	struct world *w = *state;

	sh(w,
	   "git tag -d rollback/prod/app/p1; git tag -a -m x rollback/prod/app/mine main; git tag "
	   "rollback/prod/app/light main; git tag -f -a -m other rollback/prod/app/p2 main~1");
	named(w, "tag rollback/prod/app/p1 is missing", "tag rollback/prod/app/mine has no point");
	assert_non_null(
	    strstr(rfa_buf_str(&w->findings), "tag rollback/prod/app/light is no annotated tag"));
	assert_non_null(strstr(rfa_buf_str(&w->findings),
			       "tag rollback/prod/app/p2 does not say what the run's end says"));
}

static void test_refs(void **state)
{
	struct world *w = *state;
	struct rfa_history *h = NULL;

	sh(w, "git update-ref -d refs/rfa/runs/$R3; git update-ref "
	      "refs/rfa/runs/20261122-000009-000009 main; git update-ref "
	      "refs/replace/$(git rev-parse main) $(git rev-parse main~1)");
	assert_int_equal(rfa_ledger_load(w->ledger, "20261122-000003-000003", &h, &w->err),
			 -RFA_ECORRUPT);
	assert_non_null(strstr(w->err.hint, "lost-found"));
	named(w, "the ref that holds its records is gone", "is of no unfinished run");
	assert_non_null(strstr(rfa_buf_str(&w->findings), "refs/replace/"));
}

/* A byte flipped, a file cut short, emptied or gone: told with the file's path, never waited for.
 */
static void test_damaged_objects(void **state)
{
	static const struct {
		const char *script, *says;
	} damages[] = {
		{ "F=$(path $(git rev-parse main~1^2)); chmod u+w $F; printf X | dd of=$F bs=1 "
		  "seek=20 conv=notrunc 2>/dev/null",
		  "is damaged" },
		{ "F=$(path $(git rev-parse main:history.log)); chmod u+w $F; truncate -s 25 $F",
		  "it was cut short" },
		{ "F=$(path $(git rev-parse main~1^{tree})); chmod u+w $F; truncate -s 0 $F",
		  "the file is empty" },
		{ "rm -f $(path $(git rev-parse rollback/prod/app/p1))", "it is missing" },
		{ "F=$(path $(git rev-parse main~2)); G=$(path $(git rev-parse main~1)); chmod u+w "
		  "$F; cat $G > $F",
		  "its content is not what its name says" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		sh(w, damages[i].script);
		named(w, damages[i].says, NULL);
	}
	/* All of them were told, not only the first. */
	for (size_t i = 1; i < sizeof(damages) / sizeof(damages[0]); i++)
		assert_non_null(strstr(rfa_buf_str(&w->findings), damages[i].says));
}

/* The last record of a run, cut short: libgit2 would spin on it for ever. */
static void test_broken_tip(void **state)
{
	struct world *w = *state;
	struct rfa_ledger_run *run = NULL;
	struct rfa_history *h = NULL;

	sh(w, "F=$(path $(git rev-parse refs/rfa/runs/$R3)); chmod u+w $F; cp $F $L/../kept; "
	      "truncate -s 40 $F");
	assert_int_equal(rfa_ledger_load(w->ledger, "20261122-000003-000003", &h, &w->err),
			 -RFA_ECORRUPT);
	assert_non_null(strstr(w->err.where, "/objects/"));
	assert_true(w->err.hint[0] != '\0');
	assert_int_equal(rfa_ledger_attach(w->ledger, "20261122-000003-000003", &run, &w->err),
			 -RFA_ECORRUPT);
	/* Mended, it goes on. */
	sh(w, "F=$(path $(git rev-parse refs/rfa/runs/$R3)); cp $L/../kept $F");
	assert_int_equal(rfa_ledger_attach(w->ledger, "20261122-000003-000003", &run, &w->err), 0);
	assert_int_equal(kit_append(run, 3, &w->err), 0);
	rfa_ledger_detach(run);
	/* main's head. */
	rfa_ledger_free(w->ledger);
	w->ledger = NULL;
	sh(w, "F=$(path $(git rev-parse main)); chmod u+w $F; truncate -s 40 $F");
	assert_int_equal(rfa_ledger_open(&w->ledger, &w->kit.options, &w->err), -RFA_ECORRUPT);
	assert_non_null(strstr(w->err.msg, "cut short"));
}

/* A broken object where we are about to write the same one is replaced, not trusted. */
static void test_broken_reused(void **state)
{
	struct world *w = *state;
	struct rfa_ledger_run *run = NULL;
	struct rfa_buf out = RFA_BUF_INIT(4096);

	assert_int_equal(rfa_ledger_attach(w->ledger, "20261122-000003-000003", &run, &w->err), 0);
	sh(w, "F=$(path $(printf '{\"images\":[]}\\n' | git hash-object --stdin)); chmod u+w $F; "
	      "truncate -s 10 $F");
	assert_int_equal(kit_end(run, 3, "app", "prod", "p3", &w->err), 0);
	assert_int_equal(rfa_ledger_read(w->ledger, "points/prod/app/p3.json", &out, &w->err), 0);
	assert_string_equal(rfa_buf_str(&out), "{\"images\":[]}\n");
	if (verify(w))
		fail_msg("%s", rfa_buf_str(&w->findings));
	rfa_buf_release(&out);
}

/* Tags are kept of the newest points only; the points stay. */
static void test_pruned_tags(void **state)
{
	struct world *w = *state;
	struct rfa_ledger_run *run = NULL;
	json_t *names = NULL;

	assert_int_equal(rfa_ledger_attach(w->ledger, "20261122-000003-000003", &run, &w->err), 0);
	assert_int_equal(kit_end(run, 3, "app", "prod", NULL, &w->err), 0);
	for (unsigned n = 10; n < 30; n++) {
		char point[16];

		snprintf(point, sizeof(point), "q%u", 99 - n); /* names do not sort by age */
		assert_int_equal(kit_whole(w->ledger, n, "app", "prod", 0, point, &w->err), 0);
	}
	sh(w, "git tag -l 'rollback/prod/app/*' | wc -l");
	assert_string_equal(rfa_buf_str(&w->out), "20\n");
	sh(w, "git tag -l 'rollback/prod/app/p*' | wc -l");
	assert_string_equal(rfa_buf_str(&w->out), "0\n");
	assert_int_equal(rfa_ledger_names(w->ledger, "points/prod/app", &names, &w->err), 0);
	assert_int_equal(json_array_size(names), 22);
	json_decref(names);
	if (verify(w))
		fail_msg("%s", rfa_buf_str(&w->findings));
}

static void opens_with(struct world *w, const char *path, int code, const char *says)
{
	struct rfa_ledger_options options = w->kit.options;
	struct rfa_ledger *ledger = NULL;
	char whole[800];

	snprintf(whole, sizeof(whole), "%s/%s", w->kit.dir, path);
	options.path = whole;
	assert_int_equal(rfa_ledger_open(&ledger, &options, &w->err), -code);
	if (!strstr(w->err.msg, says))
		fail_msg("\"%s\" is not in \"%s\"", says, w->err.msg);
	assert_non_null(strstr(w->err.where, path));
}

/* What is no ledger, or not ours. */
static void test_not_ours(void **state)
{
	struct world *w = *state;
	struct rfa_ledger_options options = w->kit.options;

	sh(w,
	   "unset GIT_DIR; mkdir plain; touch plain/file; git init -q --bare empty.git; git init "
	   "-q work; cd work; git commit -q --allow-empty -m x; cd ..; git clone -q --bare work "
	   "other.git; cp -r $L newer.git; git -C newer.git config rfa.format 3; cp -r $L "
	   "ext.git; git -C ext.git config extensions.strange true; cp -r $L headless.git; rm "
	   "headless.git/refs/heads/main");
	opens_with(w, "nowhere", RFA_ENOTFOUND, "no ledger");
	assert_string_equal(w->err.hint, "rfa init");
	opens_with(w, "plain", RFA_ENOTFOUND, "not a ledger");
	opens_with(w, "empty.git", RFA_ENOTFOUND, "no ledger");
	opens_with(w, "other.git", RFA_ENOTFOUND, "no ledger");
	opens_with(w, "newer.git", RFA_EUNSUPPORTED, "format 3");
	blame(0);
	opens_with(w, "ext.git", RFA_EUNSUPPORTED, "strange");
	blame(1);
	opens_with(w, "headless.git", RFA_ECORRUPT, "main is gone");
	/* Init never touches what is there. */
	assert_int_equal(rfa_ledger_init(&options, &w->err), -RFA_EEXISTS);
	options.path = "plain";
	assert_int_equal(chdir(w->kit.dir), 0);
	assert_int_equal(rfa_ledger_init(&options, &w->err), -RFA_EEXISTS);
	options.path = "deep/er/ledger.git/";
	if (rfa_ledger_init(&options, &w->err))
		fail_msg("%s", w->err.msg);
	assert_int_equal(chdir("/"), 0);
	opens_with(w, "deep/er/nothing", RFA_ENOTFOUND, "no ledger");
	sh(w, "! ls -d *.new-* deep/er/*.new-* 2>/dev/null");
}

/* What somebody sees who may read and not write: 0, or the number of the line that was wrong. */
static int as_reader(const struct rfa_ledger_options *options)
{
	struct rfa_ledger *ledger = NULL;
	struct rfa_ledger_run *run = NULL;
	struct rfa_history *h = NULL;
	struct rfa_error err;

	if (!geteuid() && setuid(65534))
		return __LINE__;
	if (rfa_ledger_open(&ledger, options, &err)) {
		fprintf(stderr, "# %s (%s)\n", err.msg, err.where);
		return __LINE__;
	}
	if (rfa_ledger_load(ledger, "20261122-000002-000002", &h, &err))
		return __LINE__;
	rfa_history_free(h);
	if (kit_begin(ledger, 9, "web", "prod", &run, &err) != -RFA_EIO)
		return __LINE__;
	if (!strstr(err.where, "ledger.git") || !err.hint[0])
		return __LINE__;
	rfa_ledger_free(ledger);
	return 0;
}

/* A folder that may not be written is still read; writing says where and how to mend it. */
static void test_read_only(void **state)
{
	struct world *w = *state;
	pid_t pid;
	int status;

	sh(w, "chmod -R a-w,a+rX .; printf '[safe]\n\tdirectory = *\n' > .gitconfig");
	pid = fork();
	if (!pid)
		_exit(as_reader(&w->kit.options) & 127);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

#define ONE(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ONE(test_whole),           ONE(test_edited_history), ONE(test_gap),
		ONE(test_altered_plan),    ONE(test_foreign_commit), ONE(test_altered_tree),
		ONE(test_altered_summary), ONE(test_tags),           ONE(test_refs),
		ONE(test_damaged_objects), ONE(test_broken_tip),     ONE(test_broken_reused),
		ONE(test_pruned_tags),     ONE(test_not_ours),       ONE(test_read_only),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, start_all, stop_all);
}
