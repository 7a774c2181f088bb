/* The table of rfa.json's keys. Adding a row here is all that a new key needs. */
#include "cli/config/schema.h"

#include "cli/config/schema_build.h"
#include "cli/config/schema_checks.h"
#include "cli/config/schema_gates.h"
#include "cli/config/schema_hooks.h"
#include "cli/config/schema_migrate.h"
#include "cli/config/schema_init.h"
#include "cli/config/schema_registry.h"
#include "cli/config/schema_servers.h"
#include "cli/config/schema_source.h"
#include "cli/config/schema_traffic.h"
#include "cli/config/schema_watch.h"
#include "cli/config/schema_window.h"

/* What strings look like. */

/* No dots: these names become parts of git refs, where "x.lock" and ".." are refused. */
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
/* What is made in it, and removed, is rfa's own. */
static const struct rfa_format directory = {
	"an absolute path without . or .. in it, and not / itself",
	"^(/([^./][^/]*|[.][^./][^/]*|[.][.][^/]+))+/?$",
};
static const struct rfa_format command = {
	"a command, such as docker or /usr/bin/docker or sudo -n docker",
	"^[^ \t-][^\t]*$",
};
/* Copies lie beside it, so the root is none, and its last part is a name. */
static const struct rfa_format place = {
	"an absolute path without . or .. in it and without / at its end",
	"^(/([^./][^/]*|[.][^./][^/]*|[.][.][^/]+))+$",
};
static const struct rfa_format folder = {
	"a path without . or .. in it and without / at its end",
	"^/?([^./][^/]*|[.][^./][^/]*|[.][.][^/]+)(/([^./][^/]*|[.][^./][^/]*|[.][.][^/]+))*$",
};
static const struct rfa_format member = {
	"a name of letters, digits, - and _, at most 40 characters",
	"^[A-Za-z0-9_-]{1,40}$",
};
static const struct rfa_format volume = {
	"a volume's name: letters, digits, _ . and -",
	"^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$",
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

/* Stacks. */

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
static const struct rfa_key a_kept_path = {
	.name = "",
	.type = RFA_TYPE_STRING,
	.example = "\"data\"",
	.help = "a path in the directory, or a pattern of such; a star matches a slash, too",
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
	{ .name = "source",
	  .type = RFA_TYPE_STRING,
	  .example = "\"deploy/shop\"",
	  .help = "your directory whose files belong there: rfa sync. With source_on: absolute, on "
		  "that host" },
	{ .name = "source_on",
	  .type = RFA_TYPE_STRING,
	  .example = "\"build\"",
	  .help = "the environment whose host has the source; else the machine where rfa is typed",
	  .format = &rfa_schema_name },
	{ .name = "keep",
	  .type = RFA_TYPE_ARRAY,
	  .fallback = "[]",
	  .example = "[\".env\",\"data\"]",
	  .help = "what rfa sync leaves alone",
	  .inside = &a_kept_path },
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

static const struct rfa_key an_item = {
	.name = "",
	.type = RFA_TYPE_STRING,
	.example = "\"login works\"",
	.help = "an item",
};

/* Data and backups. */

static const struct rfa_key member_keys[] = {
	{ .name = "volume",
	  .type = RFA_TYPE_STRING,
	  .example = "\"shop_db\"",
	  .help = "a Docker volume, by the name that `docker volume ls` shows",
	  .format = &volume },
	{ .name = "directory",
	  .type = RFA_TYPE_STRING,
	  .example = "\"/srv/shop/files\"",
	  .help = "a directory with all that is in it",
	  .format = &place },
	{ .name = "sqlite",
	  .type = RFA_TYPE_STRING,
	  .example = "\"/srv/shop/auth.db\"",
	  .help = "an SQLite database; its -wal and -journal belong to it",
	  .format = &place },
	{ .name = "postgres",
	  .type = RFA_TYPE_OBJECT,
	  .example = "{\"container\":\"shop-db-1\",\"database\":\"shop\"}",
	  .help = "one database of a PostgreSQL server in a container, as a dump",
	  .inside = rfa_schema_postgres },
	{ .name = "mysql",
	  .type = RFA_TYPE_OBJECT,
	  .example = "{\"container\":\"shop-db-1\",\"database\":\"shop\"}",
	  .help = "one database of a MySQL or MariaDB server in a container, as a dump",
	  .inside = rfa_schema_mysql },
	{ .name = NULL },
};
static const struct rfa_key a_member = {
	.name = "",
	.type = RFA_TYPE_OBJECT,
	.example = "{\"volume\":\"shop_db\"}",
	.help = "one piece: a volume, a directory or a database",
	.inside = member_keys,
	.one_of = "volume|directory|sqlite|postgres|mysql",
};
static const struct rfa_key a_project = {
	.name = "",
	.type = RFA_TYPE_STRING,
	.example = "\"shop\"",
	.help = "a Compose project",
	.format = &project,
};
static const struct rfa_key stop_keys[] = {
	{ .name = "projects",
	  .type = RFA_TYPE_ARRAY,
	  .fallback = "[]",
	  .example = "[\"shop_search\"]",
	  .help = "Compose projects",
	  .inside = &a_project },
	{ .name = "containers",
	  .type = RFA_TYPE_ARRAY,
	  .fallback = "[]",
	  .example = "[\"shop-indexer\"]",
	  .help = "containers",
	  .inside = &a_container },
	{ .name = NULL },
};
static const struct rfa_key data_keys[] = {
	{ .name = "members",
	  .type = RFA_TYPE_MAP,
	  .flags = RFA_KEY_REQUIRED,
	  .example = "{\"db\":{\"volume\":\"shop_db\"}}",
	  .help = "the pieces, each under a name that is the same in all environments",
	  .inside = &a_member,
	  .format = &member },
	{ .name = "stop",
	  .type = RFA_TYPE_OBJECT,
	  .fallback = "{}",
	  .example = "{\"projects\":[\"shop_search\"]}",
	  .help = "what uses the data beside the stack's own containers, and stops with them",
	  .inside = stop_keys },
	{ .name = "keep_generations",
	  .type = RFA_TYPE_INTEGER,
	  .fallback = "1",
	  .example = "1",
	  .help = "how many replaced copies of the data `rfa prune` leaves as rollback points",
	  .min = 0,
	  .max = 100 },
	{ .name = NULL },
};

static const struct rfa_key a_backup_file = {
	.name = "",
	.type = RFA_TYPE_STRING,
	.example = "\"/opt/shop/config.json\"",
	.help = "a file on the host",
	.format = &place,
};
static const struct rfa_key keep_keys[] = {
	{ .name = "count",
	  .type = RFA_TYPE_INTEGER,
	  .fallback = "0",
	  .example = "7",
	  .help = "the newest, so many",
	  .min = 0,
	  .max = 100000 },
	{ .name = "days",
	  .type = RFA_TYPE_INTEGER,
	  .fallback = "30",
	  .example = "30",
	  .help = "all that are not older than so many days",
	  .min = 0,
	  .max = 36500 },
	{ .name = "daily",
	  .type = RFA_TYPE_INTEGER,
	  .fallback = "0",
	  .example = "14",
	  .help = "the newest of a day, for so many days that have one",
	  .min = 0,
	  .max = 36500 },
	{ .name = "weekly",
	  .type = RFA_TYPE_INTEGER,
	  .fallback = "8",
	  .example = "8",
	  .help = "the newest of a week, for so many weeks that have one",
	  .min = 0,
	  .max = 5200 },
	{ .name = "monthly",
	  .type = RFA_TYPE_INTEGER,
	  .fallback = "12",
	  .example = "12",
	  .help = "the newest of a month, for so many months that have one",
	  .min = 0,
	  .max = 1200 },
	{ .name = NULL },
};
static const struct rfa_key a_command = {
	.name = "",
	.type = RFA_TYPE_STRING,
	.example = "\"deploy\"",
	.help =
	    "a command that brings something to a host: deploy, promote, publish, release or sync",
};
static const struct rfa_key backup_keys[] = {
	{ .name = "where",
	  .type = RFA_TYPE_STRING,
	  .fallback = "\"host\"",
	  .example = "\"operator\"",
	  .help = "host: on the host itself; operator: on the machine where rfa is typed",
	  .words = "host|operator" },
	{ .name = "directory",
	  .type = RFA_TYPE_STRING,
	  .example = "\"/var/backups/rfa\"",
	  .help = "holds a folder for each stack; default: /var/lib/rfa/backups on a host, and "
		  "backups beside rfa.json for operator",
	  .format = &folder },
	{ .name = "files",
	  .type = RFA_TYPE_ARRAY,
	  .fallback = "[]",
	  .example = "[\"/opt/shop/config.json\"]",
	  .help = "single files that go into a backup of the data too; nothing puts them back",
	  .inside = &a_backup_file },
	{ .name = "keep",
	  .type = RFA_TYPE_OBJECT,
	  .fallback = "{}",
	  .example = "{\"days\":30,\"weekly\":8,\"monthly\":12}",
	  .help = "which backups stay: all that any of these rules wants; all 0: every one",
	  .inside = keep_keys },
	{ .name = "before",
	  .type = RFA_TYPE_ARRAY,
	  .fallback = "[]",
	  .example = "[\"deploy\",\"promote\"]",
	  .help = "commands before which a backup of the data is made",
	  .inside = &a_command },
	{ .name = "before_min",
	  .type = RFA_TYPE_INTEGER,
	  .fallback = "10",
	  .example = "10",
	  .help =
	      "a backup that ended no more than so many minutes ago is good enough for that; 0: "
	      "always a new one",
	  .min = 0,
	  .max = 1440 },
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
	{ .name = "build",
	  .type = RFA_TYPE_OBJECT,
	  .example = "{\"images\":{\"shop-backend\":{\"image\":\"shop/backend\","
		     "\"context\":\"../shop/backend\"}}}",
	  .help = "what `rfa publish` builds",
	  .inside = rfa_schema_build },
	{ .name = "deploy",
	  .type = RFA_TYPE_OBJECT,
	  .example = "{\"images\":{\"web\":\"registry.example:5000/shop/web\"}}",
	  .help = "what `rfa deploy` brings from registries",
	  .inside = rfa_schema_deploy },
	{ .name = "source",
	  .type = RFA_TYPE_OBJECT,
	  .example = "{\"git\":\"https://git.example.org/shop.git\"}",
	  .help = "the git repository whose tags `rfa release` builds and brings",
	  .inside = rfa_schema_source },
	{ .name = "window",
	  .type = RFA_TYPE_OBJECT,
	  .example =
	      "{\"days\":[\"mon\",\"tue\",\"wed\",\"thu\"],\"from\":\"09:00\",\"to\":\"17:00\","
	      "\"tz\":\"Europe/Berlin\"}",
	  .help = "when promote, publish, deploy and release may bring something; a rollback may "
		  "always",
	  .inside = rfa_schema_window },
	{ .name = "watch",
	  .type = RFA_TYPE_OBJECT,
	  .example = "{\"forge\":\"github\",\"prerelease\":true}",
	  .help = "which releases `rfa watch` begins by itself",
	  .inside = rfa_schema_watch },
	{ .name = "variables",
	  .type = RFA_TYPE_MAP,
	  .example = "{\"ENVIRONMENT\":\"production\",\"DOMAIN\":{\"env\":\"DOMAIN\"}}",
	  .help = "variables that a release gives to Compose beside the project's own .env",
	  .inside = rfa_schema_variable,
	  .format = &rfa_schema_variable_name },
	{ .name = "health",
	  .type = RFA_TYPE_ARRAY,
	  .fallback = "[]",
	  .example = "[{\"url\":\"http://127.0.0.1:8001/health\"}]",
	  .help =
	      "URLs that decide whether a version works; short for checks that are asked always",
	  .inside = &rfa_schema_health },
	{ .name = "checks",
	  .type = RFA_TYPE_ARRAY,
	  .fallback = "[]",
	  .example = "[{\"name\":\"login\",\"url\":\"http://127.0.0.1:8001/login\","
		     "\"method\":\"POST\",\"send\":\"password=${SMOKE_PASSWORD}\"}]",
	  .help = "checks that decide whether a version works: URLs, ports, containers, commands",
	  .inside = &rfa_schema_check },
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
	  .help = "seconds between two tries; the first ones come sooner",
	  .min = 1,
	  .max = 3600 },
	{ .name = "health_settle_s",
	  .type = RFA_TYPE_INTEGER,
	  .fallback = "5",
	  .example = "5",
	  .help = "seconds that a stack has to stay healthy, without a restart; 0: none",
	  .min = 0,
	  .max = 3600 },
	{ .name = "gates",
	  .type = RFA_TYPE_OBJECT,
	  .fallback = "{}",
	  .example = "{\"disk_free_percent\":20}",
	  .help = "what must hold before anything is touched",
	  .inside = rfa_schema_gates },
	{ .name = "data",
	  .type = RFA_TYPE_OBJECT,
	  .example = "{\"members\":{\"db\":{\"volume\":\"shop_db\"}}}",
	  .help = "what the stack stores: for `rfa promote-data`, `backup`, `restore` and `drill`",
	  .inside = data_keys },
	{ .name = "init",
	  .type = RFA_TYPE_OBJECT,
	  .example = "{\"first\":[\"db\"],\"postgres\":{\"container\":\"shop-db-1\",\"database\":"
		     "\"shop\"},"
		     "\"files\":[\"sql/init.sql\"]}",
	  .help = "how its database begins, when it is rebuilt and the database is empty",
	  .inside = rfa_schema_init },
	{ .name = "backup",
	  .type = RFA_TYPE_OBJECT,
	  .example = "{\"where\":\"operator\"}",
	  .help = "where backups go, and how long they stay",
	  .inside = backup_keys },
	{ .name = "hooks",
	  .type = RFA_TYPE_OBJECT,
	  .example = "{\"before\":{\"command\":[\"/usr/local/bin/may-deploy\"]}}",
	  .help = "commands of your own around a deploy, a promote, a publish and a rollback",
	  .inside = rfa_schema_hooks },
	{ .name = "migrate",
	  .type = RFA_TYPE_OBJECT,
	  .example = "{\"service\":\"web\",\"run\":[\"alembic\",\"upgrade\",\"head\"],"
		     "\"kind\":\"expand\"}",
	  .help = "how a new version changes the schema of the data, before it runs",
	  .inside = rfa_schema_migrate },
	{ .name = "traffic",
	  .type = RFA_TYPE_OBJECT,
	  .example = "{\"services\":{\"worker\":{\"how\":\"start-first\"}}}",
	  .help = "how requests move to a new version without one that fails",
	  .inside = rfa_schema_traffic },
	{ .name = "checklist",
	  .type = RFA_TYPE_ARRAY,
	  .fallback = "[]",
	  .example = "[\"login works\"]",
	  .help =
	      "what somebody has to look at before a version may go there; `rfa sign` says that "
	      "it was done",
	  .inside = &an_item },
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
	  .format = &rfa_schema_name },
	{ .name = NULL },
};

/* Environments. */

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
	  .format = &directory },
	{ .name = "docker",
	  .type = RFA_TYPE_STRING,
	  .fallback = "\"docker\"",
	  .example = "\"docker\"",
	  .help = "the docker command on the host",
	  .format = &command },
	{ .name = "ssh_config",
	  .type = RFA_TYPE_STRING,
	  .example = "\"ssh_config\"",
	  .help = "another ssh_config (ssh -F); relative to rfa.json" },
	{ .name = NULL },
};
