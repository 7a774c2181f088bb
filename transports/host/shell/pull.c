/*
 * The engine pulls images itself: a job, and what it gets for it to say who it is.
 *
 * Where the registry hands out tokens, rfa asks for one for this very repository and gives only
 * that to the host, as "registrytoken" of config.json, which docker passes on to its engine
 * (docker/cli, cli/config/types/authconfig.go; moby, registry/auth.go and distribution/registry.go,
 * where it is an existingTokenHandler; daemon/containerd/resolver.go, a bearerAuthorizer). Seen
 * beside Debian's docker-registry 2.8 with a token service:
 *
 *   docker 20.10.24, classic store    the token is used, the token service is never asked
 *   docker 26.1.5, classic store      the same
 *   docker 26.1.5, containerd store   the same
 *
 * No engine gets another token when this one is over. The classic store opens three layers at a
 * time, and each is let in when it is opened: a layer that is opened after that ends the pull with
 * "unauthorized: authentication required", and all that had come is dropped, so another token would
 * come no further. The containerd store had opened all layers at once, and went on to the end. So
 * an engine that was not let in with its token pulls once more with the login itself, as all do
 * where there are no tokens; who asked is told that.
 */
#include "transports/host/shell/shell.h"

#include <stdlib.h>
#include <string.h>

#include "fsm/base/base64.h"
#include "fsm/base/facts.h"
#include "fsm/base/wipe.h"
#include "transports/host/registry_image.h"
#include "transports/registry/registry.h"

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
		rc = rfa_remote_pull(last, n, ref, rfa_buf_str(&what), err);
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

/* A config.json; token NULL: the login itself. To be wiped. */
static int make_config(struct rfa_buf *out, const struct rfa_registry_access *access,
		       const char *token, struct rfa_error *err)
{
	const char *key = token                                 ? "registrytoken"
			  : strcmp(access->user, IDENTITY) == 0 ? "identitytoken"
								: NULL;
	const char *text = token ? token : access->secret;
	int rc = 0;

	(void)rfa_wipe_reserve(out, FRAME_BYTES + strlen(access->domain) +
					6 * (strlen(access->user) + strlen(text)));
	(void)rfa_buf_puts(out, "{\"auths\":{\"");
	(void)rfa_buf_printf(out, strcmp(access->domain, HUB) == 0 ? "https://index.%s/v1/" : "%s",
			     access->domain);
	(void)rfa_buf_printf(out, "\":{\"%s\":\"", key ? key : "auth");
	if (key)
		put_json(out, text);
	else
		rc = put_password(out, access, err);
	(void)rfa_buf_puts(out, "\"}}}\n");
	return rc ? rc : rfa_buf_check(out, err);
}

/* Puts the login where the job will find it. *where: its directory; "": the job was begun before.
 */
static int put_login(struct shell_host *h, const struct rfa_job_key *key,
		     const struct rfa_registry_access *access, const char *token,
		     struct rfa_buf *where, struct rfa_error *err)
{
	struct rfa_buf config = RFA_BUF_INIT(1u << 20);
	int rc = make_config(&config, access, token, err);
	const struct shell_kept file = { "config.json", rfa_buf_str(&config), config.len };

	if (rc == 0)
		rc = rfa_shell_memory_put(h, key, &file, 1, where, err);
	if (rc == -RFA_EUNSUPPORTED)
		(void)rfa_error_hint(err, "mount a tmpfs on /dev/shm there, or let rfa fetch the "
					  "image itself");
	rfa_wipe_buf(&config);
	return rc;
}

/* *token: new, rfa_wipe_text(); NULL: the registry wants the login itself, or none is there. */
static int ask_token(struct shell_host *h, const struct rfa_registry_access *access,
		     const char *ref, char **token, struct rfa_error *err)
{
	struct rfa_registry *registry = NULL;
	struct rfa_registry_name name;
	int rc = rfa_registry_name_of(&name, ref, err);

	if (rc == 0)
		rc = rfa_shell_registry_open(h, access, &registry, err);
	if (rc == 0)
		rc = rfa_registry_pull_token(registry, name.place.path, token, err);
	rfa_registry_free(registry);
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

/* How far it is: what the engine says of each layer, by the beginning of its digest. */
struct layers {
	const json_t *all; /* [{"digest","size"}] */
	char *there;       /* by place: it has arrived */
	void (*progress)(void *user, uint64_t done, uint64_t total);
	void *user;
};

static uint64_t bytes_of(const struct layers *l, int arrived_only)
{
	uint64_t sum = 0;
	json_t *one;
	size_t i;

	json_array_foreach (l->all, i, one)
		if (!arrived_only || l->there[i])
			sum += (uint64_t)rfa_facts_int(one, "size", 0);
	return sum;
}

/* 1 if the line tells that a layer is there, which is then named by its first n bytes. */
static int tells_arrival(const char *line, size_t *n)
{
	static const char *const words[] = { ": Download complete", ": Pull complete",
					     ": Already exists" };

	*n = strspn(line, "0123456789abcdef");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(line + *n, words[i]) == 0)
			return *n >= 12;
	return 0;
}

static void on_line(void *user, const char *line)
{
	struct layers *l = user;
	size_t n, i;
	int news = 0;
	json_t *one;

	if (!tells_arrival(line, &n))
		return;
	json_array_foreach (l->all, i, one) {
		const char *digest = rfa_facts_str(one, "digest", "");

		if (l->there[i] || strncmp(digest, "sha256:", 7) != 0 ||
		    strncmp(digest + 7, line, n) != 0)
			continue;
		l->there[i] = 1;
		news = 1;
	}
	if (news)
		l->progress(l->user, bytes_of(l, 1), bytes_of(l, 0));
}

/* One pull. */
struct pull {
	struct shell_host *h;
	const struct rfa_registry_access *access;
	const char *ref, *platform;
	struct layers layers;
	void (*progress)(void *user, uint64_t done, uint64_t total);
};

/* token NULL: with the login itself, if there is one. */
static int pull(struct pull *p, const struct rfa_job_key *key, const char *token, json_t **out,
		struct rfa_error *err)
{
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct rfa_buf login = RFA_BUF_INIT(2048);
	const char *args[] = { p->ref, NULL, p->platform, NULL };
	struct shell_call program = { rfa_script_image_pull, args, NULL, 0 };
	struct shell_ear ear = SHELL_EAR_INIT(p->progress ? on_line : NULL, &p->layers);
	struct rfa_error ignored;
	int rc = 0, unseen = 0;

	if (p->access->user)
		rc = put_login(p->h, key, p->access, token, &login, err);
	args[1] = rfa_buf_str(&login);
	if (rc == 0)
		rc = rfa_shell_host_job_heard(p->h, key, &program, &ear, &answer, err);
	/* A job that did not begin, or was killed, leaves it there; what runs is left alone. */
	if (login.len && (rc != 0 || answer.status > 128))
		unseen = rfa_shell_memory_forget(&p->h->host, key->run, &ignored);
	(void)unseen;
	if (rc == 0 && answer.status != 0)
		rc = failed(p->h, &answer, p->ref, err);
	else if (rc == 0)
		rc = rfa_shell_log_image(p->h, &answer.out, out, err);
	if (rc == 0 && p->access->user)
		rc = rfa_facts_set(*out, "login", json_string(token ? "token" : "whole"), err);
	rfa_buf_release(&login);
	rfa_shell_answer_release(&answer);
	return rc;
}

/* What the engine said to its token. Its job is a second one. */
static int pull_with_login(struct pull *p, const struct rfa_job_key *key, json_t **out,
			   struct rfa_error *err)
{
	const struct rfa_error why = *err;
	char op[256];
	const struct rfa_job_key second = { key->run, key->step, op };
	int rc;

	(void)snprintf(op, sizeof(op), "%.240s.login", key->op);
	rfa_error_clear(err);
	rc = pull(p, &second, NULL, out, err);
	return rc ? rc : rfa_facts_set(*out, "why", json_string(why.msg), err);
}

int rfa_shell_registry_pull(struct rfa_host *host, const struct rfa_job_key *key,
			    const struct rfa_registry_access *access, const json_t *request,
			    void (*progress)(void *user, uint64_t done, uint64_t total), void *user,
			    json_t **out, struct rfa_error *err)
{
	struct pull p = { .h = (struct shell_host *)host,
			  .access = access,
			  .ref = rfa_facts_str(request, "ref", ""),
			  .platform = rfa_facts_str(request, "platform", ""),
			  .layers = { json_object_get(request, "layers"), NULL, progress, user },
			  .progress = progress };
	char *token = NULL;
	int rc = check_ref(p.ref, access->domain, err);

	p.layers.there = calloc(json_array_size(p.layers.all) + 1, 1);
	if (rc == 0 && !p.layers.there)
		rc = rfa_fail_nomem(err);
	if (rc == 0 && access->user)
		rc = ask_token(p.h, access, p.ref, &token, err);
	if (rc == 0)
		rc = pull(&p, key, token, out, err);
	if (rc == -(int)RFA_EAUTH && token)
		rc = pull_with_login(&p, key, out, err);
	free(p.layers.there);
	rfa_wipe_text(token);
	return rc;
}
