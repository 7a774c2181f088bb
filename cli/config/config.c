/* Finds rfa.json, reads it, and tells everything that is wrong with it at once. */
#include "cli/config/config.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/config/checks.h"
#include "cli/config/hook_rules.h"
#include "cli/config/migrate_rules.h"
#include "cli/config/traffic_rules.h"
#include "cli/config/data_rules.h"
#include "cli/config/notify_rules.h"
#include "cli/config/paths.h"
#include "fsm/base/buf.h"
#include "fsm/base/facts.h"

/* A configuration is written by hand; more than this is another file. */
enum { MAX_BYTES = 1 << 20 };

/* Reading. */

int rfa_config_find(const char *folder, char **out, struct rfa_error *err)
{
	char at[PATH_MAX];
	if (!realpath(folder, at))
		return rfa_fail_errno(err, errno, "%s", folder);
	for (;;) {
		struct rfa_buf path = RFA_BUF_INIT(PATH_MAX);
		rfa_buf_printf(&path, "%s/rfa.json", strcmp(at, "/") == 0 ? "" : at);
		int rc = rfa_buf_check(&path, err);
		if (rc == 0 && access(rfa_buf_str(&path), F_OK) == 0) {
			*out = strdup(rfa_buf_str(&path));
			rfa_buf_release(&path);
			return *out ? 0 : rfa_fail_nomem(err);
		}
		rfa_buf_release(&path);
		if (rc < 0)
			return rc;
		if (strcmp(at, "/") == 0)
			break;
		char *slash = strrchr(at, '/');
		slash[slash == at] = '\0';
	}
	rfa_fail(err, RFA_ENOTFOUND, "config", "there is no rfa.json in %.300s or above it",
		 folder);
	return rfa_error_hint(err, "`rfa init` writes one; or name it: -c FILE");
}

static int read_file(const char *path, struct rfa_buf *out, struct rfa_error *err)
{
	char part[16384];
	ssize_t got;
	int rc = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT) {
		rfa_fail(err, RFA_ENOTFOUND, "config", "there is no file %.300s", path);
		return rfa_error_hint(err, "`rfa init` writes one; or name it: -c FILE");
	}
	if (fd < 0)
		return rfa_fail_errno(err, errno, "%.300s", path);
	while ((got = read(fd, part, sizeof(part))) > 0)
		rfa_buf_add(out, part, (size_t)got);
	if (got < 0)
		rc = rfa_fail_errno(err, errno, "%.300s", path);
	close(fd);
	if (rc == 0)
		rc = rfa_buf_check(out, err);
	return rc < 0 ? rfa_error_where(err, "%.100s", path) : 0;
}

/* Syntax. */

static const char *advice(const char *text, size_t len, const json_error_t *where)
{
	size_t at = where->position > 0 ? (size_t)where->position : 0;
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		return "remove the byte order mark at the file's beginning";
	if (len == 0)
		return "the file is empty; `rfa init` writes one";
	if (at > len)
		at = len;
	if (strstr(where->text, "near '/") || strstr(where->text, "near '#"))
		return "JSON has no comments: use a key that begins with x-";
	if (strstr(where->text, "near '''"))
		return "JSON has only double quotes";
	/* jansson stands behind the token that it did not want. */
	while (at > 0 && (isspace((unsigned char)text[at - 1]) || strchr("]}", text[at - 1])))
		at--;
	if (at > 0 && text[at - 1] == ',' &&
	    (strstr(where->text, "'}'") || strstr(where->text, "']'")))
		return "remove the comma before it";
	if (strstr(where->text, "duplicate"))
		return "keep one of the two";
	return "";
}

static void syntax(struct rfa_walk *walk, const json_error_t *where)
{
	struct rfa_buf text = RFA_BUF_INIT(2048);
	rfa_buf_put_printable(&text, where->text, strlen(where->text), 0);
	struct rfa_problem *problem =
	    rfa_walk_problem(walk, "this is not JSON: %s", rfa_buf_str(&text));
	if (problem) {
		problem->line = where->line > 0 ? where->line : 1;
		problem->column = where->column > 0 ? where->column : 1;
		snprintf(problem->hint, sizeof(problem->hint), "%s",
			 advice(walk->text, walk->len, where));
	}
	rfa_buf_release(&text);
}

/* What one row of the table cannot say. */

static void check_overlays(struct rfa_walk *walk, const json_t *root, const json_t *stack)
{
	const json_t *environments = json_object_get(root, "environments");
	const char *env;
	json_t *overlay;
	rfa_walk_enter(walk, "environments", 0);
	json_object_foreach (json_object_get(stack, "environments"), env, overlay) {
		rfa_walk_enter(walk, env, 0);
		if (strncmp(env, "x-", 2) != 0 && !json_object_get(environments, env))
			rfa_walk_no_such_name(walk, environments, "environment", env);
		rfa_walk_leave(walk);
	}
	rfa_walk_leave(walk);
}

/* Every name of the map under `key` is a container that the stack lists. */
static void check_listed(struct rfa_walk *walk, const json_t *stack, const char *key,
			 const json_t *map)
{
	const json_t *listed = json_object_get(stack, "containers");
	const char *name;
	json_t *value;
	rfa_walk_enter(walk, key, 0);
	json_object_foreach ((json_t *)map, name, value) {
		if (strncmp(name, "x-", 2) == 0 || rfa_facts_has_text(listed, name))
			continue;
		rfa_walk_enter(walk, name, 0);
		rfa_problem_hint(rfa_walk_problem(walk, "the stack does not list this container"),
				 "add it to \"containers\" of the stack");
		rfa_walk_leave(walk);
	}
	rfa_walk_leave(walk);
}

static void check_bootstrap(struct rfa_walk *walk, const json_t *stack)
{
	rfa_walk_enter(walk, "bootstrap", 0);
	check_listed(walk, stack, "containers", rfa_facts_at(stack, "bootstrap/containers"));
	rfa_walk_leave(walk);
}

static void check_source(struct rfa_walk *walk, const json_t *root, const json_t *stack)
{
	const json_t *environments = json_object_get(root, "environments");
	const char *on = rfa_facts_str(stack, "compose/source_on", NULL);

	if (!on || json_object_get(environments, on))
		return;
	rfa_walk_enter(walk, "compose", 0);
	rfa_walk_enter(walk, "source_on", 0);
	rfa_walk_no_such_name(walk, environments, "environment", on);
	rfa_walk_leave(walk);
	rfa_walk_leave(walk);
}

/* With a Compose project any name may be one of its services. */
static void check_build(struct rfa_walk *walk, const json_t *root, const json_t *stack)
{
	const json_t *environments = json_object_get(root, "environments");
	const json_t *build = json_object_get(stack, "build");
	const char *on = rfa_facts_str(build, "on", NULL);
	rfa_walk_enter(walk, "build", 0);
	if (on && !json_object_get(environments, on)) {
		rfa_walk_enter(walk, "on", 0);
		rfa_walk_no_such_name(walk, environments, "environment", on);
		rfa_walk_leave(walk);
	}
	if (!json_object_get(stack, "compose"))
		check_listed(walk, stack, "images", json_object_get(build, "images"));
	if (json_is_true(json_object_get(build, "compose")) &&
	    json_object_size(json_object_get(build, "images")))
		rfa_problem_hint(rfa_walk_problem(walk, "it has both images and compose"),
				 "leave one of them out");
	rfa_walk_leave(walk);
}

static void check_init(struct rfa_walk *walk, const json_t *stack)
{
	const json_t *init = json_object_get(stack, "init");

	rfa_walk_enter(walk, "init", 0);
	if (json_object_get(init, "postgres") && json_object_get(init, "mysql"))
		rfa_problem_hint(rfa_walk_problem(walk, "it has both postgres and mysql"),
				 "leave one of them out: the files of SQL run in one database");
	rfa_walk_leave(walk);
}

static void check_deploy(struct rfa_walk *walk, const json_t *root, const json_t *stack)
{
	static const char *const ways[] = { "auto", "target", "operator" };
	const json_t *environments = json_object_get(root, "environments");
	const json_t *deploy = json_object_get(stack, "deploy");
	const char *via = rfa_facts_str(deploy, "via", "auto");
	size_t i = 0;

	rfa_walk_enter(walk, "deploy", 0);
	while (i < 3 && strcmp(ways[i], via) != 0)
		i++;
	if (i == 3 && !json_object_get(environments, via)) {
		rfa_walk_enter(walk, "via", 0);
		rfa_walk_no_such_name(walk, environments, "environment", via);
		rfa_walk_leave(walk);
	}
	if (!json_object_get(stack, "compose"))
		check_listed(walk, stack, "images", json_object_get(deploy, "images"));
	rfa_walk_leave(walk);
}

static void check_verified(struct rfa_walk *walk, const json_t *root, const json_t *stack)
{
	const json_t *environments = json_object_get(root, "environments");
	json_t *env;
	size_t i;

	rfa_walk_enter(walk, "gates", 0);
	rfa_walk_enter(walk, "verified_in", 0);
	json_array_foreach (rfa_facts_at(stack, "gates/verified_in"), i, env) {
		rfa_walk_enter(walk, NULL, i);
		if (!json_object_get(environments, json_string_value(env)))
			rfa_walk_no_such_name(walk, environments, "environment",
					      json_string_value(env));
		rfa_walk_leave(walk);
	}
	rfa_walk_leave(walk);
	rfa_walk_leave(walk);
}

/* An overlay may mend what the stack alone lacks: then only the whole is judged, by `rfa check`. */
static int overlays_say(const json_t *stack, const char *key)
{
	const char *env;
	json_t *overlay;
	json_object_foreach (json_object_get(stack, "environments"), env, overlay) {
		if (json_object_get(overlay, key))
			return 1;
	}
	return 0;
}

static void check_stack(struct rfa_walk *walk, const json_t *root, const json_t *stack)
{
	check_build(walk, root, stack);
	check_deploy(walk, root, stack);
	check_verified(walk, root, stack);
}

static void check_whole(struct rfa_walk *walk, const json_t *root)
{
	const char *name;
	json_t *stack;
	rfa_walk_enter(walk, "stacks", 0);
	json_object_foreach (json_object_get(root, "stacks"), name, stack) {
		rfa_walk_enter(walk, name, 0);
		if (strncmp(name, "x-", 2) != 0) {
			check_overlays(walk, root, stack);
			check_bootstrap(walk, stack);
			check_source(walk, root, stack);
			check_init(walk, stack);
			if (!overlays_say(stack, "containers") && !overlays_say(stack, "compose"))
				check_stack(walk, root, stack);
			if (!overlays_say(stack, "checks") && !overlays_say(stack, "containers") &&
			    !overlays_say(stack, "compose"))
				rfa_checks_judge(walk, stack);
			rfa_hooks_judge(walk, stack);
			if (!overlays_say(stack, "migrate"))
				rfa_migrate_judge(walk, stack);
			if (!overlays_say(stack, "traffic"))
				rfa_traffic_judge(walk, stack);
			if (!overlays_say(stack, "data") && !overlays_say(stack, "backup"))
				rfa_data_check(walk, stack);
		}
		rfa_walk_leave(walk);
	}
	rfa_walk_leave(walk);
	rfa_notify_judge(walk, root);
}

static int by_place(const void *a, const void *b)
{
	const struct rfa_problem *p = a, *q = b;
	if (p->line != q->line)
		return p->line < q->line ? -1 : 1;
	return p->column < q->column ? -1 : p->column > q->column;
}

int rfa_config_parse(json_t **out, const char *text, size_t len, struct rfa_problems *problems,
		     struct rfa_error *err)
{
	struct rfa_walk walk = { .text = text, .len = len, .problems = problems };
	json_error_t where;
	json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &where);

	if (!root)
		syntax(&walk, &where);
	else
		rfa_walk_check(&walk, &rfa_schema_root, root);
	/* Names that do not exist are worth telling too, unless the kind itself is in doubt. */
	if (root && json_is_object(root))
		check_whole(&walk, root);
	if (problems->n == 0) {
		*out = root;
		return 0;
	}
	qsort(problems->items, problems->n, sizeof(*problems->items), by_place);
	json_decref(root);
	return rfa_fail(err, RFA_ECONFIG, "config", "%zu problem%s in the configuration",
			problems->n + problems->more, problems->n + problems->more == 1 ? "" : "s");
}

/* The whole. */

int rfa_config_path(const struct rfa_config *config, const char *path, char **out,
		    struct rfa_error *err)
{
	return rfa_path_resolve(config->folder, path, out, err);
}

/* ssh reads its -F relative to where rfa was called; the file says it relative to itself. */
static int settle_paths(struct rfa_config *config, struct rfa_error *err)
{
	const char *name;
	json_t *env;
	json_object_foreach (json_object_get(config->root, "environments"), name, env) {
		const char *path = json_string_value(json_object_get(env, "ssh_config"));
		char *whole = NULL;
		if (!path)
			continue;
		int rc = rfa_path_resolve(config->folder, path, &whole, err);
		if (rc == 0)
			rc = rfa_facts_set(env, "ssh_config", json_string(whole), err);
		free(whole);
		if (rc < 0)
			return rc;
	}
	return rfa_path_resolve(config->folder,
				rfa_facts_str(config->root, "ledger", ".rfa/ledger"),
				&config->ledger, err);
}

int rfa_config_load(struct rfa_config **out, const char *path, struct rfa_problems *problems,
		    struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(MAX_BYTES);
	struct rfa_config *config = NULL;
	int rc = read_file(path, &text, err);
	if (rc < 0)
		goto done;
	config = calloc(1, sizeof(*config));
	if (!config) {
		rc = rfa_fail_nomem(err);
		goto done;
	}
	config->path = realpath(path, NULL);
	config->folder = config->path ? strdup(config->path) : NULL;
	if (!config->folder) {
		rc = rfa_fail_errno(err, errno, "%.300s", path);
		goto done;
	}
	char *slash = strrchr(config->folder, '/');
	slash[slash == config->folder] = '\0';

	rc = rfa_config_parse(&config->root, rfa_buf_str(&text), text.len, problems, err);
	if (rc < 0) {
		rfa_error_where(err, "%.100s", path);
		rfa_error_hint(err, "mend the file, then `rfa check`");
		goto done;
	}
	rc = settle_paths(config, err);
	if (rc == 0)
		rc = rfa_secrets_take(&config->secrets, config->root, config->folder, err);
	if (rc == 0) {
		*out = config;
		config = NULL;
	}
done:
	rfa_config_free(config);
	rfa_buf_release(&text);
	return rc;
}

void rfa_config_free(struct rfa_config *config)
{
	if (!config)
		return;
	rfa_secrets_release(&config->secrets);
	free(config->path);
	free(config->folder);
	free(config->ledger);
	json_decref(config->root);
	free(config);
}
