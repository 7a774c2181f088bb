/* Images that a run brings by a name: for which container, and under which version. */
#include "fsm/parts/named.h"

#include <stdio.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "fsm/base/suggest.h"
#include "fsm/parts/args.h"

int rfa_named_is_tag(const char *text)
{
	static const char chars[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

	return *text && *text != '.' && *text != '-' && strlen(text) <= RFA_TAG_MAX &&
	       !text[strspn(text, chars)];
}

enum rfa_named_version rfa_named_version(const char *pattern, const char *tag,
					 char out[RFA_TAG_MAX + 1])
{
	size_t before = strcspn(pattern, "*"), behind = strlen(pattern + before) - 1;
	size_t len = strlen(tag);

	*out = '\0';
	if (len <= before + behind || strncmp(tag, pattern, before) != 0 ||
	    strcmp(tag + len - behind, pattern + before + 1) != 0)
		return RFA_VERSION_OTHER;
	len -= before + behind;
	snprintf(out, RFA_TAG_MAX + 1, "%.*s", (int)len, tag + before);
	/* What begins with "-" would be taken for an option. */
	return len <= RFA_TAG_MAX && *tag != '-' && rfa_named_is_tag(out) ? RFA_VERSION_IS
									  : RFA_VERSION_NO_IMAGE;
}

/* 1 if the stack has a container of this name, or may have such a service. */
static int has_key(const json_t *plan, const char *key)
{
	const json_t *services = rfa_facts_at(plan, "target/stack/compose/services");

	return rfa_facts_has_text(rfa_facts_at(plan, "target/stack/containers"), key) ||
	       (rfa_facts_at(plan, "target/stack/compose") &&
		(!json_array_size(services) || rfa_facts_has_text(services, key)));
}

int rfa_named_check(const json_t *plan, const char *where, const char *key, struct rfa_error *err)
{
	struct rfa_suggestion s = { key, NULL, 0 };
	json_t *name;
	size_t i;

	if (has_key(plan, key))
		return 0;
	json_array_foreach (rfa_facts_at(plan, "target/stack/containers"), i, name) {
		rfa_suggest_offer(&s, json_string_value(name));
	}
	rfa_fail(err, RFA_ECONFIG, "config",
		 "%s names %.60s, which is no container and no service of the stack", where, key);
	return s.best && s.distance <= 3
		   ? rfa_error_hint(err, "did you mean %s?", s.best)
		   : rfa_error_hint(err, "name it as it is in containers, or in the Compose "
					 "project");
}

int rfa_named_desired(json_t *plan, const json_t *names, const char *version, struct rfa_error *err)
{
	const json_t *containers = rfa_facts_at(plan, "target/stack/containers");
	json_t *list = json_array(), *name;
	const char *key;
	int rc = list ? 0 : rfa_fail_nomem(err);

	json_object_foreach ((json_t *)(uintptr_t)names, key, name) {
		char ref[512];

		snprintf(ref, sizeof(ref), "%.300s:%s", json_string_value(name), version);
		if (!rc &&
		    json_array_append_new(
			list, json_pack("{s:s, s:s, s:s}", "key", key, "kind",
					rfa_facts_has_text(containers, key) ? "run" : "compose",
					"ref", ref)))
			rc = rfa_fail_nomem(err);
	}
	if (!rc)
		rc = rfa_plan_set(plan, "desired",
				  json_pack("{s:s, s:O}", "version", version, "images", list), err);
	json_decref(list);
	return rc;
}
