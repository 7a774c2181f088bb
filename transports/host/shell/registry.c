/* Images in registries: rfa asks these itself, over connections that the host opens. */
#include "transports/host/shell/shell.h"

#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "transports/host/registry_archive.h"
#include "transports/host/registry_image.h"

/* The classic store unpacks zstd from this engine on. */
#define ZSTD_ENGINE 23

int rfa_shell_registry_open(struct shell_host *h, const struct rfa_registry_access *access,
			    struct rfa_registry **out, struct rfa_error *err)
{
	const struct rfa_registry_login login = { access->user,
						  access->secret ? access->secret : "" };
	const struct rfa_registry_options options = {
		.domain = access->domain,
		.transport = h->transport,
		.login = access->user ? &login : NULL,
		.ca_file = access->ca_file,
		.plain_http = access->plain_http,
		.idle_timeout_ms = h->idle_ms,
	};

	return rfa_registry_open(out, &options, err);
}

int rfa_shell_registry_ping(struct rfa_host *host, const struct rfa_registry_access *access,
			    struct rfa_error *err)
{
	struct rfa_registry *registry = NULL;
	enum rfa_registry_auth auth;
	int rc = rfa_shell_registry_open((struct shell_host *)host, access, &registry, err);

	if (rc == 0)
		rc = rfa_registry_ping(registry, &auth, err);
	rfa_registry_free(registry);
	return rc;
}

/* What a reference means at a registry that is open. */
static int resolve(struct rfa_registry *registry, const struct rfa_registry_name *name,
		   const char *platform, struct rfa_registry_image *out, struct rfa_error *err)
{
	struct rfa_registry_platform wanted;
	int rc = rfa_registry_platform_of(&wanted, platform, err);

	return rc ? rc
		  : rfa_registry_resolve(registry, name->place.path, name->reference, &wanted, out,
					 err);
}

static int other_domain(const struct rfa_registry_name *name, struct rfa_error *err)
{
	return rfa_fail(err, RFA_EINTERNAL, "registry", "nobody said how %s is asked",
			name->place.domain);
}

int rfa_shell_registry_resolve(struct rfa_host *host, const struct rfa_registry_access *access,
			       const char *ref, const char *platform, json_t **out,
			       struct rfa_error *err)
{
	struct rfa_registry *registry = NULL;
	struct rfa_registry_image image = { .n = 0 };
	struct rfa_registry_name name;
	int rc = rfa_registry_name_of(&name, ref, err);

	if (rc == 0 && strcmp(name.place.domain, access->domain) != 0)
		rc = other_domain(&name, err);
	if (rc == 0)
		rc = rfa_shell_registry_open((struct shell_host *)host, access, &registry, err);
	if (rc == 0)
		rc = resolve(registry, &name, platform, &image, err);
	if (rc == 0)
		rc = rfa_registry_image_json(&image, out, err);
	rfa_registry_image_release(&image);
	rfa_registry_free(registry);
	return rc;
}

/* Fetching. */

struct fetching {
	struct shell_host *h;
	const struct rfa_registry_access *access;
	struct rfa_registry **registries; /* owned; of each access; NULL: not open yet */
	size_t n_access;
	struct rfa_registry_name *names;   /* owned; of each image */
	struct rfa_registry_image *images; /* owned */
	size_t n;
	struct rfa_registry_archive archive;
};

static int registry_for(struct fetching *f, const struct rfa_registry_name *name,
			struct rfa_registry **out, struct rfa_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < f->n_access; i++)
		if (strcmp(f->access[i].domain, name->place.domain) == 0)
			break;
	if (i == f->n_access)
		return other_domain(name, err);
	if (!f->registries[i])
		rc = rfa_shell_registry_open(f->h, &f->access[i], &f->registries[i], err);
	*out = f->registries[i];
	return rc;
}

static int resolve_image(struct fetching *f, size_t i, const json_t *row, struct rfa_error *err)
{
	struct rfa_registry *registry = NULL;
	int rc = rfa_registry_name_of(&f->names[i], rfa_facts_str(row, "ref", ""), err);

	if (rc == 0 && !f->names[i].by_digest)
		rc = rfa_fail(err, RFA_EINTERNAL, "registry",
			      "an image to fetch is named by no digest");
	if (rc == 0)
		rc = registry_for(f, &f->names[i], &registry, err);
	if (rc == 0)
		rc = resolve(registry, &f->names[i], rfa_facts_str(row, "platform", ""),
			     &f->images[i], err);
	return rc;
}

static int resolve_all(struct fetching *f, const json_t *request, struct rfa_error *err)
{
	const json_t *rows = json_object_get(request, "images");
	size_t i;
	int rc = 0;

	f->n = json_array_size(rows);
	f->registries = calloc(f->n_access + 1, sizeof(*f->registries));
	f->names = calloc(f->n + 1, sizeof(*f->names));
	f->images = calloc(f->n + 1, sizeof(*f->images));
	if (!f->registries || !f->names || !f->images)
		rc = rfa_fail_nomem(err);
	for (i = 0; rc == 0 && i < f->n; i++)
		rc = resolve_image(f, i, json_array_get(rows, i), err);
	return rc;
}

static void release(struct fetching *f)
{
	size_t i;

	rfa_registry_archive_release(&f->archive);
	for (i = 0; f->images && i < f->n; i++)
		rfa_registry_image_release(&f->images[i]);
	for (i = 0; f->registries && i < f->n_access; i++)
		rfa_registry_free(f->registries[i]);
	free(f->images);
	free(f->names);
	free(f->registries);
}

/* Some engines cannot unpack what lies in some archives: that is to be known before it comes. */
static int check_engine(struct fetching *f, struct rfa_error *err)
{
	json_t *info = NULL;
	const char *version;
	int rc;

	if (!f->archive.zstd)
		return 0;
	rc = f->h->host.ops->info(&f->h->host, &info, err);
	if (rc)
		return rc;
	version = rfa_facts_str(info, "engine", "");
	if (strcmp(rfa_facts_str(info, "store", ""), "classic") == 0 &&
	    strtol(version, NULL, 10) < ZSTD_ENGINE) {
		(void)rfa_fail(err, RFA_EUNSUPPORTED, "docker",
			       "a layer is compressed by zstd, which Docker %s cannot unpack",
			       version);
		(void)rfa_error_where(err, "%s", f->h->host.name);
		rc = rfa_error_hint(err,
				    "install Docker %d or later there, or push the image with "
				    "gzip compression",
				    ZSTD_ENGINE);
	}
	json_decref(info);
	return rc;
}

static int fetch_piece(void *user, size_t piece, uint64_t from, rfa_host_take *take, void *taker,
		       struct rfa_error *err)
{
	struct fetching *f = user;
	const struct rfa_registry_from *at = &f->archive.from[piece];
	const struct rfa_registry_layer *layer = &f->images[at->image].layers[at->layer];
	const struct rfa_registry_part part = {
		f->names[at->image].place.path, layer->digest, layer->size, from, take, taker
	};
	struct rfa_registry *registry = NULL;
	uint64_t got;
	int rc = registry_for(f, &f->names[at->image], &registry, err);

	return rc ? rc : rfa_registry_fetch(registry, &part, &got, err);
}

int rfa_shell_registry_fetch(struct rfa_host *host, const char *run,
			     const struct rfa_registry_access access[], size_t n,
			     const json_t *request,
			     void (*progress)(void *user, uint64_t done, uint64_t total),
			     void *user, json_t **out, struct rfa_error *err)
{
	struct fetching f = { .h = (struct shell_host *)host, .access = access, .n_access = n };
	struct rfa_host_fetching how = { .run = run,
					 .archive = rfa_facts_str(request, "name", ""),
					 .fetch = fetch_piece,
					 .user = &f,
					 .progress = progress,
					 .progress_user = user,
					 .idle_timeout_ms = f.h->idle_ms,
					 .cancel = f.h->cancel,
					 .clock = f.h->clock };
	uint64_t fetched = 0;
	int rc = resolve_all(&f, request, err);

	if (rc == 0)
		rc = rfa_registry_archive_make(&f.archive, f.images, request, err);
	if (rc == 0)
		rc = check_engine(&f, err);
	how.pieces = f.archive.pieces;
	how.n = f.archive.n;
	if (rc == 0)
		rc = rfa_host_fetch(host, &how, &fetched, err);
	if (rc == 0) {
		*out = json_pack("{s:s, s:I, s:I, s:I, s:I}", "archive", how.archive, "bytes",
				 (json_int_t)f.archive.archive.bytes, "layers",
				 (json_int_t)f.archive.archive.layers, "omitted",
				 (json_int_t)f.archive.archive.omitted, "fetched",
				 (json_int_t)fetched);
		rc = *out ? 0 : rfa_fail_nomem(err);
	}
	release(&f);
	return rc;
}
