/* Compose: the project as compose itself understands it, and bringing it up. */
#include "transports/host/shell/shell.h"

#include <stdio.h>
#include <string.h>

#include "fsm/base/facts.h"

/* Files, environment files, services and their numbers of one project. */
#define WORDS_MAX 1024

/* How a script ends that cannot go into the project's directory. */
#define NO_DIRECTORY 44

struct words {
	const char *args[WORDS_MAX + 1]; /* args[0] is the directory */
	size_t n;
};

static void add(struct words *w, const char *word)
{
	if (w->n < WORDS_MAX)
		w->args[w->n] = word;
	w->n++;
}

static void add_list(struct words *w, const char *flag, const char *const *list)
{
	size_t i;

	for (i = 0; list && list[i]; i++) {
		if (flag)
			add(w, flag);
		add(w, list[i]);
	}
}

/* The words that say which project, but for its files. */
static void add_project(struct words *w, const struct rfa_compose *project)
{
	add(w, "--ansi");
	add(w, "never");
	add(w, "-p");
	add(w, project->project);
	add(w, "--project-directory");
	add(w, project->directory);
	add_list(w, "--env-file", project->env_files);
}

static void begin(struct words *w, const struct rfa_compose *project)
{
	w->n = 0;
	add(w, project->directory);
	add_project(w, project);
}

static int end(struct words *w, const struct rfa_compose *project, struct rfa_error *err)
{
	if (w->n > WORDS_MAX)
		return rfa_fail(err, RFA_ETOOBIG, "host",
				"a Compose project names too many files and services");
	if (project->directory[0] != '/')
		return rfa_fail(err, RFA_EINTERNAL, "host",
				"a Compose project's directory is not absolute");
	w->args[w->n] = NULL;
	return 0;
}

static int failed(struct shell_host *h, const struct shell_answer *answer,
		  const struct rfa_compose *project, struct rfa_error *err)
{
	char what[160];

	if (answer->status == NO_DIRECTORY) {
		(void)rfa_fail(err, RFA_ENOTFOUND, "host", "there is no directory %.300s",
			       project->directory);
		(void)rfa_error_where(err, "%s", h->host.name);
		return rfa_error_hint(err, "make it there, or correct it in rfa.json");
	}
	(void)snprintf(what, sizeof(what), "compose project %.100s", project->project);
	return rfa_shell_host_fail(h, answer, what, err);
}

/* Runs a script that only reads; input may be NULL. */
static int ask(struct shell_host *h, const char *const *script, const struct words *w,
	       const struct rfa_buf *input, const struct rfa_compose *project,
	       struct shell_answer *answer, struct rfa_error *err)
{
	struct shell_call call = { script, w->args, input ? input->data : NULL,
				   input ? input->len : 0 };
	int rc = rfa_shell_host_read(h, &call, answer, err);

	return rc == 0 && answer->status != 0 ? failed(h, answer, project, err) : rc;
}

/* Which Compose. */

/* Compose is a plugin of the client, which asks each of them who it is. JSON null: none works. */
static json_t *compose_of(const json_t *client)
{
	json_t *plugin;
	size_t i;

	json_array_foreach (json_object_get(client, "Plugins"), i, plugin) {
		const char *version = rfa_facts_str(plugin, "Version", "");

		if (!strcmp(rfa_facts_str(plugin, "Name", ""), "compose") && *version)
			return json_string(version + (*version == 'v'));
	}
	return json_null();
}

int rfa_shell_compose_version(struct rfa_host *host, json_t **out, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct shell_call call = { rfa_script_compose_version, NULL, NULL, 0 };
	json_t *client = NULL;
	int rc = rfa_shell_host_read(h, &call, &answer, err);

	if (rc == 0 && answer.status != 0)
		rc = rfa_shell_host_fail_docker(h, &answer, "docker", err);
	if (rc == 0)
		rc = rfa_shell_host_json(h, &client, answer.out.data, answer.out.len, "docker info",
					 err);
	if (rc == 0) {
		*out = compose_of(client);
		rc = *out ? 0 : rfa_fail_nomem(err);
	}
	json_decref(client);
	rfa_shell_answer_release(&answer);
	return rc;
}

/* Which files. */

static int add_path(json_t *out, const char *directory, const char *name, size_t len,
		    struct rfa_error *err)
{
	struct rfa_buf path = RFA_BUF_INIT(8192);
	int rc;

	if (*name != '/')
		(void)rfa_buf_printf(&path, "%s/", directory);
	(void)rfa_buf_add(&path, name, len);
	rc = rfa_buf_check(&path, err);
	if (rc == 0 && json_array_append_new(out, json_string(rfa_buf_str(&path))))
		rc = rfa_fail_nomem(err);
	rfa_buf_release(&path);
	return rc;
}

/* What COMPOSE_FILE lists, relative to the directory. */
static int add_listed(json_t *out, const json_t *said, const char *directory, struct rfa_error *err)
{
	const char *at = rfa_facts_str(said, "files", "");
	const char *separator = rfa_facts_str(said, "separator", "");
	int rc = 0;

	if (!*separator)
		separator = ":";
	while (*at && rc == 0) {
		const char *next = strstr(at, separator);
		size_t len = next ? (size_t)(next - at) : strlen(at);

		rc = add_path(out, directory, at, len, err);
		at += len;
		at += next ? strlen(separator) : 0;
	}
	return rc;
}

/* Takes what rfa_script_compose_files has printed. */
static int take_files(struct shell_host *h, const struct rfa_compose *project,
		      const struct rfa_buf *text, json_t *out, struct rfa_error *err)
{
	const char *at = rfa_buf_str(text);
	const char *last = at + text->len;
	json_t *usual = json_array();
	json_t *probe = NULL;
	int rc = usual ? 0 : rfa_fail_nomem(err);

	while (rc == 0 && at < last && *at) {
		rc = add_path(usual, "", at, strlen(at), err);
		at += strlen(at) + 1;
	}
	at += at < last; /* the empty one */
	if (rc == 0)
		rc = rfa_shell_host_json(h, &probe, at, (size_t)(last - at),
					 "docker compose config", err);
	if (rc == 0)
		rc = add_listed(out, rfa_facts_at(probe, "services/rfa/labels"), project->directory,
				err);
	if (rc == 0 && json_array_size(out) == 0 && json_array_extend(out, usual))
		rc = rfa_fail_nomem(err);
	json_decref(usual);
	json_decref(probe);
	return rc;
}

/* Compose has the last word on what it finds. */
static int prove_files(struct shell_host *h, const struct rfa_compose *project, const json_t *files,
		       struct rfa_error *err)
{
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct words w = { .n = 0 };
	char count[32];
	json_t *one;
	size_t i;
	int rc;

	(void)snprintf(count, sizeof(count), "%zu", 2 * json_array_size(files));
	add(&w, project->directory);
	add(&w, count);
	json_array_foreach ((json_t *)(uintptr_t)files, i, one) {
		add(&w, "-f");
		add(&w, json_string_value(one));
	}
	add_project(&w, project);
	rc = end(&w, project, err);
	if (rc == 0)
		rc = ask(h, rfa_script_compose_same, &w, NULL, project, &answer, err);
	if (rc != 0 && answer.status == 45) {
		(void)rfa_fail(
		    err, RFA_EUNSUPPORTED, "host",
		    "compose project %.100s: it cannot be told which files Compose finds "
		    "in %.200s",
		    project->project, project->directory);
		(void)rfa_error_where(err, "%s", h->host.name);
		rc = rfa_error_hint(err, "name them: compose.files of the stack in rfa.json");
	}
	rfa_shell_answer_release(&answer);
	return rc;
}

int rfa_shell_compose_files(struct rfa_host *host, const struct rfa_compose *project, json_t **out,
			    struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	json_t *files = json_array();
	struct words w;
	int rc;

	begin(&w, project);
	rc = files ? end(&w, project, err) : rfa_fail_nomem(err);
	if (rc == 0)
		rc = ask(h, rfa_script_compose_files, &w, NULL, project, &answer, err);
	if (rc == 0)
		rc = take_files(h, project, &answer.out, files, err);
	if (rc == 0)
		rc = prove_files(h, project, files, err);
	if (rc == 0)
		*out = json_incref(files);
	json_decref(files);
	rfa_shell_answer_release(&answer);
	return rc;
}

/* What they say. */

/*
 * Compose warns of each variable without a value: The "PW" variable is not set. Defaulting to a
 * blank string. Its logger escapes the quotes.
 */
static int unset_of(const char *words, json_t *out)
{
	static const char behind[] = " variable is not set";
	const char *at = words;

	while ((at = strstr(at, behind)) != NULL) {
		const char *end = at;
		const char *name;
		json_t *one;
		size_t i;
		int known = 0;

		while (end > words && (end[-1] == '"' || end[-1] == '\\'))
			end--;
		for (name = end; name > words && strchr("\"\\ \n", name[-1]) == NULL; name--)
			;
		at += sizeof(behind) - 1;
		json_array_foreach (out, i, one)
			known |= strlen(json_string_value(one)) == (size_t)(end - name) &&
				 memcmp(json_string_value(one), name, (size_t)(end - name)) == 0;
		if (end > name && !known &&
		    json_array_append_new(out, json_stringn(name, (size_t)(end - name))))
			return -1;
	}
	return 0;
}

/* The same error, of another kind. */
static int not_found(struct rfa_error *err)
{
	struct rfa_error same = *err;

	(void)rfa_fail(err, RFA_ENOTFOUND, same.domain, "%s", same.msg);
	return rfa_error_where(err, "%s", same.where);
}

int rfa_shell_compose_config(struct rfa_host *host, const struct rfa_compose *project, json_t **out,
			     struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_JSON_MAX);
	json_t *config = NULL;
	json_t *unset = json_array();
	struct words w;
	int rc;

	begin(&w, project);
	add_list(&w, "-f", project->files);
	add(&w, "config");
	add(&w, "--format");
	add(&w, "json");
	add(&w, "--");
	add_list(&w, NULL, project->services);
	rc = end(&w, project, err);
	if (rc == 0)
		rc = ask(h, rfa_script_compose_run, &w, NULL, project, &answer, err);
	if (rc == -(int)RFA_EREMOTE &&
	    rfa_remote_mentions(answer.words.data, answer.words.len, "no such service"))
		rc = not_found(err);
	if (rc == 0)
		rc = rfa_shell_host_json(h, &config, answer.out.data, answer.out.len,
					 "docker compose config", err);
	if (rc == 0 && !json_is_object(config))
		rc = rfa_shell_protocol_error(h, "docker compose config answered no object", err);
	if (rc == 0 && (!unset || unset_of(rfa_buf_str(&answer.words), unset)))
		rc = rfa_fail_nomem(err);
	if (rc == 0)
		*out = json_pack("{s:O, s:O}", "config", config, "unset", unset);
	json_decref(config);
	json_decref(unset);
	rfa_shell_answer_release(&answer);
	return rc == 0 && !*out ? rfa_fail_nomem(err) : rc;
}

/* "SERVICE HASH" a line. */
static int take_hashes(struct shell_host *h, const char *at, json_t *out, struct rfa_error *err)
{
	while (*at) {
		size_t len = strcspn(at, " \n");
		const char *hash = at + len + (at[len] == ' ');

		if (at[len] != ' ' || !rfa_shell_sha256_ok(hash) || hash[64] != '\n')
			return rfa_shell_protocol_error(h, "docker compose config --hash", err);
		if (json_object_setn_new(out, at, len, json_stringn(hash, 64)))
			return rfa_fail_nomem(err);
		at = hash + 65;
	}
	return 0;
}

/*
 * The configuration goes back into Compose, which labels containers with the hash of what it has
 * filled in: since 2.22 `config --hash` of the files themselves leaves env_file out.
 */
int rfa_shell_compose_hash(struct rfa_host *host, const struct rfa_compose *project,
			   const json_t *config, json_t **out, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct rfa_buf text = RFA_BUF_INIT(SHELL_JSON_MAX);
	json_t *hashes = json_object();
	struct words w;
	int rc = hashes ? 0 : rfa_fail_nomem(err);

	begin(&w, project);
	add(&w, "--profile");
	add(&w, "*");
	add(&w, "-f");
	add(&w, "-");
	add(&w, "config");
	add(&w, "--hash");
	add(&w, "*");
	if (rc == 0)
		rc = end(&w, project, err);
	if (rc == 0)
		rc = rfa_facts_encode(config, &text, err);
	if (rc == 0)
		rc = ask(h, rfa_script_compose_run, &w, &text, project, &answer, err);
	if (rc == 0)
		rc = take_hashes(h, rfa_buf_str(&answer.out), hashes, err);
	if (rc == 0)
		*out = json_incref(hashes);
	json_decref(hashes);
	rfa_buf_release(&text);
	rfa_shell_answer_release(&answer);
	return rc;
}

/* Up. */

int rfa_shell_compose_up(struct rfa_host *host, const struct rfa_job_key *key,
			 const struct rfa_compose *project, struct rfa_error *err)
{
	static const char *const up[] = { "up",     "-d",    "--no-build", "--remove-orphans=false",
					  "--pull", "never", NULL };
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct shell_call program = { rfa_script_compose_run, NULL, NULL, 0 };
	struct words w;
	int rc;

	begin(&w, project);
	add_list(&w, "-f", project->files);
	add_list(&w, NULL, up);
	if (project->no_start)
		add(&w, "--no-start");
	if (project->recreate)
		add(&w, "--force-recreate");
	add_list(&w, "--scale", project->scale);
	if (project->services && project->services[0]) {
		add(&w, "--no-deps");
		add(&w, "--");
		add_list(&w, NULL, project->services);
	}
	rc = end(&w, project, err);
	program.args = w.args;
	if (rc == 0)
		rc = rfa_shell_host_job(h, key, &program, &answer, err);
	if (rc == 0 && answer.status != 0)
		rc = failed(h, &answer, project, err);
	rfa_shell_answer_release(&answer);
	return rc;
}

/* One more container of a service. */

/* Of a command that names a container: docker's own words say that its name is taken. */
static int not_run(struct shell_host *h, const struct shell_answer *answer,
		   const struct rfa_compose *project, const char *name, struct rfa_error *err)
{
	struct rfa_buf what = RFA_BUF_INIT(512);
	int rc;

	if (answer->status == NO_DIRECTORY)
		return failed(h, answer, project, err);
	(void)rfa_buf_puts(&what, "container ");
	(void)rfa_buf_put_printable(&what, name, strlen(name), 80);
	rc = rfa_shell_host_fail_docker(h, answer, rfa_buf_str(&what), err);
	rfa_buf_release(&what);
	return rc;
}

int rfa_shell_compose_run(struct rfa_host *host, const struct rfa_job_key *key,
			  const struct rfa_compose *project, const char *name,
			  const char *const argv[], struct rfa_error *err)
{
	static const char *const run[] = { "run", "-d", "-T", "--no-deps", "--name", NULL };
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct shell_call program = { rfa_script_compose_run, NULL, NULL, 0 };
	struct words w;
	int rc;

	begin(&w, project);
	add_list(&w, "-f", project->files);
	add_list(&w, NULL, run);
	add(&w, name);
	add(&w, "--");
	add(&w, project->services[0]);
	add_list(&w, NULL, argv);
	rc = end(&w, project, err);
	program.args = w.args;
	if (rc == 0)
		rc = rfa_shell_host_job(h, key, &program, &answer, err);
	if (rc == 0 && answer.status != 0)
		rc = not_run(h, &answer, project, name, err);
	rfa_shell_answer_release(&answer);
	return rc;
}
