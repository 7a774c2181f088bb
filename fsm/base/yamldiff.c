/*
 * How two Compose files differ, by their keys. The values of a key, in whatever form, are only
 * compared: enough of YAML is read to know where a line belongs.
 */
#include "fsm/base/yamldiff.h"

#include <string.h>

#include "fsm/base/facts.h"
#include "fsm/base/textdiff.h"
#include "fsm/base/wipe.h"

/* Deeper ones belong to the key above them; longer keys are no keys. */
enum { DEPTH_MAX = 32, KEY_MAX = 200 };

struct level {
	size_t column;
	const char *key;
	size_t len;
};

struct reader {
	struct level levels[DEPTH_MAX];
	size_t depth;
	json_t *out; /* path -> its values, one after the other */
};

/* "services.web.image"; printable. */
static void put_path(const struct reader *r, struct rfa_buf *out)
{
	size_t i;

	for (i = 0; i < r->depth; i++) {
		rfa_buf_puts(out, i ? "." : "");
		rfa_buf_put_printable(out, r->levels[i].key, r->levels[i].len, KEY_MAX);
	}
}

/* Whatever bytes it has: only whether it is the same is asked. */
static int add_value(struct reader *r, const char *value, size_t len, struct rfa_error *err)
{
	struct rfa_buf path = RFA_BUF_INIT(65536), text = RFA_BUF_INIT(16u << 20);
	const json_t *before;
	int rc;

	put_path(r, &path);
	before = json_object_get(r->out, rfa_buf_str(&path));
	if (before) {
		rfa_buf_add(&text, json_string_value(before), json_string_length(before));
		rfa_buf_puts(&text, "\n");
	}
	rfa_buf_add(&text, value, len);
	rc = rfa_buf_check(&text, err);
	if (!rc)
		rc = rfa_facts_set(r->out, rfa_buf_str(&path),
				   json_stringn_nocheck(rfa_buf_str(&text), text.len), err);
	rfa_buf_release(&path);
	rfa_wipe_buf(&text);
	return rc;
}

static int is_space(const char *p, const char *end)
{
	return p >= end || *p == ' ' || *p == '\t' || *p == '\r';
}

/* The length of a key at p, with its quotes; 0: there is none. */
static size_t key_length(const char *p, const char *end)
{
	const char *from = p;
	char quote = *p == '"' || *p == '\'' ? *p++ : 0;

	while (p < end && (quote ? *p != quote : !(*p == ':' && is_space(p + 1, end))))
		p++;
	p += quote && p < end;
	return p < end && *p == ':' && is_space(p + 1, end) && p - from < KEY_MAX
		   ? (size_t)(p - from)
		   : 0;
}

static int read_line(struct reader *r, const char *line, const char *end, struct rfa_error *err)
{
	const char *p = line;
	size_t n;

	while (p < end && (is_space(p, end) || (*p == '-' && is_space(p + 1, end))))
		p++;
	while (end > p && is_space(end - 1, end))
		end--;
	if (p == end || *p == '#')
		return 0;
	while (r->depth && r->levels[r->depth - 1].column >= (size_t)(p - line))
		r->depth--;
	n = key_length(p, end);
	if (n && r->depth < DEPTH_MAX) {
		r->levels[r->depth++] = (struct level){ (size_t)(p - line), p, n };
		for (p += n + 1; p < end && is_space(p, end); p++)
			;
	}
	return p < end ? add_value(r, p, (size_t)(end - p), err) : 0;
}

static int read_yaml(struct reader *r, const struct rfa_buf *text, struct rfa_error *err)
{
	const char *p = rfa_buf_str(text), *end = p + text->len, *stop;
	int rc = 0;

	for (; p < end && !rc; p = stop + 1) {
		stop = memchr(p, '\n', (size_t)(end - p));
		stop = stop ? stop : end;
		rc = read_line(r, p, stop, err);
	}
	return rc;
}

static int read_json(struct reader *r, const json_t *value, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(RFA_FACTS_MAX_BYTES);
	const char *key;
	json_t *one;
	int rc = 0;

	json_object_foreach ((json_t *)(uintptr_t)value, key, one) {
		if (rc || r->depth == DEPTH_MAX)
			break;
		r->levels[r->depth++] = (struct level){ 0, key, strlen(key) };
		rc = read_json(r, one, err);
		r->depth--;
	}
	if (!json_object_size(value) || r->depth == DEPTH_MAX) {
		rc = rfa_facts_encode(value, &text, err);
		if (!rc)
			rc = add_value(r, rfa_buf_str(&text), text.len, err);
	}
	rfa_wipe_buf(&text);
	return rc;
}

static int read_text(const struct rfa_buf *text, json_t *out, struct rfa_error *err)
{
	struct reader r = { .out = out };
	struct rfa_error ignored;
	json_t *root = NULL;
	int rc;

	if (rfa_facts_parse(&root, rfa_buf_str(text), text->len, "a Compose file", &ignored))
		return read_yaml(&r, text, err);
	rc = read_json(&r, root, err);
	json_decref(root);
	return rc;
}

int rfa_yaml_diff(json_t *lines, const struct rfa_buf *before, const struct rfa_buf *after,
		  struct rfa_error *err)
{
	json_t *a = json_object(), *b = json_object();
	size_t n = json_array_size(lines);
	int rc = a && b ? read_text(before, a, err) : rfa_fail_nomem(err);

	if (!rc)
		rc = read_text(after, b, err);
	if (!rc)
		rc = rfa_text_members_diff(lines, a, b, err);
	if (!rc && n == json_array_size(lines) &&
	    (before->len != after->len ||
	     memcmp(rfa_buf_str(before), rfa_buf_str(after), before->len) != 0))
		rc = rfa_facts_append(lines, json_string("other lines differ"), err);
	json_decref(a);
	json_decref(b);
	return rc;
}
