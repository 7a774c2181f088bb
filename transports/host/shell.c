/*
 * A Docker host over a transport: POSIX sh, coreutils and docker are all that is needed there.
 *
 * The scripts are the files in transports/host/scripts. Each finds its arguments in $1…; strings
 * never become part of shell text except through rfa_quote(). What comes back is parsed as if the
 * host lied.
 */
#include "transports/host/shell.h"

#include <ctype.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "fsm/base/quote.h"

/* A script with all its arguments; the largest carry a file list or a container's definition. */
#define SCRIPT_MAX (8u << 20)

int rfa_shell_host_script(const struct shell_host *h, const struct shell_call *call,
			  struct rfa_buf *out, struct rfa_error *err)
{
	const char *const *text;

	(void)rfa_buf_add(out, h->prologue.data, h->prologue.len);
	if (call->args && call->args[0]) {
		(void)rfa_buf_puts(out, "set -- ");
		(void)rfa_quote_argv(out, call->args);
		(void)rfa_buf_putc(out, '\n');
	} else {
		(void)rfa_buf_puts(out, "set --\n");
	}
	for (text = call->script; *text; text++)
		(void)rfa_buf_puts(out, *text);
	return rfa_buf_check(out, err);
}

int rfa_shell_host_run(struct shell_host *h, const struct shell_call *call,
		       struct shell_answer *answer, struct rfa_error *err)
{
	struct rfa_buf script = RFA_BUF_INIT(SCRIPT_MAX);
	int rc = 0;

	rfa_buf_clear(&answer->out);
	rfa_buf_clear(&answer->words);
	if (h->cancel && *h->cancel)
		rc = rfa_fail(err, RFA_ECANCELLED, "host", "asked to stop");
	if (rc == 0 && !h->shell)
		rc = rfa_shell_new(&h->shell, h->transport, err);
	if (rc == 0)
		rc = rfa_shell_host_script(h, call, &script, err);
	if (rc == 0)
		rc = rfa_shell_run(h->shell, rfa_buf_str(&script), call->input, call->input_len,
				   h->idle_ms, &answer->out, &answer->words, &answer->status, err);
	if (rc != 0)
		(void)rfa_error_where(err, "%s", h->host.name);
	rfa_buf_release(&script);
	return rc;
}

int rfa_shell_host_read(struct shell_host *h, const struct shell_call *call,
			struct shell_answer *answer, struct rfa_error *err)
{
	int rc = rfa_shell_host_run(h, call, answer, err);

	/* A connection that died while nobody used it is noticed by its next user. */
	if (rc == -RFA_ELOST)
		rc = rfa_shell_host_run(h, call, answer, err);
	return rc;
}

void rfa_shell_answer_release(struct shell_answer *answer)
{
	rfa_buf_release(&answer->out);
	rfa_buf_release(&answer->words);
}

int rfa_shell_host_fail(const struct shell_host *h, const struct shell_answer *answer,
			const char *what, struct rfa_error *err)
{
	(void)rfa_words_fail(answer->status, answer->words.data, answer->words.len, what, err);
	return rfa_error_where(err, "%s", h->host.name);
}

int rfa_shell_host_fail_docker(const struct shell_host *h, const struct shell_answer *answer,
			       const char *what, struct rfa_error *err)
{
	(void)rfa_words_docker(answer->status, answer->words.data, answer->words.len, what, err);
	return rfa_error_where(err, "%s", h->host.name);
}

int rfa_shell_host_nonsense(const struct shell_host *h, const char *what, struct rfa_error *err)
{
	(void)rfa_fail(err, RFA_EPROTOCOL, "host", "the host's answer made no sense: %s", what);
	return rfa_error_where(err, "%s", h->host.name);
}

int rfa_shell_host_json(const struct shell_host *h, json_t **out, const char *text, size_t len,
			const char *what, struct rfa_error *err)
{
	json_error_t why;
	json_t *value = json_loadb(text ? text : "", text ? len : 0, JSON_REJECT_DUPLICATES, &why);

	if (!value) {
		(void)rfa_fail(err, RFA_EPROTOCOL, "host", "%s is no JSON: %s (line %d)", what,
			       why.text, why.line);
		return rfa_error_where(err, "%s", h->host.name);
	}
	*out = value;
	return 0;
}

int rfa_shell_number(const char **text, int64_t *out)
{
	const char *p = *text;
	int64_t n = 0;

	if (!isdigit((unsigned char)*p))
		return -1;
	for (; isdigit((unsigned char)*p); p++) {
		if (n > (INT64_MAX - 9) / 10)
			return -1;
		n = n * 10 + (*p - '0');
	}
	if (*p != '\0' && *p != ' ' && *p != '\n')
		return -1;
	*text = *p ? p + 1 : p;
	*out = n;
	return 0;
}

int rfa_shell_host_path(const struct shell_host *h, struct rfa_buf *out, const char *run,
			const char *rest, struct rfa_error *err)
{
	if (!rfa_host_name_ok(run))
		return rfa_fail(err, RFA_EINTERNAL, "host",
				"a run's id has characters that no id has");
	(void)rfa_buf_printf(out, "%s/runs/%s%s", h->host.state_dir, run, rest);
	return rfa_buf_check(out, err);
}

/* ---- what the host is ----------------------------------------------------------------------- */

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
	static const char *const tools[] = {
		"b2sum", "sha256sum", "sync", "zstd", "gzip", "rsync"
	};
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

/* "1.45" as 1045; 0 for what is none. */
static int api_number(const char *api)
{
	int major = 0, minor = 0;

	return sscanf(api, "%3d.%3d", &major, &minor) == 2 ? major * 1000 + minor : 0;
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

/* Compose is a plugin of the client, which asks each of them who it is. JSON null: none works. */
static json_t *compose_of(const json_t *info)
{
	json_t *plugin;
	size_t i;

	json_array_foreach (rfa_facts_at(info, "ClientInfo/Plugins"), i, plugin) {
		const char *version = rfa_facts_str(plugin, "Version", "");

		if (!strcmp(rfa_facts_str(plugin, "Name", ""), "compose") && *version)
			return json_string(version + (*version == 'v'));
	}
	return json_null();
}

static int one_json_line(struct shell_host *h, const struct rfa_buf *out, const char *key,
			 json_t **value, struct rfa_error *err)
{
	size_t len = 0;
	const char *line = line_of(out, key, &len);

	return rfa_shell_host_json(h, value, line, len, key, err);
}

/* What the scripts need not find out each time: $me, the user, and $gnu, which tools are GNU's. */
static void learn(struct shell_host *h, const struct rfa_buf *out, int64_t uid)
{
	if (h->api[0] || uid < 0)
		return;
	(void)rfa_buf_printf(&h->prologue, "me=%lld gnu='%s %s'\n", (long long)uid,
			     strstr(rfa_buf_str(out), "\ngnu find\n") ? "find" : "",
			     strstr(rfa_buf_str(out), "\ngnu tar\n") ? "tar" : "");
}

static int make_info(struct shell_host *h, const struct rfa_buf *out, json_t **made,
		     struct rfa_error *err)
{
	json_t *version = NULL, *info = NULL, *all = NULL, *uid = NULL;
	const char *api, *client, *text;
	int64_t number = -1;
	size_t len;
	int rc;

	rc = one_json_line(h, out, "version", &version, err);
	if (rc == 0)
		rc = one_json_line(h, out, "info", &info, err);
	if (rc != 0)
		goto done;
	api = rfa_facts_str(version, "Server/ApiVersion", "");
	client = rfa_facts_str(version, "Client/ApiVersion", api);
	/* What both sides speak, so that our own requests mean what docker's would. */
	if (api_number(client) && api_number(client) < api_number(api))
		api = client;
	if (!api_number(api) || strspn(api, "0123456789.") != strlen(api) || strlen(api) > 8) {
		rc = rfa_shell_host_nonsense(h, "docker version names no API version", err);
		goto done;
	}
	text = line_of(out, "uid", &len);
	if (text && rfa_shell_number(&text, &number) == 0)
		uid = json_integer(number);
	all = json_pack("{s:o, s:s, s:s, s:o, s:o, s:o, s:s, s:s, s:s, s:s, s:s, s:o, s:o}",
			"hostname", text_of(out, "hostname"), "os",
			rfa_facts_str(version, "Server/Os", "linux"), "arch",
			rfa_facts_str(version, "Server/Arch", ""), "user", text_of(out, "user"),
			"uid", uid ? uid : json_null(), "boot_id", text_of(out, "boot_id"),
			"engine", rfa_facts_str(version, "Server/Version", ""), "api", api, "store",
			store_of(info), "driver", rfa_facts_str(info, "Driver", ""), "docker_root",
			rfa_facts_str(info, "DockerRootDir", ""), "compose", compose_of(info),
			"tools", tools_of(out));
	if (!all) {
		rc = rfa_fail_nomem(err);
		goto done;
	}
	learn(h, out, number);
	(void)snprintf(h->api, sizeof(h->api), "%s", api);
	(void)snprintf(h->os, sizeof(h->os), "%s", rfa_facts_str(all, "os", ""));
	(void)snprintf(h->arch, sizeof(h->arch), "%s", rfa_facts_str(all, "arch", ""));
	*made = all;
done:
	json_decref(version);
	json_decref(info);
	return rc;
}

int rfa_shell_info(struct rfa_host *host, json_t **out, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL * 4);
	const char *args[] = { h->docker, NULL };
	struct shell_call call = { rfa_script_host_info, args, NULL, 0 };
	int rc = rfa_shell_host_read(h, &call, &answer, err);

	if (rc == 0 && answer.status == 0)
		rc = make_info(h, &answer.out, out, err);
	else if (rc == 0)
		rc = rfa_shell_host_fail_docker(h, &answer, "docker", err);
	rfa_shell_answer_release(&answer);
	return rc;
}

int rfa_shell_host_know(struct shell_host *h, struct rfa_error *err)
{
	json_t *info = NULL;
	int rc = h->api[0] ? 0 : rfa_shell_info(&h->host, &info, err);

	json_decref(info);
	return rc;
}
