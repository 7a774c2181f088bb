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
	};
	failed = host_registry_run(name, world, &w.at);
	fake_registry_stop(&w.fake);
	return failed;
}

#endif
