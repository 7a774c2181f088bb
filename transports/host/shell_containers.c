/* Changes of containers, each as a job: create, start, stop, rename, remove, and their policy. */
#include "transports/host/shell.h"

#include <string.h>

#include "fsm/base/facts.h"
#include "transports/host/http1.h"

/* More than any container has. */
#define NETWORKS_MAX 64
#define REQUEST_MAX (2u << 20)

/*
 * $1 the verb, $2 the container, $3 the new name or the policy. A name of hexadecimal digits only
 * could be taken for the beginning of another container's id: it must be this one's name. What is
 * as long as a whole id is the beginning of no other.
 */
static const char verb_text[] =
    "case ${#2}:$2 in\n"
    "64:* | *:*[!0-9a-f]*) ;;\n"
    "*)\n"
    "	is=$(engine inspect --type container --format '{{.Name}} {{.Id}}' -- \"$2\") || exit\n"
    "	case $is in\n"
    "	\"/$2 \"* | *\" $2\") ;;\n"
    "	*) echo \"No such container: $2\" >&2; exit 44 ;;\n"
    "	esac ;;\n"
    "esac\n"
    "case $1 in\n"
    "rename) engine container rename -- \"$2\" \"$3\" ;;\n"
    "update) engine container update --restart=\"$3\" -- \"$2\" ;;\n"
    "*) engine container \"$1\" -- \"$2\" ;;\n"
    "esac\n";

/*
 * $1 the container, $2 how many networks, their names, the request that creates it, the rest those
 * that take it out of a network and connect it to others: all of it before it has ever run.
 *
 * The engine does not look whether a network exists when a container is created, only when it
 * starts, so we look.
 *
 * The command line cannot say all that the API can. dial-stdio carries a raw request; its input
 * must stay open until the answer is there, since the engine cancels the request of a client that
 * is gone. A FIFO that we hold open both ways never ends, and needs no process that would have to
 * be killed; the request is written from the background, for it may be larger than a pipe holds.
 */
static const char create_text[] =
    "name=$1 n=$2\n"
    "shift 2\n"
    "while [ \"$n\" -gt 0 ]; do\n"
    "	words=$(engine inspect --type network -- \"$1\" 2>&1 >/dev/null) || {\n"
    "		status=$?\n"
    "		printf '%s\\n' \"$words\" >&2\n"
    "		case $words in *'not found'* | *[Nn]'o such network'*) exit 44 ;; esac\n"
    "		exit $status\n"
    "	}\n"
    "	n=$((n - 1))\n"
    "	shift\n"
    "done\n"
    "ask() {\n"
    "	rm -f fifo reply && mkfifo fifo || return\n"
    "	exec 3<>fifo\n"
    "	printf '%s' \"$1\" >&3 &\n"
    "	engine system dial-stdio <&3 3>&- >reply\n"
    "	asked=$?\n"
    "	kill $! 2>/dev/null\n"
    "	exec 3>&-\n"
    "	code=\n"
    "	read -r version code words 2>/dev/null <reply\n"
    "	return $asked\n"
    "}\n"
    "ask \"$1\"\n"
    "asked=$?\n"
    "if [ \"$code\" != 201 ]; then\n"
    "	[ -n \"$code\" ] || { echo 'the engine gave no answer' >&2; exit 61; }\n"
    "	cat reply\n"
    "	exit 60\n"
    "fi\n"
    "shift\n"
    "for request; do\n"
    "	ask \"$request\"\n"
    "	[ \"$code\" = 200 ] && continue\n"
    /* Half a container is none: it never ran, so nothing is lost. */
    "	engine container rm -- \"$name\" >/dev/null || exit\n"
    "	cat reply\n"
    "	exit 60\n"
    "done\n"
    "rm -f fifo reply\n";

/* The engine ended the connection without a status line. */
#define SAYS_SILENT 61

static int failed(struct shell_host *h, const struct shell_answer *answer, const char *name,
		  struct rfa_error *err)
{
	struct rfa_buf what = RFA_BUF_INIT(512);
	int rc;

	(void)rfa_buf_puts(&what, "container ");
	(void)rfa_buf_put_printable(&what, name, strlen(name), 80);
	rc = rfa_shell_host_fail_docker(h, answer, rfa_buf_str(&what), err);
	rfa_buf_release(&what);
	return rc;
}

static int verb(struct rfa_host *host, const struct rfa_job_key *key, const char *what,
		const char *name, const char *to, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	const char *args[] = { what, name, to, NULL };
	struct shell_call program = { verb_text, args, NULL, 0 };
	int rc;

	if (!name[0] || (to && !to[0]))
		return rfa_fail(err, RFA_ENOTFOUND, "docker", "a container's name is empty");
	rc = rfa_shell_host_job(h, key, &program, &answer, err);
	if (rc == 0 && answer.status != 0)
		rc = failed(h, &answer, name, err);
	rfa_shell_answer_release(&answer);
	return rc;
}

int rfa_shell_container_start(struct rfa_host *host, const struct rfa_job_key *key,
			      const char *name, struct rfa_error *err)
{
	return verb(host, key, "start", name, NULL, err);
}

int rfa_shell_container_stop(struct rfa_host *host, const struct rfa_job_key *key, const char *name,
			     struct rfa_error *err)
{
	return verb(host, key, "stop", name, NULL, err);
}

int rfa_shell_container_policy(struct rfa_host *host, const struct rfa_job_key *key,
			       const char *name, const char *policy, struct rfa_error *err)
{
	return verb(host, key, "update", name, policy, err);
}

int rfa_shell_container_rename(struct rfa_host *host, const struct rfa_job_key *key,
			       const char *from, const char *to, struct rfa_error *err)
{
	return verb(host, key, "rename", from, to, err);
}

int rfa_shell_container_remove(struct rfa_host *host, const struct rfa_job_key *key,
			       const char *name, struct rfa_error *err)
{
	return verb(host, key, "rm", name, NULL, err);
}

/* ---- create ---------------------------------------------------------------------------------- */

static int create_request(struct shell_host *h, const char *name, const json_t *body,
			  struct rfa_buf *out, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(REQUEST_MAX);
	struct rfa_http1_post post = { h->api, "/containers/create", NULL, "name", name, NULL, 0 };
	json_t *plain = json_copy((json_t *)(uintptr_t)body);
	int rc = plain ? 0 : rfa_fail_nomem(err);

	if (rc == 0) {
		(void)json_object_del(plain, "x-rfa-networks");
		rc = rfa_facts_encode(plain, &text, err);
	}
	if (rc == 0) {
		post.body = text.data;
		post.body_len = text.len;
		rc = rfa_http1_post(out, &post, err);
	}
	json_decref(plain);
	rfa_buf_release(&text);
	return rc;
}

/* Connects it to a network; an endpoint of null takes it out. */
static int network_request(struct shell_host *h, const char *name, const char *network,
			   json_t *endpoint, struct rfa_buf *out, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(REQUEST_MAX);
	int leaves = json_is_null(endpoint);
	struct rfa_http1_post post = {
		h->api,  leaves ? "/networks/@/disconnect" : "/networks/@/connect",
		network, NULL,
		NULL,    NULL,
		0
	};
	json_t *body = json_pack("{s:s}", "Container", name);
	int rc = body ? 0 : rfa_fail_nomem(err);

	if (rc == 0 && !leaves)
		rc = rfa_facts_set(body, "EndpointConfig", json_incref(endpoint), err);
	if (rc == 0)
		rc = rfa_facts_encode(body, &text, err);
	if (rc == 0) {
		post.body = text.data;
		post.body_len = text.len;
		rc = rfa_http1_post(out, &post, err);
	}
	json_decref(body);
	rfa_buf_release(&text);
	return rc;
}

/* The engine said no, in a reply: its status and its words. */
static int refused(struct shell_host *h, const struct shell_answer *answer, const char *name,
		   struct rfa_error *err)
{
	struct rfa_buf body = RFA_BUF_INIT(SHELL_SMALL);
	struct shell_answer words = SHELL_ANSWER_INIT(16);
	json_t *reply = NULL;
	const char *message;
	int status = 0;
	int rc = rfa_http1_reply(rfa_buf_str(&answer->out), answer->out.len, &status, &body, err);

	if (rc != 0) {
		(void)rfa_error_as(err, RFA_UNKNOWN);
		rc = rfa_error_where(err, "%s", h->host.name);
		goto done;
	}
	reply = json_loadb(rfa_buf_str(&body), body.len, 0, NULL);
	message = rfa_facts_str(reply, "message", rfa_buf_str(&body));
	(void)rfa_buf_puts(&words.words, message);
	words.status = status == 404 ? RFA_SAYS_NOTFOUND : status == 409 ? RFA_SAYS_EXISTS : status;
	rc = failed(h, &words, name, err);
done:
	json_decref(reply);
	rfa_buf_release(&body);
	rfa_shell_answer_release(&words);
	return rc;
}

static int too_many(struct rfa_error *err)
{
	return rfa_fail(err, RFA_ETOOBIG, "host", "a container has more than %d networks",
			NETWORKS_MAX);
}

/* The names of the networks that have to exist; the engine's own default is no network. */
static int add_names(const json_t *networks, const char *args[], size_t *n, struct rfa_error *err)
{
	const char *name;
	json_t *endpoint;

	json_object_foreach ((json_t *)(uintptr_t)networks, name, endpoint) {
		if (*n == NETWORKS_MAX)
			return too_many(err);
		if (strcmp(name, "default") != 0 && !json_is_null(endpoint))
			args[(*n)++] = name;
	}
	return 0;
}

int rfa_shell_container_create(struct rfa_host *host, const struct rfa_job_key *key,
			       const char *name, const json_t *body, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	const json_t *more = json_object_get(body, "x-rfa-networks");
	const json_t *first = rfa_facts_at(body, "NetworkingConfig/EndpointsConfig");
	struct rfa_buf requests[NETWORKS_MAX + 1];
	const char *args[2 * NETWORKS_MAX + 5] = { name }, *network;
	struct shell_call program = { create_text, args, NULL, 0 };
	json_t *endpoint;
	char count[24];
	size_t names = 0, n = 0, i;
	int leaves;
	int rc = rfa_shell_host_know(h, err);

	for (i = 0; i <= NETWORKS_MAX; i++)
		requests[i] = (struct rfa_buf)RFA_BUF_INIT(REQUEST_MAX);
	args[1] = count;
	if (rc == 0)
		rc = add_names(first, args + 2, &names, err);
	if (rc == 0)
		rc = add_names(more, args + 2, &names, err);
	(void)snprintf(count, sizeof(count), "%zu", names);
	if (rc == 0 && json_object_size(more) > NETWORKS_MAX)
		rc = too_many(err);
	if (rc == 0)
		rc = create_request(h, name, body, &requests[n++], err);
	/* Out first: who is in the network "none" may be in no other. */
	for (leaves = 1; leaves >= 0; leaves--)
		json_object_foreach ((json_t *)(uintptr_t)more, network, endpoint)
			if (rc == 0 && json_is_null(endpoint) == leaves)
				rc = network_request(h, name, network, endpoint, &requests[n++],
						     err);
	for (i = 0; i < n; i++)
		args[2 + names + i] = rfa_buf_str(&requests[i]);
	if (rc == 0)
		rc = rfa_shell_host_job(h, key, &program, &answer, err);
	if (rc == 0 && answer.status == RFA_SAYS_REPLY) {
		rc = refused(h, &answer, name, err);
	} else if (rc == 0 && answer.status != 0) {
		rc = failed(h, &answer, name, err);
		/* It may have heard the request before it fell silent. */
		if (answer.status == SAYS_SILENT && rc == -RFA_EREMOTE)
			rc = rfa_error_as(err, RFA_UNKNOWN);
	}
	for (i = 0; i <= NETWORKS_MAX; i++)
		rfa_buf_release(&requests[i]);
	rfa_shell_answer_release(&answer);
	return rc;
}
