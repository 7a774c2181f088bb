/* Files of a stack: the tables of their fields. */
#include "fsm/model/file.h"

#include <string.h>

#define RFA_THIS struct rfa_synced
RFA_SHAPE(synced, RFA_SYNCED_FIELDS, "a file that was brought");
#undef RFA_THIS
#define RFA_THIS struct rfa_sync
RFA_SHAPE(sync, RFA_SYNC_FIELDS, "the files of a stack that were brought to an environment");
#undef RFA_THIS
#define RFA_THIS struct rfa_file_change
RFA_SHAPE(file_change, RFA_FILE_CHANGE_FIELDS, "a file, as it is and as it is to be");
#undef RFA_THIS
#define RFA_THIS struct rfa_kept_file
RFA_SHAPE(kept_file, RFA_KEPT_FILE_FIELDS, "a file as it was before a run");
#undef RFA_THIS
#define RFA_THIS struct rfa_configuration
RFA_SHAPE(configuration, RFA_CONFIGURATION_FIELDS, "the files of a Compose project");
#undef RFA_THIS

const struct rfa_kept_file *rfa_kept_file_of(const struct rfa_kept_file_list *all, const char *path)
{
	const struct rfa_kept_file *one;

	RFA_EACH (one, *all)
		if (!strcmp(one->path, path))
			return one;
	return NULL;
}

const struct rfa_synced *rfa_synced_of(const struct rfa_synced_list *all, const char *path)
{
	const struct rfa_synced *one;

	RFA_EACH (one, *all)
		if (!strcmp(one->path, path))
			return one;
	return NULL;
}

int rfa_file_change_removes(const struct rfa_file_change *change)
{
	return !strcmp(change->change, "gone");
}

int rfa_file_change_acts(const struct rfa_file_change *change)
{
	return !strcmp(change->change, "new") || !strcmp(change->change, "changed") ||
	       rfa_file_change_removes(change);
}
