/* What the configuration of channels must keep that one row of the table cannot say. */
#include "cli/config/notify_rules.h"

#include <string.h>

#include "fsm/base/facts.h"
#include "fsm/base/reference.h"
#include "fsm/core/flow.h"

/* Which keys belong to which kinds alone, and which are needed there. */
static const struct {
	const char *key, *kinds, *needed; /* "|webhook|email|" */
} belongs[] = {
	{ "url", "|webhook|email|", "|webhook|email|" },
	{ "format", "|webhook|", "" },
	{ "secret", "|webhook|", "" },
	{ "from", "|email|", "|email|" },
	{ "to", "|email|", "|email|" },
	{ "user", "|email|", "" },
	{ "password", "|email|", "" },
	{ "tls", "|email|", "" },
	{ "ca", "|webhook|email|", "" },
	{ "command", "|exec|", "|exec|" },
};

static void at_key(struct rfa_walk *walk, const char *key, const char *hint, const char *fmt,
		   const char *word)
{
	rfa_walk_enter(walk, key, 0);
	rfa_problem_hint(rfa_walk_problem(walk, "%s%s", fmt, word), "%s", hint);
	rfa_walk_leave(walk);
}

static void judge_keys(struct rfa_walk *walk, const json_t *channel, const char *kind)
{
	char word[32];

	snprintf(word, sizeof(word), "|%.20s|", kind);
	for (size_t i = 0; i < sizeof(belongs) / sizeof(belongs[0]); i++) {
		const json_t *value = json_object_get(channel, belongs[i].key);

		if (value && !strstr(belongs[i].kinds, word))
			at_key(walk, belongs[i].key, "remove it",
			       "no such key has a channel of the kind ", kind);
		else if (value && json_is_array(value) && !json_array_size(value))
			at_key(walk, belongs[i].key, "name at least one", "the list is empty", "");
		else if (!value && strstr(belongs[i].needed, word))
			rfa_problem_hint(
			    rfa_walk_problem(walk, "\"%s\" is missing", belongs[i].key),
			    "a channel of the kind \"%.20s\" needs it", kind);
	}
}

/* The address of these is a secret: whoever has it can write to the group. */
static int is_secret(const char *format)
{
	static const char *const all[] = { "slack", "feishu", "dingtalk", "wecom" };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (!strcmp(all[i], format))
			return 1;
	return 0;
}

static void judge_url(struct rfa_walk *walk, const json_t *channel, const char *kind)
{
	const char *url = rfa_facts_str(channel, "url", "");
	const char *format = rfa_facts_str(channel, "format", "json");
	const char *scheme = !strcmp(kind, "email") ? "smtp" : "http";

	if (*url && *url != '$' && strncmp(url, scheme, 4) != 0)
		at_key(walk, "url", "https:// for a webhook, smtps:// for an email",
		       "this is no URL for the kind ", kind);
	else if (*url && is_secret(format) && !strstr(url, "${"))
		at_key(walk, "url",
		       "put it into a file, name that under secret_files, and write ${NAME} here",
		       "whoever has this URL can write to the group: it is a secret", "");
	if (!strcmp(format, "wecom") && json_object_get(channel, "secret"))
		at_key(walk, "secret", "remove it", "wecom has no signature", "");
	if (!json_object_get(channel, "user") != !json_object_get(channel, "password"))
		at_key(walk, json_object_get(channel, "user") ? "user" : "password",
		       "give both, or none", "a login is a user and a password", "");
}

static int is_known(const json_t *root, const char *name)
{
	return rfa_facts_has_text(json_object_get(root, "secrets"), name) ||
	       json_object_get(json_object_get(root, "secret_files"), name) ||
	       json_object_get(json_object_get(root, "secret_commands"), name);
}

/* A value that rfa does not know as a secret would be shown. */
static void judge_references(struct rfa_walk *walk, const json_t *root, const json_t *channel)
{
	static const char *const keys[] = { "url", "secret", "password" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *at = rfa_facts_str(channel, keys[i], "");
		char name[RFA_REFERENCE_MAX];
		size_t len;

		for (; (len = rfa_reference_next(&at, name)); at += len)
			if (!is_known(root, name))
				at_key(walk, keys[i],
				       "add it to secrets, secret_files or secret_commands",
				       "no secret has the name ", name);
	}
}

/* Each of the list is a name of the map. */
static void judge_names(struct rfa_walk *walk, const json_t *root, const json_t *channel,
			const char *key, const char *kind)
{
	const json_t *map = json_object_get(root, key);
	json_t *one;
	size_t i;

	rfa_walk_enter(walk, key, 0);
	json_array_foreach (json_object_get(channel, key), i, one) {
		rfa_walk_enter(walk, NULL, i);
		if (json_is_string(one) && !json_object_get(map, json_string_value(one)))
			rfa_walk_no_such_name(walk, map, kind, json_string_value(one));
		rfa_walk_leave(walk);
	}
	rfa_walk_leave(walk);
}

static void judge_flows(struct rfa_walk *walk, const json_t *channel)
{
	json_t *one;
	size_t i;

	rfa_walk_enter(walk, "flows", 0);
	json_array_foreach (json_object_get(channel, "flows"), i, one) {
		rfa_walk_enter(walk, NULL, i);
		if (json_is_string(one) && !rfa_flow_by_name(json_string_value(one)))
			rfa_problem_hint(rfa_walk_problem(walk, "there is no such flow"),
					 "`rfa flows` lists them");
		rfa_walk_leave(walk);
	}
	rfa_walk_leave(walk);
}

void rfa_notify_judge(struct rfa_walk *walk, const json_t *root)
{
	const char *name, *kind;
	json_t *channel;

	rfa_walk_enter(walk, "notify", 0);
	json_object_foreach (json_object_get(root, "notify"), name, channel) {
		kind = rfa_facts_str(channel, "kind", NULL);
		if (!kind || !strncmp(name, "x-", 2))
			continue;
		rfa_walk_enter(walk, name, 0);
		judge_keys(walk, channel, kind);
		judge_url(walk, channel, kind);
		judge_references(walk, root, channel);
		judge_names(walk, root, channel, "stacks", "stack");
		judge_names(walk, root, channel, "environments", "environment");
		judge_flows(walk, channel);
		rfa_walk_leave(walk);
	}
	rfa_walk_leave(walk);
}
