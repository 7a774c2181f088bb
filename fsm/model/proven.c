/* What rows have proven: the tables of their fields. */
#include "fsm/model/proven.h"

#include <string.h>

#define RFA_THIS struct rfa_engine
RFA_SHAPE(engine, RFA_ENGINE_FIELDS, "a host and its engine");
#undef RFA_THIS
#define RFA_THIS struct rfa_own_url
RFA_SHAPE(own_url, RFA_OWN_URL_FIELDS, "the URL that a stack says is its own");
#undef RFA_THIS
#define RFA_THIS struct rfa_tagged
RFA_SHAPE(tagged, RFA_TAGGED_FIELDS, "a tag, and what it names");
#undef RFA_THIS
#define RFA_THIS struct rfa_held
RFA_SHAPE(held, RFA_HELD_FIELDS, "an image that is there");
#undef RFA_THIS
#define RFA_THIS struct rfa_check_result
RFA_SHAPE(check_result, RFA_CHECK_RESULT_FIELDS, "how a check went");
#undef RFA_THIS
#define RFA_THIS struct rfa_blind
RFA_SHAPE(blind, RFA_BLIND_FIELDS, "why no URL can be asked");
#undef RFA_THIS
#define RFA_THIS struct rfa_obstacle
RFA_SHAPE(obstacle, RFA_OBSTACLE_FIELDS, "what of a container cannot be carried over");
#undef RFA_THIS
#define RFA_THIS struct rfa_sql_file
RFA_SHAPE(sql_file, RFA_SQL_FILE_FIELDS, "a file of SQL that has run");
#undef RFA_THIS
#define RFA_THIS struct rfa_ran
RFA_SHAPE(ran, RFA_RAN_FIELDS, "a command that was run in a container");
#undef RFA_THIS
#define RFA_THIS struct rfa_proven
RFA_SHAPE(proven, RFA_PROVEN_FIELDS, "what a run has proven of a host");
#undef RFA_THIS
#define RFA_THIS struct rfa_made
RFA_SHAPE(made, RFA_MADE_FIELDS, "what a step has done so far");
#undef RFA_THIS

const struct rfa_tagged *rfa_tagged_of(const struct rfa_tagged_list *tags, const char *ref)
{
	const struct rfa_tagged *one;

	RFA_EACH (one, *tags)
		if (!strcmp(one->ref, ref))
			return one;
	return NULL;
}

const struct rfa_check_result *rfa_check_result_of(const struct rfa_check_result_list *list,
						   const char *name)
{
	const struct rfa_check_result *one;

	RFA_EACH (one, *list)
		if (!strcmp(one->name, name))
			return one;
	return NULL;
}

const struct rfa_held *rfa_held_of(const struct rfa_held_list *held, const char *identity)
{
	const struct rfa_held *one;

	RFA_EACH (one, *held)
		if (!strcmp(one->identity, identity))
			return one;
	return NULL;
}

const struct rfa_container_list *rfa_users(const struct rfa_proven *proven)
{
	return proven->images && proven->has_data ? &proven->users : &proven->containers;
}

const struct rfa_point *rfa_replaced(const struct rfa_proven *proven)
{
	return proven->images && proven->has_data ? proven->replaced : proven->point;
}

const struct rfa_image_list *rfa_brings(const struct rfa_plan *plan,
					const struct rfa_proven *source, const char **version)
{
	static const struct rfa_image_list none = { NULL, 0 };
	const struct rfa_image_set *set = source->images;
	const struct rfa_point *point = plan->point;

	if (!set && !point && plan->options)
		set = plan->options->desired;
	if (version)
		*version = set ? set->version : point ? point->version : "";
	return set ? &set->images : point ? &point->images : &none;
}

const struct rfa_configuration *rfa_brings_up(const struct rfa_plan *plan,
					      const struct rfa_proven *target)
{
	/* The files of a commit are not those that were kept; the next run keeps them. */
	if (plan->options && plan->options->release && plan->target && plan->target->stack &&
	    rfa_source_has_files(plan->target->stack->source))
		return NULL;
	if (plan->options && plan->options->with_files && plan->point)
		return plan->point->configuration;
	return target->configuration;
}
