/*
 * The host contract over real engines, where there are some: RFA_CONTRACT_SSH names a destination
 * (lab: "test"), or RFA_CONTRACT_VIA says how to run a command there ("lab exec test").
 * RFA_CONTRACT_SSH2 and RFA_CONTRACT_VIA2 are a second machine, else the first one is both. The
 * first one must have the images app:1 and app:2, and what host_spec_run() asks for. RFA_TEST is a
 * pattern of the tests to run. RFA_CONTRACT_REGISTRY is a registry that the first one reaches, and
 * whose certificate its engine trusts; RFA_CONTRACT_CA, _USER and _SECRET are how rfa asks it.
 */
#include "tests/contract/host_contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A transport that puts words before every command. */

struct via {
	struct rfa_transport base;
	struct rfa_transport *inner;
	char text[512], *words[16];
};

static int via_connect(struct rfa_transport *t, struct rfa_error *err)
{
	struct via *v = (struct via *)t;

	return v->inner->ops->connect(v->inner, err);
}

static int via_exec(struct rfa_transport *t, const char *const argv[], struct rfa_stream **out,
		    struct rfa_error *err)
{
	struct via *v = (struct via *)t;
	const char *all[64];
	size_t n = 0, i;

	for (i = 0; v->words[i]; i++)
		all[n++] = v->words[i];
	for (i = 0; argv[i] && n < 63; i++)
		all[n++] = argv[i];
	all[n] = NULL;
	return v->inner->ops->exec(v->inner, all, out, err);
}

static void via_disconnect(struct rfa_transport *t)
{
	struct via *v = (struct via *)t;

	v->inner->ops->disconnect(v->inner);
}

static void via_free(struct rfa_transport *t)
{
	struct via *v = (struct via *)t;

	rfa_transport_free(v->inner);
	free(v);
}

static const struct rfa_transport_ops via_ops = {
	"via", via_connect, via_exec, NULL, via_disconnect, via_free,
};

static int via_new(struct rfa_transport **out, const char *words, struct rfa_error *err)
{
	struct via *v = calloc(1, sizeof(*v));
	char *save = NULL, *word;
	size_t n = 0;

	if (!v)
		return rfa_fail_nomem(err);
	v->base.ops = &via_ops;
	snprintf(v->base.name, sizeof(v->base.name), "via");
	snprintf(v->text, sizeof(v->text), "%s", words);
	for (word = strtok_r(v->text, " ", &save); word && n < 15;
	     word = strtok_r(NULL, " ", &save))
		v->words[n++] = word;
	*out = &v->base;
	return rfa_transport_local(&v->inner, "via", err);
}

/* A real engine. */

static int real_open(struct host_world *w, int machine, struct rfa_host **out,
		     struct rfa_error *err)
{
	const char *via = getenv(machine && getenv("RFA_CONTRACT_VIA2") ? "RFA_CONTRACT_VIA2"
									: "RFA_CONTRACT_VIA");
	const char *ssh = getenv(machine && getenv("RFA_CONTRACT_SSH2") ? "RFA_CONTRACT_SSH2"
									: "RFA_CONTRACT_SSH");
	struct rfa_host_options options = { .name = machine ? "prod" : "test" };
	struct rfa_ssh_options how = RFA_SSH_OPTIONS_INIT;
	struct rfa_transport *t = NULL;
	int rc;

	(void)w;
	how.destination = ssh;
	rc = ssh ? rfa_transport_ssh(&t, options.name, &how, err) : via_new(&t, via, err);
	return rc ? rc : rfa_host_shell(out, t, &options, err);
}

/* A registry that lets in nobody else, at any time. */
static void locked(struct host_registry *r, int on)
{
	(void)r;
	(void)on;
}

/* tokens: what locks it, if it hands them out. */
static int run_registry(struct host_world *world, const char *name, const char *domain,
			void (*tokens)(struct host_registry *, int))
{
	char repository[256], nobody[256];
	struct host_registry at = {
		.access = { .domain = domain,
			    .ca_file = getenv("RFA_CONTRACT_CA"),
			    .user = getenv("RFA_CONTRACT_USER"),
			    .secret = getenv("RFA_CONTRACT_SECRET") },
		.repository = repository,
		.nobody = nobody,
		.lock = locked,
		.tokens = tokens,
	};

	if (!domain)
		return 0;
	snprintf(repository, sizeof(repository), "%s/shop/app", domain);
	snprintf(nobody, sizeof(nobody), "%.*s:1", (int)strcspn(domain, ":"), domain);
	return host_registry_run(name, world, &at);
}

/* The Config of one of the images that host_spec_run() asks for, for who makes it. */
static int print_image(int version)
{
	json_t *config = host_spec_image(version);
	int failed = !config || json_dumpf(config, stdout, JSON_COMPACT) < 0;

	json_decref(config);
	return failed;
}

int main(int argc, char **argv)
{
	struct host_world world = { .open = real_open, .real_files = 1 };

	if (argc == 3 && !strcmp(argv[1], "--image"))
		return print_image(atoi(argv[2]));

	cmocka_set_message_output(CM_OUTPUT_TAP);
	cmocka_set_test_filter(getenv("RFA_TEST"));
	if (!getenv("RFA_CONTRACT_VIA") && !getenv("RFA_CONTRACT_SSH")) {
		puts("1..0 # SKIP RFA_CONTRACT_SSH names no host");
		return 0;
	}
	snprintf(world.dir, sizeof(world.dir), "/srv");
	snprintf(world.tag, sizeof(world.tag), "contract");
	return host_contract_run("host over a real engine", &world) +
		   host_compose_run("projects of a real Compose", &world) +
		   host_builds_run("builds on a real engine", &world) +
		   host_store_run("images out of a real store", &world) +
		   host_refs_run("references on a real engine", &world) +
		   host_once_run("containers that end, on a real engine", &world) +
		   run_registry(&world, "a registry beside a real engine",
				getenv("RFA_CONTRACT_REGISTRY"), NULL) +
		   run_registry(&world, "a registry with tokens beside a real engine",
				getenv("RFA_CONTRACT_TOKENS"), locked) +
		   host_spec_run("making a container again on a real engine", &world) !=
	       0;
}
