/*
 * The newest head of the ledger is kept on each host where a run has ended. Whoever goes on with a
 * ledger that was replaced by an older copy, cut short or altered is found out by it.
 */
#include <stdio.h>
#include <string.h>

#include "fsm/run/drive.h"
#include "fsm/steps/common/heads.h"

/* One file for each ledger: several operators, each with a ledger of his own, share a host. */
static int head_path(struct rfa_ledger *ledger, const struct rfa_host *host, char *out, size_t size,
		     struct rfa_error *err)
{
	char id[65];
	int rc = rfa_ledger_id(ledger, id, err);

	if (!rc && snprintf(out, size, "%s/ledger-heads/%s", host->state_dir, id) >= (int)size)
		rc = rfa_fail(err, RFA_ETOOBIG, "run", "the state directory's path is too long");
	return rc;
}

/* "HEAD RUN": what is there instead is shown as it is, as far as it goes. */
static json_t *parse(const char *text, int *sound)
{
	struct rfa_buf head = RFA_BUF_INIT(1024);
	char run[RFA_RUN_ID_MAX] = "";
	size_t n = strcspn(text, " \n");
	json_t *kept;

	*sound = n >= 40 && n <= 64 && strspn(text, "0123456789abcdef") == n;
	rfa_buf_put_printable(&head, text, n, 64);
	if (text[n] == ' ')
		snprintf(run, sizeof(run), "%.*s", (int)strcspn(text + n + 1, "\n"), text + n + 1);
	kept = json_pack("{s:s, s:s}", "head", rfa_buf_str(&head), "run",
			 rfa_run_id_ok(run) ? run : "");
	rfa_buf_release(&head);
	return kept;
}

int rfa_run_kept_head(struct rfa_ledger *ledger, struct rfa_host *host, json_t **out,
		      struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(4096);
	json_t *kept = NULL;
	char path[384];
	int sound = 0;
	int known = 0;
	int rc = head_path(ledger, host, path, sizeof(path), err);

	*out = NULL;
	if (!rc)
		rc = host->files->read(host, path, 4096, &text, err);
	if (rc == -RFA_ENOTFOUND || rc == -RFA_ETOOBIG) {
		/* None; or something that is no head. */
		sound = rc == -RFA_ENOTFOUND;
		rfa_error_clear(err);
		rc = 0;
		if (sound)
			goto done;
	}
	if (!rc)
		rc = (kept = parse(rfa_buf_str(&text), &sound)) ? 0 : rfa_fail_nomem(err);
	if (!rc && sound)
		rc = rfa_ledger_knows(ledger, rfa_facts_str(kept, "head", ""), &known, err);
	if (!rc)
		rc = rfa_facts_set(kept, "known", json_boolean(known), err);
	if (!rc)
		*out = json_incref(kept);
done:
	json_decref(kept);
	rfa_buf_release(&text);
	return rc;
}

int rfa_drive_kept_head(struct rfa_ctx *ctx, json_t **out, struct rfa_error *err)
{
	struct rfa_drive *d = ctx->driver;

	return rfa_run_kept_head(d->options->ledger, ctx->host, out, err);
}

/* The run has its lock, so that what it keeps was compared, or accepted. */
static int has_claimed(const struct rfa_drive *d, enum rfa_role_id role)
{
	char step[RFA_STEP_NAME_MAX];

	snprintf(step, sizeof(step), "%s.claim", rfa_role_word(role));
	return json_object_get(d->facts, step) != NULL;
}

int rfa_drive_check_heads(struct rfa_drive *d, struct rfa_error *err)
{
	struct rfa_host *const *hosts = d->ctx.hosts;
	int rc = 0;
	size_t i;

	for (i = RFA_SOURCE; i < RFA_ROLES && !rc; i++) {
		struct rfa_ctx ctx = d->ctx;

		ctx.host = hosts[i];
		if (hosts[i] && has_claimed(d, (enum rfa_role_id)i))
			rc = rfa_kept_head_check(&ctx, NULL, err);
	}
	return rc;
}

static void tell_not_left(struct rfa_drive *d, const struct rfa_host *host,
			  const struct rfa_error *why)
{
	struct rfa_event event = { 0 };

	event.kind = RFA_EVENT_WARNING;
	event.wall_ms = d->ctx.clock->wall_ms(d->ctx.clock);
	event.run = d->result->run;
	event.host = host->name;
	event.text = "the ledger's head could not be left on this host";
	event.error = why;
	rfa_trace_send(d->options->trace, &event);
}

/*
 * Not where the run had no lock: what such a host keeps may be the evidence that this ledger is not
 * what it should be. It is told, not fatal, when a host cannot take the head.
 */
void rfa_drive_leave_heads(struct rfa_drive *d)
{
	struct rfa_host *const *hosts = d->ctx.hosts;
	char text[RFA_RUN_ID_MAX + 80];
	struct rfa_error why;
	char path[384];
	char head[65];
	size_t i;

	if (rfa_ledger_head(d->options->ledger, head, &why))
		return;
	snprintf(text, sizeof(text), "%s %s\n", head, d->result->run);
	for (i = RFA_SOURCE; i < RFA_ROLES; i++) {
		int rc;

		if (!hosts[i] || (i > RFA_SOURCE && hosts[i] == hosts[i - 1]) ||
		    !has_claimed(d, (enum rfa_role_id)i))
			continue;
		rc = head_path(d->options->ledger, hosts[i], path, sizeof(path), &why);
		if (!rc)
			rc = hosts[i]->files->write(hosts[i], path, 0600, text, strlen(text), &why);
		if (rc && why.code != RFA_ECRASHED)
			tell_not_left(d, hosts[i], &why);
	}
}
