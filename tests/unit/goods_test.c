/* Goods: one identity for one image on every store, and the version that a set of images is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/facts.h"
#include "fsm/steps/goods.h"
#include "tests/unit/data.h"

/* ---- identity ---------------------------------------------------------------------------------
 */

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
	json_t *good = NULL;
	char out[65];

	(void)state;
	put(image, "RootFS/Layers", js("[]"));
	assert_int_equal(rfa_image_identity(image, out, &err), -RFA_EPROTOCOL);
	assert_non_null(strstr(err.msg, rfa_facts_str(image, "Id", "-")));
	/* ... and so is no good. */
	assert_int_equal(rfa_good_of(NULL, image, &good, &err), -RFA_EPROTOCOL);
	assert_null(good);
	json_decref(image);
}

static void a_good_is_what_its_header_says(void **state)
{
	json_t *image = data("image");
	json_t *unit = json_pack("{s:s, s:s, s:s, s:o}", "key", "api", "shape", "run", "container",
				 "api", "inspect", data("container"));
	struct rfa_error err;
	json_t *good = NULL;
	char id[65], keep[64];

	(void)state;
	identity(image, id);
	snprintf(keep, sizeof(keep), "localhost/rfa-keep:%.32s", id);
	assert_int_equal(rfa_good_of(unit, image, &good, &err), 0);
	assert_string_equal(rfa_facts_str(good, "key", ""), "api");
	assert_string_equal(rfa_facts_str(good, "shape", ""), "run");
	assert_string_equal(rfa_facts_str(good, "ref", ""), "shop/api:1.4.0");
	assert_string_equal(rfa_facts_str(good, "id", ""), rfa_facts_str(image, "Id", "-"));
	assert_string_equal(rfa_facts_str(good, "identity", ""), id);
	assert_string_equal(rfa_facts_str(good, "keep", ""), keep);
	assert_int_equal(rfa_facts_int(good, "size", 0), 104857600);
	assert_true(json_equal(rfa_facts_at(good, "layers"), rfa_facts_at(image, "RootFS/Layers")));
	json_decref(good);
	json_decref(unit);
	json_decref(image);
}

/* ---- the version ------------------------------------------------------------------------------
 */

static void version(const char *goods, char *out, size_t size)
{
	json_t *images = js(goods);

	rfa_goods_version(images, out, size);
	json_decref(images);
}

static void version_is(const char *goods, const char *want)
{
	char out[128];

	version(goods, out, sizeof(out));
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

static void a_set(const char *goods)
{
	char out[128];

	version(goods, out, sizeof(out));
	if (strncmp(out, "set-", 4) || strlen(out) != 16 ||
	    strspn(out + 4, "0123456789abcdef") != 12)
		fail_msg("%s is %s", goods, out);
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

/* ---- units ------------------------------------------------------------------------------------
 */

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

static int try_units(const json_t *stack, json_t **out, struct rfa_error *err)
{
	static const struct rfa_host_ops ops = { .version = RFA_HOST_OPS_VERSION,
						 .inspect = fake_inspect,
						 .list = fake_list };
	struct rfa_host host = { &ops, "test", "/var/lib/rfa" };

	return rfa_units(&host, stack, out, err);
}

static json_t *units_of(const char *stack, const char *containers)
{
	json_t *config = js(stack);
	struct rfa_error err;
	json_t *units = NULL;

	listed = js(containers);
	if (try_units(config, &units, &err))
		fail_msg("%s", err.msg);
	json_decref(listed);
	listed = NULL;
	json_decref(config);
	return units;
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
		json_t *config = js(stacks[i]);
		struct rfa_error err;
		json_t *units = NULL;

		assert_int_equal(try_units(config, &units, &err), -RFA_ELOST);
		assert_int_equal(err.severity, RFA_UNKNOWN);
		assert_null(units);
		json_decref(config);
	}
}

static void goods_are_found_by_their_key(void **state)
{
	json_t *plan = js("{'point':{'images':[{'key':'a','ref':'p:1'}]}}");
	json_t *facts = js("{'source.look':{'goods':{'images':[{'key':'a','ref':'a:1'},"
			   "{'key':'b','ref':'b:1'}]}},"
			   "'target.look':{'units':[{'key':'a'},{'key':'b','present':true}]}}");
	json_t *none = js("{}");
	struct rfa_ctx ctx;

	(void)state;
	memset(&ctx, 0, sizeof(ctx));
	ctx.plan_json = plan;
	ctx.facts_json = facts;
	assert_string_equal(rfa_facts_str(rfa_wanted_of(&ctx, "b"), "ref", ""), "b:1");
	assert_null(rfa_wanted_of(&ctx, "c"));
	assert_int_equal(rfa_facts_bool(rfa_before_of(&ctx, "b"), "present", 0), 1);
	assert_null(rfa_before_of(&ctx, "c"));
	/* Without a source it is the rollback point that is wanted. */
	ctx.facts_json = none;
	assert_string_equal(rfa_facts_str(rfa_wanted_of(&ctx, "a"), "ref", ""), "p:1");
	assert_null(rfa_wanted_of(&ctx, "b"));
	assert_null(rfa_before_of(&ctx, "a"));
	json_decref(plan);
	json_decref(facts);
	json_decref(none);
}

static void containers_are_units_there_or_not(void **state)
{
	json_t *units = units_of("{'containers':['api','gone']}", "[]");

	(void)state;
	assert_int_equal(json_array_size(units), 2);
	assert_string_equal(rfa_facts_str(units, "0/key", ""), "api");
	assert_string_equal(rfa_facts_str(units, "0/shape", ""), "run");
	assert_string_equal(rfa_facts_str(units, "0/container", ""), "api");
	assert_string_equal(rfa_facts_str(units, "0/inspect/Name", ""), "/api");
	assert_string_equal(rfa_facts_str(units, "1/key", ""), "gone");
	assert_true(json_is_null(rfa_facts_at(units, "1/inspect")));
	json_decref(units);
}

#define OF(name, project, service, number, oneoff, running)                              \
	"{'Name':'/" name "','Config':{'Labels':{'com.docker.compose.project':'" project \
	"','com.docker.compose.service':'" service                                       \
	"','com.docker.compose.container-number':'" number                               \
	"','com.docker.compose.oneoff':'" oneoff "'}},'State':{'Running':" running "}}"

static void each_container_of_a_service_is_a_unit(void **state)
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
	json_t *units =
	    units_of("{'compose':{'project':'shop','services':['db','web','new']}}", containers);

	(void)state;
	assert_int_equal(json_array_size(units), 6);
	assert_string_equal(rfa_facts_str(units, "0/key", ""), "db");
	assert_string_equal(rfa_facts_str(units, "0/shape", ""), "compose");
	assert_string_equal(rfa_facts_str(units, "0/container", ""), "shop-db-1");
	assert_string_equal(rfa_facts_str(units, "1/container", ""), "shop-db-3");
	assert_string_equal(rfa_facts_str(units, "2/container", ""), "shop-web-1");
	assert_string_equal(rfa_facts_str(units, "3/container", ""), "shop-web-2");
	assert_string_equal(rfa_facts_str(units, "4/container", ""), "shop-web-10");
	assert_string_equal(rfa_facts_str(units, "4/key", ""), "web");
	assert_string_equal(rfa_facts_str(units, "5/key", ""), "new");
	assert_true(json_is_null(rfa_facts_at(units, "5/inspect")));
	json_decref(units);
	/* None listed: all that the project has here. */
	units = units_of("{'compose':{'project':'shop'}}", containers);
	assert_int_equal(json_array_size(units), 5);
	json_decref(units);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_store_shows_the_same_identity),
		cmocka_unit_test(whatever_changes_behaviour_changes_the_identity),
		cmocka_unit_test(how_empty_is_spelled_changes_nothing),
		cmocka_unit_test(an_image_without_layers_has_no_identity),
		cmocka_unit_test(a_good_is_what_its_header_says),
		cmocka_unit_test(a_tag_that_all_share_is_the_version),
		cmocka_unit_test(everything_else_is_a_set),
		cmocka_unit_test(a_set_is_named_by_what_is_in_it),
		cmocka_unit_test(a_version_fits_its_place),
		cmocka_unit_test(containers_are_units_there_or_not),
		cmocka_unit_test(a_host_that_does_not_answer_is_no_empty_host),
		cmocka_unit_test(goods_are_found_by_their_key),
		cmocka_unit_test(each_container_of_a_service_is_a_unit),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
