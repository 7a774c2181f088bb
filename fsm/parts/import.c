/* Completes the plan of an import: reads the history that deployment scripts have left. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "fsm/base/pool.h"
#include "fsm/parts/args.h"
#include "fsm/parts/catalog.h"
#include "fsm/parts/past.h"
#include "fsm/parts/text.h"
#include "fsm/steps/common/ctx.h"

enum {
	FILE_BYTES = 2 << 20,
	LINE_BYTES = 4096,
	MARKER_BYTES = 4096,
	PART_BYTES = 256 << 20,
	TOLD_MAX = 1000, /* of lines that are not understood */
	SHOWN_BYTES = 100,
	OTHERS_MAX = 8
};

static const char MARK[] = "imported";

struct import {
	const struct rfa_prepare *p;
	const char *stack, *env; /* as the file calls them */
	const char *to;          /* the environment, as rfa.json calls it */
	int64_t zone_ms;         /* east of Greenwich */
	int has_zone, lacks_zone;
	json_t *known;  /* the lines that the ledger has, as keys */
	json_t *lines;  /* those that are new */
	json_t *others; /* "stack on env", of lines that are not meant, as keys */
	size_t mine, bad;
};

/* Times. */

/* "+09:00", "-0330", "Z", "UTC". 0, or -1. */
static int read_zone(const char *text, int64_t *ms)
{
	int sign = *text == '-' ? -1 : 1, n[4], i;

	*ms = 0;
	if (!strcmp(text, "Z") || !strcmp(text, "UTC"))
		return 0;
	if (*text != '+' && *text != '-')
		return -1;
	for (text++, i = 0; i < 4; i++, text++) {
		if (i == 2 && *text == ':')
			text++;
		if (*text < '0' || *text > '9')
			return -1;
		n[i] = *text - '0';
	}
	if (*text || n[0] * 10 + n[1] > 14 || n[2] > 5)
		return -1;
	*ms = sign * (int64_t)((n[0] * 10 + n[1]) * 60 + n[2] * 10 + n[3]) * 60000;
	return 0;
}

/* *why: what is wrong with it; else the time in UTC, as lines have it. */
static void read_time(struct import *im, const char *text, char out[RFA_TIME_MAX], const char **why)
{
	char iso[RFA_TIME_MAX], again[RFA_TIME_MAX];
	int64_t at = 0, zone = im->zone_ms;

	snprintf(iso, sizeof(iso), "%.19sZ", text);
	if (strlen(text) >= 19 && iso[10] == ' ')
		iso[10] = 'T';
	/* What is no day of the calendar does not come back as it was written. */
	if (strlen(text) < 19 || iso[10] != 'T' || rfa_time_parse(iso, &at) || !RFA_TIME_OK(at) ||
	    (rfa_time_iso(at, again), strncmp(iso, again, 19) != 0)) {
		*why = "it does not begin with a time, as 2026-01-30 10:00:00";
		return;
	}
	text += 19;
	while (*text == ' ')
		text++;
	if (*text && read_zone(text, &zone)) {
		*why = "what follows its time is no time zone";
		return;
	}
	im->lacks_zone |= !*text && !im->has_zone;
	if (im->p->clock->wall_ms(im->p->clock) < at - zone && !im->lacks_zone) {
		*why = "its time has not come yet: is the zone right?";
		return;
	}
	if (!RFA_TIME_OK(at - zone)) {
		*why = "its time is out of all bounds";
		return;
	}
	rfa_time_iso(at - zone, again);
	snprintf(out, RFA_TIME_MAX, "%.10s %.8sZ", again, again + 11);
}

/* Lines. */

static const char *ugly(const char *line, size_t len)
{
	json_t *text;
	size_t i;

	if (len > LINE_BYTES)
		return "it is longer than 4096 bytes";
	for (i = 0; i < len; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			return "it has a control character in it";
	text = json_stringn(line, len);
	json_decref(text);
	return text ? NULL : "it is no UTF-8";
}

static int is_word(const char *text, size_t max)
{
	size_t len = strlen(text);

	return len && len <= max &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
		   len;
}

static int is_status(const char *text)
{
	static const char *const all[] = { "success", "fail", "rolled back", "aborted", "stuck" };
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (!strcmp(all[i], text))
			return 1;
	return 0;
}

static size_t bars(const char *line, size_t len)
{
	size_t i, n = 0;

	for (i = 0; i < len; i++)
		n += line[i] == '|';
	return n;
}

static const char *wrong_fields(const json_t *entry)
{
	if (!*rfa_facts_str(entry, "stack", "") || !*rfa_facts_str(entry, "env", ""))
		return "it names no stack or no environment";
	if (!is_word(rfa_facts_str(entry, "action", ""), 32))
		return "its action is no plain word";
	if (strlen(rfa_facts_str(entry, "version", "")) > 128)
		return "its version is longer than 128 bytes";
	if (!is_status(rfa_facts_str(entry, "status", "")))
		return "its status is neither \"success\" nor \"fail\"";
	return NULL;
}

/*
 * The notes without the mark that an export of rfa's has put there. Half a secret is none that the
 * ledger knows: it goes before anything is cut.
 */
static void put_notes(const struct import *im, struct rfa_buf *out, const char *notes)
{
	struct rfa_buf text = RFA_BUF_INIT(4 * LINE_BYTES);
	size_t len = strlen(notes), mark = strlen(MARK);

	if (!strcmp(notes, MARK))
		len = 0;
	else if (len > mark + 2 && !strcmp(notes + len - mark, MARK) &&
		 !strncmp(notes + len - mark - 2, "; ", 2))
		len -= mark + 2;
	(void)rfa_ledger_redact_text(im->p->ledger, notes, len, &text);
	rfa_past_put_field(out, rfa_buf_str(&text));
	out->failed = out->failed ? out->failed : text.failed;
	rfa_buf_release(&text);
}

/* The line as it is kept, without the mark. time: NULL: as the entry has it. */
static void put_line(const struct import *im, const json_t *entry, const char *time,
		     struct rfa_buf *out)
{
	rfa_buf_printf(out, "%s | %s | %s", time ? time : rfa_facts_str(entry, "time", ""),
		       im->p->word, im->to);
	rfa_buf_puts(out, " | ");
	rfa_past_put_field(out, rfa_facts_str(entry, "action", ""));
	rfa_buf_puts(out, " | ");
	rfa_past_put_field(out, rfa_facts_str(entry, "version", ""));
	rfa_buf_puts(out, " | ");
	rfa_past_put_field(out, rfa_facts_str(entry, "status", ""));
	rfa_buf_puts(out, " | ");
	put_notes(im, out, rfa_facts_str(entry, "notes", ""));
}

static int take_mine(struct import *im, const json_t *entry, const char *time,
		     struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(4 * LINE_BYTES), raw = RFA_BUF_INIT(4 * LINE_BYTES);
	size_t bare;
	int rc;

	im->mine++;
	put_line(im, entry, time, &raw);
	rc = rfa_buf_check(&raw, err);
	/* As the ledger keeps it. */
	(void)rfa_ledger_redact_text(im->p->ledger, rfa_buf_str(&raw), raw.len, &text);
	rfa_buf_release(&raw);
	bare = text.len;
	if (!rc && !rfa_buf_check(&text, err) && !json_object_get(im->known, rfa_buf_str(&text))) {
		rc = rfa_facts_set(im->known, rfa_buf_str(&text), json_true(), err);
		rfa_buf_printf(&text, "%s%s", rfa_buf_str(&text)[bare - 1] == ' ' ? "" : "; ",
			       MARK);
		if (!rc)
			rc = rfa_facts_append(im->lines, json_string(rfa_buf_str(&text)), err);
	}
	if (!rc)
		rc = rfa_buf_check(&text, err);
	rfa_buf_release(&text);
	return rc;
}

static int take_other(struct import *im, const json_t *entry, struct rfa_error *err)
{
	struct rfa_buf name = RFA_BUF_INIT(4096);
	const char *stack = rfa_facts_str(entry, "stack", "");
	const char *env = rfa_facts_str(entry, "env", "");
	int rc;

	rfa_buf_put_printable(&name, stack, strlen(stack), 60);
	rfa_buf_puts(&name, " on ");
	rfa_buf_put_printable(&name, env, strlen(env), 60);
	rc = rfa_facts_set(im->others, rfa_buf_str(&name), json_true(), err);
	rfa_buf_release(&name);
	return rc;
}

static int is_mine(const struct import *im, const json_t *entry)
{
	return !strcmp(rfa_facts_str(entry, "stack", ""), im->stack) &&
	       !strcmp(rfa_facts_str(entry, "env", ""), im->env);
}

static void say_bad(struct import *im, const char *line, size_t len, size_t number, const char *why)
{
	struct rfa_buf text = RFA_BUF_INIT(2048), clean = RFA_BUF_INIT(2 * FILE_BYTES);

	if (++im->bad > TOLD_MAX)
		return;
	rfa_buf_printf(&text, "line %zu: %s: ", number, why);
	(void)rfa_ledger_redact_text(im->p->ledger, line, len, &clean);
	rfa_buf_put_printable(&text, rfa_buf_str(&clean), clean.len, SHOWN_BYTES);
	im->p->tell(im->p, rfa_buf_str(&text));
	rfa_buf_release(&clean);
	rfa_buf_release(&text);
}

static int take_line(struct import *im, const char *line, size_t len, size_t number,
		     struct rfa_error *err)
{
	const char *why = ugly(line, len);
	char time[RFA_TIME_MAX];
	json_t *entry;
	int rc = 0;

	if (!why && bars(line, len) < 5)
		why = "it is not time | stack | env | action | version | status | notes";
	if (why) {
		say_bad(im, line, len, number, why);
		return 0;
	}
	entry = rfa_past_entry(line, len);
	if (!entry)
		return rfa_fail_nomem(err);
	read_time(im, rfa_facts_str(entry, "time", ""), time, &why);
	if (!why)
		why = wrong_fields(entry);
	if (why)
		say_bad(im, line, len, number, why);
	else
		rc = is_mine(im, entry) ? take_mine(im, entry, time, err)
					: take_other(im, entry, err);
	json_decref(entry);
	return rc;
}

static int take_text(struct import *im, const struct rfa_buf *text, struct rfa_error *err)
{
	const char *at = rfa_buf_str(text), *end = at + text->len;
	size_t number = 0;
	int rc = 0;

	while (at < end && !rc) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((stop ? stop : end) - at);

		number++;
		len -= len && at[len - 1] == '\r';
		if (len)
			rc = take_line(im, at, len, number, err);
		at = stop ? stop + 1 : end;
	}
	return rc;
}

/* What the ledger has. */

static int know_entry(struct import *im, const json_t *entry, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(64 << 10);
	int rc;

	put_line(im, entry, NULL, &text);
	rc = rfa_buf_check(&text, err);
	if (!rc)
		rc = rfa_facts_set(im->known, rfa_buf_str(&text), json_true(), err);
	rfa_buf_release(&text);
	return rc;
}

/* As it stands there, and as an export has it. */
static int know_both(struct import *im, const json_t *entry, struct rfa_error *err)
{
	json_t *all = json_array(), *one;
	size_t i;
	int rc = all ? know_entry(im, entry, err) : rfa_fail_nomem(err);

	if (!rc)
		rc = rfa_past_export(entry, all, err);
	json_array_foreach (all, i, one) {
		if (!rc)
			rc = know_entry(im, one, err);
	}
	json_decref(all);
	return rc;
}

static int know_line(struct import *im, const char *line, size_t len, struct rfa_error *err)
{
	json_t *entry = rfa_past_entry(line, len);
	int rc = entry ? 0 : rfa_fail_nomem(err);

	if (!rc && !strcmp(rfa_facts_str(entry, "stack", ""), im->p->word) &&
	    !strcmp(rfa_facts_str(entry, "env", ""), im->to))
		rc = know_both(im, entry, err);
	json_decref(entry);
	return rc;
}

static int know_part(struct import *im, const char *path, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(PART_BYTES);
	int rc = rfa_ledger_read(im->p->ledger, path, &text, err);
	const char *at = rfa_buf_str(&text), *end = at + text.len;

	while (at < end && !rc) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));

		stop = stop ? stop : end;
		rc = know_line(im, at, (size_t)(stop - at), err);
		at = stop + 1;
	}
	if (rc == -RFA_ENOTFOUND) { /* nothing was done yet */
		rfa_error_clear(err);
		rc = 0;
	}
	rfa_buf_release(&text);
	return rc;
}

static int know_all(struct import *im, struct rfa_error *err)
{
	json_t *names = NULL, *past = NULL, *one;
	char path[256];
	size_t i;
	int rc = rfa_ledger_names(im->p->ledger, "history", &names, err);

	json_array_foreach (names, i, one) {
		snprintf(path, sizeof(path), "history/%.200s", json_string_value(one));
		if (!rc)
			rc = know_part(im, path, err);
	}
	if (!rc)
		rc = know_part(im, "history.log", err);
	if (!rc)
		rc = rfa_past_imported(im->p->ledger, im->to, im->p->word, &past, err);
	json_array_foreach (past, i, one) {
		if (!rc)
			rc = know_both(im, one, err);
	}
	json_decref(names);
	json_decref(past);
	return rc;
}

/* The marker. */

static int read_marker(struct import *im, char version[132], struct rfa_error *err)
{
	const char *folder = im->p->option(im->p, "verified", 0);
	struct rfa_buf text = RFA_BUF_INIT(MARKER_BYTES + 1);
	char path[1024], word[132];
	size_t len;
	int rc;

	version[0] = '\0';
	if (!folder)
		return 0;
	snprintf(path, sizeof(path), "%.800s/%.100s.txt", folder, im->stack);
	rc = im->p->file(im->p, path, MARKER_BYTES, &text, err);
	len = rc ? 0 : strcspn(rfa_buf_str(&text), "\r\n");
	snprintf(word, sizeof(word), "%.*s", (int)(len < 131 ? len : 131), rfa_buf_str(&text));
	if (!rc && is_word(word, 128) && rfa_version_says(word) &&
	    text.len == len + strspn(rfa_buf_str(&text) + len, "\r\n"))
		snprintf(version, 132, "%s", word);
	else if (!rc)
		rc = rfa_fail(err, RFA_EREFUSED, "import",
			      "%.300s is not one line with the name of a version", path);
	if (rc)
		rfa_error_hint(err, "mend it, or leave --verified out");
	rfa_buf_release(&text);
	return rc;
}

static int is_marked(struct import *im, const char *version, int *is, struct rfa_error *err)
{
	json_t *known = NULL, *one;
	size_t i;
	int rc = rfa_catalog_version(im->p->ledger, im->p->word, version, &known, err);

	*is = 0;
	json_array_foreach (json_object_get(known, "verified"), i, one)
		*is |= !strcmp(rfa_facts_str(one, "how", ""), MARK) &&
		       !strcmp(rfa_facts_str(one, "env", ""), im->to);
	json_decref(known);
	return rc;
}

/* The plan. */

static int judge_bad(const struct import *im, const char *path, struct rfa_error *err)
{
	char text[160];

	if (!im->bad)
		return 0;
	if (im->bad > TOLD_MAX) {
		snprintf(text, sizeof(text), "and %zu more", im->bad - TOLD_MAX);
		im->p->tell(im->p, text);
	}
	if (im->p->option(im->p, "skip-bad", 0)) {
		snprintf(text, sizeof(text), "%zu line(s) are left out", im->bad);
		im->p->tell(im->p, text);
		return 0;
	}
	rfa_fail(err, RFA_EREFUSED, "import", "%zu line(s) of %.300s are not understood", im->bad,
		 path);
	return rfa_error_hint(err, "mend them, or leave them out: --skip-bad");
}

/* Nothing of the stack, but of others: how the file calls it is not how rfa.json does. */
static int judge_names(const struct import *im, struct rfa_error *err)
{
	struct rfa_buf names = RFA_BUF_INIT(4096);
	const char *name;
	json_t *unused;
	size_t n = 0;

	if (im->mine || !json_object_size(im->others))
		return 0;
	json_object_foreach (im->others, name, unused) {
		if (n++ < OTHERS_MAX)
			rfa_buf_printf(&names, "%s%s", n > 1 ? ", " : "", name);
	}
	if (n > OTHERS_MAX)
		rfa_buf_printf(&names, " and %zu more", n - OTHERS_MAX);
	rfa_fail(err, RFA_ENOTFOUND, "import", "no line is of %.60s on %.60s, but of %s", im->stack,
		 im->env, rfa_buf_str(&names));
	rfa_buf_release(&names);
	return rfa_error_hint(err, "say how the file calls them: --their-stack, --their-env");
}

static int judge_zone(const struct import *im, struct rfa_error *err)
{
	if (!im->lacks_zone)
		return 0;
	rfa_fail(err, RFA_EUSAGE, "import",
		 "the times of the file do not say of which zone they are");
	return rfa_error_hint(err, "say it: --zone +09:00; on the host that wrote it: date +%%:z");
}

static int put_plan(struct import *im, json_t *plan, const char *path, const char *marked,
		    struct rfa_error *err)
{
	const char *slash = strrchr(path, '/');
	struct rfa_buf name = RFA_BUF_INIT(4096);
	int rc = 0;

	path = slash && slash[1] ? slash + 1 : path;
	rfa_buf_put_printable(&name, path, strlen(path), 150);
	if (!rc)
		rc = rfa_plan_set(plan, "imported_from", json_string(rfa_buf_str(&name)), err);
	if (!rc)
		rc = rfa_plan_set(plan, "imported", json_incref(im->lines), err);
	if (!rc && *marked)
		rc = rfa_plan_set(plan, "marked", json_string(marked), err);
	if (!rc && !json_array_size(im->lines) && !*marked)
		rc = rfa_facts_set(
		    plan, "nothing",
		    json_sprintf("all %zu line(s) of it are there already", im->mine), err);
	rfa_buf_release(&name);
	return rc;
}

static int read_file(struct import *im, const char *path, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(FILE_BYTES + 65536);
	int rc = im->p->file(im->p, path, FILE_BYTES, &text, err);

	if (rc == -RFA_ETOOBIG)
		rfa_error_hint(err, "import it in parts: split -C 1M FILE");
	if (!rc)
		rc = take_text(im, &text, err);
	rfa_buf_release(&text);
	if (!rc)
		rc = judge_bad(im, path, err);
	if (!rc)
		rc = judge_zone(im, err);
	return rc ? rc : judge_names(im, err);
}

static int read_options(struct import *im, const char **path, struct rfa_error *err)
{
	const char *zone = im->p->option(im->p, "zone", 0);
	int rc = im->p->need(im->p, "file", path, err);

	im->has_zone = zone != NULL;
	if (!rc && zone && read_zone(zone, &im->zone_ms)) {
		rfa_fail(err, RFA_EUSAGE, "cli", "--zone: \"%.40s\" is no time zone", zone);
		rc = rfa_error_hint(err, "write +09:00, -03:30 or UTC");
	}
	return rc;
}

int rfa_prepare_import(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	const char *stack = p->option(p, "their-stack", 0), *env = p->option(p, "their-env", 0);
	const char *path = NULL, *to = rfa_facts_str(plan, "target/env", "");
	struct import im = { .p = p,
			     .stack = stack ? stack : p->word,
			     .env = env ? env : to,
			     .to = to,
			     .known = json_object(),
			     .lines = json_array(),
			     .others = json_object() };
	char marked[132] = "";
	int is = 0;
	int rc =
	    im.known && im.lines && im.others ? read_options(&im, &path, err) : rfa_fail_nomem(err);

	if (!rc)
		rc = know_all(&im, err);
	if (!rc)
		rc = read_file(&im, path, err);
	if (!rc)
		rc = read_marker(&im, marked, err);
	if (!rc && *marked)
		rc = is_marked(&im, marked, &is, err);
	if (!rc)
		rc = put_plan(&im, plan, path, is ? "" : marked, err);
	json_decref(im.known);
	json_decref(im.lines);
	json_decref(im.others);
	return rc;
}

/* The preview. */

int rfa_changes_import(const struct rfa_ctx *ctx, json_t *rows, struct rfa_error *err)
{
	const struct rfa_options *options = rfa_ctx_options(ctx);
	json_t *diff = json_array(), *row;
	size_t i;
	int rc = diff ? 0 : rfa_fail_nomem(err);

	for (i = 0; i < options->imported.n && !rc; i++)
		rc = rfa_facts_append(diff, json_sprintf("+%s", options->imported.at[i]), err);
	row = json_pack("{s:s, s:s, s:s, s:s, s:O?}", "what", "history", "now", "-", "then",
			options->imported_from, "change", options->imported.n ? "new" : "same",
			"diff", diff);
	json_decref(diff);
	if (!rc)
		rc = rfa_facts_append(rows, row, err);
	if (!rc && *options->marked)
		rc = rfa_facts_append(rows,
				      json_pack("{s:s, s:s, s:s, s:s, s:s}", "what", "verified",
						"now", "-", "then", options->marked, "change",
						"new", "detail", "shown; no gate believes it"),
				      err);
	return rc;
}
