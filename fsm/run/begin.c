/* Beginning, resuming and reading runs. */
#include "fsm/run/run.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "fsm/parts/catalog.h"
#include "fsm/run/drive.h"

static int known_versions(struct rfa_ctx *ctx, json_t **out, struct rfa_error *err)
{
	const struct rfa_drive *d = ctx->driver;

	return rfa_catalog_versions(d->options->ledger, d->stack, out, err);
}

/* What is no id of a run is none that the ledger knows. */
static int known_run(struct rfa_ctx *ctx, const char *run, struct rfa_known_run *out, int *is,
		     struct rfa_error *err)
{
	const struct rfa_drive *d = ctx->driver;
	struct rfa_history *h = NULL;
	int rc;

	*is = 0;
	if (!rfa_run_id_ok(run))
		return 0;
	rc = rfa_ledger_load(d->options->ledger, run, &h, err);
	if (rc == -RFA_ENOTFOUND) {
		rfa_error_clear(err);
		return 0;
	}
	if (!rc) {
		*is = 1;
		snprintf(out->stack, sizeof(out->stack), "%s", h->stack);
		out->final = h->final;
	}
	rfa_history_free(h);
	return rc;
}

void rfa_drive_init(struct rfa_drive *d, const struct rfa_run_options *options,
		    struct rfa_run_result *result)
{
	memset(d, 0, sizeof(*d));
	memset(result, 0, sizeof(*result));
	d->options = options;
	d->result = result;
	d->from = "";
	d->facts = json_object();
	d->ctx.run = result->run;
	memcpy(d->ctx.hosts, options->hosts, sizeof(d->ctx.hosts));
	d->ctx.pool = &d->row_pool;
	d->ctx.clock = options->clock ? options->clock : rfa_clock_system();
	d->ctx.trace = options->trace;
	d->ctx.cancel = options->cancel;
	d->ctx.kept_head = options->ledger ? rfa_drive_kept_head : NULL;
	d->ctx.versions = options->ledger ? known_versions : NULL;
	d->ctx.known_run = options->ledger ? known_run : NULL;
	d->ctx.driver = d;
	d->ctx.user = options->user ? options->user : "?";
	d->ctx.machine = options->machine ? options->machine : "?";
	d->ctx.secret = options->secret;
	d->ctx.login = options->login;
	d->ctx.repository = options->repository;
	d->ctx.output = options->output;
	d->ctx.command = options->command;
	d->ctx.secret_user = options->secret_user;
}

void rfa_drive_release(struct rfa_drive *d)
{
	rfa_ledger_detach(d->ledger_run);
	json_decref(d->plan);
	json_decref(d->facts);
	json_decref(d->points);
	json_decref(d->read);
	rfa_pool_release(&d->proven_pool);
	rfa_pool_release(&d->row_pool);
	rfa_pool_release(&d->pool);
}

static int plan_wrong(struct rfa_error *err, const char *what)
{
	return rfa_fail(err, RFA_EINTERNAL, "run", "the plan %s", what);
}

/* Every role has a host that offers what it needs. */
static int check_hosts(const struct rfa_drive *d, struct rfa_error *err)
{
	const struct rfa_role *role;
	int rc = 0;

	for (role = d->flow->roles; role->id && rc == 0; role++) {
		const struct rfa_host *host = d->options->hosts[role->id];

		if (!role->needs || rfa_flow_lacks_role(role, d->plan))
			continue;
		rc = host ? rfa_host_offers(host, role->needs & ~RFA_ROLE_MAY_BE_ABSENT, err)
			  : plan_wrong(err, "names a host that was not opened");
	}
	return rc;
}

/* Takes what the plan says of itself. */
int rfa_drive_take_plan(struct rfa_drive *d, const json_t *plan, struct rfa_error *err)
{
	const char *flow = rfa_facts_str(plan, "flow", "");
	int rc;

	d->flow = rfa_flow_by_name(flow);
	if (!d->flow)
		return rfa_fail(err, RFA_ENOTFOUND, "run", "there is no flow '%s'", flow);
	d->ctx.flow = d->flow;
	if (rfa_facts_int(plan, "format", 0) != 1)
		return plan_wrong(err, "has an unknown format");
	d->plan = rfa_facts_copy(plan);
	if (!d->plan || !d->facts)
		return rfa_fail_nomem(err);
	d->stack = rfa_facts_str(d->plan, "stack", NULL);
	d->env = rfa_facts_str(d->plan, "target/env", NULL);
	d->from = rfa_facts_str(d->plan, "source/env", "");
	if (!d->stack || !d->env)
		return plan_wrong(err, "names no stack or no target");
	rc = check_hosts(d, err);
	if (rc)
		return rc;
	rc = rfa_record_read(&rfa_shape_plan, d->plan, &d->pool, &d->goal, err);
	d->ctx.plan = &d->goal;
	d->ctx.sides[RFA_SOURCE] = d->goal.source;
	d->ctx.sides[RFA_TARGET] = d->goal.target;
	return rc ? rc : rfa_flow_check(d->flow, err);
}

static void tell_begun(struct rfa_drive *d, enum rfa_event_kind kind)
{
	struct rfa_event event = { 0 };

	event.kind = kind;
	event.wall_ms = d->ctx.clock->wall_ms(d->ctx.clock);
	event.run = d->result->run;
	event.text = d->result->run;
	event.facts = d->plan;
	rfa_trace_send(d->options->trace, &event);
}

static int drive_on(struct rfa_drive *d, struct rfa_error *err)
{
	int rc = rfa_drive(d, err);

	if (d->machine.phase == RFA_PHASE_ENDED && !d->no_host_access)
		rfa_drive_leave_heads(d);
	return rc;
}

int rfa_run_begin(const struct rfa_run_options *options, const json_t *plan,
		  struct rfa_run_result *result, struct rfa_error *err)
{
	struct rfa_record begun = { 0 };
	struct rfa_ledger_begin begin;
	struct rfa_drive d;
	int rc;

	rfa_drive_init(&d, options, result);
	rc = rfa_drive_take_plan(&d, plan, err);
	if (rc)
		goto done;
	if (!RFA_TIME_OK(d.ctx.clock->wall_ms(d.ctx.clock))) {
		rfa_fail(err, RFA_EREFUSED, "run",
			 "this machine's clock stands before 1970 or after 9999");
		rc = rfa_error_hint(err, "set it: date, timedatectl");
		goto done;
	}
	rfa_run_id(d.ctx.clock, result->run);
	d.begun_ms = d.ctx.clock->wall_ms(d.ctx.clock);
	begin = (struct rfa_ledger_begin){
		result->run,     d.flow->name,
		d.flow->version, d.stack,
		d.env,           d.from,
		d.plan,          d.goal.options ? d.goal.options->once : NULL
	};
	rc = rfa_ledger_begin(options->ledger, &begin, &d.ledger_run, result->blocker, err);
	if (rc) {
		result->run[0] = '\0';
		goto done;
	}
	rfa_machine_init(&d.machine, d.flow, d.plan);
	begun.kind = RFA_RECORD_BEGIN;
	rc = rfa_machine_apply(&d.machine, &begun, err);
	if (rc)
		goto done;
	tell_begun(&d, RFA_EVENT_RUN_BEGUN);
	rc = rfa_catalog_points(options->ledger, d.env, d.stack, &d.points, err);
	if (!rc)
		rc = drive_on(&d, err);
done:
	rfa_drive_release(&d);
	return rc;
}

/* Resuming. */

static int same_version(const struct rfa_flow *flow, const struct rfa_history *h,
			struct rfa_error *err)
{
	if (!flow) {
		rfa_fail(err, RFA_EREFUSED, "run", "this rfa has no flow '%s'", h->flow);
		return rfa_error_hint(err, "use the rfa that began the run");
	}
	if (flow->version == h->flow_version)
		return 0;
	rfa_fail(err, RFA_EREFUSED, "run",
		 "the run was begun with version %u of the flow %s, this rfa has version %u",
		 h->flow_version, h->flow, flow->version);
	rfa_error_where(err, "run %s", h->run);
	return rfa_error_hint(err,
			      "resume it with the rfa that began it, or end it with: rfa abort "
			      "%s --no-undo",
			      h->run);
}

/* Replays a history; facts and `why` are collected when d is given. */
static int replay(struct rfa_machine *m, const struct rfa_history *h, struct rfa_drive *d,
		  struct rfa_error *err)
{
	size_t i;
	int rc;

	for (i = 0; i < h->n; i++) {
		const struct rfa_record *r = &h->records[i];

		rc = rfa_machine_apply(m, r, err);
		if (rc)
			return rfa_error_where(err, "run %s", h->run);
		if (!d)
			continue;
		rc = rfa_drive_absorb_facts(d, r, err);
		if (rc)
			return rc;
		if (r->kind == RFA_RECORD_FAILED && !d->why.code &&
		    rfa_facts_at(r->facts, "error")) {
			rfa_facts_to_error(rfa_facts_at(r->facts, "error"), &d->why);
			snprintf(d->why_step, sizeof(d->why_step), "%s", r->step);
		}
	}
	rfa_machine_mark_in_doubt(m);
	return 0;
}

/* A finished run is a fixed point: its recorded result is the answer. */
static int recorded(const struct rfa_history *h, struct rfa_run_result *result,
		    struct rfa_error *err)
{
	enum rfa_code code = rfa_drive_code(h->final);

	result->final = h->final;
	result->was_over = 1;
	/* Of any other end, the summary names the version that was to come. */
	if (code == RFA_OK)
		snprintf(result->version, sizeof(result->version), "%s",
			 rfa_facts_str(h->summary, "version", ""));
	snprintf(result->point, sizeof(result->point), "%s",
		 rfa_facts_str(h->summary, "point", ""));
	snprintf(result->data, sizeof(result->data), "%s",
		 rfa_facts_str(h->summary, "data_point", ""));
	if (code == RFA_OK)
		return 0;
	rfa_fail(err, code, "run", "this run has ended: %s",
		 rfa_facts_str(h->summary, "why/msg", rfa_code_text(code)));
	rfa_error_where(err, "run %s", h->run);
	return rfa_error_hint(err, "%s", rfa_facts_str(h->summary, "why/hint", ""));
}

/* Which steps' effects stay on hosts when the run is left as it stands: [{"step","on","how"}]. */
static json_t *detached_of(const struct rfa_drive *d)
{
	static const char *const how[] = {
		[RFA_ROW_OPEN] = "in doubt",       [RFA_ROW_DONE] = "done",
		[RFA_ROW_FAILED] = "in part",      [RFA_ROW_UNDOING] = "in doubt",
		[RFA_ROW_UNDO_FAILED] = "in part", [RFA_ROW_UNDONE] = NULL,
		[RFA_ROW_ABSENT] = NULL,
	};
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < d->flow->n; i++) {
		const struct rfa_step *step = &d->flow->steps[i];
		const char *word = how[d->machine.rows[i].status];

		if (word && step->run && !(step->flags & RFA_STEP_READS))
			json_array_append_new(list,
					      json_pack("{s:s, s:s, s:s}", "step", step->name, "on",
							rfa_role_word(step->on), "how", word));
	}
	return list;
}

/* Nothing frees a lock by itself, and the run that could have will never go on. */
static void hint_detached(const struct rfa_drive *d, const json_t *detached, struct rfa_error *why)
{
	struct rfa_buf text = RFA_BUF_INIT(sizeof(why->hint));
	json_t *one;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)detached, i, one) {
		const char *step = rfa_facts_str(one, "step", "");
		const char *env =
		    !strcmp(rfa_facts_str(one, "on", ""), "source") ? d->from : d->env;

		if (strstr(step, ".claim"))
			rfa_buf_printf(&text, "%s rfa lock release %s --run %s",
				       text.len ? ", then:"
						: "its lock holds; put in order what it "
						  "left there, then:",
				       env, d->result->run);
	}
	rfa_error_hint(why, "%s", rfa_buf_str(&text));
	rfa_buf_release(&text);
}

static int reverse(struct rfa_drive *d, enum rfa_resume_mode mode, struct rfa_error *err)
{
	static const enum rfa_machine_event event[] = {
		[RFA_RESUME_CONTINUE] = RFA_ON_END, /* not told */
		[RFA_RESUME_ROLLBACK] = RFA_ON_ROLLBACK,
		[RFA_RESUME_ABORT] = RFA_ON_ABORT,
		[RFA_RESUME_DETACH] = RFA_ON_DETACH,
	};
	struct rfa_error why;
	json_t *facts = NULL;
	int back = mode == RFA_RESUME_ROLLBACK || mode == RFA_RESUME_ABORT;

	if (mode == RFA_RESUME_CONTINUE)
		return 0;
	if (back && rfa_machine_no_return(&d->machine)) {
		rfa_fail(err, RFA_EREFUSED, "run",
			 "the run has proven the new version and is only cleaning up: there is no "
			 "way back inside it");
		return rfa_error_hint(err, "rfa resume %s, then rfa rollback %s --env %s",
				      d->result->run, d->stack, d->env);
	}
	if (mode == RFA_RESUME_ROLLBACK && d->machine.phase == RFA_PHASE_BACK)
		return 0; /* it is on its way already */
	if (back && d->machine.phase == RFA_PHASE_BACK && d->machine.at < 0)
		return 0; /* it is through: only its END is missing */
	rfa_fail(&why, RFA_EABORTED, "run", "%s by %s: %s",
		 back && mode == RFA_RESUME_ROLLBACK ? "rolled back" : "ended", d->ctx.user,
		 d->options->reason ? d->options->reason : "no reason given");
	if (mode == RFA_RESUME_DETACH) {
		facts = json_pack("{s:o}", "detached", detached_of(d));
		if (!facts)
			return rfa_fail_nomem(err);
		hint_detached(d, json_object_get(facts, "detached"), &why);
		d->why = why;
		d->no_host_access = 1;
	}
	return rfa_drive_record(d, event[mode], facts, &why, err);
}

int rfa_run_resume(const struct rfa_run_options *options, const char *run,
		   enum rfa_resume_mode mode, struct rfa_run_result *result, struct rfa_error *err)
{
	struct rfa_history *h = NULL;
	struct rfa_drive d;
	int rc;

	rfa_drive_init(&d, options, result);
	rc = rfa_ledger_load(options->ledger, run, &h, err);
	if (rc)
		goto done;
	snprintf(result->run, sizeof(result->run), "%s", h->run);
	if (h->final != RFA_FINAL_NONE) {
		rc = recorded(h, result, err);
		goto done;
	}
	/* Attach first and load again: the one who drove it may have written since. */
	rc = rfa_ledger_attach(options->ledger, run, &d.ledger_run, err);
	rfa_history_free(h);
	h = NULL;
	if (!rc)
		rc = rfa_ledger_load(options->ledger, run, &h, err);
	if (rc)
		goto done;
	if (mode != RFA_RESUME_DETACH) {
		rc = same_version(rfa_flow_by_name(h->flow), h, err);
		if (rc)
			goto done;
	}
	rc = rfa_drive_take_plan(&d, h->plan, err);
	if (rc)
		goto done;
	d.begun_ms = h->n ? h->records[0].wall_ms : 0;
	rfa_machine_init(&d.machine, d.flow, d.plan);
	rc = replay(&d.machine, h, &d, err);
	if (rc)
		goto done;
	d.taken_over = mode != RFA_RESUME_DETACH;
	tell_begun(&d, RFA_EVENT_RUN_RESUMED);
	rc = rfa_catalog_points(options->ledger, d.env, d.stack, &d.points, err);
	if (!rc)
		rc = reverse(&d, mode, err);
	if (!rc)
		rc = drive_on(&d, err);
done:
	rfa_history_free(h);
	rfa_drive_release(&d);
	return rc;
}

int rfa_run_legal(void *unused, const struct rfa_history *history, struct rfa_error *err)
{
	const struct rfa_flow *flow = rfa_flow_by_name(history->flow);
	struct rfa_machine m;
	int rc;

	(void)unused;
	/* A run of another version cannot be judged by this table; its chain still can. */
	if (!flow || flow->version != history->flow_version)
		return 0;
	rfa_machine_init(&m, flow, history->plan);
	rc = replay(&m, history, NULL, err);
	if (!rc && m.final != history->final) {
		rfa_fail(err, RFA_ECORRUPT, "run", "its records end %s, the ledger says %s",
			 rfa_final_word(m.final), rfa_final_word(history->final));
		rc = rfa_error_where(err, "run %s", history->run);
	}
	return rc;
}

int rfa_run_next(struct rfa_ledger *ledger, const char *run, json_t **out, struct rfa_error *err)
{
	static const char *const acts[] = {
		[RFA_ACT_RUN] = "run",   [RFA_ACT_PROBE] = "probe", [RFA_ACT_UNDO] = "undo",
		[RFA_ACT_SKIP] = "skip", [RFA_ACT_END] = "end",
	};
	const struct rfa_flow *flow;
	struct rfa_history *h = NULL;
	const struct rfa_step *step;
	struct rfa_machine m;
	struct rfa_action a;
	int rc;

	rc = rfa_ledger_load(ledger, run, &h, err);
	if (rc)
		return rc;
	flow = rfa_flow_by_name(h->flow);
	rc = same_version(flow, h, err);
	if (rc)
		goto done;
	rfa_machine_init(&m, flow, h->plan);
	rc = replay(&m, h, NULL, err);
	if (rc)
		goto done;
	a = rfa_machine_next(&m);
	step = a.row >= 0 ? &flow->steps[a.row] : NULL;
	*out = json_pack(
	    "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:b}", "run", h->run, "flow", h->flow,
	    "direction", m.phase == RFA_PHASE_BACK ? "back" : "forward", "state",
	    step ? rfa_state_word(step->state) : "", "step", step ? step->name : "", "on",
	    step ? rfa_role_word(step->on) : "", "action", acts[a.act], "attempt", (int)a.attempt,
	    "final", rfa_final_word(a.final), "point_of_no_return", rfa_machine_no_return(&m));
	if (!*out)
		rc = rfa_fail_nomem(err);
done:
	rfa_history_free(h);
	return rc;
}
