/* The repository itself: made whole or not at all, and opened with care. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fsm/base/facts.h"
#include "fsm/base/fault.h"
#include "ledger/files.h"
#include "ledger/git/git.h"
#include "ledger/git/channels.h"
#include "ledger/git/commit.h"
#include "ledger/git/end.h"
#include "ledger/git/error.h"
#include "ledger/git/format.h"
#include "ledger/git/fresh.h"
#include "ledger/git/heads.h"
#include "ledger/git/list.h"
#include "ledger/git/load.h"
#include "ledger/git/object.h"
#include "ledger/git/recover.h"
#include "ledger/git/refs.h"
#include "ledger/git/tree.h"
#include "ledger/git/verify.h"
#include "ledger/git/write.h"
#include "ledger/internal.h"
#include "ledger/message.h"
#include "ledger/names.h"

static const char readme[] =
    "This is the ledger of rfa: every deployment that was ever made, by whom, and how it ended.\n"
    "\n"
    "  git log --first-parent          two lines a run: begun, ended\n"
    "  git log                         every step of every ended run\n"
    "  git log --all                   those that have not ended, too\n"
    "  git log --grep='Rfa-Run: ID'    one run\n"
    "  environments/ENV/STACK.json     what runs there now\n"
    "  history.log                     one line a run\n"
    "  runs/YYYY/MM/DD/ID.json         a run's summary; ID.plan.json: what was to be done\n"
    "  open/ENV/STACK.json             a run that has not ended\n"
    "  git tag -l 'rollback/*'         what can be gone back to\n"
    "\n"
    "Only rfa writes here. `rfa ledger verify` says whether anybody else did.\n";

/* libgit2 for this process, told once more what it forgets when its last user leaves. */
static int start_git(struct rfa_error *err)
{
	if (git_libgit2_init() < 0)
		return rfa_fail(err, RFA_EINTERNAL, "git", "libgit2 could not be started");
	/* Off by default, and read only once by each repository: without it, what was
	   acknowledged is lost with the power. */
	if (git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1)) {
		git_libgit2_shutdown();
		return rfa_fail(err, RFA_EINTERNAL, "git", "libgit2 has not the options we need");
	}
	return 0;
}

/* user.name and user.email of git's own configuration, where the caller did not say. */
static int set_up(struct rfa_git *git, const struct rfa_ledger_options *options,
		  struct rfa_error *err)
{
	struct rfa_ledger_options named = *options;
	git_config *config = NULL;
	const char *value;
	int rc;

	if (git_repository_config_snapshot(&config, git->repo))
		config = NULL; /* as where there is none */
	if (config && !named.author_name && !git_config_get_string(&value, config, "user.name"))
		named.author_name = value;
	if (config && !named.author_email && !git_config_get_string(&value, config, "user.email"))
		named.author_email = value;
	rc = rfa_ledger_setup(&git->base, &named, err);
	git_config_free(config);
	return rc;
}

static void git_free(struct rfa_ledger *ledger)
{
	struct rfa_git *git = (struct rfa_git *)ledger;

	rfa_fresh_close(git);
	git_odb_free(git->odb);
	git_repository_free(git->repo);
	rfa_ledger_teardown(ledger);
	free(git->path);
	free(git);
	git_libgit2_shutdown();
}

static const struct rfa_ledger_ops ops = {
	.free = git_free,
	.begin = rfa_git_begin,
	.attach = rfa_git_attach,
	.append = rfa_git_append,
	.end = rfa_git_end,
	.detach = rfa_git_detach,
	.load = rfa_git_load,
	.list = rfa_git_list,
	.read = rfa_git_file,
	.names = rfa_git_names,
	.head = rfa_git_head,
	.id = rfa_git_id,
	.knows = rfa_git_knows,
	.channel_read = rfa_git_channel_read,
	.channel_move = rfa_git_channel_move,
	.ended = rfa_git_ended,
	.verify = rfa_git_verify,
};

static int not_a_ledger(struct rfa_error *err, const char *path, const char *why)
{
	rfa_fail(err, RFA_ENOTFOUND, "ledger", "%s", why);
	rfa_error_where(err, "%s", path);
	return rfa_error_hint(err, "rfa init");
}

static int too_new(const struct rfa_git *git, struct rfa_error *err, const char *what)
{
	rfa_fail(err, RFA_EUNSUPPORTED, "ledger", "%s", what);
	rfa_error_where(err, "%s", git->path);
	return rfa_error_hint(err, "install the rfa that wrote it, or a newer one");
}

/* The repository at path, nothing of it checked but that it is one. */
static int open_repository(struct rfa_git **out, const struct rfa_ledger_options *options,
			   const char *path, struct rfa_error *err)
{
	struct rfa_git *git = calloc(1, sizeof(*git));
	int rc;

	if (!git)
		return rfa_fail_nomem(err);
	rc = start_git(err);
	if (rc) {
		free(git);
		return rc;
	}
	git->base.ops = &ops;
	rc = rfa_fresh_open(git, err);
	if (rc)
		goto done;
	git->path = realpath(path, NULL);
	if (!git->path) {
		rc = errno == ENOENT || errno == ENOTDIR
			 ? not_a_ledger(err, path, "there is no ledger")
			 : rfa_fail_errno(err, errno, "the ledger could not be opened");
		rfa_error_where(err, "%s", path);
		goto done;
	}
	/* Does not look for the owner: an auditor reads a ledger that is not his, and no command is
	   ever run from its configuration. Extensions are looked at by check_format; libgit2 1.9
	   does so itself. The other opening matches each key with an expression and leaks that
	   (1.5.1). */
	rc = git_repository_open_bare(&git->repo, git->path);
	if (rc) {
		const git_error *why = git_error_last();

		if (rc == GIT_ENOTFOUND)
			rc = not_a_ledger(err, git->path, "this is not a ledger");
		else if (why && strstr(why->message, "unsupported extension"))
			rc = too_new(git, err, why->message);
		else
			rc = rfa_git_fail(err, rc, git->path, "the ledger could not be opened");
		goto done;
	}
	rc = git_repository_odb(&git->odb, git->repo);
	if (rc) {
		rc = rfa_git_fail(err, rc, git->path, "the ledger could not be opened");
		goto done;
	}
	rc = set_up(git, options, err);
done:
	if (rc)
		git_free(&git->base);
	else
		*out = git;
	return rc;
}

static int too_new_format(const struct rfa_git *git, int64_t format, int known,
			  struct rfa_error *err)
{
	char what[160];

	snprintf(what, sizeof(what), "the ledger has format %lld, this rfa knows up to %d",
		 (long long)format, known);
	return too_new(git, err, what);
}

/* What the configuration says of the format: git->format. UNSUPPORTED: not one of ours. */
static int read_settings(struct rfa_git *git, struct rfa_error *err)
{
	git_config_iterator *it = NULL;
	git_config *config = NULL;
	git_config_entry *entry;
	char what[160];
	int rc = git_repository_config_snapshot(&config, git->repo);

	git->format = 0;
	if (!rc)
		rc = git_config_iterator_new(&it, config);
	while (!rc && !(rc = git_config_next(&entry, it))) {
		if (entry->level != GIT_CONFIG_LEVEL_LOCAL)
			continue;
		if (!strcmp(entry->name, "rfa.format"))
			git->format = strtoll(entry->value ? entry->value : "0", NULL, 10);
		/* git's own rule: an extension that is not known changes what the bytes mean. */
		if (strncmp(entry->name, "extensions.", 11) != 0 ||
		    !strcmp(entry->name, "extensions.preciousobjects") ||
		    !strcmp(entry->name, "extensions.noop"))
			continue;
		snprintf(what, sizeof(what), "the repository uses %.100s", entry->name);
		rc = too_new(git, err, what);
		goto done;
	}
	rc = rc == GIT_ITEROVER
		 ? 0
		 : rfa_git_fail(err, rc, git->path, "the configuration could not be read");
done:
	git_config_iterator_free(it);
	git_config_free(config);
	return rc;
}

/* NOTFOUND when it is some other repository; UNSUPPORTED when a newer rfa wrote it. */
static int check_format(struct rfa_git *git, struct rfa_error *err)
{
	struct rfa_git_tree *tree = NULL;
	json_t *mark = NULL;
	int64_t format;
	git_oid id;
	int rc = read_settings(git, err);

	if (rc)
		return rc;
	if (git->format > RFA_GIT_FORMAT)
		return too_new_format(git, git->format, RFA_GIT_FORMAT, err);
	/* A clone has no rfa.format: then main alone tells a ledger from another repository; with
	   it, a ledger without main is a damaged one. */
	rc = rfa_git_ref_read(git, RFA_GIT_MAIN, &id, err);
	if (rc == -(int)RFA_ENOTFOUND && !git->format)
		return not_a_ledger(err, git->path, "this git repository is no ledger");
	rc = rfa_git_tree_of(git, NULL, &tree, err);
	if (!rc)
		rc = rfa_git_tree_json(tree, "ledger.json", &mark, err);
	rfa_git_tree_free(tree);
	if (rc == -(int)RFA_ENOTFOUND && !git->format)
		return not_a_ledger(err, git->path, "this git repository is no ledger");
	if (rc == -(int)RFA_ENOTFOUND) {
		rc = rfa_fail(err, RFA_ECORRUPT, "ledger", "main has lost its ledger.json");
		rfa_error_where(err, "%s", git->path);
	}
	if (rc)
		return rc;
	format = rfa_facts_int(mark, "format", INT64_MAX);
	json_decref(mark);
	return format > RFA_LEDGER_FORMAT ? too_new_format(git, format, RFA_LEDGER_FORMAT, err) : 0;
}

int rfa_ledger_open(struct rfa_ledger **out, const struct rfa_ledger_options *options,
		    struct rfa_error *err)
{
	struct rfa_git *git = NULL;
	int rc;

	if (!options->path || !options->path[0])
		return rfa_fail(err, RFA_EUSAGE, "ledger", "no path to a ledger was given");
	rc = open_repository(&git, options, options->path, err);
	if (!rc)
		rc = check_format(git, err);
	if (!rc)
		rc = rfa_git_recover(git, err);
	if (rc && git)
		git_free(&git->base);
	else if (!rc)
		*out = &git->base;
	return rc;
}

static int configure(const struct rfa_git *git, struct rfa_error *err)
{
	/* Nothing collects, packs or rewrites here but rfa: `git gc --prune=now` beside a writer
	   destroys what it is about to refer to. */
	static const struct {
		const char *key, *value;
	} settings[] = {
		{ "core.repositoryFormatVersion", "1" },
		{ "core.logAllRefUpdates", "false" },
		{ "core.fsync", "all" },
		{ "gc.auto", "0" },
		{ "gc.pruneExpire", "never" },
		{ "maintenance.auto", "false" },
		{ "receive.denyNonFastForwards", "true" },
		{ "receive.fsckObjects", "true" },
		{ "extensions.preciousObjects", "true" },
	};
	git_config *config = NULL;
	char path[PATH_MAX];
	int rc;

	snprintf(path, sizeof(path), "%s/config", git->path);
	rc = git_config_open_ondisk(&config, path);
	for (size_t i = 0; !rc && i < sizeof(settings) / sizeof(settings[0]); i++)
		rc = git_config_set_string(config, settings[i].key, settings[i].value);
	if (!rc)
		rc = git_config_set_int64(config, "rfa.format", RFA_GIT_FORMAT);
	git_config_free(config);
	return rc ? rfa_git_fail(err, rc, git->path, "the ledger could not be configured") : 0;
}

/* Folders that libgit2 would make later without syncing them into their parents. */
static int make_folders(const struct rfa_git *git, struct rfa_error *err)
{
	static const char *const folders[] = { "refs/rfa/runs", "refs/tags/rollback", "rfa/locks",
					       RFA_GIT_JOURNALS };
	int rc = 0;

	for (size_t i = 0; !rc && i < sizeof(folders) / sizeof(folders[0]); i++)
		rc = rfa_mkdir_synced(git->path, folders[i], err);
	for (unsigned i = 0; !rc && i < 256; i++) {
		char path[PATH_MAX];

		snprintf(path, sizeof(path), "%s/objects/%02x", git->path, i);
		if (mkdir(path, 0777) && errno != EEXIST) {
			rc = rfa_fail_errno(err, errno, "the folder could not be made");
			rfa_error_where(err, "%s", path);
		}
	}
	return rc;
}

static int first_commit(const struct rfa_git *git, struct rfa_error *err)
{
	struct rfa_git_tree *tree = NULL;
	char own[RFA_LEDGER_ID_MAX];
	git_oid id, tree_id;
	char mark[96];
	int rc;

	rfa_ledger_new_id(git->base.clock, own);
	snprintf(mark, sizeof(mark), "{\"format\":%d,\"id\":\"%s\"}\n", RFA_LEDGER_FORMAT, own);
	rc = rfa_git_write(git, &tree_id, GIT_OBJECT_TREE, "", 0, err);
	if (!rc)
		rc = rfa_git_tree_open(git, &tree_id, &tree, err);
	if (!rc)
		rc = rfa_git_tree_put_text(tree, "README", readme, sizeof(readme) - 1, err);
	if (!rc)
		rc = rfa_git_tree_put_text(tree, "ledger.json", mark, strlen(mark), err);
	if (!rc)
		rc = rfa_git_tree_write(tree, &tree_id, err);
	if (!rc)
		rc = rfa_git_commit_write(git, &id, &tree_id, NULL, 0,
					  git->base.clock->wall_ms(git->base.clock),
					  "ledger: begun\n\n{}\n\nRfa-Format: 1\n", err);
	if (!rc)
		rc = rfa_git_ref_swap(git, RFA_GIT_MAIN, &id, NULL, err);
	rfa_git_tree_free(tree);
	return rc;
}

/* All of a new ledger, at a path that nobody knows yet. */
static int build(const struct rfa_ledger_options *options, const char *path, struct rfa_error *err)
{
	git_repository_init_options how;
	git_repository *repo = NULL;
	struct rfa_git *git = NULL;
	int rc = start_git(err);

	if (rc)
		return rc;
	git_repository_init_options_init(&how, GIT_REPOSITORY_INIT_OPTIONS_VERSION);
	how.flags =
	    GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_NO_REINIT | GIT_REPOSITORY_INIT_MKDIR;
	how.initial_head = "main";
	rc = git_repository_init_ext(&repo, path, &how);
	git_repository_free(repo);
	if (rc) {
		rc = rfa_git_fail(err, rc, path, "the ledger could not be made");
		goto done;
	}
	/* Nobody else goes in, whatever the mode of what is inside. */
	if (chmod(path, 0700)) {
		rc = rfa_fail_errno(err, errno, "the ledger could not be closed to others");
		rfa_error_where(err, "%s", path);
		goto done;
	}
	rc = open_repository(&git, options, path, err);
	if (rc)
		goto done;
	rc = make_folders(git, err);
	if (!rc)
		rc = configure(git, err);
	if (!rc)
		rc = first_commit(git, err);
	git_free(&git->base);
	if (!rc)
		rc = rfa_sync_tree(path, err);
done:
	git_libgit2_shutdown();
	return rc;
}

/* 1 if something is at path that is not an empty folder. */
static int occupied(const char *path)
{
	if (!rmdir(path))
		return 0;
	return errno != ENOENT;
}

int rfa_ledger_init(const struct rfa_ledger_options *options, struct rfa_error *err)
{
	struct rfa_clock *clock = options->clock ? options->clock : rfa_clock_system();
	char path[PATH_MAX];
	char parent[PATH_MAX];
	char fresh[PATH_MAX];
	const char *slash;
	size_t len;
	int rc;

	if (!options->path || !options->path[0])
		return rfa_fail(err, RFA_EUSAGE, "ledger", "no path for a ledger was given");
	/* Below "." or below "/": parents are made, too. */
	rfa_copy(path, sizeof(path), options->path);
	for (len = strlen(path); len > 1 && path[len - 1] == '/'; len--)
		path[len - 1] = '\0';
	slash = strrchr(path, '/');
	snprintf(parent, sizeof(parent), "%.*s", slash ? (int)(slash - path) : 0, path);
	if (snprintf(fresh, sizeof(fresh), "%s.new-%016llx", path,
		     (unsigned long long)(clock->random(clock) ^ (uint64_t)getpid())) >=
	    (int)sizeof(fresh))
		return rfa_fail(err, RFA_EUSAGE, "ledger", "the path is too long");
	rc = rfa_mkdir_synced(path[0] == '/' ? "" : ".", parent + strspn(parent, "/"), err);
	if (rc)
		return rc;
	if (occupied(path)) {
		rfa_fail(err, RFA_EEXISTS, "ledger", "there is something already");
		rfa_error_where(err, "%s", path);
		return rfa_error_hint(err, "use it as it is, or choose another path");
	}
	/* Built aside and renamed, so that a crash leaves no half of a ledger in the way. */
	rc = build(options, fresh, err);
	if (!rc)
		rc = rfa_fault("ledger.init.built", err);
	if (!rc && rename(fresh, path)) {
		rc = errno == ENOTEMPTY || errno == EEXIST
			 ? rfa_fail(err, RFA_EEXISTS, "ledger", "there is something already")
			 : rfa_fail_errno(err, errno, "the ledger could not be put in place");
		rfa_error_where(err, "%s", path);
	}
	if (rc) {
		rfa_remove_tree(fresh);
		return rc;
	}
	rc = rfa_fault("ledger.init.renamed", err);
	return rc ? rc : rfa_sync_folder(parent[0] ? parent : slash ? "/" : ".", err);
}
