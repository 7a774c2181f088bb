/*
 * Jobs: what changes a host runs there detached from the connection, at most once for its key.
 *
 * A job is the directory runs/<run>/jobs/<step>/<op> in the state directory:
 *
 *     job, cmd      the wrapper and the program; written by whoever asks, always the same
 *     pid           "pid start-time boot-id": the claim
 *     out, err      what the program wrote
 *     log           what its docker command writes, for who listens; of some programs
 *     status        its exit status; there once it has ended, for good
 *     end           a FIFO that the job's process holds open: whoever reads it is told of its end
 *
 * The claim is made by the job's own process: it writes who it is into a file of its own and
 * link()s that to `pid`, which succeeds for one process only and shows its whole content at once.
 * So there is no moment in which a job is claimed and nobody knows by whom, and an asker may be
 * killed anywhere: before the link nothing has happened and the job can be asked for again, after
 * it the process that has the claim is known. The claim is on disk before the program begins, so
 * that a power loss cannot make a job begin twice. Start time and boot id tell a process from
 * another one that has got its pid.
 *
 * pid is there | process lives | status is there | the job
 * no           | -             | -               | has not begun, may be started
 * yes          | yes           | no              | runs
 * yes          | any           | yes             | has ended
 * yes          | no            | no              | ended without a result: nobody knows
 */
#include "transports/host/shell/shell.h"

#include <string.h>

/* How long a job may take to make its claim, and how often a lost connection is taken up again. */
#define CLAIM_MS 20000
#define LOSSES_MAX 3

struct progress {
	enum { DONE, RUNNING, UNCLAIMED, GONE } kind;
	int64_t status, out, err;
	const char *data;
};

/* What follows the rest of an answer: "FROM" on a line, and what the log has from there. */
static int hear(struct shell_host *h, struct shell_ear *ear, const char *text, size_t len,
		struct rfa_error *err)
{
	const char *at = text;
	int64_t from;

	if (!ear && !len)
		return 0;
	if (!ear || rfa_shell_number(&at, &from) || at[-1] != '\n')
		return rfa_shell_protocol_error(h, "a job's output has another length", err);
	rfa_shell_ear_hears(ear, from, at, len - (size_t)(at - text));
	return 0;
}

static int parse_done(struct shell_host *h, const struct shell_answer *answer, struct progress *p,
		      struct shell_ear *ear, struct rfa_error *err)
{
	const char *text = rfa_buf_str(&answer->out) + 5;
	size_t left;

	if (rfa_shell_number(&text, &p->status) || rfa_shell_number(&text, &p->out) ||
	    rfa_shell_number(&text, &p->err) || text[-1] != '\n' || p->status > 255)
		return rfa_shell_protocol_error(h, "the result of a job", err);
	left = answer->out.len - (size_t)(text - answer->out.data);
	if (p->out > INT32_MAX || p->err > INT32_MAX || (size_t)(p->out + p->err) > left)
		return rfa_shell_protocol_error(h, "a job's output has another length", err);
	p->kind = DONE;
	p->data = text;
	text += p->out + p->err;
	return hear(h, ear, text, left - (size_t)(p->out + p->err), err);
}

static int parse(struct shell_host *h, const struct shell_answer *answer, struct progress *p,
		 struct shell_ear *ear, struct rfa_error *err)
{
	const char *text = rfa_buf_str(&answer->out);
	static const char running[] = "running\n";
	size_t n = sizeof(running) - 1;

	if (strncmp(text, running, n) == 0) {
		p->kind = RUNNING;
		return hear(h, ear, text + n, answer->out.len - n, err);
	}
	if (strcmp(text, "unclaimed\n") == 0)
		p->kind = UNCLAIMED;
	else if (strcmp(text, "gone\n") == 0)
		p->kind = GONE;
	else if (strncmp(text, "done ", 5) == 0)
		return parse_done(h, answer, p, ear, err);
	else
		return rfa_shell_protocol_error(h, "the state of a job", err);
	return 0;
}

/*
 * The connection broke, or nothing moved for long, while the host may have begun the job: it is
 * asked again a few times, since the host knows. *lost keeps the first trouble, to be told when
 * the host cannot be reached now, which says nothing about what was asked before.
 */
struct losses {
	unsigned n;
	int seen; /* the host may know of the job */
	struct rfa_error lost;
};

static int ask(struct shell_host *h, const struct shell_call *call, struct losses *losses,
	       struct shell_answer *raw, struct rfa_error *err)
{
	struct rfa_error now;
	int rc;

	for (;;) {
		rfa_error_clear(&now);
		rc = rfa_shell_host_run(h, call, raw, &now);
		if (rc == 0)
			break;
		if (now.severity == RFA_UNKNOWN && !losses->seen) {
			losses->seen = 1;
			losses->lost = now;
		}
		if (rc == -RFA_ELOST || rc == -RFA_ESTALLED) {
			/* Silence costs the whole idle time-out: it is waited for twice only. */
			losses->n += rc == -RFA_ESTALLED ? LOSSES_MAX : 1;
			if (losses->n <= LOSSES_MAX)
				continue;
		}
		if (losses->seen && losses->lost.code && now.severity == RFA_RETRY)
			now = losses->lost;
		if (losses->seen)
			(void)rfa_error_as(&now, RFA_UNKNOWN);
		rc = -(int)now.code;
		if (err)
			*err = now;
		return rc;
	}
	losses->n = 0;
	losses->seen = 1;
	return 0;
}

/* How a job is asked for. */
struct asking {
	struct shell_call first, again; /* starts it if it never was; only looks */
	struct shell_ear *ear;          /* NULL: nobody listens */
	char heard[24];                 /* an argument of both: how much the ear knows; "" */
};

/* Asks until the job has ended. */
static int follow(struct shell_host *h, struct asking *a, struct shell_answer *raw,
		  struct progress *p, struct rfa_error *err)
{
	int64_t begun = h->clock->mono_ms(h->clock);
	const struct shell_call *call = &a->first;
	struct losses losses = { .n = 0 };
	int rc;

	for (;;) {
		if (a->ear)
			(void)snprintf(a->heard, sizeof(a->heard), "%lld", (long long)a->ear->at);
		rc = ask(h, call, &losses, raw, err);
		if (rc != 0)
			return rc;
		if (raw->status != 0)
			return rfa_shell_host_fail(h, raw, "starting a job", err);
		rc = parse(h, raw, p, a->ear, err);
		if (rc != 0 || p->kind == DONE || p->kind == GONE)
			return rc;
		if (p->kind == UNCLAIMED && h->clock->mono_ms(h->clock) - begun > CLAIM_MS) {
			(void)rfa_fail(err, RFA_EREMOTE, "host", "a job did not begin within %d s",
				       CLAIM_MS / 1000);
			return rfa_error_as(err, RFA_UNKNOWN);
		}
		call = &a->again;
	}
}

static int job_path(struct shell_host *h, const struct rfa_job_key *key, int with_op,
		    struct rfa_buf *path, struct rfa_error *err)
{
	int rc = rfa_shell_host_path(h, path, key->run, "/jobs/", err);

	if (rc == 0 && (!rfa_host_name_ok(key->step) || (with_op && !rfa_host_name_ok(key->op))))
		rc = rfa_fail(err, RFA_EINTERNAL, "host",
			      "a job's key has characters that no key has");
	if (rc == 0) {
		(void)rfa_buf_puts(path, key->step);
		if (with_op)
			(void)rfa_buf_printf(path, "/%s", key->op);
		rc = rfa_buf_check(path, err);
	}
	return rc;
}

int rfa_shell_host_job(struct shell_host *h, const struct rfa_job_key *key,
		       const struct shell_call *program, struct shell_answer *answer,
		       struct rfa_error *err)
{
	return rfa_shell_host_job_heard(h, key, program, NULL, answer, err);
}

int rfa_shell_host_job_heard(struct shell_host *h, const struct rfa_job_key *key,
			     const struct shell_call *program, struct shell_ear *ear,
			     struct shell_answer *answer, struct rfa_error *err)
{
	struct rfa_buf path = RFA_BUF_INIT(2048), cmd = RFA_BUF_INIT(8u << 20);
	struct shell_answer raw = SHELL_ANSWER_INIT(answer->out.max + 65536);
	struct progress p = { .kind = RUNNING };
	struct asking a = { .ear = ear && ear->line ? ear : NULL };
	char most[24];
	int rc = job_path(h, key, 1, &path, err);

	if (rc == 0)
		rc = rfa_shell_host_script(h, program, &cmd, err);
	if (rc != 0)
		goto done;
	(void)snprintf(most, sizeof(most), "%zu", answer->out.max);
	const char *args[] = { rfa_buf_str(&path), most, a.heard, rfa_script_job_run[0],
			       rfa_buf_str(&cmd),  NULL };
	const char *look[] = { args[0], most, a.heard, NULL };

	a.first = (struct shell_call){ rfa_script_job_start, args, NULL, 0 };
	a.again = (struct shell_call){ rfa_script_job_follow, look, NULL, 0 };
	rc = follow(h, &a, &raw, &p, err);
	if (a.ear)
		rfa_shell_ear_ends(a.ear);
	if (rc == 0 && p.kind == GONE) {
		(void)rfa_fail(err, RFA_EREMOTE, "host",
			       "job %s/%s ended without a result: its process is gone", key->step,
			       key->op);
		rc = rfa_error_as(err, RFA_UNKNOWN);
	} else if (rc == 0) {
		rfa_buf_clear(&answer->out);
		rfa_buf_clear(&answer->words);
		answer->status = (int)p.status;
		(void)rfa_buf_add(&answer->out, p.data, (size_t)p.out);
		(void)rfa_buf_add(&answer->words, p.data + p.out, (size_t)p.err);
		rc = rfa_buf_check(&answer->out, err);
	}
	if (rc != 0)
		(void)rfa_error_where(err, "%s", h->host.name);
done:
	rfa_shell_answer_release(&raw);
	rfa_buf_release(&path);
	rfa_buf_release(&cmd);
	return rc;
}

/* A script over one directory. */
static int over(struct shell_host *h, const char *dir, const char *const *script,
		struct shell_answer *answer, struct rfa_error *err)
{
	const char *args[] = { dir, NULL };
	struct shell_call call = { script, args, NULL, 0 };

	return rfa_shell_host_read(h, &call, answer, err);
}

int rfa_shell_jobs_running(struct rfa_host *host, const struct rfa_job_key *key, int *running,
			   struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct rfa_buf path = RFA_BUF_INIT(2048);
	int rc = job_path(h, key, 0, &path, err);

	if (rc == 0)
		rc = over(h, rfa_buf_str(&path), rfa_script_jobs_running, &answer, err);
	if (rc == 0 && answer.status != 0)
		rc = rfa_shell_host_fail(h, &answer, "looking for running jobs", err);
	if (rc == 0)
		*running = answer.out.len > 0;
	rfa_buf_release(&path);
	rfa_shell_answer_release(&answer);
	return rc;
}

int rfa_shell_run_remove(struct rfa_host *host, const char *run, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct rfa_buf path = RFA_BUF_INIT(2048);
	int rc = rfa_shell_host_path(h, &path, run, "", err);

	if (rc == 0)
		rc = over(h, rfa_buf_str(&path), rfa_script_run_remove, &answer, err);
	if (rc == 0 && answer.status == RFA_EXIT_HELD)
		rc = rfa_fail(err, RFA_ELOCKED, "host", "a job of run %s still runs", run);
	else if (rc == 0 && answer.status != 0)
		rc = rfa_shell_host_fail(h, &answer, "removing a run's directory", err);
	if (rc != 0)
		(void)rfa_error_where(err, "%s", h->host.name);
	rfa_buf_release(&path);
	rfa_shell_answer_release(&answer);
	return rc;
}

/* "RUN KIB RUNNING", a line each. */
static int parse_runs(struct shell_host *h, const struct rfa_buf *text, json_t *list,
		      struct rfa_error *err)
{
	const char *p = rfa_buf_str(text);

	while (*p) {
		size_t n = strcspn(p, " \n");
		int64_t kib, running;
		char run[129];

		if (n >= sizeof(run) || p[n] != ' ')
			return rfa_shell_protocol_error(h, "a list of runs", err);
		(void)snprintf(run, sizeof(run), "%.*s", (int)n, p);
		p += n + 1;
		if (!rfa_host_name_ok(run) || rfa_shell_number(&p, &kib) || p[-1] != ' ' ||
		    rfa_shell_number(&p, &running) || p[-1] != '\n' || running > 1 ||
		    kib > INT64_MAX / 1024)
			return rfa_shell_protocol_error(h, "a list of runs", err);
		if (json_array_append_new(list, json_pack("{s:s, s:I, s:b}", "run", run, "bytes",
							  (json_int_t)kib * 1024, "running",
							  (int)running)))
			return rfa_fail_nomem(err);
	}
	return 0;
}

int rfa_shell_runs_list(struct rfa_host *host, json_t **out, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_JSON_MAX);
	struct rfa_buf path = RFA_BUF_INIT(2048);
	json_t *list = json_array();
	int rc = list ? 0 : rfa_fail_nomem(err);

	(void)rfa_buf_printf(&path, "%s/runs", host->state_dir);
	if (rc == 0)
		rc = rfa_buf_check(&path, err);
	if (rc == 0)
		rc = over(h, rfa_buf_str(&path), rfa_script_runs_list, &answer, err);
	if (rc == 0 && answer.status != 0)
		rc = rfa_shell_host_fail(h, &answer, "listing runs", err);
	if (rc == 0)
		rc = parse_runs(h, &answer.out, list, err);
	if (rc != 0)
		(void)rfa_error_where(err, "%s", h->host.name);
	else
		*out = json_incref(list);
	json_decref(list);
	rfa_buf_release(&path);
	rfa_shell_answer_release(&answer);
	return rc;
}
