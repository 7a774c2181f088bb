/* Migrations: the table of those keys. */
#include "cli/config/schema_migrate.h"

#include "cli/config/schema_source.h"

static const struct rfa_key a_word = {
	.name = "",
	.type = RFA_TYPE_STRING,
	.flags = RFA_KEY_WORD,
	.example = "\"alembic\"",
	.help = "the program in the image, or one of its arguments; no shell reads it",
};
static const struct rfa_key undo_keys[] = {
	{ .name = "command",
	  .type = RFA_TYPE_ARRAY,
	  .example = "[\"alembic\",\"downgrade\",\"-1\"]",
	  .help = "the command that takes back what the migration has done; it may be run again",
	  .inside = &a_word },
	{ .name = NULL },
};
static const struct rfa_key a_value = {
	.name = "",
	.type = RFA_TYPE_STRING,
	.example = "\"${DB_ADMIN_PASSWORD}\"",
	.help = "its value; ${NAME} stands for a secret",
};
const struct rfa_key rfa_schema_migrate[] = {
	{ .name = "service",
	  .type = RFA_TYPE_STRING,
	  .flags = RFA_KEY_REQUIRED,
	  .example = "\"web\"",
	  .help = "the container or Compose service whose new image has the command; its networks, "
		  "mounts and variables are those of the command",
	  .format = &rfa_schema_key },
	{ .name = "run",
	  .type = RFA_TYPE_ARRAY,
	  .flags = RFA_KEY_REQUIRED,
	  .example = "[\"alembic\",\"upgrade\",\"head\"]",
	  .help = "the command that brings the schema to that of the version; where it is that "
		  "already, it ends with 0",
	  .inside = &a_word },
	{ .name = "kind",
	  .type = RFA_TYPE_STRING,
	  .flags = RFA_KEY_REQUIRED,
	  .example = "\"expand\"",
	  .help = "expand: the version before lives with the new schema, and nothing stops; "
		  "breaking: it does not, and what uses the data stops first",
	  .words = "expand|breaking" },
	{ .name = "check",
	  .type = RFA_TYPE_ARRAY,
	  .fallback = "[]",
	  .example = "[\"alembic\",\"check\"]",
	  .help = "a command that changes nothing, and ends with 0 where the schema is that of the "
		  "version; asked before and after",
	  .inside = &a_word },
	{ .name = "undo",
	  .type = RFA_TYPE_VALUE,
	  .fallback = "\"none\"",
	  .example = "\"restore\"",
	  .help = "what takes it back: none; restore (the data of before, of a breaking one); or a "
		  "command",
	  .inside = undo_keys,
	  .one_of = "command" },
	{ .name = "timeout_s",
	  .type = RFA_TYPE_INTEGER,
	  .fallback = "600",
	  .example = "600",
	  .help = "seconds that each of these commands may take; then it is stopped",
	  .min = 1,
	  .max = 86400 },
	{ .name = "env",
	  .type = RFA_TYPE_MAP,
	  .fallback = "{}",
	  .example = "{\"DB_USER\":\"owner\",\"DB_PASSWORD\":\"${DB_OWNER_PASSWORD}\"}",
	  .help = "more variables for these commands",
	  .inside = &a_value,
	  .format = &rfa_schema_variable_name },
	{ .name = NULL },
};
