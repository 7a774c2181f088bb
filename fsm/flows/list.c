/* The flows there are: whoever adds one names it here, and nowhere else. */
#include <string.h>

#include "fsm/core/flow.h"

#define FLOWS(X)          \
	X(publish)        \
	X(release)        \
	X(sync)           \
	X(deploy)         \
	X(rebuild)        \
	X(promote)        \
	X(promote_data)   \
	X(smoke)          \
	X(backup)         \
	X(backup_images)  \
	X(restore)        \
	X(restore_images) \
	X(drill)          \
	X(drill_images)   \
	X(prune)          \
	X(prune_backups)  \
	X(approve)        \
	X(sign)           \
	X(import_history) \
	X(exec)           \
	X(rollback)       \
	X(rollback_whole) \
	X(rollback_data)  \
	X(rollback_files) \
	X(hold_lock)      \
	X(release_lock)   \
	X(accept_ledger)

#define DECLARE(name) extern const struct rfa_flow rfa_flow_##name;
FLOWS(DECLARE)

#define ENTRY(name) &rfa_flow_##name,
static const struct rfa_flow *const flows[] = { FLOWS(ENTRY) };

enum { N_FLOWS = sizeof(flows) / sizeof(flows[0]) };

const struct rfa_flow *const *rfa_flows(size_t *n)
{
	*n = N_FLOWS;
	return flows;
}

const struct rfa_flow *rfa_flow_by_name(const char *name)
{
	size_t i;

	for (i = 0; i < N_FLOWS; i++)
		if (!strcmp(flows[i]->name, name))
			return flows[i];
	return NULL;
}
