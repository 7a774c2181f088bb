/* Building images: which BuildKit there is, and a build, as a job. */
#include "transports/host/shell/shell.h"

#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "fsm/base/pool.h"

#define HINT_BUILDX                                                                   \
	"install docker's plugin buildx there (the package docker-buildx-plugin, or " \
	"docker-buildx)"

/* "github.com/docker/buildx v0.13.1 …" or "docker 20.10.24"; nothing: none works. */
static json_t *version_of(const char *text)
{
	const char *version = strchr(text, ' ');

	if (!version)
		return json_null();
	version += 1 + (version[1] == 'v');
	return json_stringn(version, strcspn(version, " \n"));
}

int rfa_shell_builder_version(struct rfa_host *host, json_t **out, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct shell_call call = { rfa_script_builder_version, NULL, NULL, 0 };
	json_t *version = NULL;
	int rc = rfa_shell_host_read(h, &call, &answer, err);

	if (rc == 0 && answer.status != 0)
		rc = rfa_shell_host_fail_docker(h, &answer, "docker", err);
	if (rc == 0) {
		version = version_of(rfa_buf_str(&answer.out));
		rc = version ? 0 : rfa_fail_nomem(err);
	}
	if (rc == 0)
		*out = version;
	rfa_shell_answer_release(&answer);
	return rc;
}

/* The words of a build. */

struct words {
	struct rfa_pool pool; /* of what is put together here, and of the list */
	const char **at;      /* NULL-terminated in the end; valid if the pool is */
	size_t n;
};

static void add(struct words *w, const char *word)
{
	struct {
		const char **at;
		size_t n;
	} list = { w->at, w->n };
	const char **last = rfa_pool_add(&w->pool, &list, sizeof(*last));

	*last = word;
	w->at = list.at;
	w->n = list.n;
}

static void add_option(struct words *w, const char *flag, const char *value)
{
	if (value)
		add(w, rfa_pool_printf(&w->pool, "%s%s", flag, value));
}

/* --build-arg=NAME=VALUE. A name with "=" in it would be another one. */
static int add_map(struct words *w, const char *flag, const json_t *map, struct rfa_error *err)
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)map, name, value) {
		if (!name[0] || strchr(name, '=') || !json_is_string(value))
			return rfa_fail(err, RFA_EINTERNAL, "host",
					"no build argument or label can be called '%.60s', or has "
					"another value than a text",
					name);
		add(w, rfa_pool_printf(&w->pool, "%s%s=%s", flag, name, json_string_value(value)));
	}
	return 0;
}

/* dir: where the secrets lie; "": nowhere, the job was begun before. */
static void add_secrets(struct words *w, const struct rfa_build_aside *aside, const char *dir)
{
	for (size_t i = 0; aside && i < aside->n; i++)
		add(w, rfa_pool_printf(&w->pool, "--secret=id=%s,src=%s/%s", aside->secrets[i].id,
				       dir, aside->secrets[i].id));
}

static int make_words(struct words *w, const json_t *request, const struct rfa_build_aside *aside,
		      const char *dir, struct rfa_error *err)
{
	const char *context = rfa_facts_str(request, "context", "");
	const char *file = rfa_facts_str(request, "dockerfile", "Dockerfile");
	int rc = 0;

	if (context[0] != '/')
		return rfa_fail(err, RFA_EINTERNAL, "host", "a build's context is not absolute");
	add(w, rfa_facts_str(request, "ref", ""));
	add(w, context);
	add(w, file[0] == '/' ? file : rfa_pool_printf(&w->pool, "%s/%s", context, file));
	add(w, dir);
	add_secrets(w, aside, dir);
	add_option(w, "--target=", rfa_facts_str(request, "target", NULL));
	add_option(w, "--platform=", rfa_facts_str(request, "platform", NULL));
	rc = add_map(w, "--build-arg=", json_object_get(request, "args"), err);
	if (rc == 0)
		rc = add_map(w, "--label=", json_object_get(request, "labels"), err);
	add(w, NULL);
	return rc ? rc : rfa_pool_check(&w->pool, err);
}

/* How it ended. */

/*
 * What a build has written may hold any words, and its own commands may have lost a connection: so
 * only the last line says whether the engine was lost. What could not be solved is a definite no.
 */
static int failed(const struct shell_host *h, const struct shell_answer *answer, const char *ref,
		  struct rfa_error *err)
{
	const char *words = rfa_buf_str(&answer->words), *last;
	struct rfa_buf what = RFA_BUF_INIT(1024), said = RFA_BUF_INIT(8192);
	size_t len = answer->words.len, n;
	int rc, lost;

	last = rfa_shell_log_last(words, &len, &n);
	(void)rfa_buf_puts(&what, "building ");
	(void)rfa_buf_put_printable(&what, ref, strlen(ref), 120);
	rfa_shell_log_quote(&said, words, len, 360);
	lost = !rfa_remote_mentions(last, n, "failed to solve") ||
	       rfa_remote_mentions(last, n, "error reading from server");
	if (answer->status > 128) {
		rc = rfa_fail(err, RFA_EREMOTE, "host", "%s: docker was killed: %s",
			      rfa_buf_str(&what), rfa_buf_str(&said));
		(void)rfa_error_as(err, RFA_UNKNOWN);
	} else if (answer->status == RFA_EXIT_NO_TOOL) {
		rc = rfa_fail(err, RFA_EUNSUPPORTED, "host", "%s: no BuildKit works there",
			      rfa_buf_str(&what));
		(void)rfa_error_hint(err, HINT_BUILDX);
	} else if (answer->status == RFA_EXIT_NOTFOUND ||
		   rfa_remote_mentions(words, answer->words.len, "no space left on device")) {
		rc = rfa_shell_host_fail(h, answer, rfa_buf_str(&what), err);
	} else {
		rc = rfa_remote_fail(answer->status, lost ? last : "", lost ? n : 0,
				     rfa_buf_str(&what), err);
		if (rc == -RFA_EREMOTE)
			rc = rfa_fail(err, RFA_EREMOTE, "host", "%s: %s", rfa_buf_str(&what),
				      rfa_buf_str(&said));
	}
	rfa_buf_release(&what);
	rfa_buf_release(&said);
	return rc;
}

/* The secrets. */

static int put_secrets(struct shell_host *h, const struct rfa_job_key *key,
		       const struct rfa_build_aside *aside, struct rfa_buf *where,
		       struct rfa_error *err)
{
	size_t n = aside ? aside->n : 0;
	struct shell_kept *files = calloc(n + 1, sizeof(*files));
	int rc = files ? 0 : rfa_fail_nomem(err);

	for (size_t i = 0; files && i < n; i++)
		files[i] = (struct shell_kept){ aside->secrets[i].id, aside->secrets[i].value,
						strlen(aside->secrets[i].value) };
	if (rc == 0 && n)
		rc = rfa_shell_memory_put(h, key, files, n, where, err);
	free(files);
	return rc;
}

int rfa_shell_image_build(struct rfa_host *host, const struct rfa_job_key *key,
			  const json_t *request, const struct rfa_build_aside *aside, json_t **out,
			  struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct words w = { .pool = RFA_POOL_INIT };
	struct rfa_buf dir = RFA_BUF_INIT(2048);
	struct shell_ear ear =
	    SHELL_EAR_INIT(aside ? aside->said : NULL, aside ? aside->user : NULL);
	struct shell_call program = { rfa_script_image_build, NULL, NULL, 0 };
	struct rfa_error ignored;
	int rc = put_secrets(h, key, aside, &dir, err), unseen = 0;

	if (rc == 0)
		rc = make_words(&w, request, aside, rfa_buf_str(&dir), err);
	program.args = w.at;
	ear.secrets = aside ? aside->secrets : NULL;
	ear.n = aside ? aside->n : 0;
	if (rc == 0)
		rc = rfa_shell_host_job_heard(h, key, &program, &ear, &answer, err);
	/* A job that did not begin, or was killed, leaves them there; what runs is left alone. */
	if (dir.len && (rc != 0 || answer.status > 128))
		unseen = rfa_shell_memory_forget(host, key->run, &ignored);
	(void)unseen;
	rfa_shell_hide(&answer.out, ear.secrets, ear.n);
	rfa_shell_hide(&answer.words, ear.secrets, ear.n);
	if (rc == 0 && answer.status != 0)
		rc = failed(h, &answer, w.at[0], err);
	else if (rc == 0)
		rc = rfa_shell_log_image(h, &answer.out, out, err);
	if (rc != 0)
		(void)rfa_error_where(err, "%s", host->name);
	rfa_pool_release(&w.pool);
	rfa_buf_release(&dir);
	rfa_shell_answer_release(&answer);
	return rc;
}
