/*
 * The gate of a project's variables: each key that its example names has a value of its own on the
 * host. Keys are told, never a value.
 */
#include <ctype.h>
#include <string.h>

#include "fsm/base/textdiff.h"
#include "fsm/base/wipe.h"
#include "fsm/steps/common/gates.h"
#include "fsm/steps/common/secrets.h"

enum { BYTES_MAX = 1 << 20, VALUE_MAX = 256 };

/* What a repository calls the example; the first that is there counts. */
static const char *const examples[] = { "env.example", ".env.example" };

/* What stands for a value that somebody still has to fill in, in small letters. */
static const char *const stand_ins[] = { "changeme",    "change_me", "change-me",  "change this",
					 "changethis",  "replaceme", "replace_me", "replace-me",
					 "placeholder", "your_",     "your-" };
/* The same, where it is all that a secret is: else it may be a name, or a part of a key. */
static const char *const whole[] = { "todo", "fixme", "xxxx" };

/* Files. */

/* *out (new): its variables; NULL: there is no such file. */
static int read_keys(struct rfa_ctx *ctx, const char *path, json_t **out, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(BYTES_MAX);
	int rc = ctx->host->files->read(ctx->host, path, BYTES_MAX, &text, err);

	*out = NULL;
	if (!rc)
		rc = rfa_text_variables(&text, out, err);
	rfa_wipe_buf(&text);
	if (rc == -RFA_ENOTFOUND) {
		rfa_error_clear(err);
		rc = 0;
	}
	return rc;
}

static const char *path_of(struct rfa_ctx *ctx, const char *name)
{
	const struct rfa_stack_compose *compose = rfa_ctx_stack_here(ctx)->compose;

	return *name == '/' ? name : rfa_pool_printf(ctx->pool, "%s/%s", compose->directory, name);
}

/* *out (new): what the project's files of variables say, the last one that has a key. */
static int read_own(struct rfa_ctx *ctx, json_t **out, int *there, struct rfa_error *err)
{
	const struct rfa_texts *files = &rfa_ctx_stack_here(ctx)->compose->env_files;
	struct rfa_texts usual = { NULL, 0 };
	size_t i;
	int rc = 0;

	*there = 0;
	*out = json_object();
	if (!*out)
		return rfa_fail_nomem(err);
	rfa_texts_add(ctx->pool, &usual, ".env");
	if (!files->n)
		files = &usual;
	for (i = 0; !rc && i < files->n; i++) {
		json_t *keys = NULL;

		rc = read_keys(ctx, path_of(ctx, files->at[i]), &keys, err);
		*there |= keys != NULL;
		if (!rc && keys && json_object_update(*out, keys))
			rc = rfa_fail_nomem(err);
		json_decref(keys);
	}
	return rc;
}

/* Values. */

/* Without quotes, and without a comment behind it; in small letters. */
static void plain(const char *written, char out[VALUE_MAX])
{
	char quote = *written == '"' || *written == '\'' ? *written : 0;
	size_t n = 0;

	for (written += quote != 0; *written && n + 1 < VALUE_MAX; written++) {
		if (quote ? *written == quote
			  : *written == '#' && (!n || isspace((unsigned char)written[-1])))
			break;
		out[n++] = (char)tolower((unsigned char)*written);
	}
	while (n && !quote && isspace((unsigned char)out[n - 1]))
		n--;
	out[n] = '\0';
}

/* Of a secret how long it lasts, or where it lies, is none: the last word of the key says so. */
static int is_setting(const char *key, const char *value)
{
	const char *bar = strrchr(key, '_');
	const char *last = bar ? bar + 1 : key;

	if (rfa_looks_secret(last, strlen(last), value))
		return 0;
	return strlen(value) < 16 || *value == '/' || strstr(value, "://") != NULL;
}

static int is_stand_in(const char *key, const char *value, const char *in_example)
{
	size_t len = strlen(value);
	size_t i;

	for (i = 0; i < sizeof(stand_ins) / sizeof(stand_ins[0]); i++)
		if (strstr(value, stand_ins[i]))
			return 1;
	for (i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
		if (!strcmp(value, whole[i]) && rfa_looks_secret(key, strlen(key), value))
			return 1;
	/* A secret that everybody can read in the repository is none. */
	return (len > 1 && *value == '<' && value[len - 1] == '>') ||
	       (rfa_looks_secret(key, strlen(key), value) && !is_setting(key, value) &&
		!strcmp(value, in_example));
}

/* Judging. */

struct found {
	struct rfa_texts absent, empty, stand_in;
};

static void sort_key(struct rfa_gates *c, const char *key, const json_t *now, const json_t *example,
		     struct found *out)
{
	char value[VALUE_MAX], in_example[VALUE_MAX];
	struct rfa_pool *pool = c->ctx->pool;

	if (rfa_texts_have(&rfa_ctx_stack_here(c->ctx)->variables, key))
		return; /* it comes from the operator */
	if (!now) {
		rfa_texts_add(pool, &out->absent, rfa_pool_text(pool, key));
		return;
	}
	plain(json_string_value(now), value);
	plain(json_string_value(example), in_example);
	/* What is empty in the example, too, may stay so; but a secret is there to be filled in. */
	if (!*value && (*in_example || rfa_looks_secret(key, strlen(key), "?")))
		rfa_texts_add(pool, &out->empty, rfa_pool_text(pool, key));
	else if (*value && is_stand_in(key, value, in_example))
		rfa_texts_add(pool, &out->stand_in, rfa_pool_text(pool, key));
	rfa_wipe(value, sizeof(value));
}

static void deny(struct rfa_gates *c, const struct rfa_texts *keys, const char *file,
		 const char *what)
{
	struct rfa_buf names = RFA_BUF_INIT(600);
	size_t i;

	for (i = 0; i < keys->n; i++)
		(void)rfa_buf_printf(&names, "%s%.100s", i ? ", " : "", keys->at[i]);
	if (keys->n)
		rfa_deny_unless_forced(
		    c,
		    "fill it in there, in .env; a key that may stay empty is a comment in the "
		    "example: # KEY=",
		    "%s on %s names %zu key(s) %s: %s", file, c->ctx->host->name, keys->n, what,
		    rfa_buf_str(&names));
	rfa_buf_release(&names);
}

static int judge(struct rfa_gates *c, const char *file, json_t *example, struct rfa_error *err)
{
	struct found found = { { NULL, 0 }, { NULL, 0 }, { NULL, 0 } };
	json_t *own = NULL, *value;
	const char *key;
	int there = 0;
	int rc = read_own(c->ctx, &own, &there, err);

	json_object_foreach (example, key, value) {
		if (!rc && there)
			sort_key(c, key, json_object_get(own, key), value, &found);
	}
	if (!rc && !there)
		rfa_deny_unless_forced(c, "copy the example there to .env, and fill it in",
				       "there is no .env beside %s on %s", file,
				       c->ctx->host->name);
	deny(c, &found.absent, file, "that .env has not got");
	deny(c, &found.empty, file, "that are empty in .env");
	deny(c, &found.stand_in, file, "that still have a stand-in for a value in .env");
	json_decref(own);
	return rc;
}

int rfa_gate_env_file(struct rfa_gates *c, struct rfa_error *err)
{
	json_t *example = NULL;
	const char *file = "";
	size_t i;
	int rc = 0;

	if (!rfa_ctx_stack_here(c->ctx)->compose)
		return 0;
	for (i = 0; !rc && !example && i < sizeof(examples) / sizeof(examples[0]); i++) {
		file = path_of(c->ctx, examples[i]);
		rc = read_keys(c->ctx, file, &example, err);
	}
	if (!rc && example)
		rc = judge(c, file, example, err);
	json_decref(example);
	return rc;
}
