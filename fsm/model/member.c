/* Members: the tables of their fields. */
#include "fsm/model/member.h"

#include <string.h>

#define RFA_THIS struct rfa_database
RFA_SHAPE(database, RFA_DATABASE_FIELDS, "a database that a server in a container keeps");
#undef RFA_THIS
#define RFA_THIS struct rfa_member
RFA_SHAPE(member, RFA_MEMBER_FIELDS, "a piece of a stack's data");
#undef RFA_THIS
#define RFA_THIS struct rfa_archive
RFA_SHAPE(archive, RFA_ARCHIVE_FIELDS, "an archive that travels");
#undef RFA_THIS
#define RFA_THIS struct rfa_copy
RFA_SHAPE(copy, RFA_COPY_FIELDS, "a copy of a member");
#undef RFA_THIS

const struct rfa_member *rfa_member_named(const struct rfa_member_list *members, const char *name)
{
	const struct rfa_member *one;

	RFA_EACH (one, *members)
		if (!strcmp(one->name, name))
			return one;
	return NULL;
}

const struct rfa_archive *rfa_archive_named(const struct rfa_archive_list *archives,
					    const char *name)
{
	const struct rfa_archive *one;

	RFA_EACH (one, *archives)
		if (!strcmp(one->name, name))
			return one;
	return NULL;
}

const char *rfa_beside_word(enum rfa_beside which)
{
	static const char *const words[] = {
		[RFA_BESIDE_SNAPSHOT] = "snap",
		[RFA_BESIDE_NEW] = "new",
		[RFA_BESIDE_OLD] = "old",
	};

	return words[which];
}
