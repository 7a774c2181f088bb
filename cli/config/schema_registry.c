/* Registries, and what comes from them: the tables of those keys. */
#include "cli/config/schema_registry.h"

#include "cli/config/schema_where.h"

const struct rfa_format rfa_schema_domain = {
	"a registry as the names of images begin: \"registry.example:5000\"",
	"^[A-Za-z0-9.-]+(:[0-9]+)?$",
};

static const struct rfa_key an_image = {
	.name = "",
	.type = RFA_TYPE_STRING,
	.example = "\"registry.example:5000/shop/web\"",
	.help = "its name in the registry; the version becomes its tag",
	.format = &rfa_schema_image,
};

const struct rfa_key rfa_schema_deploy[] = {
	{ .name = "via",
	  .type = RFA_TYPE_STRING,
	  .fallback = "\"auto\"",
	  .example = "\"operator\"",
	  .help =
	      "who fetches from the registry: \"target\" (its engine), \"operator\" (the machine "
	      "where rfa is typed), an environment, or \"auto\": the target if it reaches the "
	      "registry, else the operator",
	  .format = &rfa_schema_name },
	{ .name = "images",
	  .type = RFA_TYPE_MAP,
	  .flags = RFA_KEY_REQUIRED,
	  .example = "{\"web\":\"registry.example:5000/shop/web\"}",
	  .help =
	      "for which container (or Compose service) which image; the others stay as they are",
	  .inside = &an_image,
	  .format = &rfa_schema_key },
	{ .name = NULL },
};

static const struct rfa_key login_keys[] = {
	RFA_KEYS_OF_LOGIN("the password", "secrets/registry", "REGISTRY_PASSWORD",
			  "pass show registry"),
	{ .name = "docker",
	  .type = RFA_TYPE_BOOLEAN,
	  .fallback = "false",
	  .example = "true",
	  .help = "what `docker login` has left with you" },
	{ .name = NULL },
};

const struct rfa_key rfa_schema_registry[] = {
	{ .name = "login",
	  .type = RFA_TYPE_OBJECT,
	  .example = "{\"user\":\"deployer\",\"file\":\"secrets/registry\"}",
	  .help = "where the login is: one of file, env, command, docker",
	  .inside = login_keys },
	{ .name = "ca",
	  .type = RFA_TYPE_STRING,
	  .example = "\"certs/registry-ca.pem\"",
	  .help = "certificates that rfa trusts for it; relative to rfa.json; ~ is yours" },
	{ .name = "http",
	  .type = RFA_TYPE_BOOLEAN,
	  .fallback = "false",
	  .example = "true",
	  .help = "ask it without TLS: anybody on the way can read the password" },
	{ .name = NULL },
};
