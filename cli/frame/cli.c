/* Opens configuration and ledger when a command asks for them, and asks the operator. */
#include "cli/frame/cli.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "transports/git/git.h"

void rfa_cli_problems(const struct rfa_cli *cli, const char *file)
{
	const struct rfa_out *o = &cli->out;
	const char *bold = rfa_out_style(o, o->err, RFA_BOLD);
	const char *plain = rfa_out_style(o, o->err, RFA_PLAIN);

	for (size_t i = 0; i < cli->problems.n; i++) {
		const struct rfa_problem *p = &cli->problems.items[i];
		fprintf(o->err, "%s%s:%d:%d:%s %s%s%s\n", bold, file, p->line, p->column, plain,
			p->path, p->path[0] ? ": " : "", p->what);
		if (p->hint[0])
			fprintf(o->err, "    %s\n", p->hint);
	}
	if (cli->problems.more)
		fprintf(o->err, "and %zu more\n", cli->problems.more);
}

/* path: of a file; out: the folder that it is in. */
static void folder_of(const char *path, char out[PATH_MAX])
{
	char *slash;

	snprintf(out, PATH_MAX, "%s", path);
	slash = strrchr(out, '/');
	if (slash)
		slash[slash == out] = '\0';
}

/* Of a file that was found: its link, itself, and the folders of both. */
static int check_found(const char *path, struct rfa_error *err)
{
	char folder[PATH_MAX], whole[PATH_MAX];
	struct stat st;
	int rc = 0;

	folder_of(path, folder);
	if (lstat(path, &st) || !realpath(path, whole))
		return rfa_fail_errno(err, errno, "%.300s", path);
	/* A link has no mode of its own. */
	st.st_mode &= S_ISLNK(st.st_mode) ? (mode_t)~S_IWOTH : (mode_t)~0;
	rc = rfa_owner_check(path, &st, "the configuration", NULL, err);
	if (rc == 0)
		rc = rfa_owner_check(folder, NULL, "the folder", NULL, err);
	if (rc == 0)
		rc = rfa_owner_check(whole, NULL, "the configuration", NULL, err);
	folder_of(whole, folder);
	return rc < 0 ? rc : rfa_owner_check(folder, NULL, "the folder", NULL, err);
}

/* Whoever names a file knows whose it is. */
static void trust_named(struct rfa_cli *cli, const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0)
		cli->trust = (struct rfa_trust){ st.st_uid, 1 };
}

int rfa_cli_config(struct rfa_cli *cli, struct rfa_error *err)
{
	const char *named = rfa_args_get(&cli->args, "config");
	char *path = named ? strdup(named) : NULL;
	int rc = 0;

	if (cli->config)
		goto done;
	if (named && !path)
		rc = rfa_fail_nomem(err);
	else if (!named)
		rc = rfa_config_find(".", &path, err);
	else
		trust_named(cli, path);
	if (rc == 0 && !named)
		rc = check_found(path, err);
	if (rc == 0)
		rc = rfa_config_load(&cli->config, path, &cli->problems, err);
	if (rc == 0)
		cli->out.secrets = (const char *const *)cli->config->secrets.values;
	if (rc == -(int)RFA_ECONFIG && !cli->out.json)
		rfa_cli_problems(cli, path);
done:
	free(path);
	return rc;
}

int rfa_cli_config_if_any(struct rfa_cli *cli, struct rfa_error *err)
{
	int rc = rfa_cli_config(cli, err);
	if (rc == -(int)RFA_ENOTFOUND && !rfa_args_get(&cli->args, "config")) {
		rfa_error_clear(err);
		return 0;
	}
	return rc;
}

/* A run is carried on as its plan says, and git has commands of its own in a repository. */
static int check_ledger(struct rfa_cli *cli, const char *path, struct rfa_error *err)
{
	char folder[PATH_MAX];
	int rc = rfa_owner_check(path, NULL, "the ledger", &cli->trust, err);

	folder_of(path, folder);
	return rc < 0 ? rc : rfa_owner_check(folder, NULL, "the folder", &cli->trust, err);
}

int rfa_cli_ledger_path(struct rfa_cli *cli, char **out, struct rfa_error *err)
{
	const char *path = rfa_args_get(&cli->args, "ledger");
	if (!path) {
		int rc = rfa_cli_config(cli, err);
		if (rc < 0)
			return rc;
		path = cli->config->ledger;
		rc = check_ledger(cli, path, err);
		if (rc < 0)
			return rc;
	}
	*out = strdup(path);
	return *out ? 0 : rfa_fail_nomem(err);
}

int rfa_cli_ledger(struct rfa_cli *cli, struct rfa_error *err)
{
	char *path = NULL;
	if (cli->ledger)
		return 0;
	/* With --ledger a ledger can be read where there is no rfa.json. */
	int rc = rfa_cli_config_if_any(cli, err);
	if (rc == 0)
		rc = rfa_cli_ledger_path(cli, &path, err);
	if (rc == 0) {
		struct rfa_ledger_options options = {
			.path = path,
			.clock = cli->clock,
			.secrets =
			    cli->config ? (const char *const *)cli->config->secrets.values : NULL,
		};
		rc = rfa_ledger_open(&cli->ledger, &options, err);
		if (rc < 0)
			rfa_error_where(err, "%.120s", path);
	}
	free(path);
	return rc;
}

int rfa_cli_secrets(struct rfa_cli *cli, const json_t *plan, struct rfa_error *err)
{
	if (!cli->config)
		return 0;
	return rfa_secrets_fetch(&cli->config->secrets, plan, cli->config->folder, cli->ledger,
				 err);
}

int rfa_cli_secret(void *user, const char *name, const char **value, struct rfa_error *err)
{
	const struct rfa_cli *cli = user;

	(void)err;
	*value = cli->config ? rfa_secrets_find(&cli->config->secrets, name) : NULL;
	return 0;
}

int rfa_cli_login(void *user, const char *domain, const char **name, const char **secret,
		  struct rfa_error *err)
{
	const struct rfa_cli *cli = user;
	const struct rfa_secret *login =
	    cli->config ? rfa_secrets_login(&cli->config->secrets, domain) : NULL;

	(void)err;
	*name = login ? login->user : NULL;
	*secret = login ? login->value : NULL;
	return 0;
}

const char *rfa_cli_age(const struct rfa_cli *cli, const char *iso, char into[RFA_SHORT_MAX])
{
	int64_t at;
	if (rfa_time_parse(iso, &at) == 0)
		return rfa_out_age(into, cli->clock->wall_ms(cli->clock) - at);
	snprintf(into, RFA_SHORT_MAX, "-");
	return into;
}

void rfa_story_release(struct rfa_run_report *report)
{
	json_decref(report->plan);
	for (size_t i = 0; i < report->n_log; i++)
		free(report->log[i]);
	memset(report, 0, sizeof(*report));
}

void rfa_cli_forget(struct rfa_cli *cli)
{
	rfa_story_release(&cli->report);
	rfa_repository_free(cli->repository);
	rfa_ledger_free(cli->ledger);
	rfa_config_free(cli->config);
	rfa_problems_release(&cli->problems);
	cli->repository = NULL;
	cli->ledger = NULL;
	cli->config = NULL;
	cli->out.secrets = NULL;
}

void rfa_cli_release(struct rfa_cli *cli)
{
	rfa_cli_forget(cli);
	rfa_args_release(&cli->args);
}

const char *rfa_cli_word(const struct rfa_cli *cli, size_t n)
{
	return rfa_args_word(&cli->args, n);
}

const char *const *rfa_cli_words(const struct rfa_cli *cli, size_t n)
{
	return cli->args.words + (n < cli->args.n_words ? n : cli->args.n_words);
}

const char *rfa_cli_option(const struct rfa_cli *cli, const char *name)
{
	return rfa_args_get(&cli->args, name);
}

int rfa_cli_need(const struct rfa_cli *cli, const char *name, const char **out,
		 struct rfa_error *err)
{
	*out = rfa_cli_option(cli, name);
	if (*out)
		return 0;
	rfa_fail(err, RFA_EUSAGE, "cli", "`rfa %s` needs --%s", cli->command.name, name);
	return rfa_error_hint(err, "rfa %s %s", cli->command.name, cli->command.words);
}

int rfa_cli_stack_env(struct rfa_cli *cli, const char **stack, const char **env,
		      struct rfa_error *err)
{
	int rc = rfa_cli_config(cli, err);

	*stack = rfa_cli_word(cli, 0);
	if (rc == 0)
		rc = rfa_config_has_stack(cli->config, *stack, err);
	if (rc == 0)
		rc = rfa_cli_need(cli, "env", env, err);
	return rc < 0 ? rc : rfa_config_has_env(cli->config, *env, err);
}

int rfa_cli_confirm(struct rfa_cli *cli, const char *name, const char *what, struct rfa_error *err)
{
	return rfa_cli_confirm_by(cli, "yes", name, what, err);
}

int rfa_cli_confirm_by(struct rfa_cli *cli, const char *option, const char *name, const char *what,
		       struct rfa_error *err)
{
	const char *yes = rfa_cli_option(cli, option);
	const char *quote = strchr(name, ' ') ? "'" : "";
	char typed[128] = "";

	if (yes && strcmp(yes, name) == 0)
		return 0;
	if (yes) {
		rfa_fail(err, RFA_EREFUSED, "cli", "--%s says \"%.60s\", but this is about \"%s\"",
			 option, yes, name);
		return rfa_error_hint(err, "--%s %s%s%s", option, quote, name, quote);
	}
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
		size_t len = strlen(what);
		len -= len > 0 && what[len - 1] == '.';
		rfa_fail(err, RFA_EREFUSED, "cli",
			 "%.*s: this asks for \"%s\" to be typed, and there is no terminal",
			 (int)len, what, name);
		return rfa_error_hint(err, "add --%s %s%s%s", option, quote, name, quote);
	}
	fflush(cli->out.out);
	fprintf(cli->out.err,
		"%s%s%s\nType %s to go on: ", rfa_out_style(&cli->out, cli->out.err, RFA_YELLOW),
		what, rfa_out_style(&cli->out, cli->out.err, RFA_PLAIN), name);
	fflush(cli->out.err);
	if (!fgets(typed, sizeof(typed), stdin))
		typed[0] = '\0';
	typed[strcspn(typed, "\r\n")] = '\0';
	if (strcmp(typed, name) == 0)
		return 0;
	return rfa_fail(err, RFA_EREFUSED, "cli", "\"%s\" was not typed: nothing was done", name);
}
