/* `rfa plan`: compares what runs on two hosts and says what a promotion would change. */
#include "cli/plan.h"

#include <string.h>

#include "cli/hosts.h"
#include "cli/known.h"
#include "cli/look.h"
#include "cli/points.h"
#include "cli/secrets.h"

int rfa_plan_sides(struct rfa_cli *cli, struct rfa_plan_ask *ask, struct rfa_error *err)
{
	int rc = rfa_cli_config(cli, err);
	if (rc == 0)
		rc = rfa_config_has_stack(cli->config, ask->stack, err);
	if (rc == 0)
		rc = rfa_cli_need(cli, "from", &ask->from, err);
	if (rc == 0)
		rc = rfa_config_has_env(cli->config, ask->from, err);
	if (rc == 0)
		rc = rfa_cli_need(cli, "to", &ask->to, err);
	if (rc == 0)
		rc = rfa_config_has_env(cli->config, ask->to, err);
	if (rc == 0 && strcmp(ask->from, ask->to) == 0) {
		rfa_fail(err, RFA_EUSAGE, "cli", "--from and --to are both \"%s\"", ask->from);
		rc = rfa_error_mend(err, "name two environments");
	}
	return rc;
}

int rfa_plan_force(const struct rfa_cli *cli, struct rfa_plan_ask *ask, struct rfa_error *err)
{
	const char *reason = rfa_cli_option(cli, "reason");
	ask->reason = reason && *reason ? reason : NULL;
	if (!rfa_cli_option(cli, "force"))
		return 0;
	if (!reason || !*reason) {
		rfa_fail(err, RFA_EUSAGE, "cli", "--force needs --reason TEXT");
		return rfa_error_mend(err, "the reason stays in the ledger for ever");
	}
	ask->force_reason = reason;
	return 0;
}

static const char *change_of(const json_t *then, const json_t *now)
{
	if (!json_object_get(then, "image"))
		return "not on the source";
	if (!now || !json_object_get(now, "image"))
		return "new";
	if (strcmp(rfa_facts_str(then, "image", ""), rfa_facts_str(now, "image", "?")) == 0)
		return "same";
	/* Two stores name one image differently; its layers do not lie. */
	if (json_equal(json_object_get(then, "layers"), json_object_get(now, "layers")) &&
	    strcmp(rfa_facts_str(then, "ref", ""), rfa_facts_str(now, "ref", "?")) == 0)
		return "same layers";
	return "replaced";
}

/* The same over all containers of a service: the first change that there is. */
static const char *change_of_all(const json_t *then, const json_t *now)
{
	const char *key = rfa_facts_str(then, "key", ""), *change = change_of(then, NULL);
	json_t *one;
	size_t i;
	json_array_foreach ((json_t *)now, i, one) {
		if (strcmp(rfa_facts_str(one, "key", ""), key) != 0)
			continue;
		change = change_of(then, one);
		if (strncmp(change, "same", 4) != 0)
			return change;
	}
	return change;
}

/* Of a service's containers the first that does not run, else the first. */
static json_t *worst_of(const json_t *units, const char *key)
{
	json_t *first = NULL, *one;
	size_t i;
	json_array_foreach ((json_t *)units, i, one) {
		if (strcmp(rfa_facts_str(one, "key", ""), key) != 0)
			continue;
		if (strcmp(rfa_facts_str(one, "state", ""), "running") != 0)
			return one;
		if (!first)
			first = one;
	}
	return first;
}

/* The locks that are in the way, and the space on the target. */
static int look_around(struct rfa_host *target, json_t *document, struct rfa_error *err)
{
	json_t *holder = NULL;
	struct rfa_disk disk;
	int rc = target->ops->lock_read(target, &holder, err);
	if (rc == 0)
		rc = target->ops->disk(target, target->state_dir, &disk, err);
	if (rc == 0)
		rc = rfa_facts_set(document, "locked_by",
				   holder ? json_incref(holder) : json_null(), err);
	if (rc == 0)
		rc = rfa_facts_set(document, "free_bytes", json_integer(disk.bytes_free), err);
	json_decref(holder);
	return rc;
}

static int compare(const struct rfa_hosts *hosts, const json_t *plan, json_t *document,
		   struct rfa_error *err)
{
	json_t *then = NULL, *now = NULL, *images = NULL, *list = json_array(), *unit;
	size_t i;
	int rc = rfa_look(hosts->source, rfa_facts_at(plan, "source/stack"), &then, err);

	if (rc == 0)
		rc = rfa_look(hosts->target, rfa_facts_at(plan, "target/stack"), &now, err);
	if (rc == 0)
		rc = hosts->target->ops->list(hosts->target, RFA_IMAGE, &images, err);
	json_array_foreach (then, i, unit) {
		const char *key = rfa_facts_str(unit, "key", "");
		const json_t *there = rfa_look_find(now, key);
		const json_t *layers = json_object_get(unit, "layers");
		if (rfa_look_find(then, key) != unit)
			continue; /* another container of the same service */
		json_array_append_new(
		    list, json_pack("{s:s,s:s,s:O,s:O?,s:I,s:I,s:I,s:I}", "key", key, "change",
				    change_of_all(unit, now), "then", worst_of(then, key), "now",
				    there, "then_containers", (json_int_t)rfa_look_count(then, key),
				    "now_containers", (json_int_t)rfa_look_count(now, key),
				    "layers", (json_int_t)json_array_size(layers), "missing",
				    (json_int_t)rfa_look_missing(layers, images)));
	}
	if (rc == 0)
		rc = rfa_facts_set(document, "units", json_incref(list), err);
	if (rc == 0)
		rc = look_around(hosts->target, document, err);
	json_decref(list);
	json_decref(then);
	json_decref(now);
	json_decref(images);
	return rc;
}

/*
 * *out (new): what `from` has proven of the stack, as far as this ledger knows: {"version","run",
 * "images"}; NULL for nothing.
 */
static int read_verified(struct rfa_cli *cli, const struct rfa_plan_ask *ask, json_t **out,
			 struct rfa_error *err)
{
	char path[256];

	*out = NULL;
	snprintf(path, sizeof(path), "verified/%s/%s.json", ask->from, ask->stack);
	int rc = rfa_ledger_json(cli, path, out, err);
	if (rc == -RFA_ENOTFOUND && cli->ledger) {
		rfa_error_clear(err);
		rc = 0;
	}
	return rc;
}

int rfa_plan_make(struct rfa_cli *cli, struct rfa_plan_ask *ask, json_t **out,
		  struct rfa_error *err)
{
	char proof[RFA_TIME_MAX] = "";
	json_t *verified;
	int rc = read_verified(cli, ask, &verified, err);

	if (rc == 0)
		rc = rfa_known_proof(cli, ask->to, ask->stack, proof, err);
	ask->verified = verified;
	ask->proven_drill_at = *proof ? proof : NULL;
	if (rc == 0)
		rc = rfa_config_plan(cli->config, ask, out, err);
	ask->verified = NULL;
	ask->proven_drill_at = NULL;
	json_decref(verified);
	return rc;
}

/* What the gates would say to the run: the same gates, asked in the same order. */
static int foresee(struct rfa_cli *cli, const struct rfa_hosts *hosts, const json_t *plan,
		   json_t *document, struct rfa_error *err)
{
	struct rfa_run_options options = {
		.ledger = cli->ledger,
		.source = hosts->source,
		.target = hosts->target,
		.clock = cli->clock,
		.cancel = cli->cancel,
		.secret = rfa_secrets_value,
		.secret_user = cli,
	};
	json_t *facts = NULL;
	int rc = rfa_secrets_need(cli, plan, err);

	if (rc == 0)
		rc = rfa_run_foresee(&options, plan, &facts, err);

	json_t *gates = json_object_get(json_object_get(facts, "gates"), "gates");

	if (gates)
		json_object_set(document, "gates", gates);
	json_object_set_new(document, "refused", json_boolean(rc == -(int)RFA_EREFUSED));
	json_decref(facts);
	return rc;
}

static void print_gates(const struct rfa_cli *cli, const json_t *document)
{
	const struct rfa_out *o = &cli->out;
	struct rfa_buf safe = RFA_BUF_INIT(8192);
	size_t i, refusals = 0, passed = 0;
	json_t *gate;

	json_array_foreach (json_object_get(document, "gates"), i, gate) {
		const char *verdict = rfa_facts_str(gate, "verdict", "");
		if (strcmp(verdict, "passed") == 0) {
			passed++;
			continue;
		}
		refusals++;
		rfa_out_say(o, "%s%sgate %s:%s %s", refusals == 1 ? "\n" : "",
			    rfa_out_style(o, o->out, RFA_RED), rfa_facts_str(gate, "gate", "?"),
			    rfa_out_style(o, o->out, RFA_PLAIN),
			    rfa_out_safe(&safe, rfa_facts_str(gate, "evidence", ""), 800));
		rfa_out_say(o, "  mend: %s",
			    rfa_out_safe(&safe, rfa_facts_str(gate, "mend", "-"), 400));
	}
	if (refusals == 0)
		rfa_out_say(o, "\nall %zu gates let it pass", passed);
	rfa_buf_release(&safe);
}

static enum rfa_style style_of(const char *change)
{
	return strncmp(change, "same", 4) == 0            ? RFA_DIM
	       : strcmp(change, "not on the source") == 0 ? RFA_RED
							  : RFA_GREEN;
}

/* "v2", of three containers "v2 (3)". */
static void cell_version(struct rfa_table *table, const json_t *unit, const char *side)
{
	char path[32], text[160];
	snprintf(path, sizeof(path), "%s_containers", side);
	int n = (int)rfa_facts_int(unit, path, 0);
	snprintf(path, sizeof(path), "%s/version", side);
	if (n > 1)
		snprintf(text, sizeof(text), "%.100s (%d)", rfa_facts_str(unit, path, "-"), n);
	else
		snprintf(text, sizeof(text), "%.140s", rfa_facts_str(unit, path, "-"));
	rfa_table_cell(table, text, RFA_PLAIN);
}

static int print(struct rfa_cli *cli, const struct rfa_plan_ask *ask, const json_t *document,
		 struct rfa_error *err)
{
	const char *const heads[] = { "container", "state",           ask->from, ask->to,
				      "change",    "layers to bring", NULL };
	const json_t *holder = json_object_get(document, "locked_by");
	struct rfa_table table;
	char text[64];
	json_t *unit;
	size_t i;

	rfa_table_init(&table, heads);
	json_array_foreach (json_object_get(document, "units"), i, unit) {
		const char *change = rfa_facts_str(unit, "change", "");
		const char *health = rfa_facts_str(unit, "then/health", "");
		if (rfa_facts_bool(unit, "then/ended", 0))
			snprintf(text, sizeof(text), "ended well");
		else
			snprintf(text, sizeof(text), "%.30s%s%.20s",
				 rfa_facts_str(unit, "then/state", "-"), *health ? ", " : "",
				 health);
		rfa_table_cell(&table, rfa_facts_str(unit, "key", ""), RFA_BOLD);
		rfa_table_cell(&table, text, RFA_PLAIN);
		cell_version(&table, unit, "then");
		cell_version(&table, unit, "now");
		rfa_table_cell(&table, change, style_of(change));
		snprintf(text, sizeof(text), "%d of %d", (int)rfa_facts_int(unit, "missing", 0),
			 (int)rfa_facts_int(unit, "layers", 0));
		rfa_table_cell(&table, text, RFA_PLAIN);
	}
	int rc = rfa_table_print(&cli->out, &table, err);
	rfa_table_release(&table);
	if (json_is_object(holder)) {
		struct rfa_buf run = RFA_BUF_INIT(256);
		rfa_out_warn(&cli->out, "%s is locked by run %s", ask->to,
			     rfa_out_safe(&run, rfa_facts_str(holder, "run", "?"), 60));
		rfa_buf_release(&run);
	}
	print_gates(cli, document);
	rfa_out_note(&cli->out, "\n%s free on %s. Nothing was touched.",
		     RFA_SIZE(rfa_facts_int(document, "free_bytes", 0)), ask->to);
	if (!rfa_facts_bool(document, "refused", 0))
		rfa_out_note(&cli->out, "to do it: rfa promote %s --from %s --to %s", ask->stack,
			     ask->from, ask->to);
	return rc;
}

int rfa_plan_show(struct rfa_cli *cli, struct rfa_error *err)
{
	struct rfa_plan_ask ask = { .flow = "promote", .stack = rfa_cli_word(cli, 0) };
	struct rfa_hosts hosts = { NULL, NULL };
	json_t *plan = NULL, *document = NULL;
	struct rfa_error refusal;
	int rc = rfa_plan_sides(cli, &ask, err), verdict = 0;

	if (rc == 0)
		rc = rfa_plan_make(cli, &ask, &plan, err);
	if (rc == 0)
		rc = rfa_hosts_of_plan(cli, plan, 1, &hosts, err);
	if (rc == 0) {
		document =
		    json_pack("{s:s,s:s,s:s}", "stack", ask.stack, "from", ask.from, "to", ask.to);
		rc = document ? compare(&hosts, plan, document, err) : rfa_fail_nomem(err);
	}
	if (rc == 0) {
		rfa_error_clear(&refusal);
		verdict = foresee(cli, &hosts, plan, document, &refusal);
		if (verdict < 0 && verdict != -(int)RFA_EREFUSED) {
			*err = refusal;
			rc = verdict;
		}
	}
	if (rc == 0)
		rc = cli->out.json ? rfa_out_json(&cli->out, document, err)
				   : print(cli, &ask, document, err);
	if (rc == 0 && verdict < 0) {
		*err = refusal;
		rc = verdict;
	}
	rfa_hosts_release(&hosts);
	json_decref(plan);
	json_decref(document);
	return rc;
}

static const struct rfa_option plan_options[] = {
	{ "from", 0, "ENV", NULL, NULL, "the environment whose running images would be taken" },
	{ "to", 0, "ENV", NULL, NULL, "the environment that would get them" },
	RFA_OPTION_END,
};

const struct rfa_verb rfa_cmd_plan = {
	.name = "plan",
	.group = "deploy",
	.words = "STACK --from ENV --to ENV",
	.summary = "show what a promotion would change",
	.details =
	    "Looks at both hosts, takes no lock and changes nothing: what runs on each side,\n"
	    "what would be replaced, how many layers would have to travel, and what the gates\n"
	    "say. Exit status 4 when a gate would refuse the promotion.",
	.options = plan_options,
	.examples =
	    (const struct rfa_example[]){
		{ "rfa plan ragflowauth --from test --to prod", "compare test and prod" },
		{ "rfa plan ragflowauth --from test --to prod --json", "the same for a program" },
		{ NULL, NULL },
	    },
	.flags = RFA_VERB_READS,
	.min_words = 1,
	.max_words = 1,
	.run = rfa_plan_show,
};
