/* A false registry as the contract of images from registries wants one. */
#ifndef RFA_TESTS_CONTRACT_REGISTRY_WORLD_H
#define RFA_TESTS_CONTRACT_REGISTRY_WORLD_H

#include "tests/contract/host_contract.h"
#include "tests/harness/fakehost.h"
#include "tests/harness/fakeregistry.h"

struct registry_world {
	struct fake_registry fake;
	struct host_registry at;
	char domain[64], repository[128], nobody[64], calls[256];
};

static inline void registry_cut(struct host_registry *r, int on)
{
	((struct registry_world *)r->data)->fake.shared->blob = on ? FAKE_CUT : FAKE_RANGES;
}

static inline void registry_lie(struct host_registry *r, int on)
{
	((struct registry_world *)r->data)->fake.shared->spoil = on ? 2 : 0;
}

static inline void registry_lock(struct host_registry *r, int on)
{
	((struct registry_world *)r->data)->fake.shared->auth = on ? FAKE_BASIC : FAKE_OPEN;
}

static inline void registry_tokens(struct host_registry *r, int on)
{
	struct fake_shared *s = ((struct registry_world *)r->data)->fake.shared;

	s->auth = on ? FAKE_BEARER : FAKE_OPEN;
	s->good_token = 0;
	memset(s->log, 0, sizeof(s->log));
	s->next = 0;
}

/* rfa gets the next one for the engine, which then asks as nobody, and then with the login. */
static inline void registry_stale(struct host_registry *r, int on)
{
	struct fake_shared *s = ((struct registry_world *)r->data)->fake.shared;

	s->good_token = on ? s->tokens + 3 : 0;
}

static inline int registry_came_with(struct host_registry *r, const char *words)
{
	return strstr(((struct registry_world *)r->data)->fake.shared->log, words) != NULL;
}

/* Runs the contract over it; how many failed. */
static inline int registry_world_run(const char *name, struct host_world *world,
				     const struct fakehosts *hosts)
{
	static struct registry_world w;
	int failed;

	fake_registry_start(&w.fake);
	w.fake.shared->big = 50000; /* layers */
	snprintf(w.domain, sizeof(w.domain), "127.0.0.1:%u", w.fake.web.port);
	snprintf(w.repository, sizeof(w.repository), "%s/" FAKE_REPOSITORY, w.domain);
	snprintf(w.nobody, sizeof(w.nobody), "127.0.0.1:%u", web_closed_port());
	snprintf(w.calls, sizeof(w.calls), "%s/engine0/calls", hosts->root);
	w.at = (struct host_registry){
		.data = &w,
		.access = { .domain = w.domain, .user = FAKE_USER, .secret = FAKE_SECRET },
		.repository = w.repository,
		.nobody = w.nobody,
		.calls = w.calls,
		.cut = registry_cut,
		.lie = registry_lie,
		.lock = registry_lock,
		.tokens = registry_tokens,
		.stale = registry_stale,
		.came_with = registry_came_with,
	};
	failed = host_registry_run(name, world, &w.at);
	fake_registry_stop(&w.fake);
	return failed;
}

#endif
