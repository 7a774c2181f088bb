/* Every change of data, under every fault: done again under new keys, it ends as it should. */
#include "tests/unit/sim_data.h"

#define VAULT "/var/backups/rfa/app"
#define ITEMS                                                                       \
	"[{'kind':'directory','place':'" DIR "','in':'" DIR_NEW "','out':'" DIR_OLD \
	"'},{'kind':'sqlite','place':'" DB "','in':'" DB_NEW "','out':'" DB_OLD "'}]"
#define MANIFEST "{\"members\":[{\"name\":\"files\"}]}"

/* What is there before the change that is put to the test; each needs those above it. */
enum what {
	COPY_BULK,
	COPY_FINAL,
	PACK,
	UNPACK,
	SWAP,
	STORE,
	SEAL,
	VERIFY,
	OPEN,
	FORGET,
	REMOVE,
	WHATS
};

/* Asks for a change of PROD's. */
static int ask(struct small *s, enum what what, const struct rfa_job_key *key)
{
	json_t *list, *out = NULL;
	int rc;
	rfa_error_clear(&s->err);
	switch (what) {
	case COPY_BULK:
	case COPY_FINAL:
		rc = s->prod->trees->copy(s->prod, key, RFA_TREE_DIRECTORY, DIR, DIR_SNAP,
					  what == COPY_BULK ? RFA_COPY_BULK : RFA_COPY_FINAL, &out,
					  &s->err);
		break;
	case PACK:
		rc = s->prod->trees->pack(s->prod, key, DIR_SNAP, "files", NULL, &out, &s->err);
		break;
	case UNPACK:
		return s->prod->trees->unpack(s->prod, key, "files", DIR_NEW, &s->err);
	case SWAP:
		list = quick(ITEMS);
		rc = s->prod->trees->swap(s->prod, key, list, &s->err);
		json_decref(list);
		break;
	case STORE:
		rc = s->prod->vault->store(s->prod, key, VAULT, "b", "files", "files", &out,
					   &s->err);
		break;
	case SEAL:
		return s->prod->vault->seal(s->prod, key, VAULT, "b", MANIFEST, &s->err);
	case VERIFY:
		rc = s->prod->vault->verify(s->prod, key, VAULT, "b", &out, &s->err);
		if (!rc)
			assert_true(json_is_true(json_object_get(out, "ok")));
		break;
	case OPEN:
		rc =
		    s->prod->vault->open(s->prod, key, VAULT, "b", "files", "again", &out, &s->err);
		break;
	case FORGET:
		return s->prod->vault->remove(s->prod, key, VAULT, "b", &s->err);
	default:
		list = quick("['" DIR_SNAP "','" DIR_OLD "','" DB_OLD "']");
		rc = s->prod->trees->remove(s->prod, key, list, &s->err);
		json_decref(list);
	}
	json_decref(out);
	return rc;
}

static void prepare(struct small *s, enum what until)
{
	json_t *dir = quick("{'bytes':70000}"), *db = quick("{'kind':'sqlite','origin':'test'}");
	open_data(s);
	OK(s, rfa_sim_tree_put(s->sim_prod, DIR, dir, &s->err));
	OK(s, rfa_sim_tree_put(s->sim_prod, DB_NEW, db, &s->err));
	for (int what = 0; what < (int)until; what++) {
		char op[16];
		(void)snprintf(op, sizeof(op), "p%d", what);
		struct rfa_job_key key = { RUN, "prepare", op };
		OK(s, ask(s, (enum what)what, &key));
	}
	json_decref(dir);
	json_decref(db);
}

/* What the host is like; the jobs tell how often something was tried. */
static json_t *world_of(struct small *s)
{
	json_t *shared = seen(s, s->sim_prod, RFA_SIM_TREES | RFA_SIM_OWN | RFA_SIM_FILES), *run;
	json_t *out = json_deep_copy(shared);
	const char *id;
	json_object_foreach (json_object_get(json_object_get(out, "own"), "runs"), id, run) {
		json_object_del(run, "jobs");
	}
	/* An inode is a new one where something was made a second time. */
	json_t *own = json_object_get(out, "own"), *each;
	const char *path;
	json_object_foreach (json_object_get(out, "trees"), path, each) {
		json_object_del(each, "entry");
	}
	json_object_foreach (json_object_get(own, "copies"), path, each) {
		json_object_del(each, "entry");
	}
	json_decref(shared);
	return out;
}

static unsigned one(enum what what, struct rfa_sim_fault fault, const json_t *wanted)
{
	struct small s;
	int rc = -1;
	prepare(&s, what);
	fault.at = rfa_sim_calls(s.world);
	OK(&s, rfa_sim_plan(s.world, &fault, &s.err));
	for (int i = 0; rc && i < 4; i++) {
		char op[16];
		(void)snprintf(op, sizeof(op), "%d.x", i);
		struct rfa_job_key key = { RUN, "test", op };
		rc = ask(&s, what, &key);
		rfa_sim_recover(s.world);
		struct rfa_clock *clock = rfa_sim_clock(s.world);
		clock->sleep_ms(clock, 60000);
	}
	if (rc)
		fail_msg("%s: %s", rfa_sim_fired(s.world), s.err.msg);
	json_t *is = world_of(&s);
	struct rfa_buf text = RFA_BUF_INIT(1u << 20);
	rfa_sim_diff(wanted, is, &text);
	if (text.len)
		fail_msg("%s: %s", rfa_sim_fired(s.world), rfa_buf_str(&text));
	rfa_buf_release(&text);
	json_decref(is);
	unsigned fired = rfa_sim_fired_count(s.world);
	small_close(&s);
	return fired;
}

static void test_every_change_under_every_fault(void **state)
{
	(void)state;
	for (int what = 0; what < WHATS; what++) {
		struct small s;
		/* Where its middle is, is a matter of the swap alone. */
		unsigned fired = 0, lags = what == SWAP ? 4 : 1;
		prepare(&s, (enum what)what);
		OK(&s, ask(&s, (enum what)what, KEY("test", "0.x")));
		json_t *wanted = world_of(&s);
		small_close(&s);
		for (int kind = 0; kind < RFA_SIM_FAULT_COUNT; kind++)
			for (uint64_t lag = 0; lag < lags; lag++)
				fired +=
				    one((enum what)what,
					(struct rfa_sim_fault){
					    .kind = (enum rfa_sim_fault_kind)kind, .lag = lag },
					wanted);
		/* Eleven kinds at each job, two more where something changes, one where it grows.
		 */
		assert_int_equal(fired / lags, what == VERIFY ? 11
					       : what == SWAP || what == FORGET || what == REMOVE
						   ? 13
						   : 14);
		json_decref(wanted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_change_under_every_fault),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
