/* What a run on data will do, in the order in which it will be felt. */
#include "cli/foretell.h"

#include <string.h>

/* ---- lines and lists ------------------------------------------------------------------------- */

static void line(const struct rfa_cli *cli, const char *label, const struct rfa_buf *text)
{
	struct rfa_buf safe = RFA_BUF_INIT(16384);
	rfa_out_note(&cli->out, "  %-14s %s", label, rfa_out_safe(&safe, rfa_buf_str(text), 0));
	rfa_buf_release(&safe);
}

static void RFA_PRINTF(3, 4) say(const struct rfa_cli *cli, const char *label, const char *fmt, ...)
{
	struct rfa_buf text = RFA_BUF_INIT(16384);
	va_list args;
	va_start(args, fmt);
	rfa_buf_vprintf(&text, fmt, args);
	va_end(args);
	line(cli, label, &text);
	rfa_buf_release(&text);
}

static void put_name(struct rfa_buf *into, size_t begun, const char *name)
{
	rfa_buf_puts(into, into->len > begun ? ", " : "");
	rfa_buf_put_printable(into, name, strlen(name), 100);
}

void rfa_foretell_names(struct rfa_buf *into, const json_t *members)
{
	size_t begun = into->len, i;
	const char *name;
	json_t *member;
	json_object_foreach ((json_t *)members, name, member)
		put_name(into, begun, name);
	json_array_foreach ((json_t *)members, i, member)
		put_name(into, begun,
			 json_is_string(member) ? json_string_value(member)
						: rfa_facts_str(member, "name", "?"));
}

static int listed(const json_t *names, const char *name)
{
	json_t *one;
	size_t i;
	json_array_foreach ((json_t *)names, i, one) {
		if (strcmp(json_string_value(one), name) == 0)
			return 1;
	}
	return 0;
}

/* Those of a list that are stopped: what is to keep running is not. */
static void put_stopped(struct rfa_buf *into, const json_t *stack, const char *path,
			const char *what)
{
	const json_t *keep = json_object_get(stack, "keep_running");
	json_t *name;
	size_t i;
	json_array_foreach (rfa_facts_at(stack, path), i, name) {
		if (listed(keep, json_string_value(name)))
			continue;
		rfa_buf_printf(into, "%s%s", into->len ? ", " : "", what);
		rfa_buf_puts(into, json_string_value(name));
	}
}

/* "web, api, the project shop". */
static void put_stops(struct rfa_buf *into, const json_t *stack)
{
	const char *project = rfa_facts_str(stack, "compose/project", NULL);
	put_stopped(into, stack, "containers", "");
	put_stopped(into, stack, "data/stop/containers", "");
	if (project)
		rfa_buf_printf(into, "%sthe project %s", into->len ? ", " : "", project);
	put_stopped(into, stack, "data/stop/projects", "the project ");
}

/* The members that this plan is about: those of options, else all of the side. */
static const json_t *members_of(const json_t *plan, const char *role)
{
	const json_t *chosen = rfa_facts_at(plan, "options/members");
	if (json_is_array(chosen))
		return chosen;
	return rfa_facts_at(json_object_get(plan, role), "stack/data/members");
}

static void say_head(const struct rfa_cli *cli, const char *what, const char *where)
{
	const struct rfa_out *o = &cli->out;
	rfa_out_note(o, "%s%s%s %s", rfa_out_style(o, o->err, RFA_BOLD), what,
		     rfa_out_style(o, o->err, RFA_PLAIN), where);
}

static void say_stop(const struct rfa_cli *cli, const json_t *side, const char *until)
{
	struct rfa_buf stops = RFA_BUF_INIT(8192);
	const char *env = rfa_facts_str(side, "env", "");
	char label[80];

	put_stops(&stops, json_object_get(side, "stack"));
	snprintf(label, sizeof(label), "%.60s stops", env);
	say(cli, label, "%s: %s", rfa_buf_str(&stops), until);
	rfa_buf_release(&stops);
}

static void say_members(const struct rfa_cli *cli, const char *label, const json_t *members,
			const char *how)
{
	struct rfa_buf names = RFA_BUF_INIT(8192);
	rfa_foretell_names(&names, members);
	say(cli, label, "%s%s", rfa_buf_str(&names), how);
	rfa_buf_release(&names);
}

static void say_own_url(const struct rfa_cli *cli, const json_t *plan)
{
	const char *file = rfa_facts_str(plan, "target/stack/base_url/file", NULL);
	if (file)
		say(cli, "its own URL", "%s in %s stays what it is on %s",
		    rfa_facts_str(plan, "target/stack/base_url/key", ""), file,
		    rfa_facts_str(plan, "target/env", ""));
}

static void say_way_back(const struct rfa_cli *cli, const json_t *plan)
{
	say(cli, "the way back",
	    "the data that is replaced stays beside the new one; `rfa rollback %s --env %s` lists "
	    "it, and going back is a rename too",
	    rfa_facts_str(plan, "stack", ""), rfa_facts_str(plan, "target/env", ""));
}

/* What is the same wherever new data takes the place of old data. */
static void say_swap(const struct rfa_cli *cli, const json_t *plan, const char *lead)
{
	char until[160];
	snprintf(until, sizeof(until),
		 "%sfor a few renames, however much data there is; what ran runs again then", lead);
	say_stop(cli, json_object_get(plan, "target"), until);
	say_members(cli, "is replaced", members_of(plan, "target"),
		    ": wholly; what only this side had is not mixed in");
	say_own_url(cli, plan);
}

/* ---- the flows ------------------------------------------------------------------------------- */

void rfa_foretell_data(const struct rfa_cli *cli, const json_t *plan)
{
	char where[256];
	snprintf(where, sizeof(where), "of %.60s goes from %.60s to %.60s.",
		 rfa_facts_str(plan, "stack", ""), rfa_facts_str(plan, "source/env", ""),
		 rfa_facts_str(plan, "target/env", ""));
	say_head(cli, "The data", where);
	say_stop(cli, json_object_get(plan, "source"),
		 "while a snapshot is taken; most of it is copied before that, and what ran runs "
		 "again before anything travels");
	say_swap(cli, plan, "");
	say_way_back(cli, plan);
}

void rfa_foretell_restore(const struct rfa_cli *cli, const json_t *plan)
{
	char where[320];
	snprintf(where, sizeof(where), "%.100s is put back into %.60s on %.60s.",
		 rfa_facts_str(plan, "options/backup", ""), rfa_facts_str(plan, "stack", ""),
		 rfa_facts_str(plan, "target/env", ""));
	say_head(cli, "The backup", where);
	say(cli, "first", "every byte of the backup is read and compared with its sums");
	say_swap(cli, plan, "");
	say_way_back(cli, plan);
}

void rfa_foretell_drill(const struct rfa_cli *cli, const json_t *plan)
{
	char where[320];
	snprintf(where, sizeof(where), "%.100s is tried out in %.60s on %.60s.",
		 rfa_facts_str(plan, "options/backup", ""), rfa_facts_str(plan, "stack", ""),
		 rfa_facts_str(plan, "target/env", ""));
	say_head(cli, "The backup", where);
	say(cli, "first", "every byte of the backup is read and compared with its sums");
	say_swap(cli, plan, "twice, ");
	say(cli, "then", "the stack's health checks decide whether the backup is proven");
	say(cli, "at the end", "%s has the data back that it has now, whatever the drill says",
	    rfa_facts_str(plan, "target/env", ""));
}

void rfa_foretell_backup(const struct rfa_cli *cli, const json_t *plan)
{
	const char *env = rfa_facts_str(plan, "source/env", "");
	const char *set = rfa_facts_str(plan, "options/set", "");
	int images = strcmp(set, "images") == 0;
	char where[320];

	snprintf(where, sizeof(where), "%.100s of %.60s on %.60s is made.",
		 rfa_facts_str(plan, "options/backup", ""), rfa_facts_str(plan, "stack", ""), env);
	say_head(cli, "The backup", where);
	if (images) {
		say(cli, "holds", "the images that run; nothing stops");
	} else {
		say_stop(cli, json_object_get(plan, "source"),
			 "while a snapshot is taken; most of it is copied before that");
		say_members(cli, "holds", members_of(plan, "source"), "");
	}
	say(cli, "goes to", "%s on %s", rfa_facts_str(plan, "options/vault", ""),
	    strcmp(rfa_facts_str(plan, "target/env", ""), RFA_OPERATOR) == 0 ? "this machine"
									     : env);
}

void rfa_foretell_rollback_data(const struct rfa_cli *cli, const json_t *plan)
{
	const json_t *point = json_object_get(plan, "point");
	char where[256], at[RFA_SHORT_MAX];

	rfa_out_when(at, rfa_facts_str(point, "at", ""));

	snprintf(where, sizeof(where), "of %.60s on %.60s goes back to what was replaced at %.30s.",
		 rfa_facts_str(plan, "stack", ""), rfa_facts_str(plan, "target/env", ""), at);
	say_head(cli, "The data", where);
	say_members(cli, "brought back", json_object_get(point, "members"), "");
	say(cli, "not back", "the images of the containers: they stay as they are");
	say_stop(cli, json_object_get(plan, "target"),
		 "for a few renames, however much data there is; what ran runs again then");
	say(cli, "is lost", "nothing: what was written since then becomes a rollback point itself");
}

void rfa_foretell_prune(const struct rfa_cli *cli, const json_t *plan, const json_t *going)
{
	char where[256];
	json_t *point;
	size_t i;

	snprintf(where, sizeof(where), "of %.60s on %.60s is thinned out.",
		 rfa_facts_str(plan, "stack", ""), rfa_facts_str(plan, "target/env", ""));
	say_head(cli, "Replaced data", where);
	say(cli, "stays", "the newest %d, and the data that serves",
	    (int)rfa_facts_int(plan, "target/stack/data/keep_generations", 1));
	json_array_foreach ((json_t *)going, i, point) {
		char how[64], at[RFA_SHORT_MAX];
		snprintf(how, sizeof(how), ", replaced at %s",
			 rfa_out_when(at, rfa_facts_str(point, "at", "")));
		say_members(cli, i ? "" : "goes for good", json_object_get(point, "members"), how);
	}
	if (json_array_size(going) == 0)
		say(cli, "goes for good", "no rollback point that this ledger knows of");
}
