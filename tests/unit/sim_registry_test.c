/*
 * Images from simulated registries: whatever happens at any call of a fetch or a pull, asking again
 * ends well, and with the image that was asked for. And what a world's setup can do to registries.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fixtures/sim/sim.h"
#include "fsm/base/facts.h"

#define DOMAIN "registry.example:5000"
#define REPOSITORY DOMAIN "/shop/web"
#define RUN "20261122-103015-4f2a9c"

struct scene {
	struct rfa_sim_world *world;
	struct rfa_sim_host *prod;
	struct rfa_host *h;
	struct rfa_error err;
	char ref[256];
};

#define OK(s, call)                                                                   \
	do {                                                                          \
		if (call)                                                             \
			fail_msg("%s: %s (%s)", #call, (s)->err.msg, (s)->err.where); \
	} while (0)

static const struct rfa_registry_access access_there = { .domain = DOMAIN,
							 .user = "deploy",
							 .secret = "s3cret" };

static void put(struct scene *s, const char *tag, const char *top)
{
	const struct rfa_sim_layer layers[] = { { "base", 9000 }, { top, 5000 } };

	OK(s, rfa_sim_registry_put(s->world, REPOSITORY, tag, layers, 2, NULL, &s->err));
}

static void begin(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	OK(s, rfa_sim_new(&s->world, 1, &s->err));
	OK(s, rfa_sim_host_add(&s->prod, s->world, "prod", NULL, &s->err));
	OK(s, rfa_sim_registry_login(s->world, DOMAIN, "deploy", "s3cret", &s->err));
	put(s, "1.4.0", "top");
	snprintf(s->ref, sizeof(s->ref), REPOSITORY "@%s",
		 rfa_sim_registry_digest(s->world, REPOSITORY, "1.4.0"));
	OK(s, rfa_sim_open(&s->h, s->prod, &s->err));
}

static void end(struct scene *s)
{
	rfa_host_free(s->h);
	rfa_sim_free(s->world);
}

static int fetch(struct scene *s)
{
	json_t *asked =
	    json_pack("{s:s, s:[{s:s, s:s, s:s}], s:[]}", "name", "images", "images", "ref", s->ref,
		      "name", "localhost/rfa-pin:web", "platform", "linux/amd64", "omit");
	json_t *out = NULL;
	int rc =
	    s->h->registry->fetch(s->h, RUN, &access_there, 1, asked, NULL, NULL, &out, &s->err);

	json_decref(asked);
	json_decref(out);
	return rc;
}

static int pull(struct scene *s, const char *op)
{
	const struct rfa_job_key key = { RUN, "target.pull", op };
	json_t *asked = json_pack("{s:s}", "ref", s->ref), *out = NULL;
	int rc = s->h->registry->pull(s->h, &key, &access_there, asked, NULL, NULL, &out, &s->err);

	json_decref(asked);
	json_decref(out);
	return rc;
}

static int fetch_and_load(struct scene *s, const char *op)
{
	const struct rfa_job_key key = { RUN, "target.load", op };
	int rc = fetch(s);

	return rc ? rc : s->h->engine->image_load(s->h, &key, "images", &s->err);
}

/* The host has what the registry means by the reference. */
static void has_it(struct scene *s, const char *name)
{
	json_t *said = NULL, *seen = NULL;

	OK(s, s->h->registry->resolve(s->h, &access_there, s->ref, "linux/amd64", &said, &s->err));
	OK(s, s->h->engine->inspect(s->h, RFA_IMAGE, name, &seen, &s->err));
	assert_string_equal(rfa_facts_str(seen, "Id", ""), rfa_facts_str(said, "image/Id", "-"));
	assert_true(json_equal(rfa_facts_at(seen, "RootFS/Layers"),
			       rfa_facts_at(said, "image/RootFS/Layers")));
	json_decref(said);
	json_decref(seen);
}

/* Each fault at each call of `act`; then again without, until it goes well. How many fired. */
static unsigned sweep(int (*act)(struct scene *, const char *), const char *name)
{
	static const char *const ops[] = { "1", "2", "3" };
	unsigned fired = 0;
	uint64_t at, calls = 1;
	int kind;

	for (at = 0; at < calls; at++)
		for (kind = 0; kind < RFA_SIM_FAULT_COUNT; kind++) {
			struct rfa_sim_fault fault = { .kind = (enum rfa_sim_fault_kind)kind,
						       .bytes = 4000 };
			struct scene s;
			size_t i;
			int rc = -1;

			begin(&s);
			fault.at = rfa_sim_calls(s.world) + at;
			OK(&s, rfa_sim_plan(s.world, &fault, &s.err));
			for (i = 0; i < 3 && rc; i++) {
				uint64_t before = rfa_sim_calls(s.world);

				rc = act(&s, ops[i]);
				if (!i && rfa_sim_calls(s.world) - before > calls)
					calls = rfa_sim_calls(s.world) - before;
				if (!rc)
					break;
				rfa_sim_plan_clear(s.world);
				rfa_sim_recover(s.world);
				/* A host that is booting comes back. */
				rfa_sim_clock(s.world)->sleep_ms(rfa_sim_clock(s.world), 60000);
				rfa_host_free(s.h);
				OK(&s, rfa_sim_open(&s.h, s.prod, &s.err));
			}
			if (rc)
				fail_msg("%s at call %u: %s", rfa_sim_fault_word(fault.kind),
					 (unsigned)at, s.err.msg);
			fired += rfa_sim_fired_count(s.world);
			rfa_sim_plan_clear(s.world);
			has_it(&s, name ? name : s.ref);
			end(&s);
		}
	return fired;
}

static void a_fetch_survives_all_faults(void **state)
{
	(void)state;
	assert_true(sweep(fetch_and_load, "localhost/rfa-pin:web") > 60);
}

static void a_pull_survives_all_faults(void **state)
{
	(void)state;
	assert_true(sweep(pull, NULL) >= 13);
}

static void tags_move_and_go(void **state)
{
	char first[80];
	struct scene s;

	(void)state;
	begin(&s);
	snprintf(first, sizeof(first), "%s", rfa_sim_registry_digest(s.world, REPOSITORY, "1.4.0"));
	put(&s, "1.4.0", "other");
	assert_string_not_equal(rfa_sim_registry_digest(s.world, REPOSITORY, "1.4.0"), first);
	OK(&s, fetch(&s)); /* by the digest that it had */
	rfa_sim_registry_drop(s.world, REPOSITORY, "1.4.0");
	assert_null(rfa_sim_registry_digest(s.world, REPOSITORY, "1.4.0"));
	OK(&s, fetch(&s));
	rfa_sim_registry_drop(s.world, REPOSITORY, NULL);
	assert_int_equal(fetch(&s), -RFA_ENOTFOUND);
	end(&s);
}

static void a_host_may_not_reach_it(void **state)
{
	struct scene s;

	(void)state;
	begin(&s);
	OK(&s, rfa_sim_registry_reach(s.prod, DOMAIN, 0, &s.err));
	assert_int_equal(s.h->registry->ping(s.h, &access_there, &s.err), -RFA_EUNREACHABLE);
	assert_int_equal(fetch(&s), -RFA_EUNREACHABLE);
	assert_int_equal(pull(&s, "1"), -RFA_EUNREACHABLE);
	OK(&s, rfa_sim_registry_reach(s.prod, DOMAIN, 1, &s.err));
	/* Its engine needs no SSH server for it. */
	rfa_sim_forwarding(s.prod, 0);
	assert_int_equal(fetch(&s), -RFA_EFORWARDING);
	OK(&s, pull(&s, "2"));
	end(&s);
}

static void a_clone_has_its_own_registries(void **state)
{
	struct rfa_sim_world *other = NULL;
	struct scene s;

	(void)state;
	begin(&s);
	OK(&s, rfa_sim_clone(&other, s.world, &s.err));
	rfa_sim_registry_drop(s.world, REPOSITORY, NULL);
	assert_non_null(rfa_sim_registry_digest(other, REPOSITORY, "1.4.0"));
	rfa_sim_free(other);
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fetch_survives_all_faults),
		cmocka_unit_test(a_pull_survives_all_faults),
		cmocka_unit_test(tags_move_and_go),
		cmocka_unit_test(a_host_may_not_reach_it),
		cmocka_unit_test(a_clone_has_its_own_registries),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("simulated registries", tests, NULL, NULL);
}
