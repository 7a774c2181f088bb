/* From a tag or a digest to the image behind it: every document is hashed before it is read. */
#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "fsm/base/imageref.h"
#include "transports/registry/inside.h"
#include "transports/registry/manifest.h"
#include "transports/registry/platform.h"

/* A document on its way. */
struct document {
	const struct rfa_registry *r;
	const char *what; /* for errors */
	char type[96];    /* Content-Type */
	char told[160];   /* Docker-Content-Digest; "" */
	char digest[RFA_REGISTRY_DIGEST];
	struct rfa_buf bytes;
	json_t *json; /* owned */
};

/* What is asked for. */
struct want {
	struct rfa_registry *r;
	const char *repository;
	struct rfa_registry_platform platform;
	char scope[300];
	char what[400];
};

static int take_head(void *user, const struct rfa_http_head *head, struct rfa_error *err)
{
	struct document *d = user;
	const char *type = rfa_http_header(head, "Content-Type", 0);
	const char *told = rfa_http_header(head, "Docker-Content-Digest", 0);

	(void)err;
	snprintf(d->type, sizeof(d->type), "%s", type ? type : "");
	snprintf(d->told, sizeof(d->told), "%s", told ? told : "");
	return 0;
}

static int take_body(void *user, const void *data, size_t len, struct rfa_error *err)
{
	struct document *d = user;

	if (!rfa_buf_add(&d->bytes, data, len))
		return 0;
	if (d->bytes.failed != -(int)RFA_ETOOBIG)
		return rfa_buf_check(&d->bytes, err);
	rfa_fail(err, RFA_ETOOBIG, "registry", "%s is longer than %zu bytes", d->what,
		 RFA_REGISTRY_DOCUMENT_MAX);
	return rfa_error_where(err, "%s", d->r->domain);
}

static void release(struct document *d)
{
	rfa_buf_release(&d->bytes);
	json_decref(d->json);
}

static int lies(const struct document *d, const char *is, const char *expected, const char *by,
		struct rfa_error *err)
{
	rfa_fail(err, RFA_EMISMATCH, "registry", "%s has the digest %s, but %s %s", d->what, is, by,
		 RFA_SHOWN(expected));
	rfa_error_hint(err, "something between here and the registry, or the registry itself, "
			    "changed it: do not use it");
	return rfa_error_where(err, "%s", d->r->domain);
}

/* Hashed, compared, parsed. `digest`: that it was asked by; NULL: a tag. */
static int accept_document(struct document *d, const char *digest, struct rfa_error *err)
{
	snprintf(d->digest, sizeof(d->digest), "sha256:");
	rfa_digest_of(RFA_SHA256, rfa_buf_str(&d->bytes), d->bytes.len, d->digest + 7);
	if (digest && strcmp(digest, d->digest) != 0)
		return lies(d, d->digest, digest, "it was asked for by", err);
	if (*d->told && strcmp(d->told, d->digest) != 0)
		return lies(d, d->digest, d->told, "the registry says", err);
	if (rfa_facts_parse(&d->json, rfa_buf_str(&d->bytes), d->bytes.len, d->what, err))
		return rfa_registry_nonsense(d->r, err, "%s is no JSON", d->what);
	return 0;
}

static int fetch(struct want *w, const char *kind, const char *name, struct document *d,
		 struct rfa_error *err)
{
	struct rfa_buf path = RFA_BUF_INIT(1024);
	struct rfa_registry_ask ask = {
		.scope = w->scope,
		.accept = strcmp(kind, "manifests") ? NULL : rfa_manifest_accept,
		.what = w->what,
		.on_head = take_head,
		.on_body = take_body,
		.user = d,
	};
	const char *digest = strchr(name, ':') ? name : NULL;
	int rc;

	d->r = w->r;
	d->what = w->what;
	d->bytes.max = RFA_REGISTRY_DOCUMENT_MAX;
	(void)rfa_buf_printf(&path, "/v2/%s/%s/%s", w->repository, kind, name);
	ask.path = rfa_buf_str(&path);
	rc = rfa_buf_check(&path, err);
	if (!rc)
		rc = rfa_registry_ask(w->r, &ask, err);
	if (!rc)
		rc = accept_document(d, digest, err);
	rfa_buf_release(&path);
	return rc;
}

/* A document has as many bytes as was said where its digest was said. */
static int check_size(const struct document *d, uint64_t size, struct rfa_error *err)
{
	if (d->bytes.len == size)
		return 0;
	rfa_fail(err, RFA_EMISMATCH, "registry", "%s: %s has %zu bytes, but %llu were announced",
		 d->what, d->digest, d->bytes.len, (unsigned long long)size);
	return rfa_error_where(err, "%s", d->r->domain);
}

static void keep_bytes(struct rfa_buf *out, struct document *d)
{
	*out = d->bytes;
	memset(&d->bytes, 0, sizeof(d->bytes));
}

/* The manifest, directly or by an index. */
static int find_manifest(struct want *w, const char *reference, struct document *d,
			 struct rfa_registry_image *image, struct rfa_error *err)
{
	struct rfa_registry_descriptor chosen;
	int is_index = 0;
	int rc = fetch(w, "manifests", reference, d, err);

	if (!rc)
		rc = rfa_manifest_kind(d->json, d->type, &is_index, image->manifest_type, err);
	if (rc || !is_index)
		return rc;
	memcpy(image->index, d->digest, sizeof(image->index));
	rc = rfa_manifest_choose(d->json, &w->platform, &chosen, err);
	release(d);
	memset(d, 0, sizeof(*d));
	if (!rc)
		rc = fetch(w, "manifests", chosen.digest, d, err);
	if (!rc)
		rc = check_size(d, chosen.size, err);
	if (!rc)
		rc = rfa_manifest_kind(d->json, d->type, &is_index, image->manifest_type, err);
	if (!rc && is_index)
		rc = rfa_fail(err, RFA_EUNSUPPORTED, "registry", "it is an index of indexes");
	return rc;
}

static int resolve(struct want *w, const char *reference, struct rfa_registry_image *image,
		   struct rfa_error *err)
{
	struct document manifest = { 0 }, config = { 0 };
	struct rfa_registry_descriptor descriptor;
	int rc = find_manifest(w, reference, &manifest, image, err);

	if (!rc)
		rc = rfa_manifest_read(manifest.json, image, &descriptor, err);
	if (!rc)
		rc = fetch(w, "blobs", descriptor.digest, &config, err);
	if (!rc)
		rc = check_size(&config, descriptor.size, err);
	if (!rc)
		rc = rfa_manifest_configure(config.json, &w->platform, image, err);
	if (!rc) {
		memcpy(image->manifest, manifest.digest, sizeof(image->manifest));
		keep_bytes(&image->manifest_doc, &manifest);
		keep_bytes(&image->config_doc, &config);
	}
	release(&manifest);
	release(&config);
	return rc;
}

/* Whether it can be put into a URL as it is, and means what it should. */
static int check_names(const struct rfa_registry *r, const char *repository, const char *reference,
		       struct rfa_error *err)
{
	struct rfa_imageref_place place;
	struct rfa_imageref ref;
	struct rfa_buf whole = RFA_BUF_INIT(1024);
	int digest = strchr(reference, ':') != NULL;
	int good;

	(void)rfa_buf_printf(&whole, "%s/%s%c%s", r->domain, repository, digest ? '@' : ':',
			     reference);
	good = !whole.failed && rfa_imageref_parse(&ref, rfa_buf_str(&whole)) &&
	       rfa_imageref_place(&place, &ref) && !strcmp(place.path, repository);
	rfa_buf_release(&whole);
	if (good && digest && !rfa_registry_is_digest(reference))
		return rfa_fail(err, RFA_EUNSUPPORTED, "registry",
				"%s is no digest of SHA-256, which alone rfa reads",
				RFA_SHOWN(reference));
	if (good)
		return 0;
	return rfa_fail(err, RFA_ECONFIG, "registry", "\"%s\" in \"%s\" is no image",
			RFA_SHOWN(reference), RFA_SHOWN(repository));
}

int rfa_registry_resolve(struct rfa_registry *r, const char *repository, const char *reference,
			 const struct rfa_registry_platform *platform,
			 struct rfa_registry_image *out, struct rfa_error *err)
{
	struct want w = { .r = r, .repository = repository };
	struct rfa_registry_image image = { 0 };
	int rc = check_names(r, repository, reference, err);

	if (rc) {
		rfa_error_where(err, "%s", r->domain);
		return rc;
	}
	rfa_platform_set(&w.platform, platform->os, platform->architecture, platform->variant);
	snprintf(w.scope, sizeof(w.scope), "repository:%s:pull", repository);
	snprintf(w.what, sizeof(w.what), "%s%s%s", repository, strchr(reference, ':') ? "@" : ":",
		 reference);
	rc = resolve(&w, reference, &image, err);
	if (rc) {
		rfa_registry_image_release(&image);
		rfa_error_where(err, "%s", r->domain);
		return rc;
	}
	*out = image;
	return 0;
}

void rfa_registry_image_release(struct rfa_registry_image *image)
{
	free(image->layers);
	rfa_buf_release(&image->manifest_doc);
	rfa_buf_release(&image->config_doc);
	image->layers = NULL;
	image->n = 0;
}
