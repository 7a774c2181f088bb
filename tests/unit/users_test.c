/* Who uses a stack's data, in which order that is stopped, and who else is in the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/steps/members.h"
#include "fsm/steps/inspect.h"
#include "fsm/steps/mounts.h"
#include "fsm/steps/users.h"

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

static void assert_order(json_t *stack, json_t *all, const char *want)
{
	char found[512] = "";
	struct rfa_error err;
	json_t *users = NULL;
	json_t *one;
	size_t i;

	assert_int_equal(rfa_users(stack, all, &users, &err), 0);
	json_array_foreach (users, i, one) {
		size_t n = strlen(found);

		snprintf(found + n, sizeof(found) - n, "%s ", rfa_facts_str(one, "key", ""));
	}
	assert_string_equal(found, want);
	json_decref(users);
	json_decref(stack);
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
	json_t *stack = js("{'containers':['a','b']}");
	json_t *all = json_array();
	struct rfa_error err;
	json_t *users = NULL;
	json_t *facts = NULL;

	(void)state;
	json_array_append_new(all, bound("a", "{'Links':['/b:/a/x']}"));
	json_array_append_new(all, bound("b", "{'Links':['/a:/b/x']}"));
	assert_int_equal(rfa_users(stack, all, &users, &err), 0);
	assert_int_equal(rfa_users_facts(stack, users, &facts, &err), 0);
	assert_int_equal(json_array_size(facts), 2);
	assert_string_equal(rfa_facts_str(facts, "1/key", ""), "a");
	assert_string_equal(rfa_facts_str(facts, "1/circle", ""), "b");
	assert_string_equal(rfa_facts_str(facts, "0/circle", ""), "");
	json_decref(facts);
	json_decref(users);
	json_decref(all);
	json_decref(stack);
}

/* Of those that could be meant, the one that counts. */
static void test_now(void **state)
{
	static const char unit[] = "{'container':'p-web-1','container_id':'old','project':'p',"
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
	json_t *one = js(unit);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *all = js(rows[i].all);
		const json_t *now = rfa_user_now(all, one);

		if (strcmp(rfa_facts_str(now, "Id", ""), rows[i].is) != 0)
			fail_msg("%zu: %s", i, rfa_facts_str(now, "Id", "none"));
		assert_int_equal(rfa_user_renewed(one, now), strcmp(rows[i].is, "old") != 0);
		json_decref(all);
	}
	json_decref(one);
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
	json_t *stack = js("{'compose':{'project':'shop'}}");
	json_t *all = shop(0);
	struct rfa_error err;
	json_t *users = NULL;
	json_t *facts = NULL;

	(void)state;
	assert_int_equal(rfa_users(stack, all, &users, &err), 0);
	assert_int_equal(rfa_users_facts(stack, users, &facts, &err), 0);
	assert_string_equal(rfa_facts_str(facts, "0/key", ""), "shop-web-1");
	assert_int_equal(json_array_size(rfa_facts_at(facts, "0/needs")), 0);
	assert_string_equal(rfa_facts_str(facts, "1/needs/0", ""), "shop-db-1");
	assert_int_equal(json_array_size(rfa_facts_at(facts, "1/needs")), 1);
	json_decref(users);
	json_decref(facts);
	json_decref(stack);
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

static void test_others(void **state)
{
	json_t *members = js("[{'name':'db','place':'/data/db'},"
			     "{'name':'vol','volume':'vol','place':'/v/vol/_data'}]");
	json_t *stack = js("{'containers':['backend'],'keep_running':['keeper']}");
	struct rfa_error err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		static const char *const names[] = { "stranger", "backend", "keeper" };
		json_t *all = json_array();
		json_t *users = NULL;
		json_t *others = NULL;
		size_t k;

		for (k = 0; k < 3; k++) {
			json_t *one = container(names[k], "", "", "");

			json_array_append_new(json_object_get(one, "Mounts"), js(mounts[i].mount));
			json_array_append_new(all, one);
		}
		assert_int_equal(rfa_users(stack, all, &users, &err), 0);
		assert_int_equal(rfa_mounts_other(stack, all, users, members, &others, &err), 0);
		if ((json_array_size(others) > 0) != mounts[i].in_the_way)
			fail_msg("%s: %zu", mounts[i].mount, json_array_size(others));
		if (mounts[i].in_the_way)
			assert_string_equal(rfa_facts_str(others, "0/container", ""), "stranger");
		json_decref(all);
		json_decref(users);
		json_decref(others);
	}
	json_decref(members);
	json_decref(stack);
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
	json_t *member = js("{'name':'vol','volume':'vol','place':'/v/vol/_data'}");
	json_t *c = js("{'HostConfig':{'Mounts':[{'Target':'/part','VolumeOptions':{'Subpath':"
		       "'x.db'}}]}}");
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *mount = js(rows[i].mount);

		assert_int_equal(rfa_mount_reach(c, mount, member), rows[i].reach);
		json_decref(mount);
	}
	json_decref(c);
	json_decref(member);
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
