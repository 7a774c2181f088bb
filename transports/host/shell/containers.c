/* Changes of containers, each as a job: create, start, stop, rename, remove, and their policy. */
#include "transports/host/shell/shell.h"

#include <stdio.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "transports/host/http1.h"

/* More than any container has. */
#define NETWORKS_MAX 64
#define REQUEST_MAX (2u << 20)

/* The engine ended the connection without a status line. */
#define SAYS_SILENT 61

/* A container that is waited for was never started. */
#define SAYS_NEVER 62
#define WAIT_SAID_MAX (64u << 10)

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
	struct shell_call program = { rfa_script_container_change, args, NULL, 0 };
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

/* Wait. */

/* "STATUS" on a line, and the log. */
static int take_end(struct shell_host *h, const struct shell_answer *answer,
		    struct rfa_exec_answer *out, struct rfa_error *err)
{
	const char *text = rfa_buf_str(&answer->out);
	size_t room = out->said->max - out->said->len, len;
	int64_t status = 0;

	if (rfa_shell_number(&text, &status) || status > 255)
		return rfa_shell_protocol_error(h, "the status of a container", err);
	len = answer->out.len - (size_t)(text - answer->out.data);
	out->status = (int)status;
	(void)rfa_buf_add(out->said, text, len < room ? len : room);
	return rfa_buf_check(out->said, err);
}

int rfa_shell_container_wait(struct rfa_host *host, const struct rfa_job_key *key, const char *name,
			     int64_t timeout_s, struct rfa_exec_answer *out, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(WAIT_SAID_MAX + 1);
	char seconds[24];
	const char *args[] = { seconds, name, NULL };
	struct shell_call program = { rfa_script_container_wait, args, NULL, 0 };
	int rc;

	(void)snprintf(seconds, sizeof(seconds), "%lld", (long long)timeout_s);
	rc = rfa_shell_host_job(h, key, &program, &answer, err);
	if (rc == 0 && answer.status == SAYS_NEVER) {
		(void)rfa_fail(err, RFA_EREFUSED, "docker", "the container %.100s has never run",
			       name);
		rc = rfa_error_where(err, "%s", h->host.name);
	} else if (rc == 0 && answer.status != 0) {
		rc = failed(h, &answer, name, err);
	} else if (rc == 0) {
		rc = take_end(h, &answer, out, err);
	}
	rfa_shell_answer_release(&answer);
	return rc;
}

/* Create. */

static int create_request(struct shell_host *h, const char *name, const json_t *body,
			  struct rfa_buf *out, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(REQUEST_MAX);
	struct rfa_http1_post post = { h->api, "/containers/create", NULL, "name", name, NULL, 0 };
	json_t *plain = rfa_facts_copy_shallow(body);
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
	words.status = status == 404 ? RFA_EXIT_NOTFOUND : status == 409 ? RFA_EXIT_EXISTS : status;
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

struct needed {
	struct rfa_object_name networks[NETWORKS_MAX];
	size_t n;
};

/* The networks that have to exist; the engine's own default is no network. */
static int add_needed(struct needed *needed, const json_t *networks, struct rfa_error *err)
{
	const char *name;
	json_t *endpoint;

	json_object_foreach ((json_t *)(uintptr_t)networks, name, endpoint) {
		if (strcmp(name, "default") == 0 || json_is_null(endpoint))
			continue;
		if (needed->n == NETWORKS_MAX)
			return too_many(err);
		needed->networks[needed->n++] = (struct rfa_object_name){ RFA_NETWORK, name };
	}
	return 0;
}

/*
 * *lacking: the first network that is not there, "" if all are. The job tells it, so that one that
 * was done before answers what it did.
 */
static int look_for_networks(struct shell_host *h, const json_t *body, const char **lacking,
			     struct rfa_error *err)
{
	struct needed needed = { .n = 0 };
	json_t *found = NULL;
	size_t i;
	int rc = add_needed(&needed, rfa_facts_at(body, "NetworkingConfig/EndpointsConfig"), err);

	if (rc == 0)
		rc = add_needed(&needed, json_object_get(body, "x-rfa-networks"), err);
	if (rc == 0 && needed.n)
		rc = rfa_shell_inspect_all(&h->host, needed.networks, needed.n, &found, err);
	*lacking = "";
	for (i = needed.n; rc == 0 && i-- > 0;)
		if (json_is_null(json_array_get(found, i)))
			*lacking = needed.networks[i].name;
	json_decref(found);
	return rc;
}

int rfa_shell_container_create(struct rfa_host *host, const struct rfa_job_key *key,
			       const char *name, const json_t *body, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	const json_t *more = json_object_get(body, "x-rfa-networks");
	struct rfa_buf requests[NETWORKS_MAX + 1];
	const char *args[NETWORKS_MAX + 4] = { name }, *network;
	struct shell_call program = { rfa_script_container_create, args, NULL, 0 };
	json_t *endpoint;
	size_t n = 0, i;
	int leaves;
	int rc = rfa_shell_host_know(h, NULL, err);

	for (i = 0; i <= NETWORKS_MAX; i++)
		requests[i] = (struct rfa_buf)RFA_BUF_INIT(REQUEST_MAX);
	if (rc == 0)
		rc = look_for_networks(h, body, &args[1], err);
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
		args[2 + i] = rfa_buf_str(&requests[i]);
	if (rc == 0)
		rc = rfa_shell_host_job(h, key, &program, &answer, err);
	if (rc == 0 && answer.status == RFA_EXIT_REPLY) {
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
