/* docs/records.md: the records of the ledger, made from the tables of fsm/model. */
#include "cli/frame/help_pages.h"

#include "fsm/model/file.h"
#include "fsm/model/plan.h"
#include "fsm/model/proven.h"
#include "fsm/model/version.h"

/* Where records are found in the ledger; what is in them follows. */
static const struct {
	const struct rfa_shape *shape;
	const char *where;
} roots[] = {
	{ &rfa_shape_plan, "`runs/…/<run>.plan.json`: what the run was begun for, frozen." },
	{ &rfa_shape_proven,
	  "The JSON in a record's commit: what a step has proven of its host. A step sets a part "
	  "of "
	  "it; beside these stand `summary` (for people), `skipped`, `ms`, `error`, `evidence` and "
	  "`made`." },
	{ &rfa_shape_made, "`made` in a record's commit." },
	{ &rfa_shape_point, "`points/<env>/<stack>/<name>.json`, and below `retired/`." },
	{ &rfa_shape_sync, "`synced/<env>/<stack>.json`." },
	{ &rfa_shape_migrations, "`migrations/<env>/<stack>.json`." },
	{ &rfa_shape_version, "`versions/<stack>/<version>.json`." },
	{ &rfa_shape_manifest, "`backups/<env>/<stack>/<backup>.json`, and `manifest.json` in a "
			       "vault." },
};

enum { SHAPES_MAX = 96 };

struct shapes {
	const struct rfa_shape *at[SHAPES_MAX];
	size_t n;
};

static int has(const struct shapes *shapes, const struct rfa_shape *shape)
{
	for (size_t i = 0; i < shapes->n; i++)
		if (shapes->at[i] == shape)
			return 1;
	return 0;
}

/* The shape, and what is in it, each once. */
static void gather(struct shapes *shapes, const struct rfa_shape *shape)
{
	if (has(shapes, shape) || shapes->n == SHAPES_MAX)
		return;
	shapes->at[shapes->n++] = shape;
	for (size_t i = 0; i < shape->n; i++)
		if (shape->fields[i].of)
			gather(shapes, shape->fields[i].of);
}

static const char *type_of(enum rfa_field_kind kind)
{
	static const char *const types[] = {
		[RFA_FIELD_TEXT] = "text",      [RFA_FIELD_INT] = "number",
		[RFA_FIELD_BOOL] = "true",      [RFA_FIELD_TEXTS] = "array of texts",
		[RFA_FIELD_JSON] = "any value", [RFA_FIELD_ONE] = "",
		[RFA_FIELD_MANY] = "array of",  [RFA_FIELD_NAMED] = "by name:",
	};
	return types[kind];
}

static void say_field(const struct rfa_out *o, const struct rfa_field *f)
{
	char absent[48] = "";

	if (f->kind == RFA_FIELD_INT && f->absent != 0)
		snprintf(absent, sizeof(absent), "; absent: %lld", (long long)f->absent);
	if (f->of)
		rfa_out_say(o, "| `%s` | %s%s[%s](#%s) | %s |", f->name, type_of(f->kind),
			    *type_of(f->kind) ? " " : "", f->of->name, f->of->name, f->what);
	else
		rfa_out_say(o, "| `%s` | %s | %s%s |", f->name, type_of(f->kind), f->what, absent);
}

static void say_shape(const struct rfa_out *o, const struct rfa_shape *shape)
{
	rfa_out_say(o, "### %s\n\n%c%s.", shape->name, shape->what[0] - 'a' + 'A', shape->what + 1);
	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++)
		if (roots[i].shape == shape)
			rfa_out_say(o, "%s", roots[i].where);
	rfa_out_say(o, "\n| key | value | what it is |\n|---|---|---|");
	for (size_t i = 0; i < shape->n; i++)
		say_field(o, &shape->fields[i]);
	rfa_out_say(o, "%s", "");
}

void rfa_help_records(const struct rfa_out *o)
{
	struct shapes shapes = { { NULL }, 0 };

	rfa_out_say(
	    o, "# Records\n\n<!-- made by `rfa help --records`: edit the tables in "
	       "fsm/model/, not this page -->\n\n"
	       "What the ledger keeps as JSON. A key that is absent means: nothing, no, or the "
	       "number that the\ntable names. How the ledger is built, and how it is read with "
	       "git: [ledger.md](ledger.md).\n");
	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++)
		gather(&shapes, roots[i].shape);
	for (size_t i = 0; i < shapes.n; i++)
		say_shape(o, shapes.at[i]);
}
