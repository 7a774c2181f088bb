/* Channels: who was told of the runs that ended, on both ledgers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/facts.h"
#include "tests/contract/ledger_fixture.h"

static int move_as(struct world *w, const char *was, const char *at, int tries, const char *subject)
{
	json_t *state = json_pack("{s:i}", "tries", tries);
	struct rfa_ledger_move m = { was, at, state, subject, tries != 0 };
	int rc = rfa_ledger_channel_move(w->ledger, "team", &m, &w->err);

	json_decref(state);
	return rc;
}

static int move(struct world *w, const char *was, const char *at, int tries)
{
	return move_as(w, was, at, tries, tries ? "a try" : "moved");
}

static void look(struct world *w, struct rfa_ledger_channel *channel)
{
	rfa_ledger_channel_release(channel);
	ok(rfa_ledger_channel_read(w->ledger, "team", channel, &w->err));
}

struct seen {
	struct rfa_ledger_ending all[8];
	int n, most;
};

static int see(void *user, const struct rfa_ledger_ending *one)
{
	struct seen *seen = user;

	seen->all[seen->n++] = *one;
	return seen->n == seen->most;
}

static struct seen ended(struct world *w, const char *at, int most)
{
	struct seen seen = { .most = most };

	ok(rfa_ledger_ended(w->ledger, at, see, &seen, &w->err));
	return seen;
}

static void test_line(void **state)
{
	struct world *w = *state;
	struct rfa_ledger_channel channel = { 0 };
	struct rfa_ledger_run *open = NULL;
	char id[RFA_RUN_ID_MAX];
	struct seen seen;

	refused(RFA_ENOTFOUND, rfa_ledger_channel_read(w->ledger, "team", &channel, &w->err));
	refused(RFA_ENOTFOUND, rfa_ledger_channel_read(w->ledger, "../HEAD", &channel, &w->err));
	ok(kit_whole(w->ledger, 1, "shop", "prod", 2, NULL, &w->err));
	/* A new channel knows nothing of what was. A run that is under way is told when it ends. */
	ok(kit_begin(w->ledger, 2, "app", "prod", &open, &w->err));
	ok(move(w, NULL, NULL, 0));
	look(w, &channel);
	seen = ended(w, channel.at, 8);
	assert_int_equal(seen.n, 0);
	ok(kit_whole(w->ledger, 3, "shop", "prod", 0, NULL, &w->err));
	ok(kit_end(open, 1, "app", "prod", NULL, &w->err));
	seen = ended(w, channel.at, 8);
	assert_int_equal(seen.n, 2);
	/* In the order in which they ended. */
	assert_string_equal(seen.all[0].run, kit_id(3, id));
	assert_string_equal(seen.all[1].run, kit_id(2, id));
	assert_string_equal(seen.all[1].stack, "app");
	assert_string_equal(seen.all[1].env, "prod");
	assert_string_equal(seen.all[1].flow, "promote");
	assert_int_equal(seen.all[1].final, RFA_FINAL_SUCCEEDED);
	assert_true(seen.all[1].ended_ms > 1795343417000);
	assert_string_not_equal(seen.all[0].commit, seen.all[1].commit);
	/* As far as is asked, and from where it stands. */
	assert_int_equal(ended(w, channel.at, 1).n, 1);
	assert_int_equal(ended(w, seen.all[0].commit, 8).n, 1);
	assert_int_equal(ended(w, seen.all[1].commit, 8).n, 0);
	refused(RFA_ESTALE, rfa_ledger_ended(w->ledger, "0123456789012345678901234567890123456789",
					     see, &seen, &w->err));
	refused(RFA_ESTALE, rfa_ledger_ended(w->ledger, "nowhere", see, &seen, &w->err));
	rfa_ledger_channel_release(&channel);
}

static void test_swap(void **state)
{
	struct world *w = *state;
	struct rfa_ledger_channel first = { 0 }, second = { 0 };
	struct seen seen;

	ok(move(w, NULL, NULL, 0));
	look(w, &first);
	ok(kit_whole(w->ledger, 1, "shop", "prod", 0, NULL, &w->err));
	seen = ended(w, first.at, 8);
	/* Who comes second has not seen what he replaces. */
	refused(RFA_ESTALE, move(w, NULL, NULL, 1));
	ok(move(w, first.version, first.at, 1));
	refused(RFA_ESTALE, move(w, first.version, seen.all[0].commit, 2));
	look(w, &second);
	assert_string_equal(second.at, first.at);
	assert_int_equal(rfa_facts_int(second.state, "tries", -1), 1);
	ok(move(w, second.version, seen.all[0].commit, 0));
	refused(RFA_ESTALE, move(w, second.version, seen.all[0].commit, 0));
	look(w, &second);
	assert_string_equal(second.at, seen.all[0].commit);
	rfa_ledger_channel_release(&first);
	rfa_ledger_channel_release(&second);
}

static void test_secret(void **state)
{
	struct world *w = *state;
	json_t *why = json_pack("{s:s}", "why", "https://hooks.example/T0/pa55word-7391");
	struct rfa_ledger_move m = { NULL, NULL, why, "moved", 0 };

	ok(rfa_ledger_hide(w->ledger, "pa55word-7391", &w->err));
	refused(RFA_EREFUSED, rfa_ledger_channel_move(w->ledger, "team", &m, &w->err));
	json_decref(why);
}

/* One message: three tries, the last of which arrives. */
static void tell(struct world *w, struct rfa_ledger_channel *channel, const char *at,
		 const char *subject)
{
	for (int i = 1; i <= 3; i++) {
		ok(move(w, channel->version, channel->at, i));
		look(w, channel);
	}
	ok(move_as(w, channel->version, at, 0, subject));
	look(w, channel);
}

/* A try is replaced by what comes behind it; what was told, or passed over, stays. */
static void test_git(void **state)
{
	struct world *w = *state;
	struct rfa_ledger_channel channel = { 0 };
	struct rfa_buf out = RFA_BUF_INIT(1 << 20);
	struct seen seen;

	ok(move(w, NULL, NULL, 0));
	look(w, &channel);
	ok(kit_whole(w->ledger, 1, "shop", "prod", 1, NULL, &w->err));
	ok(kit_whole(w->ledger, 2, "shop", "prod", 1, NULL, &w->err));
	seen = ended(w, channel.at, 8);
	tell(w, &channel, seen.all[0].commit, "the first");
	/* One that stands half-way is told where the channel stands. */
	tell(w, &channel, channel.at, "half-way");
	tell(w, &channel, seen.all[1].commit, "the second");
	ok(move(w, channel.version, channel.at, 1));
	look(w, &channel);
	assert_int_equal(
	    kit_sh(&w->kit, &out, "git -C ledger.git log --format=%s refs/rfa/notify/team"), 0);
	assert_string_equal(rfa_buf_str(&out),
			    "notify team: a try\nnotify team: the second\nnotify team: half-way\n"
			    "notify team: the first\nnotify team: moved\n");
	assert_int_equal(
	    kit_sh(&w->kit, &out, "git -C ledger.git log --format=%b refs/rfa/notify/team"), 0);
	assert_non_null(strstr(rfa_buf_str(&out), "Rfa-Channel: team"));
	assert_int_equal(kit_sh(&w->kit, &out, "git -C ledger.git fsck --strict"), 0);
	/* A killed writer leaves this. */
	assert_int_equal(kit_sh(&w->kit, &out, ": >ledger.git/refs/rfa/notify/team.lock"), 0);
	look(w, &channel);
	ok(move(w, channel.version, channel.at, 1));
	ok(rfa_ledger_verify(w->ledger, NULL, NULL, NULL, &w->err));
	/* Verify reads these, too. */
	assert_int_equal(
	    kit_sh(&w->kit, &out,
		   "o=$(git -C ledger.git rev-parse refs/rfa/notify/team); "
		   "f=ledger.git/objects/$(echo $o | cut -c1-2)/$(echo $o | cut -c3-); "
		   "chmod u+w $f; echo x >$f"),
	    0);
	refused(RFA_ECORRUPT, rfa_ledger_verify(w->ledger, NULL, NULL, NULL, &w->err));
	rfa_buf_release(&out);
	rfa_ledger_channel_release(&channel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(test_line),
		BOTH(test_swap),
		BOTH(test_secret),
		cmocka_unit_test_setup_teardown(test_git, start_git, stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
