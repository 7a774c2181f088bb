/* publish: what is built, what is not, what is refused, and what is left when it fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/facts.h"
#include "tests/harness/edits.h"
#include "tests/harness/watcher.h"

static const char *ref_of(struct rfa_host *host, const char *container, char out[128])
{
	struct rfa_error err;
	json_t *seen = NULL;

	assert_int_equal(host->engine->inspect(host, RFA_CONTAINER, container, &seen, &err), 0);
	snprintf(out, 128, "%s", rfa_facts_str(seen, "Config/Image", ""));
	json_decref(seen);
	return out;
}

static int has_image(struct rfa_host *host, const char *ref)
{
	struct rfa_error err;
	json_t *seen = NULL;
	int rc = host->engine->inspect(host, RFA_IMAGE, ref, &seen, &err);

	json_decref(seen);
	return rc == 0;
}

static json_t *ledger_file(struct world *w, const char *path)
{
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);
	struct rfa_error err;
	json_t *json = NULL;

	assert_int_equal(rfa_ledger_read(w->ledger, path, &text, &err), 0);
	assert_int_equal(rfa_facts_parse(&json, rfa_buf_str(&text), text.len, path, &err), 0);
	rfa_buf_release(&text);
	return json;
}

static size_t builds;
static void count_builds(void *user, uint64_t call, const char *label)
{
	(void)user;
	(void)call;
	builds += strstr(label, "image_build") != NULL;
}

static int publish(struct world *w, struct rfa_run_result *result, struct rfa_error *err)
{
	rfa_error_clear(err);
	builds = 0;
	rfa_sim_on_call(w->sim, count_builds, NULL);
	return rfa_run_begin(&w->options, w->plan, result, err);
}

/* Everything but api is built. */
static void test_publish(void **state)
{
	struct watcher x;
	struct rfa_run_result result;
	struct rfa_error err;
	struct world w;
	char ref[128];
	json_t *env, *image;
	size_t i;

	(void)state;
	world_make_sources(&w, SCENARIO_MIXED, 7, NULL, NULL);
	assert_int_equal(publish(&w, &result, &err), 0);
	assert_string_equal(result.version, "v3");
	assert_int_equal(builds, 3);
	assert_string_equal(ref_of(w.target, "backend", ref), "backend:v3");
	assert_string_equal(ref_of(w.target, "frontend", ref), "frontend:v3");
	assert_string_equal(ref_of(w.target, "shop-web-1", ref), "web:v3");
	assert_string_equal(ref_of(w.target, "shop-api-1", ref), "api:v1");

	/* The ledger knows all that runs, also what was not built. */
	env = ledger_file(&w, "environments/prod/app.json");
	assert_string_equal(rfa_facts_str(env, "version", ""), "v3");
	assert_int_equal(json_array_size(json_object_get(env, "images")), 4);
	json_array_foreach (json_object_get(env, "images"), i, image)
		assert_int_equal(strlen(rfa_facts_str(image, "identity", "")), 64);
	json_decref(env);

	/* Once more: nothing is built, nothing travels. */
	watcher_begin(&x, &w);
	assert_int_equal(publish(&w, &result, &err), 0);
	assert_int_equal(builds, 0);
	assert_non_null(strstr(rfa_buf_str(&x.all), "0 of 3 image(s) built"));
	watcher_end(&x);
	world_free(&w);
}

/* A version that does not serve goes, and its names on the builder with it. */
static void test_unhealthy(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err;
	struct world w;
	char ref[128];

	(void)state;
	world_make_sources(&w, SCENARIO_UNHEALTHY, 7, NULL, NULL);
	assert_int_equal(publish(&w, &result, &err), -RFA_EROLLED_BACK);
	assert_string_equal(ref_of(w.target, "backend", ref), "backend:v1");
	assert_false(has_image(w.source, "backend:v3"));
	assert_false(has_image(w.source, "frontend:v3"));
	world_free(&w);
}

/* Nobody knows yet that a new one ends: if it ends well, and nothing starts it again, it is well.
 */
static void test_first_that_ends(void **state)
{
	static const struct {
		const char *exit;
		enum rfa_final final;
	} rows[] = { { "\"0\"", RFA_FINAL_SUCCEEDED }, { "\"3\"", RFA_FINAL_ROLLED_BACK } };
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
#define FRONTEND "target|stack|bootstrap|containers|frontend|"
		const struct world_edit edits[WORLD_EDITS] = {
			{ "hosts|prod|containers|1", NULL },
			{ FRONTEND "Labels|sim.exit", rows[i].exit },
			{ FRONTEND "HostConfig|RestartPolicy", NULL },
			{ FRONTEND "HostConfig|PortBindings", NULL },
		};
		struct rfa_run_result result;
		struct rfa_error err;
		struct world w;

		world_make_sources(&w, SCENARIO_RUN, 7, world_edit_all, (void *)(uintptr_t)edits);
		(void)!publish(&w, &result, &err);
		if (result.final != rows[i].final)
			fail_msg("%zu: %s: %s", i, rfa_final_word(result.final), err.msg);
		if (result.final == RFA_FINAL_SUCCEEDED)
			assert_int_equal(rfa_sim_effects(w.prod, "container_start"), 2);
		else
			assert_non_null(strstr(err.msg, "has ended with exit status 3"));
		world_free(&w);
	}
}

/* What the builder says is told, and nothing was touched. */
static void test_build_fails(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err;
	struct world w;
	char ref[128];
	json_t *broken = json_pack("{s:s, s:s, s:{s:{s:s}}}", "commit", "c", "tree", "t",
				   "dockerfiles", "Dockerfile", "fails", "cc: error: main.c");

	(void)state;
	world_make_sources(&w, SCENARIO_RUN, 7, NULL, NULL);
	json_object_set_new(json_array_get(rfa_facts_at(w.plan, "options/sources"), 1), "tree",
			    json_string("t"));
	assert_int_equal(rfa_sim_source_put(w.test, WORLD_SOURCES "/frontend", broken, &err), 0);
	assert_int_not_equal(publish(&w, &result, &err), 0);
	assert_int_equal(result.final, RFA_FINAL_FAILED);
	assert_non_null(strstr(err.msg, "main.c"));
	assert_string_equal(ref_of(w.target, "backend", ref), "backend:v1");
	assert_false(has_image(w.source, "backend:v3")); /* it was built, and its name went */
	json_decref(broken);
	world_free(&w);
}

/* Between the plan and the build somebody saves a file. */
static void save_a_file(struct watcher *x, uint64_t call, const char *label)
{
	json_t *other =
	    json_pack("{s:s, s:b, s:s, s:{s:{s:[[si]], s:{}}}}", "commit", "c", "dirty", 1, "tree",
		      "another", "dockerfiles", "Dockerfile", "layers", "x", 5, "config");
	struct rfa_error err;

	(void)call;
	(void)label;
	assert_int_equal(rfa_sim_source_put(x->w->test, WORLD_SOURCES "/frontend", other, &err), 0);
	json_decref(other);
}

static void test_sources_change(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	struct watcher x;
	struct world w;

	(void)state;
	world_make_sources(&w, SCENARIO_RUN, 7, NULL, NULL);
	watcher_begin(&x, &w);
	snprintf(x.hook_step, sizeof(x.hook_step), "source.build");
	x.hook = save_a_file;
	assert_int_equal(rfa_run_begin(&w.options, w.plan, &result, &err), -RFA_EREFUSED);
	assert_int_equal(result.final, RFA_FINAL_FAILED);
	assert_non_null(strstr(err.msg, "frontend"));
	assert_non_null(strstr(err.msg, "have changed"));
	assert_false(has_image(w.source, "backend:v3"));
	watcher_end(&x);
	world_free(&w);
}

/* Gates. */

static json_t *source_of(json_t *setup, const char *name)
{
	json_t *all = rfa_facts_at(setup, "hosts/test/sources");
	char path[128];

	snprintf(path, sizeof(path), WORLD_SOURCES "/%s", name);
	return json_object_get(all, path);
}

static void be_dirty(json_t *setup, json_t *plan)
{
	json_object_set_new(source_of(setup, "backend"), "dirty", json_true());
	json_object_set_new(rfa_facts_at(plan, "target/stack/build"), "dirty",
			    json_string("refuse"));
}

static void lose_dockerfile(json_t *setup, json_t *plan)
{
	(void)setup;
	json_object_set_new(rfa_facts_at(plan, "target/stack/build/images/backend"), "dockerfile",
			    json_string("docker/Dockerfile"));
}

static void lose_context(json_t *setup, json_t *plan)
{
	(void)setup;
	json_object_set_new(rfa_facts_at(plan, "target/stack/build/images/backend"), "context",
			    json_string("/srv/src/gone"));
}

static void lose_builder(json_t *setup, json_t *plan)
{
	(void)plan;
	json_object_set_new(rfa_facts_at(setup, "hosts/test"), "builder_version", json_string(""));
}

static void be_for_another(json_t *setup, json_t *plan)
{
	(void)setup;
	json_object_set_new(rfa_facts_at(plan, "target/stack/build/images/backend"), "platform",
			    json_string("linux/arm64"));
}

static void be_for_nearly_it(json_t *setup, json_t *plan)
{
	(void)setup;
	json_object_set_new(rfa_facts_at(plan, "target/stack/build/images/backend"), "platform",
			    json_string("linux/amd64x"));
}

static void be_another_machine(json_t *setup, json_t *plan)
{
	(void)plan;
	json_object_set_new(rfa_facts_at(setup, "hosts/test"), "arch", json_string("arm64"));
}

static void take_the_name(json_t *setup, json_t *plan)
{
	(void)plan;
	json_array_append_new(rfa_facts_at(setup, "hosts/test/images"),
			      world_image("backend", "v3", "other", "200"));
}

static void take_the_name_there(json_t *setup, json_t *plan)
{
	(void)plan;
	json_array_append_new(rfa_facts_at(setup, "hosts/prod/images"),
			      world_image("backend", "v3", "other", "200"));
}

static void build_only_one(json_t *setup, json_t *plan)
{
	(void)setup;
	json_object_del(rfa_facts_at(plan, "target/stack/build/images"), "frontend");
	json_array_remove(rfa_facts_at(plan, "options/desired/images"), 1);
	json_array_clear(rfa_facts_at(setup, "hosts/prod/containers"));
}

static const struct {
	const char *gate, *text;
	void (*edit)(json_t *setup, json_t *plan);
} cases[] = {
	{ "sources", "not committed", be_dirty },
	{ "sources", "there is no file /srv/src/backend/docker/Dockerfile", lose_dockerfile },
	{ "sources", "there is no directory /srv/src/gone", lose_context },
	{ "builder", "cannot build images", lose_builder },
	{ "builder", "is built for linux/arm64", be_for_another },
	{ "builder", "is built for linux/amd64x", be_for_nearly_it },
	{ "builder", "is built on a machine that is arm64", be_another_machine },
	{ "version", "made from other sources", take_the_name },
	{ "version", "another image", take_the_name_there },
	{ "images", "build.images does not name it", build_only_one },
};

static void build_only_web(void *user, json_t *setup, json_t *plan)
{
	json_t *images = rfa_facts_at(plan, "options/desired/images");
	size_t i;

	(void)user;
	(void)setup;
	json_object_del(rfa_facts_at(plan, "target/stack/build/images"), "api");
	for (i = json_array_size(images); i-- > 0;)
		if (!strcmp(rfa_facts_str(json_array_get(images, i), "key", ""), "api"))
			json_array_remove(images, i);
}

/* A service that stands still on purpose: how a stack says which ones it is of. */
static void test_stands_still(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	struct world w;

	(void)state;
	world_make_sources(&w, SCENARIO_COMPOSE, 7, build_only_web, NULL);
	assert_int_equal(rfa_sim_container_stop(w.prod, "shop-api-1", &err), 0);
	assert_int_equal(rfa_run_begin(&w.options, w.plan, &result, &err), -RFA_EREFUSED);
	assert_non_null(strstr(err.msg, "shop-api-1 on prod does not run"));
	assert_non_null(strstr(err.hint, "compose.services"));
	world_free(&w);
}

static void edit_case(void *user, json_t *setup, json_t *plan)
{
	cases[*(const size_t *)user].edit(setup, plan);
}

/* Each is refused with its own words, and nothing is built. */
static void test_gates(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rfa_run_result result;
		struct rfa_error err = { 0 };
		struct watcher x;
		struct world w;

		world_make_sources(&w, SCENARIO_RUN, 7, edit_case, &i);
		watcher_begin(&x, &w);
		builds = 0;
		if (rfa_run_begin(&w.options, w.plan, &result, &err) != -RFA_EREFUSED ||
		    !watcher_is_refused(x.refused, cases[i].gate, cases[i].text))
			fail_msg("%s, %s: %s", cases[i].gate, cases[i].text, err.msg);
		assert_null(strstr(rfa_buf_str(&x.lines), "source.build"));
		watcher_end(&x);
		world_free(&w);
	}
}

/* A preview says what would be built, and builds nothing. */
static void test_preview(void **state)
{
	struct rfa_error err = { 0 };
	json_t *seen = NULL;
	struct world w;

	(void)state;
	world_make_sources(&w, SCENARIO_RUN, 7, NULL, NULL);
	assert_int_equal(rfa_run_preview(&w.options, w.plan, &seen, &err), 0);
	assert_string_equal(rfa_facts_str(seen, "verdict", ""), "changes");
	assert_int_equal(json_array_size(json_object_get(seen, "changes")), 2);
	assert_string_equal(
	    rfa_facts_str(json_array_get(json_object_get(seen, "changes"), 0), "then", ""), "v3");
	assert_string_equal(
	    rfa_facts_str(json_array_get(json_object_get(seen, "changes"), 0), "detail", ""),
	    "is built");
	assert_false(has_image(w.source, "backend:v3"));
	json_decref(seen);
	world_free(&w);
}

/* One version, one recipe. */

/* The same files, and another build argument: that is another image. */
static void test_other_arguments(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err;
	struct world w;

	(void)state;
	world_make_sources(&w, SCENARIO_RUN, 7, NULL, NULL);
	assert_int_equal(publish(&w, &result, &err), 0);
	json_object_set_new(rfa_facts_at(w.plan, "target/stack/build/images/backend/args"), "NODE",
			    json_string("20"));
	assert_int_equal(publish(&w, &result, &err), -RFA_EREFUSED);
	assert_int_equal(builds, 0);
	world_free(&w);
}

/* Somebody gives the name to an image of his own while the run is on its way. */
static void take_it_now(struct watcher *x, uint64_t call, const char *label)
{
	static const struct rfa_sim_layer layers[] = { { "other", 5 } };
	json_t *config = json_object();
	struct rfa_error err;

	(void)call;
	(void)label;
	assert_int_equal(rfa_sim_image_add(x->w->test, "backend:v3", layers, 1, config, &err), 0);
	json_decref(config);
}

static void test_name_taken_meanwhile(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	struct watcher x;
	struct world w;

	(void)state;
	world_make_sources(&w, SCENARIO_RUN, 7, NULL, NULL);
	watcher_begin(&x, &w);
	snprintf(x.hook_step, sizeof(x.hook_step), "source.build");
	x.hook = take_it_now;
	assert_int_equal(rfa_run_begin(&w.options, w.plan, &result, &err), -RFA_EREFUSED);
	assert_int_equal(result.final, RFA_FINAL_FAILED);
	assert_true(has_image(w.source, "backend:v3")); /* it is his */
	watcher_end(&x);
	world_free(&w);
}

/* A file is saved while the builder builds. */
static void save_while_building(void *user, uint64_t call, const char *label)
{
	struct watcher x = { .w = user };

	if (strstr(label, "image_build"))
		save_a_file(&x, call, label);
}

static void test_sources_change_while_building(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	struct world w;

	(void)state;
	world_make_sources(&w, SCENARIO_RUN, 7, NULL, NULL);
	json_object_del(rfa_facts_at(w.plan, "target/stack/build/images"), "backend");
	json_array_remove(rfa_facts_at(w.plan, "options/desired/images"), 0);
	rfa_sim_on_call(w.sim, save_while_building, &w);
	assert_int_equal(rfa_run_begin(&w.options, w.plan, &result, &err), -RFA_EREFUSED);
	assert_non_null(strstr(err.msg, "have changed"));
	assert_false(has_image(w.source, "frontend:v3"));
	world_free(&w);
}

/* The environment builds for itself. */

static void build_there(void *user, json_t *setup, json_t *plan)
{
	(void)user;
	json_object_set(rfa_facts_at(setup, "hosts/prod"), "sources",
			rfa_facts_at(setup, "hosts/test/sources"));
	json_object_set(plan, "source", rfa_facts_at(plan, "target"));
	json_object_del(rfa_facts_at(setup, "hosts/test"), "sources");
}

static void test_one_host(void **state)
{
	enum scenario s;

	(void)state;
	for (s = SCENARIO_RUN; s <= SCENARIO_UNHEALTHY; s++) {
		struct rfa_run_result result;
		struct rfa_buf why = RFA_BUF_INIT(4096);
		struct rfa_error err;
		struct world w;
		char ref[128];
		int ok = s != SCENARIO_UNHEALTHY;

		if (s == SCENARIO_FIRST)
			continue;
		world_make_sources(&w, s, 7, build_there, NULL);
		w.options.hosts[RFA_SOURCE] = w.target;
		if (publish(&w, &result, &err) != (ok ? 0 : -RFA_EROLLED_BACK))
			fail_msg("%s: %s", scenario_word(s), err.msg);
		if (s != SCENARIO_COMPOSE) {
			assert_string_equal(ref_of(w.target, "backend", ref),
					    ok ? "backend:v3" : "backend:v1");
			assert_int_equal(has_image(w.target, "backend:v3"), ok);
		}
		if (!world_is_clean(&w, &why))
			fail_msg("%s: %s", scenario_word(s), rfa_buf_str(&why));
		rfa_buf_release(&why);
		world_free(&w);
	}
}

/* What is not built. */

static void only_backend(void *user, json_t *setup, json_t *plan)
{
	(void)user;
	(void)setup;
	json_object_del(rfa_facts_at(plan, "target/stack/build/images"), "frontend");
	json_array_remove(rfa_facts_at(plan, "options/desired/images"), 1);
}

static char *id_of(struct rfa_host *host, const char *container, char out[128])
{
	struct rfa_error err;
	json_t *seen = NULL;

	assert_int_equal(host->engine->inspect(host, RFA_CONTAINER, container, &seen, &err), 0);
	snprintf(out, 128, "%s%s", rfa_facts_str(seen, "Id", ""),
		 json_is_true(rfa_facts_at(seen, "State/Running")) ? "" : " stopped");
	json_decref(seen);
	return out;
}

/* Somebody has stopped the frontend, and knows why: nothing would start it but the run. */
static void test_stopped(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	struct watcher x;
	struct world w;
	char before[128], after[128];

	(void)state;
	world_make_sources(&w, SCENARIO_RUN, 7, only_backend, NULL);
	assert_int_equal(rfa_sim_container_stop(w.prod, "frontend", &err), 0);
	id_of(w.target, "frontend", before);
	watcher_begin(&x, &w);
	assert_int_equal(rfa_run_begin(&w.options, w.plan, &result, &err), -RFA_EREFUSED);
	assert_true(watcher_is_refused(x.refused, "images", "frontend on prod does not run"));
	assert_string_equal(id_of(w.target, "frontend", after), before);
	watcher_end(&x);
	world_free(&w);
}

/* What the builder is asked for. */

static void say_all(void *user, json_t *setup, json_t *plan)
{
	json_t *file = rfa_facts_at(source_of(setup, "backend"), "dockerfiles");
	json_t *layers = json_pack("[[ss], [si]]", "x", "y", "node-${NODE}", 7);

	(void)user;
	json_array_remove(layers, 0);
	json_object_set_new(json_object_get(file, "Dockerfile"), "targets",
			    json_pack("{s:{s:o, s:{s:s}}}", "runtime", "layers", layers, "config",
				      "WorkingDir", "/runtime"));
	json_object_update_new(rfa_facts_at(plan, "target/stack/build/images/backend"),
			       json_pack("{s:s, s:s, s:{s:s}, s:{s:s}}", "target", "runtime",
					 "platform", "linux/amd64", "args", "NODE", "20", "labels",
					 "team", "core"));
	json_object_set_new(rfa_facts_at(setup, "hosts/test"), "arch", json_string("arm64"));
	json_object_set_new(rfa_facts_at(setup, "hosts/prod"), "arch", json_string("amd64"));
	only_backend(NULL, setup, plan);
}

static const char *config_of(const json_t *image, const char *section, const char *key)
{
	json_t *of = json_object_get(json_object_get(image, "Config"), section);

	return key ? rfa_facts_str(of, key, "") : json_string_value(of);
}

static void test_request(void **state)
{
	static const struct rfa_sim_layer layers[] = { { "node-20", 7 } };
	json_t *config = json_object(), *image = NULL, *other = NULL, *labels;
	struct rfa_run_result result;
	struct rfa_error err;
	struct world w;

	(void)state;
	world_make_sources(&w, SCENARIO_RUN, 7, say_all, NULL);
	if (publish(&w, &result, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(rfa_sim_image_add(w.prod, "other:1", layers, 1, config, &err), 0);
	assert_int_equal(w.target->engine->inspect(w.target, RFA_IMAGE, "backend:v3", &image, &err),
			 0);
	assert_int_equal(w.target->engine->inspect(w.target, RFA_IMAGE, "other:1", &other, &err),
			 0);
	assert_true(
	    json_equal(rfa_facts_at(image, "RootFS/Layers"), rfa_facts_at(other, "RootFS/Layers")));
	assert_string_equal(config_of(image, "WorkingDir", NULL), "/runtime");
	assert_string_equal(rfa_facts_str(image, "Architecture", ""), "amd64");
	labels = rfa_facts_at(image, "Config/Labels");
	assert_string_equal(json_string_value(json_object_get(labels, "team")), "core");
	assert_string_equal(
	    json_string_value(json_object_get(labels, "org.opencontainers.image.version")), "v3");
	assert_int_equal(
	    strlen(json_string_value(json_object_get(labels, "org.opencontainers.image.revision"))),
	    40);
	json_decref(config);
	json_decref(image);
	json_decref(other);
	world_free(&w);
}

/* Without git nobody can tell whether it is the same. */
static void forget_git(void *user, json_t *setup, json_t *plan)
{
	json_t *one;
	size_t i;

	(void)user;
	json_array_foreach (rfa_facts_at(plan, "options/sources"), i, one) {
		json_object_del(one, "commit");
		json_object_del(one, "tree");
		json_object_del(source_of(setup, rfa_facts_str(one, "key", "")), "commit");
		json_object_del(source_of(setup, rfa_facts_str(one, "key", "")), "tree");
	}
}

static void test_no_git(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err;
	struct world w;

	(void)state;
	world_make_sources(&w, SCENARIO_RUN, 7, forget_git, NULL);
	assert_int_equal(publish(&w, &result, &err), 0);
	assert_int_equal(publish(&w, &result, &err), -RFA_EREFUSED);
	world_free(&w);
}

/* A name of an earlier run stays when a later one goes back. */
static void test_earlier_stays(void **state)
{
	json_t *broken = json_pack("{s:s, s:s, s:{s:{s:s}}}", "commit", "c", "tree", "t",
				   "dockerfiles", "Dockerfile", "fails", "cc: error: main.c");
	struct rfa_run_result result;
	struct rfa_error err;
	struct world w;
	json_t *images, *frontend, *desired;

	(void)state;
	world_make_sources(&w, SCENARIO_RUN, 7, NULL, NULL);
	images = rfa_facts_at(w.plan, "target/stack/build/images");
	desired = rfa_facts_at(w.plan, "options/desired/images");
	frontend = json_incref(json_object_get(images, "frontend"));
	json_object_del(images, "frontend");
	json_t *name = json_incref(json_array_get(desired, 1));
	json_array_remove(desired, 1);
	assert_int_equal(publish(&w, &result, &err), 0);

	json_object_set_new(images, "frontend", frontend);
	json_array_append_new(desired, name);
	json_object_set_new(json_array_get(rfa_facts_at(w.plan, "options/sources"), 1), "tree",
			    json_string("t"));
	assert_int_equal(rfa_sim_source_put(w.test, WORLD_SOURCES "/frontend", broken, &err), 0);
	assert_int_not_equal(publish(&w, &result, &err), 0);
	assert_true(has_image(w.source, "backend:v3"));
	json_decref(broken);
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_publish),
		cmocka_unit_test(test_unhealthy),
		cmocka_unit_test(test_first_that_ends),
		cmocka_unit_test(test_build_fails),
		cmocka_unit_test(test_sources_change),
		cmocka_unit_test(test_gates),
		cmocka_unit_test(test_stands_still),
		cmocka_unit_test(test_preview),
		cmocka_unit_test(test_other_arguments),
		cmocka_unit_test(test_name_taken_meanwhile),
		cmocka_unit_test(test_sources_change_while_building),
		cmocka_unit_test(test_one_host),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_no_git),
		cmocka_unit_test(test_earlier_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
