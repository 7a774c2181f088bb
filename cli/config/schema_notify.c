/* Who is told how runs end: the table of those keys. */
#include "cli/config/schema_notify.h"

static const struct rfa_format url = {
	"an http, https, smtp or smtps URL without a login, or ${NAME} alone",
	"^(https?://[^/ ?#@$]+([/?][^ ]*)?|smtps?://[^/ ?#@$]+/?|[$][{][A-Za-z_][A-Za-z0-9_]*[}])$",
};
static const struct rfa_format reference = {
	"a reference to a secret: ${NAME}",
	"^[$][{][A-Za-z_][A-Za-z0-9_]*[}]$",
};
static const struct rfa_format address = { "a mail address",
					   "^[A-Za-z0-9.!#%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+$" };

static const struct rfa_key a_verdict = {
	.name = "",
	.type = RFA_TYPE_STRING,
	.example = "\"failed\"",
	.help = "how a run ended; interrupted: it has not, and nobody drives it",
	.words = "succeeded|failed|rolled-back|aborted|stuck|interrupted",
};
static const struct rfa_key a_name = {
	.name = "",
	.type = RFA_TYPE_STRING,
	.example = "\"prod\"",
	.help = "its name",
	.format = &rfa_schema_name,
};
static const struct rfa_key a_flow = {
	.name = "",
	.type = RFA_TYPE_STRING,
	.example = "\"deploy\"",
	.help = "a flow, as `rfa flows` lists them",
};
static const struct rfa_key an_address = {
	.name = "",
	.type = RFA_TYPE_STRING,
	.example = "\"ops@example.com\"",
	.help = "who gets the mail",
	.format = &address,
};
static const struct rfa_key a_word = {
	.name = "",
	.type = RFA_TYPE_STRING,
	.flags = RFA_KEY_WORD,
	.example = "\"/usr/local/bin/page\"",
	.help = "the program, or one of its arguments; no shell reads it",
};

static const struct rfa_key channel_keys[] = {
	{ .name = "kind",
	  .type = RFA_TYPE_STRING,
	  .flags = RFA_KEY_REQUIRED,
	  .example = "\"webhook\"",
	  .help = "how somebody is told",
	  .words = "webhook|email|exec" },
	{ .name = "url",
	  .type = RFA_TYPE_STRING,
	  .example = "\"${SLACK_HOOK}\"",
	  .help = "of a webhook: where it is sent to; of an email: the server, smtp:// or "
		  "smtps://; ${NAME} stands for a secret, or for all of it",
	  .format = &url },
	{ .name = "format",
	  .type = RFA_TYPE_STRING,
	  .example = "\"slack\"",
	  .help = "of a webhook: what it understands; default: json",
	  .words = "json|slack|feishu|dingtalk|wecom|text" },
	{ .name = "secret",
	  .type = RFA_TYPE_STRING,
	  .example = "\"${HOOK_SECRET}\"",
	  .help =
	      "of a webhook: what it is signed with; json, slack and text: whsec_…, as Standard "
	      "Webhooks has it; feishu and dingtalk: their own; wecom has none",
	  .format = &reference },
	{ .name = "from",
	  .type = RFA_TYPE_STRING,
	  .example = "\"rfa@example.com\"",
	  .help = "of an email: the sender's address",
	  .format = &address },
	{ .name = "to",
	  .type = RFA_TYPE_ARRAY,
	  .example = "[\"ops@example.com\"]",
	  .help = "of an email: who gets it",
	  .inside = &an_address },
	{ .name = "user",
	  .type = RFA_TYPE_STRING,
	  .example = "\"rfa\"",
	  .help = "of an email: the login at the server" },
	{ .name = "password",
	  .type = RFA_TYPE_STRING,
	  .example = "\"${SMTP_PASSWORD}\"",
	  .help = "of an email: its password",
	  .format = &reference },
	{ .name = "tls",
	  .type = RFA_TYPE_STRING,
	  .example = "\"required\"",
	  .help = "of an email: required (so without it): smtp:// has to offer STARTTLS; none: it "
		  "goes in the open",
	  .words = "required|none" },
	{ .name = "ca",
	  .type = RFA_TYPE_STRING,
	  .example = "\"certs/ca.pem\"",
	  .help = "of a webhook or an email: the certificates that are trusted; default: the "
		  "system's; relative to rfa.json" },
	{ .name = "command",
	  .type = RFA_TYPE_ARRAY,
	  .example = "[\"/usr/local/bin/page\",\"--team\",\"shop\"]",
	  .help = "of an exec: the program; it gets the message as JSON on its standard input, and "
		  "must end with status 0",
	  .inside = &a_word },
	{ .name = "on",
	  .type = RFA_TYPE_ARRAY,
	  .example = "[\"failed\",\"rolled-back\",\"stuck\",\"interrupted\"]",
	  .help = "which runs are told; default: all",
	  .inside = &a_verdict },
	{ .name = "stacks",
	  .type = RFA_TYPE_ARRAY,
	  .example = "[\"shop\"]",
	  .help = "only runs of these stacks",
	  .inside = &a_name },
	{ .name = "environments",
	  .type = RFA_TYPE_ARRAY,
	  .example = "[\"prod\"]",
	  .help = "only runs in these environments",
	  .inside = &a_name },
	{ .name = "flows",
	  .type = RFA_TYPE_ARRAY,
	  .example = "[\"deploy\",\"rollback\"]",
	  .help = "only runs of these flows",
	  .inside = &a_flow },
	{ .name = NULL },
};
const struct rfa_key rfa_schema_channel = {
	.name = "",
	.type = RFA_TYPE_OBJECT,
	.example = "{\"kind\":\"webhook\",\"url\":\"${SLACK_HOOK}\",\"format\":\"slack\"}",
	.help = "one channel",
	.inside = channel_keys,
};
