/* `rfa verified`: the versions of a stack, and where each was proven. */
#include <string.h>

#include "cli/frame/known.h"
#include "cli/report/run_list.h"
#include "fsm/parts/catalog.h"

/* "staging (run), prod (by force)": each environment once, what counts before what does not. */
static void say_proofs(struct rfa_buf *into, const json_t *proofs)
{
	json_t *one;
	size_t i;

	json_array_foreach ((json_t *)proofs, i, one) {
		const char *how = rfa_facts_str(one, "how", "?");
		const char *item = rfa_facts_str(one, "item", "");
		int forced = rfa_facts_bool(one, "forced", 0);
		rfa_buf_printf(into, "%s%s (%s%s%s)", i ? ", " : "", rfa_facts_str(one, "env", "?"),
			       forced ? "by force" : how, *item ? ": " : "", item);
	}
}

static void add_row(const json_t *version, struct rfa_table *table)
{
	struct rfa_buf proofs = RFA_BUF_INIT(64 << 10), safe = RFA_BUF_INIT(64 << 10);
	char at[RFA_SHORT_MAX];

	say_proofs(&proofs, json_object_get(version, "verified"));
	rfa_table_cell(table, rfa_facts_str(version, "version", ""), RFA_BOLD);
	rfa_table_cell(table, rfa_out_when(at, rfa_facts_str(version, "at", "")), RFA_PLAIN);
	rfa_table_cell(table, rfa_facts_str(version, "flow", ""), RFA_PLAIN);
	rfa_table_cell(table, rfa_facts_str(version, "run", ""), RFA_DIM);
	rfa_table_cell(table, rfa_out_safe(&safe, rfa_buf_str(&proofs), 0), RFA_GREEN);
	rfa_buf_release(&proofs);
	rfa_buf_release(&safe);
}

static int print(struct rfa_cli *cli, const char *stack, const json_t *list, struct rfa_error *err)
{
	static const char *const heads[] = { "version", "since", "by", "run", "verified", NULL };
	struct rfa_table table;
	json_t *one;
	size_t i;
	int rc = 0;

	rfa_table_init(&table, heads);
	json_array_foreach ((json_t *)list, i, one)
		add_row(one, &table);
	if (json_array_size(list) == 0)
		rfa_out_say(&cli->out, "no run has brought a version of %s yet", stack);
	else
		rc = rfa_table_print(&cli->out, &table, err);
	rfa_table_release(&table);
	return rc;
}

static int run(struct rfa_cli *cli, struct rfa_error *err)
{
	const char *stack = rfa_cli_word(cli, 0);
	json_t *list = NULL;
	int rc = rfa_cli_ledger(cli, err);

	if (rc == 0)
		rc = rfa_known_stack(cli, stack, err);
	if (rc == 0)
		rc = rfa_catalog_versions(cli->ledger, stack, &list, err);
	if (rc == 0)
		rc = cli->out.json ? rfa_out_json(&cli->out, list, err)
				   : print(cli, stack, list, err);
	json_decref(list);
	return rc;
}

const struct rfa_cli_command rfa_cmd_verified = {
	.name = "verified",
	.group = "look",
	.words = "STACK",
	.summary = "the versions of a stack, and where each was proven",
	.details =
	    "Newest first. An environment has proven a version when a run that brought it "
	    "there has\nended well, when a smoke test was marked, or when somebody approved it. "
	    "What went there\nby force does not count, and neither does what was imported: a name "
	    "is no proof of images.",
	.examples =
	    (const struct rfa_example[]){
		{ "rfa verified shop", "which versions may go further" },
		{ "rfa verified shop --json", "with the identities of their images" },
		{ NULL, NULL },
	    },
	.flags = RFA_CMD_READS,
	.min_words = 1,
	.max_words = 1,
	.run = run,
};
