/* How runs end that have run a command in a container: the history says which, and how it ended. */
#include <stdio.h>
#include <string.h>

#include "fsm/parts/outputs.h"

static void put_command(struct rfa_outputs *o, const struct rfa_options *options)
{
	struct rfa_buf text = RFA_BUF_INIT(64 << 10), clean = RFA_BUF_INIT(64 << 10);
	size_t i;

	rfa_buf_printf(&text, "%s:", options->service);
	for (i = 0; i < options->command.n; i++)
		rfa_buf_printf(&text, " %s", options->command.at[i]);
	/* Before it is cut: half a secret would not be known again. */
	(void)rfa_ledger_redact_text(o->ledger, rfa_buf_str(&text), text.len, &clean);
	snprintf(o->note, sizeof(o->note), "%.180s", rfa_buf_str(&clean));
	rfa_buf_release(&text);
	rfa_buf_release(&clean);
}

static void exec_version(struct rfa_outputs *o)
{
	struct rfa_outputs_seen k;
	struct rfa_error ignored;

	if (!rfa_outputs_see(o, &k, &ignored)) {
		const struct rfa_ran *ran = k.proven[RFA_TARGET].ran;
		size_t len;

		if (k.plan.options)
			put_command(o, k.plan.options);
		len = strlen(o->note);
		if (ran)
			snprintf(o->note + len, sizeof(o->note) - len, " (status %d)",
				 (int)ran->status);
	}
	rfa_outputs_seen_release(&k);
}

const struct rfa_result_ops rfa_result_exec = { exec_version, NULL, NULL };
