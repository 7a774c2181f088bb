/* Which containers use a stack's data, and in which order they stop and start. */
#include "fsm/steps/common/consumers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/steps/common/inspect.h"
#include "fsm/steps/common/refs.h"

static const char *project_of(const json_t *inspect)
{
	return rfa_container_label(inspect, "com.docker.compose.project");
}

static const char *service_of(const json_t *inspect)
{
	return rfa_container_label(inspect, "com.docker.compose.service");
}

static const char *number_of(const json_t *inspect)
{
	return rfa_container_label(inspect, "com.docker.compose.container-number");
}

/* What a one-off command runs in. */
static int is_one_off(const json_t *inspect)
{
	return !strcmp(rfa_container_label(inspect, "com.docker.compose.oneoff"), "True");
}

int rfa_keeps_running(const struct rfa_stack *stack, const json_t *inspect)
{
	return rfa_texts_have(&stack->keep_running, rfa_container_name(inspect)) ||
	       rfa_texts_have(&stack->keep_running, service_of(inspect));
}

/* How they are found. */

/* What they are looked for in, and what is found. */
struct search {
	struct rfa_pool *pool;
	const struct rfa_stack *stack;
	const json_t *all;
	struct rfa_consumer_list found;
};

static const struct rfa_consumer *of_key(const struct rfa_consumer_list *list, const char *key)
{
	const struct rfa_consumer *one;

	RFA_EACH (one, *list)
		if (!strcmp(one->is.key, key))
			return one;
	return NULL;
}

/* One that is there. */
static const struct rfa_consumer *of_id(const struct rfa_consumer_list *list, const char *id)
{
	const struct rfa_consumer *one;

	RFA_EACH (one, *list)
		if (!strcmp(one->is.container_id, id))
			return one;
	return NULL;
}

/* How it looks: what is there of it is the host's, so it is copied. */
static void describe(struct rfa_pool *pool, const json_t *c, struct rfa_container *is)
{
	char policy[64];

	rfa_container_policy(c, policy, sizeof(policy));
	is->policy = rfa_pool_text(pool, policy);
	if (!c)
		return;
	is->present = 1;
	is->restarting = rfa_container_restarting(c);
	is->running = rfa_container_running(c) && !is->restarting;
	is->paused = rfa_container_paused(c);
	is->autoremove = rfa_container_autoremove(c);
	is->health = rfa_pool_text(pool, rfa_container_health(c));
	is->container_id = rfa_pool_text(pool, rfa_container_id(c));
	is->image_id = rfa_pool_text(pool, rfa_container_image(c));
	is->ref = rfa_pool_text(pool, rfa_container_ref(c));
	is->started = rfa_pool_text(pool, rfa_container_started(c));
	is->project = rfa_pool_text(pool, project_of(c));
	is->service = rfa_pool_text(pool, service_of(c));
	is->number = rfa_pool_text(pool, number_of(c));
}

static void add(struct search *s, const char *name, const char *kind, const json_t *inspect)
{
	struct rfa_consumer *one = rfa_pool_add(s->pool, &s->found, sizeof(*one));

	memset(one, 0, sizeof(*one));
	rfa_record_clear(&rfa_shape_container, &one->is);
	one->inspect = inspect;
	one->is.key = one->is.container = rfa_pool_text(s->pool, name);
	one->is.kind = kind;
	one->is.serves = rfa_stack_has_server(s->stack, name);
	describe(s->pool, inspect, &one->is);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(rfa_container_name(*(const json_t *const *)a),
		      rfa_container_name(*(const json_t *const *)b));
}

/* Containers of one-off commands are nobody's to start again: they count as others. */
static void add_project(struct search *s, const char *project)
{
	struct {
		const json_t **at;
		size_t n;
	} list = { NULL, 0 };
	json_t *one;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)s->all, i, one) {
		if (*project && !strcmp(project_of(one), project) && !is_one_off(one) &&
		    !rfa_keeps_running(s->stack, one) && !of_id(&s->found, rfa_container_id(one)))
			*(const json_t **)rfa_pool_add(s->pool, &list, sizeof(*list.at)) = one;
	}
	if (list.n)
		qsort(list.at, list.n, sizeof(*list.at), by_name);
	for (i = 0; i < list.n; i++)
		add(s, rfa_container_name(list.at[i]), "compose", list.at[i]);
}

static void add_named(struct search *s, const struct rfa_texts *names)
{
	size_t i;

	for (i = 0; i < names->n; i++) {
		const json_t *inspect = rfa_container_named(s->all, names->at[i]);

		if (!of_key(&s->found, names->at[i]) &&
		    !(inspect && rfa_keeps_running(s->stack, inspect)))
			add(s, names->at[i], "run", inspect);
	}
}

/* In the order in which they start, but for what waits for what. */
static void find_all(struct search *s)
{
	const struct rfa_stack *stack = s->stack;
	const struct rfa_stops *stop = stack->data ? stack->data->stop : NULL;
	size_t i;

	if (stack->compose)
		add_project(s, stack->compose->project);
	for (i = 0; stop && i < stop->projects.n; i++)
		add_project(s, stop->projects.at[i]);
	if (stop)
		add_named(s, &stop->containers);
	add_named(s, &stack->containers);
}

/* In which order they start. */

/*
 * Compose keeps it as "db:service_healthy:true,cache:service_started:false". 1 if `inspect` depends
 * on the service; *healthy: only once that is healthy.
 */
static int depends_on(const json_t *inspect, const char *service, int *healthy)
{
	const char *at = rfa_container_label(inspect, "com.docker.compose.depends_on");
	size_t n = strlen(service);

	*healthy = 0;
	while (*at) {
		size_t len = strcspn(at, ",");

		if (!strncmp(at, service, n) && (at[n] == ':' || n == len)) {
			*healthy = at[n] == ':' && !strncmp(at + n + 1, "service_healthy", 15);
			return 1;
		}
		at += len;
		at += *at == ',';
	}
	return 0;
}

static int share_project(const struct rfa_consumer *one, const struct rfa_consumer *other)
{
	return *one->is.project && !strcmp(one->is.project, other->is.project);
}

/* Can it not start, by what the engine or Compose says of it, before the other one? */
static int waits_for(const struct rfa_consumer *one, const struct rfa_consumer *other)
{
	int healthy;

	return rfa_ref_to(one->inspect, other->inspect) ||
	       (share_project(one, other) && strcmp(one->is.service, other->is.service) != 0 &&
		depends_on(one->inspect, other->is.service, &healthy));
}

/* The first of those that have no place yet for whom it would have to wait, or NULL. */
static const struct rfa_consumer *blocker(const struct rfa_consumer_list *list,
					  const struct rfa_consumer *one)
{
	const struct rfa_consumer *other;

	RFA_EACH (other, *list)
		if (other != one && !other->placed && waits_for(one, other))
			return other;
	return NULL;
}

/*
 * The first that need not wait for any. Of a circle, the first of all: it gets `circle`, for whom
 * it waits.
 */
static struct rfa_consumer *next_start(struct rfa_consumer_list *list)
{
	struct rfa_consumer *first = NULL;
	size_t i;

	for (i = 0; i < list->n; i++) {
		struct rfa_consumer *one = &list->at[i];

		if (one->placed)
			continue;
		if (!blocker(list, one))
			return one;
		first = first ? first : one;
	}
	if (first)
		first->is.circle = blocker(list, first)->is.key;
	return first;
}

/* Each comes behind those that it waits for, and else they are as they were. */
static void start_order(struct search *s, struct rfa_consumer_list *out)
{
	struct rfa_consumer *one;

	while ((one = next_start(&s->found))) {
		one->placed = 1;
		*(struct rfa_consumer *)rfa_pool_add(s->pool, out, sizeof(*one)) = *one;
	}
}

/* Whom of its project each one waits for. */
static void add_needs(struct rfa_pool *pool, struct rfa_consumer_list *starts)
{
	size_t i, j;
	int healthy;

	for (i = 0; i < starts->n; i++) {
		for (j = 0; j < starts->n; j++) {
			struct rfa_consumer *one = &starts->at[i];
			const struct rfa_consumer *other = &starts->at[j];

			if (i != j && share_project(one, other) &&
			    depends_on(one->inspect, other->is.service, &healthy) && healthy)
				rfa_texts_add(pool, &one->is.needs, other->is.key);
		}
	}
}

int rfa_consumers(struct rfa_pool *pool, const struct rfa_stack *stack, const json_t *all,
		  struct rfa_consumer_list *out, struct rfa_error *err)
{
	struct search s = { pool, stack, all, { NULL, 0 } };
	struct rfa_consumer_list starts = { NULL, 0 };
	size_t i;

	find_all(&s);
	start_order(&s, &starts);
	add_needs(pool, &starts);
	for (i = starts.n; i-- > 0;)
		*(struct rfa_consumer *)rfa_pool_add(pool, out, sizeof(*out->at)) = starts.at[i];
	return rfa_pool_check(pool, err);
}

/* Who depends on them. */

static void add_dependents(struct rfa_pool *pool, const json_t *c,
			   const struct rfa_consumer_list *consumers,
			   struct rfa_dependent_list *out)
{
	const struct rfa_consumer *on;

	RFA_EACH (on, *consumers) {
		const char *how = rfa_ref_lost(c, on->inspect);
		struct rfa_dependent *one;

		if (!how || on->is.serves)
			continue;
		one = RFA_ADD(pool, dependent, out);
		one->container = rfa_pool_text(pool, rfa_container_name(c));
		one->running = 1;
		one->on = on->is.container;
		one->how = how;
	}
}

int rfa_consumers_dependents(struct rfa_pool *pool, const json_t *all,
			     const struct rfa_consumer_list *consumers,
			     struct rfa_dependent_list *out, struct rfa_error *err)
{
	json_t *c;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)all, i, c) {
		if (rfa_container_active(c) && !of_id(consumers, rfa_container_id(c)))
			add_dependents(pool, c, consumers, out);
	}
	return rfa_pool_check(pool, err);
}

/* The step's own, as its observation saw them. */

int rfa_consumer_ran(const struct rfa_container *seen)
{
	return seen->running || seen->restarting;
}

/* Its place in its Compose project. */
static int is_in_place(const json_t *c, const struct rfa_container *seen)
{
	return *seen->project && !strcmp(seen->project, project_of(c)) &&
	       !strcmp(seen->service, service_of(c)) && !strcmp(seen->number, number_of(c)) &&
	       !is_one_off(c);
}

/*
 * Updaters, and Compose, make containers again; while they do so, there may be two of them. The one
 * that runs counts, else the one that has the name.
 */
json_t *rfa_consumer_now(const json_t *all, const struct rfa_container *seen)
{
	const char *id = seen->container_id;
	json_t *found = NULL;
	json_t *c;
	int best = 0;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)all, i, c) {
		int is = 4 * !strcmp(rfa_container_name(c), seen->container) +
			 2 * is_in_place(c, seen) + (*id && !strcmp(rfa_container_id(c), id));
		int score = is ? is + 8 * rfa_container_active(c) : 0;

		if (score > best) {
			best = score;
			found = c;
		}
	}
	return found;
}

int rfa_consumer_renewed(const struct rfa_container *seen, const json_t *now)
{
	return !now || strcmp(rfa_container_id(now), seen->container_id) != 0;
}

int rfa_consumer_theirs(const struct rfa_container *seen, const json_t *now)
{
	return !rfa_consumer_ran(seen) && rfa_consumer_renewed(seen, now);
}

int rfa_consumer_brought(const struct rfa_ctx *ctx, const struct rfa_container *seen)
{
	const struct rfa_stack *stack = rfa_ctx_stack_here(ctx);
	const struct rfa_image_list *images = rfa_ctx_desired(ctx, NULL);

	if (rfa_texts_have(&stack->containers, seen->container))
		return rfa_image_of(images, seen->container) != NULL;
	return stack->compose && *seen->service &&
	       !strcmp(stack->compose->project, seen->project) &&
	       rfa_image_of(images, seen->service) != NULL;
}

int rfa_stands_still(const struct rfa_ctx *ctx)
{
	return ctx->undoing && *ctx->own->generation;
}

void rfa_consumer_tell(const struct rfa_ctx *ctx, const struct rfa_container *seen,
		       const json_t *now)
{
	if (rfa_consumer_renewed(seen, now) && !rfa_consumer_brought(ctx, seen))
		rfa_ctx_say(ctx, RFA_EVENT_WARNING,
			    "somebody has made %s on %s again meanwhile (it was %.12s, and is "
			    "%.12s): the new one counts",
			    seen->container, ctx->host->name,
			    *seen->container_id ? seen->container_id : "none",
			    now ? rfa_container_id(now) : "none");
}

int rfa_containers(struct rfa_ctx *ctx, json_t **all, struct rfa_error *err)
{
	json_decref(*all);
	*all = NULL;
	return ctx->host->engine->list(ctx->host, RFA_CONTAINER, all, err);
}

const struct rfa_job_key *rfa_container_key(const struct rfa_ctx *ctx, struct rfa_ctx_key *key,
					    const char *op, const json_t *now)
{
	char about[256];

	snprintf(about, sizeof(about), "%s %s", rfa_container_id(now), rfa_container_started(now));
	return rfa_ctx_key(ctx, key, op, about);
}
