/* Where a stack's git repository is, and what of it belongs to the stack: the table of those keys.
 */
#include "cli/config/schema_source.h"

#include "cli/config/schema_where.h"

static const struct rfa_format inside = { "a path in the repository",
					  "^([^/~.]|\\.($|[^.]|\\.[^/])).*$" };

static const struct rfa_format one_star = { "a text with one * in it", "^[^*]*[*][^*]*$" };

static const struct rfa_key login_keys[] = {
	RFA_KEYS_OF_LOGIN("the password or token", "secrets/git_token", "GIT_TOKEN",
			  "pass show git"),
	{ .name = NULL },
};
static const struct rfa_key a_file = {
	.name = "",
	.type = RFA_TYPE_STRING,
	.example = "\"compose.yaml\"",
	.help = "a file or directory, or a pattern of them; a star matches a slash, too",
};

const struct rfa_key rfa_schema_source[] = {
	{ .name = "git",
	  .type = RFA_TYPE_STRING,
	  .flags = RFA_KEY_REQUIRED,
	  .example = "\"https://git.example.org/shop.git\"",
	  .help = "its URL (https, ssh, git, user@host:path), or a directory here; relative to "
		  "rfa.json; ~ is yours" },
	{ .name = "login",
	  .type = RFA_TYPE_OBJECT,
	  .example = "{\"user\":\"deployer\",\"file\":\"secrets/git_token\"}",
	  .help = "of https: where the login is: one of file, env, command",
	  .inside = login_keys },
	{ .name = "key",
	  .type = RFA_TYPE_STRING,
	  .example = "\"~/.ssh/deploy_shop\"",
	  .help =
	      "of ssh: the private key, without a passphrase; else your agent, and the keys that "
	      "ssh takes" },
	{ .name = "ca",
	  .type = RFA_TYPE_STRING,
	  .example = "\"certs/git-ca.pem\"",
	  .help = "of https: certificates that are trusted; relative to rfa.json; ~ is yours" },
	{ .name = "ssh_config",
	  .type = RFA_TYPE_STRING,
	  .example = "\"ssh_config\"",
	  .help = "of ssh: another file than your own ~/.ssh/config; relative to rfa.json" },
	{ .name = "tags",
	  .type = RFA_TYPE_STRING,
	  .fallback = "\"*\"",
	  .example = "\"v*\"",
	  .help = "what the tags of its releases are called: the version is what stands for the "
		  "star, and no other tag is released",
	  .format = &one_star },
	{ .name = "directory",
	  .type = RFA_TYPE_STRING,
	  .example = "\"deploy\"",
	  .help = "the directory in it whose files belong to compose.directory; \".\" is all of it",
	  .format = &inside },
	{ .name = "files",
	  .type = RFA_TYPE_ARRAY,
	  .fallback = "[]",
	  .example = "[\"compose.yaml\",\"conf\"]",
	  .help = "only these of that directory; without one, of the root",
	  .inside = &a_file },
	{ .name = NULL },
};

static const struct rfa_key where_keys[] = {
	RFA_KEYS_OF_WHERE("it", "secrets/domain", "DOMAIN_PRODUCTION", "pass show shop/domain"),
	{ .name = NULL },
};
const struct rfa_key rfa_schema_variable[] = {
	{ .name = "",
	  .type = RFA_TYPE_VALUE,
	  .example = "\"production\"",
	  .help = "its value; or where it is: one of file, env, command. Neither is in the ledger",
	  .inside = where_keys,
	  .one_of = "file|env|command" },
};
