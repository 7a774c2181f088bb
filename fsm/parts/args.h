/* What the command of a flow takes, and how its plan is completed. */
#ifndef RFA_FSM_PARTS_ARGS_H
#define RFA_FSM_PARTS_ARGS_H

#include <jansson.h>
#include <stddef.h>

#include "fsm/base/buf.h"
#include "fsm/base/clock.h"
#include "fsm/core/flow.h"
#include "ledger/ledger.h"
#include "transports/host/host.h"

/* One option. A table of them ends with RFA_OPTION_END. */
struct rfa_option {
	const char *name; /* without the dashes: "from" */
	char letter;      /* 'c' for -c; 0: none */
	/* What it takes, for people: "FILE"; "NAME...": it may be given again; NULL: a switch. */
	const char *value;
	const char *env;   /* the variable that stands in when the option is not given */
	const char *words; /* the only values it takes: "text|markdown|dot"; NULL: any */
	const char *help;  /* one line */
};
#define RFA_OPTION_END                          \
	{                                       \
		NULL, 0, NULL, NULL, NULL, NULL \
	}

struct rfa_example {
	const char *line; /* what to type */
	const char *what; /* what it does */
};

/* Where the backups of a stack in an environment are, and which of them stay. */
struct rfa_vault_place {
	json_t *side;    /* of a plan: the environment's own host, or the operator's machine */
	char path[1024]; /* absolute, there */
	json_t *keep;    /* the rules of retention; NULL: every backup stays */
};

/* What a plan is completed with. All borrowed. */
struct rfa_prepare {
	struct rfa_ledger *ledger;
	struct rfa_clock *clock;
	const char *word;        /* the stack; of a flow about a host its environment */
	const char *second;      /* the word behind it; NULL: the flow takes none */
	const char *const *rest; /* the words behind that; NULL-terminated */
	/* The n-th value of an option; "" for a switch; NULL: not given, or no more. */
	const char *(*option)(const struct rfa_prepare *, const char *name, size_t n);
	/* One that cannot be left out. Errors: USAGE. */
	int (*need)(const struct rfa_prepare *, const char *name, const char **out,
		    struct rfa_error *);
	/* A whole number; *out keeps its value when the option was not given. Errors: USAGE. */
	int (*number)(const struct rfa_prepare *, const char *name, int64_t min, int64_t max,
		      int64_t *out, struct rfa_error *);
	/* *out (new): the side of an environment; stack NULL: the host alone. Errors: NOTFOUND. */
	int (*side)(const struct rfa_prepare *, const char *env, const char *stack, json_t **out,
		    struct rfa_error *);
	/* *out (new): the side that is the operator's own machine. */
	int (*here)(const struct rfa_prepare *, json_t **out, struct rfa_error *);
	/* *out (new, free()): a path of rfa.json, absolute on the operator's own machine. */
	int (*path)(const struct rfa_prepare *, const char *written, char **out,
		    struct rfa_error *);
	/* *out: its side and keep are new. */
	int (*vault)(const struct rfa_prepare *, const char *env, const char *stack,
		     struct rfa_vault_place *out, struct rfa_error *);
	/* *out (new, or NULL: rfa.json says nothing of it): how a registry is asked, as a plan has
	 * it: {"login"?,"ca"? (absolute),"http"?}. */
	int (*registry)(const struct rfa_prepare *, const char *domain, json_t **out,
			struct rfa_error *);
	/* *out (borrowed): the files of a commit; the tag is fetched, unless the ask names a commit
	 * that is there. Errors: those of the repository. */
	int (*repository)(const struct rfa_prepare *, const struct rfa_repository_ask *,
			  struct rfa_repository **out, struct rfa_error *);
	/* *out (new, rfa_host_free()): the host of a side, connected. */
	int (*open)(const struct rfa_prepare *, const json_t *side, struct rfa_host **out,
		    struct rfa_error *);
	/* Appends a file of the operator's own machine. Errors: NOTFOUND, TOOBIG (over max), IO. */
	int (*file)(const struct rfa_prepare *, const char *path, size_t max, struct rfa_buf *out,
		    struct rfa_error *);
	/* Tells the operator something, on a line of its own. */
	void (*tell)(const struct rfa_prepare *, const char *text);
	/* What a host keeps of the ledger: fsm/run/run.h, rfa_run_kept_head(). *out is new. */
	int (*kept_head)(const struct rfa_prepare *, struct rfa_host *, json_t **out,
			 struct rfa_error *);
	void *user;
};

enum rfa_args_flag {
	RFA_ARGS_FORCE = 1 << 0,      /* --force --reason: it has gates that may be forced */
	RFA_ARGS_REASON = 1 << 1,     /* --reason is required */
	RFA_ARGS_UNATTENDED = 1 << 2, /* --unattended: for timers */
	RFA_ARGS_HOST = 1 << 3,       /* about a host, and no stack */
	RFA_ARGS_SECOND = 1 << 4,     /* a second word follows the stack */
	RFA_ARGS_REST = 1 << 5,       /* and more words behind that, one at least */
	RFA_ARGS_MAY_REASON = 1 << 6, /* --reason may be given */
	/* It brings something: rfa.json may ask for a backup before it (backup.before). */
	RFA_ARGS_BACKUP_BEFORE = 1 << 7,
	RFA_ARGS_BACKS_UP = 1 << 8, /* it makes that backup */
	/* The preview is shown before the question, and what goes by it is options.agreed. */
	RFA_ARGS_SHOWS_FIRST = 1 << 9,
	RFA_ARGS_MAY_SECOND = 1 << 10, /* a second word may follow the stack */
	RFA_ARGS_RELEASES = 1 << 11, /* its second word is a release: `rfa watch` begins its runs */
	RFA_ARGS_TRAFFIC = 1 << 12,  /* --pause-at: traffic may move in shares */
};

struct rfa_flow_args {
	const char *command; /* what is typed: "lock release"; NULL: it has no command of its own */
	const char *group;
	const char *words;   /* what follows: "STACK --from ENV --to ENV" */
	const char *details; /* a paragraph or more; lines of at most 90 columns */
	unsigned flags;      /* enum rfa_args_flag */
	/* Beside those of the roles, of the flags and --dry-run; NULL: none. */
	const struct rfa_option *options;
	const struct rfa_example *examples; /* ends with line NULL */
	const char *goes_back_to; /* the kind of rollback point that it brings back; NULL: none */
	const char *with; /* the option of `rfa rollback` that asks for it; NULL: it needs none */
	/*
	 * Completes the plan, which has {"format","flow","stack","source","target","options"} with
	 * the sides that options have named. Changes nothing anywhere. A plan with which nothing
	 * is to be done gets "nothing": why ("": nobody has to be told). NULL: the plan is
	 * complete.
	 */
	int (*prepare)(const struct rfa_prepare *, json_t *plan, struct rfa_error *);
	/* A switch that asks for another flow, too, whose command follows; NULL: none. */
	const char *also;
	const struct rfa_flow *also_flow; /* its command takes STACK --env ENV */
	/* What its command gets beside that: the same option with its value, and this switch. */
	const char *also_with;
};

/* Sets options[key]; steals value. */
int rfa_plan_set(json_t *plan, const char *key, json_t *value, struct rfa_error *err) RFA_MUST_USE;

/*
 * What the ledger says that an environment has proven, as options[key] ("verified" of the source,
 * "proven" of the target); nothing where it says nothing.
 */
int rfa_prepare_proven_images(const struct rfa_prepare *p, json_t *plan, const char *key,
			      const char *env, struct rfa_error *err) RFA_MUST_USE;
/* For a plan's gate: when a drill has last proven a backup of that environment. */
int rfa_prepare_proof(const struct rfa_prepare *p, json_t *plan, const char *env,
		      struct rfa_error *err) RFA_MUST_USE;
/* side: of a plan. Errors: CONFIG when the stack names no data there. */
int rfa_prepare_has_data(const json_t *side, struct rfa_error *err) RFA_MUST_USE;
/* Errors: CONFIG when the two sides' members cannot take each other's places. */
int rfa_prepare_same_data(const json_t *from, const json_t *to, struct rfa_error *err) RFA_MUST_USE;
/* Of a backup that is made (set "data" or "images") of the plan's source: id, vault, retention. */
int rfa_prepare_backup(const struct rfa_prepare *p, json_t *plan, const char *set,
		       struct rfa_error *err) RFA_MUST_USE;
/*
 * The backup of the data that belongs to what a run will replace on its target:
 * options.data_backup, the newest that the ledger knows; options.backup_first, where one is to be
 * made first; and options.no_backup, where the operator wants none (--skip-backup). command: what
 * is typed for it.
 */
int rfa_prepare_before(const struct rfa_prepare *p, json_t *plan, const char *command,
		       struct rfa_error *err) RFA_MUST_USE;
/* options.migrated: the migrations that the target's data has seen. */
int rfa_prepare_migrated(const struct rfa_prepare *p, json_t *plan,
			 struct rfa_error *err) RFA_MUST_USE;
/* --with: options.tried, the version whose migration a drill tries; nothing without it. */
int rfa_prepare_tried(const struct rfa_prepare *p, json_t *plan,
		      struct rfa_error *err) RFA_MUST_USE;
/* options.configuration: the files that the last run on the target has brought up. */
int rfa_prepare_configuration(const struct rfa_prepare *p, json_t *plan,
			      struct rfa_error *err) RFA_MUST_USE;
/* All that the ledger knows of an environment that gets images: what is proven there, the files in
 * force, the last drill, and the backup before. */
int rfa_prepare_receiver(const struct rfa_prepare *p, json_t *plan, const char *command,
			 struct rfa_error *err) RFA_MUST_USE;
/* Of a backup of data that is put into the plan's target: which one, and its members. */
int rfa_prepare_restore(const struct rfa_prepare *p, json_t *plan,
			struct rfa_error *err) RFA_MUST_USE;
/* The same, of the backup `id`; NULL: the newest that is complete. */
int rfa_prepare_restore_of(const struct rfa_prepare *p, json_t *plan, const char *id,
			   struct rfa_error *err) RFA_MUST_USE;
/* The same of a backup of images. */
int rfa_prepare_restore_images(const struct rfa_prepare *p, json_t *plan,
			       struct rfa_error *err) RFA_MUST_USE;
/* Of images that are built: where, from what, and what they are to be called. */
int rfa_prepare_build(const struct rfa_prepare *p, json_t *plan,
		      struct rfa_error *err) RFA_MUST_USE;
/* options.needs: what the ledger needs images of the target's host for. */
int rfa_prepare_needs(const struct rfa_prepare *p, json_t *plan,
		      struct rfa_error *err) RFA_MUST_USE;
/*
 * Of a version that the second word names: options.desired. One that no run has brought gets a
 * source, who tells which images it is: the environment of --from, or whose host asks its registry.
 */
int rfa_prepare_version(const struct rfa_prepare *p, json_t *plan,
			struct rfa_error *err) RFA_MUST_USE;
/* --item: one of the stack's checklist. */
int rfa_prepare_item(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err) RFA_MUST_USE;
/* Of a history of deployment scripts: options.imported, those of its lines that are new. */
int rfa_prepare_import(const struct rfa_prepare *p, json_t *plan,
		       struct rfa_error *err) RFA_MUST_USE;
/* Of images that come from registries: which, and who asks for them. */
int rfa_prepare_deploy(const struct rfa_prepare *p, json_t *plan,
		       struct rfa_error *err) RFA_MUST_USE;
/*
 * The same of any references, {key: reference}: options.registries and options.via, and the source,
 * whose host asks them. Errors: CONFIG names one that is in no registry.
 */
int rfa_prepare_way(const struct rfa_prepare *p, json_t *plan, const json_t *images,
		    struct rfa_error *err) RFA_MUST_USE;
/* Of a release: the commit of the tag that is the second word, and what is built of it. */
int rfa_prepare_release(const struct rfa_prepare *p, json_t *plan,
			struct rfa_error *err) RFA_MUST_USE;
/* Of a stack that is made anew: the images that the ledger knows, or those of the second word; and
 * whether its data goes. */
int rfa_prepare_rebuild(const struct rfa_prepare *p, json_t *plan,
			struct rfa_error *err) RFA_MUST_USE;
/* Of files that come from the operator's directory. */
int rfa_prepare_sync(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err) RFA_MUST_USE;
/* options.synced: what the ledger says that was brought there. */
int rfa_prepare_synced(const struct rfa_prepare *p, json_t *plan,
		       struct rfa_error *err) RFA_MUST_USE;
/* Of a rollback point that the target goes back to: --to names it. */
int rfa_prepare_point(const struct rfa_prepare *p, json_t *plan,
		      struct rfa_error *err) RFA_MUST_USE;

#endif
