/* A stack as rfa.json describes it, resolved for one environment (docs/rfa.schema.json). */
#ifndef RFA_FSM_MODEL_STACK_H
#define RFA_FSM_MODEL_STACK_H

#include "fsm/model/build.h"
#include "fsm/model/field.h"
#include "fsm/model/release.h"
#include "fsm/model/traffic.h"
#include "fsm/model/window.h"

/* clang-format off */
#define RFA_STACK_COMPOSE_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(project, "the Compose project's name") \
	TEXT(directory, "the project's directory on the host") \
	TEXTS(files, "the Compose files; none: those that Compose finds") \
	TEXTS(env_files, "the files with variables") \
	TEXT(source, "the directory whose files belong there") \
	TEXT(source_on, "the environment whose host has it; absent: the operator's machine") \
	TEXTS(keep, "patterns of paths there that are not the source's") \
	TEXTS(services, "only these services; none: all of them")
/* clang-format on */
RFA_RECORD(stack_compose, RFA_STACK_COMPOSE_FIELDS);

/* clang-format off */
#define RFA_STACK_URL_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(file, "a JSON file on the host") \
	TEXT(key, "the key in it; absent: base_url")
/* clang-format on */
RFA_RECORD(stack_url, RFA_STACK_URL_FIELDS);

/* clang-format off */
#define RFA_BOOTSTRAP_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXTS(requires, "paths that must be there before a first deployment") \
	JSON(containers, "{name: the body of the Engine API's create call}")
/* clang-format on */
RFA_RECORD(bootstrap, RFA_BOOTSTRAP_FIELDS);

/* clang-format off */
#define RFA_CHECK_EXEC_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(service, "in one container of this service") \
	TEXT(container, "in this container") \
	TEXTS(command, "the program and its arguments; it must end with status 0") \
	TEXT(output, "text that it must write") \
	INT(timeout_s, 30, "seconds that it may take")
/* clang-format on */
RFA_RECORD(check_exec, RFA_CHECK_EXEC_FIELDS);

/* Of one kind: url, tcp, container or exec. */
/* clang-format off */
#define RFA_CHECK_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(name, "another one for each") \
	TEXTS(at, "when it is asked: deploy, smoke, data, drill; absent: always") \
	TEXT(url, "a URL that must answer; ${NAME} in it stands for a secret") \
	TEXT(tcp, "HOST:PORT where somebody must listen") \
	TEXT(container, "a container that must run, and be healthy if it has a health check") \
	ONE(check_exec, exec, "a command that must succeed") \
	TEXT(from, "as seen from: host, or operator; absent: host") \
	TEXT(status, "the HTTP status that it must answer, or a class: 2xx; absent: 200") \
	TEXT(body, "text that the answer must contain") \
	TEXT(not_body, "text that it must not contain") \
	JSON(headers, "{name: value}: headers that it must have") \
	TEXT(content_type, "the media type that it must have") \
	TEXT(host, "the Host header of the request") \
	BOOL(follow, "redirects are followed") \
	TEXT(method, "of the request; absent: GET, or POST where something is sent") \
	TEXT(send, "its body; ${NAME} in it stands for a secret") \
	TEXT(send_type, "its media type; absent: a form's") \
	INT(timeout_s, 5, "seconds for one try of a URL") \
	BOOL(insecure_tls, "any certificate is accepted") \
	TEXTS(networks, "networks that the container must be in")
/* clang-format on */
RFA_RECORD(check, RFA_CHECK_FIELDS);

/* clang-format off */
#define RFA_STACK_DEPLOY_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(via, "who asks the registry: \"auto\", \"target\", \"operator\", or an environment") \
	JSON(images, "{container or service: the name of its image in a registry, without a tag}")
/* clang-format on */
RFA_RECORD(stack_deploy, RFA_STACK_DEPLOY_FIELDS);

/* clang-format off */
#define RFA_LIMITS_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	INT(disk_free_percent, 20, "how much of each file system must stay free") \
	BOOL(require_verified, "only a version that another environment has verified") \
	TEXTS(verified_in, "only a version that all of these environments have verified") \
	INT(soak_h, 0, "hours that it must have been verified there") \
	BOOL(allow_latest, "images with the tag latest, or without one, may pass") \
	BOOL(allow_compose_changes, "changed Compose files may come along") \
	BOOL(allow_published, "ports of databases may be published to others") \
	INT(backup_h, 0, "a backup of the data must not be older than so many hours") \
	BOOL(refuse_drift, "what runs there must be what the ledger says") \
	BOOL(migration_tried, "a drill must have tried the migration of that version") \
	TEXTS(off, "gates that are not asked") \
	INT(proven_drill_days, 0, "a drill must have proven a backup in so many days") \
	INT(standby_drill_days, 0, "and an environment that was made anew must have served one in so many")
/* clang-format on */
RFA_RECORD(limits, RFA_LIMITS_FIELDS);

/* clang-format off */
#define RFA_SERVER_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(container, "the container that the server runs in") \
	TEXT(database, "the database") \
	TEXT(user, "as whom; absent: the server's own administrator")
/* clang-format on */
RFA_RECORD(server, RFA_SERVER_FIELDS);

/* clang-format off */
#define RFA_PIECE_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(name, "the member's") \
	TEXT(volume, "a volume's name") \
	TEXT(directory, "an absolute path") \
	TEXT(sqlite, "an SQLite database's path") \
	ONE(server, postgres, "a database of a PostgreSQL server") \
	ONE(server, mysql, "a database of a MySQL or MariaDB server")
/* clang-format on */
RFA_RECORD(piece, RFA_PIECE_FIELDS);

/* clang-format off */
#define RFA_STOPS_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXTS(projects, "Compose projects") \
	TEXTS(containers, "containers")
/* clang-format on */
RFA_RECORD(stops, RFA_STOPS_FIELDS);

/* clang-format off */
#define RFA_STACK_DATA_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	NAMED(piece, members, "the pieces") \
	ONE(stops, stop, "what uses the data beside the stack's own containers") \
	INT(keep_generations, 1, "how many replaced copies of the data stay")
/* clang-format on */
RFA_RECORD(stack_data, RFA_STACK_DATA_FIELDS);

/* clang-format off */
#define RFA_STACK_INIT_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXTS(first, "Compose services that start before the others") \
	ONE(server, postgres, "the database, of a PostgreSQL server") \
	ONE(server, mysql, "the database, of a MySQL or MariaDB server") \
	TEXTS(files, "files of SQL below the Compose directory, for a database without tables") \
	ONE(check_exec, stamp, "a command that runs behind them") \
	INT(tables_min, 0, "so many tables it must have in the end")
/* clang-format on */
RFA_RECORD(stack_init, RFA_STACK_INIT_FIELDS);

/* clang-format off */
#define RFA_STACK_BACKUP_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXTS(files, "single files that go into a backup of the data too")
/* clang-format on */
RFA_RECORD(stack_backup, RFA_STACK_BACKUP_FIELDS);

/* clang-format off */
#define RFA_HOOK_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXTS(command, "the program and its arguments; status 0 is good") \
	TEXT(on, "where it runs: host, or operator; absent: operator") \
	INT(timeout_s, 60, "seconds that it may take")
/* clang-format on */
RFA_RECORD(hook, RFA_HOOK_FIELDS);

/* clang-format off */
#define RFA_HOOKS_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	ONE(hook, before, "before anything is changed") \
	ONE(hook, after, "behind a run that succeeded") \
	ONE(hook, failed, "behind one that did not")
/* clang-format on */
RFA_RECORD(hooks, RFA_HOOKS_FIELDS);

/* clang-format off */
#define RFA_MIGRATE_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(service, "the container or Compose service whose new image has the command") \
	TEXTS(run, "the command that changes the schema, and its arguments") \
	TEXT(kind, "expand: the version before lives with the new schema; breaking: it does not") \
	TEXTS(check, "a command that ends with 0 where the schema is that of its version") \
	JSON(undo, "\"none\", \"restore\", or {\"command\": [...]}; absent: none") \
	INT(timeout_s, 600, "seconds that each of them may take") \
	JSON(env, "{name: value}: more variables for them; ${NAME} stands for a secret")
/* clang-format on */
RFA_RECORD(migrate, RFA_MIGRATE_FIELDS);

/* What takes back what a migration has done. */
enum rfa_undo_by { RFA_UNDO_BY_NONE, RFA_UNDO_BY_COMMAND, RFA_UNDO_BY_RESTORE };
enum rfa_undo_by rfa_migrate_undo_by(const struct rfa_migrate *migrate);
/* 1 if the version before cannot live with the new schema: what uses the data stops first. */
int rfa_migrate_breaks(const struct rfa_migrate *migrate);

/* clang-format off */
#define RFA_STACK_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXTS(containers, "made with docker run, in the order in which they start") \
	ONE(stack_compose, compose, "a Compose project") \
	ONE(stack_url, base_url, "where it says its own URL") \
	ONE(bootstrap, bootstrap, "what a first deployment needs and makes") \
	MANY(check, checks, "what decides whether a version works") \
	INT(health_deadline_s, 60, "seconds after which it has failed") \
	INT(health_interval_s, 1, "seconds between two tries") \
	INT(health_settle_s, 5, "seconds that it has to stay healthy") \
	ONE(stack_build, build, "what is built from sources") \
	ONE(stack_deploy, deploy, "what comes from registries") \
	TEXTS(variables, "the names of what Compose gets beside the project's own; the values are with the operator") \
	ONE(stack_source, source, "the git repository whose tags are released") \
	ONE(window, window, "when something may be brought") \
	ONE(limits, gates, "what must hold before anything is touched") \
	ONE(stack_data, data, "what it stores") \
	ONE(stack_init, init, "how its database begins") \
	ONE(stack_backup, backup, "its backups") \
	ONE(hooks, hooks, "the operator's own commands around a run") \
	ONE(traffic, traffic, "how its traffic moves while containers are replaced") \
	ONE(migrate, migrate, "how a new version changes the schema of the data") \
	TEXTS(checklist, "what a person has to look at before a version may go there") \
	INT(keep_images, 3, "versions whose images stay") \
	TEXTS(keep_running, "containers that are never stopped")
/* clang-format on */
RFA_RECORD(stack, RFA_STACK_FIELDS);

/* 1 if a server in this container keeps a piece of the data: it runs as long as a run lasts. */
int rfa_stack_has_server(const struct rfa_stack *stack, const char *container);

#endif
