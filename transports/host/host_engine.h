/* A host's Docker engine, and its Compose: what they have, and how it is changed. */
#ifndef RFA_TRANSPORTS_HOST_HOST_ENGINE_H
#define RFA_TRANSPORTS_HOST_HOST_ENGINE_H

#include <jansson.h>
#include <stdint.h>

#include "fsm/base/buf.h"
#include "fsm/base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rfa_host;
struct rfa_job_key;

enum rfa_object { RFA_CONTAINER, RFA_IMAGE, RFA_NETWORK, RFA_VOLUME };

struct rfa_object_name {
	enum rfa_object kind;
	const char *name; /* borrowed */
};

/* A Compose project on a host. All lists are NULL-terminated; NULL is an empty one. */
struct rfa_compose {
	const char *project;          /* -p */
	const char *directory;        /* --project-directory; absolute */
	const char *const *files;     /* -f, absolute or relative to directory; none: Compose's */
	const char *const *env_files; /* --env-file; none: the directory's .env */
	/*
	 * Only these services, also those of a profile that is not active; none: all that are
	 * active. Of compose_up: none that they depend on is touched.
	 */
	const char *const *services;
	const char *const *scale; /* compose_up: "web=3", how many containers a service has */
	int no_start;             /* compose_up: containers are made, not started */
	int recreate; /* compose_up: also those that are as the files say are made anew */
};

/* How a command in a container has ended. */
struct rfa_exec_answer {
	int status; /* its exit status; 124: its time was over, and it may still run */
	struct rfa_buf
	    *said; /* the caller's: both of its outputs are appended, as far as they fit */
};

/* A secret of a build, as its Dockerfile mounts it: RUN --mount=type=secret,id=ID. Borrowed. */
struct rfa_build_secret {
	const char *id;    /* [A-Za-z0-9._-]+ */
	const char *value; /* text */
};

/* What a build has beside its request, none of which is kept. All zero: nothing. Borrowed. */
struct rfa_build_aside {
	const struct rfa_build_secret *secrets;
	size_t n;
	/*
	 * Told what the builder writes, line by line, while it builds, also after a lost
	 * connection: printable, without the values of secrets. Of much at once only the end is
	 * told. NULL: nobody listens.
	 */
	void (*said)(void *user, const char *line);
	void *user;
};

struct rfa_host_engine {
	/* reads */
	/* *out (new): the object as `docker inspect` shows it. Errors: NOTFOUND. */
	int (*inspect)(struct rfa_host *, enum rfa_object kind, const char *name, json_t **out,
		       struct rfa_error *);
	/*
	 * The same of many at once, in one round trip. *out (new): array of n, in this order: each
	 * one's object, or null: there is none. Errors: as of one; none of them is told then.
	 */
	int (*inspect_all)(struct rfa_host *, const struct rfa_object_name names[], size_t n,
			   json_t **out, struct rfa_error *);
	/* *out (new): array of the inspect objects of all containers (stopped too) or images... */
	int (*list)(struct rfa_host *, enum rfa_object kind, json_t **out, struct rfa_error *);
	/* Appends the last lines of a container's output (both streams). */
	int (*logs)(struct rfa_host *, const char *container, unsigned lines, struct rfa_buf *out,
		    struct rfa_error *);
	/*
	 * The same of the lines that are not older than a time ("2026-11-22T10:30:15Z"), each with
	 * the time in front of it that the engine gave it, and a blank. More than 1 MiB is cut at
	 * its beginning.
	 */
	int (*logs_since)(struct rfa_host *, const char *container, const char *since,
			  unsigned lines, struct rfa_buf *out, struct rfa_error *);
	/*
	 * Runs a command in a running container, without input, terminal or shell, for at most so
	 * many seconds. It counts as a read: what it does is its author's affair, and it may have
	 * run although the answer was lost. A command that the container does not have ends with
	 * 126 or 127. Errors: NOTFOUND (container), REMOTE (one that does not run).
	 */
	int (*exec)(struct rfa_host *, const char *container, const char *const argv[],
		    int64_t timeout_s, struct rfa_exec_answer *, struct rfa_error *);
	/* *out (new): which BuildKit there is, by its client: "0.13.1"; null: none that works. */
	int (*builder_version)(struct rfa_host *, json_t **out, struct rfa_error *);
	/* *out (new): which Compose there is, "2.26.1"; null: none that works. */
	int (*compose_version)(struct rfa_host *, json_t **out, struct rfa_error *);
	/*
	 * The files of a project for which none are named, as Compose finds them: COMPOSE_FILE,
	 * also of the .env file, else the usual names, in the directory or above it. *out (new):
	 * array of absolute paths. Errors: REMOTE with compose's words; UNSUPPORTED: Compose finds
	 * others than can be told.
	 */
	int (*compose_files)(struct rfa_host *, const struct rfa_compose *, json_t **out,
			     struct rfa_error *);
	/*
	 * *out (new): {"config": `docker compose config --format json`, "unset":[variable]}: a
	 * variable that the files name and nobody has set is blank in config. Errors: REMOTE with
	 * compose's words; NOTFOUND: one of `services` is not in the files.
	 */
	int (*compose_config)(struct rfa_host *, const struct rfa_compose *, json_t **out,
			      struct rfa_error *);
	/*
	 * What Compose labels the containers of each service with, com.docker.compose.config-hash,
	 * if it is brought up as `config` says (as compose_config answered it, or edited). *out
	 * (new): {service: hash}. Errors: REMOTE.
	 */
	int (*compose_hash)(struct rfa_host *, const struct rfa_compose *, const json_t *config,
			    json_t **out, struct rfa_error *);

	/* changes, as jobs */
	/*
	 * POST /containers/create with this body (the Engine API's own: Config's fields at the top,
	 * HostConfig, NetworkingConfig). "x-rfa-networks" {name: endpoint} are further networks,
	 * connected after it; null for one that its NetworkMode puts it into and that it is taken
	 * out of, before that. If one of these cannot be, the container is removed again; it never
	 * ran. Errors: EXISTS (name taken), NOTFOUND (image, network), REMOTE with the engine's
	 * words.
	 */
	int (*container_create)(struct rfa_host *, const struct rfa_job_key *, const char *name,
				const json_t *body, struct rfa_error *);
	/* Success too if it runs already. Errors: NOTFOUND, EXISTS (a port is taken), REMOTE. */
	int (*container_start)(struct rfa_host *, const struct rfa_job_key *, const char *name,
			       struct rfa_error *);
	/* Waits for the container's own stop time-out, then the engine kills it. Success too if it
	 * does not run. */
	int (*container_stop)(struct rfa_host *, const struct rfa_job_key *, const char *name,
			      struct rfa_error *);
	/*
	 * When the engine starts it by itself from now on, whether it runs or not: "no", "always",
	 * "unless-stopped", "on-failure" or "on-failure:N". Errors: NOTFOUND, REMOTE.
	 */
	int (*container_policy)(struct rfa_host *, const struct rfa_job_key *, const char *name,
				const char *policy, struct rfa_error *);
	/* Errors: NOTFOUND (from), EXISTS (to is taken), whatever an earlier attempt did. */
	int (*container_rename)(struct rfa_host *, const struct rfa_job_key *, const char *from,
				const char *to, struct rfa_error *);
	/* Removes a stopped container, never its volumes. Errors: NOTFOUND, REMOTE when it runs. */
	int (*container_remove)(struct rfa_host *, const struct rfa_job_key *, const char *name,
				struct rfa_error *);
	/* Errors: NOTFOUND. */
	int (*image_tag)(struct rfa_host *, const struct rfa_job_key *, const char *image,
			 const char *ref, struct rfa_error *);
	/*
	 * Untags ref (name:tag; without a tag, :latest is meant; sha256:… is the image itself); the
	 * image goes too if that was its last. Absent is success. In use: REMOTE.
	 */
	int (*image_untag)(struct rfa_host *, const struct rfa_job_key *, const char *ref,
			   struct rfa_error *);
	/*
	 * Makes an archive of images in the host's spool, in the hybrid form (OCI layout and
	 * manifest.json) that every engine loads, without the layers whose diff id is in "omit".
	 * request: {"images":[{"id":"sha256:…","name":"localhost/rfa-pin:…"}],"omit":["sha256:…"],
	 * "name":"images"}. *out (new): {"archive":"<name>","bytes":N,"layers":N,"omitted":N,
	 * "saved":N (bytes that the host has saved for it)}. Where layers are left out, the others
	 * are read in the engine's own store, and proven by their digests; if that cannot be done,
	 * the engine saves all of them, and "whole" says why. The archive's bytes are the same
	 * every time for the same request and images, whichever way they came.
	 */
	int (*image_export)(struct rfa_host *, const struct rfa_job_key *, const json_t *request,
			    json_t **out, struct rfa_error *);
	/* Loads an archive from the spool. Errors: REMOTE, NOSPACE. */
	int (*image_load)(struct rfa_host *, const struct rfa_job_key *, const char *archive,
			  struct rfa_error *);
	/*
	 * Builds an image with BuildKit, as `docker build` does. request: {"ref" (the tag that it
	 * gets),"context" (a directory on the host, absolute),"dockerfile" (from the context on;
	 * left out: "Dockerfile"),"target" (a stage; left out: the last),"platform" (left out: the
	 * engine's own),"args":{name: value},"labels":{name: value}}; args and labels may be left
	 * out. Nothing with a time stamp is added to the image (no attestations). *out (new):
	 * {"id","log" (the last lines that the builder wrote)}. The tag is moved only if it all
	 * succeeds. Errors: NOTFOUND: no context, or no Dockerfile in it; UNSUPPORTED: no BuildKit,
	 * or no tmpfs for a secret; REFUSED: somebody else has made its directory; NOSPACE; REMOTE
	 * with the last lines that the builder wrote.
	 */
	int (*image_build)(struct rfa_host *, const struct rfa_job_key *, const json_t *request,
			   const struct rfa_build_aside *aside, json_t **out, struct rfa_error *);
	/*
	 * docker compose up -d --no-build --remove-orphans=false, pull never, with what is in
	 * files. Errors: REMOTE with compose's words, also when a service does not end well that
	 * another one waits for.
	 */
	int (*compose_up)(struct rfa_host *, const struct rfa_job_key *, const struct rfa_compose *,
			  struct rfa_error *);
	/*
	 * Starts one more container, like those of the first of `services`, under this name and
	 * with this command: docker compose run -d -T --no-deps. It has their networks, mounts and
	 * variables, but none of their ports and aliases, and counts as none of them. It is not
	 * waited for: container_wait. Errors: EXISTS (the name is taken), REMOTE with compose's
	 * words.
	 */
	int (*compose_run)(struct rfa_host *, const struct rfa_job_key *,
			   const struct rfa_compose *, const char *name, const char *const argv[],
			   struct rfa_error *);
	/*
	 * Waits until the container has ended, at most so many seconds: one that still runs then is
	 * stopped, and has the status 124. The answer: its exit status, and the last 50 lines that
	 * it wrote. It may be asked for again under another key. Errors: NOTFOUND; REFUSED: it has
	 * never been started.
	 */
	int (*container_wait)(struct rfa_host *, const struct rfa_job_key *, const char *name,
			      int64_t timeout_s, struct rfa_exec_answer *, struct rfa_error *);
};

#ifdef __cplusplus
}
#endif
#endif
