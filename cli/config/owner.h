/*
 * Whose a file is that rfa is about to obey: a configuration that is found in somebody else's
 * folder could have it run his commands, as git's safe.directory has it.
 */
#ifndef RFA_CLI_CONFIG_OWNER_H
#define RFA_CLI_CONFIG_OWNER_H

#include <sys/stat.h>
#include <sys/types.h>

#include "fsm/base/error.h"

/* Beside the user: root, and for root under sudo whoever called sudo. */
struct rfa_trust {
	uid_t also; /* the owner of a file that the user has named himself */
	int has_also;
};

/*
 * REFUSED, naming the owner and the hint, unless `path` belongs to the user or to whom he trusts,
 * and others cannot write in it. `what`: "rfa.json", "the folder", "the ssh_config"; st: what is
 * known of it already, or NULL. What does not exist passes. trust: NULL for nobody else.
 */
int rfa_owner_check(const char *path, const struct stat *st, const char *what,
		    const struct rfa_trust *trust, struct rfa_error *err) RFA_MUST_USE;
/* The same for an ssh_config and the files that it includes. */
int rfa_owner_check_ssh(const char *path, const struct rfa_trust *trust,
			struct rfa_error *err) RFA_MUST_USE;

#endif
