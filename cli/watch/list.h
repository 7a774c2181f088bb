/* The releases that there are, as rfa.json says where: a forge's, or the tags of a repository. */
#ifndef RFA_CLI_WATCH_LIST_H
#define RFA_CLI_WATCH_LIST_H

#include "cli/frame/cli.h"
#include "cli/watch/watch.h"
#include "transports/forge/forge.h"

/* Zero it first. */
struct rfa_releases {
	struct rfa_due_release *at; /* owned; sorted by whoever gets it */
	size_t n;
	char **once;  /* owned; what `at` borrows from, and: */
	json_t *tags; /* owned: {tag: commit} */
	struct rfa_forge_releases forge;
};

/*
 * watch: of rfa_config_watch(). git: source.git, as written. What was there is replaced. Errors:
 * those of rfa_forge_list() and rfa_git_tags().
 */
int rfa_releases_list(struct rfa_cli *cli, const char *stack, const char *env, const json_t *watch,
		      const char *git, struct rfa_releases *out,
		      struct rfa_error *err) RFA_MUST_USE;
void rfa_releases_release(struct rfa_releases *releases);

#endif
