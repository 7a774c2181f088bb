/*
 * A Docker host over a transport: POSIX sh, coreutils and docker are all that is needed there.
 *
 * The scripts are the files in transports/host/scripts. Each finds its arguments in $1…; strings
 * never become part of shell text except through rfa_quote(). What comes back is parsed as if the
 * host lied.
 */
#include "transports/host/shell/shell.h"

#include <ctype.h>
#include <string.h>

#include "fsm/base/quote.h"

/* A script with all its arguments; the largest carry a file list or a container's definition. */
#define SCRIPT_MAX (8u << 20)

int rfa_shell_host_script(const struct shell_host *h, const struct shell_call *call,
			  struct rfa_buf *out, struct rfa_error *err)
{
	const char *const *text;

	(void)rfa_buf_add(out, h->prologue.data, h->prologue.len);
	if (call->args && call->args[0]) {
		(void)rfa_buf_puts(out, "set -- ");
		(void)rfa_quote_argv(out, call->args);
		(void)rfa_buf_putc(out, '\n');
	} else {
		(void)rfa_buf_puts(out, "set --\n");
	}
	for (text = call->script; *text; text++)
		(void)rfa_buf_puts(out, *text);
	return rfa_buf_check(out, err);
}

/*
 * MaxSessions 1: whoever has the session and does not need it now makes room, and is opened again
 * at its next use. 1: it is worth another try.
 */
static int engine_rests(struct shell_host *h, int rc)
{
	return rc == -RFA_ESESSIONS && rfa_engine_rest(h->engine);
}

static int shell_rests(struct shell_host *h, int rc)
{
	if (rc != -RFA_ESESSIONS || !h->shell)
		return 0;
	rfa_shell_rest(h->shell);
	return 1;
}

int rfa_shell_host_exec(struct shell_host *h, const char *const argv[], struct rfa_stream **out,
			struct rfa_error *err)
{
	int rc = h->transport->ops->exec(h->transport, argv, out, err);

	if (engine_rests(h, rc))
		rc = h->transport->ops->exec(h->transport, argv, out, err);
	if (shell_rests(h, rc))
		rc = h->transport->ops->exec(h->transport, argv, out, err);
	return rc;
}

static int run(struct shell_host *h, const char *script, const struct shell_call *call,
	       struct shell_answer *answer, struct rfa_error *err)
{
	int tries = 0, rc;

	do {
		rc = rfa_shell_run(h->shell, script, call->input, call->input_len, h->idle_ms,
				   &answer->out, &answer->words, &answer->status, err);
	} while (!tries++ && engine_rests(h, rc));
	return rc;
}

int rfa_shell_host_run(struct shell_host *h, const struct shell_call *call,
		       struct shell_answer *answer, struct rfa_error *err)
{
	struct rfa_buf script = RFA_BUF_INIT(SCRIPT_MAX);
	int rc = 0;

	rfa_buf_clear(&answer->out);
	rfa_buf_clear(&answer->words);
	if (h->cancel && *h->cancel)
		rc = rfa_fail(err, RFA_ECANCELLED, "host", "asked to stop");
	if (rc == 0 && !h->shell)
		rc = rfa_shell_new(&h->shell, h->transport, err);
	if (rc == 0)
		rc = rfa_shell_host_script(h, call, &script, err);
	if (rc == 0)
		rc = run(h, rfa_buf_str(&script), call, answer, err);
	if (rc != 0)
		(void)rfa_error_where(err, "%s", h->host.name);
	rfa_buf_release(&script);
	return rc;
}

int rfa_shell_host_read(struct shell_host *h, const struct shell_call *call,
			struct shell_answer *answer, struct rfa_error *err)
{
	int rc = rfa_shell_host_run(h, call, answer, err);

	/* A connection that died while nobody used it is noticed by its next user. */
	if (rc == -RFA_ELOST)
		rc = rfa_shell_host_run(h, call, answer, err);
	return rc;
}

int rfa_shell_host_get(struct shell_host *h, struct rfa_engine_call *call, struct rfa_error *err)
{
	int rc = rfa_engine_get(h->engine, call, err);

	if (shell_rests(h, rc))
		rc = rfa_engine_get(h->engine, call, err);
	return rc == 0 ? 0 : rfa_error_where(err, "%s", h->host.name);
}

int rfa_shell_host_version(struct shell_host *h, const json_t **out, struct rfa_error *err)
{
	int rc = rfa_engine_version(h->engine, out, err);

	if (shell_rests(h, rc))
		rc = rfa_engine_version(h->engine, out, err);
	return rc == 0 ? 0 : rfa_error_where(err, "%s", h->host.name);
}

int rfa_shell_host_refused(const struct shell_host *h, int status, const char *body, size_t len,
			   const char *what, struct rfa_error *err)
{
	json_t *reply = json_loadb(body, len, 0, NULL);
	const char *message = json_string_value(json_object_get(reply, "message"));

	/* A status of HTTP is none of our scripts'. */
	(void)rfa_remote_docker(status, message ? message : body, message ? strlen(message) : len,
				what, err);
	json_decref(reply);
	return rfa_error_where(err, "%s", h->host.name);
}

void rfa_shell_answer_release(struct shell_answer *answer)
{
	rfa_buf_release(&answer->out);
	rfa_buf_release(&answer->words);
}

int rfa_shell_host_fail(const struct shell_host *h, const struct shell_answer *answer,
			const char *what, struct rfa_error *err)
{
	(void)rfa_remote_fail(answer->status, answer->words.data, answer->words.len, what, err);
	return rfa_error_where(err, "%s", h->host.name);
}

int rfa_shell_host_fail_docker(const struct shell_host *h, const struct shell_answer *answer,
			       const char *what, struct rfa_error *err)
{
	(void)rfa_remote_docker(answer->status, answer->words.data, answer->words.len, what, err);
	return rfa_error_where(err, "%s", h->host.name);
}

int rfa_shell_protocol_error(const struct shell_host *h, const char *what, struct rfa_error *err)
{
	(void)rfa_fail(err, RFA_EPROTOCOL, "host", "the host's answer made no sense: %s", what);
	return rfa_error_where(err, "%s", h->host.name);
}

int rfa_shell_host_json(const struct shell_host *h, json_t **out, const char *text, size_t len,
			const char *what, struct rfa_error *err)
{
	json_error_t why;
	json_t *value = json_loadb(text ? text : "", text ? len : 0, JSON_REJECT_DUPLICATES, &why);

	if (!value) {
		(void)rfa_fail(err, RFA_EPROTOCOL, "host", "%s is no JSON: %s (line %d)", what,
			       why.text, why.line);
		return rfa_error_where(err, "%s", h->host.name);
	}
	*out = value;
	return 0;
}

int rfa_shell_number(const char **text, int64_t *out)
{
	const char *p = *text;
	int64_t n = 0;

	if (!isdigit((unsigned char)*p))
		return -1;
	for (; isdigit((unsigned char)*p); p++) {
		if (n > (INT64_MAX - 9) / 10)
			return -1;
		n = n * 10 + (*p - '0');
	}
	if (*p != '\0' && *p != ' ' && *p != '\n')
		return -1;
	*text = *p ? p + 1 : p;
	*out = n;
	return 0;
}

int rfa_shell_host_path(const struct shell_host *h, struct rfa_buf *out, const char *run,
			const char *rest, struct rfa_error *err)
{
	if (!rfa_host_name_ok(run))
		return rfa_fail(err, RFA_EINTERNAL, "host",
				"a run's id has characters that no id has");
	(void)rfa_buf_printf(out, "%s/runs/%s%s", h->host.state_dir, run, rest);
	return rfa_buf_check(out, err);
}
