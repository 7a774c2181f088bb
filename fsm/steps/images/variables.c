/*
 * Variables that rfa.json gives to a stack's Compose project. Their values come from the operator,
 * and lie in a file of the host that only rfa's user can read; Compose gets it as --env-file. What
 * they were before a run lies in the run's directory until it ends.
 */
#include "fsm/steps/images/variables.h"

#include <string.h>

#include "fsm/base/reference.h"
#include "fsm/base/wipe.h"
#include "fsm/steps/common/gates.h"
#include "fsm/steps/common/repository.h"
#include "fsm/steps/config/configuration.h"
#include "fsm/steps/config/files.h"
#include "fsm/steps/images/spec.h"
#include "fsm/steps/steps.h"

enum { BYTES_MAX = 1 << 20 };

static const struct rfa_texts *names_of(const struct rfa_ctx *ctx)
{
	return &rfa_ctx_stack_of(ctx, RFA_TARGET)->variables;
}

const char *rfa_variables_path(const struct rfa_ctx *ctx)
{
	char pins[400];
	char *slash;

	rfa_pins_path(ctx, pins, sizeof(pins));
	slash = strrchr(pins, '/');
	if (slash)
		*slash = '\0';
	return rfa_pool_printf(ctx->pool, "%s/variables.env", pins);
}

static const char *kept_path(const struct rfa_ctx *ctx)
{
	return rfa_pool_printf(ctx->pool, "%s/runs/%s/variables.env", ctx->host->state_dir,
			       ctx->run);
}

/* The file. */

static int value_of(const struct rfa_ctx *ctx, const char *name, const char **out,
		    struct rfa_error *err)
{
	const char *key = rfa_pool_printf(ctx->pool, RFA_VARIABLE "%s", name);
	int rc = 0;

	*out = NULL;
	if (ctx->secret)
		rc = ctx->secret(ctx->secret_user, key, out, err);
	if (rc || *out)
		return rc;
	rfa_fail(err, RFA_ENOTFOUND, "config", "the variable %s has no value", name);
	rfa_error_hint(err, "say what it is, or where: variables of the stack");
	return rfa_error_as(err, RFA_DENIED);
}

/*
 * NAME='VALUE': between these marks Compose takes every character as it is, but for the mark. A
 * value with one stands between double ones, where others mean something.
 */
static int put_line(struct rfa_buf *out, const char *name, const char *value, struct rfa_error *err)
{
	size_t len = strlen(value);
	int single = !strchr(value, '\'') && (!len || value[len - 1] != '\\');

	if (strpbrk(value, "\r\n") || (!single && strpbrk(value, "\"\\$`"))) {
		rfa_fail(err, RFA_ECONFIG, "config",
			 "the value of the variable %s cannot stand in a file of variables", name);
		return rfa_error_hint(
		    err, "%s",
		    len && value[len - 1] == '\\'
			? "a \\ at its end cannot: let something follow it, for example a blank"
			: "a newline cannot, nor a ' together with one of \" \\ $ `");
	}
	rfa_buf_printf(out, single ? "%s='%s'\n" : "%s=\"%s\"\n", name, value);
	return rfa_buf_check(out, err);
}

static int make_text(const struct rfa_ctx *ctx, struct rfa_buf *out, struct rfa_error *err)
{
	const struct rfa_texts *names = names_of(ctx);
	size_t i;
	int rc = 0;

	for (i = 0; i < names->n && !rc; i++) {
		const char *value = NULL;

		rc = value_of(ctx, names->at[i], &value, err);
		if (!rc)
			rc = put_line(out, names->at[i], value, err);
	}
	return rc;
}

/* *is: there is such a file. */
static int read_text(const struct rfa_ctx *ctx, const char *path, struct rfa_buf *out, int *is,
		     struct rfa_error *err)
{
	struct rfa_host *host = ctx->hosts[RFA_TARGET];
	int rc = host->files->read(host, path, BYTES_MAX, out, err);

	*is = !rc;
	if (rc == -RFA_ENOTFOUND) {
		rfa_error_clear(err);
		rc = 0;
	}
	return rc;
}

static int write_text(struct rfa_ctx *ctx, const char *path, const struct rfa_buf *text,
		      struct rfa_error *err)
{
	return ctx->host->files->write(ctx->host, path, 0600, rfa_buf_str(text), text->len, err);
}

/* Where the stack has no variables any more, nobody needs the old values. */
int rfa_variables_write(struct rfa_ctx *ctx, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(BYTES_MAX);
	int rc = make_text(ctx, &text, err);

	if (!rc && !names_of(ctx)->n)
		rc = ctx->host->files->remove(ctx->host, rfa_variables_path(ctx), err);
	else if (!rc)
		rc = write_text(ctx, rfa_variables_path(ctx), &text, err);
	rfa_wipe_buf(&text);
	return rc;
}

/* The trio. */

/* What is there is kept once: a later attempt finds what the first one has written. */
static int keep(struct rfa_ctx *ctx, struct rfa_error *err)
{
	struct rfa_buf now = RFA_BUF_INIT(BYTES_MAX), kept = RFA_BUF_INIT(BYTES_MAX);
	int is = 0, was = 0;
	int rc = read_text(ctx, kept_path(ctx), &kept, &was, err);

	if (!rc && !was)
		rc = read_text(ctx, rfa_variables_path(ctx), &now, &is, err);
	if (!rc && !was)
		rc = write_text(ctx, kept_path(ctx), &now, err);
	rfa_wipe_buf(&now);
	rfa_wipe_buf(&kept);
	return rc;
}

static int is_there(const struct rfa_ctx *ctx, int *is, struct rfa_error *err)
{
	struct rfa_file_stat st;
	int rc = ctx->host->files->stat(ctx->host, rfa_variables_path(ctx), &st, err);

	*is = !rc && st.type;
	return rc;
}

/* Writing the same again changes nothing, so it may be repeated. */
int rfa_variables_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	size_t n = names_of(ctx)->n;
	int is = 0;
	int rc = is_there(ctx, &is, err);

	if (!rc && !n && !is)
		return rfa_ctx_skip(facts, "the stack has no variables", err);
	if (!rc)
		rc = keep(ctx, err);
	if (!rc)
		rc = rfa_variables_write(ctx, err);
	return rc ? rc
		  : rfa_ctx_says(facts,
				 n ? rfa_pool_printf(ctx->pool, "%zu variable(s)", n)
				   : "there are none any more: the file with them is removed",
				 err);
}

int rfa_variables_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
			struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

/* An empty one was kept where there was none. */
int rfa_variables_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	struct rfa_buf kept = RFA_BUF_INIT(BYTES_MAX);
	int was = 0;
	int rc = read_text(ctx, kept_path(ctx), &kept, &was, err);

	if (!rc && was && kept.len)
		rc = write_text(ctx, rfa_variables_path(ctx), &kept, err);
	else if (!rc && was)
		rc = ctx->host->files->remove(ctx->host, rfa_variables_path(ctx), err);
	rfa_wipe_buf(&kept);
	return rc;
}

/* Gates. */

/* Between two texts of this kind: which lines are not the same. */
static int has_line(const char *text, const char *line, size_t len)
{
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
		if (!strncmp(text, line, len) && (text[len] == '\n' || !text[len]))
			return 1;
	return 0;
}

static const char *changed(struct rfa_ctx *ctx, const char *old, const char *text)
{
	const char *out = "";

	while (*text) {
		size_t len = strcspn(text, "\n");

		if (!has_line(old, text, len))
			out = rfa_pool_printf(ctx->pool, "%s%s%.*s", out, *out ? ", " : "",
					      (int)strcspn(text, "="), text);
		text += len + (text[len] == '\n');
	}
	return out;
}

/* Names that are given: lines "NAME=" of a file of variables. */
static void add_given(struct rfa_ctx *ctx, const char *text, struct rfa_texts *given)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		const char *name = text + strspn(text, " \t");
		size_t n;

		if (!strncmp(name, "export ", 7))
			name += 7;
		n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
		if (n && name[n] == '=')
			rfa_texts_add(ctx->pool, given,
				      rfa_pool_printf(ctx->pool, "%.*s", (int)n, name));
		text += len + (text[len] == '\n');
	}
}

/* What has a value there, and is to have none. */
static const char *taken_out(struct rfa_ctx *ctx, const char *old)
{
	struct rfa_texts there = { NULL, 0 };
	const char *out = "";
	size_t i;

	add_given(ctx, old, &there);
	for (i = 0; i < there.n; i++)
		if (!rfa_texts_have(names_of(ctx), there.at[i]))
			out = rfa_pool_printf(ctx->pool, "%s%s%s", out, *out ? ", " : "",
					      there.at[i]);
	return out;
}

static int tell_changes(struct rfa_gates *c, struct rfa_error *err)
{
	static const char anew[] = "containers that use it are made anew";
	struct rfa_buf now = RFA_BUF_INIT(BYTES_MAX), then = RFA_BUF_INIT(BYTES_MAX);
	int is = 0;
	int rc = make_text(c->ctx, &then, err);
	const char *names, *gone;

	if (!rc)
		rc = read_text(c->ctx, rfa_variables_path(c->ctx), &now, &is, err);
	names = rc || !is ? "" : changed(c->ctx, rfa_buf_str(&now), rfa_buf_str(&then));
	gone = rc || !is ? "" : taken_out(c->ctx, rfa_buf_str(&now));
	if (*names)
		rfa_warn(c, anew, "another value has: %s", names);
	if (*gone)
		rfa_warn(c, anew, "no value has any more, for rfa.json names it no more: %s", gone);
	rfa_wipe_buf(&now);
	rfa_wipe_buf(&then);
	return rc;
}

/* One "$NAME", "${NAME}", "${NAME:?…}" that nobody gives; *at moves behind it. */
static void judge_one(struct rfa_ctx *ctx, const char **at, const struct rfa_texts *given,
		      struct rfa_texts *missing)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
	const char *name = *at + 1 + ((*at)[1] == '{');
	size_t n = strspn(name, letters);
	const char *text = rfa_pool_printf(ctx->pool, "%.*s", (int)n, name);
	const char *rest = name + n + (name[n] == ':');
	int has_default = (*at)[1] == '{' && (*rest == '-' || *rest == '+');

	if (n && (*name < '0' || *name > '9') && !has_default && !rfa_texts_have(given, text) &&
	    !rfa_texts_have(missing, text))
		rfa_texts_add(ctx->pool, missing, text);
	*at = n ? name + n : *at + 1 + ((*at)[1] == '$');
}

/* A comment speaks of no variable. */
static void find_missing(struct rfa_ctx *ctx, const char *text, const struct rfa_texts *given,
			 struct rfa_texts *missing)
{
	const char *at = text;

	while (*at) {
		if (*at == '#' && (at == text || strchr(" \t\n", at[-1])))
			at += strcspn(at, "\n");
		else if (*at == '$')
			judge_one(ctx, &at, given, missing);
		else
			at++;
	}
}

/* A file of the project as it will be: that of the commit, else the one there. *is: there is one.
 */
static int read_then(struct rfa_ctx *ctx, const char *path, struct rfa_buf *out, int *is,
		     struct rfa_error *err)
{
	const struct rfa_stack_compose *compose = rfa_ctx_stack_of(ctx, RFA_TARGET)->compose;
	const struct rfa_file_change *one;

	*is = 0;
	RFA_EACH (one, *rfa_files_changes(ctx)) {
		if (strcmp(one->path, path) != 0)
			continue;
		*is = *one->from != '\0';
		if (*is)
			return rfa_files_fetch(ctx, one, out, err);
		if (rfa_file_change_removes(one))
			return 0;
	}
	return read_text(
	    ctx,
	    *path == '/' ? path : rfa_pool_printf(ctx->pool, "%s/%s", compose->directory, path),
	    out, is, err);
}

static int find_given(struct rfa_ctx *ctx, const struct rfa_stack_compose *compose,
		      struct rfa_texts *given, struct rfa_error *err)
{
	static const char *const own[] = { ".env" };
	const struct rfa_texts dot = { own, 1 };
	const struct rfa_texts *files = compose->env_files.n ? &compose->env_files : &dot;
	size_t i;
	int rc = 0, is;

	for (i = 0; i < names_of(ctx)->n; i++)
		rfa_texts_add(ctx->pool, given, names_of(ctx)->at[i]);
	for (i = 0; i < files->n && !rc; i++) {
		struct rfa_buf text = RFA_BUF_INIT(RFA_FILE_LIST_BYTES + 1);

		rc = read_then(ctx, files->at[i], &text, &is, err);
		if (!rc)
			add_given(ctx, rfa_buf_str(&text), given);
		rfa_wipe_buf(&text);
	}
	return rc;
}

/* One Compose file. *is: there is one. */
static int judge_file(struct rfa_ctx *ctx, const char *path, const struct rfa_texts *given,
		      struct rfa_texts *missing, int *is, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(RFA_FILE_LIST_BYTES + 1);
	int rc = read_then(ctx, path, &text, is, err);

	if (!rc)
		find_missing(ctx, rfa_buf_str(&text), given, missing);
	rfa_buf_release(&text);
	return rc;
}

/* Those that are named; else, as Compose does, the first of its own names and the first override.
 */
static int judge_files(struct rfa_ctx *ctx, const struct rfa_stack_compose *compose,
		       const struct rfa_texts *given, struct rfa_texts *missing,
		       struct rfa_error *err)
{
	size_t i;
	int rc = 0, is = 0;

	for (i = 0; i < compose->files.n && !rc; i++)
		rc = judge_file(ctx, compose->files.at[i], given, missing, &is, err);
	for (i = 0; i < RFA_CONFIGURATION_NAMES && !compose->files.n && !rc; i++) {
		if (i == RFA_CONFIGURATION_OVERRIDES)
			is = 0;
		if (!is)
			rc = judge_file(ctx, rfa_configuration_names[i], given, missing, &is, err);
	}
	return rc;
}

int rfa_gate_variables(struct rfa_gates *c, struct rfa_error *err)
{
	struct rfa_ctx *ctx = c->ctx;
	const struct rfa_stack_compose *compose = rfa_ctx_stack_of(ctx, RFA_TARGET)->compose;
	struct rfa_texts given = { NULL, 0 }, missing = { NULL, 0 };
	size_t i;
	int rc = tell_changes(c, err);

	/* Where no file comes from the commit, what is there has its values from somebody else. */
	if (!rc && compose && rfa_release_has_files(ctx)) {
		rc = find_given(ctx, compose, &given, err);
		if (!rc)
			rc = judge_files(ctx, compose, &given, &missing, err);
	}
	for (i = 0; i < missing.n && !rc; i++)
		rfa_deny_unless_forced(
		    c,
		    rfa_pool_printf(ctx->pool, "add it to variables of the stack: \"%s\": …",
				    missing.at[i]),
		    "the Compose files use %s, and nobody gives it a value", missing.at[i]);
	return rc;
}
