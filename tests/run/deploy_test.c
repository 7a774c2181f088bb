/* deploy: a version comes from its registry; who fetches it, what is refused, what is left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/facts.h"
#include "tests/harness/watcher.h"

struct bench {
	struct world w;
	struct watcher x;
	struct rfa_run_result result;
	struct rfa_error err;
};

static void bench_open(struct bench *b, enum scenario s, const char *via)
{
	memset(b, 0, sizeof(*b));
	world_make_registry(&b->w, s, 7, via);
	watcher_begin(&b->x, &b->w);
}

static void bench_close(struct bench *b)
{
	struct rfa_buf why = RFA_BUF_INIT(65536);

	if (!world_is_clean(&b->w, &why))
		fail_msg("%s", rfa_buf_str(&why));
	rfa_buf_release(&why);
	watcher_end(&b->x);
	world_free(&b->w);
}

static int deploy(struct bench *b)
{
	rfa_error_clear(&b->err);
	return rfa_run_begin(&b->w.options, b->w.plan, &b->result, &b->err);
}

static const char *ref_of(struct bench *b, const char *container, char out[128])
{
	json_t *seen = NULL;

	assert_int_equal(
	    b->w.target->engine->inspect(b->w.target, RFA_CONTAINER, container, &seen, &b->err), 0);
	snprintf(out, 128, "%s", rfa_facts_str(seen, "Config/Image", ""));
	json_decref(seen);
	return out;
}

static int has_image(struct bench *b, const char *ref)
{
	struct rfa_error err;
	json_t *seen = NULL;
	int rc = b->w.target->engine->inspect(b->w.target, RFA_IMAGE, ref, &seen, &err);

	json_decref(seen);
	return rc == 0;
}

static void a_version_comes(void **state)
{
	static const char *const ways[] = { "target", "test" };
	char ref[128];
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct bench b;

		bench_open(&b, SCENARIO_MIXED, ways[i]);
		assert_int_equal(deploy(&b), 0);
		assert_string_equal(b.result.version, "v3");
		assert_string_equal(ref_of(&b, "backend", ref), WORLD_REGISTRY "/app/backend:v3");
		assert_string_equal(ref_of(&b, "shop-web-1", ref), WORLD_REGISTRY "/app/web:v3");
		/* What does not come from there stays. */
		assert_string_equal(ref_of(&b, "shop-api-1", ref), "api:v1");
		/* Once more: nothing is to be done. */
		assert_int_equal(deploy(&b), 0);
		bench_close(&b);
	}
}

/* A tag that moves while the run is on its way makes no difference: it is asked for by digest. */
static void a_tag_is_asked_once(void **state)
{
	struct bench b;
	char first[64];

	(void)state;
	bench_open(&b, SCENARIO_RUN, "target");
	assert_int_equal(deploy(&b), 0);
	snprintf(first, sizeof(first), "%s", b.result.run);
	/* Moved since: refused, naming the run that brought it. */
	world_registry_put(&b.w, "backend", "v3", "v4", "200");
	assert_int_equal(deploy(&b), -RFA_EREFUSED);
	assert_true(watcher_is_refused(b.x.refused, "version", first));
	bench_close(&b);
}

static void what_is_ill_goes_back(void **state)
{
	static const char *const ways[] = { "target", "test" };
	char ref[128];
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct bench b;

		bench_open(&b, SCENARIO_UNHEALTHY, ways[i]);
		assert_int_equal(deploy(&b), -RFA_EROLLED_BACK);
		assert_string_equal(ref_of(&b, "backend", ref), "backend:v1");
		assert_false(has_image(&b, WORLD_REGISTRY "/app/backend:v3"));
		bench_close(&b);
	}
}

static void what_the_registry_says_no_to(void **state)
{
	struct bench b;
	char ref[128];

	(void)state;
	/* No such version: nothing was touched. */
	bench_open(&b, SCENARIO_RUN, "target");
	rfa_sim_registry_drop(b.w.sim, WORLD_REGISTRY "/app/frontend", "v3");
	assert_int_equal(deploy(&b), -RFA_ENOTFOUND);
	assert_int_equal(b.result.final, RFA_FINAL_FAILED);
	assert_string_equal(ref_of(&b, "frontend", ref), "frontend:v1");
	bench_close(&b);
	/* Nobody is logged in. */
	bench_open(&b, SCENARIO_RUN, "test");
	b.w.options.login = NULL;
	assert_int_equal(deploy(&b), -RFA_EAUTH);
	bench_close(&b);
	/* A registry that lies: the old version serves. */
	bench_open(&b, SCENARIO_RUN, "test");
	rfa_sim_registry_lie(b.w.sim, 1);
	assert_true(deploy(&b) < 0);
	assert_string_equal(ref_of(&b, "backend", ref), "backend:v1");
	bench_close(&b);
	bench_open(&b, SCENARIO_RUN, "target");
	rfa_sim_registry_lie(b.w.sim, 1);
	assert_true(deploy(&b) < 0);
	assert_string_equal(ref_of(&b, "backend", ref), "backend:v1");
	bench_close(&b);
}

/* What rfa.json says of the login now; the registry takes `right`. */
static const char *said;
static int asked;
static int says_it(void *user, const char *domain, const char **name, const char **secret,
		   struct rfa_error *err)
{
	(void)user;
	(void)domain;
	(void)err;
	asked++;
	*name = "deployer";
	*secret = said;
	return 0;
}

static size_t last_of(struct bench *b, const char *call)
{
	const char *trace = rfa_sim_trace(b->w.sim), *at = trace, *last = NULL;

	while ((at = strstr(at, call)))
		last = at++;
	assert_non_null(last);
	return (size_t)(last - trace);
}

/* A resumed run asks again what the login is: the ledger has none. Nothing of it stays there. */
static void the_login_is_that_of_now(void **state)
{
	static const char *const ways[] = { "target", "test" };
	static const char old[] = "hunter2-of-then", new[] = "hunter2-of-now";
	struct rfa_buf text = RFA_BUF_INIT(1 << 24);
	struct rfa_error err;
	struct bench b;
	char id[64];
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		bench_open(&b, SCENARIO_RUN, ways[i]);
		b.w.options.login = says_it;
		assert_int_equal(
		    rfa_sim_registry_login(b.w.sim, WORLD_REGISTRY, "deployer", old, &err), 0);
		said = old;
		watcher_crash(&b.x, i ? "source.export" : "target.pull", 0);
		assert_true(deploy(&b) < 0);
		snprintf(id, sizeof(id), "%s", b.result.run);
		rfa_sim_recover(b.w.sim);
		rfa_sim_plan_clear(b.w.sim);
		watcher_clear(&b.x);
		assert_int_equal(
		    rfa_sim_registry_login(b.w.sim, WORLD_REGISTRY, "deployer", new, &err), 0);
		said = new;
		asked = 0;
		if (rfa_run_resume(&b.w.options, id, RFA_RESUME_CONTINUE, &b.result, &b.err))
			fail_msg("%s: %s (%s)", ways[i], b.err.msg, b.err.where);
		assert_true(asked > 0);
		world_ledger_text(&b.w, id, &text);
		rfa_buf_puts(&text, rfa_buf_str(&b.x.all));
		assert_null(strstr(rfa_buf_str(&text), "hunter2"));
		rfa_buf_clear(&text);
		if (!i)
			assert_true(last_of(&b, "memory_forget") > last_of(&b, "image_pull"));
		bench_close(&b);
	}
	rfa_buf_release(&text);
}

/* What a deploy leaves as it is needs no proof: only what it brings. */
static void only_what_comes_is_judged(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, SCENARIO_MIXED, "target");
	if (!rfa_facts_at(b.w.plan, "target/stack/gates"))
		json_object_set_new(rfa_facts_at(b.w.plan, "target/stack"), "gates", json_object());
	json_object_set_new(rfa_facts_at(b.w.plan, "target/stack/gates"), "verified_in",
			    json_pack("[s]", "qa"));
	assert_int_equal(deploy(&b), -RFA_EREFUSED);
	assert_true(watcher_is_refused(b.x.refused, "verified", "backend:v3"));
	assert_int_equal(json_array_size(b.x.refused), 3);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_version_comes),
		cmocka_unit_test(a_tag_is_asked_once),
		cmocka_unit_test(what_is_ill_goes_back),
		cmocka_unit_test(what_the_registry_says_no_to),
		cmocka_unit_test(the_login_is_that_of_now),
		cmocka_unit_test(only_what_comes_is_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
