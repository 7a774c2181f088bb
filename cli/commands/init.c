/* `rfa init`: writes a first rfa.json and makes the ledger. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/commands/init_from.h"
#include "cli/commands/init_router.h"
#include "cli/config/schema.h"
#include "fsm/base/suggest.h"

/* First files for the kinds of set-ups that there are; the longer ones are in fixtures/apps. */
static const struct {
	const char *name, *what, *text;
} templates[] = {
	{ "containers", "containers made with docker run",
	  "{\n"
	  "\t\"$schema\": \"" RFA_INIT_SCHEMA "\",\n"
	  "\t\"version\": 1,\n"
	  "\t\"environments\": {\n"
	  "\t\t\"test\": { \"destination\": \"root@test.example.com\" },\n"
	  "\t\t\"prod\": { \"destination\": \"root@prod.example.com\" }\n"
	  "\t},\n"
	  "\t\"stacks\": {\n"
	  "\t\t\"shop\": {\n"
	  "\t\t\t\"containers\": [\"shop-backend\", \"shop-frontend\"],\n"
	  "\t\t\t\"health\": [{ \"url\": \"http://127.0.0.1:8000/health\" }],\n"
	  "\t\t\t\"keep_images\": 3\n"
	  "\t\t}\n"
	  "\t}\n"
	  "}\n" },
	{ "compose", "a Compose project",
	  "{\n"
	  "\t\"$schema\": \"" RFA_INIT_SCHEMA "\",\n"
	  "\t\"version\": 1,\n"
	  "\t\"environments\": {\n"
	  "\t\t\"test\": { \"destination\": \"root@test.example.com\" },\n"
	  "\t\t\"prod\": { \"destination\": \"root@prod.example.com\" }\n"
	  "\t},\n"
	  "\t\"stacks\": {\n"
	  "\t\t\"shop\": {\n"
	  "\t\t\t\"compose\": { \"project\": \"shop\", \"directory\": \"/srv/stacks/shop\" },\n"
	  "\t\t\t\"health\": [{ \"url\": \"http://127.0.0.1:8000/health\" }],\n"
	  "\t\t\t\"keep_images\": 3\n"
	  "\t\t}\n"
	  "\t}\n"
	  "}\n" },
	{ "ragflowauth", "two containers, a guarded base_url, a first deployment, data and backups",
	  "{\n"
	  "\t\"$schema\": \"" RFA_INIT_SCHEMA "\",\n"
	  "\t\"version\": 1,\n"
	  "\t\"environments\": {\n"
	  "\t\t\"test\": { \"destination\": \"root@172.30.30.58\", \"address\": \"172.30.30.58\" "
	  "},\n"
	  "\t\t\"prod\": { \"destination\": \"root@172.30.30.57\", \"address\": \"172.30.30.57\" "
	  "}\n"
	  "\t},\n"
	  "\t\"stacks\": {\n"
	  "\t\t\"ragflowauth\": {\n"
	  "\t\t\t\"containers\": [\"ragflowauth-backend\", \"ragflowauth-frontend\"],\n"
	  "\t\t\t\"base_url\": { \"file\": \"/opt/ragflowauth/ragflow_config.json\", \"key\": "
	  "\"base_url\" },\n"
	  "\t\t\t\"bootstrap\": {\n"
	  "\t\t\t\t\"requires\": [\"/opt/ragflowauth/ragflow_config.json\", "
	  "\"/opt/ragflowauth/ragflow_compose/\"]\n"
	  "\t\t\t},\n"
	  "\t\t\t\"health\": [{ \"url\": \"http://127.0.0.1:8001/health\" }],\n"
	  "\t\t\t\"keep_running\": [\"node-exporter\", \"portainer\"],\n"
	  "\t\t\t\"data\": {\n"
	  "\t\t\t\t\"members\": {\n"
	  "\t\t\t\t\t\"auth\": { \"sqlite\": \"/opt/ragflowauth/data/auth.db\" },\n"
	  "\t\t\t\t\t\"esdata01\": { \"volume\": \"ragflow_compose_esdata01\" },\n"
	  "\t\t\t\t\t\"mysql_data\": { \"volume\": \"ragflow_compose_mysql_data\" },\n"
	  "\t\t\t\t\t\"minio_data\": { \"volume\": \"ragflow_compose_minio_data\" },\n"
	  "\t\t\t\t\t\"redis_data\": { \"volume\": \"ragflow_compose_redis_data\" }\n"
	  "\t\t\t\t},\n"
	  "\t\t\t\t\"stop\": { \"projects\": [\"ragflow_compose\"] }\n"
	  "\t\t\t},\n"
	  "\t\t\t\"backup\": {\n"
	  "\t\t\t\t\"directory\": \"/var/backups/rfa\",\n"
	  "\t\t\t\t\"files\": [\"/opt/ragflowauth/ragflow_config.json\"],\n"
	  "\t\t\t\t\"keep\": { \"days\": 30, \"weekly\": 8, \"monthly\": 12 }\n"
	  "\t\t\t}\n"
	  "\t\t}\n"
	  "\t}\n"
	  "}\n" },
};
enum { N_TEMPLATES = sizeof(templates) / sizeof(templates[0]) };

static int find_template(const char *name, const char **text, struct rfa_error *err)
{
	struct rfa_suggestion s = { name, NULL, 0 };
	struct rfa_buf all = RFA_BUF_INIT(1024);
	for (size_t i = 0; i < N_TEMPLATES; i++) {
		if (strcmp(templates[i].name, name) == 0) {
			*text = templates[i].text;
			rfa_buf_release(&all);
			return 0;
		}
		rfa_suggest_offer(&s, templates[i].name);
		rfa_buf_printf(&all, "%s%s (%s)", i ? ", " : "", templates[i].name,
			       templates[i].what);
	}
	rfa_fail(err, RFA_EUSAGE, "cli", "there is no example \"%.40s\"", name);
	int rc = s.best ? rfa_error_hint(err, "did you mean --example %s?", s.best)
			: rfa_error_hint(err, "there is: %s", rfa_buf_str(&all));
	rfa_buf_release(&all);
	return rc;
}

/* A file that is there is never touched. */
static int write_new(const char *path, const char *text, int *written, struct rfa_error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	size_t len = strlen(text);
	*written = 0;
	if (fd < 0 && errno == EEXIST)
		return 0;
	if (fd < 0)
		return rfa_fail_errno(err, errno, "%.300s", path);
	ssize_t put = write(fd, text, len);
	int saved = errno, synced = fsync(fd);
	close(fd);
	if (put != (ssize_t)len || synced != 0) {
		unlink(path);
		return rfa_fail_errno(err, put < 0 ? saved : ENOSPC, "%.300s", path);
	}
	*written = 1;
	return 0;
}

/* Makes the folder of a path, and those above it, as `mkdir -p` does. */
static int make_parents(const char *path, struct rfa_error *err)
{
	char at[PATH_MAX];
	int n = snprintf(at, sizeof(at), "%s", path);
	if (n < 0 || (size_t)n >= sizeof(at))
		return rfa_fail(err, RFA_EUSAGE, "cli", "the path is too long: %.100s", path);
	for (char *slash = strchr(at + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(at, 0777) < 0 && errno != EEXIST)
			return rfa_fail_errno(err, errno, "%.300s", at);
		*slash = '/';
	}
	return 0;
}

static int make_ledger(struct rfa_cli *cli, struct rfa_error *err)
{
	char *path = NULL;
	int rc = rfa_cli_ledger_path(cli, &path, err);
	if (rc == 0)
		rc = make_parents(path, err);
	if (rc == 0) {
		struct rfa_ledger_options options = { .path = path, .clock = cli->clock };
		rc = rfa_ledger_init(&options, err);
	}
	if (rc == 0)
		rfa_out_say(&cli->out, "made the ledger %s", path);
	if (rc == -(int)RFA_EEXISTS) {
		rfa_error_clear(err);
		rc = 0;
		rfa_out_say(&cli->out, "the ledger %s is there already", path);
	}
	free(path);
	return rc;
}

/* The keys as an editor reads them, always those of this rfa. */
static int write_schema(const char *beside, struct rfa_error *err)
{
	json_t *schema = NULL;
	char path[PATH_MAX], *text = NULL;
	int unused, rc = rfa_schema_json(&schema, err);

	int n = snprintf(path, sizeof(path), "%.*s" RFA_INIT_SCHEMA,
			 (int)(strrchr(beside, '/') - beside + 1), beside);
	if (rc == 0 && (n < 0 || (size_t)n >= sizeof(path)))
		rc = rfa_fail(err, RFA_EUSAGE, "cli", "the path is too long: %.100s", beside);
	if (rc == 0)
		rc = make_parents(path, err);
	if (rc == 0 && unlink(path) < 0 && errno != ENOENT)
		rc = rfa_fail_errno(err, errno, "%.300s", path);
	text = rc == 0 ? json_dumps(schema, JSON_INDENT(1) | JSON_ENSURE_ASCII) : NULL;
	if (rc == 0)
		rc = text ? write_new(path, text, &unused, err) : rfa_fail_nomem(err);
	free(text);
	json_decref(schema);
	return rc;
}

/* What was written for the observation goes when there was nothing to be seen: nothing is left by
 * half. */
static int fill_in(struct rfa_cli *cli, const char *path, json_t *root, struct rfa_error *err)
{
	json_t *found = NULL;
	char *text = NULL;
	int written = 0;
	int rc = rfa_init_observe(cli, "test", &found, err);

	if (unlink(path) < 0 && rc == 0)
		rc = rfa_fail_errno(err, errno, "%.300s", path);
	if (rc == 0)
		rc = rfa_facts_set(root, "stacks", json_incref(json_object_get(found, "stacks")),
				   err);
	text = rc == 0 ? json_dumps(root, JSON_INDENT(2)) : NULL;
	if (rc == 0)
		rc = text ? write_new(path, text, &written, err) : rfa_fail_nomem(err);
	if (rc == 0)
		rfa_init_say(cli, "test", found);
	free(text);
	json_decref(found);
	return rc;
}

/* There is an rfa.json: it stays as it is, and what to put into it is the answer. */
static int show_only(struct rfa_cli *cli, const char *env, struct rfa_error *err)
{
	json_t *found = NULL, *stacks = NULL;
	int rc = rfa_config_has_env(cli->config, env, err);

	if (rc == 0)
		rc = rfa_init_observe(cli, env, &found, err);
	if (rc == 0) {
		stacks = json_pack("{s:O}", "stacks", json_object_get(found, "stacks"));
		rc = stacks ? rfa_out_json(&cli->out, stacks, err) : rfa_fail_nomem(err);
	}
	if (rc == 0) {
		rfa_init_say(cli, env, found);
		rfa_out_note(&cli->out, "\n%s stays as it is: put into it what you need of this",
			     cli->config->path);
	}
	json_decref(stacks);
	json_decref(found);
	return rc;
}

/* The text that a new file begins with, and, with --from, the document that it comes from (new). */
static int first_text(struct rfa_cli *cli, char **text, json_t **root, struct rfa_error *err)
{
	const char *example = rfa_cli_option(cli, "example");
	const char *from = rfa_cli_option(cli, "from"), *to = NULL;
	const char *ready = NULL;
	int rc = 0;

	if (from) {
		rc = rfa_cli_need(cli, "to", &to, err);
		*root = rc == 0 ? rfa_init_root(from, to) : NULL;
		*text = *root ? json_dumps(*root, JSON_INDENT(2)) : NULL;
	} else {
		rc = find_template(example ? example : "containers", &ready, err);
		*text = rc == 0 ? strdup(ready) : NULL;
	}
	return rc == 0 && !*text ? rfa_fail_nomem(err) : rc;
}

/* A file of a router's static part, in that folder. */
static int put_part(const struct rfa_cli *cli, const char *folder,
		    const struct rfa_router_part *part, struct rfa_error *err)
{
	char path[PATH_MAX];
	int written = 0, rc;
	int n = snprintf(path, sizeof(path), "%s/%s", folder, part->name);

	if (n < 0 || (size_t)n >= sizeof(path))
		return rfa_fail(err, RFA_EUSAGE, "cli", "the path is too long");
	rc = make_parents(path, err);
	if (rc == 0)
		rc = write_new(path, part->text, &written, err);
	if (rc == 0)
		rfa_out_say(&cli->out,
			    written ? "wrote %s: %s"
				    : "%s is there already: it stays as it is (%s)",
			    path, part->what);
	return rc;
}

static int init_router(struct rfa_cli *cli, const char *folder, struct rfa_error *err)
{
	struct rfa_router_part parts[2] = { { NULL, NULL, NULL }, { NULL, NULL, NULL } };
	int rc = rfa_init_router(cli, parts, err);

	for (size_t i = 0; i < 2 && rc == 0; i++)
		rc = put_part(cli, folder, &parts[i], err);
	for (size_t i = 0; i < 2; i++)
		free(parts[i].text);
	return rc;
}

static int run_init(struct rfa_cli *cli, struct rfa_error *err)
{
	const char *folder = rfa_cli_word(cli, 0) ? rfa_cli_word(cli, 0) : ".";
	const char *named = rfa_cli_option(cli, "config");
	const char *from = rfa_cli_option(cli, "from");
	json_t *root = NULL;
	char path[PATH_MAX], *text = NULL;
	const char *ready;
	int written = 0, rc = 0;

	if (rfa_cli_option(cli, "to") && !from) {
		rfa_fail(err, RFA_EUSAGE, "cli",
			 "--to is for --from: where that shall run as well");
		return rfa_error_hint(err,
				      "rfa init --from DESTINATION --to DESTINATION; or without "
				      "both, and write the host into rfa.json");
	}
	if (rfa_cli_option(cli, "router"))
		return init_router(cli, folder, err);
	int n = named ? snprintf(path, sizeof(path), "%s", named)
		      : snprintf(path, sizeof(path), "%s/rfa.json", folder);
	if (n < 0 || (size_t)n >= sizeof(path))
		return rfa_fail(err, RFA_EUSAGE, "cli", "the path is too long");
	if (rfa_cli_option(cli, "example"))
		rc = find_template(rfa_cli_option(cli, "example"), &ready, err);
	if (rc == 0 && access(path, F_OK) != 0) {
		rc = first_text(cli, &text, &root, err);
		if (rc == 0)
			rc = make_parents(path, err);
		if (rc == 0)
			rc = write_new(path, text, &written, err);
	}
	if (rc == 0)
		rc = rfa_config_load(&cli->config, path, &cli->problems, err);
	if (rc == -(int)RFA_ECONFIG)
		rfa_cli_problems(cli, path);
	if (rc < 0 && written)
		unlink(path);
	if (rc == 0 && written && from)
		rc = fill_in(cli, path, root, err);
	if (rc == 0 && !written && from)
		rc = show_only(cli, from, err);
	free(text);
	json_decref(root);
	if (rc < 0 || (from && !written))
		return rc;
	rfa_out_say(&cli->out, written ? "wrote %s" : "%s is there already: it stays as it is",
		    cli->config->path);
	rc = make_ledger(cli, err);
	if (rc == 0)
		rc = write_schema(cli->config->path, err);
	if (rc == 0 && written)
		rfa_out_note(&cli->out, "\nnext: %s, then `rfa check --connect`",
			     from ? "read it, fill in the values that are different on prod"
				  : "put your hosts and containers into it");
	return rc;
}

static const struct rfa_option init_options[] = {
	{ "example", 0, "NAME", NULL, NULL,
	  "which example to begin with: containers, compose, ragflowauth" },
	{ "from", 0, "DESTINATION", NULL, NULL,
	  "describe what runs there; with an rfa.json: its environment" },
	{ "to", 0, "DESTINATION", NULL, NULL, "with --from: where it shall run as well" },
	{ "router", 0, "STACK", NULL, NULL,
	  "write what the router of its traffic needs, for you to put there" },
	{ "env", 0, "ENV", NULL, NULL, "with --router: the environment" },
	RFA_OPTION_END,
};

const struct rfa_cli_command rfa_cmd_init = {
	.name = "init",
	.group = "set up",
	.words = "[DIR]",
	.summary = "write a first rfa.json and make the ledger",
	.details =
	    "What is there already stays as it is. With --from the file describes what runs on\n"
	    "that host: a stack for each Compose project, and one for the containers of `docker\n"
	    "run` that share a network, with all that is needed to make them elsewhere. Values\n"
	    "that look secret, or that name the host itself, are not copied: ${NAME} stands in\n"
	    "their place until they have a value (README), and no promotion begins before. Where\n"
	    "there is an rfa.json, only the stacks are printed.",
	.options = init_options,
	.examples =
	    (const struct rfa_example[]){
		{ "rfa init", "in this folder" },
		{ "rfa init --from root@test.example.com --to root@prod.example.com",
		  "from what runs on test" },
		{ "rfa init deploy --example compose", "for a Compose project, in ./deploy" },
		{ "rfa init edge --router shop --env prod",
		  "the router's static part, into ./edge" },
		{ "rfa --ledger ~/ledger init", "with the ledger elsewhere" },
		{ NULL, NULL },
	    },
	.max_words = 1,
	.run = run_init,
};
