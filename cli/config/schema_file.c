/* The table of keys of rfa.json as a whole: what stands beside environments and stacks. */
#include "cli/config/schema_notify.h"
#include "cli/config/schema_registry.h"
#include "cli/config/schema.h"

static const struct rfa_format variable = {
	"the name of an environment variable (never its value)",
	"^[A-Za-z_][A-Za-z0-9_]*$",
};

static const struct rfa_key a_stack = {
	.name = "",
	.type = RFA_TYPE_OBJECT,
	.example = "{\"containers\":[\"shop-backend\"]}",
	.help = "one application",
	.inside = rfa_schema_stack,
	.needs = "containers|compose",
};

static const struct rfa_key an_environment = {
	.name = "",
	.type = RFA_TYPE_OBJECT,
	.example = "{\"destination\":\"root@10.0.0.7\"}",
	.help = "a host and what is true there",
	.inside = rfa_schema_environment,
};

static const struct rfa_key timeout_keys[] = {
	{ .name = "idle_s",
	  .type = RFA_TYPE_INTEGER,
	  .fallback = "30",
	  .example = "30",
	  .help = "seconds without a byte after which a connection counts as stalled",
	  .min = 1,
	  .max = 86400 },
	{ .name = "connect_s",
	  .type = RFA_TYPE_INTEGER,
	  .fallback = "10",
	  .example = "10",
	  .help = "seconds for one attempt to connect",
	  .min = 1,
	  .max = 600 },
	{ .name = "attempts",
	  .type = RFA_TYPE_INTEGER,
	  .fallback = "3",
	  .example = "3",
	  .help = "attempts to connect",
	  .min = 1,
	  .max = 100 },
	{ .name = "notify_s",
	  .type = RFA_TYPE_INTEGER,
	  .fallback = "5",
	  .example = "5",
	  .help = "seconds behind a run for telling the channels, in all; 0: that is left to `rfa "
		  "notify --send`",
	  .min = 0,
	  .max = 60 },
	{ .name = NULL },
};

static const struct rfa_key a_secret = {
	.name = "",
	.type = RFA_TYPE_STRING,
	.example = "\"DB_PASSWORD\"",
	.help = "a variable whose value must never be stored",
	.format = &variable,
};

static const struct rfa_key a_secret_file = {
	.name = "",
	.type = RFA_TYPE_STRING,
	.example = "\"secrets/db_password\"",
	.help = "the file that holds the value; relative to rfa.json; ~ is yours",
};

static const struct rfa_key a_secret_command = {
	.name = "",
	.type = RFA_TYPE_STRING,
	.example = "\"pass show shop/token\"",
	.help = "a command of sh that prints the value; it is run when a run needs it",
};

static const struct rfa_key a_registry = {
	.name = "",
	.type = RFA_TYPE_OBJECT,
	.example = "{\"ca\":\"certs/registry-ca.pem\"}",
	.help = "one registry",
	.inside = rfa_schema_registry,
};

static const struct rfa_key file_keys[] = {
	{ .name = "$schema",
	  .type = RFA_TYPE_STRING,
	  .example = "\"docs/rfa.schema.json\"",
	  .help = "this file's schema, for editors" },
	{ .name = "version",
	  .type = RFA_TYPE_INTEGER,
	  .flags = RFA_KEY_REQUIRED,
	  .example = "1",
	  .help = "the format of this file",
	  .min = 1,
	  .max = 1 },
	{ .name = "ledger",
	  .type = RFA_TYPE_STRING,
	  .fallback = "\".rfa/ledger\"",
	  .example = "\".rfa/ledger\"",
	  .help = "the ledger's folder; relative to rfa.json; ~ is yours" },
	{ .name = "environments",
	  .type = RFA_TYPE_MAP,
	  .flags = RFA_KEY_REQUIRED,
	  .example = "{\"prod\":{\"destination\":\"root@10.0.0.7\"}}",
	  .help = "the hosts",
	  .inside = &an_environment,
	  .format = &rfa_schema_name,
	  .taken = "operator",
	  .taken_by = "the machine where rfa is typed" },
	{ .name = "stacks",
	  .type = RFA_TYPE_MAP,
	  .flags = RFA_KEY_REQUIRED,
	  .example = "{\"shop\":{\"containers\":[\"shop-backend\"]}}",
	  .help = "the applications",
	  .inside = &a_stack,
	  .format = &rfa_schema_name },
	{ .name = "registries",
	  .type = RFA_TYPE_MAP,
	  .fallback = "{}",
	  .example = "{\"registry.example:5000\":{\"ca\":\"certs/registry-ca.pem\"}}",
	  .help = "how registries are asked; one that needs neither login nor certificate need not "
		  "be here",
	  .inside = &a_registry,
	  .format = &rfa_schema_domain },
	{ .name = "notify",
	  .type = RFA_TYPE_MAP,
	  .fallback = "{}",
	  .example = "{\"team\":{\"kind\":\"webhook\",\"url\":\"${SLACK_HOOK}\","
		     "\"format\":\"slack\"}}",
	  .help = "who is told how runs end",
	  .inside = &rfa_schema_channel,
	  .format = &rfa_schema_name },
	{ .name = "timeouts",
	  .type = RFA_TYPE_OBJECT,
	  .fallback = "{}",
	  .example = "{\"idle_s\":30}",
	  .help = "how long to wait for a host",
	  .inside = timeout_keys },
	{ .name = "secrets",
	  .type = RFA_TYPE_ARRAY,
	  .fallback = "[]",
	  .example = "[\"DB_PASSWORD\"]",
	  .help = "names of variables whose values must never be stored or shown",
	  .inside = &a_secret },
	{ .name = "secret_files",
	  .type = RFA_TYPE_MAP,
	  .fallback = "{}",
	  .example = "{\"DB_PASSWORD\":\"secrets/db_password\"}",
	  .help = "the same for values that are in files",
	  .inside = &a_secret_file,
	  .format = &variable },
	{ .name = "secret_commands",
	  .type = RFA_TYPE_MAP,
	  .fallback = "{}",
	  .example = "{\"TOKEN\":\"pass show shop/token\"}",
	  .help = "the same for values that a command prints",
	  .inside = &a_secret_command,
	  .format = &variable },
	{ .name = NULL },
};

const struct rfa_key rfa_schema_root = {
	.name = "",
	.type = RFA_TYPE_OBJECT,
	.example = "{\"version\":1}",
	.help = "what rfa deploys, from where, to where",
	.inside = file_keys,
};
