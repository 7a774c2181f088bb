/* What the ledger keeps of a version: which images it is, and where it has been proven. */
#include <stdio.h>
#include <string.h>

#include "fsm/parts/catalog.h"
#include "fsm/parts/outputs.h"

/* What was known of it before this run; nothing where it is new. f->was: its text. */
static int read_before(struct rfa_outputs *o, struct rfa_pool *pool, struct rfa_out_file *f,
		       struct rfa_version *out, struct rfa_error *err)
{
	json_t *json = NULL;
	int rc;

	rfa_record_clear(&rfa_shape_version, out);
	rfa_catalog_version_path(o->stack, o->version, f->path);
	f->has_was = 1;
	rc = rfa_ledger_read(o->ledger, f->path, &f->was, err);
	if (rc == -RFA_ENOTFOUND) {
		rfa_error_clear(err);
		out->version = o->version;
		out->run = o->run;
		out->at = o->now;
		out->flow = o->flow->name;
		out->env = o->env;
		return 0;
	}
	if (!rc)
		rc = rfa_facts_parse(&json, rfa_buf_str(&f->was), f->was.len, f->path, err);
	if (!rc)
		rc = rfa_record_read(&rfa_shape_version, rfa_pool_json_new(pool, json), pool, out,
				     err);
	return rc;
}

/* Of what others only spoke of, the run that brings it is the first to know. */
static void take_over(const struct rfa_outputs *o, const struct rfa_verification *proof,
		      struct rfa_version *version)
{
	struct rfa_version now = { .verified = { (struct rfa_verification *)(uintptr_t)proof, 1 } };

	if (rfa_version_is_brought(version) || !rfa_version_is_brought(&now))
		return;
	version->run = o->run;
	version->at = o->now;
	version->flow = o->flow->name;
	version->env = o->env;
}

/* The images that it is known for stay, if its name means anything. */
static void add_images(struct rfa_pool *pool, const struct rfa_image_list *images,
		       struct rfa_version *version)
{
	const struct rfa_image *image;

	if (!rfa_version_says(version->version))
		version->images = (struct rfa_image_list){ NULL, 0 };

	RFA_EACH (image, *images)
		if (!rfa_image_of(&version->images, image->key))
			*RFA_ADD(pool, image, &version->images) = *image;
}

static int same_texts(const struct rfa_texts *a, const struct rfa_texts *b)
{
	size_t i, same = 0;

	for (i = 0; i < a->n; i++)
		same += rfa_texts_have(b, a->at[i]) != 0;
	return a->n == b->n && same == a->n;
}

/* The first proof of the same images in the same environment stays; one by force does not hide it.
 */
static void add_proof(struct rfa_pool *pool, const struct rfa_verification *proof,
		      struct rfa_version *version)
{
	const struct rfa_verification *one;

	RFA_EACH (one, version->verified)
		if (!strcmp(one->env, proof->env) && !strcmp(one->how, proof->how) &&
		    !strcmp(one->item, proof->item) && one->forced == proof->forced &&
		    same_texts(&one->identities, &proof->identities))
			return;
	*RFA_ADD(pool, verification, &version->verified) = *proof;
}

int rfa_outputs_version(struct rfa_outputs *o, const struct rfa_image_list *images,
			const struct rfa_verification *proof, struct rfa_error *err)
{
	struct rfa_pool pool = RFA_POOL_INIT;
	struct rfa_verification own = *proof;
	const struct rfa_image *image;
	struct rfa_version version;
	struct rfa_out_file *f = rfa_outputs_file(o, 0);
	json_t *json = NULL;
	int rc = read_before(o, &pool, f, &version, err);

	own.env = o->env;
	own.at = o->now;
	own.run = o->run;
	RFA_EACH (image, *images)
		rfa_texts_add(&pool, &own.identities, image->identity);
	take_over(o, &own, &version);
	if (!*version.commit)
		version.commit = rfa_facts_str(o->plan, "options/release/commit", "");
	add_images(&pool, images, &version);
	add_proof(&pool, &own, &version);
	if (!rc)
		rc = rfa_pool_check(&pool, err);
	if (!rc)
		rc = rfa_record_write(&rfa_shape_version, &version, &json, err);
	if (!rc)
		rc = rfa_outputs_json(f, json, err);
	rfa_pool_release(&pool);
	return rc;
}

int rfa_outputs_was_forced(struct rfa_outputs *o, const struct rfa_image_list *images, int *is,
			   struct rfa_error *err)
{
	struct rfa_out_file f = { .was = RFA_BUF_INIT(RFA_OUTPUTS_BYTES) };
	struct rfa_pool pool = RFA_POOL_INIT;
	const struct rfa_verification *one;
	const struct rfa_image *image;
	struct rfa_version version;
	int forced = 0, proven = 0;
	int rc = read_before(o, &pool, &f, &version, err);

	if (!rc)
		RFA_EACH (one, version.verified)
			RFA_EACH (image, *images)
				if (!*one->item && !strcmp(one->env, o->env) &&
				    rfa_texts_have(&one->identities, image->identity)) {
					forced |= one->forced;
					proven |= !one->forced;
				}
	*is = forced && !proven;
	rfa_buf_release(&f.was);
	rfa_pool_release(&pool);
	return rc;
}
