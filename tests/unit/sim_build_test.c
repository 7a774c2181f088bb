/* What is built on the simulated hosts: of which sources, what is equal, what is by fault. */
#include "tests/unit/sim_world.h"

static const char built_world[] =
    "{'hosts':{'test':{'sources':{'/srv/app':{'commit':'c1','dirty':true,'tree':'t1',"
    " 'dockerfiles':{'Dockerfile':{"
    "   'layers':[['base',20000],['deps-${VERSION}',5000],['app-${tree}',3000]],"
    "   'config':{'Env':['PATH=/bin'],'Labels':{'tier':'web'}},"
    "   'targets':{'slim':{'layers':[['base',20000]]}}},"
    "  'web/Dockerfile':{'layers':[['web',10]]},"
    "  'bad/Dockerfile':{'layers':[['bad',10]],'fails':'exit code: 3'}}}}},"
    "'prod':{'builder_version':'','disk_bytes':1000,"
    " 'sources':{'/srv/app':{'dockerfiles':{'Dockerfile':{'layers':[['base',20000]]}}}}}}}";

static int build(struct small *s, struct rfa_host *h, const char *op, const char *request,
		 char id[80])
{
	json_t *asked = quick(request), *out = NULL;
	rfa_error_clear(&s->err);
	int rc = h->engine->image_build(h, KEY("build.1", op), asked, NULL, &out, &s->err);
	if (!rc && id)
		(void)snprintf(id, 80, "%s", json_string_value(json_object_get(out, "id")));
	if (!rc)
		assert_true(json_is_string(json_object_get(out, "log")));
	json_decref(out);
	json_decref(asked);
	return rc;
}

static void tag_is(struct small *s, const char *ref, const char *id)
{
	json_t *out = NULL;
	OK(s, s->test->engine->inspect(s->test, RFA_IMAGE, ref, &out, &s->err));
	assert_string_equal(json_string_value(json_object_get(out, "Id")), id);
	json_decref(out);
}

static void an_image_is_what_it_is_built_of(void **state)
{
	struct small s;
	char first[80], id[80];
	(void)state;
	small_open(&s, built_world, 1);
	OK(&s, build(&s, s.test, "a",
		     "{'ref':'app','context':'/srv/app','labels':{'l':'x'},"
		     "'args':{'VERSION':'1'}}",
		     first));
	tag_is(&s, "app:latest", first);
	OK(&s, build(&s, s.test, "b",
		     "{'ref':'app:2','context':'/srv/app','labels':{'l':'x'},"
		     "'args':{'VERSION':'1','UNUSED':'1'}}",
		     id));
	assert_string_equal(id, first);
	tag_is(&s, "app:2", first);
	/* Another argument, other labels, another tree, another stage, another platform. */
	static const char *const others[] = {
		"{'ref':'app','context':'/srv/app','labels':{'l':'x'},'args':{'VERSION':'2'}}",
		"{'ref':'app','context':'/srv/app','labels':{'l':'y'},'args':{'VERSION':'1'}}",
		"{'ref':'app','context':'/srv/app','labels':{'l':'x'},'target':'slim'}",
		("{'ref':'app','context':'/srv/app','labels':{'l':'x'},'args':{'VERSION':'1'},"
		 "'platform':'linux/arm64'}"),
		"{'ref':'app','context':'/srv/app','dockerfile':'web/Dockerfile'}",
	};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		char op[8];
		(void)snprintf(op, sizeof(op), "o%zu", i);
		OK(&s, build(&s, s.test, op, others[i], id));
		assert_string_not_equal(id, first);
		tag_is(&s, "app", id);
		tag_is(&s, "app:2", first);
	}
	json_t *changed =
	    quick("{'tree':'t2','dockerfiles':{'Dockerfile':{"
		  "'layers':[['base',20000],['deps-${VERSION}',5000],['app-${tree}',3000]],"
		  "'config':{'Env':['PATH=/bin'],'Labels':{'tier':'web'}}}}}");
	OK(&s, rfa_sim_source_put(s.sim_test, "/srv/app", changed, &s.err));
	json_decref(changed);
	OK(&s, build(&s, s.test, "c",
		     "{'ref':'app','context':'/srv/app','labels':{'l':'x'},"
		     "'args':{'VERSION':'1'}}",
		     id));
	assert_string_not_equal(id, first);
	json_t *out = NULL;
	OK(&s, s.test->engine->inspect(s.test, RFA_IMAGE, id, &out, &s.err));
	json_t *wanted = quick("{'Env':['PATH=/bin'],'Labels':{'tier':'web','l':'x'}}");
	same(wanted, json_object_get(out, "Config"));
	json_decref(wanted);
	json_decref(out);
	small_close(&s);
}

static void what_cannot_be_built_is_told(void **state)
{
	struct small s;
	char id[80];
	(void)state;
	small_open(&s, built_world, 1);
	OK(&s, build(&s, s.test, "a", "{'ref':'app','context':'/srv/app'}", id));
	REFUSED(&s, RFA_EREMOTE,
		build(&s, s.test, "b", "{'ref':'app:latest','context':'/srv/app/bad'}", NULL));
	assert_non_null(strstr(s.err.msg, "exit code: 3"));
	REFUSED(&s, RFA_EREMOTE,
		build(&s, s.test, "c", "{'ref':'app','context':'/srv/app','target':'no'}", NULL));
	REFUSED(&s, RFA_ENOTFOUND,
		build(&s, s.test, "d", "{'ref':'app','context':'/srv/none'}", NULL));
	REFUSED(
	    &s, RFA_ENOTFOUND,
	    build(&s, s.test, "e", "{'ref':'app','context':'/srv/app','dockerfile':'no'}", NULL));
	tag_is(&s, "app", id);
	REFUSED(&s, RFA_EUNSUPPORTED,
		build(&s, s.prod, "f", "{'ref':'app','context':'/srv/app'}", NULL));
	json_t *version = NULL;
	OK(&s, s.prod->engine->builder_version(s.prod, &version, &s.err));
	assert_true(json_is_null(version));
	OK(&s, s.test->engine->builder_version(s.test, &version, &s.err));
	assert_string_equal(json_string_value(version), "0.13.1");
	json_decref(version);
	small_close(&s);
}

static void a_full_disk_ends_a_build(void **state)
{
	struct small s;
	json_t *described = quick("{'hosts':{'test':{'disk_bytes':22000,'sources':{'/srv/app':{"
				  "'dockerfiles':{'Dockerfile':{'layers':[['base',20000]]},"
				  "'big':{'layers':[['base',20000],['more',20000]]}}}}}}}");
	(void)state;
	memset(&s, 0, sizeof(s));
	OK(&s, rfa_sim_new(&s.world, 1, &s.err));
	OK(&s, rfa_sim_setup(s.world, described, &s.err));
	json_decref(described);
	s.sim_test = rfa_sim_host_find(s.world, "test");
	OK(&s, rfa_sim_open(&s.test, s.sim_test, &s.err));
	OK(&s, build(&s, s.test, "a", "{'ref':'app','context':'/srv/app'}", NULL));
	REFUSED(
	    &s, RFA_ENOSPACE,
	    build(&s, s.test, "b", "{'ref':'app','context':'/srv/app','dockerfile':'big'}", NULL));
	/* What is there takes nothing. */
	OK(&s, build(&s, s.test, "c", "{'ref':'app:2','context':'/srv/app'}", NULL));
	small_close(&s);
}

static void a_clone_has_the_sources(void **state)
{
	struct small s;
	struct rfa_sim_world *world = NULL;
	struct rfa_host *h = NULL;
	json_t *out = NULL;
	(void)state;
	small_open(&s, built_world, 1);
	OK(&s, rfa_sim_clone(&world, s.world, &s.err));
	OK(&s, rfa_sim_open(&h, rfa_sim_host_find(world, "test"), &s.err));
	OK(&s, h->files->worktree(h, "/srv/app/web", &out, &s.err));
	json_t *wanted = quick("{'commit':'c1','dirty':true,'tree':'t1'}");
	same(wanted, out);
	json_decref(wanted);
	json_decref(out);
	OK(&s, h->files->worktree(h, "/srv", &out, &s.err));
	wanted = quick("{'commit':null,'dirty':false,'tree':null}");
	same(wanted, out);
	json_decref(wanted);
	json_decref(out);
	REFUSED(&s, RFA_ENOTFOUND, h->files->worktree(h, "/none", &out, &s.err));
	h->ops->free(h);
	rfa_sim_free(world);
	small_close(&s);
}

static void faults_and_defects_reach_builds(void **state)
{
	struct small s;
	char id[80], again[80];
	(void)state;
	small_open(&s, built_world, 1);
	const char *request = "{'ref':'app','context':'/srv/app','labels':{'l':'x'}}";
	struct rfa_sim_fault slow = { .at = rfa_sim_calls(s.world), .kind = RFA_SIM_SLOW };
	OK(&s, rfa_sim_plan(s.world, &slow, &s.err));
	REFUSED(&s, RFA_ELOST, build(&s, s.test, "a", request, NULL));
	OK(&s, build(&s, s.test, "a", request, id));
	OK(&s, build(&s, s.test, "a", request, again));
	assert_string_equal(id, again);
	assert_int_equal(rfa_sim_effects(s.sim_test, "image_build"), 1);
	tag_is(&s, "app", id);
	rfa_sim_mutate(s.world, RFA_SIM_MUTATION_BUILD_TAGS_OLD);
	OK(&s,
	   build(&s, s.test, "b", "{'ref':'app','context':'/srv/app','labels':{'l':'y'}}", again));
	assert_string_not_equal(id, again);
	tag_is(&s, "app", id);
	rfa_sim_mutate(s.world, RFA_SIM_MUTATION_BUILD_DROPS_LABELS);
	OK(&s, build(&s, s.test, "c", request, id));
	OK(&s, build(&s, s.test, "d", "{'ref':'app','context':'/srv/app'}", again));
	assert_string_equal(id, again);
	small_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_image_is_what_it_is_built_of),
		cmocka_unit_test(what_cannot_be_built_is_told),
		cmocka_unit_test(a_full_disk_ends_a_build),
		cmocka_unit_test(a_clone_has_the_sources),
		cmocka_unit_test(faults_and_defects_reach_builds),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("builds on simulated hosts", tests, NULL, NULL);
}
