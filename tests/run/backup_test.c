/*
 * Backups: what a vault and the ledger hold afterwards, what is refused and what is told of damage;
 * restores and drills.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/run/vault_bench.h"

/* Backup. */

static void test_backup(void **state)
{
	struct bench b;
	json_t *m;

	(void)state;
	bench_open(&b, SCENARIO_DATA);
	backup(&b, "prod", ID);
	assert_as_before(&b);
	assert_vault(&b, ID " ");
	assert_told(rfa_buf_str(&b.x.lines), "target.receive both sides are one host");
	assert_string_equal(b.result.version, ID);
	assert_string_equal(b.result.point, "");
	m = ledger_json(&b, "backups/prod/app/" ID ".json");
	assert_non_null(m);
	assert_string_equal(rfa_facts_str(m, "set", ""), "data");
	assert_string_equal(rfa_facts_str(m, "run", ""), b.result.run);
	assert_string_equal(rfa_facts_str(m, "where", ""), "prod");
	assert_string_equal(rfa_facts_str(m, "vault", ""), WORLD_VAULT);
	assert_string_equal(rfa_facts_str(m, "members/0/name", ""), "auth");
	assert_int_equal(rfa_facts_int(m, "members/0/mode", 0), 0600);
	assert_int_equal(rfa_facts_int(m, "members/0/uid", 0), 1000);
	assert_int_equal(strlen(rfa_facts_str(m, "members/0/sha256", "")), 64);
	assert_string_equal(rfa_facts_str(m, "containers/0/ref", ""), "frontend:v1");
	json_decref(m);

	/* The same once more: its name is taken. */
	assert_int_equal(run(&b, world_backup_plan(&b.w, "prod", ID)), -RFA_EREFUSED);
	assert_told(b.err.msg, "there is a backup " ID);
	assert_vault(&b, ID " ");
	bench_close(&b);
}

/* Single files of the host go along, and come back only when they are asked for. */
static void test_files(void **state)
{
	json_t *files;
	struct bench b;
	json_t *plan;
	json_t *m;

	(void)state;
	bench_open(&b, SCENARIO_DATA);
	files = json_pack("[s]", "/opt/app/config.json");
	json_object_set_new(rfa_facts_at(b.w.plan, "target/stack"), "backup",
			    json_pack("{s:O}", "files", files));
	backup(&b, "prod", ID);
	m = ledger_json(&b, "backups/prod/app/" ID ".json");
	assert_int_equal(json_array_size(json_object_get(m, "members")), 4);
	assert_string_equal(rfa_facts_str(m, "members/2/name", ""), "file.config.json");
	json_decref(m);

	assert_int_equal(rfa_sim_file_put(b.w.prod, "/opt/app/config.json", 0600,
					  "{\"base_url\": \"http://10.88.0.12/new\"}", &b.err),
			 0);
	assert_int_equal(run(&b, world_restore_plan(&b.w, "restore", "prod", "prod", ID)), 0);
	assert_null(strstr(rfa_sim_trace(b.w.sim), ".config.json.new"));
	plan = with(world_restore_plan(&b.w, "restore", "prod", "prod", ID), "members",
		    json_pack("[s]", "file.config.json"));
	assert_int_equal(run(&b, plan), 0);
	assert_non_null(strstr(rfa_sim_trace(b.w.sim), ".config.json.new"));
	json_decref(files);
	bench_close(&b);
}

static void test_images(void **state)
{
	struct bench b;
	json_t *m;

	(void)state;
	bench_open(&b, SCENARIO_DATA);
	assert_int_equal(run(&b, world_backup_plan(&b.w, "prod", "20261122-100100-prod-images")),
			 0);
	assert_as_before(&b);
	assert_vault(&b, "20261122-100100-prod-images ");
	assert_null(strstr(rfa_sim_trace(b.w.sim), "container_stop"));
	m = ledger_json(&b, "backups/prod/app/20261122-100100-prod-images.json");
	assert_string_equal(rfa_facts_str(m, "version", ""), "v1");
	assert_int_equal(json_array_size(json_object_get(m, "images")), 4);
	assert_string_equal(rfa_facts_str(m, "members/0/name", ""), "images");
	json_decref(m);
	/* Which no data comes out of. */
	assert_int_equal(run(&b, world_restore_plan(&b.w, "restore", "prod", "test",
						    "20261122-100100-prod-images")),
			 -RFA_EREFUSED);
	assert_told(b.err.msg, "is of the images of app");
	assert_as_before(&b);
	bench_close(&b);
}

/* What no engine has any more comes out of the vault, and runs again. */
static void test_images_back(void **state)
{
	static const char id[] = "20261122-100100-test-images";
	char path[200];
	struct bench b;
	json_t *plan, *env, *point;

	(void)state;
	bench_open(&b, SCENARIO_RUN);
	assert_int_equal(run(&b, world_backup_plan(&b.w, "test", id)), 0);
	plan = world_restore_plan(&b.w, "restore-images", "test", "prod", id);
	json_object_set_new(json_object_get(plan, "options"), "data_backup", json_string(ID));
	assert_int_equal(run(&b, plan), 0);
	assert_string_equal(b.result.version, "v2");
	/* What it leaves names the data of its time, and not where the images came from. */
	snprintf(path, sizeof(path), "points/prod/app/%s.json", b.result.point);
	point = ledger_json(&b, path);
	assert_string_equal(rfa_facts_str(point, "backup", ""), ID);
	json_decref(point);
	assert_told(rfa_buf_str(&b.x.lines), "step-done target.load");
	env = ledger_json(&b, "environments/prod/app.json");
	assert_string_equal(rfa_facts_str(env, "version", ""), "v2");
	json_decref(env);

	/* Once more: there is nothing to read. */
	assert_int_equal(run(&b, world_restore_plan(&b.w, "restore-images", "test", "prod", id)),
			 0);
	assert_told(rfa_buf_str(&b.x.lines), "source.open the target has every image");

	/* One that is not there, and one that holds something else. */
	plan = world_restore_plan(&b.w, "restore-images", "test", "prod",
				  "20261122-100101-test-images");
	assert_int_equal(run(&b, plan), -RFA_EREFUSED);
	assert_told(b.err.msg, "there is no complete backup");

	/* A container that it knows nothing of. */
	json_array_append_new(rfa_facts_at(b.w.plan, "target/stack/containers"),
			      json_string("new"));
	assert_int_equal(run(&b, world_restore_plan(&b.w, "restore-images", "test", "prod", id)),
			 -RFA_EREFUSED);
	assert_told(b.err.msg, "has no image for new");
	bench_close(&b);
}

static size_t images_on(struct bench *b, const char *tag, char id[128])
{
	json_t *all = NULL, *one, *name;
	size_t i, k, n;

	assert_int_equal(b->w.target->engine->list(b->w.target, RFA_IMAGE, &all, &b->err), 0);
	json_array_foreach (all, i, one)
		json_array_foreach (json_object_get(one, "RepoTags"), k, name)
			if (!strcmp(json_string_value(name), tag))
				snprintf(id, 128, "%s", rfa_facts_str(one, "Id", ""));
	n = json_array_size(all);
	json_decref(all);
	return n;
}

/* They are loaded, compared, made containers of, and gone again; no tag has moved. */
static void test_images_tried_out(void **state)
{
	static const char id[] = "20261122-100100-test-images";
	const struct rfa_sim_layer layer = { "of somebody else", 40000 };
	char before[128] = "", after[128] = "";
	struct bench b;
	json_t *plan, *drill;
	size_t n;

	(void)state;
	bench_open(&b, SCENARIO_RUN);
	assert_int_equal(run(&b, world_backup_plan(&b.w, "test", id)), 0);
	/* Another image has the tag there that one of the backup had. */
	assert_int_equal(rfa_sim_image_add(b.w.prod, "backend:v2", &layer, 1, NULL, &b.err), 0);
	n = images_on(&b, "backend:v2", before);
	plan = world_restore_plan(&b.w, "drill-images", "test", "prod", id);
	json_object_set_new(json_object_get(plan, "options"), "set", json_string("images"));
	assert_int_equal(run(&b, json_incref(plan)), 0);
	assert_told(rfa_buf_str(&b.x.lines), "step-done target.load");
	assert_told(rfa_buf_str(&b.x.lines), "step-done target.try");
	assert_int_equal(images_on(&b, "backend:v2", after), n);
	assert_string_equal(before, after);
	drill = ledger_json(&b, "drills/prod/app.images.json");
	assert_true(rfa_facts_bool(drill, "proven", 0));
	assert_string_equal(rfa_facts_str(drill, "backup", ""), id);
	assert_string_equal(rfa_facts_str(drill, "of", ""), "test");
	json_decref(drill);
	/* An image that makes no container. */
	rfa_sim_mutate(b.w.sim, RFA_SIM_MUTATION_LOAD_DOES_NOTHING);
	assert_true(run(&b, plan) < 0);
	drill = ledger_json(&b, "drills/prod/app.images.json");
	assert_false(rfa_facts_bool(drill, "proven", 1));
	assert_string_equal(rfa_facts_str(drill, "last_proven/backup", ""), id);
	json_decref(drill);
	bench_close(&b);
}

static void test_images_of_data(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, SCENARIO_DATA);
	backup(&b, "prod", ID);
	assert_int_equal(run(&b, world_restore_plan(&b.w, "restore-images", "prod", "prod", ID)),
			 -RFA_EREFUSED);
	assert_told(b.err.msg, "is of the data of app");
	assert_as_before(&b);
	bench_close(&b);
}

/* To a vault on another host: what travels is proven, as ever. */
static void test_elsewhere(void **state)
{
	struct bench b;
	json_t *plan;
	json_t *m;

	(void)state;
	bench_open(&b, SCENARIO_DATA);
	plan = world_backup_plan(&b.w, "prod", "20261122-100100-test-data");
	json_object_set(plan, "source", json_object_get(b.w.plan, "source"));
	b.w.options.hosts[RFA_SOURCE] = b.w.source;
	assert_int_equal(run(&b, plan), 0);
	assert_told(rfa_buf_str(&b.x.lines), "step-done target.receive");
	assert_as_before(&b);
	m = ledger_json(&b, "backups/test/app/20261122-100100-test-data.json");
	assert_string_equal(rfa_facts_str(m, "where", ""), "prod");
	json_decref(m);
	bench_close(&b);
}

static void test_corrupt(void **state)
{
	struct bench b;
	json_t *plan;

	(void)state;
	bench_open(&b, SCENARIO_DATA_CORRUPT);
	plan = world_backup_plan(&b.w, "test", "20261122-100100-test-data");
	assert_int_equal(run(&b, plan), -RFA_EROLLED_BACK);
	assert_told(b.err.msg, "the database auth is not whole");
	assert_as_before(&b);
	assert_null(ledger_json(&b, "backups/test/app/20261122-100100-test-data.json"));
	bench_close(&b);
}

/* Restore. */

static void test_restore(void **state)
{
	struct bench b;
	json_t *data;
	json_t *plan;

	(void)state;
	bench_open(&b, SCENARIO_DATA);
	backup(&b, "prod", ID);
	assert_int_equal(run(&b, world_restore_plan(&b.w, "restore", "prod", "test", ID)), 0);
	assert_data(&b, "test", "prod");
	assert_data(&b, "prod", "prod");
	data = ledger_json(&b, "data/test/app.json");
	assert_string_equal(rfa_facts_str(data, "backup", ""), ID);
	assert_string_equal(rfa_facts_str(data, "flow", ""), "restore");
	json_decref(data);
	assert_int_equal(strncmp(b.result.point, "data-", 5), 0);

	/* One member: the others stay as they are. */
	plan = with(world_restore_plan(&b.w, "restore", "prod", "prod", ID), "members",
		    json_pack("[s]", "es"));
	b.w.options.clock->sleep_ms(b.w.options.clock, 60000);
	assert_int_equal(run(&b, plan), 0);
	assert_data(&b, "prod", "prod");
	assert_null(strstr(rfa_sim_trace(b.w.sim), "prod tree_unpack auth"));
	bench_close(&b);
}

/* Wiped, and restored. */
static void test_wiped(void **state)
{
	struct bench b;
	struct rfa_buf why = RFA_BUF_INIT(4096);

	(void)state;
	bench_open(&b, SCENARIO_DATA);
	backup(&b, "prod", ID);
	rfa_sim_file_drop(b.w.prod, "/opt/app/data/auth.db");
	rfa_sim_file_drop(b.w.prod, "/srv/stacks/shop/files");
	assert_false(world_data_is(&b.w, "prod", "prod", &why));
	if (run(&b, world_restore_plan(&b.w, "restore", "prod", "prod", ID)))
		fail_msg("%s", b.err.msg);
	assert_data(&b, "prod", "prod");
	rfa_buf_release(&why);
	bench_close(&b);
}

static void refused(struct bench *b, json_t *plan, const char *gate, const char *told)
{
	struct rfa_buf text = RFA_BUF_INIT(65536);

	assert_int_equal(run(b, plan), -RFA_EREFUSED);
	assert_int_equal(b->result.final, RFA_FINAL_FAILED);
	rfa_buf_printf(&text, "%s", b->err.msg);
	assert_told(rfa_buf_str(&text), told);
	assert_told(b->err.where, gate);
	rfa_buf_release(&text);
}

static void test_restore_gates(void **state)
{
	struct bench b;
	json_t *plan;

	(void)state;
	bench_open(&b, SCENARIO_DATA);
	backup(&b, "prod", ID);
	refused(&b,
		world_restore_plan(&b.w, "restore", "prod", "test", "20260101-000000-prod-data"),
		"gate 'backup'", "there is no complete backup 20260101-000000-prod-data");
	plan = with(world_restore_plan(&b.w, "restore", "prod", "test", ID), "members",
		    json_pack("[s]", "none"));
	refused(&b, plan, "gate 'backup'", "rfa.json has no member none");
	plan = own(world_restore_plan(&b.w, "restore", "prod", "test", ID));
	json_object_del(rfa_facts_at(plan, "target/stack/data/members"), "es");
	refused(&b, plan, "gate 'backup'", "does not know the member es of the backup");
	plan = own(world_restore_plan(&b.w, "restore", "prod", "test", ID));
	json_object_set_new(rfa_facts_at(plan, "target/stack/data/members"), "more",
			    json_pack("{s:s}", "directory", "/srv/more"));
	refused(&b, plan, "gate 'backup'", "has no member more");
	plan = own(world_restore_plan(&b.w, "drill", "prod", "test", ID));
	assert_int_equal(rfa_sim_container_stop(b.w.test, "frontend", &b.err), 0);
	refused(&b, plan, "gate 'target runs'", "the container frontend on test does not run");
	/* Refused for a reason of its own, a drill says nothing of the backup. */
	assert_null(ledger_json(&b, "drills/test/app.json"));
	bench_close(&b);
}

static json_t *forced(json_t *plan)
{
	return with(own(plan), "force_reason", json_string("the disk died"));
}

/* A backup in its own data would be swapped with it, and grow with each one. */
static void test_a_vault_in_the_data(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, SCENARIO_DATA);
	refused(&b,
		with(own(world_backup_plan(&b.w, "prod", ID)), "vault",
		     json_string("/srv/stacks/shop/files/backups")),
		"gate 'members'",
		"the member files (/srv/stacks/shop/files) and /srv/stacks/shop/files/backups, "
		"where rfa keeps its own files, overlap on prod");
	bench_close(&b);
}

/* Where others can swap a directory, root would write to where they want it. */
static void test_a_vault_of_somebody_else(void **state)
{
	static const char file[] = "{\"directory\": true, \"mode\": %d, \"uid\": %d, \"gid\": %d}";
	static const struct {
		int mode, uid, gid;
		const char *told;
	} cases[] = {
		{ 0755, 1000, 1000, "owner 1000, group 1000, mode 755" },
		{ 0777, 0, 0, "owner 0, group 0, mode 777" },
		{ 0775, 0, 50, "owner 0, group 50, mode 775" },
		{ 01777, 0, 0, NULL },
		{ 0775, 0, 0, NULL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[128];
		struct world_edit edits[WORLD_EDITS] = { { "hosts|prod|files|/var/backups",
							   text } };
		struct bench b;
		json_t *plan;

		snprintf(text, sizeof(text), file, cases[i].mode, cases[i].uid, cases[i].gid);
		bench_open_edited(&b, edits);
		plan = world_backup_plan(&b.w, "prod", ID);
		if (cases[i].told) {
			refused(&b, json_incref(plan), "gate 'vault'", cases[i].told);
			plan = forced(plan);
		}
		assert_int_equal(run(&b, plan), 0);
		bench_close(&b);
	}
}

/* A disk that is not mounted is an empty folder. */
static void test_an_empty_vault(void **state)
{
	struct bench b;
	json_t *plan;

	(void)state;
	bench_open(&b, SCENARIO_DATA);
	plan = with(own(world_backup_plan(&b.w, "prod", ID)), "known", json_string(""));
	assert_int_equal(run(&b, plan), 0);
	plan = with(own(world_backup_plan(&b.w, "prod", "20261123-100100-prod-data")), "known",
		    json_string(ID));
	assert_int_equal(run(&b, plan), 0);
	bench_close(&b);

	bench_open(&b, SCENARIO_DATA);
	refused(&b,
		with(own(world_backup_plan(&b.w, "prod", ID)), "known",
		     json_string("20261101-100100-prod-data")),
		"gate 'vault'", "has no backup, though 20261101-100100-prod-data was made there");
	plan = with(own(world_backup_plan(&b.w, "prod", ID)), "known",
		    json_string("20261101-100100-prod-data"));
	assert_int_equal(run(&b, forced(plan)), 0);
	assert_vault(&b, ID " ");
	bench_close(&b);
}

/* The file with the address may be what a backup brings back: its own environment's only. */
static void test_restore_forced(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, SCENARIO_DATA);
	backup(&b, "prod", ID);
	rfa_sim_file_drop(b.w.prod, "/opt/app/config.json");
	rfa_sim_file_drop(b.w.test, "/opt/app/config.json");
	refused(&b, own(world_restore_plan(&b.w, "restore", "prod", "prod", ID)), "gate 'base URL'",
		"/opt/app/config.json on prod");
	assert_told(b.err.hint, "--force --reason");
	refused(&b, forced(world_restore_plan(&b.w, "restore", "prod", "test", ID)),
		"gate 'base URL'", "/opt/app/config.json on test");
	assert_null(strstr(b.err.hint, "--force"));
	if (run(&b, forced(world_restore_plan(&b.w, "restore", "prod", "prod", ID))))
		fail_msg("%s (%s)", b.err.msg, b.err.where);
	assert_told(rfa_buf_str(&b.x.lines), "target.base-url the target had none of its own");
	assert_data(&b, "prod", "prod");
	bench_close(&b);
}

/* A container that has done its work is no reason against a drill, if somebody says so. */
static void test_drill_forced(void **state)
{
	struct bench b;
	json_t *drill;

	(void)state;
	bench_open(&b, SCENARIO_DATA);
	backup(&b, "prod", ID);
	json_object_set_new(rfa_facts_at(b.w.plan, "source/stack"), "checks", json_array());
	assert_int_equal(rfa_sim_container_stop(b.w.test, "frontend", &b.err), 0);
	if (run(&b, forced(world_restore_plan(&b.w, "drill", "prod", "test", ID))))
		fail_msg("%s (%s)", b.err.msg, b.err.where);
	drill = ledger_json(&b, "drills/test/app.json");
	assert_true(rfa_facts_bool(drill, "proven", 0));
	json_decref(drill);
	assert_int_equal(rfa_sim_container_stop(b.w.test, "backend", &b.err), 0);
	assert_int_equal(rfa_sim_container_stop(b.w.test, "shop-web-1", &b.err), 0);
	assert_int_equal(rfa_sim_container_stop(b.w.test, "shop-es-1", &b.err), 0);
	refused(&b, forced(world_restore_plan(&b.w, "drill", "prod", "test", ID)),
		"gate 'target runs'", "nothing of this stack runs on test");
	bench_close(&b);
}

/* Damage. */

static const struct {
	const char *what, *told;
} damages[] = {
	{ "flip a chunk", "was changed" },
	{ "drop a chunk", "is missing" },
	{ "drop a list", "member auth is missing" },
	{ "add a file", "is none of it" },
	{ "drop the second manifest", "replication_manifest.json is missing" },
};

static void damage(struct bench *b, size_t which)
{
	json_t *files = rfa_sim_files_in(b->w.prod, WORLD_VAULT "/" ID "/chunks");
	const char *chunk = json_string_value(json_array_get(files, 0));

	assert_non_null(chunk);
	switch (which) {
	case 0:
		assert_int_equal(rfa_sim_file_flip(b->w.prod, chunk, &b->err), 0);
		break;
	case 1:
		rfa_sim_file_drop(b->w.prod, chunk);
		break;
	case 2:
		rfa_sim_file_drop(b->w.prod, WORLD_VAULT "/" ID "/auth.chunks");
		break;
	case 3:
		assert_int_equal(rfa_sim_file_put(b->w.prod, WORLD_VAULT "/" ID "/more.chunks",
						  0600, "x", &b->err),
				 0);
		break;
	default:
		rfa_sim_file_drop(b->w.prod, WORLD_VAULT "/" ID "/replication_manifest.json");
		break;
	}
	json_decref(files);
}

/* Named, refused before anything stops, and a drill remembers it. */
static void test_damage(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		struct bench b;
		json_t *drill;

		bench_open(&b, SCENARIO_DATA);
		backup(&b, "prod", ID);
		assert_int_equal(run(&b, world_restore_plan(&b.w, "drill", "prod", "test", ID)), 0);
		damage(&b, i);
		assert_int_not_equal(
		    run(&b, world_restore_plan(&b.w, "restore", "prod", "test", ID)), 0);
		assert_int_equal(b.result.final, RFA_FINAL_FAILED);
		assert_told(b.err.msg, damages[i].told);
		assert_null(strstr(rfa_buf_str(&b.x.lines), "target.stop"));
		drill = ledger_json(&b, "drills/test/app.json");
		assert_true(rfa_facts_bool(drill, "proven", 0));
		json_decref(drill);

		assert_int_not_equal(run(&b, world_restore_plan(&b.w, "drill", "prod", "test", ID)),
				     0);
		drill = ledger_json(&b, "drills/test/app.json");
		assert_false(rfa_facts_bool(drill, "proven", 1));
		assert_told(rfa_facts_str(drill, "why", ""), damages[i].told);
		assert_string_equal(rfa_facts_str(drill, "run", ""), b.result.run);
		assert_string_equal(rfa_facts_str(drill, "last_proven/backup", ""), ID);
		json_decref(drill);
		assert_data(&b, "test", "test");
		bench_close(&b);
	}
}

/* Drill. */

static void test_drill(void **state)
{
	struct bench b;
	json_t *drill;

	(void)state;
	bench_open(&b, SCENARIO_DATA);
	backup(&b, "prod", ID);
	assert_int_equal(run(&b, world_restore_plan(&b.w, "drill", "prod", "test", ID)), 0);
	assert_as_before(&b);
	assert_data(&b, "test", "test");
	assert_told(rfa_buf_str(&b.x.lines), "step-done target.health\n");
	assert_told(rfa_buf_str(&b.x.lines), "step-done target.health2\n");
	drill = ledger_json(&b, "drills/test/app.json");
	assert_true(rfa_facts_bool(drill, "proven", 0));
	assert_string_equal(rfa_facts_str(drill, "backup", ""), ID);
	assert_string_equal(rfa_facts_str(drill, "of", ""), "prod");
	assert_string_equal(b.result.point, "");
	json_decref(drill);
	assert_null(ledger_json(&b, "data/test/app.json"));
	/* One whose manifest is gone is none. */
	rfa_sim_file_drop(b.w.prod, WORLD_VAULT "/" ID "/manifest.json");
	assert_int_equal(run(&b, world_restore_plan(&b.w, "drill", "prod", "test", ID)),
			 -RFA_EREFUSED);
	drill = ledger_json(&b, "drills/test/app.json");
	assert_false(rfa_facts_bool(drill, "proven", 1));
	json_decref(drill);
	bench_close(&b);
}

/* An application that does not like the backup's data: everything is as it was, and on record. */
static void test_drill_fails(void **state)
{
	struct bench b;
	json_t *drill;

	(void)state;
	bench_open(&b, SCENARIO_DATA_UNHEALTHY);
	backup(&b, "test", "20261122-100100-test-data");
	/* The backend on prod dislikes test's data. */
	assert_int_equal(
	    run(&b, world_restore_plan(&b.w, "drill", "test", "prod", "20261122-100100-test-data")),
	    -RFA_EROLLED_BACK);
	assert_as_before(&b);
	assert_data(&b, "prod", "prod");
	drill = ledger_json(&b, "drills/prod/app.json");
	assert_false(rfa_facts_bool(drill, "proven", 1));
	assert_told(rfa_facts_str(drill, "why", ""), "answers 500");
	json_decref(drill);
	bench_close(&b);
}

/* Whoever calls it off has proven nothing, and disproven nothing. */
static void test_drill_aborted(void **state)
{
	struct bench b;
	json_t *drill;
	json_t *plan;
	char id[RFA_RUN_ID_MAX];

	(void)state;
	bench_open(&b, SCENARIO_DATA);
	backup(&b, "prod", ID);
	assert_int_equal(run(&b, world_restore_plan(&b.w, "drill", "prod", "test", ID)), 0);
	plan = world_restore_plan(&b.w, "drill", "prod", "test", ID);
	watcher_begin_until(&b.x, plan, "target.swap-back", 1, &b.result);
	snprintf(id, sizeof(id), "%s", b.result.run);
	assert_int_equal(rfa_run_resume(&b.w.options, id, RFA_RESUME_ABORT, &b.result, &b.err),
			 -RFA_EABORTED);
	assert_as_before(&b);
	assert_data(&b, "test", "test");
	drill = ledger_json(&b, "drills/test/app.json");
	assert_true(rfa_facts_bool(drill, "proven", 0));
	json_decref(drill);
	json_decref(plan);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_backup),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_images),
		cmocka_unit_test(test_images_back),
		cmocka_unit_test(test_images_tried_out),
		cmocka_unit_test(test_images_of_data),
		cmocka_unit_test(test_elsewhere),
		cmocka_unit_test(test_corrupt),
		cmocka_unit_test(test_restore),
		cmocka_unit_test(test_wiped),
		cmocka_unit_test(test_restore_gates),
		cmocka_unit_test(test_an_empty_vault),
		cmocka_unit_test(test_a_vault_in_the_data),
		cmocka_unit_test(test_a_vault_of_somebody_else),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_drill),
		cmocka_unit_test(test_drill_fails),
		cmocka_unit_test(test_drill_aborted),
		cmocka_unit_test(test_restore_forced),
		cmocka_unit_test(test_drill_forced),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (getenv("RFA_TEST"))
		cmocka_set_test_filter(getenv("RFA_TEST"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
