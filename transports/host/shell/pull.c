/* The engine pulls images itself: a job, and the login that it gets for it. */
#include "transports/host/shell/shell.h"

#include <stdlib.h>
#include <string.h>

#include "fsm/base/base64.h"
#include "fsm/base/facts.h"
#include "fsm/base/wipe.h"
#include "transports/host/registry_image.h"

/* Docker's own registry: in config.json it is not called as in references. */
#define HUB "docker.io"
#define IDENTITY "<token>"
/* A config.json beside the login itself. */
#define FRAME_BYTES 512u

/*
 * What a registry says stands in the log, and could be any words: so the last line, in which the
 * engine says how it ended, is looked at.
 */
static int failed(const struct shell_host *h, const struct shell_answer *answer, const char *ref,
		  struct rfa_error *err)
{
	const char *words = rfa_buf_str(&answer->words), *last;
	struct rfa_buf what = RFA_BUF_INIT(1024), said = RFA_BUF_INIT(8192);
	size_t len = answer->words.len, n;
	int rc = 0;

	last = rfa_shell_log_last(words, &len, &n);
	(void)rfa_buf_puts(&what, "pulling ");
	(void)rfa_buf_put_printable(&what, ref, strlen(ref), 160);
	rfa_shell_log_quote(&said, words, len, 360);
	if (answer->status > 128) {
		(void)rfa_fail(err, RFA_EREMOTE, "host", "%s: docker was killed: %s",
			       rfa_buf_str(&what), rfa_buf_str(&said));
		rc = rfa_error_as(err, RFA_UNKNOWN);
	} else {
		rc = rfa_remote_pull(last, n, rfa_buf_str(&what), err);
	}
	(void)rfa_error_where(err, "%s", h->host.name);
	rfa_buf_release(&what);
	rfa_buf_release(&said);
	return rc;
}

/* The login. */

/* The inside of a JSON string. Its bytes are written once, into room that is there. */
static void put_json(struct rfa_buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			(void)rfa_buf_putc(out, '\\');
		if ((unsigned char)*text < 0x20)
			(void)rfa_buf_printf(out, "\\u%04x", (unsigned)*text);
		else
			(void)rfa_buf_putc(out, *text);
	}
}

static int put_password(struct rfa_buf *out, const struct rfa_registry_access *access,
			struct rfa_error *err)
{
	size_t len = strlen(access->user) + 1 + strlen(access->secret);
	char *plain = malloc(len + 1), *coded = malloc(RFA_BASE64_SIZE(len));

	if (plain && coded) {
		(void)snprintf(plain, len + 1, "%s:%s", access->user, access->secret);
		rfa_base64(coded, plain, len);
		(void)rfa_buf_puts(out, coded);
		rfa_wipe(plain, len);
		rfa_wipe(coded, RFA_BASE64_SIZE(len));
	}
	free(coded);
	free(plain);
	return plain && coded ? 0 : rfa_fail_nomem(err);
}

/* A config.json. To be wiped. */
static int make_config(struct rfa_buf *out, const struct rfa_registry_access *access,
		       struct rfa_error *err)
{
	int token = strcmp(access->user, IDENTITY) == 0, rc = 0;

	(void)rfa_wipe_reserve(out, FRAME_BYTES + strlen(access->domain) +
					6 * (strlen(access->user) + strlen(access->secret)));
	(void)rfa_buf_puts(out, "{\"auths\":{\"");
	(void)rfa_buf_printf(out, strcmp(access->domain, HUB) == 0 ? "https://index.%s/v1/" : "%s",
			     access->domain);
	(void)rfa_buf_printf(out, "\":{\"%s\":\"", token ? "identitytoken" : "auth");
	if (token)
		put_json(out, access->secret);
	else
		rc = put_password(out, access, err);
	(void)rfa_buf_puts(out, "\"}}}\n");
	return rc ? rc : rfa_buf_check(out, err);
}

static int not_put(const struct shell_host *h, const struct shell_answer *answer,
		   struct rfa_error *err)
{
	int rc = rfa_shell_host_fail(h, answer, "a login for the registry", err);

	if (answer->status == RFA_EXIT_NO_TOOL)
		(void)rfa_error_hint(err, "mount a tmpfs on /dev/shm there, or let rfa fetch the "
					  "image itself");
	else if (answer->status == RFA_EXIT_UNSAFE)
		(void)rfa_error_hint(err, "remove it there");
	return rc;
}

/* Puts the login where the job will find it. *where: its directory; "": the job was begun before.
 */
static int put_login(struct shell_host *h, const struct rfa_job_key *key,
		     const struct rfa_registry_access *access, struct rfa_buf *where,
		     struct rfa_error *err)
{
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct rfa_buf config = RFA_BUF_INIT(1u << 20), dir = RFA_BUF_INIT(2048);
	char bytes[24];
	const char *args[] = { key->run, key->step, key->op, bytes, NULL, NULL };
	struct shell_call call = { rfa_script_login_put, args, NULL, 0 };
	int rc = rfa_shell_host_path(h, &dir, key->run, "", err);

	if (rc == 0 && (!rfa_host_name_ok(key->step) || !rfa_host_name_ok(key->op)))
		rc = rfa_fail(err, RFA_EINTERNAL, "host",
			      "a job's key has characters that no key has");
	if (rc == 0)
		rc = make_config(&config, access, err);
	(void)snprintf(bytes, sizeof(bytes), "%zu", config.len);
	args[4] = rfa_buf_str(&dir);
	call.input = config.data;
	call.input_len = config.len;
	if (rc == 0)
		rc = rfa_shell_host_read(h, &call, &answer, err);
	if (rc == 0 && answer.status != 0)
		rc = not_put(h, &answer, err);
	if (rc == 0) {
		(void)rfa_buf_add(where, rfa_buf_str(&answer.out),
				  strcspn(rfa_buf_str(&answer.out), "\n"));
		rc = rfa_buf_check(where, err);
	}
	rfa_wipe_buf(&config);
	rfa_buf_release(&dir);
	rfa_shell_answer_release(&answer);
	return rc;
}

int rfa_shell_registry_forget(struct rfa_host *host, const char *run, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct rfa_buf dir = RFA_BUF_INIT(2048);
	const char *args[] = { run, NULL, NULL };
	struct shell_call call = { rfa_script_login_forget, args, NULL, 0 };
	int rc = rfa_shell_host_path(h, &dir, run, "", err);

	args[1] = rfa_buf_str(&dir);
	if (rc == 0)
		rc = rfa_shell_host_read(h, &call, &answer, err);
	if (rc == 0 && answer.status == RFA_EXIT_HELD) {
		(void)rfa_fail(err, RFA_ELOCKED, "host", "a job of run %s still pulls an image",
			       run);
		rc = rfa_error_where(err, "%s", host->name);
	} else if (rc == 0 && answer.status != 0) {
		rc = rfa_shell_host_fail(h, &answer, "removing a login", err);
	}
	rfa_buf_release(&dir);
	rfa_shell_answer_release(&answer);
	return rc;
}

/* The job. */

static int check_ref(const char *ref, const char *domain, struct rfa_error *err)
{
	struct rfa_registry_name name;
	int rc = rfa_registry_name_of(&name, ref, err);

	if (rc == 0 && (!name.by_digest || strcmp(name.place.domain, domain) != 0))
		rc = rfa_fail(err, RFA_EINTERNAL, "host",
			      "an image to pull is named by no digest, or is of another registry");
	return rc;
}

int rfa_shell_registry_pull(struct rfa_host *host, const struct rfa_job_key *key,
			    const struct rfa_registry_access *access, const json_t *request,
			    json_t **out, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct rfa_buf login = RFA_BUF_INIT(2048);
	const char *args[] = { rfa_facts_str(request, "ref", ""), NULL,
			       rfa_facts_str(request, "platform", ""), NULL };
	struct shell_call program = { rfa_script_image_pull, args, NULL, 0 };
	struct rfa_error ignored;
	int rc = check_ref(args[0], access->domain, err), unseen = 0;

	if (rc == 0 && access->user)
		rc = put_login(h, key, access, &login, err);
	args[1] = rfa_buf_str(&login);
	if (rc == 0)
		rc = rfa_shell_host_job(h, key, &program, &answer, err);
	/* A job that did not begin, or was killed, leaves it there; what runs is left alone. */
	if (login.len && (rc != 0 || answer.status > 128))
		unseen = rfa_shell_registry_forget(host, key->run, &ignored);
	(void)unseen;
	if (rc == 0 && answer.status != 0)
		rc = failed(h, &answer, args[0], err);
	else if (rc == 0)
		rc = rfa_shell_log_image(h, &answer.out, out, err);
	rfa_buf_release(&login);
	rfa_shell_answer_release(&answer);
	return rc;
}
