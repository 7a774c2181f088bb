/* What an auditor does with plain git, without rfa: every promise of docs/ledger.md, word for word.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/harness/ledger_kit.h"

struct world {
	struct kit kit;
	struct rfa_error err;
	struct rfa_buf out;
};

/* An ended run with a rollback point, and one in flight. */
static int start(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct rfa_ledger *ledger = NULL;
	struct rfa_ledger_run *run = NULL;

	kit_open(&w->kit);
	w->out = (struct rfa_buf)RFA_BUF_INIT(1 << 20);
	if (rfa_ledger_init(&w->kit.options, &w->err) ||
	    rfa_ledger_open(&ledger, &w->kit.options, &w->err) ||
	    kit_whole(ledger, 1, "ragflowauth", "prod", 2, "20260131_170801", &w->err) ||
	    kit_begin(ledger, 2, "ragflowauth", "prod", &run, &w->err) ||
	    kit_append(run, 1, &w->err))
		fail_msg("%s", w->err.msg);
	rfa_ledger_detach(run);
	rfa_ledger_free(ledger);
	*state = w;
	return 0;
}

static int stop(void **state)
{
	struct world *w = *state;

	rfa_buf_release(&w->out);
	kit_close(&w->kit);
	free(w);
	return 0;
}

/* The command answers 0 and exactly this. */
static void says(struct world *w, const char *command, const char *text)
{
	char script[2000];

	snprintf(script, sizeof(script), "cd $L; export PAGER=cat; %s", command);
	if (kit_sh(&w->kit, &w->out, script))
		fail_msg("%s\n%s", command, rfa_buf_str(&w->out));
	if (text)
		assert_string_equal(rfa_buf_str(&w->out), text);
}

static void test_log(void **state)
{
	struct world *w = *state;

	says(w, "git log --first-parent --format=%s",
	     "promote ragflowauth test→prod: begun\n"
	     "promote ragflowauth test→prod: SUCCEEDED — 12.4 MB, 1.8 s\n"
	     "promote ragflowauth test→prod: begun\n"
	     "ledger: begun\n");
	says(w, "git log --format=%s",
	     "promote ragflowauth test→prod: begun\n"
	     "promote ragflowauth test→prod: SUCCEEDED — 12.4 MB, 1.8 s\n"
	     "promote ragflowauth test→prod: TRANSFER target.step-2 done\n"
	     "promote ragflowauth test→prod: TRANSFER target.step-1 done\n"
	     "promote ragflowauth test→prod: begun\n"
	     "ledger: begun\n");
	says(w, "git log --all --format=%s | wc -l", "7\n");
	says(w, "git log --format=%s -1 refs/rfa/runs/20261122-000002-000002",
	     "promote ragflowauth test→prod: TRANSFER target.step-1 done\n");
	says(w, "git for-each-ref --format='%(refname)'",
	     "refs/heads/main\n"
	     "refs/rfa/runs/20261122-000002-000002\n"
	     "refs/tags/rollback/prod/ragflowauth/20260131_170801\n");
	says(w, "git symbolic-ref HEAD", "refs/heads/main\n");
}

static void test_trailers(void **state)
{
	struct world *w = *state;

	says(w, "git log --format='%(trailers:key=Rfa-State,valueonly,separator=%x2C)' -3 main~1",
	     "HEALTH\nTRANSFER\nTRANSFER\n");
	says(w,
	     "git log --grep='Rfa-Run: 20261122-000001-000001' --reverse "
	     "--format='%(trailers:key=Rfa-Seq,valueonly,separator=%x2C) "
	     "%(trailers:key=Rfa-Record,valueonly,separator=%x2C)'",
	     "0 BEGIN\n1 DONE\n2 DONE\n3 END\n");
	says(w, "git log -1 --format=%B main~1^2",
	     "promote ragflowauth test→prod: TRANSFER target.step-2 done\n"
	     "\n"
	     "{\"n\":2}\n"
	     "\n"
	     "Rfa-Run: 20261122-000001-000001\n"
	     "Rfa-Seq: 2\n"
	     "Rfa-Record: DONE\n"
	     "Rfa-State: TRANSFER\n"
	     "Rfa-Step: target.step-2\n"
	     "Rfa-Attempt: 1\n"
	     "Rfa-Host: prod\n"
	     "Rfa-Outcome: done\n"
	     "Rfa-Time: 2026-11-22T10:30:16.002Z\n"
	     "Rfa-Format: 1\n"
	     "\n");
	says(w,
	     "git log -1 --format=%b main~1^2 | sed -n 1p | python3 -m json.tool --compact || true",
	     NULL);
	/* The frozen plan is the one that BEGIN promised. */
	says(w,
	     "test \"$(git show main:runs/2026/11/22/20261122-000001-000001.plan.json | sha256sum "
	     "| cut -c1-64)\" = \"$(git log -1 --format='%(trailers:key=Rfa-Plan,valueonly)' "
	     "main~2)\"",
	     "");
}

static void test_people(void **state)
{
	struct world *w = *state;

	says(w, "git log --all --format='%an <%ae>' | sort -u", "Ada Operator <ada@example.org>\n");
	says(w, "git log --all --format=%cn | sort -u", "rfa " RFA_VERSION "\n");
	says(w, "git log --all --format='%ai %ci' | grep -v '+0000 .*+0000' | wc -l", "0\n");
	/* No commit is older than its parents. */
	says(w,
	     "git log --all --format='%ct %P' | while read t ps; do for p in $ps; do test "
	     "$(git log -1 --format=%ct $p) -lt $t || echo older; done; done",
	     "");
}

static void test_tree(void **state)
{
	struct world *w = *state;

	says(w, "git ls-tree -r --name-only main",
	     "README\n"
	     "environments/prod/ragflowauth.json\n"
	     "history.log\n"
	     "last/prod/ragflowauth.json\n"
	     "ledger.json\n"
	     "open/prod/ragflowauth.json\n"
	     "points/prod/ragflowauth/20260131_170801.json\n"
	     "runs/2026/11/22/20261122-000001-000001.end.json\n"
	     "runs/2026/11/22/20261122-000001-000001.json\n"
	     "runs/2026/11/22/20261122-000001-000001.plan.json\n"
	     "runs/2026/11/22/20261122-000002-000002.plan.json\n");
	says(w, "git show main:environments/prod/ragflowauth.json", "{\"version\":\"v3\"}\n");
	says(w, "git show main:history.log",
	     "2026-11-22T10:30:17Z | ragflowauth | prod | promote | v3 | SUCCEEDED |\n");
	says(w, "git show main:runs/2026/11/22/20261122-000001-000001.json",
	     "{\"result\":\"SUCCEEDED\"}");
	says(w, "git log --format=%s main -- environments/prod/ragflowauth.json",
	     "promote ragflowauth test→prod: SUCCEEDED — 12.4 MB, 1.8 s\n");
}

static void test_tags(void **state)
{
	struct world *w = *state;

	says(w, "git tag -l 'rollback/prod/ragflowauth/*'",
	     "rollback/prod/ragflowauth/20260131_170801\n");
	says(w, "git cat-file -t rollback/prod/ragflowauth/20260131_170801", "tag\n");
	says(w, "git tag -n1 -l --format='%(contents:subject) %(taggername)'",
	     "before 20260131_170801 Ada Operator\n");
	says(w,
	     "test $(git rev-parse rollback/prod/ragflowauth/20260131_170801^{commit}) = "
	     "$(git rev-parse main~1)",
	     "");
}

static void test_fsck_and_clone(void **state)
{
	struct world *w = *state;
	struct rfa_ledger_options options = w->kit.options;
	struct rfa_ledger *ledger = NULL;
	struct rfa_history *h = NULL;
	char path[600];

	says(w, "git fsck --strict --no-progress 2>&1", "");
	says(w,
	     "git config gc.auto && git config maintenance.auto && git config "
	     "extensions.preciousObjects",
	     "0\nfalse\ntrue\n");
	says(w, "git gc -q --prune=now 2>&1 || git fsck --strict --no-progress", NULL);
	says(w,
	     "git clone -q --no-local . ../clone && git -C ../clone fsck --strict --no-progress && "
	     "cat "
	     "../clone/history.log",
	     "2026-11-22T10:30:17Z | ragflowauth | prod | promote | v3 | SUCCEEDED |\n");
	/* A mirror is a ledger again, runs in flight included. */
	says(w, "git clone -q --mirror . ../mirror.git", "");
	snprintf(path, sizeof(path), "%s/mirror.git", w->kit.dir);
	options.path = path;
	if (rfa_ledger_open(&ledger, &options, &w->err) ||
	    rfa_ledger_verify(ledger, NULL, NULL, NULL, &w->err) ||
	    rfa_ledger_load(ledger, "20261122-000002-000002", &h, &w->err))
		fail_msg("%s (%s)", w->err.msg, w->err.where);
	assert_int_equal(h->n, 2);
	rfa_history_free(h);
	rfa_ledger_free(ledger);
}

#define ONE(test) cmocka_unit_test(test)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ONE(test_log),  ONE(test_trailers), ONE(test_people),
		ONE(test_tree), ONE(test_tags),     ONE(test_fsck_and_clone),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, start, stop);
}
