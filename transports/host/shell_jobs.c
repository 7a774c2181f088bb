/*
 * Jobs: what changes a host runs there detached from the connection, at most once for its key.
 *
 * A job is the directory runs/<run>/jobs/<step>/<op> in the state directory:
 *
 *     job, cmd      the wrapper and the program; written by whoever asks, always the same
 *     pid           "pid start-time boot-id": the claim
 *     out, err      what the program wrote
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
#include "transports/host/shell.h"

#include <string.h>

/* How long a job may take to make its claim, and how often a lost connection is taken up again. */
#define CLAIM_MS 20000
#define LOSSES_MAX 3

/* The wrapper. $0 is its own path, its directory the working directory. */
static const char job_text[] =
    "[ -e pid ] && exit 0\n"
    "trap '' HUP INT QUIT\n"
    "set -f\n"
    "read -r boot 2>/dev/null </proc/sys/kernel/random/boot_id\n"
    "read -r line </proc/$$/stat\n"
    "line=${line##*) }\n"
    "set -- $line\n"
    /* An old file of this name may be linked elsewhere: never write into it. */
    "[ -e pid.$$ ] || [ -e status.$$ ] && rm -f pid.$$ status.$$\n"
    "printf '%s %s %s\\n' $$ \"${20}\" \"$boot\" >pid.$$ || exit\n"
    /* Has its block on disk now, so that a full disk cannot swallow the result. */
    "printf '    \\n' >status.$$ || exit\n"
    "ln pid.$$ pid 2>/dev/null\n"
    "[ $? = 0 ] || { rm -f pid.$$ status.$$; exit 0; }\n"
    "mkfifo end 2>/dev/null && exec 8<>end\n"
    "sync pid status.$$ . 2>/dev/null || sync\n"
    "true >out && true >err && sh ./cmd </dev/null >out 2>err 8>&-\n"
    "printf '%-4s' $? 1<>status.$$\n"
    "mv status.$$ status\n"
    "exec 8>&-\n"
    "rm -f pid.$$\n";

/*
 * alive DIR: the process that claimed the job in DIR still lives. Needs $boot. A zombie has ended:
 * in a container nobody may ever reap it.
 */
const char rfa_shell_alive[] =
    "boot=; read -r boot 2>/dev/null </proc/sys/kernel/random/boot_id\n"
    "alive() {\n"
    "	read -r pid start claimed 2>/dev/null <\"$1/pid\" || return 1\n"
    "	[ \"$claimed\" = \"$boot\" ] || return 1\n"
    "	read -r line 2>/dev/null <\"/proc/$pid/stat\" || return 1\n"
    "	line=${line##*) }\n"
    "	set -- $line\n"
    "	[ \"$1\" != Z ] && [ \"${20}\" = \"$start\" ]\n"
    "}\n";

/* $1 the job's directory, $2 the most output to answer, $3 the wrapper, $4 the program. */
static const char start_text[] =
    "if ! [ -e \"$1/pid\" ]; then\n"
    "	mkdir -p \"$1\" || exit 48\n"
    "	printf '%s' \"$3\" >\"$1/job.$$\" && mv -f \"$1/job.$$\" \"$1/job\" || exit 48\n"
    "	printf '%s' \"$4\" >\"$1/cmd.$$\" && mv -f \"$1/cmd.$$\" \"$1/cmd\" || exit 48\n"
    /* No descriptor of the connection may stay open in the job. */
    "	(cd \"$1\" && nohup sh ./job </dev/null >/dev/null 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- "
    "&)\n"
    "fi\n";

/*
 * Waits for the end of the job, two seconds at most so that the connection is seen to live. Says
 * "done STATUS BYTES ERRBYTES" and both outputs, "running", "unclaimed", or "gone".
 */
static const char follow_text[] =
    "size() { [ -s \"$1\" ] && stat -c %s \"$1\" || echo 0; }\n"
    "n=0\n"
    "while :; do\n"
    "	says=running\n"
    "	if ! [ -e \"$1/pid\" ]; then\n"
    "		says=unclaimed\n"
    "		[ -d \"$1\" ] || { echo gone; exit 0; }\n"
    "	elif [ -e \"$1/status\" ] || ! alive \"$1\"; then\n"
    /* It may have ended between the two looks. */
    "		[ -e \"$1/status\" ] || { echo gone; exit 0; }\n"
    "		read -r status <\"$1/status\"\n"
    "		out=$(size \"$1/out\") err=$(size \"$1/err\")\n"
    "		[ \"$out\" -le \"$2\" ] || out=$2\n"
    "		[ \"$err\" -le 16384 ] || err=16384\n"
    "		echo \"done $status $out $err\"\n"
    "		[ \"$out\" = 0 ] || head -c \"$out\" \"$1/out\"\n"
    "		[ \"$err\" = 0 ] || tail -c \"$err\" \"$1/err\"\n"
    "		exit 0\n"
    "	fi\n"
    "	n=$((n + 1))\n"
    "	[ $n -le 38 ] || { echo $says; exit 0; }\n"
    "	if [ -p \"$1/end\" ]; then\n"
    "		n=38\n"
    /* Opening a FIFO for reading blocks until somebody has it open for writing. */
    "		(exec 7<>\"$1/end\" 6<\"$1/end\" 7>&- && exec timeout 2 cat <&6)\n"
    "	elif [ $n -le 20 ]; then sleep 0.02 2>/dev/null || sleep 1\n"
    "	else sleep 0.1 2>/dev/null || sleep 1\n"
    "	fi\n"
    "done\n";

/* $1 the directory of a step's jobs. What has not begun is claimed for nobody: it never will. */
static const char running_text[] =
    "[ -d \"$1\" ] || exit 0\n"
    "set +f\n"
    "for job in \"$1\"/*/; do\n"
    "	job=${job%/}\n"
    "	[ -d \"$job\" ] || continue\n"
    "	if ! [ -e \"$job/pid\" ]; then\n"
    "		echo '0 0 nobody' >\"$job/void.$$\" || exit 48\n"
    "		ln \"$job/void.$$\" \"$job/pid\" 2>/dev/null\n"
    "		rm -f \"$job/void.$$\"\n"
    "	fi\n"
    "	set -f\n"
    "	if ! [ -e \"$job/status\" ] && alive \"$job\"; then echo running; exit 0; fi\n"
    "	set +f\n"
    "done\n"
    "exit 0\n";

/*
 * $1 the run's directory. Moved away first: what still tries to start a job there finds nothing.
 * Leftovers of a removal that was cut short go with the next one.
 */
static const char remove_text[] =
    "set +f\n"
    "for job in \"$1\"/jobs/*/*/; do\n"
    "	job=${job%/}\n"
    "	set -f\n"
    "	if [ -e \"$job/pid\" ] && ! [ -e \"$job/status\" ] && alive \"$job\"; then\n"
    "		echo \"$job\" >&2\n"
    "		exit 46\n"
    "	fi\n"
    "	set +f\n"
    "done\n"
    "if [ -d \"$1\" ]; then mv \"$1\" \"${1%/*}/.removed.$$\" || exit; fi\n"
    "rm -rf \"${1%/*}\"/.removed.*\n";

struct progress {
	enum { DONE, RUNNING, UNCLAIMED, GONE } kind;
	int64_t status, out, err;
	const char *data;
};

static int parse(struct shell_host *h, const struct shell_answer *answer, struct progress *p,
		 struct rfa_error *err)
{
	const char *text = rfa_buf_str(&answer->out);
	size_t left;

	if (strcmp(text, "running\n") == 0) {
		p->kind = RUNNING;
	} else if (strcmp(text, "unclaimed\n") == 0) {
		p->kind = UNCLAIMED;
	} else if (strcmp(text, "gone\n") == 0) {
		p->kind = GONE;
	} else {
		if (strncmp(text, "done ", 5) != 0)
			return rfa_shell_host_nonsense(h, "the state of a job", err);
		text += 5;
		if (rfa_shell_number(&text, &p->status) || rfa_shell_number(&text, &p->out) ||
		    rfa_shell_number(&text, &p->err) || text[-1] != '\n' || p->status > 255)
			return rfa_shell_host_nonsense(h, "the result of a job", err);
		left = answer->out.len - (size_t)(text - answer->out.data);
		if (p->out > INT32_MAX || p->err > INT32_MAX || (size_t)(p->out + p->err) != left)
			return rfa_shell_host_nonsense(h, "a job's output has another length", err);
		p->kind = DONE;
		p->data = text;
	}
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

/* Asks until the job has ended; `first` starts it if it never was, `again` only looks. */
static int follow(struct shell_host *h, const struct shell_call *first,
		  const struct shell_call *again, struct shell_answer *raw, struct progress *p,
		  struct rfa_error *err)
{
	int64_t begun = h->clock->mono_ms(h->clock);
	const struct shell_call *call = first;
	struct losses losses = { .n = 0 };
	int rc;

	for (;;) {
		rc = ask(h, call, &losses, raw, err);
		if (rc != 0)
			return rc;
		if (raw->status != 0)
			return rfa_shell_host_fail(h, raw, "starting a job", err);
		rc = parse(h, raw, p, err);
		if (rc != 0 || p->kind == DONE || p->kind == GONE)
			return rc;
		if (p->kind == UNCLAIMED && h->clock->mono_ms(h->clock) - begun > CLAIM_MS) {
			(void)rfa_fail(err, RFA_EREMOTE, "host", "a job did not begin within %d s",
				       CLAIM_MS / 1000);
			return rfa_error_as(err, RFA_UNKNOWN);
		}
		call = again;
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
	struct rfa_buf path = RFA_BUF_INIT(2048), cmd = RFA_BUF_INIT(8u << 20);
	struct rfa_buf first = RFA_BUF_INIT(16384), again = RFA_BUF_INIT(16384);
	struct shell_answer raw = SHELL_ANSWER_INIT(answer->out.max + 65536);
	struct progress p = { .kind = RUNNING };
	const char *args[5] = { NULL };
	char most[24];
	int rc = job_path(h, key, 1, &path, err);

	if (rc == 0)
		rc = rfa_shell_host_script(h, program, &cmd, err);
	(void)rfa_buf_puts(&again, rfa_shell_alive);
	(void)rfa_buf_puts(&again, follow_text);
	(void)rfa_buf_puts(&first, start_text);
	(void)rfa_buf_puts(&first, rfa_buf_str(&again));
	if (rc == 0)
		rc = rfa_buf_check(&first, err);
	if (rc != 0)
		goto done;
	(void)snprintf(most, sizeof(most), "%zu", answer->out.max);
	args[0] = rfa_buf_str(&path);
	args[1] = most;
	args[2] = job_text;
	args[3] = rfa_buf_str(&cmd);
	const char *look[] = { args[0], most, NULL };
	struct shell_call start = { rfa_buf_str(&first), args, NULL, 0 };
	struct shell_call attach = { rfa_buf_str(&again), look, NULL, 0 };

	rc = follow(h, &start, &attach, &raw, &p, err);
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
	rfa_buf_release(&first);
	rfa_buf_release(&again);
	return rc;
}

/* A script over one directory that needs `alive`. */
static int over(struct shell_host *h, const char *dir, const char *text,
		struct shell_answer *answer, struct rfa_error *err)
{
	struct rfa_buf script = RFA_BUF_INIT(16384);
	const char *args[] = { dir, NULL };
	int rc;

	(void)rfa_buf_puts(&script, rfa_shell_alive);
	(void)rfa_buf_puts(&script, text);
	rc = rfa_buf_check(&script, err);
	if (rc == 0) {
		struct shell_call call = { rfa_buf_str(&script), args, NULL, 0 };

		rc = rfa_shell_host_read(h, &call, answer, err);
	}
	rfa_buf_release(&script);
	return rc;
}

int rfa_shell_jobs_running(struct rfa_host *host, const struct rfa_job_key *key, int *running,
			   struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct rfa_buf path = RFA_BUF_INIT(2048);
	int rc = job_path(h, key, 0, &path, err);

	if (rc == 0)
		rc = over(h, rfa_buf_str(&path), running_text, &answer, err);
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
		rc = over(h, rfa_buf_str(&path), remove_text, &answer, err);
	if (rc == 0 && answer.status == RFA_SAYS_HELD)
		rc = rfa_fail(err, RFA_ELOCKED, "host", "a job of run %s still runs", run);
	else if (rc == 0 && answer.status != 0)
		rc = rfa_shell_host_fail(h, &answer, "removing a run's directory", err);
	if (rc != 0)
		(void)rfa_error_where(err, "%s", h->host.name);
	rfa_buf_release(&path);
	rfa_shell_answer_release(&answer);
	return rc;
}
