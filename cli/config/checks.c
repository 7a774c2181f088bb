/* What the configuration of checks must keep that one row of the table cannot say. */
#include "cli/config/checks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"

/* Which keys belong to which kind alone. */
static const struct {
	const char *key, *kinds; /* "|url|tcp|" */
} belongs[] = {
	{ "from", "|url|tcp|" },     { "status", "|url|" },         { "body", "|url|" },
	{ "not_body", "|url|" },     { "headers", "|url|" },        { "content_type", "|url|" },
	{ "host", "|url|" },         { "follow", "|url|" },         { "method", "|url|" },
	{ "send", "|url|" },         { "send_type", "|url|" },      { "timeout_s", "|url|" },
	{ "insecure_tls", "|url|" }, { "networks", "|container|" },
};

static const char *kind_of(const json_t *check)
{
	static const char *const kinds[] = { "url", "tcp", "container", "exec" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (json_object_get(check, kinds[i]))
			return kinds[i];
	}
	return NULL;
}

static void judge_keys(struct rfa_walk *walk, const json_t *check, const char *kind)
{
	char word[32];
	snprintf(word, sizeof(word), "|%s|", kind);
	for (size_t i = 0; i < sizeof(belongs) / sizeof(belongs[0]); i++) {
		if (!json_object_get(check, belongs[i].key) || strstr(belongs[i].kinds, word))
			continue;
		rfa_walk_enter(walk, belongs[i].key, 0);
		if (strcmp(kind, "exec") == 0 && strcmp(belongs[i].key, "timeout_s") == 0)
			rfa_problem_hint(rfa_walk_problem(walk, "it belongs into \"exec\""),
					 "write it there");
		else
			rfa_problem_hint(
			    rfa_walk_problem(walk, "a check of the kind \"%s\" has no such key",
					     kind),
			    "remove it");
		rfa_walk_leave(walk);
	}
}

static void judge_tcp(struct rfa_walk *walk, const json_t *check)
{
	const char *tcp = json_string_value(json_object_get(check, "tcp"));
	const char *colon = tcp ? strrchr(tcp, ':') : NULL;
	long port = colon ? strtol(colon + 1, NULL, 10) : 1;

	if (port >= 1 && port <= 65535)
		return;
	rfa_walk_enter(walk, "tcp", 0);
	rfa_problem_hint(rfa_walk_problem(walk, "%ld is no port", port),
			 "a port is a number from 1 to 65535");
	rfa_walk_leave(walk);
}

static void judge_exec(struct rfa_walk *walk, const json_t *stack, const json_t *check)
{
	const json_t *exec = json_object_get(check, "exec"), *name;
	const char *service = json_string_value(json_object_get(exec, "service"));
	const json_t *command = json_object_get(exec, "command");
	int listed = !service || json_object_get(stack, "compose");
	size_t i;

	rfa_walk_enter(walk, "exec", 0);
	if (json_is_array(command) && json_array_size(command) == 0) {
		rfa_walk_enter(walk, "command", 0);
		rfa_problem_hint(rfa_walk_problem(walk, "the list is empty"),
				 "for example [\"/app/check\"]");
		rfa_walk_leave(walk);
	}
	json_array_foreach (json_object_get(stack, "containers"), i, name)
		listed |= service && json_string_value(name) &&
			  strcmp(json_string_value(name), service) == 0;
	if (!listed) {
		rfa_walk_enter(walk, "service", 0);
		rfa_problem_hint(
		    rfa_walk_problem(walk, "\"%.60s\" is no container of the stack", service),
		    "name one of \"containers\"; \"container\" names any other");
		rfa_walk_leave(walk);
	}
	rfa_walk_leave(walk);
}

static const char *name_of(const json_t *check)
{
	const char *name = json_string_value(json_object_get(check, "name"));
	return name ? name : "";
}

/* A name is what people, and programs, know a check by. */
static void judge_name(struct rfa_walk *walk, const json_t *checks, const json_t *check,
		       const char *kind)
{
	const char *name = name_of(check);
	json_t *before;
	size_t i;

	if (!*name && strcmp(kind, "url") != 0)
		rfa_problem_hint(rfa_walk_problem(walk, "\"name\" is missing"),
				 "add for example \"name\": \"%s\"",
				 strcmp(kind, "tcp") == 0 ? "database" : "worker");
	json_array_foreach (checks, i, before) {
		if (before == check)
			break;
		if (!*name || strcmp(name_of(before), name) != 0)
			continue;
		rfa_walk_enter(walk, "name", 0);
		rfa_problem_hint(rfa_walk_problem(walk, "another check has this name"),
				 "give each check a name of its own");
		rfa_walk_leave(walk);
		break;
	}
}

static void judge_at(struct rfa_walk *walk, const json_t *check)
{
	const json_t *at = json_object_get(check, "at");

	if (!json_is_array(at) || json_array_size(at) > 0)
		return;
	rfa_walk_enter(walk, "at", 0);
	rfa_problem_hint(rfa_walk_problem(walk, "the list is empty: it would never be asked"),
			 "for example \"at\": [\"deploy\", \"smoke\"]");
	rfa_walk_leave(walk);
}

void rfa_checks_judge(struct rfa_walk *walk, const json_t *stack)
{
	const json_t *checks = json_object_get(stack, "checks");
	json_t *check;
	size_t i;

	rfa_walk_enter(walk, "checks", 0);
	json_array_foreach (checks, i, check) {
		const char *kind = json_is_object(check) ? kind_of(check) : NULL;

		if (!kind)
			continue;
		rfa_walk_enter(walk, NULL, i);
		judge_name(walk, checks, check, kind);
		judge_at(walk, check);
		judge_keys(walk, check, kind);
		judge_tcp(walk, check);
		if (strcmp(kind, "exec") == 0)
			judge_exec(walk, stack, check);
		rfa_walk_leave(walk);
	}
	rfa_walk_leave(walk);
}

/* One list. */

static int is_named(const json_t *checks, const char *name)
{
	json_t *check;
	size_t i;

	json_array_foreach (checks, i, check) {
		if (strcmp(name_of(check), name) == 0)
			return 1;
	}
	return 0;
}

static int put_name(const json_t *checks, json_t *check, struct rfa_error *err)
{
	struct rfa_buf name = RFA_BUF_INIT(1 << 20);
	const char *url = rfa_facts_str(check, "url", "");
	int rc = 0;

	if (*name_of(check))
		return 0;
	rfa_buf_puts(&name, url);
	for (unsigned n = 2; is_named(checks, rfa_buf_str(&name)); n++) {
		rfa_buf_clear(&name);
		rfa_buf_printf(&name, "%s (%u)", url, n);
	}
	rc = rfa_buf_check(&name, err);
	if (rc == 0)
		rc = rfa_facts_set(check, "name", json_string(rfa_buf_str(&name)), err);
	rfa_buf_release(&name);
	return rc;
}

/* A number is written as a text: the plan has one kind of status. */
static int put_status(json_t *check, struct rfa_error *err)
{
	const json_t *status = json_object_get(check, "status");
	char text[16];

	if (!json_is_integer(status))
		return 0;
	snprintf(text, sizeof(text), "%d", (int)json_integer_value(status));
	return rfa_facts_set(check, "status", json_string(text), err);
}

static int add(json_t *all, json_t *check, struct rfa_error *err)
{
	return json_array_append(all, check) ? rfa_fail_nomem(err) : 0;
}

int rfa_checks_merge(json_t *stack, struct rfa_error *err)
{
	json_t *all = json_array(), *check;
	size_t i;
	int rc = all ? 0 : rfa_fail_nomem(err);

	/* Without "at" it is asked always. */
	json_array_foreach (json_object_get(stack, "health"), i, check)
		rc = rc ? rc : add(all, check, err);
	json_array_foreach (json_object_get(stack, "checks"), i, check)
		rc = rc ? rc : add(all, check, err);
	json_array_foreach (all, i, check) {
		if (rc == 0)
			rc = put_status(check, err);
		if (rc == 0)
			rc = put_name(all, check, err);
	}
	if (rc == 0)
		rc = rfa_facts_set(stack, "checks", json_incref(all), err);
	if (rc == 0)
		json_object_del(stack, "health");
	json_decref(all);
	return rc;
}
