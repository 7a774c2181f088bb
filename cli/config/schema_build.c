/* How images are built: the table of those keys. */
#include "cli/config/schema_build.h"

#include "cli/config/schema_where.h"

static const struct rfa_format path_inside = { "a path in the context", "^[^/].*$" };
static const struct rfa_format label = { "the name of a label", "^[A-Za-z0-9][A-Za-z0-9._/-]*$" };
static const struct rfa_format variable = { "the name of a build argument",
					    "^[A-Za-z_][A-Za-z0-9_]*$" };
static const struct rfa_format secret_id = {
	"the id of a secret, as RUN --mount=type=secret,id=… of a Dockerfile names it",
	"^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$",
};
static const struct rfa_format platform = { "a platform: linux/amd64",
					    "^[a-z0-9]+/[a-z0-9_]+(/[a-z0-9]+)?$" };
static const struct rfa_key an_argument = {
	.name = "",
	.type = RFA_TYPE_STRING,
	.example = "\"18\"",
	.help = "its value; no secret: it stays in the image and in the ledger",
};
static const struct rfa_key a_label = {
	.name = "",
	.type = RFA_TYPE_STRING,
	.example = "\"shop\"",
	.help = "its value",
};

static const struct rfa_key secret_keys[] = {
	RFA_KEYS_OF_WHERE("it", "secrets/npmrc", "NPM_TOKEN", "pass show npm"),
	{ .name = NULL },
};
static const struct rfa_key a_secret = {
	.name = "",
	.type = RFA_TYPE_OBJECT,
	.example = "{\"file\":\"secrets/npmrc\"}",
	.help = "where it is: one of file, env, command",
	.inside = secret_keys,
};

static const struct rfa_key a_file = {
	.name = "",
	.type = RFA_TYPE_STRING,
	.example = "\"compose.yaml\"",
	.help = "a path there",
};

static const struct rfa_key image_keys[] = {
	{ .name = "image",
	  .type = RFA_TYPE_STRING,
	  .flags = RFA_KEY_REQUIRED,
	  .example = "\"shop/backend\"",
	  .help = "what it is called; the version becomes its tag",
	  .format = &rfa_schema_image },
	{ .name = "context",
	  .type = RFA_TYPE_STRING,
	  .flags = RFA_KEY_REQUIRED,
	  .example = "\"../shop/backend\"",
	  .help = "the directory with its sources; relative to rfa.json; ~ is yours. Where another "
		  "host builds: absolute, there" },
	{ .name = "dockerfile",
	  .type = RFA_TYPE_STRING,
	  .fallback = "\"Dockerfile\"",
	  .example = "\"docker/Dockerfile\"",
	  .help = "the Dockerfile in the context",
	  .format = &path_inside },
	{ .name = "target",
	  .type = RFA_TYPE_STRING,
	  .example = "\"runtime\"",
	  .help = "the stage that is built; else the last one" },
	{ .name = "platform",
	  .type = RFA_TYPE_STRING,
	  .example = "\"linux/amd64\"",
	  .help = "for which kind of machine; else the builder's own",
	  .format = &platform },
	{ .name = "args",
	  .type = RFA_TYPE_MAP,
	  .fallback = "{}",
	  .example = "{\"NODE_VERSION\":\"18\"}",
	  .help = "build arguments",
	  .inside = &an_argument,
	  .format = &variable },
	{ .name = "labels",
	  .type = RFA_TYPE_MAP,
	  .fallback = "{}",
	  .example = "{\"org.example.team\":\"shop\"}",
	  .help = "labels of the image, beside those that say its version and its commit",
	  .inside = &a_label,
	  .format = &label },
	{ .name = NULL },
};
static const struct rfa_key an_image = {
	.name = "",
	.type = RFA_TYPE_OBJECT,
	.example = "{\"image\":\"shop/backend\",\"context\":\"../shop/backend\"}",
	.help = "one image",
	.inside = image_keys,
};

const struct rfa_key rfa_schema_build[] = {
	{ .name = "on",
	  .type = RFA_TYPE_STRING,
	  .example = "\"test\"",
	  .help = "the environment whose host builds; else the machine where rfa is typed",
	  .format = &rfa_schema_name },
	{ .name = "version",
	  .type = RFA_TYPE_STRING,
	  .fallback = "\"time\"",
	  .example = "\"time-git\"",
	  .help =
	      "how a version is called: by the time (20261128_093015), by the git commit, or by "
	      "both",
	  .words = "time|git|time-git" },
	{ .name = "dirty",
	  .type = RFA_TYPE_STRING,
	  .fallback = "\"mark\"",
	  .example = "\"refuse\"",
	  .help = "sources that are not committed: \"-dirty\" in the version, no build, or neither",
	  .words = "mark|refuse|allow" },
	{ .name = "secrets",
	  .type = RFA_TYPE_MAP,
	  .fallback = "{}",
	  .example = "{\"npmrc\":{\"file\":\"secrets/npmrc\"}}",
	  .help = "secrets that a Dockerfile mounts by id; they are in no image, record or command",
	  .inside = &a_secret,
	  .format = &secret_id },
	{ .name = "compose",
	  .type = RFA_TYPE_BOOLEAN,
	  .fallback = "false",
	  .example = "true",
	  .help = "instead of images: the build sections of a Compose project say what is built" },
	{ .name = "directory",
	  .type = RFA_TYPE_STRING,
	  .example = "\"../shop\"",
	  .help = "where that project is; relative to rfa.json; ~ is yours; else compose.source of "
		  "the stack, if that is here. Where another host builds: absolute, there" },
	{ .name = "files",
	  .type = RFA_TYPE_ARRAY,
	  .fallback = "[]",
	  .example = "[\"compose.yaml\",\"compose.build.yaml\"]",
	  .help = "its Compose files, in their order; else those that Compose finds there",
	  .inside = &a_file },
	{ .name = "images",
	  .type = RFA_TYPE_MAP,
	  .fallback = "{}",
	  .example =
	      "{\"shop-backend\":{\"image\":\"shop/backend\",\"context\":\"../shop/backend\"}"
	      "}",
	  .help = "for which container (or Compose service) what is built; the others stay as they "
		  "are",
	  .inside = &an_image,
	  .format = &rfa_schema_key },
	{ .name = NULL },
};
