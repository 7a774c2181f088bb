/* Who uses a stack's data, in which order that is stopped, and who else is in the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/steps/common/consumers.h"
#include "fsm/steps/common/inspect.h"
#include "fsm/steps/data/members.h"
#include "fsm/steps/data/mounts.h"

#include "tests/unit/data.h"

static json_t *container(const char *name, const char *project, const char *service,
			 const char *depends)
{
	return json_pack("{s:s+, s:s+, s:{s:b, s:s}, s:{s:{s:s, s:s, s:s}}, s:[]}", "Id", "id-",
			 name, "Name", "/", name, "State", "Running", 1, "StartedAt", "t", "Config",
			 "Labels", "com.docker.compose.project", project,
			 "com.docker.compose.service", service, "com.docker.compose.depends_on",
			 depends, "Mounts");
}

static struct rfa_pool pool = RFA_POOL_INIT;

/* Those of a stack (stolen), in the order in which they stop; they live as long as the pool. */
static struct rfa_consumer_list consumers_of(json_t *stack, const json_t *all)
{
	struct rfa_consumer_list list = { NULL, 0 };
	struct rfa_stack is;
	struct rfa_error err;

	assert_int_equal(rfa_record_read(&rfa_shape_stack, stack, &pool, &is, &err), 0);
	assert_int_equal(rfa_consumers(&pool, &is, all, &list, &err), 0);
	json_decref(stack);
	return list;
}

static void assert_order(json_t *stack, json_t *all, const char *want)
{
	struct rfa_consumer_list list = consumers_of(stack, all);
	const struct rfa_consumer *one;
	char found[512] = "";

	RFA_EACH (one, list) {
		size_t n = strlen(found);

		snprintf(found + n, sizeof(found) - n, "%s ", one->is.key);
	}
	assert_string_equal(found, want);
	rfa_pool_release(&pool);
	json_decref(all);
}

/* Whatever the order in which the engine lists them. */
static json_t *shop(int turned)
{
	json_t *list = json_array();
	json_t *all[] = {
		container("shop-web-1", "shop", "web", "api:service_started:false"),
		container("shop-api-1", "shop", "api",
			  "db:service_healthy:true,cache:service_started:true"),
		container("shop-api-2", "shop", "api",
			  "db:service_healthy:true,cache:service_started:true"),
		container("shop-db-1", "shop", "db", ""),
		container("shop-cache-1", "shop", "cache", ""),
		container("backend", "", "", ""),
		container("frontend", "", "", ""),
		container("rag-es-1", "rag", "es", ""),
		container("node-exporter", "", "", ""),
		container("stranger", "", "", ""),
	};
	size_t n = sizeof(all) / sizeof(all[0]);
	size_t i;

	for (i = 0; i < n; i++)
		json_array_append_new(list, all[turned ? n - 1 - i : i]);
	return list;
}

static void test_order(void **state)
{
	static const char stack[] =
	    "{'containers':['backend','frontend','gone'],'compose':{'project':'shop'},'data':{'"
	    "stop':"
	    "{'projects':['rag'],'containers':['helper']}},'keep_running':['node-exporter']}";
	static const char want[] = "gone frontend backend helper rag-es-1 shop-web-1 shop-api-2 "
				   "shop-api-1 shop-db-1 shop-cache-1 ";

	(void)state;
	assert_order(js(stack), shop(0), want);
	assert_order(js(stack), shop(1), want);
	assert_order(js("{'containers':['backend']}"), shop(0), "backend ");
	assert_order(
	    js("{'containers':['backend','node-exporter'],'keep_running':['node-exporter']}"),
	    shop(0), "backend ");
	assert_order(js("{'compose':{'project':'shop'},'keep_running':['cache','web']}"), shop(0),
		     "shop-api-2 shop-api-1 shop-db-1 ");
	assert_order(js("{'containers':[]}"), shop(0), "");
}

/* Compose refuses circles; if there is one, all of it is there all the same. */
static void test_circle(void **state)
{
	json_t *all = json_array();

	(void)state;
	json_array_append_new(all, container("a", "p", "a", "b:service_started:true"));
	json_array_append_new(all, container("b", "p", "b", "a:service_started:true"));
	json_array_append_new(all, container("c", "p", "c", "b:service_started:true"));
	assert_order(js("{'compose':{'project':'p'}}"), all, "c b a ");
}

/* {'Id','Name'} with what it has of others. */
static json_t *bound(const char *name, const char *host_config)
{
	json_t *one = container(name, "", "", "");

	json_object_set_new(one, "HostConfig", js(host_config));
	return one;
}

/* Whatever the order in which they are listed: with rows, because each kind is written otherwise.
 */
static void test_references(void **state)
{
	static const char *const ways[] = {
		"{'NetworkMode':'container:id-vpn'}", "{'NetworkMode':'container:vpn'}",
		"{'PidMode':'container:id-vpn'}",     "{'IpcMode':'container:id-vpn'}",
		"{'Links':['/vpn:/app/v']}",          "{'VolumesFrom':['vpn:ro']}",
		"{'VolumesFrom':['x','id-vpn']}",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		int turned;

		for (turned = 0; turned < 2; turned++) {
			json_t *all = json_array();

			json_array_append_new(all, bound("app", ways[i]));
			json_array_append_new(all, bound("vpn", "{}"));
			/* Dependents stop first, so the other one starts first. */
			assert_order(js(turned ? "{'containers':['vpn','app']}"
					       : "{'containers':['app','vpn']}"),
				     all, "app vpn ");
		}
	}
	/* Across what the configuration tells apart, and through a third. */
	{
		json_t *all = json_array();

		json_array_append_new(all, bound("a", "{'NetworkMode':'container:b'}"));
		json_array_append_new(all, bound("b", "{'Links':['/p-c-1:/b/c']}"));
		json_array_append_new(all, container("p-c-1", "p", "c", ""));
		assert_order(js("{'containers':['a'],'compose':{'project':'p'},"
				"'data':{'stop':{'containers':['b']}}}"),
			     all, "a b p-c-1 ");
	}
}

static void test_circle_is_told(void **state)
{
	json_t *all = json_array();
	struct rfa_consumer_list list;

	(void)state;
	json_array_append_new(all, bound("a", "{'Links':['/b:/a/x']}"));
	json_array_append_new(all, bound("b", "{'Links':['/a:/b/x']}"));
	list = consumers_of(js("{'containers':['a','b']}"), all);
	assert_int_equal(list.n, 2);
	assert_string_equal(list.at[1].is.key, "a");
	assert_string_equal(list.at[1].is.circle, "b");
	assert_string_equal(list.at[0].is.circle, "");
	rfa_pool_release(&pool);
	json_decref(all);
}

/* Of those that could be meant, the one that counts. */
static void test_now(void **state)
{
	static const char container[] = "{'container':'p-web-1','container_id':'old','project':'p',"
					"'service':'web','number':'1','running':true}";
#define IS(id, name, n, up)                                                                 \
	"{'Id':'" id "','Name':'/" name "','State':{'Running':" up "},'Config':{'Labels':{" \
	"'com.docker.compose.project':'p','com.docker.compose.service':'web',"              \
	"'com.docker.compose.container-number':'" n "'}}}"
	static const struct {
		const char *all, *is;
	} rows[] = {
		{ "[" IS("old", "p-web-1", "1", "true") "]", "old" },
		{ "[" IS("new", "p-web-1", "1", "true") "]", "new" },
		{ "[" IS("new", "abc_p-web-1", "1", "true") "]", "new" },
		{ "[" IS("old", "abc_p-web-1", "1", "false") "," IS("new", "p-web-1", "1",
								    "false") "]",
		  "new" },
		{ "[" IS("old", "p-web-1", "1", "true") "," IS("new", "abc_p-web-1", "1",
							       "false") "]",
		  "old" },
		{ "[" IS("old", "p-web-1", "1", "false") "," IS("new", "abc_p-web-1", "1",
								"true") "]",
		  "new" },
		{ "[" IS("old", "other", "9", "false") "]", "old" },
		{ "[" IS("new", "p-web-2", "2", "true") "]", "" },
		{ "[]", "" },
	};
	struct rfa_container one;
	struct rfa_error err;
	json_t *seen = js(container);
	size_t i;

	(void)state;
	assert_int_equal(rfa_record_read(&rfa_shape_container, seen, &pool, &one, &err), 0);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *all = js(rows[i].all);
		const json_t *now = rfa_consumer_now(all, &one);

		if (strcmp(rfa_facts_str(now, "Id", ""), rows[i].is) != 0)
			fail_msg("%zu: %s", i, rfa_facts_str(now, "Id", "none"));
		assert_int_equal(rfa_consumer_renewed(&one, now), strcmp(rows[i].is, "old") != 0);
		json_decref(all);
	}
	rfa_pool_release(&pool);
	json_decref(seen);
}

/* What a one-off command runs in is nobody's to start again. */
static void test_one_off(void **state)
{
	json_t *all = json_array();
	json_t *one = container("p-run-1", "p", "web", "");

	(void)state;
	json_object_set_new(rfa_facts_at(one, "Config/Labels"), "com.docker.compose.oneoff",
			    json_string("True"));
	json_array_append_new(all, one);
	json_array_append_new(all, container("p-web-1", "p", "web", ""));
	assert_order(js("{'compose':{'project':'p'}}"), all, "p-web-1 ");
}

static void test_needs(void **state)
{
	json_t *all = shop(0);
	struct rfa_consumer_list list = consumers_of(js("{'compose':{'project':'shop'}}"), all);

	(void)state;
	assert_string_equal(list.at[0].is.key, "shop-web-1");
	assert_int_equal(list.at[0].is.needs.n, 0);
	assert_int_equal(list.at[1].is.needs.n, 1);
	assert_string_equal(list.at[1].is.needs.at[0], "shop-db-1");
	rfa_pool_release(&pool);
	json_decref(all);
}

static const struct {
	const char *mount;
	int in_the_way;
} mounts[] = {
	{ "{'Type':'bind','Source':'/data/db','RW':true}", 1 },
	{ "{'Type':'bind','Source':'/data/db','RW':false}", 1 },
	{ "{'Type':'bind','Source':'/data/db/deep','RW':false}", 1 },
	{ "{'Type':'bind','Source':'/data','RW':true}", 1 },
	{ "{'Type':'bind','Source':'/data','RW':false}", 0 },
	{ "{'Type':'bind','Source':'/','RW':true}", 1 },
	{ "{'Type':'bind','Source':'/','RW':false}", 0 },
	{ "{'Type':'bind','Source':'/data/db2','RW':true}", 0 },
	{ "{'Type':'bind','Source':'/dat','RW':true}", 0 },
	{ "{'Type':'volume','Name':'vol','Source':'/v/vol/_data','RW':false}", 1 },
	{ "{'Type':'volume','Name':'vol','Source':'','RW':false}", 1 },
	{ "{'Type':'volume','Name':'other','Source':'/v/other/_data','RW':true}", 0 },
	{ "{'Type':'tmpfs','Source':'','RW':true}", 0 },
};

/* What is found of others, with what three containers have mounted. */
static struct rfa_mounted_list others_of(const json_t *all)
{
	json_t *pieces = js("[{'name':'db','place':'/data/db'},"
			    "{'name':'vol','volume':'vol','place':'/v/vol/_data'}]");
	static const char text[] = "{'containers':['backend'],'keep_running':['keeper']}";
	struct rfa_consumer_list consumers = consumers_of(js(text), all);
	struct rfa_member_list members = { NULL, 0 };
	struct rfa_mounted_list others = { NULL, 0 };
	json_t *json = js(text);
	struct rfa_stack stack;
	struct rfa_mounts in = { &pool, NULL, &stack, all, &consumers, &members };
	struct rfa_error err;

	assert_int_equal(rfa_record_read(&rfa_shape_stack, json, &pool, &stack, &err), 0);
	assert_int_equal(rfa_records_read(&rfa_shape_member, pieces, &pool, &members, &err), 0);
	assert_int_equal(rfa_mounts_other(&in, &others, &err), 0);
	json_decref(pieces);
	json_decref(json);
	return others;
}

static void test_others(void **state)
{
	static const char *const names[] = { "stranger", "backend", "keeper" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		json_t *all = json_array();
		struct rfa_mounted_list others;
		size_t k;

		for (k = 0; k < 3; k++) {
			json_t *one = container(names[k], "", "", "");

			json_array_append_new(json_object_get(one, "Mounts"), js(mounts[i].mount));
			json_array_append_new(all, one);
		}
		others = others_of(all);
		if ((others.n > 0) != mounts[i].in_the_way)
			fail_msg("%s: %zu", mounts[i].mount, others.n);
		if (mounts[i].in_the_way)
			assert_string_equal(others.at[0].container, "stranger");
		rfa_pool_release(&pool);
		json_decref(all);
	}
}

static void test_reach(void **state)
{
	static const struct {
		const char *mount;
		enum rfa_reach reach;
	} rows[] = {
		{ "{'Type':'bind','Source':'/v'}", RFA_REACH_ABOVE },
		{ "{'Type':'bind','Source':'/v/vol/_data'}", RFA_REACH_PLACE },
		{ "{'Type':'bind','Source':'/v/vol/_data/x.db'}", RFA_REACH_INSIDE },
		{ "{'Type':'volume','Name':'vol','Source':'/v/vol/_data','Destination':'/d'}",
		  RFA_REACH_PLACE },
		{ "{'Type':'volume','Name':'vol','Source':'/v/vol/_data','Destination':'/part'}",
		  RFA_REACH_INSIDE },
		{ "{'Type':'volume','Name':'o','Source':'/v/o/_data'}", RFA_REACH_NONE },
	};
	static const struct rfa_member member = { .name = "vol",
						  .volume = "vol",
						  .place = "/v/vol/_data" };
	json_t *c = js("{'HostConfig':{'Mounts':[{'Target':'/part','VolumeOptions':{'Subpath':"
		       "'x.db'}}]}}");
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *mount = js(rows[i].mount);

		assert_int_equal(rfa_mount_reach(c, mount, &member), rows[i].reach);
		json_decref(mount);
	}
	json_decref(c);
}

static void test_paths(void **state)
{
	(void)state;
	assert_true(rfa_path_in("/a", "/a"));
	assert_true(rfa_path_in("/a", "/a/b"));
	assert_true(rfa_path_in("/a/", "/a/b"));
	assert_true(rfa_path_in("/", "/a"));
	assert_false(rfa_path_in("/a", "/ab"));
	assert_false(rfa_path_in("/a/b", "/a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),      cmocka_unit_test(test_circle),
		cmocka_unit_test(test_one_off),    cmocka_unit_test(test_needs),
		cmocka_unit_test(test_others),     cmocka_unit_test(test_paths),
		cmocka_unit_test(test_references), cmocka_unit_test(test_circle_is_told),
		cmocka_unit_test(test_now),        cmocka_unit_test(test_reach),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
