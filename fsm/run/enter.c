/* Points the context at a row: its host, and what the rows before have proven, as records. */
#include "fsm/run/drive.h"

int rfa_drive_know_made(struct rfa_drive *d, struct rfa_error *err)
{
	const json_t *made = rfa_ctx_fact(&d->ctx, d->ctx.step->name, "made");

	rfa_record_clear(&rfa_shape_made, &d->ctx.made);
	return made ? rfa_record_read(&rfa_shape_made, made, &d->row_pool, &d->ctx.made, err) : 0;
}

int rfa_drive_is_absent(const struct rfa_drive *d, const struct rfa_role *role)
{
	return role->needs & RFA_ROLE_MAY_BE_ABSENT &&
	       !json_is_object(json_object_get(d->plan, rfa_role_word(role->id)));
}

int rfa_drive_has_no_host(const struct rfa_drive *d, const struct rfa_step *step)
{
	const struct rfa_role *role;

	for (role = d->flow->roles; role->id; role++)
		if (role->id == step->on)
			return rfa_drive_is_absent(d, role);
	return 0;
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
	rc = rfa_proven_by_rows(d->flow, d->facts, &d->row_pool, d->proven, err);
	return rc ? rc : rfa_drive_know_made(d, err);
}
