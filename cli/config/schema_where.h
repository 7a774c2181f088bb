/* Where a value is that rfa.json does not have itself: the rows of each table that says so. */
#ifndef RFA_CLI_CONFIG_SCHEMA_WHERE_H
#define RFA_CLI_CONFIG_SCHEMA_WHERE_H

#include "cli/config/keys.h"

/* clang-format off */

/* what: "it"; then an example of each */
#define RFA_KEYS_OF_WHERE(what, file_, env_, command_) \
	{ .name = "file", .type = RFA_TYPE_STRING, .example = "\"" file_ "\"", \
	  .help = "the file that holds " what "; relative to rfa.json; ~ is yours" }, \
	{ .name = "env", .type = RFA_TYPE_STRING, .example = "\"" env_ "\"", \
	  .help = "the variable of your shell that has it", .format = &rfa_schema_variable_name }, \
	{ .name = "command", .type = RFA_TYPE_STRING, .example = "\"" command_ "\"", \
	  .help = "a command of sh that prints it" }

/* the same for a login */
#define RFA_KEYS_OF_LOGIN(what, file_, env_, command_) \
	{ .name = "user", .type = RFA_TYPE_STRING, .example = "\"deployer\"", \
	  .help = "the user; else the value is USER:PASSWORD" }, \
	RFA_KEYS_OF_WHERE(what, file_, env_, command_)

/* clang-format on */

#endif
