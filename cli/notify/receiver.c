/* A channel of rfa.json. */
#include "cli/notify/receiver.h"

#include <stdlib.h>
#include <string.h>

#include "fsm/base/reference.h"
#include "fsm/base/wipe.h"

enum { VALUE_MAX = 64 << 10 };

const json_t *rfa_channel_keys(const struct rfa_cli *cli, const char *name)
{
	if (!strncmp(name, "x-", 2))
		return NULL;
	return json_object_get(json_object_get(cli->config->root, "notify"), name);
}

/* Which runs. */

const char *rfa_tiding_verdict(const struct rfa_tiding *tiding)
{
	static const char *const words[] = {
		[RFA_FINAL_NONE] = "interrupted",        [RFA_FINAL_SUCCEEDED] = "succeeded",
		[RFA_FINAL_ROLLED_BACK] = "rolled-back", [RFA_FINAL_FAILED] = "failed",
		[RFA_FINAL_ABORTED] = "aborted",         [RFA_FINAL_STUCK] = "stuck",
	};

	return words[tiding->ending.final];
}

/* A list that is not there wants all. */
static int fits(const json_t *keys, const char *key, const char *word)
{
	const json_t *list = json_object_get(keys, key);

	return !list || rfa_facts_has_text(list, word);
}

int rfa_channel_wants(const json_t *keys, const struct rfa_tiding *tiding)
{
	return fits(keys, "on", rfa_tiding_verdict(tiding)) &&
	       fits(keys, "stacks", tiding->ending.stack) &&
	       fits(keys, "environments", tiding->ending.env) &&
	       fits(keys, "flows", tiding->ending.flow);
}

/* For whom. */

/* "${NAME}" and nothing else: then the value is all of it, whatever is in it. */
static int is_whole(const char *text)
{
	char name[RFA_REFERENCE_MAX];
	const char *at = text;
	size_t len = rfa_reference_next(&at, name);

	return len && at == text && !text[len];
}

static int fill(struct rfa_cli *cli, const json_t *keys, const char *key, struct rfa_buf *out,
		const char **value, struct rfa_error *err)
{
	const struct rfa_secret_source from = { rfa_cli_secret, cli };
	const char *text = rfa_facts_str(keys, key, NULL);
	int rc;

	if (!text)
		return 0;
	rc = rfa_reference_fill_in(out, text, key, is_whole(text) ? RFA_IN_PLAIN : RFA_IN_URL,
				   &from, err);
	*value = rfa_buf_str(out);
	return rc;
}

/* Where it goes, without what may be secret: scheme, host and port; or the reference. */
static int show(const char *url, struct rfa_buf *out, struct rfa_error *err)
{
	const char *host = strstr(url, "://");
	size_t len = host ? (size_t)(host - url) + 3 : 0;

	if (host)
		len += strcspn(host + 3, "/?#");
	rfa_buf_add(out, url, host ? len : strlen(url));
	return rfa_buf_check(out, err);
}

static int list_of(const json_t *keys, const char *key, const char ***out, struct rfa_error *err)
{
	const json_t *list = json_object_get(keys, key);
	json_t *one;
	size_t i;

	*out = calloc(json_array_size(list) + 1, sizeof(**out));
	if (!*out)
		return rfa_fail_nomem(err);
	json_array_foreach (list, i, one)
		(*out)[i] = json_string_value(one);
	return 0;
}

static enum rfa_receiver_kind kind_of(const json_t *keys)
{
	const char *kind = rfa_facts_str(keys, "kind", "");

	return !strcmp(kind, "email")  ? RFA_BY_EMAIL
	       : !strcmp(kind, "exec") ? RFA_BY_EXEC
				       : RFA_BY_WEBHOOK;
}

int rfa_receiver_make(struct rfa_cli *cli, const json_t *keys, struct rfa_receiver_made *m,
		      struct rfa_error *err)
{
	struct rfa_receiver *r = &m->receiver;
	const char *ca = rfa_facts_str(keys, "ca", NULL);
	int rc = rfa_cli_secrets(cli, keys, err);

	*m = (struct rfa_receiver_made){ .url = RFA_BUF_INIT(VALUE_MAX),
					 .shown = RFA_BUF_INIT(VALUE_MAX),
					 .secret = RFA_BUF_INIT(VALUE_MAX),
					 .password = RFA_BUF_INIT(VALUE_MAX) };
	*r = (struct rfa_receiver){ .kind = kind_of(keys),
				    .url = "",
				    .format = rfa_facts_str(keys, "format", "json"),
				    .user = rfa_facts_str(keys, "user", NULL),
				    .from = rfa_facts_str(keys, "from", ""),
				    .plain = !strcmp(rfa_facts_str(keys, "tls", ""), "none") };
	if (!rc)
		rc = fill(cli, keys, "url", &m->url, &r->url, err);
	if (!rc)
		rc = show(rfa_facts_str(keys, "url", ""), &m->shown, err);
	if (!rc)
		rc = fill(cli, keys, "secret", &m->secret, &r->secret, err);
	if (!rc)
		rc = fill(cli, keys, "password", &m->password, &r->password, err);
	if (!rc && ca)
		rc = rfa_config_path(cli->config, ca, &m->ca, err);
	if (!rc)
		rc = list_of(keys, "to", &m->to, err);
	if (!rc)
		rc = list_of(keys, "command", &m->command, err);
	r->shown = rfa_buf_str(&m->shown);
	r->ca = m->ca;
	r->to = m->to;
	r->command = m->command;
	return rc;
}

void rfa_receiver_release(struct rfa_receiver_made *m)
{
	rfa_wipe_buf(&m->url);
	rfa_wipe_buf(&m->secret);
	rfa_wipe_buf(&m->password);
	rfa_buf_release(&m->shown);
	free(m->ca);
	free(m->to);
	free(m->command);
}
