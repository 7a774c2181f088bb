/* Reads of the engine: inspect, list, logs. They change nothing and may be repeated. */
#include "transports/host/shell.h"

#include <string.h>

#include "fsm/base/facts.h"

#define LOG_MAX (1u << 20)
#define LOG_LINES_MAX 10000u

/* What an object is called by docker. */
static const struct {
	const char *type; /* inspect --type */
	const char *name; /* where its name is */
} kinds[] = {
	[RFA_CONTAINER] = { "container", "Name" },
	[RFA_IMAGE] = { "image", NULL },
	[RFA_NETWORK] = { "network", "Name" },
	[RFA_VOLUME] = { "volume", "Name" },
};

static int hex_only(const char *text)
{
	return text[0] && text[strspn(text, "0123456789abcdef")] == '\0';
}

/*
 * Docker takes the beginning of an id for a name: an object called "cafe" that is not there may be
 * answered by another whose id begins so. Full ids (and 12 digits, as docker prints them) are
 * meant.
 */
static int is_it(enum rfa_object kind, const json_t *object, const char *name)
{
	const char *id = rfa_facts_str(object, "Id", "");
	const char *its = kinds[kind].name ? rfa_facts_str(object, kinds[kind].name, "") : NULL;
	json_t *tag;
	size_t i, n = strlen(name);

	if (!hex_only(name))
		return 1;
	if (strncmp(id, "sha256:", 7) == 0)
		id += 7;
	if (n >= 12 && strncmp(id, name, n) == 0)
		return 1;
	if (its)
		return strcmp(its[0] == '/' ? its + 1 : its, name) == 0;
	json_array_foreach (json_object_get(object, "RepoTags"), i, tag) {
		const char *text = json_string_value(tag);

		if (text && strncmp(text, name, n) == 0 && strcmp(text + n, ":latest") == 0)
			return 1;
	}
	return 0;
}

static int not_found(struct shell_host *h, enum rfa_object kind, const char *name,
		     struct rfa_error *err)
{
	(void)rfa_fail(err, RFA_ENOTFOUND, "docker", "no such %s: %.200s", kinds[kind].type, name);
	return rfa_error_where(err, "%s", h->host.name);
}

int rfa_shell_inspect(struct rfa_host *host, enum rfa_object kind, const char *name, json_t **out,
		      struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_JSON_MAX);
	const char *args[] = { kinds[kind].type, name, NULL };
	struct shell_call call = { rfa_script_engine_inspect, args, NULL, 0 };
	json_t *all = NULL, *object;
	int rc;

	if (!name[0])
		return not_found(h, kind, name, err);
	rc = rfa_shell_host_read(h, &call, &answer, err);
	if (rc != 0)
		goto done;
	if (answer.status != 0) {
		rc = rfa_shell_host_fail_docker(h, &answer, kinds[kind].type, err);
		if (rc == -RFA_EREMOTE &&
		    rfa_words_have(answer.words.data, answer.words.len, "not found"))
			rc = not_found(h, kind, name, err);
		goto done;
	}
	rc = rfa_shell_host_json(h, &all, answer.out.data, answer.out.len, "docker inspect", err);
	if (rc != 0)
		goto done;
	object = json_array_get(all, 0);
	if (!json_is_object(object) || json_array_size(all) != 1)
		rc = rfa_shell_host_nonsense(h, "docker inspect answered no single object", err);
	else if (!is_it(kind, object, name))
		rc = not_found(h, kind, name, err);
	else
		*out = json_incref(object);
done:
	json_decref(all);
	rfa_shell_answer_release(&answer);
	return rc;
}

int rfa_shell_list(struct rfa_host *host, enum rfa_object kind, json_t **out, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_JSON_MAX);
	const char *args[] = { kinds[kind].type, NULL };
	struct shell_call call = { rfa_script_engine_list, args, NULL, 0 };
	json_t *all = NULL, *object;
	size_t i;
	int rc = rfa_shell_host_read(h, &call, &answer, err);

	if (rc == 0 && answer.status != 0)
		rc = rfa_shell_host_fail_docker(h, &answer, "listing", err);
	if (rc == 0)
		rc = rfa_shell_host_json(h, &all, answer.out.data, answer.out.len, "docker inspect",
					 err);
	if (rc == 0 && !json_is_array(all))
		rc = rfa_shell_host_nonsense(h, "docker inspect answered no list", err);
	json_array_foreach (all, i, object)
		if (rc == 0 && !json_is_object(object))
			rc = rfa_shell_host_nonsense(h, "docker inspect listed no object", err);
	if (rc == 0)
		*out = json_incref(all);
	json_decref(all);
	rfa_shell_answer_release(&answer);
	return rc;
}

int rfa_shell_logs(struct rfa_host *host, const char *container, unsigned lines,
		   struct rfa_buf *out, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(LOG_MAX);
	char count[16];
	const char *args[] = { container, count, NULL };
	struct shell_call call = { rfa_script_engine_logs, args, NULL, 0 };
	int rc;

	(void)snprintf(count, sizeof(count), "%u", lines < LOG_LINES_MAX ? lines : LOG_LINES_MAX);
	rc = rfa_shell_host_read(h, &call, &answer, err);
	if (rc == 0 && answer.status != 0) {
		/* Both streams are in the output, docker's own words too. */
		(void)rfa_buf_add(&answer.words, answer.out.data, answer.out.len);
		rc = rfa_shell_host_fail_docker(h, &answer, "logs", err);
	}
	if (rc == 0) {
		(void)rfa_buf_add(out, answer.out.data, answer.out.len);
		rc = rfa_buf_check(out, err);
	}
	rfa_shell_answer_release(&answer);
	return rc;
}
