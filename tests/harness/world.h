/* A standard world for tests: hosts `test` and `prod`, an application on both, a ledger in memory.
 */
#ifndef RFA_TESTS_HARNESS_WORLD_H
#define RFA_TESTS_HARNESS_WORLD_H

#include "fixtures/sim/sim.h"
#include "fsm/run/run.h"

/* What is promoted. */
enum scenario {
	SCENARIO_RUN,       /* two containers by `docker run`, v1 on prod, v2 on test */
	SCENARIO_COMPOSE,   /* the same as a Compose project */
	SCENARIO_MIXED,     /* containers and a Compose project in one stack */
	SCENARIO_FIRST,     /* nothing on prod yet: bootstrap */
	SCENARIO_UNHEALTHY, /* v2 answers 500 */
	SCENARIO_SAME_TAG,  /* v2 has v1's tag */
	/*
	 * From here on the plan is of flow "promote-data", and both hosts run v1: containers
	 * backend and frontend by `docker run`, a Compose project of `web` and the database `es`
	 * that it depends on, and a node-exporter that keeps running. Members: auth (sqlite), es
	 * (volume), files (directory). What the data of a host is, its origin says: "test", "prod".
	 */
	SCENARIO_DATA,
	SCENARIO_DATA_REFLINK,   /* file systems with reflinks */
	SCENARIO_DATA_FIRST,     /* prod has no data yet: no auth, the others are empty */
	SCENARIO_DATA_UNHEALTHY, /* prod's backend answers 500 while it has data of test */
	SCENARIO_DATA_CORRUPT,   /* test's auth is one that SQLite complains of */
	/* A further member: db (postgres), in shop-db-1, to which the backend writes. */
	SCENARIO_DATA_DATABASE,
	SCENARIO_DATA_STOPPED, /* prod's frontend does not run, and is not to */
	SCENARIO_COUNT
};
const char *scenario_word(enum scenario s);

struct world {
	struct rfa_sim_world *sim;
	struct rfa_sim_host *test, *prod;
	struct rfa_host *source, *target;
	struct rfa_ledger *ledger;
	struct rfa_run_options options;
	json_t *plan;
	char spare_run[RFA_RUN_ID_MAX]; /* world_prune.h */
};

/* Ends the test program on any error: a world that cannot be made is a defect of the test. */
void world_make(struct world *w, enum scenario s, uint64_t seed);
/* The same; what the hosts are made of and the plan may be edited before the world is made. */
void world_make_edited(struct world *w, enum scenario s, uint64_t seed,
		       void (*edit)(void *user, json_t *setup, json_t *plan), void *user);
void world_free(struct world *w);

/*
 * An image as a setup describes it, of three layers, of which versions of one name share the first
 * two; `health` is how it answers. New.
 */
json_t *world_image(const char *name, const char *tag, const char *version, const char *health);
/*
 * Makes the world of a promote (SCENARIO_RUN, COMPOSE, MIXED, UNHEALTHY), with sources on `test`
 * from which version v3 is built, of everything but api. The plan of its publish to prod is
 * w->plan. edit: as in world_make_edited; NULL: nothing.
 */
void world_make_sources(struct world *w, enum scenario s, uint64_t seed,
			void (*edit)(void *user, json_t *setup, json_t *plan), void *user);
/* A sweep's judge: the builder has the names that the run gave after a success, and only then. */
void world_judge_builder(struct world *w, const struct rfa_run_result *result, struct rfa_buf *why);
#define WORLD_SOURCES "/srv/src"

/*
 * The same, with the sources as a commit of a repository in memory. The plan of its release to prod
 * is w->plan. Of SCENARIO_COMPOSE, docker-compose.yml comes with it, changed, and conf/new.yml; it
 * uses a variable STAGE, which has the value "it's blue". One such world at a time.
 */
void world_make_release(struct world *w, enum scenario s, uint64_t seed);
/* The plan is about what the repository has now. */
void world_release_commit(struct world *w);
/* The repository gives another commit (1), or that of the plan again (0). */
void world_release_other(int which);
/* A file of it has this content from now on. */
void world_release_change(const char *path, const char *text);
/*
 * Makes the world of a promote (SCENARIO_RUN, COMPOSE, MIXED, UNHEALTHY), with a registry that has
 * version v3 of everything but api. The plan of its deploy to prod is w->plan; via: "target", or
 * "test", whose host then fetches.
 */
void world_make_registry(struct world *w, enum scenario s, uint64_t seed, const char *via);
#define WORLD_REGISTRY "registry.example:5000"
/*
 * Makes the world of a Compose project, with its files on `test`, in WORLD_FILES, as an operator
 * has them: docker-compose.yml and .env have changed, conf/new.yml is new, old.yml is gone; prod
 * has data/big, which is kept. The plan of their sync to prod, which removes what is gone, is
 * w->plan; take: prod's docker-compose.yml was edited, and comes to `test`.
 */
void world_make_files(struct world *w, uint64_t seed, int take);
#define WORLD_FILES "/home/olga/shop"
/* The plan of a rollback to the oldest point of files. New. */
json_t *world_files_back_plan(struct world *w);
/* Rollbacks of images that bring back more than images that are there. */
enum world_back {
	WORLD_BACK_FILES,  /* a Compose project whose docker-compose.yml and .env were changed */
	WORLD_BACK_SICK,   /* the same; with the old files it does not prove healthy */
	WORLD_BACK_GIVEN,  /* prod has the images no more, test has them */
	WORLD_BACK_STORED, /* nor has test, but a backup of prod's images */
	WORLD_BACK_PULLED, /* nor that, but a registry */
	WORLD_BACK_NOBODY, /* nobody has them */
};
/*
 * What of prod's configuration changes: its .env, and docker-compose.yml, in which `web` has
 * another MODE, and v2 of its image. Before the version is brought, and after it; then by hand
 * `up`.
 */
void world_put_variables(struct world *w);
void world_change_files(struct world *w);
void world_compose_up(struct world *w);
#define WORLD_OLD_VARIABLES "MODE=a\nTOKEN=hunter2hunter2\n"
#define WORLD_NEW_VARIABLES "MODE=b\nTOKEN=hunter3hunter3\n"
/* Makes the world, brings it to where such a rollback begins; answers its plan. New. */
json_t *world_make_back(struct world *w, enum world_back which, uint64_t seed);
/* WORLD_REGISTRY/app/NAME:TAG is from now on the image world_image() of this version. */
void world_registry_put(struct world *w, const char *name, const char *tag, const char *version,
			const char *health);

/*
 * The contents of all members: {"test":{"auth":{"origin","writes","torn"},"es":…,"files":…},
 * "prod":{…}}, null where nothing is. New.
 */
json_t *world_data(struct world *w);
/* 1 if every member of env ("prod") is of this origin and whole; else why is appended. */
int world_data_is(struct world *w, const char *env, const char *origin, struct rfa_buf *why);
/* Where a member lives: of the plan's side that is of this environment. 0: no such member. */
int world_place(const struct world *w, const char *env, const char *member, char *out, size_t size);

/*
 * Plans of the other flows of data; New. Whose hosts they are about, w->options has from then on.
 * The vault is on env itself, WORLD_VAULT; backup: an id. flow: "restore" or "drill".
 */
#define WORLD_VAULT "/var/backups/rfa/app"
json_t *world_backup_plan(struct world *w, const char *env, const char *backup);
json_t *world_restore_plan(struct world *w, const char *flow, const char *of, const char *to,
			   const char *backup);

/*
 * The plan of a rollback to the newest point, of a promote or of a data run; NULL if there is none.
 * New.
 */
json_t *world_rollback_plan(struct world *w);

/* What serves on prod (containers without their ids, tags, networks, volumes, files). New. */
json_t *world_serves(struct world *w);
/* A container that was made again has another id, which names it too; and nothing else. */
void world_drop_ids(json_t *containers);
/* What is rfa's own on both hosts. New. */
json_t *world_own(struct world *w);
/*
 * 1 if nothing of a run is left on any host: no lock, run directory, container, copy that no
 * rollback point names, backup that is not complete; else why is appended.
 */
int world_is_clean(struct world *w, struct rfa_buf *why);
/* The same, by what world_own() has just answered. */
int world_is_clean_by(struct world *w, const json_t *own, struct rfa_buf *why);

/* Drives until the run is final: begin, then recover and resume as often as it takes (bounded). */
int world_drive(struct world *w, const json_t *plan, struct rfa_run_result *result,
		struct rfa_error *err);

#endif
