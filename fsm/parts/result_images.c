/* How runs that bring images end in the ledger: what runs there now, and what it has proven. */
#include "fsm/parts/outputs.h"

#include <stdio.h>
#include <string.h>

/* What was seen to run there, else what the ledger said when the run was planned. */
static const char *version_before(const struct rfa_outputs_seen *k)
{
	const struct rfa_image_set *seen = k->proven[RFA_TARGET].images;

	if (!seen && k->plan.options)
		seen = k->plan.options->proven;
	return seen ? seen->version : "";
}

/* What HEALTH proved, else what PRECHECK froze. An error is told by what ends a success. */
static void images_version(struct rfa_outputs *o)
{
	struct rfa_outputs_seen k;
	struct rfa_error ignored;
	const char *version = "";

	if (!rfa_outputs_see(o, &k, &ignored)) {
		(void)rfa_brings(&k.plan, &k.proven[RFA_SOURCE], &version);
		snprintf(o->before, sizeof(o->before), "%s", version_before(&k));
	}
	snprintf(o->version, sizeof(o->version), "%s", version);
	rfa_outputs_seen_release(&k);
}

static int put_environment(struct rfa_outputs *o, json_t *images,
			   const struct rfa_configuration *files, struct rfa_error *err)
{
	struct rfa_out_file *f = rfa_outputs_file(o, 0);
	json_t *json = NULL, *all;
	int rc = files ? rfa_record_write(&rfa_shape_configuration, files, &json, err) : 0;

	if (rc)
		return rc;
	snprintf(f->path, sizeof(f->path), "environments/%s/%s.json", o->env, o->stack);
	all = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:O?, s:o*}", "stack", o->stack, "env",
			o->env, "version", o->version, "since", o->now, "run", o->run, "flow",
			o->flow->name, "from", o->from, "images", images, "configuration", json);
	return rfa_outputs_json(f, all, err);
}

/* Where nothing ran before, or the same ran, there is nothing to go back to. */
static int put_point(struct rfa_outputs *o, const struct rfa_outputs_seen *k, struct rfa_error *err)
{
	const struct rfa_point *made = k->proven[RFA_TARGET].point;
	struct rfa_point point;
	json_t *json = NULL;
	int rc;

	if (!made)
		return 0;
	point = *made;
	point.backup = k->plan.options ? k->plan.options->data_backup : "";
	rc = rfa_record_write(&rfa_shape_point, &point, &json, err);
	if (!rc)
		rc = rfa_outputs_point(o, made->version, json, err);
	json_decref(json);
	return rc;
}

/* 1 if somebody has let it pass unproven. */
static int is_unproven(const struct rfa_proven *target)
{
	json_t *gate;
	size_t i;

	json_array_foreach (target->gates, i, gate) {
		if (!strcmp(rfa_facts_str(gate, "gate", ""), "verified") &&
		    !strcmp(rfa_facts_str(gate, "verdict", ""), "forced"))
			return 1;
	}
	return 0;
}

static int write_set(const struct rfa_outputs *o, const struct rfa_image_list *images, int forced,
		     json_t **out, struct rfa_error *err)
{
	const struct rfa_image_set set = { .version = o->version,
					   .at = o->now,
					   .run = o->run,
					   .images = *images,
					   .forced = forced };

	return rfa_record_write(&rfa_shape_image_set, &set, out, err);
}

int rfa_outputs_verified(struct rfa_outputs *o, const struct rfa_image_list *images,
			 const struct rfa_image_list *only, const struct rfa_verification *proof,
			 struct rfa_error *err)
{
	json_t *json = NULL;
	struct rfa_out_file *f;
	struct rfa_image_list brought = { NULL, 0 };
	struct rfa_pool pool = RFA_POOL_INIT;
	const struct rfa_image *image;
	int rc = 0;

	/* What stayed as it was is no part of the version that was brought. */
	RFA_EACH (image, *images)
		if (!only || rfa_image_of(only, image->key))
			*RFA_ADD(&pool, image, &brought) = *image;
	rc = rfa_pool_check(&pool, err);
	/* What has no name is no version. */
	if (!rc && *o->version)
		rc = rfa_outputs_version(o, &brought, proof, err);
	rfa_pool_release(&pool);
	if (!rc)
		rc = write_set(o, images, proof->forced, &json, err);
	if (rc)
		return rc;
	f = rfa_outputs_file(o, 0);
	snprintf(f->path, sizeof(f->path), "verified/%s/%s.json", o->env, o->stack);
	return rfa_outputs_json(f, json, err);
}

static int put_verified(struct rfa_outputs *o, const struct rfa_outputs_seen *k,
			const struct rfa_image_list *images, struct rfa_error *err)
{
	const struct rfa_options *options = k->plan.options;
	struct rfa_verification proof;
	int rc = 0;

	rfa_record_clear(&rfa_shape_verification, &proof);
	proof.how = "run";
	proof.forced = is_unproven(&k->proven[RFA_TARGET]);
	if (proof.forced && options)
		proof.reason = options->force_reason;
	/* To go back to what was never proven does not prove it. */
	if (k->plan.point && !rc)
		rc = rfa_outputs_was_forced(o, images, &proof.forced, err);
	return rc ? rc
		  : rfa_outputs_verified(
			o, images, options && options->desired ? &options->desired->images : NULL,
			&proof, err);
}

/* Files that came with the images; or went back: what had been brought there then is known again.
 */
static int put_synced(struct rfa_outputs *o, const struct rfa_outputs_seen *k,
		      struct rfa_error *err)
{
	const struct rfa_proven *target = &k->proven[RFA_TARGET];
	size_t before = k->plan.options ? k->plan.options->synced.n : 0;
	int came = k->plan.options && k->plan.options->release;

	if (came ? !target->synced.n : !target->files_replaced || (!before && !target->synced.n))
		return 0;
	return rfa_outputs_synced(o, &target->synced, err);
}

/* A schema with which both versions live stays, whatever becomes of the run. */
static int put_migrated(struct rfa_outputs *o, const struct rfa_outputs_seen *k,
			struct rfa_error *err)
{
	const struct rfa_migration *done = k->proven[RFA_TARGET].migration;

	if (!done || (o->final != RFA_FINAL_SUCCEEDED && !strcmp(done->kind, "breaking")))
		return 0;
	return rfa_outputs_migrated(o, done, err);
}

static int put_all(struct rfa_outputs *o, const struct rfa_outputs_seen *k, struct rfa_error *err)
{
	const struct rfa_image_list *images = rfa_brings(&k->plan, &k->proven[RFA_SOURCE], NULL);
	json_t *json = NULL;
	int rc = write_set(o, images, 0, &json, err);

	if (!rc)
		rc = put_environment(o, json_object_get(json, "images"),
				     rfa_brings_up(&k->plan, &k->proven[RFA_TARGET]), err);
	json_decref(json);
	if (!rc)
		rc = put_verified(o, k, images, err);
	if (!rc)
		rc = put_synced(o, k, err);
	if (!rc)
		rc = put_migrated(o, k, err);
	return rc ? rc : put_point(o, k, err);
}

static int images_succeeded(struct rfa_outputs *o, struct rfa_error *err)
{
	struct rfa_outputs_seen k;
	int rc = rfa_outputs_see(o, &k, err);

	if (!rc)
		rc = put_all(o, &k, err);
	rfa_outputs_seen_release(&k);
	return rc;
}

static int images_otherwise(struct rfa_outputs *o, struct rfa_error *err)
{
	struct rfa_outputs_seen k;
	int rc = rfa_outputs_see(o, &k, err);

	if (!rc)
		rc = put_migrated(o, &k, err);
	rfa_outputs_seen_release(&k);
	return rc;
}

const struct rfa_result_ops rfa_result_images = { images_version, images_succeeded,
						  images_otherwise };
