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

static int make_words(struct words *w, const json_t *request, struct rfa_error *err)
{
	const char *context = rfa_facts_str(request, "context", "");
	const char *file = rfa_facts_str(request, "dockerfile", "Dockerfile");
	int rc = 0;

	if (context[0] != '/')
		return rfa_fail(err, RFA_EINTERNAL, "host", "a build's context is not absolute");
	add(w, rfa_facts_str(request, "ref", ""));
	add(w, context);
	add(w, file[0] == '/' ? file : rfa_pool_printf(&w->pool, "%s/%s", context, file));
	add_option(w, "--target=", rfa_facts_str(request, "target", NULL));
	add_option(w, "--platform=", rfa_facts_str(request, "platform", NULL));
	rc = add_map(w, "--build-arg=", json_object_get(request, "args"), err);
	if (rc == 0)
		rc = add_map(w, "--label=", json_object_get(request, "labels"), err);
	add(w, NULL);
	return rc ? rc : rfa_pool_check(&w->pool, err);
}

/* How it ended. */

/* Lines of the builder's, joined by "; ", as much of the end as there is room for. */
static void quote(struct rfa_buf *out, const char *text, size_t len, size_t max)
{
	const char *end;

	if (len > max) {
		text += len - max;
		len = max;
		(void)rfa_buf_puts(out, "...");
	}
	for (; len; len -= (size_t)(end - text), text = end) {
		size_t n;

		end = memchr(text, '\n', len);
		n = end ? (size_t)(end - text) : len;
		(void)rfa_buf_put_printable(out, text, n, 0);
		end = text + n;
		while (end < text + len && *end == '\n')
			end++;
		if (n && end < text + len)
			(void)rfa_buf_puts(out, "; ");
	}
}

/*
 * What a build has written may hold any words, and its own commands may have lost a connection: so
 * only the last line says whether the engine was lost. What could not be solved is a definite no.
 */
static int failed(const struct shell_host *h, const struct shell_answer *answer, const char *ref,
		  struct rfa_error *err)
{
	const char *words = rfa_buf_str(&answer->words), *last = words, *p;
	struct rfa_buf what = RFA_BUF_INIT(1024), said = RFA_BUF_INIT(8192);
	size_t len = answer->words.len;
	int rc, lost;

	while (len && words[len - 1] == '\n')
		len--;
	for (p = words; p < words + len; p++)
		if (*p == '\n')
			last = p + 1;
	(void)rfa_buf_puts(&what, "building ");
	(void)rfa_buf_put_printable(&what, ref, strlen(ref), 120);
	quote(&said, words, len, 360);
	len -= (size_t)(last - words);
	lost = !rfa_remote_mentions(last, len, "failed to solve") ||
	       rfa_remote_mentions(last, len, "error reading from server");
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
		rc = rfa_remote_fail(answer->status, lost ? last : "", lost ? len : 0,
				     rfa_buf_str(&what), err);
		if (rc == -RFA_EREMOTE)
			rc = rfa_fail(err, RFA_EREMOTE, "host", "%s: %s", rfa_buf_str(&what),
				      rfa_buf_str(&said));
	}
	rfa_buf_release(&what);
	rfa_buf_release(&said);
	return rc;
}

/* "ID\n" and the log, in which no byte is but a person can read it. */
static int result(const struct shell_host *h, const struct rfa_buf *text, json_t **out,
		  struct rfa_error *err)
{
	struct rfa_buf log = RFA_BUF_INIT(SHELL_SMALL);
	const char *p = rfa_buf_str(text), *end = p + text->len;
	size_t n = strcspn(p, "\n");
	json_t *made;
	int rc = 0;

	if (strncmp(p, "sha256:", 7) != 0 || !rfa_shell_sha256_ok(p + 7) || n != 71 || p[n] != '\n')
		return rfa_shell_protocol_error(h, "a built image", err);
	for (const char *line = p + n + 1; line < end;) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		size_t len = (size_t)((stop ? stop : end) - line);

		(void)rfa_buf_put_printable(&log, line, len, 0);
		(void)rfa_buf_putc(&log, '\n');
		line += len + 1;
	}
	rc = rfa_buf_check(&log, err);
	if (rc == 0) {
		made = json_pack("{s:s%, s:s}", "id", p, n, "log", rfa_buf_str(&log));
		if (made)
			*out = made;
		else
			rc = rfa_fail_nomem(err);
	}
	rfa_buf_release(&log);
	return rc;
}

int rfa_shell_image_build(struct rfa_host *host, const struct rfa_job_key *key,
			  const json_t *request, json_t **out, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct words w = { .pool = RFA_POOL_INIT };
	struct shell_call program = { rfa_script_image_build, NULL, NULL, 0 };
	int rc = make_words(&w, request, err);

	program.args = w.at;
	if (rc == 0)
		rc = rfa_shell_host_job(h, key, &program, &answer, err);
	if (rc == 0 && answer.status != 0)
		rc = failed(h, &answer, w.at[0], err);
	else if (rc == 0)
		rc = result(h, &answer.out, out, err);
	if (rc != 0)
		(void)rfa_error_where(err, "%s", host->name);
	rfa_pool_release(&w.pool);
	rfa_shell_answer_release(&answer);
	return rc;
}
