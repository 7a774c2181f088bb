/* The inside of the reader of repositories. */
#ifndef RFA_TRANSPORTS_GIT_INSIDE_H
#define RFA_TRANSPORTS_GIT_INSIDE_H

#include <git2.h>

#include "transports/git/git.h"

/* One entry of a commit. Directories come before what is in them. */
struct rfa_git_entry {
	char *path; /* owned */
	git_oid id;
	char type; /* as struct rfa_file_stat says; a submodule is 'o' */
	unsigned mode;
	uint64_t size; /* of a file, or of the text of a link */
};

struct rfa_git_repository {
	struct rfa_repository base; /* first member */
	git_repository *repo;
	git_odb *odb;
	git_oid commit, tree;
	int64_t at_s; /* when it was committed */
	struct rfa_git_entry *at;
	size_t n, room;
};

/* More entries, deeper directories, or larger files are refused. */
enum { RFA_GIT_ENTRIES_MAX = 200000, RFA_GIT_DEPTH_MAX = 128 };
#define RFA_GIT_FILE_MAX ((uint64_t)1 << 30)

/* libgit2's last error in our words. Returns -code. */
int rfa_git_wrong(struct rfa_error *err, const char *where, const char *fmt, ...) RFA_PRINTF(3, 4);

/* Fills in the entries of r->tree. */
int rfa_git_walk(struct rfa_git_repository *r, struct rfa_error *err);
/* The entry of that path; NULL: none. */
const struct rfa_git_entry *rfa_git_entry_of(const struct rfa_git_repository *r, const char *path);
/* Content; to be freed by git_odb_object_free(). */
int rfa_git_content(struct rfa_git_repository *r, const struct rfa_git_entry *entry,
		    git_odb_object **out, struct rfa_error *err);

int rfa_git_tar(struct rfa_repository *base, struct rfa_stream **out, struct rfa_error *err);

/* How a server is reached and asked, by the rules of a URL. */
struct rfa_git_way;
int rfa_git_way_find(struct rfa_git_way **out, const struct rfa_git_source *source,
		     struct rfa_error *err);
void rfa_git_way_free(struct rfa_git_way *way);
const char *rfa_git_way_url(const struct rfa_git_way *way);
/* What libgit2 asks while it fetches. Lives as long as the way. *why is set where we say no. */
void rfa_git_way_callbacks(struct rfa_git_way *way, git_remote_callbacks *callbacks,
			   struct rfa_error *why);

#endif
