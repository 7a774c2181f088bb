/* Backups of the simulated hosts: shared chunks, every damage, halves. */
#include "tests/unit/sim_data.h"

/* The vault. */

#define VAULT "/var/backups/rfa/app"

/* Stores TEST's files, as the spool has them, as backup `name`. */
static int64_t store(struct small *s, const char *name)
{
	struct rfa_job_key key = { RUN, "store.1", name };
	struct rfa_host *t = s->test;
	char manifest[256];
	json_t *out = NULL;
	OK(s, t->vault->store(t, &key, VAULT, name, "files", "images", &out, &s->err));
	(void)snprintf(manifest, sizeof(manifest),
		       "{\"members\":[{\"name\":\"files\",\"sha256\":\"%s\"}]}",
		       json_string_value(json_object_get(out, "sha256")));
	int64_t fresh = json_integer_value(json_object_get(out, "new_bytes"));
	json_decref(out);
	key.step = "seal.1";
	OK(s, t->vault->seal(t, &key, VAULT, name, manifest, &s->err));
	return fresh;
}

/* The problems of a backup, joined. */
static const char *problems(struct small *s, const char *name)
{
	static char text[2048];
	static unsigned tries;
	char op[32];
	json_t *out = NULL, *each;
	size_t i;
	(void)snprintf(op, sizeof(op), "v%u", ++tries);
	struct rfa_job_key key = { RUN, "verify.1", op };
	OK(s, s->test->vault->verify(s->test, &key, VAULT, name, &out, &s->err));
	text[0] = 0;
	json_array_foreach (json_object_get(out, "problems"), i, each) {
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s; ",
			       json_string_value(each));
	}
	assert_int_equal(json_is_true(json_object_get(out, "ok")), !text[0]);
	json_decref(out);
	return text;
}

/* A chunk's path. */
static const char *chunk_of(struct small *s, const char *name)
{
	static char path[256];
	char folder[128];
	(void)snprintf(folder, sizeof(folder), VAULT "/%s/chunks", name);
	json_t *all = rfa_sim_files_in(s->sim_test, folder);
	assert_int_equal(json_array_size(all), 3);
	(void)snprintf(path, sizeof(path), "%s", json_string_value(json_array_get(all, 1)));
	json_decref(all);
	return path;
}

static void open_vault(struct small *s)
{
	open_data(s);
	bring(s);
}

static void test_backups_share_chunks(void **state)
{
	struct small s;
	struct rfa_disk d[4];
	json_t *out = NULL, *list = NULL;
	(void)state;
	open_vault(&s);
	struct rfa_host *t = s.test;
	OK(&s, t->vault->list(t, VAULT, &list, &s.err));
	assert_int_equal(json_array_size(list), 0);
	json_decref(list);
	OK(&s, t->ops->disk(t, "/", &d[0], &s.err));
	int64_t all = store(&s, "b1");
	assert_in_range(all, 70000, 80000);
	OK(&s, t->ops->disk(t, "/", &d[1], &s.err));
	assert_in_range(d[0].bytes_free - d[1].bytes_free, all, all + 1000);
	assert_int_equal(store(&s, "b2"), 0);
	OK(&s, t->ops->disk(t, "/", &d[2], &s.err));
	assert_in_range(d[1].bytes_free - d[2].bytes_free, 1, 1000);
	assert_string_equal(problems(&s, "b1"), "");
	assert_string_equal(problems(&s, "b2"), "");
	/* Without the first the second is whole, and its bytes count. */
	OK(&s, t->vault->remove(t, KEY("r.1", "r"), VAULT, "b1", &s.err));
	OK(&s, t->vault->remove(t, KEY("r.2", "r"), VAULT, "b1", &s.err));
	OK(&s, t->ops->disk(t, "/", &d[3], &s.err));
	assert_int_equal(d[3].bytes_free, d[1].bytes_free);
	assert_string_equal(problems(&s, "b2"), "");
	OK(&s, t->vault->open(t, KEY("o.1", "o"), VAULT, "b2", "files", "again", &out, &s.err));
	json_t *packed = NULL;
	OK(&s, t->trees->pack(t, KEY("o.1", "p"), DIR_SNAP, "again", NULL, &packed, &s.err));
	assert_true(json_equal(out, packed));
	json_decref(packed);
	json_decref(out);
	OK(&s, t->vault->list(t, VAULT, &list, &s.err));
	assert_int_equal(json_array_size(list), 1);
	assert_true(json_is_object(json_object_get(json_array_get(list, 0), "manifest")));
	json_decref(list);
	/* Neither a served file nor one of rfa's own: a backup. */
	json_t *snap = seen(&s, s.sim_test, RFA_SIM_FILES | RFA_SIM_OWN);
	assert_int_equal(json_object_size(json_object_get(json_object_get(snap, "own"), "backups")),
			 1);
	assert_null(json_object_get(json_object_get(snap, "files"), VAULT "/b2/manifest.json"));
	json_decref(snap);
	small_close(&s);
}

static void test_every_damage_is_named(void **state)
{
	struct small s;
	json_t *out = NULL;
	(void)state;
	open_vault(&s);
	struct rfa_host *t = s.test;
	store(&s, "b1");
	store(&s, "b2");
	OK(&s, rfa_sim_file_flip(s.sim_test, chunk_of(&s, "b1"), &s.err));
	assert_non_null(strstr(problems(&s, "b1"), "was changed"));
	assert_non_null(strstr(problems(&s, "b2"), "was changed")); /* a hard link */
	REFUSED(&s, RFA_EMISMATCH,
		t->vault->open(t, KEY("o.1", "o"), VAULT, "b1", "files", "x", &out, &s.err));
	assert_non_null(strstr(s.err.msg, "was changed"));
	OK(&s, rfa_sim_file_flip(s.sim_test, chunk_of(&s, "b1"), &s.err));
	assert_string_equal(problems(&s, "b1"), "");
	OK(&s, rfa_sim_file_put(s.sim_test, VAULT "/b1/chunks/aa/x", 0600, "y", &s.err));
	assert_non_null(strstr(problems(&s, "b1"), "chunks/aa/x is none of it"));
	rfa_sim_file_drop(s.sim_test, VAULT "/b1/chunks/aa/x");
	rfa_sim_file_drop(s.sim_test, chunk_of(&s, "b1"));
	assert_non_null(strstr(problems(&s, "b1"), "is missing"));
	assert_string_equal(problems(&s, "b2"), "");
	rfa_sim_file_drop(s.sim_test, VAULT "/b2/files.chunks");
	assert_non_null(strstr(problems(&s, "b2"), "member files is missing"));
	REFUSED(&s, RFA_ENOTFOUND,
		t->vault->open(t, KEY("o.2", "o"), VAULT, "b2", "files", "x", &out, &s.err));
	rfa_sim_file_drop(s.sim_test, VAULT "/b2/replication_manifest.json");
	assert_non_null(strstr(problems(&s, "b2"), "replication_manifest.json is missing"));
	OK(&s, rfa_sim_file_flip(s.sim_test, VAULT "/b1/manifest.json", &s.err));
	assert_non_null(strstr(problems(&s, "b1"), "manifest.json"));
	REFUSED(&s, RFA_ENOTFOUND, t->vault->verify(t, KEY("o.3", "v"), VAULT, "b3", &out, &s.err));
	small_close(&s);
}

static void test_halves_of_backups(void **state)
{
	struct small s;
	json_t *out = NULL, *list = NULL;
	(void)state;
	open_vault(&s);
	struct rfa_host *t = s.test;
	plan(&s, RFA_SIM_PARTIAL, 0);
	REFUSED(&s, RFA_EREMOTE,
		t->vault->store(t, KEY("h.1", "s"), VAULT, "b1", "files", "images", &out, &s.err));
	OK(&s, t->vault->list(t, VAULT, &list, &s.err));
	assert_true(json_is_null(json_object_get(json_array_get(list, 0), "manifest")));
	json_decref(list);
	plan(&s, RFA_SIM_NOSPACE, 0);
	REFUSED(&s, RFA_ENOSPACE,
		t->vault->store(t, KEY("h.2", "s"), VAULT, "b1", "files", "images", &out, &s.err));
	/* What was cut short is written again. */
	store(&s, "b1");
	assert_string_equal(problems(&s, "b1"), "");
	REFUSED(&s, RFA_EEXISTS,
		t->vault->store(t, KEY("h.3", "s"), VAULT, "b1", "files", "images", &out, &s.err));
	plan(&s, RFA_SIM_PARTIAL, 0);
	REFUSED(&s, RFA_EREMOTE, t->vault->remove(t, KEY("h.1", "r"), VAULT, "b1", &s.err));
	OK(&s, t->vault->list(t, VAULT, &list, &s.err));
	assert_true(json_is_null(json_object_get(json_array_get(list, 0), "manifest")));
	json_decref(list);
	plan(&s, RFA_SIM_PARTIAL, 0);
	REFUSED(&s, RFA_EREMOTE, t->vault->seal(t, KEY("h.1", "e"), VAULT, "b1", "{}", &s.err));
	assert_non_null(strstr(problems(&s, "b1"), "manifest.json is missing"));
	plan(&s, RFA_SIM_PARTIAL, 0);
	REFUSED(&s, RFA_EREMOTE,
		t->vault->open(t, KEY("h.1", "o"), VAULT, "b1", "files", "x", &out, &s.err));
	REFUSED(&s, RFA_EINTERNAL, t->vault->remove(t, KEY("h.2", "r"), VAULT, "../..", &s.err));
	small_close(&s);
}

static void test_planted_defects_of_vaults(void **state)
{
	struct small s;
	json_t *out = NULL;
	(void)state;
	open_vault(&s);
	rfa_sim_mutate(s.world, RFA_SIM_MUTATION_STORE_DROPS_CHUNK);
	store(&s, "b1");
	assert_non_null(strstr(problems(&s, "b1"), "is missing"));
	rfa_sim_mutate(s.world, RFA_SIM_MUTATION_VERIFY_LIES);
	assert_string_equal(problems(&s, "b1"), "");
	rfa_sim_mutate(s.world, RFA_SIM_MUTATION_SEAL_DOES_NOTHING);
	store(&s, "b2");
	OK(&s, s.test->vault->list(s.test, VAULT, &out, &s.err));
	assert_true(json_is_null(json_object_get(json_array_get(out, 1), "manifest")));
	json_decref(out);
	small_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_backups_share_chunks),
		cmocka_unit_test(test_every_damage_is_named),
		cmocka_unit_test(test_halves_of_backups),
		cmocka_unit_test(test_planted_defects_of_vaults),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
