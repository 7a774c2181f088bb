/* Reads of the engine: inspect, list, logs; and commands in containers, which count as such. */
#include "transports/host/shell/shell.h"

#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"

#define LOG_MAX (1u << 20)
#define LOG_LINES_MAX 100000u
#define EXEC_MAX 65536u
#define EXEC_WORDS_MAX 256u
/* Beyond a command's own time: docker is killed two seconds after it was asked to end. */
#define EXEC_GRACE_MS 10000

/* What an object is called by docker, and where the engine has it. */
static const struct {
	const char *type;
	const char *path; /* of one */
	const char *list; /* of all */
	const char *key;  /* by which one of a list is asked for */
	const char *name; /* where its name is */
} kinds[] = {
	[RFA_CONTAINER] = { "container", "/containers/@/json", "/containers/json?all=1", "Id",
			    "Name" },
	[RFA_IMAGE] = { "image", "/images/@/json", "/images/json", "Id", NULL },
	[RFA_NETWORK] = { "network", "/networks/@", "/networks", "Id", "Name" },
	[RFA_VOLUME] = { "volume", "/volumes/@", "/volumes", "Name", "Name" },
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
	struct rfa_buf shown = RFA_BUF_INIT(2048);

	(void)rfa_buf_put_printable(&shown, name, strlen(name), 200);
	(void)rfa_fail(err, RFA_ENOTFOUND, "docker", "no such %s: %s", kinds[kind].type,
		       rfa_buf_str(&shown));
	rfa_buf_release(&shown);
	return rfa_error_where(err, "%s", h->host.name);
}

/* A no that means: there is no such object. `why` is what the words of it were taken for. */
static int absent(int status, const char *body, size_t len, const struct rfa_error *why)
{
	return why->code == RFA_ENOTFOUND ||
	       (status == 404 && rfa_remote_mentions(body, len, "not found") &&
		!rfa_remote_mentions(body, len, "page not found"));
}

/* Many at once. */

struct looked {
	struct shell_host *h;
	const struct rfa_object_name *names;
	size_t *of;             /* owned; which of the names each request is for */
	json_t *all;            /* owned: an object for each of the names, or null */
	struct rfa_error first; /* what was wrong with one of them */
};

static int look_at(struct looked *l, size_t i, int status, const char *body, size_t len,
		   json_t **object, struct rfa_error *err)
{
	const struct rfa_object_name *name = &l->names[l->of[i]];
	int rc;

	if (status != 200) {
		rc = rfa_shell_host_refused(l->h, status, body, len, kinds[name->kind].type, err);
		return absent(status, body, len, err) ? 0 : rc;
	}
	rc = rfa_shell_host_json(l->h, object, body, len, "what the engine says", err);
	if (rc == 0 && !json_is_object(*object))
		rc = rfa_shell_protocol_error(l->h, "the engine answered no object", err);
	if (rc == 0 && !is_it(name->kind, *object, name->name)) {
		json_decref(*object);
		*object = NULL;
	}
	return rc;
}

/* The first that is wrong is told in the end: what was asked for is read in any case. */
static int take_object(void *user, size_t i, int status, const char *body, size_t len,
		       struct rfa_error *err)
{
	struct looked *l = user;
	json_t *object = NULL;
	struct rfa_error why;
	int rc;

	rfa_error_clear(&why);
	rc = look_at(l, i, status, body, len, &object, &why);
	if (rc != 0 && !l->first.code)
		l->first = why;
	rc = 0;
	if (object && json_array_set(l->all, l->of[i], object))
		rc = rfa_fail_nomem(err);
	json_decref(object);
	return rc;
}

/* As the engine calls it: docker takes the slash, too, that a container's name begins with. */
static const char *plain_name(const struct rfa_object_name *name)
{
	return name->name + (name->kind == RFA_CONTAINER && name->name[0] == '/');
}

/* 0: it would be another path of the API, and is no object's name. */
static int is_name(const char *name)
{
	for (;;) {
		size_t n = strcspn(name, "/");

		if (n == 0 || (n == 1 && name[0] == '.') || (n == 2 && !memcmp(name, "..", 2)))
			return 0;
		if (!name[n])
			return 1;
		name += n + 1;
	}
}

/* Null for each, and the requests for those that can be asked for. */
static int begin(struct looked *l, size_t n, struct rfa_engine_ask **asks, size_t *asked,
		 struct rfa_error *err)
{
	struct rfa_engine_ask *all = *asks = calloc(n + 1, sizeof(*all));
	size_t i;

	l->all = json_array();
	l->of = calloc(n + 1, sizeof(*l->of));
	if (!all || !l->of || !l->all)
		return rfa_fail_nomem(err);
	for (i = *asked = 0; i < n; i++) {
		const char *name = plain_name(&l->names[i]);

		if (json_array_append_new(l->all, json_null()))
			return rfa_fail_nomem(err);
		if (!is_name(name))
			continue;
		l->of[*asked] = i;
		all[(*asked)++] = (struct rfa_engine_ask){ kinds[l->names[i].kind].path, name };
	}
	return 0;
}

int rfa_shell_inspect_all(struct rfa_host *host, const struct rfa_object_name *names, size_t n,
			  json_t **out, struct rfa_error *err)
{
	struct looked l = { .h = (struct shell_host *)host, .names = names };
	struct rfa_engine_ask *asks = NULL;
	struct rfa_engine_call call = { NULL, 0, take_object, &l, 0 };
	int rc = begin(&l, n, &asks, &call.n, err);

	call.asks = asks;
	if (rc == 0)
		rc = rfa_shell_host_get(l.h, &call, err);
	if (rc == 0 && l.first.code) {
		rc = -(int)l.first.code;
		if (err)
			*err = l.first;
	}
	if (rc == 0)
		*out = json_incref(l.all);
	json_decref(l.all);
	free(l.of);
	free(asks);
	return rc;
}

int rfa_shell_inspect(struct rfa_host *host, enum rfa_object kind, const char *name, json_t **out,
		      struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	const struct rfa_object_name one = { kind, name };
	json_t *all = NULL, *object;
	int rc = rfa_shell_inspect_all(host, &one, 1, &all, err);

	if (rc != 0)
		return rc;
	object = json_array_get(all, 0);
	if (json_is_object(object))
		*out = json_incref(object);
	else
		rc = not_found(h, kind, name, err);
	json_decref(all);
	return rc;
}

/* All of a kind. */

struct listed {
	struct shell_host *h;
	enum rfa_object kind;
	json_t *list; /* owned; what the engine lists */
};

static int take_list(void *user, size_t i, int status, const char *body, size_t len,
		     struct rfa_error *err)
{
	struct listed *l = user;

	(void)i;
	if (status != 200)
		return rfa_shell_host_refused(l->h, status, body, len, "listing", err);
	return rfa_shell_host_json(l->h, &l->list, body, len, "a list of the engine", err);
}

static int by_name(const void *a, const void *b)
{
	const struct rfa_object_name *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* What is listed, by id (or a volume's name), in the order of these; each once. *names is owned. */
static int names_of(const struct listed *l, struct rfa_object_name **names, size_t *n,
		    struct rfa_error *err)
{
	const json_t *list = l->kind == RFA_VOLUME ? json_object_get(l->list, "Volumes") : l->list;
	struct rfa_object_name *all;
	json_t *row;
	size_t i, k;

	if (!json_is_array(list) && !(l->kind == RFA_VOLUME && json_is_null(list)))
		return rfa_shell_protocol_error(l->h, "the engine answered no list", err);
	all = calloc(json_array_size(list) + 1, sizeof(*all));
	if (!all)
		return rfa_fail_nomem(err);
	json_array_foreach (list, i, row) {
		all[i].kind = l->kind;
		all[i].name = rfa_facts_str(row, kinds[l->kind].key, "");
		if (!all[i].name[0]) {
			free(all);
			return rfa_shell_protocol_error(l->h, "the engine listed no object", err);
		}
	}
	qsort(all, i, sizeof(*all), by_name);
	for (k = *n = 0; k < i; k++)
		if (*n == 0 || strcmp(all[*n - 1].name, all[k].name) != 0)
			all[(*n)++] = all[k];
	*names = all;
	return 0;
}

int rfa_shell_list(struct rfa_host *host, enum rfa_object kind, json_t **out, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct listed l = { h, kind, NULL };
	const struct rfa_engine_ask ask = { kinds[kind].list, NULL };
	struct rfa_engine_call call = { &ask, 1, take_list, &l, 0 };
	struct rfa_object_name *names = NULL;
	json_t *all = NULL;
	size_t n = 0, i;
	int rc = rfa_shell_host_get(h, &call, err);

	if (rc == 0)
		rc = names_of(&l, &names, &n, err);
	if (rc == 0)
		rc = rfa_shell_inspect_all(host, names, n, &all, err);
	/* What vanishes between the two looks is not worth an error: it is not there. */
	for (i = json_array_size(all); rc == 0 && i > 0; i--)
		if (json_is_null(json_array_get(all, i - 1)))
			(void)json_array_remove(all, i - 1);
	if (rc == 0)
		*out = json_incref(all);
	json_decref(all);
	json_decref(l.list);
	free(names);
	return rc;
}

int rfa_shell_logs_since(struct rfa_host *host, const char *container, const char *since,
			 unsigned lines, struct rfa_buf *out, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(LOG_MAX);
	char count[16];
	const char *args[] = { container, count, since, NULL };
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

int rfa_shell_logs(struct rfa_host *host, const char *container, unsigned lines,
		   struct rfa_buf *out, struct rfa_error *err)
{
	return rfa_shell_logs_since(host, container, "", lines, out, err);
}

/* Commands in containers. */

/* Docker's own "no" and a command's look alike: the engine is asked before. */
static int must_run(struct rfa_host *host, const char *container, struct rfa_error *err)
{
	json_t *object = NULL;
	int rc = rfa_shell_inspect(host, RFA_CONTAINER, container, &object, err);

	if (rc == 0 && !rfa_facts_bool(object, "State/Running", 0)) {
		(void)rfa_fail(err, RFA_EREMOTE, "docker", "the container %s does not run",
			       container);
		rc = rfa_error_where(err, "%s", host->name);
	}
	json_decref(object);
	return rc;
}

/* The command may be silent for all of its time. */
static int run_exec(struct shell_host *h, const char *const args[], int64_t timeout_s,
		    struct shell_answer *answer, struct rfa_error *err)
{
	struct shell_call call = { rfa_script_engine_exec, args, NULL, 0 };
	int64_t idle_ms = h->idle_ms;
	int rc;

	if (h->idle_ms < timeout_s * 1000 + EXEC_GRACE_MS)
		h->idle_ms = timeout_s * 1000 + EXEC_GRACE_MS;
	rc = rfa_shell_host_run(h, &call, answer, err);
	h->idle_ms = idle_ms;
	return rc;
}

/* 124 is what timeout(1) says; busybox's says by which signal it ended docker: 15, or 9. */
static int status_of(int status, int64_t took_ms, int64_t timeout_s)
{
	int ended = status == 128 + 15 || status == 128 + 9;

	return took_ms >= timeout_s * 1000 && ended ? 124 : status;
}

int rfa_shell_exec(struct rfa_host *host, const char *container, const char *const argv[],
		   int64_t timeout_s, struct rfa_exec_answer *out, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(EXEC_MAX + 1);
	const char *args[EXEC_WORDS_MAX + 3] = { NULL };
	int64_t begun = h->clock->mono_ms(h->clock);
	char seconds[24];
	size_t n;
	int rc = must_run(host, container, err);

	(void)snprintf(seconds, sizeof(seconds), "%lld", (long long)timeout_s);
	args[0] = seconds;
	args[1] = container;
	for (n = 0; argv[n] && n < EXEC_WORDS_MAX; n++)
		args[n + 2] = argv[n];
	if (rc == 0 && argv[n])
		rc = rfa_fail(err, RFA_ETOOBIG, "host", "a command has more than %u words",
			      EXEC_WORDS_MAX);
	if (rc == 0)
		rc = run_exec(h, args, timeout_s, &answer, err);
	if (rc == 0) {
		size_t room = out->said->max - out->said->len;

		out->status =
		    status_of(answer.status, h->clock->mono_ms(h->clock) - begun, timeout_s);
		(void)rfa_buf_add(out->said, answer.out.data,
				  answer.out.len < room ? answer.out.len : room);
		rc = rfa_buf_check(out->said, err);
	}
	rfa_shell_answer_release(&answer);
	return rc;
}
