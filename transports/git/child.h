/*
 * A server of git is asked by a process of its own: libgit2 1.5 has no time-outs, so whoever waits
 * for it must be able to end it. It has no descriptor but a pipe, so it can write no ledger; it
 * ends when rfa does.
 */
#ifndef RFA_TRANSPORTS_GIT_CHILD_H
#define RFA_TRANSPORTS_GIT_CHILD_H

#include "transports/git/inside.h"

/* The process, seen from its inside. */
struct rfa_git_child {
	const struct rfa_git_source *source;
	const char *tag; /* that is asked for; NULL: all */
	struct rfa_git_way *way;
	git_repository *repo; /* NULL: no copy is needed */
	git_remote *remote;
	git_fetch_options options; /* with which the remote is asked */
	struct rfa_error why;      /* set where one of our own rules says no */
	int to;
	unsigned long long moved; /* bytes that were told of */
};

/* What it tells. No more than a pipe takes at once. */
struct rfa_git_said {
	enum { RFA_GIT_MOVED, RFA_GIT_TAG, RFA_GIT_DONE, RFA_GIT_FAILED } what;
	char tag[RFA_GIT_TAG_MAX];   /* of TAG */
	char commit[RFA_GIT_ID_MAX]; /* of TAG and DONE */
	struct rfa_error err;        /* of FAILED */
};

/* Who asks. */
struct rfa_git_question {
	const struct rfa_git_source *source;
	const char *tag;
	/* In the process: fills in what DONE says. */
	int (*work)(struct rfa_git_child *, struct rfa_git_said *, struct rfa_error *);
	/* Outside of it, of each TAG and of DONE. */
	int (*heard)(void *user, const struct rfa_git_said *, struct rfa_error *);
	void *user;
};

/* Starts the process, and waits until it is done, silent for too long, or not wanted any more. */
int rfa_git_child_run(const struct rfa_git_question *question, struct rfa_error *err);

/* In the process. Something has moved: it is not silent. */
void rfa_git_child_moved(struct rfa_git_child *child);
void rfa_git_child_tell(struct rfa_git_child *child, const struct rfa_git_said *said);
/* Connects to the server. */
int rfa_git_child_connect(struct rfa_git_child *child, struct rfa_error *err);
/* All that it has. Borrowed. */
int rfa_git_child_heads(struct rfa_git_child *child, const git_remote_head ***heads, size_t *n,
			struct rfa_error *err);
/* libgit2's words for what went wrong with the server; ours, where one of our rules said no. */
int rfa_git_child_failed(struct rfa_git_child *child, int rc, const char *what,
			 struct rfa_error *err);

#endif
