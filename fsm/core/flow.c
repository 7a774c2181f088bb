/* Flow tables: the words of states, and the check that a table is one that can be run. */
#include "fsm/core/flow.h"

#include <string.h>

#include "fsm/base/facts.h"

static const char *const states[] = {
#define STATE_WORD(name) [RFA_##name] = #name,
	RFA_STATES(STATE_WORD)
#undef STATE_WORD
};

static const char *const finals[] = {
#define FINAL_WORD(name) [RFA_FINAL_##name] = #name,
	RFA_FINALS(FINAL_WORD)
#undef FINAL_WORD
};

static const char *const roles[] = {
#define ROLE_WORD(name, word) [RFA_##name] = word,
	RFA_ROLE_IDS(ROLE_WORD)
#undef ROLE_WORD
};

static const char *const probes[] = {
	[RFA_PROBE_DONE] = "done",
	[RFA_PROBE_NOT_DONE] = "not-done",
	[RFA_PROBE_RUNNING] = "running",
	[RFA_PROBE_PARTIAL] = "partial",
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *word_of(const char *const words[], size_t n, unsigned i)
{
	return i < n ? words[i] : "";
}

static int index_of(const char *const words[], size_t n, const char *word)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(words[i], word))
			return (int)i;
	return -1;
}

const char *rfa_state_word(enum rfa_state state)
{
	return word_of(states, COUNT(states), state);
}

const char *rfa_final_word(enum rfa_final final)
{
	return word_of(finals, COUNT(finals), final);
}

const char *rfa_role_word(enum rfa_role_id role)
{
	return word_of(roles, COUNT(roles), role);
}

const char *rfa_probe_word(enum rfa_probe probe)
{
	return word_of(probes, COUNT(probes), probe);
}

int rfa_state_parse(const char *word, enum rfa_state *out)
{
	int i = index_of(states, COUNT(states), word);

	if (i < 0)
		return -1;
	*out = (enum rfa_state)i;
	return 0;
}

int rfa_final_parse(const char *word, enum rfa_final *out)
{
	int i = index_of(finals, COUNT(finals), word);

	if (i < 0)
		return -1;
	*out = (enum rfa_final)i;
	return 0;
}

int rfa_flow_find(const struct rfa_flow *flow, const char *name)
{
	size_t i;

	for (i = 0; i < flow->n; i++)
		if (!strcmp(flow->steps[i].name, name))
			return (int)i;
	return -1;
}

/* What a plan leaves out. */

static const struct {
	unsigned flag;
	const char *word, *path;
} parts[] = {
#define PART(name, word, path) { RFA_STEP_WITH_##name, word, path },
	RFA_STEP_PARTS(PART)
#undef PART
};

int rfa_flow_lacks_role(const struct rfa_role *role, const json_t *plan)
{
	return role->needs & RFA_ROLE_MAY_BE_ABSENT &&
	       !json_is_object(json_object_get(plan, rfa_role_word(role->id)));
}

static int is_there(const json_t *value)
{
	return value && !json_is_null(value) && !(json_is_array(value) && !json_array_size(value));
}

int rfa_flow_has(const struct rfa_flow *flow, size_t row, const json_t *plan)
{
	const struct rfa_step *step = &flow->steps[row];
	const json_t *side = json_object_get(plan, rfa_role_word(step->on));
	const struct rfa_role *role;
	size_t i;

	for (role = flow->roles; role->id; role++)
		if (role->id == step->on && rfa_flow_lacks_role(role, plan))
			return 0;
	for (i = 0; i < COUNT(parts); i++)
		if (step->flags & parts[i].flag && !is_there(rfa_facts_at(side, parts[i].path)))
			return 0;
	return 1;
}

const char *rfa_step_part_word(const struct rfa_step *step)
{
	size_t i;

	for (i = 0; i < COUNT(parts); i++)
		if (step->flags & parts[i].flag)
			return parts[i].word;
	return "";
}

int rfa_step_changes(const struct rfa_step *step)
{
	return !step->skipped && !(step->flags & (RFA_STEP_READS | RFA_STEP_SCRATCH |
						  RFA_STEP_ROLLBACK_ONLY | RFA_STEP_CLEANUP));
}

/* The table check. */

static int wrong(struct rfa_error *err, const struct rfa_flow *flow, size_t i, const char *what)
{
	const char *name = i < flow->n && flow->steps[i].name ? flow->steps[i].name : "(none)";

	rfa_fail(err, RFA_EINTERNAL, "flow", "row %zu (%s): %s", i + 1, name, what);
	return rfa_error_where(err, "flow %s", flow->name);
}

/* Names become file names on hosts and words in trailers. */
static int name_ok(const char *name)
{
	return name && *name >= 'a' && *name <= 'z' && strlen(name) < 40 &&
	       name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-")] == '\0';
}

static int check_row(const struct rfa_flow *flow, size_t i, struct rfa_error *err)
{
	const struct rfa_step *s = &flow->steps[i];
	unsigned mutates = !(s->flags & RFA_STEP_READS);

	if (!name_ok(s->name))
		return wrong(err, flow, i, "its name is missing or malformed");
	if (rfa_flow_find(flow, s->name) != (int)i)
		return wrong(err, flow, i, "its name is there twice");
	if ((unsigned)s->state >= RFA_STATE_COUNT)
		return wrong(err, flow, i, "it belongs to no state");
	if ((unsigned)s->on >= RFA_ROLES)
		return wrong(err, flow, i, "it is on no host that a flow has");
	if (s->skipped) {
		if (s->run || s->probe || s->undo || s->then ||
		    (s->flags & (RFA_STEP_ROLLBACK_ONLY | RFA_STEP_CLEANUP)))
			return wrong(err, flow, i, "it is skipped, and does something");
		return 0;
	}
	if (!s->run)
		return wrong(err, flow, i, "it has no run");
	if (!s->max_attempts)
		return wrong(err, flow, i, "it may never be tried");
	if (mutates && !s->probe)
		return wrong(err, flow, i, "it changes something and has no probe");
	if (mutates && !(s->flags & RFA_STEP_CLEANUP) && !s->undo)
		return wrong(err, flow, i, "it changes something and has no undo");
	if (!mutates && (s->undo || s->probe))
		return wrong(err, flow, i, "it only reads, and has a probe or an undo");
	if ((s->flags & RFA_STEP_CLEANUP) && s->undo)
		return wrong(err, flow, i, "it has an undo behind the point of no return");
	if ((s->flags & RFA_STEP_ROLLBACK_ONLY) && mutates)
		return wrong(err, flow, i, "it runs on the way back and changes something");
	/* The way back goes up the table by itself; a row that leads elsewhere would leave it. */
	if ((s->flags & RFA_STEP_ROLLBACK_ONLY) && (s->then || (s->flags & RFA_STEP_CLEANUP)))
		return wrong(err, flow, i, "a way from the way back to a forward row");
	return 0;
}

static int check_order(const struct rfa_flow *flow, struct rfa_error *err)
{
	unsigned seen = 0;
	int last = -1;
	int cleanup = 0;
	size_t i;

	for (i = 0; i < flow->n; i++) {
		const struct rfa_step *s = &flow->steps[i];

		if (s->flags & RFA_STEP_ROLLBACK_ONLY)
			continue; /* it runs on the way back: its place is among the undos */
		if ((int)s->state < last)
			return wrong(err, flow, i, "its state is out of order");
		if (cleanup && !(s->flags & RFA_STEP_CLEANUP))
			return wrong(err, flow, i, "it stands behind the point of no return");
		last = (int)s->state;
		seen |= 1u << s->state;
		cleanup = cleanup || (s->flags & RFA_STEP_CLEANUP);
	}
	for (i = 0; i < RFA_STATE_COUNT; i++) {
		if (seen & (1u << i))
			continue;
		rfa_fail(err, RFA_EINTERNAL, "flow",
			 "no row for the state %s: skip it with a reason", states[i]);
		return rfa_error_where(err, "flow %s", flow->name);
	}
	return 0;
}

/* Where a row says it leads, also one that another row jumps over. */
static int check_then(const struct rfa_flow *flow, size_t i, struct rfa_error *err)
{
	const char *then = flow->steps[i].then;
	enum rfa_final final;
	int to;

	if (!then)
		return 0;
	if (!rfa_final_parse(then, &final))
		return final == RFA_FINAL_SUCCEEDED
			   ? 0
			   : wrong(err, flow, i, "a forward row may only end SUCCEEDED");
	to = rfa_flow_find(flow, then);
	if (to < 0)
		return wrong(err, flow, i, "it leads to a row that is not there");
	if ((size_t)to <= i)
		return wrong(err, flow, i, "it leads backwards: no final state is reachable");
	if (flow->steps[to].flags & RFA_STEP_ROLLBACK_ONLY)
		return wrong(err, flow, i, "it leads to a row of the way back");
	return 0;
}

/* Walks from the first row as a run without failures would; every row leads forward. */
static int check_reach(const struct rfa_flow *flow, struct rfa_error *err)
{
	size_t i = 0;

	while (i < flow->n) {
		const char *then = flow->steps[i].then;
		int to = then ? rfa_flow_find(flow, then) : (int)i + 1;

		if (to < 0)
			return 0; /* SUCCEEDED */
		i = (size_t)to;
	}
	return wrong(err, flow, flow->n - 1, "no final state is reachable");
}

int rfa_flow_check(const struct rfa_flow *flow, struct rfa_error *err)
{
	size_t i;
	int rc;

	if (!name_ok(flow->name))
		return rfa_fail(err, RFA_EINTERNAL, "flow", "a flow without a proper name");
	if (!flow->n || flow->n > RFA_FLOW_MAX_STEPS)
		return wrong(err, flow, flow->n, "a flow has 1 to 48 rows");
	for (i = 0; i < flow->n; i++) {
		rc = check_row(flow, i, err);
		if (rc)
			return rc;
	}
	rc = check_order(flow, err);
	for (i = 0; i < flow->n && !rc; i++)
		rc = check_then(flow, i, err);
	return rc ? rc : check_reach(flow, err);
}
