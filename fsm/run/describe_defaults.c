/* What the engine fills in by itself is left out of a create body. */
#include <string.h>

#include "fsm/base/facts.h"
#include "fsm/run/describe_parts.h"

static int is_empty(const json_t *v)
{
	return json_is_null(v) || json_is_false(v) ||
	       (json_is_integer(v) && json_integer_value(v) == 0) ||
	       (json_is_real(v) && !(json_real_value(v) > 0)) ||
	       (json_is_string(v) && !json_string_length(v)) ||
	       (json_is_array(v) && !json_array_size(v)) ||
	       (json_is_object(v) && !json_object_size(v));
}

/* An empty list here is not the default: it takes the default's protection away. */
static int means_something(const char *key)
{
	return !strcmp(key, "MaskedPaths") || !strcmp(key, "ReadonlyPaths") ||
	       !strcmp(key, "Entrypoint") || !strcmp(key, "Cmd");
}

static void drop_empty(json_t *object)
{
	const char *key;
	json_t *value;
	void *tmp;

	json_object_foreach_safe (object, tmp, key, value) {
		if (json_is_null(value) || (is_empty(value) && !means_something(key)))
			json_object_del(object, key);
	}
}

static void drop_if(json_t *object, const char *key, const json_t *value)
{
	const json_t *is = json_object_get(object, key);

	if (is && (!value || json_equal(is, value)))
		json_object_del(object, key);
}

void rfa_describe_drop_defaults(json_t *body)
{
	static const struct {
		const char *key, *value;
	} texts[] = {
		{ "IpcMode", "private" },
		{ "CgroupnsMode", "private" },
		{ "Runtime", "runc" },
	};
	static const char *const attached[] = { "AttachStdin", "AttachStdout", "AttachStderr",
						"Image" };
	json_t *host = json_object_get(body, "HostConfig");
	json_t *shm = json_integer(67108864);
	size_t i;

	for (i = 0; i < sizeof(attached) / sizeof(attached[0]); i++)
		json_object_del(body, attached[i]);
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		json_t *text = json_string(texts[i].value);

		drop_if(host, texts[i].key, text);
		json_decref(text);
	}
	drop_if(host, "ShmSize", shm);
	json_decref(shm);
	drop_if(host, "ConsoleSize", NULL);
	for (i = 0; i < 2; i++) {
		static const char *const paths[] = { "MaskedPaths", "ReadonlyPaths" };

		if (json_array_size(json_object_get(host, paths[i])))
			json_object_del(host, paths[i]);
	}
	drop_empty(json_object_get(host, "RestartPolicy"));
	drop_empty(json_object_get(host, "LogConfig"));
	if (!strcmp(rfa_facts_str(host, "RestartPolicy/Name", ""), "no"))
		json_object_del(host, "RestartPolicy");
	if (!strcmp(rfa_facts_str(host, "LogConfig/Type", ""), "json-file") &&
	    json_object_size(json_object_get(host, "LogConfig")) == 1)
		json_object_del(host, "LogConfig");
	drop_empty(host);
	drop_empty(body);
}
