/* Watches a run: what it says, what it asks of hosts. */
#include "tests/harness/watcher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "tests/harness/ledger_kit.h"

static void give_up(const char *what, const struct rfa_error *err)
{
	fprintf(stderr, "%s: %s\n", what, err ? err->msg : "");
	abort();
}

static void put_json(struct rfa_buf *out, const json_t *json)
{
	char *text = json ? json_dumps(json, JSON_ENCODE_ANY | JSON_SORT_KEYS) : NULL;

	if (text)
		rfa_buf_printf(out, "%s\n", text);
	free(text);
}

static int is_step(enum rfa_event_kind kind)
{
	return kind >= RFA_EVENT_STEP_STARTED && kind <= RFA_EVENT_STEP_UNDONE;
}

static void on_event(struct rfa_trace *trace, const struct rfa_event *e)
{
	struct watcher *x = (struct watcher *)trace;

	rfa_buf_printf(&x->all, "%s %s %s\n", rfa_event_word(e->kind), e->step ? e->step : "",
		       e->text ? e->text : "");
	/* Of a run, the facts are its plan: that is frozen by whoever asks for the run. */
	if (e->kind != RFA_EVENT_RUN_BEGUN && e->kind != RFA_EVENT_RUN_RESUMED)
		put_json(&x->all, e->facts);
	if (e->error)
		rfa_buf_printf(&x->all, "%s %s %s\n", e->error->msg, e->error->where,
			       e->error->hint);
	if (e->kind != RFA_EVENT_PROGRESS && e->kind != RFA_EVENT_NOTE &&
	    e->kind != RFA_EVENT_WAIT && e->kind != RFA_EVENT_LOG && e->kind != RFA_EVENT_OUTPUT)
		rfa_buf_printf(&x->lines, "%s%s%s%s%s\n", rfa_event_word(e->kind),
			       e->step ? " " : "", e->step ? e->step : "", e->text ? " " : "",
			       e->text ? e->text : "");
	if (e->kind == RFA_EVENT_GATE && !strcmp(e->text, "refused"))
		json_array_append_new(x->refused, json_deep_copy(e->facts));
	if (is_step(e->kind) && !x->first) {
		x->first = 1;
		x->first_kind = e->kind;
		x->first_attempt = e->attempt;
		snprintf(x->first_step, sizeof(x->first_step), "%s", e->step);
	}
	if (e->kind == RFA_EVENT_STEP_STARTED) {
		snprintf(x->step, sizeof(x->step), "%s", e->step);
		x->in_step = 0;
	}
}

static void on_call(void *user, uint64_t call, const char *label)
{
	struct watcher *x = user;

	if (label[0] == '-') /* the ledger's */
		return;
	x->host_calls++;
	if (x->hook && (!x->hook_step[0] || !strcmp(x->hook_step, x->step)) &&
	    (x->hook_step[0] ? x->in_step : x->host_calls - 1) == x->hook_call) {
		void (*hook)(struct watcher *, uint64_t, const char *) = x->hook;

		x->hooked++;
		if (!x->hook_again)
			x->hook = NULL;
		hook(x, call, label);
	}
	x->in_step++;
}

void watcher_clear(struct watcher *x)
{
	rfa_buf_clear(&x->lines);
	rfa_buf_clear(&x->all);
	json_array_clear(x->refused);
	x->step[0] = x->hook_step[0] = x->first_step[0] = '\0';
	x->first = x->hooked = x->hook_again = 0;
	x->in_step = 0;
	x->host_calls = 0;
	x->hook = NULL;
}

void watcher_begin(struct watcher *x, struct world *w)
{
	memset(x, 0, sizeof(*x));
	x->trace.event = on_event;
	x->w = w;
	x->lines = (struct rfa_buf)RFA_BUF_INIT(1 << 22);
	x->all = (struct rfa_buf)RFA_BUF_INIT(1 << 24);
	x->refused = json_array();
	w->options.trace = &x->trace;
	rfa_sim_on_call(w->sim, on_call, x);
}

void watcher_end(struct watcher *x)
{
	rfa_sim_on_call(x->w->sim, NULL, NULL);
	x->w->options.trace = NULL;
	rfa_buf_release(&x->lines);
	rfa_buf_release(&x->all);
	json_decref(x->refused);
}

static void die(struct watcher *x, uint64_t call, const char *label)
{
	struct rfa_sim_fault fault = { 0 };
	struct rfa_error err;

	(void)label;
	fault.at = call;
	fault.kind = RFA_SIM_CRASH_BEFORE;
	if (rfa_sim_plan(x->w->sim, &fault, &err))
		give_up("planning a crash", &err);
}

void watcher_crash(struct watcher *x, const char *step, unsigned call)
{
	x->hook = die;
	x->hook_call = call;
	snprintf(x->hook_step, sizeof(x->hook_step), "%s", step);
}

void watcher_begin_until(struct watcher *x, const json_t *plan, const char *step, unsigned call,
			 struct rfa_run_result *result)
{
	struct rfa_error err = { 0 };
	int rc;

	watcher_crash(x, step, call);
	rc = rfa_run_begin(&x->w->options, plan, result, &err);
	if (rc != -RFA_ECRASHED || result->final != RFA_FINAL_NONE || !result->run[0]) {
		fprintf(stderr, "no crash at call %u of %s: ", call, step);
		give_up(rfa_final_word(result->final), &err);
	}
	rfa_sim_recover(x->w->sim);
	rfa_sim_plan_clear(x->w->sim);
	watcher_clear(x);
}

void world_use_git(struct world *w, struct kit *kit)
{
	struct rfa_error err;

	kit_open(kit);
	kit->options.clock = rfa_sim_clock(w->sim);
	rfa_ledger_free(w->ledger);
	w->ledger = NULL;
	if (rfa_ledger_init(&kit->options, &err) ||
	    rfa_ledger_open(&w->ledger, &kit->options, &err))
		give_up("git ledger", &err);
	w->options.ledger = w->ledger;
}

static void put_tree(struct world *w, const char *folder, struct rfa_buf *out)
{
	struct rfa_error err;
	json_t *names = NULL;
	json_t *name;
	size_t i;

	if (rfa_ledger_names(w->ledger, folder, &names, &err))
		give_up(folder, &err);
	json_array_foreach (names, i, name) {
		char path[400];

		snprintf(path, sizeof(path), "%s/%s", folder, json_string_value(name));
		if (rfa_ledger_read(w->ledger, path, out, &err))
			give_up(path, &err);
	}
	json_decref(names);
}

void world_ledger_text(struct world *w, const char *run, struct rfa_buf *out)
{
	static const char *const folders[] = { "points/prod/app", "environments/prod",
					       "verified/prod" };
	struct rfa_history *h = NULL;
	struct rfa_error err;
	size_t i;

	if (rfa_ledger_load(w->ledger, run, &h, &err))
		give_up("history", &err);
	for (i = 0; i < h->n; i++)
		put_json(out, h->records[i].facts);
	put_json(out, h->plan);
	put_json(out, h->summary);
	rfa_history_free(h);
	for (i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		put_tree(w, folders[i], out);
	if (rfa_ledger_read(w->ledger, "history.log", out, &err) && err.code != RFA_ENOTFOUND)
		give_up("history.log", &err);
}

int watcher_is_refused(const json_t *gates, const char *gate, const char *text)
{
	json_t *one;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)gates, i, one) {
		if (!strcmp(rfa_facts_str(one, "gate", ""), gate) &&
		    !strcmp(rfa_facts_str(one, "verdict", ""), "refused") &&
		    strstr(rfa_facts_str(one, "evidence", ""), text) &&
		    *rfa_facts_str(one, "hint", ""))
			return 1;
	}
	return 0;
}
