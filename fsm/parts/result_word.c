/* How runs end that say something of a version: it is kept with the version. */
#include <stdio.h>

#include "fsm/parts/outputs.h"

static void word_version(struct rfa_outputs *o)
{
	snprintf(o->version, sizeof(o->version), "%s",
		 rfa_facts_str(o->plan, "options/desired/version", ""));
}

static int word_succeeded(struct rfa_outputs *o, struct rfa_error *err)
{
	struct rfa_outputs_seen k;
	struct rfa_verification proof;
	const struct rfa_proven *proven = &k.proven[RFA_NOWHERE];
	int rc = rfa_outputs_see(o, &k, err);

	rfa_record_clear(&rfa_shape_verification, &proof);
	if (!rc) {
		proof.how = *k.plan.options->item ? "signed" : "approved";
		proof.item = k.plan.options->item;
		proof.by = proven->by;
		proof.reason = k.plan.options->reason;
		rc = rfa_outputs_version(o, &proven->images->images, &proof, err);
	}
	rfa_outputs_seen_release(&k);
	return rc;
}

const struct rfa_result_ops rfa_result_word = { word_version, word_succeeded, NULL };
