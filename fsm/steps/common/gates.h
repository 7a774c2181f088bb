/*
 * Gates: everything that could make a run fail half-way is looked at before anything is touched,
 * and all of it is told at once. A gate is a row of a flow: its name, and a function that judges
 * from what PRECHECK has read, or asks the host itself.
 */
#ifndef RFA_FSM_STEPS_COMMON_GATES_H
#define RFA_FSM_STEPS_COMMON_GATES_H

#include "fsm/steps/common/ctx.h"

/* Collects verdicts. */
struct rfa_gates {
	struct rfa_ctx *ctx;
	const char *gate;
	json_t *gates; /* array of {"gate","verdict","evidence","hint"} */
	size_t refusals;
	size_t of_this_gate;
	int in_force; /* the containers of the Compose project are as its files say */
};

/* 0 with any number of refusals, or an error of the connection. */
struct rfa_gate {
	const char *name;
	int (*run)(struct rfa_gates *, struct rfa_error *);
};

/* One gate may deny for several reasons; each is told. */
void rfa_deny(struct rfa_gates *c, const char *hint, const char *fmt, ...) RFA_PRINTF(3, 4);

/*
 * The same of what may be passed on purpose: where the plan has a reason for it
 * (options.force_reason) the verdict is "forced", and kept. Never for what protects data.
 */
void rfa_deny_unless_forced(struct rfa_gates *c, const char *hint, const char *fmt, ...)
    RFA_PRINTF(3, 4);

/* What need not be mended, but should be known before anything is touched: a "warning". */
void rfa_warn(struct rfa_gates *c, const char *hint, const char *fmt, ...) RFA_PRINTF(3, 4);

/*
 * 1 if the run goes back to a rollback point. Nothing comes from elsewhere then: what a gate asks
 * of something new does not stand in its way.
 */
int rfa_goes_back(const struct rfa_ctx *ctx);
/* 1 if the URL's host is the environment itself: localhost, its address, or one of its own. */
int rfa_url_is_own(const struct rfa_plan_host *side, const char *url);

#define RFA_GATE_OF(name) int rfa_gate_##name(struct rfa_gates *, struct rfa_error *)

/* Of any flow. */

RFA_GATE_OF(engine); /* the Docker Engines, and that both are for one kind of machine */
/* Production that reads the test server's data is the accident that this one is for. */
RFA_GATE_OF(base_url);
RFA_GATE_OF(proven_drill); /* where a stack asks for it, a backup has been proven lately */
RFA_GATE_OF(fresh_backup); /* where a stack asks for it, the data was backed up lately */
RFA_GATE_OF(window);       /* where a stack has one, and no freeze: it is the time for it */
RFA_GATE_OF(urls);         /* the host lets us ask the URLs of the health checks */

/* Of images. */

RFA_GATE_OF(image_engine);     /* "engine", and the Compose plugin where a stack needs it */
RFA_GATE_OF(source_runs);      /* only what runs well is brought elsewhere */
RFA_GATE_OF(tags);             /* a version must be told from another */
RFA_GATE_OF(carry_over);       /* what of a container cannot be given to its successor */
RFA_GATE_OF(cut_off);          /* others that would lose the container which they share */
RFA_GATE_OF(first_deployment); /* what a first deployment needs there */
RFA_GATE_OF(image_space);      /* disk space for the images, on both sides */
RFA_GATE_OF(compose);          /* bringing a project up changes its images, and nothing else */
RFA_GATE_OF(networks);         /* the networks that the containers join are there */
RFA_GATE_OF(shared_names);     /* nobody else is called as one of the stack, in its networks */
RFA_GATE_OF(published);        /* no database is published to others than the host itself */
RFA_GATE_OF(images_there);     /* what the ledger knows to have run is there, or can be had */
RFA_GATE_OF(image_point);      /* what a rollback point of images needs is still there */
RFA_GATE_OF(traffic);          /* a second container can stand in, and its router answers */
RFA_GATE_OF(servers);          /* no server of data is replaced while a dump is loaded into it */
RFA_GATE_OF(verified);         /* only what another environment has proven */
RFA_GATE_OF(drift);            /* what runs there is what the ledger says */
RFA_GATE_OF(checklist);        /* where a stack has one: people have looked at its items */
RFA_GATE_OF(same_version);     /* what is called as a version of before is that version */

RFA_GATE_OF(builder);     /* what builds images is there, and builds for the target */
RFA_GATE_OF(sources);     /* what images are built from is there, and is what was planned */
RFA_GATE_OF(new_version); /* a version is one thing for ever */
RFA_GATE_OF(all_known);   /* of what is not built, the target has the image */
RFA_GATE_OF(repository);  /* all files of a commit that is released are in it */
RFA_GATE_OF(variables);   /* what the Compose files of a commit use has a value */
RFA_GATE_OF(same_tag);    /* a tag that was released is the commit that it was then */

RFA_GATE_OF(migration);     /* a change of the schema can be made, and taken back */
RFA_GATE_OF(tried_version); /* of a drill that tries a migration: that version runs there */
RFA_GATE_OF(schema);        /* what a rollback point ran runs on the schema that there is */
RFA_GATE_OF(same_schema);   /* of a rebuild: data that stays has the schema of what is made anew */

/* Of data. */

RFA_GATE_OF(members);        /* the pieces of the data are there, and can be copied */
RFA_GATE_OF(containers);     /* those that use it can be stopped, and started again */
RFA_GATE_OF(others);         /* others that use the data */
RFA_GATE_OF(dependents);     /* others that are cut off when one stops */
RFA_GATE_OF(files);          /* databases that a container has mounted as single files */
RFA_GATE_OF(kept);           /* what keep_running names, and a swap would not reach */
RFA_GATE_OF(tools);          /* what the hosts need for copies and dumps */
RFA_GATE_OF(travels);        /* whether only what has changed can travel */
RFA_GATE_OF(processes);      /* processes that use the data and are of no container that stops */
RFA_GATE_OF(init_files);     /* the files of SQL with which a database begins are there */
RFA_GATE_OF(access);         /* nobody gets in to a server of data without a password */
RFA_GATE_OF(data_space);     /* disk space and inodes, on each file system of both sides */
RFA_GATE_OF(snapshot_space); /* the same for a snapshot, and what it is loaded into */
RFA_GATE_OF(data_point);     /* what a rollback point of data needs is still there */
RFA_GATE_OF(vault);          /* the place of the backups is what it seems to be */
RFA_GATE_OF(backup);         /* the backup is complete, and is of this stack */
RFA_GATE_OF(image_backup);   /* the same of images, one for each container */
RFA_GATE_OF(target_runs);    /* what is to be tried out runs now */

/* Of files. */

RFA_GATE_OF(source_files);  /* each file can be brought */
RFA_GATE_OF(edited);        /* what a person has changed there is not written over */
RFA_GATE_OF(env_file);      /* each variable of the project has a value */
RFA_GATE_OF(as_synced);     /* what a sync has brought there is as it came */
RFA_GATE_OF(file_space);    /* disk space for them */
RFA_GATE_OF(configuration); /* of a rollback of images: what it needs to bring files back */
RFA_GATE_OF(file_point);    /* what a rollback point of files needs is still there */

/* Those of every flow that stops what uses the data: a new one belongs here, so that no flow lacks
 * it. */
/* clang-format off */
#define RFA_GATES_OF_DATA \
	{ "members", rfa_gate_members }, \
	{ "containers", rfa_gate_containers }, \
	{ "other consumers", rfa_gate_others }, \
	{ "dependents", rfa_gate_dependents }, \
	{ "database files", rfa_gate_files }, \
	{ "kept running", rfa_gate_kept }, \
	{ "tools", rfa_gate_tools }, \
	{ "processes", rfa_gate_processes }
/* clang-format on */

#endif
