/* Reads rollback points and lists them. */
#include "cli/points.h"

#include <stdlib.h>
#include <string.h>

#include "cli/foretell.h"
#include "cli/known.h"
#include "cli/suggest.h"

int rfa_ledger_json(struct rfa_cli *cli, const char *path, json_t **out, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(RFA_FACTS_MAX_BYTES);
	int rc = rfa_cli_ledger(cli, err);
	if (rc == 0)
		rc = rfa_ledger_read(cli->ledger, path, &text, err);
	if (rc == 0)
		rc = rfa_facts_parse(out, rfa_buf_str(&text), text.len, path, err);
	rfa_buf_release(&text);
	return rc;
}

/* The name without ".json"; NULL: the file is something else. */
static const char *point_name(const json_t *entry, char into[200])
{
	const char *text = json_string_value(entry);
	size_t len = text ? strlen(text) : 0;
	if (len < 6 || len >= 200 || strcmp(text + len - 5, ".json") != 0)
		return NULL;
	snprintf(into, 200, "%.*s", (int)(len - 5), text);
	return into;
}

static int names_of(struct rfa_cli *cli, const char *env, const char *stack, json_t **out,
		    struct rfa_error *err)
{
	char folder[200];
	snprintf(folder, sizeof(folder), "points/%s/%s", env, stack);
	int rc = rfa_cli_ledger(cli, err);
	return rc < 0 ? rc : rfa_ledger_names(cli->ledger, folder, out, err);
}

/* What became of a point that was there once; 1: it was told, in *err. */
static int tell_spent(struct rfa_cli *cli, const char *env, const char *stack, const char *name,
		      const json_t *names, struct rfa_error *err)
{
	static const struct {
		const char *how, *did;
	} fates[] = {
		{ "pruned", "removed its data (rfa prune)" },
		{ "used", "went back to it" },
		{ "gone", "found its data gone" },
	};
	const char *how, *left, *did = "made an end of it";
	json_t *point = NULL, *entry;
	char path[512], one[200], at[RFA_SHORT_MAX];
	struct rfa_error none;
	int back = 0;
	size_t i;

	if (strchr(name, '/') || strlen(name) >= sizeof(one))
		return 0;
	snprintf(path, sizeof(path), "spent/%s/%s/%s.json", env, stack, name);
	if (rfa_ledger_json(cli, path, &point, &none) < 0) {
		rfa_error_clear(&none);
		return 0;
	}
	how = rfa_facts_str(point, "spent/how", "");
	left = rfa_facts_str(point, "spent/left", "");
	for (i = 0; i < sizeof(fates) / sizeof(fates[0]); i++) {
		if (strcmp(fates[i].how, how) == 0)
			did = fates[i].did;
	}
	json_array_foreach ((json_t *)names, i, entry)
		back |= point_name(entry, one) && strcmp(one, left) == 0;
	rfa_fail(err, RFA_ENOTFOUND, "ledger",
		 "the rollback point %s is spent: run %.40s %s at %.30s", name,
		 rfa_facts_str(point, "spent/run", "?"), did,
		 rfa_out_when(at, rfa_facts_str(point, "spent/at", "")));
	if (back)
		rfa_error_mend(err,
			       "what that run replaced is a point itself: rfa rollback %s --env %s "
			       "--to %.100s",
			       stack, env, left);
	else
		rfa_error_mend(
		    err,
		    "`rfa rollback %s --env %s` lists those that are left; a backup: rfa "
		    "restore %s --env %s",
		    stack, env, stack, env);
	json_decref(point);
	return 1;
}

int rfa_points_read(struct rfa_cli *cli, const char *env, const char *stack, const char *name,
		    json_t **out, struct rfa_error *err)
{
	struct rfa_suggestion s = { name, NULL, 0 };
	json_t *names = NULL, *entry;
	char one[200], best[200] = "", path[512];
	struct rfa_buf safe = RFA_BUF_INIT(1024), all = RFA_BUF_INIT(1 << 20);
	int there = 0;
	size_t i;

	int rc = names_of(cli, env, stack, &names, err);
	if (rc < 0)
		return rc;
	json_array_foreach (names, i, entry) {
		if (!point_name(entry, one))
			continue;
		rfa_buf_printf(&all, "%s%s", all.len ? ", " : "", one);
		there |= strcmp(one, name) == 0;
		s.best = best[0] ? best : NULL;
		rfa_suggest_offer(&s, one);
		if (s.best == one)
			snprintf(best, sizeof(best), "%s", one);
	}
	there = there ? 1 : -tell_spent(cli, env, stack, name, names, err);
	json_decref(names);
	if (there < 0) {
		rc = -(int)RFA_ENOTFOUND;
	} else if (there) {
		snprintf(path, sizeof(path), "points/%s/%s/%s.json", env, stack, name);
		rc = rfa_ledger_json(cli, path, out, err);
	} else {
		rc = rfa_fail(err, RFA_ENOTFOUND, "ledger", "%s on %s has no rollback point \"%s\"",
			      stack, env, rfa_out_safe(&safe, name, 80));
		if (best[0])
			rfa_error_mend(err, "did you mean --to %.100s?", best);
		else
			rfa_error_mend(err,
				       "there is: %.300s; `rfa rollback %s --env %s` tells more",
				       all.len ? rfa_buf_str(&all) : "none yet", stack, env);
	}
	rfa_buf_release(&safe);
	rfa_buf_release(&all);
	return rc;
}

/* ISO times sort as text; newest first. */
static int by_age(const void *a, const void *b)
{
	return strcmp(rfa_facts_str(*(json_t *const *)b, "at", ""),
		      rfa_facts_str(*(json_t *const *)a, "at", ""));
}

int rfa_points_list(struct rfa_cli *cli, const char *env, const char *stack, json_t **out,
		    struct rfa_error *err)
{
	json_t *names = NULL, *points = NULL, **list = NULL, *entry;
	char one[200], path[512];
	size_t n = 0, i;

	int rc = names_of(cli, env, stack, &names, err);
	if (rc < 0)
		return rc;
	list = calloc(json_array_size(names) + 1, sizeof(*list));
	points = json_array();
	if (!list || !points)
		rc = rfa_fail_nomem(err);
	for (i = 0; rc == 0 && i < json_array_size(names); i++) {
		entry = json_array_get(names, i);
		if (!point_name(entry, one))
			continue;
		snprintf(path, sizeof(path), "points/%s/%s/%s.json", env, stack, one);
		rc = rfa_ledger_json(cli, path, &list[n], err);
		if (rc == 0)
			rc = rfa_facts_set(list[n++], "name", json_string(one), err);
	}
	if (list)
		qsort(list, n, sizeof(*list), by_age);
	for (i = 0; i < n; i++)
		json_array_append_new(points, list[i]);
	free(list);
	json_decref(names);
	if (rc == 0)
		*out = points;
	else
		json_decref(points);
	return rc;
}

int rfa_point_is_data(const json_t *point)
{
	return strcmp(rfa_facts_str(point, "kind", ""), "data") == 0;
}

int rfa_points_old_data(struct rfa_cli *cli, const char *env, const char *stack, size_t keep,
			json_t **out, struct rfa_error *err)
{
	json_t *all = NULL, *old = json_array(), *point;
	size_t i, n = 0;
	int rc = rfa_points_list(cli, env, stack, &all, err);
	json_array_foreach (all, i, point) {
		if (rfa_point_is_data(point) && n++ >= keep)
			json_array_append(old, point);
	}
	json_decref(all);
	if (rc == 0)
		*out = old;
	else
		json_decref(old);
	return rc;
}

/* "version 2 of web, api"; "the data auth, es". */
static void put_promise(struct rfa_buf *into, const json_t *point)
{
	const json_t *images = json_object_get(point, "images");
	json_t *image;
	size_t i;
	if (rfa_point_is_data(point)) {
		rfa_buf_puts(into, "data: ");
		rfa_foretell_names(into, json_object_get(point, "members"));
		return;
	}
	rfa_buf_printf(into, "version %s", rfa_facts_str(point, "version", "?"));
	json_array_foreach ((json_t *)images, i, image)
		rfa_buf_printf(into, "%s%s", i ? ", " : " of ", rfa_facts_str(image, "key", "?"));
}

static void add_row(struct rfa_cli *cli, struct rfa_table *table, const json_t *point)
{
	struct rfa_buf promise = RFA_BUF_INIT(8192);
	char age[RFA_SHORT_MAX];

	put_promise(&promise, point);
	rfa_table_cell(table, rfa_facts_str(point, "name", ""), RFA_BOLD);
	rfa_table_cell(table, rfa_point_is_data(point) ? "data" : "images", RFA_PLAIN);
	rfa_table_cell(table, rfa_known_age(cli, rfa_facts_str(point, "at", ""), age), RFA_PLAIN);
	rfa_table_cell(table, rfa_out_when(age, rfa_facts_str(point, "at", "")), RFA_PLAIN);
	rfa_table_cell(table, rfa_facts_str(point, "run", "-"), RFA_PLAIN);
	rfa_table_cell(table, rfa_buf_str(&promise), RFA_PLAIN);
	rfa_buf_release(&promise);
}

int rfa_points_show(struct rfa_cli *cli, const char *env, const char *stack, struct rfa_error *err)
{
	static const char *const heads[] = { "point",  "kind",        "age", "made",
					     "by run", "brings back", NULL };
	struct rfa_table table;
	json_t *points = NULL, *point;
	size_t i;

	int rc = rfa_points_list(cli, env, stack, &points, err);
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
		rfa_out_note(&cli->out, "\nto go back: rfa rollback %s --env %s --to %s", stack,
			     env, rfa_facts_str(json_array_get(points, 0), "name", ""));
	}
	rfa_table_release(&table);
	json_decref(points);
	return rc;
}
