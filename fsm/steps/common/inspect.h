/* What the engine's inspect object says of a container, and of the paths that it mounts. */
#ifndef RFA_FSM_STEPS_COMMON_INSPECT_H
#define RFA_FSM_STEPS_COMMON_INSPECT_H

#include <jansson.h>

#include "transports/host/host.h"

/* These take NULL for what is not there. Texts are borrowed, and "" where there is none. */
const char *rfa_container_id(const json_t *inspect);     /* of any object of the engine */
const char *rfa_container_image(const json_t *inspect);  /* the id of its image */
const char *rfa_container_health(const json_t *inspect); /* what its own health check says */
int rfa_container_running(const json_t *inspect);
/* The engine is about to start it again. */
int rfa_container_restarting(const json_t *inspect);
int rfa_container_paused(const json_t *inspect);
int rfa_container_autoremove(const json_t *inspect);
const char *rfa_container_ref(const json_t *inspect);     /* what it was made from */
const char *rfa_container_started(const json_t *inspect); /* when, as the engine says it */
long long rfa_container_exit(const json_t *inspect);      /* the status with which it has ended */
json_t *rfa_container_networks(const json_t *inspect);    /* {name: endpoint}, or NULL */
/* The diff ids of an image, an array, or NULL. */
json_t *rfa_image_layers(const json_t *inspect);

/* 1 if it runs, or is about to. */
int rfa_container_active(const json_t *inspect);
/* Its restart policy as container_policy() takes it: "on-failure:3". */
void rfa_container_policy(const json_t *inspect, char *out, size_t size);
/* 1 if a start of the engine starts it, although somebody has stopped it. */
int rfa_container_comes_back(const json_t *inspect);
/* Its name without the slash. */
const char *rfa_container_name(const json_t *inspect);
/* A label's value; "" if it has none. Borrowed. */
const char *rfa_container_label(const json_t *inspect, const char *name);
/* 1 if it has the label, whatever that says. */
int rfa_container_has_label(const json_t *inspect, const char *name);
/* By name, without the slash, in a list of inspect objects, or NULL. Borrowed. */
json_t *rfa_container_named(const json_t *all, const char *name);

/* The mounts of a container: an array, or NULL. Borrowed. */
json_t *rfa_container_mounts(const json_t *inspect);
/* A mount's two sides, the name of its volume; "" of what there is not. Borrowed. */
const char *rfa_mount_source(const json_t *mount);
const char *rfa_mount_destination(const json_t *mount);
const char *rfa_mount_volume(const json_t *mount);
/* Of a volume that is mounted in part: which part; else "". Borrowed. */
const char *rfa_mount_part(const json_t *inspect, const json_t *mount);
/* 1 if the container may write to it. */
int rfa_mount_writes(const json_t *mount);

/* By name in a list of inspect objects, or NULL; and what is said of it. Borrowed. */
const json_t *rfa_volume_named(const json_t *all, const char *name);
const char *rfa_volume_place(const json_t *volume);
const char *rfa_volume_driver(const json_t *volume);
size_t rfa_volume_options(const json_t *volume);

/* 1 if inner is outer, or lies in it. Plain absolute paths. */
int rfa_path_in(const char *outer, const char *inner);
/* The same of two answers of the host's tree_where: whatever the paths are called. */
int rfa_where_in(const json_t *outer, const json_t *inner);
/* 1 if tree_observe was asked of a file that begins as SQLite's databases do. */
int rfa_tree_is_sqlite(const json_t *seen);
/* What tree_where says of a path: where it really is, and whether what it lies in is there. */
const char *rfa_where_real(const json_t *where);
int rfa_where_parent(const json_t *where);
/* Sets "where" in every mount of these containers whose source is a path, as the host says. */
int rfa_mounts_where(struct rfa_host *host, json_t *all, struct rfa_error *err);
const json_t *rfa_mount_where(const json_t *mount);

#endif
