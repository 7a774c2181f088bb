/* The list of flows. */
#include "fsm/flows/flows.h"

#include <string.h>

#include "fsm/run/run.h"

static const struct rfa_flow *const flows[] = {
	&rfa_flow_promote,       &rfa_flow_rollback,      &rfa_flow_data,
	&rfa_flow_rollback_data, &rfa_flow_backup,        &rfa_flow_restore,
	&rfa_flow_drill,         &rfa_flow_prune,         &rfa_flow_prune_backups,
	&rfa_flow_free_lock,     &rfa_flow_accept_ledger,
};

enum { FLOWS = sizeof(flows) / sizeof(flows[0]) };

const struct rfa_flow *const *rfa_flows(size_t *n)
{
	*n = FLOWS;
	return flows;
}

const struct rfa_flow *rfa_flow_by_name(const char *name)
{
	size_t i;

	for (i = 0; i < FLOWS; i++)
		if (!strcmp(flows[i]->name, name))
			return flows[i];
	return NULL;
}
