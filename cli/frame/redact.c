/* Replaces the values of secrets in text and in JSON. */
#include "cli/frame/redact.h"

#include <string.h>

#include "fsm/base/facts.h"

/* How much of a text is a secret, or a line of one: differences are shown line by line. */
static size_t secret_is(const char *secret, const char *text)
{
	size_t len = strlen(secret);
	if (len >= RFA_SECRET_MIN && strncmp(text, secret, len) == 0)
		return len;
	while (strchr(secret, '\n')) {
		len = strcspn(secret, "\n");
		if (len >= RFA_SECRET_MIN && strncmp(text, secret, len) == 0)
			return len;
		secret += len + 1;
	}
	len = strlen(secret);
	return len >= RFA_SECRET_MIN && strncmp(text, secret, len) == 0 ? len : 0;
}

/* The longest secret that begins here: one may begin like another. */
static size_t secret_at(const char *const *secrets, const char *text)
{
	size_t longest = 0;
	for (; secrets && *secrets; secrets++) {
		size_t len = secret_is(*secrets, text);
		longest = len > longest ? len : longest;
	}
	return longest;
}

void rfa_redact(struct rfa_buf *into, const char *const *secrets, const char *text)
{
	while (*text) {
		size_t len = secret_at(secrets, text);
		if (len > 0)
			rfa_buf_puts(into, "[secret]");
		else
			rfa_buf_putc(into, *text);
		text += len > 0 ? len : 1;
	}
}

static json_t *redact_object(const char *const *secrets, const json_t *object)
{
	json_t *copy = json_object(), *value;
	const char *key;
	json_object_foreach ((json_t *)object, key, value) {
		struct rfa_buf name = RFA_BUF_INIT(1 << 20);
		rfa_redact(&name, secrets, key);
		json_object_set_new(copy, rfa_buf_str(&name), rfa_redact_json(secrets, value));
		rfa_buf_release(&name);
	}
	return copy;
}

static json_t *redact_array(const char *const *secrets, const json_t *array)
{
	json_t *copy = json_array(), *value;
	size_t i;
	json_array_foreach ((json_t *)array, i, value)
		json_array_append_new(copy, rfa_redact_json(secrets, value));
	return copy;
}

json_t *rfa_redact_json(const char *const *secrets, const json_t *value)
{
	if (json_is_object(value))
		return redact_object(secrets, value);
	if (json_is_array(value))
		return redact_array(secrets, value);
	if (!json_is_string(value))
		return rfa_facts_copy(value);

	struct rfa_buf text = RFA_BUF_INIT(16 << 20);
	rfa_redact(&text, secrets, json_string_value(value));
	json_t *copy = text.failed ? json_string("[not shown]") : json_string(rfa_buf_str(&text));
	rfa_buf_release(&text);
	return copy;
}
