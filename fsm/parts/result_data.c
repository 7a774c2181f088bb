/* How runs that bring data end in the ledger: the generation that serves, and the one it replaced.
 */
#include "fsm/parts/outputs.h"

#include <stdio.h>

#include "fsm/parts/catalog.h"

/* A generation is called after the run that brought it: "data-20261122-103015". */
static const char *name_of(const struct rfa_outputs *o, char out[32])
{
	snprintf(out, 32, "data-%.15s", o->run);
	return out;
}

static void name_generation(struct rfa_outputs *o)
{
	struct rfa_error ignored;
	json_t *served = NULL;
	char path[256], name[32];

	snprintf(o->version, sizeof(o->version), "%s", name_of(o, name));
	snprintf(path, sizeof(path), "data/%.64s/%.64s.json", o->env, o->stack);
	if (!rfa_catalog_find(o->ledger, path, &served, &ignored) && served)
		snprintf(o->before, sizeof(o->before), "data-%.15s",
			 rfa_facts_str(served, "generation", "?"));
	json_decref(served);
}

/* What is known of each member that arrived; of a generation that came back only its name. */
static void add_members(struct rfa_outputs_seen *seen, struct rfa_member_list *out)
{
	const struct rfa_archive_list *archives = &seen->proven[RFA_SOURCE].archives;
	const struct rfa_member *member;

	RFA_EACH (member, seen->proven[RFA_TARGET].members) {
		const struct rfa_archive *archive = rfa_archive_named(archives, member->name);
		struct rfa_member *one = RFA_ADD(&seen->pool, member, out);

		one->name = member->name;
		if (archive) {
			one->bytes = archive->bytes;
			one->sha256 = archive->sha256;
		}
	}
}

/* data/ENV/STACK.json: what serves now. */
static int put_generation(struct rfa_outputs *o, struct rfa_outputs_seen *seen, const char *backup,
			  struct rfa_error *err)
{
	struct rfa_out_file *f = rfa_outputs_file(o, 0);
	struct rfa_generation now;
	json_t *json = NULL;
	int rc;

	snprintf(f->path, sizeof(f->path), "data/%s/%s.json", o->env, o->stack);
	rfa_record_clear(&rfa_shape_generation, &now);
	now.stack = o->stack;
	now.env = o->env;
	now.generation = now.run = o->run;
	now.at = o->now;
	now.flow = o->flow->name;
	now.from = o->from;
	now.backup = backup;
	add_members(seen, &now.members);
	rc = rfa_pool_check(&seen->pool, err);
	if (!rc)
		rc = rfa_record_write(&rfa_shape_generation, &now, &json, err);
	return rc ? rc : rfa_outputs_json(f, json, err);
}

/* What can be gone back to. */
static int put_point(struct rfa_outputs *o, const struct rfa_point *replaced, const char *backup,
		     struct rfa_error *err)
{
	struct rfa_point point;
	json_t *json = NULL;
	char name[32];
	int rc;

	if (!replaced)
		return rfa_fail(err, RFA_EINTERNAL, "run", "data was brought and none replaced");
	point = *replaced;
	point.version = name_of(o, name);
	point.backup = backup;
	rc = rfa_record_write(&rfa_shape_point, &point, &json, err);
	if (!rc)
		rc = rfa_outputs_point(o, name, json, err);
	json_decref(json);
	return rc;
}

static int leave(struct rfa_outputs *o, struct rfa_outputs_seen *seen, struct rfa_error *err)
{
	const struct rfa_options *options = seen->plan.options;
	const char *backup = options ? options->backup : "";
	int rc = put_generation(o, seen, backup, err);

	if (!rc && !seen->proven[RFA_TARGET].purged)
		rc = put_point(o, rfa_replaced(&seen->proven[RFA_TARGET]), backup, err);
	if (!rc)
		rc = rfa_outputs_other_data(o, err);
	/* The generation that serves again is no copy any more. */
	if (!rc && rfa_plan_data_point(&seen->plan))
		rc = rfa_outputs_retire(o, seen->plan.point->name, "used", err);
	return rc;
}

static int data_succeeded(struct rfa_outputs *o, struct rfa_error *err)
{
	struct rfa_outputs_seen seen;
	int rc = rfa_outputs_see(o, &seen, err);

	if (!rc)
		rc = leave(o, &seen, err);
	rfa_outputs_seen_release(&seen);
	return rc;
}

const struct rfa_result_ops rfa_result_data = { name_generation, data_succeeded, NULL };
