/*
 * The host's lock: a file that is linked into place, so that it is there with its whole content or
 * not at all. It belongs to a run; nothing but a release by that run takes it away.
 */
#include "transports/host/shell/shell.h"

#include <string.h>

#include "fsm/base/facts.h"

#define HOLDER_MAX 65536u

/* LOCKED, and who has it. */
static int locked(struct shell_host *h, const json_t *holder, struct rfa_error *err)
{
	struct rfa_buf who = RFA_BUF_INIT(1024);
	const char *run = rfa_facts_str(holder, "run", "(unknown)");

	(void)rfa_buf_put_printable(&who, run, strlen(run), 64);
	(void)rfa_fail(err, RFA_ELOCKED, "host", "run %s holds the host's lock", rfa_buf_str(&who));
	(void)rfa_error_hint(err, "rfa resume %s, rfa rollback %s, or rfa abort %s",
			     rfa_buf_str(&who), rfa_buf_str(&who), rfa_buf_str(&who));
	rfa_buf_release(&who);
	return rfa_error_where(err, "%s", h->host.name);
}

static int corrupt(struct shell_host *h, struct rfa_error *err)
{
	(void)rfa_fail(err, RFA_ECORRUPT, "host", "the lock file cannot be read as JSON");
	(void)rfa_error_hint(err, "look at %s/lock there; remove it if no run is under way",
			     h->host.state_dir);
	return rfa_error_where(err, "%s", h->host.name);
}

static int parse(struct shell_host *h, const struct rfa_buf *text, json_t **holder,
		 struct rfa_error *err)
{
	json_t *value = NULL;

	if (text->len == 0 || text->len > HOLDER_MAX ||
	    rfa_shell_host_json(h, &value, text->data, text->len, "the lock", NULL) != 0 ||
	    !json_is_string(json_object_get(value, "run"))) {
		json_decref(value);
		return corrupt(h, err);
	}
	*holder = value;
	return 0;
}

int rfa_shell_lock_claim(struct rfa_host *host, const json_t *who, json_t **holder,
			 struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(HOLDER_MAX + 1);
	struct rfa_buf text = RFA_BUF_INIT(HOLDER_MAX);
	const char *run = rfa_facts_str(who, "run", "");
	char bytes[24];
	const char *args[] = { host->state_dir, bytes, NULL };
	struct shell_call call = { rfa_script_lock_claim, args, NULL, 0 };
	json_t *has = NULL;
	int rc = 0;

	if (!rfa_host_name_ok(run))
		rc = rfa_fail(err, RFA_EINTERNAL, "host", "a lock is claimed for no run");
	if (rc == 0)
		rc = rfa_facts_encode(who, &text, err);
	if (rc != 0)
		goto done;
	call.input = text.data;
	call.input_len = text.len;
	(void)snprintf(bytes, sizeof(bytes), "%zu", text.len);
	/* Claiming twice for one run is free, so a lost answer is asked for again. */
	rc = rfa_shell_host_read(h, &call, &answer, err);
	if (rc == 0 && answer.status == RFA_EXIT_HELD) {
		rc = parse(h, &answer.out, &has, err);
		if (rc == 0 && strcmp(rfa_facts_str(has, "run", ""), run) != 0) {
			rc = locked(h, has, err);
			if (holder)
				*holder = json_incref(has);
		}
	} else if (rc == 0 && answer.status != 0) {
		rc = rfa_shell_host_fail(h, &answer, "claiming the host's lock", err);
	}
done:
	json_decref(has);
	rfa_buf_release(&text);
	rfa_shell_answer_release(&answer);
	return rc;
}

int rfa_shell_lock_read(struct rfa_host *host, json_t **holder, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(HOLDER_MAX + 1);
	const char *args[] = { host->state_dir, NULL };
	struct shell_call call = { rfa_script_lock_read, args, NULL, 0 };
	int rc = rfa_shell_host_read(h, &call, &answer, err);

	if (rc == 0 && answer.status == RFA_EXIT_NOTFOUND)
		*holder = NULL;
	else if (rc == 0 && answer.status != 0)
		rc = rfa_shell_host_fail(h, &answer, "reading the host's lock", err);
	else if (rc == 0)
		rc = parse(h, &answer.out, holder, err);
	rfa_shell_answer_release(&answer);
	return rc;
}

int rfa_shell_lock_release(struct rfa_host *host, const char *run, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(HOLDER_MAX + 1);
	const char *args[] = { host->state_dir, run, NULL };
	struct shell_call call = { rfa_script_lock_release, args, NULL, 0 };
	json_t *has = NULL;
	int rc = 0;

	if (!rfa_host_name_ok(run))
		rc = rfa_fail(err, RFA_EINTERNAL, "host", "a lock is released for no run");
	if (rc == 0)
		rc = rfa_shell_host_read(h, &call, &answer, err);
	if (rc == 0 && answer.status == RFA_EXIT_HELD) {
		rc = parse(h, &answer.out, &has, err);
		if (rc == 0)
			rc = locked(h, has, err);
	} else if (rc == 0 && answer.status != 0) {
		rc = rfa_shell_host_fail(h, &answer, "releasing the host's lock", err);
	}
	json_decref(has);
	rfa_shell_answer_release(&answer);
	return rc;
}
