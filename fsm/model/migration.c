/* Migrations: the tables of their fields. */
#include "fsm/model/migration.h"

#include <string.h>

#define RFA_THIS struct rfa_once
RFA_SHAPE(once, RFA_ONCE_FIELDS, "how a command ended");
#undef RFA_THIS
#define RFA_THIS struct rfa_migration
RFA_SHAPE(migration, RFA_MIGRATION_FIELDS, "a change of the schema");
#undef RFA_THIS
#define RFA_THIS struct rfa_migrations
RFA_SHAPE(migrations, RFA_MIGRATIONS_FIELDS, "the schema of a stack's data");
#undef RFA_THIS

const struct rfa_migration *rfa_migration_of(const struct rfa_migration_list *done,
					     const char *identity)
{
	const struct rfa_migration *one;

	RFA_EACH (one, *done)
		if (*identity && !strcmp(one->identity, identity))
			return one;
	return NULL;
}

const struct rfa_migration *rfa_migration_bars(const struct rfa_migration_list *done,
					       const char *run, const char *version)
{
	const struct rfa_migration *one, *last = NULL;

	RFA_EACH (one, *done)
		/* Ids of runs sort by time. */
		if (!strcmp(one->kind, "breaking") && strcmp(one->run, run) >= 0)
			last = one;
	return last && strcmp(last->version, version) != 0 ? last : NULL;
}
