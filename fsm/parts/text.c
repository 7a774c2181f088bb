/* Fills the words of texts in, from a plan. */
#include "fsm/parts/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "fsm/base/clock.h"
#include "fsm/base/facts.h"

enum { WORD_MAX = 32 };

static void put(struct rfa_buf *into, const char *text)
{
	rfa_buf_put_printable(into, text, strlen(text), 0);
}

/* Lists. */

static void put_item(struct rfa_buf *into, size_t begun, const char *what, const char *name)
{
	rfa_buf_puts(into, into->len > begun ? ", " : "");
	rfa_buf_puts(into, what);
	rfa_buf_put_printable(into, name, strlen(name), 100);
}

void rfa_text_names(struct rfa_buf *into, const json_t *members)
{
	size_t begun = into->len, i;
	const char *name;
	json_t *member;

	json_object_foreach ((json_t *)(uintptr_t)members, name, member)
		put_item(into, begun, "", name);
	json_array_foreach ((json_t *)(uintptr_t)members, i, member)
		put_item(into, begun, "",
			 json_is_string(member) ? json_string_value(member)
						: rfa_facts_str(member, "name", "?"));
}

/* Those of a list that are stopped: what is to keep running is not. */
static void put_stopped(struct rfa_buf *into, size_t begun, const json_t *stack, const char *path,
			const char *what)
{
	const json_t *keep = json_object_get(stack, "keep_running");
	json_t *name;
	size_t i;

	json_array_foreach (rfa_facts_at(stack, path), i, name) {
		if (!rfa_facts_has_text(keep, json_string_value(name)))
			put_item(into, begun, what, json_string_value(name));
	}
}

/* Of the stack at that path. */
static void put_stops(struct rfa_buf *into, const json_t *plan, const char *path)
{
	const json_t *stack = rfa_facts_at(plan, path);
	const char *project = rfa_facts_str(stack, "compose/project", NULL);
	size_t begun = into->len;

	put_stopped(into, begun, stack, "containers", "");
	put_stopped(into, begun, stack, "data/stop/containers", "");
	if (project)
		put_item(into, begun, "the project ", project);
	put_stopped(into, begun, stack, "data/stop/projects", "the project ");
}

/* Those that a run about images makes again. */
static void put_replaced(struct rfa_buf *into, const json_t *plan, const char *path)
{
	const json_t *stack = rfa_facts_at(plan, path);
	const char *project = rfa_facts_str(stack, "compose/project", NULL);
	size_t begun = into->len, i;
	json_t *name;

	json_array_foreach (json_object_get(stack, "containers"), i, name)
		put_item(into, begun, "", json_string_value(name));
	if (project)
		put_item(into, begun, "the project ", project);
}

/* Words. */

void rfa_text_time(struct rfa_buf *into, const char *iso)
{
	char text[RFA_TIME_MAX];
	int64_t at;

	if (rfa_time_parse(iso, &at)) {
		put(into, iso);
		return;
	}
	rfa_time_iso(at, text);
	rfa_buf_printf(into, "%.10s %s", text, text + 11);
}

static void put_text(struct rfa_buf *into, const json_t *plan, const char *path)
{
	put(into, rfa_facts_str(plan, path, ""));
}

/* Of a commit. */
static void put_short(struct rfa_buf *into, const json_t *plan, const char *path)
{
	char commit[13];

	snprintf(commit, sizeof(commit), "%s", rfa_facts_str(plan, path, ""));
	put(into, commit);
}

static void put_time(struct rfa_buf *into, const json_t *plan, const char *path)
{
	rfa_text_time(into, rfa_facts_str(plan, path, ""));
}

/* An id begins with its time: "20261122-103015-prod-data". */
static void put_backup_time(struct rfa_buf *into, const json_t *plan, const char *path)
{
	char at[16];

	snprintf(at, sizeof(at), "%.15s", rfa_facts_str(plan, path, ""));
	rfa_text_time(into, at);
}

static void put_names(struct rfa_buf *into, const json_t *plan, const char *path)
{
	rfa_text_names(into, rfa_facts_at(plan, path));
}

/* The members that the plan is about: those of its options, else all of the side at that path. */
static void put_members(struct rfa_buf *into, const json_t *plan, const char *path)
{
	const json_t *chosen = rfa_facts_at(plan, "options/members");

	rfa_text_names(into, json_is_array(chosen) ? chosen : rfa_facts_at(plan, path));
}

/* Where the plan has this option: the members. */
static void put_where(struct rfa_buf *into, const json_t *plan, const char *option)
{
	if (rfa_facts_bool(json_object_get(plan, "options"), option, 0))
		put_members(into, plan, "target/stack/data/members");
}

static void put_going(struct rfa_buf *into, const json_t *plan, const char *path)
{
	json_t *one;
	size_t i;

	json_array_foreach (rfa_facts_at(plan, path), i, one) {
		rfa_buf_puts(into, i ? "; " : "");
		put(into,
		    json_is_string(one) ? json_string_value(one) : rfa_facts_str(one, "name", "?"));
		if (json_is_string(one))
			continue;
		rfa_buf_puts(into, " (");
		rfa_text_names(into, json_object_get(one, "members"));
		rfa_buf_puts(into, ", replaced at ");
		rfa_text_time(into, rfa_facts_str(one, "at", ""));
		rfa_buf_puts(into, ")");
	}
}

static void put_base_url(struct rfa_buf *into, const json_t *plan, const char *path)
{
	const json_t *base_url = rfa_facts_at(plan, path);
	const char *file = rfa_facts_str(base_url, "file", NULL);

	if (!file)
		return;
	put(into, rfa_facts_str(base_url, "key", ""));
	rfa_buf_puts(into, " in ");
	put(into, file);
}

/* Of a rollback of images: the configuration. Nothing without a Compose project. */
static void put_point_files(struct rfa_buf *into, const json_t *plan, const char *path)
{
	const json_t *differs = rfa_facts_at(plan, "options/differs"), *one;
	int back = rfa_facts_bool(plan, "options/with_files", 0);
	size_t i;

	if (!json_is_object(rfa_facts_at(plan, "target/stack/compose")))
		return;
	if (!rfa_facts_at(plan, path)) {
		rfa_buf_puts(into, "stays as it is: the point has kept none");
		return;
	}
	if (!json_array_size(differs)) {
		rfa_buf_puts(into, "is as it was then");
		return;
	}
	rfa_buf_puts(into, back ? "comes back as it was then: "
				: "stays as it is, which is not as it was then: ");
	json_array_foreach ((json_t *)(uintptr_t)differs, i, one) {
		rfa_buf_puts(into, i ? "; " : "");
		rfa_buf_puts(into, json_string_value(one));
	}
	rfa_buf_puts(into, back ? "" : " (--with-files brings it back)");
}

/* And the images that the host has no more. */
static void put_point_images(struct rfa_buf *into, const json_t *plan, const char *path)
{
	if (rfa_facts_str(plan, "options/via", "")[0])
		rfa_buf_puts(into,
			     "those that are not there any more, from their registry by digest");
	else if (rfa_facts_str(plan, "options/backup", "")[0])
		(void)rfa_text_fill(
		    into, "those that are not there any more, from the backup {backup}", plan);
	else if (json_is_object(rfa_facts_at(plan, path)))
		(void)rfa_text_fill(into, "those that are not there any more, from {from}", plan);
}

/* Who says which images a version is that no run has brought. */
static void put_told(struct rfa_buf *into, const json_t *plan, const char *path)
{
	if (rfa_facts_str(plan, "options/via", "")[0])
		(void)rfa_text_fill(into, "those that its registry has now, asked through {from}",
				    plan);
	else if (json_is_object(rfa_facts_at(plan, path)))
		(void)rfa_text_fill(into, "those that run on {from} now", plan);
}

/* One if it is not said: that is the default. */
static void put_number(struct rfa_buf *into, const json_t *plan, const char *path)
{
	rfa_buf_printf(into, "%lld", (long long)rfa_facts_int(plan, path, 1));
}

/* The reason of the operator is no secret: the ledger keeps it. */
static void put_first(struct rfa_buf *into, const json_t *plan, const char *path)
{
	const json_t *options = rfa_facts_at(plan, path);

	if (rfa_facts_bool(options, "no_backup", 0)) {
		rfa_buf_puts(into, "WITHOUT A BACKUP: ");
		put(into, rfa_facts_str(options, "reason", ""));
	} else if (rfa_facts_bool(options, "backup_first", 0)) {
		rfa_buf_puts(into, "a backup of the data is made, by a run of its own");
	}
}

/* Which image it is may not be known yet: what the data has seen before is told in the run. */
static void put_migration(struct rfa_buf *into, const json_t *plan, const char *path)
{
	const json_t *migrate = rfa_facts_at(plan, path);
	const json_t *undo = json_object_get(migrate, "undo");
	int breaking = !strcmp(rfa_facts_str(migrate, "kind", ""), "breaking");

	if (!json_is_object(migrate))
		return;
	rfa_buf_puts(into, "unless this data has seen it before, a command of ");
	put(into, rfa_facts_str(migrate, "service", "?"));
	rfa_buf_puts(into, breaking ? " changes it (breaking): what uses the data stops first; "
				    : " changes it (expand): nothing stops for it; ");
	if (json_is_object(undo))
		rfa_buf_puts(into, breaking ? "a command of yours takes it back"
					    : "if it fails, a command of yours takes it back; once "
					      "it is done, it stays");
	else
		rfa_buf_puts(into, breaking ? "if the run goes back, the data of before comes back"
					    : "it stays, even if the run goes back");
}

/* Of a rollback of images: what changed it since then. */
static void put_schema(struct rfa_buf *into, const json_t *plan, const char *path)
{
	const json_t *done = rfa_facts_at(plan, path), *one;
	const char *then = rfa_facts_str(plan, "point/run", ""), *last = NULL;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)done, i, one) {
		/* Ids of runs sort by time; the point is what was there before its run. */
		if (strcmp(rfa_facts_str(one, "run", ""), then) >= 0)
			last = rfa_facts_str(one, "version", "?");
	}
	if (!last)
		return;
	rfa_buf_puts(into, "stays that of ");
	put(into, last);
}

static void put_history(struct rfa_buf *into, const json_t *plan, const char *path)
{
	size_t n = json_array_size(rfa_facts_at(plan, path));

	rfa_buf_printf(into, "%zu line%s of ", n, n == 1 ? "" : "s");
	put(into, rfa_facts_str(plan, "options/imported_from", ""));
}

static void put_source_host(struct rfa_buf *into, const json_t *plan, const char *path)
{
	put(into, rfa_facts_str(plan, path, "this machine"));
}

/* Of files: which way they go. Each text has its own for either. */
static void put_sync(struct rfa_buf *into, const json_t *plan, const char *which)
{
	static const struct {
		const char *which, *there, *back;
	} texts[] = {
		{ "title", "The files of {stack} go from {sync.on} to {to}.",
		  "The files of {stack} that were edited on {to} come to {sync.on}." },
		{ "by", "are written", "are written" },
		{ "how", "to {sync.place} on {to}, from {sync.source}",
		  "to {sync.source}, from {to}" },
		{ "back", "the old files are kept; rfa rollback {stack} --env {to} lists them",
		  "your own version control" },
		{ "done",
		  "its files are those of {sync.source}; containers were not touched: what changed "
		  "takes effect with the next deploy or promote",
		  "{sync.source} has what was edited there; nothing was changed on {to}" },
	};
	int back = rfa_facts_bool(plan, "options/take_back", 0);
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!strcmp(texts[i].which, which))
			(void)rfa_text_fill(into, back ? texts[i].back : texts[i].there, plan);
}

/* "web: blue-green behind edge, 10, 50, 100 % for 60 s each; worker: start-first; an open
 * connection ...". */
static void put_traffic(struct rfa_buf *into, const json_t *plan, const char *path)
{
	const json_t *traffic = rfa_facts_at(plan, path), *shares, *share;
	int at_once = rfa_facts_bool(plan, "options/at_once", 0);
	size_t begun = into->len, i, routed = 0;
	const char *name;
	json_t *service;

	json_object_foreach (json_object_get(traffic, "services"), name, service) {
		const char *how = rfa_facts_str(service, "how", "");

		if (!strcmp(how, "replace"))
			continue;
		rfa_buf_puts(into, into->len > begun ? "; " : "");
		put(into, name);
		rfa_buf_printf(into, ": %.20s", how);
		if (strcmp(how, "blue-green") != 0)
			continue;
		routed++;
		rfa_buf_puts(into, " behind ");
		put(into, rfa_facts_str(traffic, "router/container", "?"));
		if (at_once) {
			rfa_buf_puts(into, ", all at once");
			continue;
		}
		shares = json_object_get(traffic, "shares");
		rfa_buf_puts(into, json_array_size(shares) ? ", " : ", 10, 50, 100");
		json_array_foreach ((json_t *)(uintptr_t)shares, i, share)
			rfa_buf_printf(into, "%s%lld", i ? ", " : "",
				       (long long)json_integer_value(share));
		rfa_buf_printf(into, " %% for %lld s each",
			       (long long)rfa_facts_int(traffic, "soak_s", 60));
	}
	if (routed)
		rfa_buf_printf(into,
			       "; an open connection (WebSocket, download) has %lld s to end, each "
			       "time the traffic moves; then it is cut",
			       (long long)rfa_facts_int(traffic, "drain_s", 30));
}

/* What each word is made of: the part of the plan at that path. */
static const struct {
	const char *word;
	void (*put)(struct rfa_buf *into, const json_t *plan, const char *path);
	const char *path;
} words[] = {
	{ "stack", put_text, "stack" },
	{ "from", put_text, "source/env" },
	{ "to", put_text, "target/env" },
	{ "backup", put_text, "options/backup" },
	{ "backup.at", put_backup_time, "options/backup" },
	{ "backup.first", put_first, "options" },
	{ "tried", put_text, "options/tried/version" },
	{ "migration", put_migration, "target/stack/migrate" },
	{ "schema.stays", put_schema, "options/migrated" },
	{ "vault", put_text, "options/vault" },
	{ "vault.on", put_text, "options/vault_on" },
	{ "of", put_text, "options/of" },
	{ "run", put_text, "options/run" },
	{ "kept", put_text, "options/kept/head" },
	{ "kept.run", put_text, "options/kept/run" },
	{ "version", put_text, "version" },
	{ "built", put_text, "options/desired/version" },
	{ "tag", put_text, "options/release/tag" },
	{ "commit", put_short, "options/release/commit" },
	{ "url", put_text, "options/release/url" },
	{ "item", put_text, "options/item" },
	{ "told", put_told, "source" },
	{ "history", put_history, "options/imported" },
	{ "marked", put_text, "options/marked" },
	{ "service", put_text, "options/service" },
	{ "source.stops", put_stops, "source/stack" },
	{ "target.stops", put_stops, "target/stack" },
	{ "target.replaced", put_replaced, "target/stack" },
	{ "source.members", put_members, "source/stack/data/members" },
	{ "target.members", put_members, "target/stack/data/members" },
	{ "deleted", put_where, "wipe" },
	{ "purged", put_where, "purge" },
	{ "kept.data", put_where, "keeps_data" },
	{ "base_url", put_base_url, "target/stack/base_url" },
	{ "traffic", put_traffic, "target/stack/traffic" },
	{ "point.at", put_time, "point/at" },
	{ "point.version", put_text, "point/version" },
	{ "point.members", put_names, "point/members" },
	{ "point.files", put_point_files, "point/configuration" },
	{ "point.images", put_point_images, "source" },
	{ "keep", put_number, "target/stack/data/keep_generations" },
	{ "sync.source", put_text, "target/stack/compose/source" },
	{ "sync.place", put_text, "target/stack/compose/directory" },
	{ "sync.on", put_source_host, "target/stack/compose/source_on" },
	{ "sync.title", put_sync, "title" },
	{ "sync.by", put_sync, "by" },
	{ "sync.how", put_sync, "how" },
	{ "sync.back", put_sync, "back" },
	{ "sync.done", put_sync, "done" },
	{ "going", put_going, "options/agreed" },
};

static void put_word(struct rfa_buf *into, const char *word, const json_t *plan)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(word, words[i].word))
			words[i].put(into, plan, words[i].path);
}

int rfa_text_fill(struct rfa_buf *into, const char *text, const json_t *plan)
{
	char word[WORD_MAX];
	int empty = 0;

	while (*text) {
		size_t n = strcspn(text, "{");
		const char *end = text[n] ? strchr(text + n, '}') : NULL;
		size_t before;

		rfa_buf_add(into, text, n);
		if (!end)
			break;
		snprintf(word, sizeof(word), "%.*s", (int)(end - text) - (int)n - 1, text + n + 1);
		before = into->len;
		put_word(into, word, plan);
		empty |= into->len == before;
		text = end + 1;
	}
	return empty;
}
