/* Paths as a person writes them into rfa.json. */
#ifndef RFA_CLI_CONFIG_PATHS_H
#define RFA_CLI_CONFIG_PATHS_H

#include "fsm/base/error.h"

/* *out (new): path made absolute: "~" is the user's home, the rest is relative to folder. */
int rfa_path_resolve(const char *folder, const char *path, char **out,
		     struct rfa_error *err) RFA_MUST_USE;

#endif
