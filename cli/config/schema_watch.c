/* Which releases `rfa watch` begins, and how a forge is asked for them: the table of those keys. */
#include "cli/config/schema_watch.h"

#include "cli/config/schema_where.h"

static const struct rfa_format web = { "https://…, or http:// of this machine",
				       "^https?://[^@/]+(/.*)?$" };
static const struct rfa_format project = { "a project, with its owner", "^[^/]+(/[^/]+)+$" };

static const struct rfa_key token_keys[] = {
	RFA_KEYS_OF_WHERE("it", "secrets/forge_token", "FORGE_TOKEN", "pass show forge"),
	{ .name = NULL },
};

const struct rfa_key rfa_schema_watch[] = {
	{ .name = "forge",
	  .type = RFA_TYPE_STRING,
	  .example = "\"github\"",
	  .help = "whose releases; gitea is Forgejo, too; without it every tag of source.git that "
		  "is a version is a release; source.tags says which are",
	  .words = "github|gitea|gitlab" },
	{ .name = "api",
	  .type = RFA_TYPE_STRING,
	  .example = "\"https://git.example.org/api/v1\"",
	  .help = "where the forge is asked; else at the host of source.git",
	  .format = &web },
	{ .name = "project",
	  .type = RFA_TYPE_STRING,
	  .example = "\"olga/shop\"",
	  .help = "the project there; else as in source.git",
	  .format = &project },
	{ .name = "token",
	  .type = RFA_TYPE_OBJECT,
	  .example = "{\"file\":\"secrets/forge_token\"}",
	  .help = "where a token is that may read releases: one of file, env, command",
	  .inside = token_keys,
	  .one_of = "file|env|command" },
	{ .name = "ca",
	  .type = RFA_TYPE_STRING,
	  .example = "\"certs/git-ca.pem\"",
	  .help = "certificates that are trusted; relative to rfa.json; ~ is yours" },
	{ .name = "prerelease",
	  .type = RFA_TYPE_BOOLEAN,
	  .fallback = "false",
	  .example = "true",
	  .help = "pre-releases count, too" },
	{ .name = "catch_up",
	  .type = RFA_TYPE_STRING,
	  .fallback = "\"newest\"",
	  .example = "\"all\"",
	  .help = "when several are new: only the newest, or all of them, one after the other",
	  .words = "newest|all" },
	{ .name = NULL },
};
