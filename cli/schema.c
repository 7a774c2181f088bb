/* The table of rfa.json's keys. Adding a row here is all that a new key needs. */
#include "cli/schema.h"

#include <regex.h>
#include <string.h>

#include "fsm/base/facts.h"

/* ---- what strings look like ------------------------------------------------------------------ */

/* No dots: these names become parts of git refs, where "x.lock" and ".." are refused. */
static const struct rfa_format name = {
	"a name of letters, digits, - and _, at most 63 characters",
	"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$",
};
static const struct rfa_format container = {
	"a container's name: letters, digits, _ . and -",
	"^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$",
};
static const struct rfa_format project = {
	"a Compose project's name: small letters, digits, - and _",
	"^[a-z0-9][a-z0-9_-]{0,62}$",
};
static const struct rfa_format absolute = {
	"an absolute path without . or .. in it",
	"^/(([^./][^/]*|[.][^./][^/]*|[.][.][^/]+)(/([^./][^/]*|[.][^./][^/]*|[.][.][^/]+))*/?)?$",
};
/* A leading dash would reach ssh as an option. */
static const struct rfa_format destination = {
	"what you would give to ssh: a host, user@host or ssh://user@host:port",
	"^[^ -][^ ]*$",
};
static const struct rfa_format address = {
	"a host name or an IP address, without a port",
	"^[A-Za-z0-9_.:%-]+$",
};
static const struct rfa_format url = {
	"a URL that begins with http:// or https://",
	"^https?://[^/ ?#]+([/?][^ ]*)?$",
};
static const struct rfa_format variable = {
	"the name of an environment variable (never its value)",
	"^[A-Za-z_][A-Za-z0-9_]*$",
};

/* ---- stacks ---------------------------------------------------------------------------------- */

static const struct rfa_key a_container = {
	.name = "",
	.type = RFA_TYPE_STRING,
	.example = "\"shop-backend\"",
	.help = "a container's name",
	.format = &container,
};
static const struct rfa_key a_service = {
	.name = "",
	.type = RFA_TYPE_STRING,
	.example = "\"web\"",
	.help = "a Compose service",
	.format = &container,
};
static const struct rfa_key a_file = {
	.name = "",
	.type = RFA_TYPE_STRING,
	.example = "\"docker-compose.yml\"",
	.help = "a file, absolute or relative to the directory",
};
static const struct rfa_key a_required_path = {
	.name = "",
	.type = RFA_TYPE_STRING,
	.example = "\"/opt/shop/config.json\"",
	.help = "a path; a / at its end says that it is a directory",
	.format = &absolute,
};
static const struct rfa_key a_body = {
	.name = "",
	.type = RFA_TYPE_ENGINE,
	.example = "{\"HostConfig\":{\"RestartPolicy\":{\"Name\":\"unless-stopped\"}}}",
	.help = "the body of the Engine API's POST /containers/create, without Image",
};

static const struct rfa_key compose_keys[] = {
	{ .name = "project",
	  .type = RFA_TYPE_STRING,
	  .flags = RFA_KEY_REQUIRED,
	  .example = "\"shop\"",
	  .help = "the Compose project's name (-p)",
	  .format = &project },
	{ .name = "directory",
	  .type = RFA_TYPE_STRING,
	  .flags = RFA_KEY_REQUIRED,
	  .example = "\"/srv/stacks/shop\"",
	  .help = "the project's directory on the host",
	  .format = &absolute },
	{ .name = "files",
	  .type = RFA_TYPE_ARRAY,
	  .fallback = "[]",
	  .example = "[\"docker-compose.yml\"]",
	  .help = "the Compose files (-f); none: those that Compose finds in the directory",
	  .inside = &a_file },
	{ .name = "env_files",
	  .type = RFA_TYPE_ARRAY,
	  .fallback = "[]",
	  .example = "[\".env\"]",
	  .help = "the files with variables (--env-file)",
	  .inside = &a_file },
	{ .name = "services",
	  .type = RFA_TYPE_ARRAY,
	  .fallback = "[]",
	  .example = "[\"web\"]",
	  .help = "only these services; none: all of them",
	  .inside = &a_service },
	{ .name = NULL },
};

static const struct rfa_key base_url_keys[] = {
	{ .name = "file",
	  .type = RFA_TYPE_STRING,
	  .flags = RFA_KEY_REQUIRED,
	  .example = "\"/opt/shop/config.json\"",
	  .help = "a JSON file on the host",
	  .format = &absolute },
	{ .name = "key",
	  .type = RFA_TYPE_STRING,
	  .flags = RFA_KEY_REQUIRED,
	  .example = "\"base_url\"",
	  .help = "the key in it whose URL must point at the environment itself" },
	{ .name = NULL },
};

static const struct rfa_key bootstrap_keys[] = {
	{ .name = "requires",
	  .type = RFA_TYPE_ARRAY,
	  .fallback = "[]",
	  .example = "[\"/opt/shop/config.json\",\"/opt/shop/data/\"]",
	  .help = "what must be on the host before a first deployment",
	  .inside = &a_required_path },
	{ .name = "containers",
	  .type = RFA_TYPE_MAP,
	  .fallback = "{}",
	  .example = "{\"shop-backend\":{\"HostConfig\":{\"NetworkMode\":\"host\"}}}",
	  .help = "how each container is made where there is none to copy",
	  .inside = &a_body,
	  .format = &container },
	{ .name = NULL },
};

static const struct rfa_key health_keys[] = {
	{ .name = "url",
	  .type = RFA_TYPE_STRING,
	  .flags = RFA_KEY_REQUIRED,
	  .example = "\"http://127.0.0.1:8001/health\"",
	  .help = "as seen from the host itself",
	  .format = &url },
	{ .name = "status",
	  .type = RFA_TYPE_INTEGER,
	  .fallback = "200",
	  .example = "200",
	  .help = "the HTTP status that it must answer",
	  .min = 100,
	  .max = 599 },
	{ .name = "body",
	  .type = RFA_TYPE_STRING,
	  .example = "\"ok\"",
	  .help = "text that the answer must contain" },
	{ .name = "timeout_s",
	  .type = RFA_TYPE_INTEGER,
	  .fallback = "5",
	  .example = "5",
	  .help = "seconds for one try",
	  .min = 1,
	  .max = 300 },
	{ .name = "insecure_tls",
	  .type = RFA_TYPE_BOOLEAN,
	  .fallback = "false",
	  .example = "true",
	  .help = "accept any certificate" },
	{ .name = NULL },
};
static const struct rfa_key a_check = {
	.name = "",
	.type = RFA_TYPE_OBJECT,
	.example = "{\"url\":\"http://127.0.0.1:8001/health\"}",
	.help = "one health check",
	.inside = health_keys,
};

static const struct rfa_key gate_keys[] = {
	{ .name = "disk_free_percent",
	  .type = RFA_TYPE_INTEGER,
	  .fallback = "20",
	  .example = "20",
	  .help = "how much of each file system must stay free",
	  .min = 0,
	  .max = 99 },
	{ .name = "require_verified",
	  .type = RFA_TYPE_BOOLEAN,
	  .fallback = "false",
	  .example = "true",
	  .help = "refuse a version that no environment has verified" },
	{ .name = "allow_latest",
	  .type = RFA_TYPE_BOOLEAN,
	  .fallback = "false",
	  .example = "true",
	  .help = "let images with the tag latest, or without one, pass" },
	{ .name = NULL },
};

static const struct rfa_key an_overlay = {
	.name = "",
	.type = RFA_TYPE_OBJECT,
	.flags = RFA_KEY_OVERLAY,
	.example = "{\"keep_images\":5}",
	.help = "laid over the stack's keys: objects are merged, lists are replaced",
	.inside = rfa_schema_stack,
};

const struct rfa_key rfa_schema_stack[] = {
	{ .name = "containers",
	  .type = RFA_TYPE_ARRAY,
	  .fallback = "[]",
	  .example = "[\"shop-backend\",\"shop-frontend\"]",
	  .help = "containers that were made with docker run, in the order in which they start",
	  .inside = &a_container },
	{ .name = "compose",
	  .type = RFA_TYPE_OBJECT,
	  .example = "{\"project\":\"shop\",\"directory\":\"/srv/stacks/shop\"}",
	  .help = "a Compose project",
	  .inside = compose_keys },
	{ .name = "base_url",
	  .type = RFA_TYPE_OBJECT,
	  .example = "{\"file\":\"/opt/shop/config.json\",\"key\":\"base_url\"}",
	  .help = "where the stack says its own URL, which must be its environment's",
	  .inside = base_url_keys },
	{ .name = "bootstrap",
	  .type = RFA_TYPE_OBJECT,
	  .example = "{\"requires\":[\"/opt/shop/config.json\"]}",
	  .help = "what a first deployment needs and makes",
	  .inside = bootstrap_keys },
	{ .name = "health",
	  .type = RFA_TYPE_ARRAY,
	  .fallback = "[]",
	  .example = "[{\"url\":\"http://127.0.0.1:8001/health\"}]",
	  .help = "checks that decide whether a version works",
	  .inside = &a_check },
	{ .name = "health_deadline_s",
	  .type = RFA_TYPE_INTEGER,
	  .fallback = "60",
	  .example = "60",
	  .help = "seconds after which a stack that is not healthy has failed",
	  .min = 1,
	  .max = 86400 },
	{ .name = "health_interval_s",
	  .type = RFA_TYPE_INTEGER,
	  .fallback = "1",
	  .example = "1",
	  .help = "seconds between two tries",
	  .min = 1,
	  .max = 3600 },
	{ .name = "gates",
	  .type = RFA_TYPE_OBJECT,
	  .fallback = "{}",
	  .example = "{\"disk_free_percent\":20}",
	  .help = "what must hold before anything is touched",
	  .inside = gate_keys },
	{ .name = "keep_images",
	  .type = RFA_TYPE_INTEGER,
	  .fallback = "3",
	  .example = "3",
	  .help = "versions whose images stay on the host; a rollback point keeps its own anyway",
	  .min = 1,
	  .max = 1000 },
	{ .name = "keep_running",
	  .type = RFA_TYPE_ARRAY,
	  .fallback = "[]",
	  .example = "[\"node-exporter\",\"portainer\"]",
	  .help = "containers that are never stopped",
	  .inside = &a_container },
	{ .name = "environments",
	  .type = RFA_TYPE_MAP,
	  .flags = RFA_KEY_NOT_IN_OVERLAY,
	  .example = "{\"prod\":{\"keep_images\":5}}",
	  .help = "what differs in an environment",
	  .inside = &an_overlay,
	  .format = &name },
	{ .name = NULL },
};

static const struct rfa_key a_stack = {
	.name = "",
	.type = RFA_TYPE_OBJECT,
	.example = "{\"containers\":[\"shop-backend\"]}",
	.help = "one application",
	.inside = rfa_schema_stack,
	.needs = "containers|compose",
};

/* ---- environments ---------------------------------------------------------------------------- */

static const struct rfa_key an_address = {
	.name = "",
	.type = RFA_TYPE_STRING,
	.example = "\"shop.example.com\"",
	.help = "a further name or address of the same host",
	.format = &address,
};

const struct rfa_key rfa_schema_environment[] = {
	{ .name = "transport",
	  .type = RFA_TYPE_STRING,
	  .fallback = "\"ssh\"",
	  .example = "\"ssh\"",
	  .help = "how the host is reached",
	  .words = "ssh|local" },
	{ .name = "destination",
	  .type = RFA_TYPE_STRING,
	  .example = "\"root@10.0.0.7\"",
	  .help = "the host, as ssh takes it; your ssh_config holds for it",
	  .format = &destination,
	  .unless = "transport",
	  .unless_word = "local" },
	{ .name = "address",
	  .type = RFA_TYPE_STRING,
	  .example = "\"10.0.0.7\"",
	  .help = "the host's name or address in URLs; default: the host in destination",
	  .format = &address },
	{ .name = "own_addresses",
	  .type = RFA_TYPE_ARRAY,
	  .fallback = "[]",
	  .example = "[\"shop.example.com\"]",
	  .help = "more names that count as the host itself",
	  .inside = &an_address },
	{ .name = "state_dir",
	  .type = RFA_TYPE_STRING,
	  .fallback = "\"/var/lib/rfa\"",
	  .example = "\"/var/lib/rfa\"",
	  .help = "where rfa keeps its things on the host",
	  .format = &absolute },
	{ .name = "docker",
	  .type = RFA_TYPE_STRING,
	  .fallback = "\"docker\"",
	  .example = "\"docker\"",
	  .help = "the docker command on the host" },
	{ .name = "ssh_config",
	  .type = RFA_TYPE_STRING,
	  .example = "\"ssh_config\"",
	  .help = "another ssh_config (ssh -F); relative to rfa.json" },
	{ .name = NULL },
};

static const struct rfa_key an_environment = {
	.name = "",
	.type = RFA_TYPE_OBJECT,
	.example = "{\"destination\":\"root@10.0.0.7\"}",
	.help = "a host and what is true there",
	.inside = rfa_schema_environment,
};

/* ---- the file -------------------------------------------------------------------------------- */

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
	{ .name = NULL },
};

static const struct rfa_key a_secret = {
	.name = "",
	.type = RFA_TYPE_STRING,
	.example = "\"DB_PASSWORD\"",
	.help = "a variable whose value must never be stored",
	.format = &variable,
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
	  .format = &name },
	{ .name = "stacks",
	  .type = RFA_TYPE_MAP,
	  .flags = RFA_KEY_REQUIRED,
	  .example = "{\"shop\":{\"containers\":[\"shop-backend\"]}}",
	  .help = "the applications",
	  .inside = &a_stack,
	  .format = &name },
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
	{ .name = NULL },
};

const struct rfa_key rfa_schema_root = {
	.name = "",
	.type = RFA_TYPE_OBJECT,
	.example = "{\"version\":1}",
	.help = "what rfa deploys, from where, to where",
	.inside = file_keys,
};

/* ---- what the table answers ------------------------------------------------------------------ */

const struct rfa_key *rfa_schema_find(const struct rfa_key *keys, const char *wanted)
{
	for (; keys->name; keys++) {
		if (strcmp(keys->name, wanted) == 0)
			return keys;
	}
	return NULL;
}

const char *rfa_schema_type(enum rfa_type type)
{
	static const char *const words[] = {
		[RFA_TYPE_OBJECT] = "an object",       [RFA_TYPE_MAP] = "an object",
		[RFA_TYPE_ARRAY] = "a list",           [RFA_TYPE_STRING] = "a string",
		[RFA_TYPE_INTEGER] = "a whole number", [RFA_TYPE_BOOLEAN] = "true or false",
		[RFA_TYPE_ENGINE] = "an object",
	};
	return words[type];
}

int rfa_schema_fits(const struct rfa_format *format, const char *text)
{
	regex_t pattern;
	if (!format || !format->pattern)
		return 1;
	if (regcomp(&pattern, format->pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return 0;
	int fits = regexec(&pattern, text, 0, NULL, 0) == 0;
	regfree(&pattern);
	return fits;
}

static int complete_key(const struct rfa_key *key, json_t *object, struct rfa_error *err)
{
	json_t *value = json_object_get(object, key->name);
	if (!value && key->fallback) {
		value = json_loads(key->fallback, JSON_DECODE_ANY, NULL);
		int rc = rfa_facts_set(object, key->name, value, err);
		if (rc < 0)
			return rc;
	}
	if (!value)
		return 0;
	if (key->type == RFA_TYPE_OBJECT)
		return rfa_schema_complete(key->inside, value, err);
	if (key->type == RFA_TYPE_ARRAY && key->inside->type == RFA_TYPE_OBJECT) {
		size_t i;
		json_t *element;
		json_array_foreach (value, i, element) {
			int rc = rfa_schema_complete(key->inside->inside, element, err);
			if (rc < 0)
				return rc;
		}
	}
	return 0;
}

int rfa_schema_complete(const struct rfa_key *keys, json_t *object, struct rfa_error *err)
{
	const char *own;
	void *next;
	json_t *value;
	json_object_foreach_safe (object, next, own, value) {
		if (strncmp(own, "x-", 2) == 0)
			json_object_del(object, own);
	}
	for (; keys->name; keys++) {
		int rc = complete_key(keys, object, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}
