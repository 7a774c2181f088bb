/* A plan: the tables of its fields. */
#include "fsm/model/plan.h"

#include <string.h>

#define RFA_THIS struct rfa_plan_host
RFA_SHAPE(plan_host, RFA_PLAN_HOST_FIELDS, "a host of a plan");
#undef RFA_THIS
#define RFA_THIS struct rfa_registry_spec
RFA_SHAPE(registry_spec, RFA_REGISTRY_SPEC_FIELDS, "how a registry is asked");
#undef RFA_THIS
#define RFA_THIS struct rfa_options
RFA_SHAPE(options, RFA_OPTIONS_FIELDS, "what a run was asked for");
#undef RFA_THIS
#define RFA_THIS struct rfa_plan
RFA_SHAPE(plan, RFA_PLAN_FIELDS, "what a run was begun for");
#undef RFA_THIS

const struct rfa_point *rfa_plan_data_point(const struct rfa_plan *plan)
{
	return plan->point && !strcmp(plan->point->kind, "data") ? plan->point : NULL;
}
