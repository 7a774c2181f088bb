/* Points the context at a row: its host, and what the rows before have proven, as records. */
#include "fsm/run/drive.h"

int rfa_drive_know_made(struct rfa_drive *d, struct rfa_error *err)
{
	const json_t *made = rfa_ctx_fact(&d->ctx, d->ctx.step->name, "made");

	rfa_record_clear(&rfa_shape_made, &d->ctx.made);
	return made ? rfa_record_read(&rfa_shape_made, made, &d->row_pool, &d->ctx.made, err) : 0;
}

/* The first row whose facts are others than those that were read; *before: how many before it have
 * some. */
static size_t first_new(const struct rfa_drive *d, size_t *before)
{
	size_t i;

	*before = 0;
	for (i = 0; i < d->flow->n; i++) {
		const char *row = d->flow->steps[i].name;
		const json_t *its = json_object_get(d->facts, row);

		if (its != json_object_get(d->read, row))
			break;
		*before += its != NULL;
	}
	return i;
}

static int read_nothing_yet(struct rfa_drive *d, struct rfa_error *err)
{
	size_t i;

	json_decref(d->read);
	d->read = json_object();
	rfa_pool_release(&d->proven_pool);
	for (i = 0; i < RFA_ROLES; i++)
		rfa_record_clear(&rfa_shape_proven, &d->proven[i]);
	return d->read ? 0 : rfa_fail_nomem(err);
}

/* A later row may say anew what an earlier one has said, so they are read in their order: on from
 * the first that is new, or all again if one behind it was read. */
static int know_proven(struct rfa_drive *d, struct rfa_error *err)
{
	size_t before, i = first_new(d, &before);
	int rc = 0;

	if (!d->read || json_object_size(d->read) > before) {
		rc = read_nothing_yet(d, err);
		i = 0;
	}
	for (; !rc && i < d->flow->n; i++) {
		const struct rfa_step *row = &d->flow->steps[i];
		json_t *its = json_object_get(d->facts, row->name);

		if (its)
			rc = rfa_proven_add(row, its, &d->proven_pool, d->proven, err);
		if (its && !rc)
			rc = rfa_facts_set(d->read, row->name, json_incref(its), err);
	}
	return rc;
}

int rfa_drive_enter(struct rfa_drive *d, const struct rfa_step *step, struct rfa_error *err)
{
	size_t i;
	int rc;

	d->ctx.step = step;
	d->ctx.facts_json = d->facts;
	d->ctx.points = d->points;
	d->ctx.host = d->ctx.hosts[step->on];
	d->ctx.side = d->ctx.sides[step->on];
	rfa_pool_release(&d->row_pool);
	for (i = 0; i < RFA_ROLES; i++)
		d->ctx.proven[i] = &d->proven[i];
	d->ctx.own = &d->proven[step->on];
	rc = know_proven(d, err);
	return rc ? rc : rfa_drive_know_made(d, err);
}
