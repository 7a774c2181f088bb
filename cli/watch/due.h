/*
 * Which releases are due: a pure function of the releases that there are and of the runs that the
 * ledger has. Nothing else says what was handled.
 */
#ifndef RFA_CLI_WATCH_DUE_H
#define RFA_CLI_WATCH_DUE_H

#include <stddef.h>
#include <stdint.h>

#include "fsm/base/error.h"
#include "fsm/parts/named.h"

enum rfa_due_is {
	RFA_DUE_HANDLED,    /* a run was begun for it, however that ended */
	RFA_DUE_REMADE,     /* the same, but it was deleted since, and made again */
	RFA_DUE_MOVED,      /* its tag is another commit than in that run */
	RFA_DUE_UNWANTED,   /* a draft, a pre-release, a tag that is called as no release is */
	RFA_DUE_OLD,        /* older than the newest that a run was begun for, whatever it is */
	RFA_DUE_NO_VERSION, /* no image can have such a tag: it cannot be released */
	RFA_DUE_FUTURE,     /* to be published later */
	RFA_DUE_NO_TAG,     /* its tag is not in the repository yet */
	RFA_DUE_WAITS,      /* behind one whose tag is not there yet, and each is wanted in order */
	RFA_DUE_PASSED_OVER, /* a newer one is due as well */
	RFA_DUE_NOW,
};

/* A release. All borrowed. */
struct rfa_due_release {
	const char *once; /* names it for ever: "github olga/shop 17" */
	const char *tag;
	const char *commit;   /* that the tag is; NULL: there is no such tag */
	int64_t published_ms; /* 0: nobody says; then versions are compared by their names */
	int draft;
	int prerelease; /* -1: nobody says; then its version does by its name */
	/* The answer. */
	enum rfa_due_is is;
	const char *run; /* of HANDLED, REMADE, MOVED: the newest that was begun for it; or NULL */
	char version[RFA_TAG_MAX + 1]; /* that its tag is, as rfa_named_version() says */
};

/* A run that was begun for a release. All borrowed. */
struct rfa_due_run {
	const char *run, *tag, *commit;
	const char *once;  /* "": somebody has typed it */
	const char *ended; /* "FAILED"; "": it has not */
	int64_t begun_ms;
	int64_t published_ms; /* as the forge said then; 0: nobody has asked it */
};

struct rfa_due_rules {
	const char *tags; /* source.tags of the stack: "v*" */
	int prerelease;   /* they are wanted, too */
	int all;          /* of several, each in order; else the newest */
	int64_t now_ms;
};

/*
 * Fills in what each release is, and sorts them, oldest first: those that are NOW are to be begun
 * in this order. Errors: REFUSED: no run was ever begun for a release, so nobody knows where to
 * begin; each release is then what it would be behind the first one.
 */
int rfa_due(struct rfa_due_release *releases, size_t n, const struct rfa_due_run *runs,
	    size_t n_runs, const struct rfa_due_rules *rules, struct rfa_error *err) RFA_MUST_USE;

/*
 * When an interrupted run is resumed again: as long after its last record as it had lasted until
 * then, a minute at least and an hour at most. So the time between two tries doubles.
 */
int64_t rfa_due_resume(int64_t begun_ms, int64_t last_ms);

/* Orders names of versions: "v1.9" < "v1.10-rc1" < "v1.10". */
int rfa_due_by_version(const char *a, const char *b);
/* 1 if a name is one: "v1.10", "1.10.2". */
int rfa_due_is_version(const char *version);
/* 1 if a name says so itself: "v1.10-rc1". */
int rfa_due_is_prerelease(const char *version);

#endif
