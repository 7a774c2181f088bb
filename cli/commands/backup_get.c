/* `rfa backup get`: a member of a backup comes out again, as a file on this machine. */
#include <errno.h>
#include <string.h>

#include "cli/commands/vault.h"
#include "cli/frame/aside.h"
#include "cli/frame/untar.h"
#include "fsm/base/digest.h"
#include "fsm/parts/backups.h"
#include "fsm/parts/text.h"

/* How the members of a kind come out. */
static const struct {
	const char *kind;
	const char *inside; /* the file in the archive; NULL: the archive itself */
	const char *suffix;
} forms[] = {
	{ "volume", NULL, ".tar" },  { "directory", NULL, ".tar" }, { "images", NULL, ".tar" },
	{ "sqlite", "db", ".db" },   { "file", "db", "" },          { "postgres", "dump", ".dump" },
	{ "mysql", "dump", ".sql" },
};

struct get {
	struct rfa_cli *cli;
	struct rfa_open_vault vault;
	const char *backup; /* its id; borrowed from the vault's list */
	const json_t *member;
	const char *name, *inside;
	char out[512]; /* "-": standard output */
	struct rfa_aside file;
	struct rfa_digest digest;
	int64_t arrived, written;
	struct rfa_untar untar;
};

/* Which. */

static int find_member(struct get *g, const json_t *backup, struct rfa_error *err)
{
	const json_t *members = rfa_facts_at(backup, "manifest/members");
	struct rfa_buf names = RFA_BUF_INIT(1024);
	json_t *one;
	size_t i;
	int rc;

	g->backup = rfa_facts_str(backup, "backup", "");
	json_array_foreach ((json_t *)(uintptr_t)members, i, one) {
		if (strcmp(rfa_facts_str(one, "name", ""), g->name) == 0) {
			g->member = one;
			return 0;
		}
	}
	rfa_text_names(&names, members);
	rfa_fail(err, RFA_ENOTFOUND, "vault", "the backup %s has no member \"%.60s\"", g->backup,
		 g->name);
	rc = rfa_error_hint(err, "it holds: %s", rfa_buf_str(&names));
	rfa_buf_release(&names);
	return rc;
}

static int choose(struct get *g, const char *stack, const char *env, struct rfa_error *err)
{
	const char *set = rfa_cli_option(g->cli, "set");
	const json_t *backup = NULL;
	struct rfa_backup_ask ask = { stack,
				      env,
				      rfa_cli_option(g->cli, "backup"),
				      set                              ? set
				      : strcmp(g->name, "images") == 0 ? "images"
								       : "data",
				      g->vault.at.path,
				      g->vault.host->name };
	int rc = rfa_backup_choose(g->vault.all, &ask, &backup, err);

	return rc < 0 ? rc : find_member(g, backup, err);
}

/* A leading "/" or "./" is no part of a name in an archive. */
static const char *plain_path(const char *path)
{
	while (*path == '/' || (path[0] == '.' && path[1] == '/'))
		path += 1 + (*path == '.');
	return path;
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* What of the archive is meant, and what the file is called. */
static int choose_form(struct get *g, struct rfa_error *err)
{
	const char *kind = rfa_facts_str(g->member, "kind", "");
	const char *file = rfa_cli_option(g->cli, "file"), *out = rfa_cli_option(g->cli, "out");
	const char *suffix = ".tar";
	int n;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (strcmp(forms[i].kind, kind) != 0 || rfa_cli_option(g->cli, "tar"))
			continue;
		g->inside = forms[i].inside;
		suffix = forms[i].suffix;
	}
	if (file && rfa_cli_option(g->cli, "tar")) {
		rfa_fail(err, RFA_EUSAGE, "cli", "--file is one file, and --tar is all of them");
		return rfa_error_hint(err, "leave one of them out");
	}
	if (file)
		g->inside = plain_path(file);
	if (file && !*g->inside)
		return rfa_fail(err, RFA_EUSAGE, "cli", "--file names no file");
	if (out)
		n = snprintf(g->out, sizeof(g->out), "%s", out);
	else if (file)
		n = snprintf(g->out, sizeof(g->out), "%s", base_of(g->inside));
	else
		n = snprintf(g->out, sizeof(g->out), "%s-%s%s", g->backup, g->name, suffix);
	if (n <= 0 || (size_t)n >= sizeof(g->out))
		return rfa_fail(err, RFA_EUSAGE, "cli", "--out is empty or too long");
	return 0;
}

/* Its bytes. */

static int is_screen(const struct get *g)
{
	return strcmp(g->out, "-") == 0;
}

static int put(void *user, const void *data, size_t len, struct rfa_error *err)
{
	struct get *g = user;

	g->written += (int64_t)len;
	if (!is_screen(g))
		return rfa_aside_write(&g->file, data, len, err);
	if (fwrite(data, 1, len, g->cli->out.out) != len)
		return rfa_fail_errno(err, errno, "standard output");
	return 0;
}

static int take(void *user, const void *data, size_t len, struct rfa_error *err)
{
	struct get *g = user;

	rfa_digest_update(&g->digest, data, len);
	g->arrived += (int64_t)len;
	return g->inside ? rfa_untar_feed(&g->untar, data, len, err) : put(g, data, len, err);
}

/* A sink that takes everything: take() has it already. */
static int drop(struct rfa_stream *stream, const void *data, size_t size, size_t *put_bytes,
		struct rfa_error *err)
{
	(void)stream;
	(void)data;
	(void)err;
	*put_bytes = size;
	return 0;
}

static size_t never_waits(struct rfa_stream *stream, struct pollfd *fds, size_t n)
{
	(void)stream;
	(void)fds;
	(void)n;
	return 0;
}

/* Every byte is compared with what the manifest says, before the file gets its name. */
static int compare(struct get *g, struct rfa_error *err)
{
	char hex[RFA_DIGEST_HEX];

	rfa_digest_final(&g->digest, hex);
	if (g->arrived == rfa_facts_int(g->member, "bytes", -1) &&
	    strcmp(hex, rfa_facts_str(g->member, "sha256", "")) == 0)
		return 0;
	rfa_fail(err, RFA_EMISMATCH, "vault", "what arrived of %s is not what the backup has",
		 g->name);
	return rfa_error_where(err, "%s", g->vault.host->name);
}

static int read_archive(struct get *g, const char *run, struct rfa_error *err)
{
	static const struct rfa_stream_ops ops = { .write = drop, .pollfds = never_waits };
	struct rfa_stream sink = { &ops };
	struct rfa_host *host = g->vault.host;
	struct rfa_relay relay = { .sink = &sink,
				   .most = (uint64_t)rfa_facts_int(g->member, "bytes", 0),
				   .cancel = g->cli->cancel,
				   .clock = g->cli->clock,
				   .on_data = take,
				   .user = g };
	struct rfa_error second;
	uint64_t moved = 0;
	int rc = host->runs->spool_read(host, run, g->name, 0, &relay.source, err);

	if (rc < 0)
		return rc;
	rfa_digest_init(&g->digest, RFA_SHA256);
	g->arrived = g->written = 0;
	rc = rfa_relay(&relay, &moved, err);
	int ended = rfa_host_stream_end(host, &relay.source, 0, g->cli->cancel, &second);
	if (rc == 0 && ended < 0) {
		*err = second;
		rc = ended;
	}
	return rc < 0 ? rc : compare(g, err);
}

/* One file of it. */

static int not_inside(const struct get *g, struct rfa_error *err)
{
	rfa_fail(err, RFA_ENOTFOUND, "vault", "%s of the backup %s has no file \"%.120s\"%s",
		 g->name, g->backup, g->inside,
		 g->untar.is_other ? ": it is a directory, a link or a device" : "");
	return rfa_error_hint(err,
			      "all names: rfa backup get %s --env %s --backup %s --member %s --tar "
			      "--out - | tar -t",
			      g->vault.stack, g->vault.at.env, g->backup, g->name);
}

/* A database of SQLite that was not closed is more than one file. */
static int is_alone(const struct get *g, struct rfa_error *err)
{
	if (strcmp(rfa_facts_str(g->member, "kind", ""), "sqlite") != 0 || g->untar.beside == 0 ||
	    rfa_cli_option(g->cli, "file"))
		return 0;
	rfa_fail(err, RFA_EREFUSED, "vault",
		 "%s has a log beside its database: without it changes are missing", g->name);
	return rfa_error_hint(err, "--tar gets all of it: unpack db and db-wal side by side");
}

static int read_file(struct get *g, const char *run, const char *name, struct rfa_error *err)
{
	rfa_untar_begin(&g->untar, name, put, g);
	int rc = read_archive(g, run, err);
	return rc < 0 ? rc : rfa_untar_end(&g->untar, err);
}

/* The content of a hard link is that of its first name, which has passed by already. */
static int get_inside(struct get *g, const char *run, struct rfa_error *err)
{
	char first[RFA_UNTAR_NAME_MAX];
	int rc = read_file(g, run, g->inside, err);

	snprintf(first, sizeof(first), "%s", g->untar.link);
	if (rc == 0 && !g->untar.found && first[0]) {
		rfa_untar_release(&g->untar);
		rc = read_file(g, run, first, err);
	}
	if (rc == 0 && !g->untar.found)
		rc = not_inside(g, err);
	if (rc == 0)
		rc = is_alone(g, err);
	rfa_untar_release(&g->untar);
	return rc;
}

/* All of it. */

/* The vault's host puts the chunks together, and compares each of them, before the first comes. */
static int get_from(struct get *g, const char *run, struct rfa_error *err)
{
	struct rfa_job_key key = { run, "backup.get", "1.open" };
	struct rfa_host *host = g->vault.host;
	json_t *answer = NULL;
	int rc = host->vault->open(host, &key, g->vault.at.path, g->backup, g->name, g->name,
				   &answer, err);

	json_decref(answer);
	if (rc == 0 && !is_screen(g))
		rc = rfa_aside_open(&g->file, g->out, err);
	if (rc == 0)
		rc = g->inside ? get_inside(g, run, err) : read_archive(g, run, err);
	if (rc == 0 && !is_screen(g))
		rc = rfa_aside_finish(&g->file, 0600, 0, err);
	return rc;
}

/* Of no run, under an id like one; its spool is large, so that it stays is told. */
static int get(struct get *g, struct rfa_error *err)
{
	struct rfa_host *host = g->vault.host;
	char run[RFA_RUN_ID_MAX];
	struct rfa_error second;

	rfa_run_id(g->cli->clock, run);
	g->file.fd = -1;
	int rc = get_from(g, run, err);
	rfa_aside_drop(&g->file);
	if (host->runs->remove(host, run, &second) < 0)
		rfa_out_warn(&g->cli->out, "%s/runs/%s stays on %s, and can be removed: %s",
			     host->state_dir, run, host->name, second.msg);
	return rc;
}

static int run_get(struct rfa_cli *cli, struct rfa_error *err)
{
	struct get g = { .cli = cli };
	const char *stack = NULL, *env = NULL;
	int rc = rfa_cli_stack_env(cli, &stack, &env, err);

	if (rc == 0)
		rc = rfa_cli_need(cli, "member", &g.name, err);
	if (rc == 0)
		rc = rfa_vault_open(cli, env, stack, &g.vault, err);
	if (rc == 0)
		rc = choose(&g, stack, env, err);
	if (rc == 0)
		rc = choose_form(&g, err);
	if (rc == 0)
		rc = get(&g, err);
	if (rc == 0)
		rfa_out_note(&cli->out, "%s of %s%s%s, %s: %s", g.name, g.backup,
			     rfa_cli_option(cli, "file") ? ", " : "",
			     rfa_cli_option(cli, "file") ? g.inside : "", RFA_SIZE(g.written),
			     is_screen(&g) ? "standard output" : g.out);
	rfa_vault_close(&g.vault);
	return rc;
}

static const struct rfa_option get_options[] = {
	{ "env", 0, "ENV", NULL, NULL, "the environment" },
	{ "member", 0, "NAME", NULL, NULL, "which member: `rfa backup list` shows them" },
	{ "backup", 0, "ID", NULL, NULL, "which backup; default: the newest that is complete" },
	{ "set", 0, "SET", NULL, "data|images", "of the data (the default) or of the images" },
	{ "file", 0, "PATH", NULL, NULL, "only this file of a volume or directory" },
	{ "tar", 0, NULL, NULL, NULL, "the archive as it is, of a database or file too" },
	{ "out", 0, "PATH", NULL, NULL, "a new file; -: standard output; default: BACKUP-MEMBER" },
	RFA_OPTION_END,
};

const struct rfa_cli_command rfa_cmd_backup_get = {
	.name = "backup get",
	.group = "data",
	.words = "STACK --env ENV --member NAME",
	.summary = "get a member of a backup, or one file of it, as a file",
	.details = "A volume or directory comes as a tar archive, images as one that `docker load` "
		   "takes, a\n"
		   "database of PostgreSQL as a file for pg_restore, one of MySQL as SQL, one of "
		   "SQLite and\n"
		   "a single file as they are. Every byte is compared with the sums of the backup; "
		   "a file\n"
		   "that is not whole does not get its name, a file that is there is not replaced, "
		   "and only\n"
		   "its owner can read the new one. Who writes to standard output has to look at "
		   "the exit\n"
		   "status. The host of the vault needs room for the member meanwhile. Nothing is "
		   "restored:\n"
		   "`rfa restore` does that.",
	.options = get_options,
	.examples =
	    (const struct rfa_example[]){
		{ "rfa backup get shop --env prod --member files", "all files, as a tar archive" },
		{ "rfa backup get shop --env prod --member files --file img/logo.png",
		  "one of them" },
		{ "rfa backup get shop --env prod --member db --out - | pg_restore --list",
		  "what a dump holds" },
		{ NULL, NULL },
	    },
	.min_words = 1,
	.max_words = 1,
	.run = run_get,
};
