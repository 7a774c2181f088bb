/* `rfa schedule`: shows what makes systemd or cron call rfa, and writes units if asked. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/frame/aside.h"
#include "cli/frame/cli.h"
#include "cli/commands/units.h"
#include "cli/config/repository.h"
#include "fsm/parts/catalog.h"

enum { TEXT_MAX = 64 * 1024, FILES = 2 * RFA_REPEATS };

/* One file that systemd reads. */
struct unit {
	char name[220];
	struct rfa_buf text;
};

/* What is scheduled. */

struct facts {
	struct rfa_schedule schedule;
	char program[PATH_MAX], ledger[PATH_MAX], home[PATH_MAX], user[64];
	int has_data, has_images; /* of the images: that there is a backup of them */
	int chosen[RFA_REPEATS];  /* which of the repeats */
	char *secrets[3];         /* owned; files with tokens; ends with NULL */
};

static int find_user(struct facts *f, struct rfa_error *err)
{
	const struct passwd *entry = getpwuid(getuid());
	const char *home = getenv("HOME");
	if (!entry)
		return rfa_fail(err, RFA_EIO, "os", "the user %d has no name", (int)getuid());
	snprintf(f->user, sizeof(f->user), "%s", entry->pw_name);
	snprintf(f->home, sizeof(f->home), "%s", home && home[0] == '/' ? home : entry->pw_dir);
	return 0;
}

static int find_program(struct facts *f, struct rfa_error *err)
{
	ssize_t n = readlink("/proc/self/exe", f->program, sizeof(f->program) - 1);
	if (n <= 0)
		return rfa_fail_errno(err, errno, "/proc/self/exe");
	f->program[n] = '\0';
	return 0;
}

/* A ledger that this command was told of is not known to the one that systemd calls. */
static int find_ledger(const struct rfa_cli *cli, struct facts *f, struct rfa_error *err)
{
	const char *told = rfa_cli_option(cli, "ledger");
	if (told && !realpath(told, f->ledger))
		return rfa_fail_errno(err, errno, "%.300s", told);
	f->schedule.ledger = told ? f->ledger : NULL;
	return 0;
}

static int find_time(const struct rfa_cli *cli, struct rfa_schedule *s, struct rfa_error *err)
{
	const char *at = rfa_cli_option(cli, "at");
	static const char form[] = "99:99";
	at = at ? at : "02:30";
	for (size_t i = 0; i < sizeof(form); i++) {
		int digit = at[i] >= '0' && at[i] <= '9';
		if (form[i] == '9' ? !digit : at[i] != form[i])
			goto wrong;
	}
	s->hour = (at[0] - '0') * 10 + (at[1] - '0');
	s->minute = (at[3] - '0') * 10 + (at[4] - '0');
	if (s->hour < 24 && s->minute < 60)
		return 0;
wrong:
	rfa_fail(err, RFA_EUSAGE, "cli", "--at takes a time from 00:00 to 23:59, not \"%.20s\"",
		 at);
	return rfa_error_hint(err, "for example --at 02:30");
}

/* Those of --for; without it the backups. What needs data is told where there is none. */
static int choose(struct rfa_cli *cli, struct facts *f, struct rfa_error *err)
{
	const char *word;
	size_t i, n;

	for (n = 0; (word = rfa_args_nth(&cli->args, "for", n)); n++)
		for (i = 0; i < RFA_REPEATS; i++)
			f->chosen[i] |= strcmp(rfa_repeats[i].word, word) == 0;
	for (i = 0; i < RFA_REPEATS; i++) {
		if (!n)
			f->chosen[i] = rfa_repeats[i].end && !rfa_repeats[i].needs_images &&
				       (f->has_data || !rfa_repeats[i].needs_data);
		/* Of a word for both, that which there is. */
		if (rfa_repeats[i].needs_images)
			f->chosen[i] &= f->has_images;
		if (rfa_repeats[i].of_another && rfa_repeats[i].needs_data && !f->has_data &&
		    f->has_images)
			f->chosen[i] = 0;
		if (f->chosen[i] && rfa_repeats[i].needs_data && !f->has_data) {
			rfa_fail(err, RFA_ECONFIG, "config", "the stack names no data in \"%.60s\"",
				 f->schedule.env);
			return rfa_error_hint(err, "leave out --for %s", rfa_repeats[i].word);
		}
	}
	return 0;
}

/* Without a ledger nobody has made a backup yet. */
static int find_images(struct rfa_cli *cli, struct facts *f, struct rfa_error *err)
{
	const char *of = f->schedule.of ? f->schedule.of : f->schedule.env;
	char id[128] = "";
	int rc = rfa_cli_ledger(cli, err);

	if (rc == 0)
		rc = rfa_catalog_backup(cli->ledger, of, f->schedule.stack, "images", id, err);
	if (rc == -(int)RFA_ENOTFOUND) {
		rfa_error_clear(err);
		rc = 0;
	}
	f->has_images = *id != '\0';
	return rc;
}

/* What `watch` logs in with: at the forge, and at the repository. */
static int find_secrets(struct rfa_cli *cli, struct facts *f, struct rfa_error *err)
{
	const struct rfa_schedule *s = &f->schedule;
	json_t *files[2] = { NULL, NULL };
	json_t *watch = NULL;
	size_t i, n = 0;
	int rc = rfa_config_watch(cli->config, s->env, s->stack, &watch, err);

	files[0] = rfa_facts_at(watch, "token/file");
	files[1] = json_object_get(rfa_repository_written(cli, s->stack, s->env, "login"), "file");
	for (i = 0; rc == 0 && i < 2; i++)
		if (files[i])
			rc = rfa_config_path(cli->config, json_string_value(files[i]),
					     &f->secrets[n++], err);
	f->schedule.secrets = (const char *const *)f->secrets;
	json_decref(watch);
	return rc;
}

static int find_names(struct rfa_cli *cli, struct facts *f, struct rfa_error *err)
{
	struct rfa_schedule *s = &f->schedule;
	json_t *side = NULL;
	int rc = rfa_cli_config(cli, err);

	s->stack = rfa_cli_word(cli, 0);
	if (rc == 0)
		rc = rfa_config_has_stack(cli->config, s->stack, err);
	if (rc == 0)
		rc = rfa_cli_need(cli, "env", &s->env, err);
	if (rc == 0)
		rc = rfa_config_side(cli->config, s->env, s->stack, &side, err);
	f->has_data = json_object_size(rfa_facts_at(side, "stack/data/members")) > 0;
	json_decref(side);
	if (rc == 0)
		rc = find_secrets(cli, f, err);
	s->of = rfa_cli_option(cli, "of");
	if (rc == 0 && s->of)
		rc = rfa_config_has_env(cli->config, s->of, err);
	if (rc == 0)
		rc = find_images(cli, f, err);
	return rc ? rc : choose(cli, f, err);
}

static int find_facts(struct rfa_cli *cli, struct facts *f, struct rfa_error *err)
{
	memset(f, 0, sizeof(*f));
	int rc = find_names(cli, f, err);
	if (rc == 0)
		rc = find_time(cli, &f->schedule, err);
	if (rc == 0)
		rc = find_user(f, err);
	if (rc == 0)
		rc = find_program(f, err);
	if (rc == 0)
		rc = find_ledger(cli, f, err);
	if (rc < 0)
		return rc;
	f->schedule.program = f->program;
	f->schedule.config = cli->config->path;
	f->schedule.user = f->user;
	f->schedule.home = f->home;
	return 0;
}

static int make_units(const struct facts *f, struct unit units[FILES], size_t *n,
		      struct rfa_error *err)
{
	char name[192];
	int rc = 0;
	*n = 0;
	for (size_t i = 0; rc == 0 && i < RFA_REPEATS; i++) {
		if (!f->chosen[i])
			continue;
		struct unit *service = &units[*n], *timer = &units[*n + 1];
		*n += 2;
		rfa_unit_name(&f->schedule, &rfa_repeats[i], name);
		snprintf(service->name, sizeof(service->name), "%s.service", name);
		snprintf(timer->name, sizeof(timer->name), "%s.timer", name);
		rc = rfa_unit_service(&f->schedule, &rfa_repeats[i], &service->text, err);
		if (rc == 0)
			rc = rfa_unit_timer(&f->schedule, &rfa_repeats[i], &timer->text, err);
	}
	return rc;
}

/* Writing. */

/* *same: 1 if the file has that text, 0 if another one, -1 if there is none. */
static int compare(const char *path, const struct rfa_buf *text, int *same, struct rfa_error *err)
{
	char there[TEXT_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	*same = -1;
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return rfa_fail_errno(err, errno, "%.300s", path);
	size_t n = 0;
	ssize_t got;
	while (n < sizeof(there) && (got = read(fd, there + n, sizeof(there) - n)) > 0)
		n += (size_t)got;
	close(fd);
	*same = n == text->len && memcmp(there, text->data, n) == 0;
	return 0;
}

static int path_of(const char *folder, const struct unit *unit, char into[PATH_MAX],
		   struct rfa_error *err)
{
	int n = snprintf(into, PATH_MAX, "%s/%s", folder, unit->name);
	if (n < 0 || n >= PATH_MAX)
		return rfa_fail(err, RFA_EUSAGE, "cli", "the path is too long");
	return 0;
}

/* All are looked at before the first is written. */
static int write_units(struct rfa_cli *cli, const char *folder, const struct unit units[FILES],
		       size_t n, struct rfa_error *err)
{
	int force = rfa_cli_option(cli, "force") != NULL, same[FILES], rc = 0;
	char path[PATH_MAX];

	if (access(folder, F_OK) != 0) {
		rfa_fail_errno(err, errno, "%.300s", folder);
		return rfa_error_hint(err, "make this folder first, or name another one");
	}
	for (size_t i = 0; rc == 0 && i < n; i++) {
		rc = path_of(folder, &units[i], path, err);
		if (rc == 0)
			rc = compare(path, &units[i].text, &same[i], err);
		if (rc == 0 && same[i] == 0 && !force) {
			rfa_fail(err, RFA_EREFUSED, "cli", "%.300s is there, and it is another one",
				 path);
			rc = rfa_error_hint(err, "compare them; --force replaces it");
		}
	}
	for (size_t i = 0; rc == 0 && i < n; i++) {
		rc = path_of(folder, &units[i], path, err);
		if (rc == 0 && same[i] != 1)
			rc = rfa_aside_whole(path, &units[i].text, 0644, force, err);
		if (rc == 0)
			rfa_out_note(&cli->out, same[i] == 1 ? "%s is there already" : "wrote %s",
				     path);
	}
	return rc;
}

/* The command. */

static json_t *document_of(const struct unit units[FILES], size_t n, const char *cron)
{
	json_t *list = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_pack("{s:s,s:s}", "name", units[i].name, "text",
						      rfa_buf_str(&units[i].text)));
	return json_pack("{s:o,s:s?}", "units", list, "cron", cron);
}

static void note(struct rfa_cli *cli, const struct facts *f, const struct unit units[FILES],
		 size_t n, const char *folder)
{
	struct rfa_buf timers = RFA_BUF_INIT(TEXT_MAX);
	json_t *name;
	size_t i;

	for (i = 1; i < n; i += 2)
		rfa_buf_printf(&timers, " %s", units[i].name);
	if (!f->has_data && !rfa_cli_option(cli, "for"))
		rfa_out_note(&cli->out, "the stack names no data there: only its images are backed "
					"up");
	json_array_foreach (json_object_get(cli->config->root, "secrets"), i, name)
		rfa_out_warn(&cli->out,
			     "$%s is not set there: add EnvironmentFile= with it, or name a file "
			     "of it under secret_files; else rfa cannot keep its value out of "
			     "the ledger",
			     json_string_value(name));
	rfa_out_note(&cli->out,
		     "\nIt runs as %s, without a terminal and without an SSH agent: the key that "
		     "ssh uses\nmust be a file without a passphrase.",
		     f->user);
	if (folder)
		rfa_out_note(&cli->out, "next: systemctl daemon-reload && systemctl enable --now%s",
			     rfa_buf_str(&timers));
	rfa_buf_release(&timers);
}

static int make_cron(const struct facts *f, struct rfa_buf *out, struct rfa_error *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < RFA_REPEATS; i++)
		if (f->chosen[i])
			rc = rfa_unit_cron(&f->schedule, &rfa_repeats[i], out, err);
	return rc;
}

static int show(struct rfa_cli *cli, const struct unit units[FILES], size_t n, const char *cron,
		struct rfa_error *err)
{
	if (cli->out.json) {
		json_t *document = document_of(units, n, cron);
		int rc = document ? rfa_out_json(&cli->out, document, err) : rfa_fail_nomem(err);
		json_decref(document);
		return rc;
	}
	if (cron)
		fputs(cron, cli->out.out);
	for (size_t i = 0; !cron && i < n; i++)
		rfa_out_say(&cli->out, "%s# %s\n%s", i ? "\n" : "", units[i].name,
			    rfa_buf_str(&units[i].text));
	return 0;
}

static int run_schedule(struct rfa_cli *cli, struct rfa_error *err)
{
	const char *folder = rfa_cli_option(cli, "write");
	int as_cron = rfa_cli_option(cli, "cron") != NULL;
	struct rfa_buf cron = RFA_BUF_INIT(TEXT_MAX);
	struct unit units[FILES];
	struct facts facts;
	size_t n = 0;
	int rc;

	memset(units, 0, sizeof(units));
	for (size_t i = 0; i < FILES; i++)
		units[i].text.max = TEXT_MAX;
	if (as_cron && folder) {
		rfa_fail(err, RFA_EUSAGE, "cli", "--write writes units, no crontab");
		return rfa_error_hint(err, "leave --cron out, or add the lines with crontab -e");
	}
	rc = find_facts(cli, &facts, err);
	if (rc == 0)
		rc = as_cron ? make_cron(&facts, &cron, err) : make_units(&facts, units, &n, err);
	if (rc == 0 && folder)
		rc = write_units(cli, folder, units, n, err);
	if (rc == 0)
		rc = show(cli, units, n, as_cron ? rfa_buf_str(&cron) : NULL, err);
	if (rc == 0)
		note(cli, &facts, units, n, folder);
	for (size_t i = 0; i < FILES; i++)
		rfa_buf_release(&units[i].text);
	for (size_t i = 0; facts.secrets[i]; i++)
		free(facts.secrets[i]);
	rfa_buf_release(&cron);
	return rc;
}

static const struct rfa_option schedule_options[] = {
	{ "env", 0, "ENV", NULL, NULL, "the environment; of a drill: where it is held" },
	{ "for", 0, "WHAT...", NULL, "backup|images|verify|drill|smoke|check|watch|notify",
	  "what is repeated; default: backup and images" },
	{ "of", 0, "ENV", NULL, NULL, "of a drill: whose backup; default: that of --env" },
	{ "at", 0, "HH:MM", NULL, NULL, "when, in local time; default 02:30" },
	{ "cron", 0, NULL, NULL, NULL, "lines for a crontab instead of systemd's units" },
	{ "write", 0, "DIR", NULL, NULL,
	  "write the units there too, for example /etc/systemd/system" },
	{ "force", 0, NULL, NULL, NULL, "with --write: replace files that are different" },
	RFA_OPTION_END,
};

const struct rfa_cli_command rfa_cmd_schedule = {
	.name = "schedule",
	.group = "data",
	.words = "STACK --env ENV",
	.summary = "units that call rfa again and again: backups, drills, checks",
	.details =
	    "Shows services and timers for systemd on this machine. --for says for what:\n"
	    "  backup  `rfa backup`, the data, every day\n"
	    "  images  `rfa backup images`, on Sundays, an hour and a half later\n"
	    "  verify  `rfa backup verify`, on Sundays: every byte of the newest backup is read\n"
	    "  drill   `rfa drill`, on the first of each month; ENV stops twice, for a rename, so "
	    "it\n"
	    "          is never there unless it is named; the unit answers the question (--yes)\n"
	    "  smoke   `rfa smoke`, every day\n"
	    "  check   `rfa verify --hosts`, every day\n"
	    "  watch   `rfa watch --once`, every five minutes; the files with its tokens are "
	    "handed "
	    "on\n"
	    "          by systemd, which reads them as root\n"
	    "  notify  `rfa notify --send --due`, every five minutes, for all of rfa.json\n"
	    "What was missed while the machine was off is made up for. What fails ends with rfa's "
	    "exit\n"
	    "status: systemctl --failed and the journal have it.",
	.options = schedule_options,
	.examples =
	    (const struct rfa_example[]){
		{ "rfa schedule ragflowauth --env prod", "show the units" },
		{ "rfa schedule ragflowauth --env prod --at 03:15 --write /etc/systemd/system",
		  "write them" },
		{ "rfa schedule ragflowauth --env test --of prod --for drill",
		  "prod's newest backup, tried on test each month" },
		{ "(crontab -l; rfa schedule ragflowauth --env prod --cron) | crontab -",
		  "with cron instead" },
		{ NULL, NULL },
	    },
	.flags = RFA_CMD_READS,
	.min_words = 1,
	.max_words = 1,
	.run = run_schedule,
};
