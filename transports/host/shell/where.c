/* Where paths of a host really are, whatever they are called. */
#include "transports/host/shell/shell.h"

#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"

/* "DEVICE:INODE" at p: how long it is; 0: it is none. */
static size_t entry_len(const char *p)
{
	size_t n = strspn(p, "0123456789"), m;

	if (n == 0 || p[n] != ':')
		return 0;
	m = strspn(p + n + 1, "0123456789");
	return m && n + m < 48 ? n + 1 + m : 0;
}

/* One answer of rfa_script_tree_where; NULL: it is none. *text moves behind it. */
static json_t *parse_where(const char **text, const char *end)
{
	json_t *above = json_array(), *real = NULL, *out = NULL, *last;
	const char *p = *text;
	int64_t bytes = 0;
	size_t parts = 1, n, i;

	if (!above || rfa_shell_number(&p, &bytes) || bytes < 1 || bytes > end - p || *p != '/')
		goto done;
	real = json_stringn(p, (size_t)bytes);
	if (!real) /* no UTF-8: still a text by which it can be compared */
		real = json_string("/");
	for (i = 0; i + 1 < (size_t)bytes; i++)
		parts += p[i] == '/';
	for (p += bytes; *p == ' ' && (n = entry_len(p + 1)) > 0; p += 1 + n)
		if (json_array_append_new(above, json_stringn(p + 1, n)))
			goto done;
	n = json_array_size(above);
	if (*p != '\n' || n > parts || !real)
		goto done;
	last = n == parts ? json_incref(json_array_get(above, n - 1)) : json_string("");
	if (n == parts)
		json_array_remove(above, n - 1);
	out = json_pack("{s:O, s:o, s:O, s:b}", "real", real, "entry", last, "above", above,
			"parent", n + 1 >= parts);
	*text = p + 1;
done:
	json_decref(above);
	json_decref(real);
	return out;
}

int rfa_shell_tree_where(struct rfa_host *host, const json_t *paths, json_t **out,
			 struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_JSON_MAX);
	size_t n = json_array_size(paths), i;
	const char **args = calloc(n + 1, sizeof(*args)), *p, *end;
	struct shell_call call = { rfa_script_tree_where, args, NULL, 0 };
	json_t *found = json_object();
	int rc = args && found ? 0 : rfa_fail_nomem(err);

	for (i = 0; rc == 0 && i < n; i++) {
		args[i] = json_string_value(json_array_get(paths, i));
		if (!args[i] || args[i][0] != '/')
			rc = rfa_fail(err, RFA_EINTERNAL, "host", "a path that is not absolute");
	}
	if (rc == 0 && n)
		rc = rfa_shell_tree_read(h, &call, "looking where data is", &answer, err);
	p = rfa_buf_str(&answer.out);
	end = p + answer.out.len;
	for (i = 0; rc == 0 && i < n; i++) {
		json_t *one = parse_where(&p, end);

		if (!one)
			rc = rfa_shell_protocol_error(h, "where data is", err);
		else if (json_object_set_new(found, args[i], one))
			rc = rfa_fail_nomem(err);
	}
	if (rc == 0)
		*out = json_incref(found);
	json_decref(found);
	free(args);
	rfa_shell_answer_release(&answer);
	return rc;
}
