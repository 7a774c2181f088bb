/* What a host and its engine are. */
#include "transports/host/shell/shell.h"

#include <string.h>

#include "fsm/base/clock.h"
#include "fsm/base/facts.h"

/* The line "key …" of an answer: its value, up to the newline; NULL if there is none. */
static const char *line_of(const struct rfa_buf *out, const char *key, size_t *len)
{
	const char *p = rfa_buf_str(out), *end;
	size_t n = strlen(key);

	for (; *p; p = *end ? end + 1 : end) {
		end = strchr(p, '\n');
		if (!end)
			end = p + strlen(p);
		if ((size_t)(end - p) > n && memcmp(p, key, n) == 0 && p[n] == ' ') {
			*len = (size_t)(end - p) - n - 1;
			return p + n + 1;
		}
	}
	return NULL;
}

static json_t *text_of(const struct rfa_buf *out, const char *key)
{
	size_t len = 0;
	const char *value = line_of(out, key, &len);
	json_t *text = value ? json_stringn(value, len) : NULL;

	return text ? text : json_null(); /* not there, or no UTF-8 */
}

static json_t *tools_of(const struct rfa_buf *out)
{
	static const char *const tools[] = { "b2sum", "sha256sum", "sync", "zstd", "gzip", "perl" };
	json_t *all = json_object();
	char line[32];
	size_t i;

	for (i = 0; all && i < sizeof(tools) / sizeof(tools[0]); i++) {
		(void)snprintf(line, sizeof(line), "\ntool %s\n", tools[i]);
		if (json_object_set_new(all, tools[i],
					json_boolean(strstr(rfa_buf_str(out), line) != NULL))) {
			json_decref(all);
			all = NULL;
		}
	}
	return all;
}

/* The containerd image store shows itself by its snapshotter only. */
static const char *store_of(const json_t *info)
{
	json_t *row;
	size_t i;

	json_array_foreach (json_object_get(info, "DriverStatus"), i, row) {
		const char *key = json_string_value(json_array_get(row, 0));
		const char *value = json_string_value(json_array_get(row, 1));

		if (key && value && strcmp(key, "driver-type") == 0 &&
		    strncmp(value, "io.containerd.snapshotter.", 26) == 0)
			return "containerd";
	}
	return "classic";
}

/* What the scripts need not find out each time: $me, the user, and $gnu, which tools are GNU's. */
static void learn(struct shell_host *h, const struct rfa_buf *out, int64_t uid)
{
	if (h->learned || uid < 0)
		return;
	h->learned = 1;
	(void)rfa_buf_printf(&h->prologue, "me=%lld gnu='%s %s'\n", (long long)uid,
			     strstr(rfa_buf_str(out), "\ngnu find\n") ? "find" : "",
			     strstr(rfa_buf_str(out), "\ngnu tar\n") ? "tar" : "");
}

static int make_info(struct shell_host *h, const struct rfa_buf *out, const json_t *version,
		     const json_t *engine, json_t **made, struct rfa_error *err)
{
	json_t *uid = NULL;
	int64_t number = -1, now = 0;
	const char *text;
	size_t len;

	text = line_of(out, "uid", &len);
	if (text && rfa_shell_number(&text, &number) == 0)
		uid = json_integer(number);
	text = line_of(out, "time", &len);
	/* What no clock can say is nothing that it has said. */
	if (text && (rfa_shell_number(&text, &now) || now > RFA_TIME_LAST / 1000))
		now = 0;
	*made = json_pack("{s:o, s:s, s:s, s:o, s:o, s:o, s:s, s:s, s:s, s:s, s:s, s:I, s:o}",
			  "hostname", text_of(out, "hostname"), "os", h->os, "arch", h->arch,
			  "user", text_of(out, "user"), "uid", uid ? uid : json_null(), "boot_id",
			  text_of(out, "boot_id"), "engine", rfa_facts_str(version, "Version", ""),
			  "api", h->api, "store", store_of(engine), "driver",
			  rfa_facts_str(engine, "Driver", ""), "docker_root",
			  rfa_facts_str(engine, "DockerRootDir", ""), "time", (json_int_t)now,
			  "tools", tools_of(out));
	if (!*made)
		return rfa_fail_nomem(err);
	learn(h, out, number);
	return 0;
}

/* What one GET has answered, which has to be an object. */
struct taken {
	struct shell_host *h;
	json_t *object; /* owned */
};

static int take(void *user, size_t i, int status, const char *body, size_t len,
		struct rfa_error *err)
{
	struct taken *t = user;
	int rc;

	(void)i;
	if (status != 200)
		return rfa_shell_host_refused(t->h, status, body, len, "docker", err);
	rc = rfa_shell_host_json(t->h, &t->object, body, len, "what the engine is", err);
	if (rc == 0 && !json_is_object(t->object))
		rc = rfa_shell_protocol_error(t->h, "the engine does not say what it is", err);
	return rc;
}

/* Version and state of the engine. *version is borrowed, *engine is new. */
static int ask_engine(struct shell_host *h, const json_t **version, json_t **engine,
		      struct rfa_error *err)
{
	static const struct rfa_engine_ask asks = { "/info", NULL };
	struct taken t = { h, NULL };
	struct rfa_engine_call call = { &asks, 1, take, &t, 0 };
	int rc = rfa_shell_host_get(h, &call, err);

	if (rc == 0)
		rc = rfa_shell_host_know(h, version, err);
	if (rc == 0)
		*engine = json_incref(t.object);
	json_decref(t.object);
	return rc;
}

int rfa_shell_info(struct rfa_host *host, json_t **out, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	const char *args[] = { h->docker, NULL };
	struct shell_call call = { rfa_script_host_info, args, NULL, 0 };
	const json_t *version = NULL;
	json_t *engine = NULL;
	int rc = rfa_shell_host_read(h, &call, &answer, err);

	/* A docker that is missing is told by the script. */
	if (rc == 0 && answer.status != 0)
		rc = rfa_shell_host_fail_docker(h, &answer, "docker", err);
	if (rc == 0)
		rc = ask_engine(h, &version, &engine, err);
	if (rc == 0)
		rc = make_info(h, &answer.out, version, engine, out, err);
	json_decref(engine);
	rfa_shell_answer_release(&answer);
	return rc;
}

int rfa_shell_host_store(struct shell_host *h, struct rfa_buf *store, struct rfa_buf *root,
			 struct rfa_error *err)
{
	const json_t *version = NULL;
	json_t *engine = NULL;
	const char *kind;
	int rc = ask_engine(h, &version, &engine, err);

	if (rc == 0) {
		kind = store_of(engine);
		(void)rfa_buf_puts(
		    store, strcmp(kind, "classic") ? kind : rfa_facts_str(engine, "Driver", ""));
		(void)rfa_buf_puts(root, rfa_facts_str(engine, "DockerRootDir", ""));
		rc = rfa_buf_check(store, err);
	}
	if (rc == 0)
		rc = rfa_buf_check(root, err);
	json_decref(engine);
	return rc;
}

int rfa_shell_host_know(struct shell_host *h, const json_t **version, struct rfa_error *err)
{
	const json_t *says = NULL;
	int rc = rfa_shell_host_version(h, &says, err);

	if (rc != 0)
		return rc;
	(void)snprintf(h->api, sizeof(h->api), "%s", rfa_facts_str(says, "ApiVersion", ""));
	(void)snprintf(h->os, sizeof(h->os), "%s", rfa_facts_str(says, "Os", "linux"));
	(void)snprintf(h->arch, sizeof(h->arch), "%s", rfa_facts_str(says, "Arch", ""));
	if (version)
		*version = says;
	return 0;
}
