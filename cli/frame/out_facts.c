/* Facts as lines for people: "image.ref: web:2", one a line, whatever their depth. */
#include <string.h>

#include "cli/frame/output.h"

struct lines {
	struct rfa_buf *into;
	const char *indent;
	size_t most, n;
};

static void put(struct lines *l, const char *path, const struct rfa_buf *value)
{
	if (l->n++ >= l->most && l->most)
		return;
	rfa_buf_printf(l->into, "\n%s", l->indent);
	rfa_buf_put_printable(l->into, path, strlen(path), 100);
	rfa_buf_puts(l->into, ": ");
	rfa_buf_put_printable(l->into, rfa_buf_str(value), value->len, l->most ? 200 : 0);
}

static void put_scalar(struct rfa_buf *into, const json_t *value)
{
	if (json_is_string(value))
		rfa_buf_add(into, json_string_value(value), json_string_length(value));
	else if (json_is_integer(value))
		rfa_buf_printf(into, "%lld", (long long)json_integer_value(value));
	else if (json_is_boolean(value))
		rfa_buf_puts(into, json_is_true(value) ? "yes" : "no");
	else
		rfa_buf_puts(into, json_is_real(value) ? "(a number)" : "-");
}

static int is_flat(const json_t *value)
{
	json_t *one;
	size_t i;
	if (json_is_object(value))
		return json_object_size(value) == 0;
	json_array_foreach ((json_t *)value, i, one) {
		if (json_is_object(one) || json_is_array(one))
			return 0;
	}
	return 1;
}

static void walk(struct lines *l, const char *path, const json_t *value)
{
	struct rfa_buf text = RFA_BUF_INIT(RFA_OUT_FACT_BYTES), below = RFA_BUF_INIT(4096);
	const char *key;
	json_t *one;
	size_t i;

	if (is_flat(value)) {
		if (!json_is_array(value) && !json_is_object(value))
			put_scalar(&text, value);
		json_array_foreach ((json_t *)value, i, one) {
			rfa_buf_puts(&text, i ? ", " : "");
			put_scalar(&text, one);
		}
		put(l, path, &text);
	}
	json_object_foreach ((json_t *)value, key, one) {
		rfa_buf_clear(&below);
		rfa_buf_printf(&below, "%s%s%s", path, *path ? "." : "", key);
		walk(l, rfa_buf_str(&below), one);
	}
	json_array_foreach (is_flat(value) ? NULL : (json_t *)value, i, one) {
		rfa_buf_clear(&below);
		rfa_buf_printf(&below, "%s.%zu", path, i);
		walk(l, rfa_buf_str(&below), one);
	}
	rfa_buf_release(&text);
	rfa_buf_release(&below);
}

void rfa_out_facts(struct rfa_buf *into, const json_t *facts, const char *indent, size_t most)
{
	struct lines l = { into, indent, most, 0 };
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)facts, key, value)
		walk(&l, key, value);
	if (most && l.n > most)
		rfa_buf_printf(into, "\n%s(%zu more: rfa log RUN -v)", indent, l.n - most);
}
