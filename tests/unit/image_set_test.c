/* Image sets: one identity for one image on every store, and the version that they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/facts.h"
#include "fsm/steps/images/image_set.h"
#include "tests/unit/data.h"

/* Identity. */

static void identity(const json_t *image, char out[65])
{
	struct rfa_error err;

	if (rfa_image_identity(image, out, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(strlen(out), 64);
}

static void every_store_shows_the_same_identity(void **state)
{
	json_t *classic = data("image");
	json_t *containerd = data("image-containerd");
	char a[65], b[65];

	(void)state;
	assert_string_not_equal(rfa_facts_str(classic, "Id", ""),
				rfa_facts_str(containerd, "Id", ""));
	identity(classic, a);
	identity(containerd, b);
	assert_string_equal(a, b);
	/* What a person calls it is not what it is. */
	put(classic, "RepoTags", js("['other:9']"));
	put(classic, "Created", json_string("2020-01-01T00:00:00Z"));
	put(classic, "Size", json_integer(1));
	identity(classic, b);
	assert_string_equal(a, b);
	json_decref(classic);
	json_decref(containerd);
}

static void whatever_changes_behaviour_changes_the_identity(void **state)
{
	static const struct {
		const char *path, *value;
	} changes[] = {
		{ "Config/Env", "['PATH=/bin','LANG=C.UTF-8','VERSION=1.4.0']" },
		{ "Config/Env", "[]" },
		{ "Config/Cmd", "['serve','--port','8081']" },
		{ "Config/Entrypoint", "null" },
		{ "Config/User", "'root'" },
		{ "Config/WorkingDir", "'/'" },
		{ "Config/ExposedPorts", "{'8081/tcp':{}}" },
		{ "Config/Volumes", "{}" },
		{ "Config/Labels", "{'maintainer':'somebody'}" },
		{ "Config/StopSignal", "'SIGTERM'" },
		{ "Config/Healthcheck", "{'Test':['NONE']}" },
		{ "Config/Shell", "['/bin/sh','-c']" },
		{ "Config/OnBuild", "['RUN true']" },
		{ "Os", "'windows'" },
		{ "Architecture", "'arm64'" },
		{ "RootFS/Layers", "['sha256:1']" },
		{ "RootFS/Layers",
		  "['sha256:2222222222222222222222222222222222222222222222222222222222222222',"
		  "'sha256:1111111111111111111111111111111111111111111111111111111111111111']" },
	};
	char seen[sizeof(changes) / sizeof(changes[0]) + 1][65];
	json_t *image = data("image");
	size_t i, j;

	(void)state;
	identity(image, seen[0]);
	json_decref(image);
	for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		image = data("image");
		put(image, changes[i].path, js(changes[i].value));
		identity(image, seen[i + 1]);
		for (j = 0; j <= i; j++)
			if (!strcmp(seen[j], seen[i + 1]))
				fail_msg("%s = %s changes nothing", changes[i].path,
					 changes[i].value);
		json_decref(image);
	}
}

static void how_empty_is_spelled_changes_nothing(void **state)
{
	static const char *const fields[] = {
		"User",       "ExposedPorts", "Env",     "Entrypoint",  "Cmd",   "Volumes",
		"WorkingDir", "Labels",       "OnBuild", "Healthcheck", "Shell", "StopSignal"
	};
	static const char *const empties[] = { "null", "''", "[]", "{}" };
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		json_t *image = data("image");
		char without[65], with[65];
		char path[64];

		json_object_del(json_object_get(image, "Config"), fields[i]);
		identity(image, without);
		snprintf(path, sizeof(path), "Config/%s", fields[i]);
		for (j = 0; j < 4; j++) {
			put(image, path, js(empties[j]));
			identity(image, with);
			assert_string_equal(without, with);
		}
		json_decref(image);
	}
}

static void an_image_without_layers_has_no_identity(void **state)
{
	json_t *image = data("image");
	struct rfa_error err;
	struct rfa_observed container = { "api", "run", "api", NULL };
	struct rfa_pool pool = RFA_POOL_INIT;
	struct rfa_image described;
	char out[65];

	(void)state;
	put(image, "RootFS/Layers", js("[]"));
	assert_int_equal(rfa_image_identity(image, out, &err), -RFA_EPROTOCOL);
	assert_non_null(strstr(err.msg, rfa_facts_str(image, "Id", "-")));
	/* ... and so cannot be described. */
	assert_int_equal(rfa_image_describe(&container, image, &pool, &described, &err),
			 -RFA_EPROTOCOL);
	rfa_pool_release(&pool);
	json_decref(image);
}

static void an_image_is_what_its_header_says(void **state)
{
	struct rfa_pool pool = RFA_POOL_INIT;
	json_t *image = data("image");
	json_t *inspect = data("container");
	struct rfa_observed container = { "api", "run", "api", inspect };
	json_t *layers = rfa_facts_at(image, "RootFS/Layers");
	struct rfa_image is;
	struct rfa_error err;
	char id[65], pin[64];
	size_t i;

	(void)state;
	identity(image, id);
	snprintf(pin, sizeof(pin), "localhost/rfa-pin:%.32s", id);
	assert_int_equal(rfa_image_describe(&container, image, &pool, &is, &err), 0);
	assert_string_equal(is.key, "api");
	assert_string_equal(is.kind, "run");
	assert_string_equal(is.ref, "shop/api:1.4.0");
	assert_string_equal(is.id, rfa_facts_str(image, "Id", "-"));
	assert_string_equal(is.identity, id);
	assert_string_equal(is.pin, pin);
	assert_int_equal(is.size, 104857600);
	assert_int_equal(is.layers.n, json_array_size(layers));
	for (i = 0; i < is.layers.n; i++)
		assert_string_equal(is.layers.at[i], json_string_value(json_array_get(layers, i)));
	rfa_pool_release(&pool);
	json_decref(inspect);
	json_decref(image);
}

/* The version. */

static void version(const char *text, char *out, size_t size)
{
	struct rfa_pool pool = RFA_POOL_INIT;
	struct rfa_image_set set;
	struct rfa_error err;
	json_t *images = js(text);
	json_t *object = json_pack("{s:O}", "images", images);

	assert_int_equal(rfa_record_read(&rfa_shape_image_set, object, &pool, &set, &err), 0);
	assert_int_equal(rfa_image_set_version(&set.images, out, size, &err), 0);
	rfa_pool_release(&pool);
	json_decref(object);
	json_decref(images);
}

static void version_is(const char *images, const char *want)
{
	char out[128];

	version(images, out, sizeof(out));
	assert_string_equal(out, want);
}

static void a_tag_that_all_share_is_the_version(void **state)
{
	(void)state;
	version_is("[{'ref':'app:1.2','identity':'a'}]", "1.2");
	version_is("[{'ref':'app:1.2','identity':'a'},{'ref':'x/y/db:1.2','identity':'b'}]", "1.2");
	version_is("[{'ref':'host.test:5000/app:20260131_170801','identity':'a'}]",
		   "20260131_170801");
}

static void a_set(const char *images)
{
	char out[128];

	version(images, out, sizeof(out));
	if (strncmp(out, "set-", 4) || strlen(out) != 16 ||
	    strspn(out + 4, "0123456789abcdef") != 12)
		fail_msg("%s is %s", images, out);
}

static void everything_else_is_a_set(void **state)
{
	(void)state;
	a_set("[{'ref':'a:1','identity':'a'},{'ref':'b:2','identity':'b'}]");
	a_set("[{'ref':'a:1','identity':'a'},{'ref':'b','identity':'b'}]");
	a_set("[{'ref':'b','identity':'b'},{'ref':'a:1','identity':'a'}]");
	a_set("[{'ref':'a:1','identity':'a'},{'ref':'b','identity':'b'},{'ref':'c:1','identity':'c'"
	      "}]");
	a_set("[{'ref':'a:1','identity':'a'},{'ref':'b:2','identity':'b'},{'ref':'c:2','identity':'"
	      "c'}]");
	a_set("[{'ref':'app','identity':'a'}]");
	a_set("[{'ref':'host.test:5000/app','identity':'a'}]");
	a_set("[{'ref':'app@sha256:00ff','identity':'a'}]");
	a_set("[{'ref':'app:1@sha256:00ff','identity':'a'}]");
	a_set("[{'ref':'sha256:00ff','identity':'a'}]");
	a_set("[]");
}

static void a_set_is_named_by_what_is_in_it(void **state)
{
	char one[128], two[128], other[128];

	(void)state;
	version("[{'ref':'a:1','identity':'a'},{'ref':'b:2','identity':'b'}]", one, sizeof(one));
	version("[{'ref':'a:1','identity':'a'},{'ref':'b:2','identity':'c'}]", other,
		sizeof(other));
	assert_string_not_equal(one, other);
	/* Engines list containers in the order they like. */
	version("[{'ref':'b:2','identity':'b'},{'ref':'a:1','identity':'a'}]", two, sizeof(two));
	assert_string_equal(one, two);
}

static void a_version_fits_its_place(void **state)
{
	char out[8];

	(void)state;
	version("[{'ref':'app:a-very-long-tag','identity':'a'}]", out, sizeof(out));
	assert_string_equal(out, "a-very-");
}

/* Containers *. */

static json_t *listed; /* what the fake host has */

static int fake_inspect(struct rfa_host *host, enum rfa_object kind, const char *name, json_t **out,
			struct rfa_error *err)
{
	(void)host;
	assert_int_equal(kind, RFA_CONTAINER);
	if (!strcmp(name, "lost"))
		return rfa_fail(err, RFA_ELOST, "ssh", "gone");
	if (strcmp(name, "api"))
		return rfa_fail(err, RFA_ENOTFOUND, "docker", "no such container");
	*out = data("container");
	return 0;
}

static int fake_list(struct rfa_host *host, enum rfa_object kind, json_t **out,
		     struct rfa_error *err)
{
	(void)host;
	assert_int_equal(kind, RFA_CONTAINER);
	if (!listed)
		return rfa_fail(err, RFA_ELOST, "ssh", "gone");
	*out = json_incref(listed);
	return 0;
}

static int try_observe(const char *stack, struct rfa_pool *pool, struct rfa_observed_list *out,
		       struct rfa_error *err)
{
	static const struct rfa_host_engine engine = { .inspect = fake_inspect, .list = fake_list };
	struct rfa_host host = { .engine = &engine, .name = "test", .state_dir = "/var/lib/rfa" };
	struct rfa_stack record;
	json_t *json = js(stack);
	int rc;

	assert_int_equal(rfa_record_read(&rfa_shape_stack, json, pool, &record, err), 0);
	rc = rfa_observe(&host, &record, pool, out, err);
	json_decref(json);
	return rc;
}

static struct rfa_observed_list observe(struct rfa_pool *pool, const char *stack,
					const char *containers)
{
	struct rfa_observed_list seen;
	struct rfa_error err;

	listed = js(containers);
	if (try_observe(stack, pool, &seen, &err))
		fail_msg("%s", err.msg);
	json_decref(listed);
	listed = NULL;
	return seen;
}

static void a_host_that_does_not_answer_is_no_empty_host(void **state)
{
	static const char *const stacks[] = {
		"{'containers':['api','lost']}",
		"{'containers':['api'],'compose':{'project':'shop'}}"
	};
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct rfa_pool pool = RFA_POOL_INIT;
		struct rfa_observed_list seen;
		struct rfa_error err;

		assert_int_equal(try_observe(stacks[i], &pool, &seen, &err), -RFA_ELOST);
		assert_int_equal(err.severity, RFA_UNKNOWN);
		rfa_pool_release(&pool);
	}
}

static void proven_of(const char *text, struct rfa_pool *pool, struct rfa_proven *out)
{
	struct rfa_error err;
	json_t *json = js(text);

	assert_int_equal(rfa_record_read(&rfa_shape_proven, json, pool, out, &err), 0);
	json_decref(json);
}

static void images_and_containers_are_found_by_their_key(void **state)
{
	struct rfa_pool pool = RFA_POOL_INIT;
	struct rfa_proven source, target, none;
	struct rfa_plan plan;
	struct rfa_error err;
	json_t *json = js("{'point':{'images':[{'key':'a','ref':'p:1'}]}}");
	struct rfa_ctx ctx;

	(void)state;
	assert_int_equal(rfa_record_read(&rfa_shape_plan, json, &pool, &plan, &err), 0);
	proven_of("{'images':{'images':[{'key':'a','ref':'a:1'},{'key':'b','ref':'b:1'}]}}", &pool,
		  &source);
	proven_of("{'containers':[{'key':'a'},{'key':'b','present':true},"
		  "{'key':'b','present':true,'running':true}]}",
		  &pool, &target);
	proven_of("{}", &pool, &none);
	memset(&ctx, 0, sizeof(ctx));
	ctx.plan = &plan;
	ctx.proven[RFA_SOURCE] = &source;
	ctx.proven[RFA_TARGET] = ctx.own = &target;
	assert_string_equal(rfa_desired_of(&ctx, "b")->ref, "b:1");
	assert_null(rfa_desired_of(&ctx, "c"));
	assert_int_equal(rfa_before_of(&ctx, "b")->present, 1);
	assert_null(rfa_before_of(&ctx, "c"));
	assert_int_equal(rfa_count_before(&ctx, "a", 0), 0);
	assert_int_equal(rfa_count_before(&ctx, "b", 0), 2);
	assert_int_equal(rfa_count_before(&ctx, "b", 1), 1);
	/* Without a source it is the rollback point that is desired. */
	ctx.proven[RFA_SOURCE] = &none;
	ctx.proven[RFA_TARGET] = ctx.own = &none;
	assert_string_equal(rfa_desired_of(&ctx, "a")->ref, "p:1");
	assert_null(rfa_desired_of(&ctx, "b"));
	assert_null(rfa_before_of(&ctx, "a"));
	rfa_pool_release(&pool);
	json_decref(json);
}

static void containers_are_observed_there_or_not(void **state)
{
	struct rfa_pool pool = RFA_POOL_INIT;
	struct rfa_observed_list seen = observe(&pool, "{'containers':['api','gone']}", "[]");

	(void)state;
	assert_int_equal(seen.n, 2);
	assert_string_equal(seen.at[0].key, "api");
	assert_string_equal(seen.at[0].kind, "run");
	assert_string_equal(seen.at[0].container, "api");
	assert_string_equal(rfa_facts_str(seen.at[0].inspect, "Name", ""), "/api");
	assert_string_equal(seen.at[1].key, "gone");
	assert_null(seen.at[1].inspect);
	assert_int_equal(rfa_observed_count(&seen, "api"), 1);
	assert_int_equal(rfa_observed_count(&seen, "gone"), 0);
	rfa_pool_release(&pool);
}

#define OF(name, project, service, number, oneoff, running)                              \
	"{'Name':'/" name "','Config':{'Labels':{'com.docker.compose.project':'" project \
	"','com.docker.compose.service':'" service                                       \
	"','com.docker.compose.container-number':'" number                               \
	"','com.docker.compose.oneoff':'" oneoff "'}},'State':{'Running':" running "}}"

static void each_container_of_a_service_is_observed(void **state)
{
	static const char containers[] = "[" OF("shop-web-10", "shop", "web", "10", "False", "true") "," OF(
	    "shop-web-2", "shop", "web", "2", "False",
	    "true") "," OF("shop-web-1", "shop", "web", "1", "False",
			   "false") "," OF("shop-web-run-9", "shop", "web", "1", "True",
					   "true") "," OF("other-web-1", "other", "web", "1",
							  "False",
							  "true") "," OF("shop-db-3", "shop", "db",
									 "3", "False",
									 "false") "," OF("shop-"
											 "db-1",
											 "shop",
											 "db", "1",
											 "Fals"
											 "e",
											 "fals"
											 "e") ","
											      "{'"
											      "Name"
											      "':'/"
											      "plai"
											      "n','"
											      "Conf"
											      "ig':"
											      "{'"
											      "Labe"
											      "ls':"
											      "null"
											      "},'"
											      "Stat"
											      "e':{"
											      "'Run"
											      "ning"
											      "':"
											      "true"
											      "}}]";
	struct rfa_pool pool = RFA_POOL_INIT;
	struct rfa_observed_list seen = observe(
	    &pool, "{'compose':{'project':'shop','services':['db','web','new']}}", containers);

	(void)state;
	assert_int_equal(seen.n, 6);
	assert_string_equal(seen.at[0].key, "db");
	assert_string_equal(seen.at[0].kind, "compose");
	assert_string_equal(seen.at[0].container, "shop-db-1");
	assert_string_equal(seen.at[1].container, "shop-db-3");
	assert_string_equal(seen.at[2].container, "shop-web-1");
	assert_string_equal(seen.at[3].container, "shop-web-2");
	assert_string_equal(seen.at[4].container, "shop-web-10");
	assert_string_equal(seen.at[4].key, "web");
	assert_string_equal(seen.at[5].key, "new");
	assert_null(seen.at[5].inspect);
	assert_int_equal(rfa_observed_count(&seen, "web"), 3);
	/* None listed: all that the project has here. */
	seen = observe(&pool, "{'compose':{'project':'shop'}}", containers);
	assert_int_equal(seen.n, 5);
	rfa_pool_release(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_store_shows_the_same_identity),
		cmocka_unit_test(whatever_changes_behaviour_changes_the_identity),
		cmocka_unit_test(how_empty_is_spelled_changes_nothing),
		cmocka_unit_test(an_image_without_layers_has_no_identity),
		cmocka_unit_test(an_image_is_what_its_header_says),
		cmocka_unit_test(a_tag_that_all_share_is_the_version),
		cmocka_unit_test(everything_else_is_a_set),
		cmocka_unit_test(a_set_is_named_by_what_is_in_it),
		cmocka_unit_test(a_version_fits_its_place),
		cmocka_unit_test(containers_are_observed_there_or_not),
		cmocka_unit_test(a_host_that_does_not_answer_is_no_empty_host),
		cmocka_unit_test(images_and_containers_are_found_by_their_key),
		cmocka_unit_test(each_container_of_a_service_is_observed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
