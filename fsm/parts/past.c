/* Lines of a deployment history: taken apart, written, and those that were imported looked up. */
#include "fsm/parts/past.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"

enum { FIELD_BYTES = 300, DOTS = 3, PART_BYTES = 256 << 20 };

static const char *const fields[RFA_PAST_FIELDS] = { "time",    "stack",  "env",  "action",
						     "version", "status", "notes" };

const char *rfa_past_field_name(size_t i)
{
	return i < RFA_PAST_FIELDS ? fields[i] : NULL;
}

json_t *rfa_past_entry(const char *line, size_t len)
{
	json_t *object = json_object();
	const char *at = line, *end = line + len;
	size_t f;

	for (f = 0; f < RFA_PAST_FIELDS; f++) {
		const char *stop =
		    f + 1 < RFA_PAST_FIELDS ? memchr(at, '|', (size_t)(end - at)) : NULL;
		const char *next = stop ? stop + 1 : end;
		json_t *value;

		stop = stop ? stop : end;
		while (at < stop && *at == ' ')
			at++;
		while (stop > at && stop[-1] == ' ')
			stop--;
		value = json_stringn(at, (size_t)(stop - at));
		if (json_object_set_new(object, fields[f], value ? value : json_string("?"))) {
			json_decref(object);
			return NULL;
		}
		at = next;
	}
	return object;
}

void rfa_past_put_field(struct rfa_buf *out, const char *text)
{
	struct rfa_buf whole = RFA_BUF_INIT(4 * strlen(text) + 1);
	size_t from = out->len;
	size_t i;

	/* What was cut once is cut no more. */
	rfa_buf_put_printable(&whole, text, strlen(text), 0);
	rfa_buf_put_printable(out, rfa_buf_str(&whole), whole.len,
			      whole.len > FIELD_BYTES + DOTS ? FIELD_BYTES : 0);
	out->failed = out->failed ? out->failed : whole.failed;
	rfa_buf_release(&whole);
	for (i = from; i < out->len; i++)
		if (out->data[i] == '|')
			out->data[i] = '/';
}

/* Two lines of one run. */

/* The version that was put back, and in *rest the other notes; "": nobody has said which. */
static void split_notes(const char *notes, char version[132], const char **rest)
{
	static const char lead[] = "back to ";
	const char *end = strstr(notes, "; ");
	size_t len;

	version[0] = '\0';
	*rest = notes;
	if (strncmp(notes, lead, sizeof(lead) - 1) != 0)
		return;
	notes += sizeof(lead) - 1;
	len = end ? (size_t)(end - notes) : strlen(notes);
	if (len >= 132)
		return;
	snprintf(version, 132, "%.*s", (int)len, notes);
	*rest = end ? end + 2 : "";
}

static int append_as(const json_t *entry, const char *action, const char *version,
		     const char *status, const char *notes, json_t *list, struct rfa_error *err)
{
	const char *const texts[] = { "action", action, "version", version,
				      "status", status, "notes",   notes };
	json_t *one = rfa_facts_copy(entry);
	size_t i;
	int rc = one ? 0 : rfa_fail_nomem(err);

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]) && !rc; i += 2)
		rc = rfa_facts_set(one, texts[i], json_string(texts[i + 1]), err);
	return rc ? (json_decref(one), rc) : rfa_facts_append(list, one, err);
}

int rfa_past_export(const json_t *entry, json_t *list, struct rfa_error *err)
{
	const char *version = rfa_facts_str(entry, "version", "");
	char before[132], from[200];
	const char *rest;
	int rc;

	split_notes(rfa_facts_str(entry, "notes", ""), before, &rest);
	if (strcmp(rfa_facts_str(entry, "status", ""), "rolled back") != 0 || !*before)
		return rfa_facts_append(list, json_incref((json_t *)(uintptr_t)entry), err);
	snprintf(from, sizeof(from), "from %.140s; by itself", version);
	rc = append_as(entry, rfa_facts_str(entry, "action", ""), version, "fail", rest, list, err);
	return rc ? rc : append_as(entry, "rollback", before, "success", from, list, err);
}

/* What was imported. */

static int take_lines(const char *text, size_t len, json_t *list, struct rfa_error *err)
{
	const char *at = text, *end = text + len;
	int rc = 0;

	while (at < end && !rc) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));

		stop = stop ? stop : end;
		if (stop > at)
			rc = rfa_facts_append(list, rfa_past_entry(at, (size_t)(stop - at)), err);
		at = stop + 1;
	}
	return rc;
}

static int take_folder(struct rfa_ledger *ledger, const char *env, const char *stack, json_t *list,
		       struct rfa_error *err)
{
	char folder[200], path[320];
	json_t *names = NULL, *name;
	size_t i;
	int rc;

	snprintf(folder, sizeof(folder), "imported/%.64s/%.64s", env, stack);
	rc = rfa_ledger_names(ledger, folder, &names, err);
	json_array_foreach (names, i, name) {
		struct rfa_buf text = RFA_BUF_INIT(PART_BYTES);

		snprintf(path, sizeof(path), "%s/%.100s", folder, json_string_value(name));
		if (!rc)
			rc = rfa_ledger_read(ledger, path, &text, err);
		if (!rc)
			rc = take_lines(rfa_buf_str(&text), text.len, list, err);
		rfa_buf_release(&text);
	}
	json_decref(names);
	return rc;
}

static int take_stacks(struct rfa_ledger *ledger, const char *env, const char *stack, json_t *list,
		       struct rfa_error *err)
{
	char folder[128];
	json_t *names = NULL, *name;
	size_t i;
	int rc;

	if (stack)
		return take_folder(ledger, env, stack, list, err);
	snprintf(folder, sizeof(folder), "imported/%.64s", env);
	rc = rfa_ledger_names(ledger, folder, &names, err);
	json_array_foreach (names, i, name) {
		if (!rc)
			rc = take_folder(ledger, env, json_string_value(name), list, err);
	}
	json_decref(names);
	return rc;
}

/* An entry and where it stood: what is of one second stays in its order. */
struct placed {
	json_t *entry;
	size_t at;
};

static int by_time(const void *a, const void *b)
{
	const struct placed *one = a, *other = b;
	int way =
	    strcmp(rfa_facts_str(one->entry, "time", ""), rfa_facts_str(other->entry, "time", ""));

	return way ? way : one->at < other->at ? -1 : one->at > other->at;
}

/* *out (new): the same, in the order of time. */
static int sort(const json_t *list, json_t **out, struct rfa_error *err)
{
	size_t i, n = json_array_size(list);
	struct placed *all = calloc(n + 1, sizeof(*all));
	json_t *sorted = json_array();
	int rc = all && sorted ? 0 : rfa_fail_nomem(err);

	for (i = 0; i < n && all; i++)
		all[i] = (struct placed){ json_array_get(list, i), i };
	if (all)
		qsort(all, n, sizeof(*all), by_time);
	for (i = 0; i < n && !rc; i++)
		rc = rfa_facts_append(sorted, json_incref(all[i].entry), err);
	free(all);
	if (rc)
		json_decref(sorted);
	else
		*out = sorted;
	return rc;
}

int rfa_past_imported(struct rfa_ledger *ledger, const char *env, const char *stack, json_t **out,
		      struct rfa_error *err)
{
	json_t *envs = NULL, *name, *list = json_array();
	size_t i;
	int rc = list ? 0 : rfa_fail_nomem(err);

	if (!rc && env)
		rc = take_stacks(ledger, env, stack, list, err);
	else if (!rc)
		rc = rfa_ledger_names(ledger, "imported", &envs, err);
	json_array_foreach (envs, i, name) {
		if (!rc)
			rc = take_stacks(ledger, json_string_value(name), stack, list, err);
	}
	if (!rc)
		rc = sort(list, out, err);
	json_decref(envs);
	json_decref(list);
	return rc;
}

/* 1 if it says that this version ran from then on. */
static int brought(const json_t *entry)
{
	static const char *const actions[] = { "deploy",  "rollback",       "promote",
					       "publish", "restore-images", "rollback-whole" };
	size_t i;

	if (strcmp(rfa_facts_str(entry, "status", ""), "success") != 0 ||
	    !*rfa_facts_str(entry, "version", ""))
		return 0;
	for (i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (!strcmp(actions[i], rfa_facts_str(entry, "action", "")))
			return 1;
	return 0;
}

int rfa_past_last(struct rfa_ledger *ledger, const char *env, const char *stack, json_t **out,
		  struct rfa_error *err)
{
	json_t *list = NULL;
	size_t i;
	int rc = rfa_past_imported(ledger, env, stack, &list, err);

	*out = NULL;
	for (i = json_array_size(list); i-- > 0 && !*out;)
		if (brought(json_array_get(list, i)))
			*out = json_incref(json_array_get(list, i));
	json_decref(list);
	return rc;
}
