/* `rfa doctor`: looks for what commonly goes wrong, and says how to mend it. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/notify/notify.h"
#include "cli/report/run_list.h"
#include "cli/frame/redact.h"
#include "cli/config/secrets.h"

enum verdict { FINE, NOTE, BAD };

struct doctor {
	struct rfa_cli *cli;
	json_t *lines;
	int bad;
};

static void tell(struct doctor *d, enum verdict verdict, const char *what, const char *evidence,
		 const char *hint)
{
	static const char *const words[] = { "ok", "note", "bad" };
	static const enum rfa_style styles[] = { RFA_GREEN, RFA_YELLOW, RFA_RED };
	const struct rfa_out *o = &d->cli->out;
	struct rfa_buf safe = RFA_BUF_INIT(4096);

	d->bad += verdict == BAD;
	rfa_out_safe(&safe, evidence, 400);
	json_array_append_new(d->lines, json_pack("{s:s,s:s,s:s,s:s}", "what", what, "verdict",
						  words[verdict], "evidence", rfa_buf_str(&safe),
						  "hint", verdict == FINE ? "" : hint));
	if (!o->json) {
		rfa_out_say(o, "%s%-4s%s  %-14s %s", rfa_out_style(o, o->out, styles[verdict]),
			    words[verdict], rfa_out_style(o, o->out, RFA_PLAIN), what,
			    rfa_buf_str(&safe));
		if (verdict != FINE && *hint)
			rfa_out_say(o, "      %s", hint);
	}
	rfa_buf_release(&safe);
}

/* 1 if PATH has such a program. */
static int on_path(const char *program, char *into, size_t size)
{
	const char *path = getenv("PATH");
	for (const char *at = path ? path : "/usr/bin:/bin"; *at;) {
		size_t len = strcspn(at, ":");
		int n = snprintf(into, size, "%.*s/%s", (int)len, at, program);
		if (len > 0 && n > 0 && (size_t)n < size && access(into, X_OK) == 0)
			return 1;
		at += len + (at[len] == ':');
	}
	return 0;
}

/* The questions, in the order in which they are asked. */

static void ask_version(struct doctor *d)
{
	char text[128];
	snprintf(text, sizeof(text), "rfa %s, jansson %s", RFA_VERSION, jansson_version_str());
	tell(d, FINE, "version", text, "");
}

static void ask_programs(struct doctor *d)
{
	char path[512];
	if (on_path("ssh", path, sizeof(path)))
		tell(d, FINE, "ssh", path, "");
	else
		tell(d, BAD, "ssh", "not on PATH",
		     "install the OpenSSH client: rfa asks `ssh -G` what your ssh_config says");
	if (on_path("git", path, sizeof(path)))
		tell(d, FINE, "git", path, "");
	else
		tell(d, NOTE, "git", "not on PATH",
		     "only `rfa ledger git` and `rfa verify --hosts` need it");
}

static void ask_keys(struct doctor *d)
{
	const char *agent = getenv("SSH_AUTH_SOCK"), *home = getenv("HOME");
	char path[512];
	struct stat st;

	if (agent && *agent && stat(agent, &st) == 0)
		tell(d, FINE, "ssh agent", agent, "");
	else
		tell(d, NOTE, "ssh agent", "none",
		     "keys with a passphrase need an agent: rfa never asks for one");
	snprintf(path, sizeof(path), "%s/.ssh/known_hosts", home ? home : "");
	if (stat(path, &st) == 0)
		tell(d, FINE, "known hosts", path, "");
	else
		tell(d, NOTE, "known hosts", "there is no ~/.ssh/known_hosts",
		     "connect once with ssh and compare the fingerprint: rfa trusts no new key");
}

static void ask_config(struct doctor *d)
{
	struct rfa_buf says = RFA_BUF_INIT(4096);
	struct rfa_error err;
	size_t i;

	if (rfa_cli_config(d->cli, &err) < 0) {
		tell(d, err.code == RFA_ENOTFOUND ? NOTE : BAD, "rfa.json", err.msg, err.hint);
		return;
	}
	tell(d, FINE, "rfa.json", d->cli->config->path, "");
	for (i = 0; i < d->cli->config->secrets.n; i++)
		if (rfa_secret_trouble(&d->cli->config->secrets.items[i], &says))
			tell(d, NOTE, "secrets", rfa_buf_str(&says), "");
	rfa_buf_release(&says);
}

static int count_open(void *user, const struct rfa_ledger_line *line)
{
	struct doctor *d = user;
	char text[400], hint[160];
	if (line->alive)
		return 0;
	snprintf(text, sizeof(text), "run %s of %s on %s waits at %s %s", line->run, line->stack,
		 line->env, rfa_line_state(line), line->step);
	snprintf(hint, sizeof(hint), "rfa resume %s | rfa rollback %s | rfa abort %s", line->run,
		 line->run, line->run);
	tell(d, NOTE, "unfinished", text, hint);
	return 0;
}

static void ask_ledger(struct doctor *d)
{
	struct rfa_ledger_filter filter = { .open_only = 1, .limit = 100 };
	struct rfa_error err;
	char head[65], text[512], *path = NULL;
	struct stat st;

	if (rfa_cli_ledger_path(d->cli, &path, &err) < 0) {
		tell(d, NOTE, "ledger", err.msg, err.hint);
		return;
	}
	if (rfa_cli_ledger(d->cli, &err) < 0 || rfa_ledger_head(d->cli->ledger, head, &err) < 0) {
		tell(d, err.code == RFA_ENOTFOUND ? NOTE : BAD, "ledger", err.msg, err.hint);
		free(path);
		return;
	}
	snprintf(text, sizeof(text), "%.400s, head %.12s", path, head);
	tell(d, FINE, "ledger", text, "");
	if (stat(path, &st) == 0 && (st.st_mode & S_IWOTH))
		tell(d, BAD, "ledger", "everybody may write to it", "chmod -R o-w on its folder");
	free(path);
	if (rfa_ledger_list(d->cli->ledger, &filter, count_open, d, &err) < 0)
		tell(d, BAD, "runs", err.msg, "rfa ledger verify");
}

static void ask_channels(struct doctor *d)
{
	json_t *wrong = json_array(), *line;
	struct rfa_error err;
	size_t i;

	if (d->cli->ledger && d->cli->config && rfa_notify_wrong(d->cli, wrong, &err) < 0)
		tell(d, BAD, "notify", err.msg, "rfa ledger verify");
	json_array_foreach (wrong, i, line)
		tell(d, NOTE, "notify", json_string_value(line), RFA_NOTIFY_HINT);
	json_decref(wrong);
}

static int run_doctor(struct rfa_cli *cli, struct rfa_error *err)
{
	static void (*const questions[])(struct doctor *) = {
		ask_version, ask_programs, ask_keys, ask_config, ask_ledger, ask_channels,
	};
	struct doctor d = { .cli = cli, .lines = json_array() };
	int rc = 0;

	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
		questions[i](&d);
	if (cli->out.json)
		rc = rfa_out_json(&cli->out, d.lines, err);
	json_decref(d.lines);
	if (rc == 0 && d.bad) {
		rfa_fail(err, RFA_EREFUSED, "doctor",
			 "%d thing%s must be mended before rfa can work", d.bad,
			 d.bad == 1 ? "" : "s");
		rc = rfa_error_hint(err, "see the lines marked bad");
	} else if (rc == 0) {
		rfa_out_note(&cli->out, "\nthe hosts are looked at by `rfa check --connect`");
	}
	return rc;
}

const struct rfa_cli_command rfa_cmd_doctor = {
	.name = "doctor",
	.group = "set up",
	.words = "",
	.summary = "look for what commonly goes wrong here",
	.details =
	    "Programs, keys, configuration, ledger, unfinished runs; each with its hint. No host\n"
	    "is touched.",
	.examples =
	    (const struct rfa_example[]){
		{ "rfa doctor", "is everything there?" },
		{ "rfa doctor --json", "for a program" },
		{ NULL, NULL },
	    },
	.flags = RFA_CMD_READS,
	.run = run_doctor,
};
