/*
 * The gate of published ports: a database of the stack that others than its host itself reach. Both
 * are looked at: the containers that are there, and what the Compose files make of the next ones.
 */
#include <stdlib.h>
#include <string.h>

#include "fsm/steps/common/gates.h"
#include "fsm/steps/common/inspect.h"
#include "fsm/steps/common/observe.h"
#include "fsm/steps/images/compose_project.h"

/* What databases listen on, whatever their image is called. */
static const struct {
	long port;
	const char *server;
} known[] = {
	{ 1433, "SQL Server" }, { 1521, "Oracle" }, { 3306, "MySQL" },
	{ 5432, "PostgreSQL" }, { 6379, "Redis" },  { 11211, "memcached" },
	{ 27017, "MongoDB" },   { 33060, "MySQL" },
};

/* Which server has this port in its container; NULL: none. all: every port is a database's. */
static const char *server_of(long port, int all)
{
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].port == port)
			return known[i].server;
	return all ? "the database" : NULL;
}

/* An address that only the host itself reaches. */
static int is_loopback(const char *ip)
{
	static const char *const six[] = { "::1", "[::1]", "0:0:0:0:0:0:0:1" };
	const char *four = !strncmp(ip, "::ffff:", 7) ? ip + 7 : ip;
	size_t i;

	for (i = 0; i < sizeof(six) / sizeof(six[0]); i++)
		if (!strcmp(ip, six[i]))
			return 1;
	return !strncmp(four, "127.", 4) && strspn(four, "0123456789.") == strlen(four);
}

static const char *words_of(const struct rfa_gates *c, const char *ip)
{
	return *ip ? rfa_pool_printf(c->ctx->pool, "the address %s", ip) : "every address";
}

/* who: "the container db", "the service db in the Compose files". */
static void deny(struct rfa_gates *c, const char *server, long port, const char *who,
		 const char *ip)
{
	rfa_deny_unless_forced(
	    c,
	    rfa_pool_printf(c->ctx->pool,
			    "publish it on 127.0.0.1 only (\"127.0.0.1:%ld:%ld\") or not at all, "
			    "and bring it up there; if others have to reach it: "
			    "gates.allow_published of the stack in rfa.json",
			    port, port),
	    "%s can be reached from outside of %s: the port %ld of %s is published on %s", server,
	    c->ctx->host->name, port, who, words_of(c, ip));
}

/* Containers. */

/* The first address of these bindings that is not the host's own; NULL: there is none. */
static const char *open_address(const json_t *bindings)
{
	const json_t *one;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)bindings, i, one) {
		const char *ip = rfa_facts_str(one, "HostIp", "");

		if (!is_loopback(ip))
			return ip;
	}
	return NULL;
}

/* It has the host's own network, or publishes all that its image exposes. */
static int shows_all(const json_t *inspect)
{
	return !strcmp(rfa_facts_str(inspect, "HostConfig/NetworkMode", ""), "host") ||
	       rfa_facts_bool(inspect, "HostConfig/PublishAllPorts", 0);
}

static void judge_container(struct rfa_gates *c, const json_t *inspect)
{
	const json_t *asked = rfa_facts_at(inspect, "HostConfig/PortBindings");
	const json_t *bound = rfa_facts_at(inspect, "NetworkSettings/Ports");
	const json_t *exposed = rfa_facts_at(inspect, "Config/ExposedPorts");
	const json_t *tables[] = { asked, bound, shows_all(inspect) ? exposed : NULL };
	const char *name = rfa_container_name(inspect);
	int all = rfa_stack_has_server(rfa_ctx_stack_here(c->ctx), name);
	const char *who = rfa_pool_printf(c->ctx->pool, "the container %s", name);
	struct rfa_texts told = { NULL, 0 };
	const char *key;
	json_t *bindings;
	size_t i;

	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		json_object_foreach ((json_t *)(uintptr_t)tables[i], key, bindings) {
			long port = strtol(key, NULL, 10);
			const char *server = server_of(port, all);
			const char *ip = tables[i] == exposed && shows_all(inspect)
					     ? ""
					     : open_address(bindings);

			if (!server || !ip || rfa_texts_have(&told, key))
				continue;
			rfa_texts_add(c->ctx->pool, &told, key);
			deny(c, server, port, who, ip);
		}
}

/* The run makes this service's container anew: what its files say counts, not what it is now. */
static int is_made_anew(const struct rfa_gates *c, const json_t *container, const json_t *services)
{
	const struct rfa_stack *stack = rfa_ctx_stack_here(c->ctx);
	const char *project = rfa_container_label(container, "com.docker.compose.project");
	const char *service = rfa_container_label(container, "com.docker.compose.service");

	return rfa_ctx_options(c->ctx)->recreate && stack->compose &&
	       !strcmp(project, stack->compose->project) && json_object_get(services, service) &&
	       (rfa_compose_deploys(c->ctx, service) || rfa_compose_starts_first(c->ctx, service));
}

/* Each container of the stack once: of its own list, of its project, and the servers of its data.
 */
static int judge_containers(struct rfa_gates *c, const json_t *services, struct rfa_error *err)
{
	const struct rfa_stack *stack = rfa_ctx_stack_here(c->ctx);
	const char *project = stack->compose ? stack->compose->project : "";
	json_t *all = NULL, *one;
	size_t i;
	int rc = c->ctx->host->engine->list(c->ctx->host, RFA_CONTAINER, &all, err);

	json_array_foreach (all, i, one) {
		const char *name = rfa_container_name(one);
		const char *of = rfa_container_label(one, "com.docker.compose.project");

		if (((*project && !strcmp(of, project)) ||
		     rfa_texts_have(&stack->containers, name) ||
		     rfa_stack_has_server(stack, name)) &&
		    !is_made_anew(c, one, services))
			judge_container(c, one);
	}
	json_decref(all);
	return rc;
}

/* Files. */

static void judge_service(struct rfa_gates *c, const char *name, const json_t *service)
{
	const struct rfa_stack *stack = rfa_ctx_stack_here(c->ctx);
	const char *usual = rfa_pool_printf(c->ctx->pool, "%s-%s-1", stack->compose->project, name);
	int all = rfa_stack_has_server(stack, rfa_facts_str(service, "container_name", usual));
	const char *who =
	    rfa_pool_printf(c->ctx->pool, "the service %s in the Compose files", name);
	json_t *one;
	size_t i;

	json_array_foreach (json_object_get(service, "ports"), i, one) {
		long port = (long)rfa_facts_int(one, "target", 0);
		const char *server = server_of(port, all);
		const char *ip = rfa_facts_str(one, "host_ip", "");

		if (server && !is_loopback(ip))
			deny(c, server, port, who, ip);
	}
}

/* *answer (new, or NULL): the project. Files that are not valid are told by its own gate. */
static int read_files(struct rfa_gates *c, json_t **answer, struct rfa_error *err)
{
	struct rfa_compose_project project;
	int rc;

	*answer = NULL;
	if (!rfa_ctx_stack_here(c->ctx)->compose || !c->ctx->own->engine ||
	    !*c->ctx->own->engine->compose || *c->ctx->own->files_problem)
		return 0;
	rc = rfa_compose_project(c->ctx, 0, &project, err);
	if (!rc)
		rc = c->ctx->host->engine->compose_config(c->ctx->host, &project.compose, answer,
							  err);
	if (rc == -RFA_EREMOTE || rc == -RFA_ENOTFOUND) {
		rfa_error_clear(err);
		rc = 0;
	}
	return rc;
}

int rfa_gate_published(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_limits *limits = rfa_ctx_stack_here(c->ctx)->gates;
	json_t *answer = NULL, *services, *service;
	const char *name;
	int rc;

	if (limits && limits->allow_published)
		return 0;
	rc = read_files(c, &answer, err);
	services = rfa_facts_at(answer, "config/services");
	if (!rc)
		rc = judge_containers(c, services, err);
	json_object_foreach (services, name, service) {
		if (!rc)
			judge_service(c, name, service);
	}
	json_decref(answer);
	return rc;
}
