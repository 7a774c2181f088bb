/* Lists rollback points. */
#include "cli/report/points.h"

#include <stdlib.h>
#include <string.h>

#include "fsm/parts/catalog.h"
#include "fsm/parts/text.h"

/* Points of images say nothing of their kind. */
static const char *kind_of(const json_t *point)
{
	return rfa_facts_str(point, "kind", "images");
}

static void put_files(struct rfa_buf *into, const json_t *files)
{
	json_t *file;
	size_t i;

	json_array_foreach ((json_t *)files, i, file) {
		rfa_buf_puts(into, i ? ", " : "");
		if (i == 5) {
			rfa_buf_printf(into, "%zu more", json_array_size(files) - i);
			break;
		}
		const char *path = rfa_facts_str(file, "path", "?");
		rfa_buf_put_printable(into, path, strlen(path), 60);
	}
}

/* "version 2 of web, api"; "data: auth, es"; "files: .env". */
static void put_promise(struct rfa_buf *into, const json_t *point)
{
	const json_t *images = json_object_get(point, "images");
	json_t *image;
	size_t i;
	if (strcmp(kind_of(point), "files") == 0) {
		rfa_buf_puts(into, "files: ");
		put_files(into, json_object_get(point, "files"));
		return;
	}
	if (strcmp(kind_of(point), "data") == 0) {
		rfa_buf_puts(into, "data: ");
		rfa_text_names(into, json_object_get(point, "members"));
		return;
	}
	rfa_buf_printf(into, "version %s", rfa_facts_str(point, "version", "?"));
	json_array_foreach ((json_t *)images, i, image)
		rfa_buf_printf(into, "%s%s", i ? ", " : " of ", rfa_facts_str(image, "key", "?"));
	if (json_object_get(point, "backup"))
		rfa_buf_printf(into, "; data of that time: %s",
			       rfa_facts_str(point, "backup", "?"));
}

static void add_row(struct rfa_cli *cli, struct rfa_table *table, const json_t *point)
{
	struct rfa_buf promise = RFA_BUF_INIT(8192);
	char age[RFA_SHORT_MAX];

	put_promise(&promise, point);
	rfa_table_cell(table, rfa_facts_str(point, "name", ""), RFA_BOLD);
	rfa_table_cell(table, kind_of(point), RFA_PLAIN);
	rfa_table_cell(table, rfa_cli_age(cli, rfa_facts_str(point, "at", ""), age), RFA_PLAIN);
	rfa_table_cell(table, rfa_out_when(age, rfa_facts_str(point, "at", "")), RFA_PLAIN);
	rfa_table_cell(table, rfa_facts_str(point, "run", "-"), RFA_PLAIN);
	rfa_table_cell(table, rfa_buf_str(&promise), RFA_PLAIN);
	rfa_buf_release(&promise);
}

void rfa_points_command(struct rfa_cli *cli, const char *env, const char *stack, const char *point,
			struct rfa_buf *into)
{
	struct rfa_error ignored;
	json_t *known = NULL;
	char path[400];

	rfa_buf_printf(into, "rfa rollback %s --env %s --to %s", stack, env, point);
	snprintf(path, sizeof(path), "points/%.100s/%.100s/%.100s.json", env, stack, point);
	/* What the ledger does not tell, the gates of that rollback do. */
	if (!rfa_catalog_find(cli->ledger, path, &known, &ignored) &&
	    json_object_get(known, "images") && json_object_get(known, "backup") &&
	    rfa_catalog_needs_data(cli->ledger, env, stack, known, &ignored) > 0)
		rfa_buf_puts(into, " --with-database");
	json_decref(known);
}

static void say_way_back(struct rfa_cli *cli, const char *env, const char *stack,
			 const json_t *point)
{
	struct rfa_buf command = RFA_BUF_INIT(4096);

	rfa_points_command(cli, env, stack, rfa_facts_str(point, "name", ""), &command);
	rfa_out_note(&cli->out, "\nto go back: %s", rfa_buf_str(&command));
	rfa_buf_release(&command);
}

int rfa_points_show(struct rfa_cli *cli, const char *env, const char *stack, struct rfa_error *err)
{
	static const char *const heads[] = { "point",  "kind",        "age", "made",
					     "by run", "brings back", NULL };
	struct rfa_table table;
	json_t *points = NULL, *point;
	size_t i;

	int rc = rfa_cli_ledger(cli, err);
	if (rc == 0)
		rc = rfa_catalog_points(cli->ledger, env, stack, &points, err);
	if (rc < 0)
		return rc;
	rfa_table_init(&table, heads);
	json_array_foreach (points, i, point) {
		/* Points that were made before there was data say nothing of their kind. */
		if (!json_object_get(point, "kind"))
			json_object_set_new(point, "kind", json_string("images"));
		add_row(cli, &table, point);
	}
	if (cli->out.json) {
		rc = rfa_out_json(&cli->out, points, err);
	} else if (json_array_size(points) == 0) {
		rfa_out_say(&cli->out, "%s on %s has no rollback point yet: a run makes one", stack,
			    env);
	} else {
		rc = rfa_table_print(&cli->out, &table, err);
		say_way_back(cli, env, stack, json_array_get(points, 0));
	}
	rfa_table_release(&table);
	json_decref(points);
	return rc;
}
