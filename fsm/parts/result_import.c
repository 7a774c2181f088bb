/* How runs end that have imported a history: its lines, and what was marked as verified. */
#include <stdio.h>

#include "fsm/parts/outputs.h"

static const json_t *lines_of(const struct rfa_outputs *o)
{
	return rfa_facts_at(o->plan, "options/imported");
}

static void import_version(struct rfa_outputs *o)
{
	size_t n = json_array_size(lines_of(o));

	snprintf(o->version, sizeof(o->version), "%s",
		 rfa_facts_str(o->plan, "options/marked", ""));
	snprintf(o->note, sizeof(o->note), "%zu line%s of %.200s", n, n == 1 ? "" : "s",
		 rfa_facts_str(o->plan, "options/imported_from", ""));
}

/* A file of its own, to which nothing is ever added. */
static int put_lines(struct rfa_outputs *o, struct rfa_error *err)
{
	struct rfa_out_file *f = rfa_outputs_file(o, 1);
	json_t *line;
	size_t i;

	snprintf(f->path, sizeof(f->path), "imported/%s/%s/%s.log", o->env, o->stack, o->run);
	json_array_foreach ((json_t *)(uintptr_t)lines_of(o), i, line)
		rfa_buf_printf(&f->text, "%s\n", json_string_value(line));
	return rfa_buf_check(&f->text, err);
}

static int put_marked(struct rfa_outputs *o, struct rfa_error *err)
{
	const struct rfa_image_list none = { NULL, 0 };
	struct rfa_verification word;

	rfa_record_clear(&rfa_shape_verification, &word);
	word.how = "imported";
	return rfa_outputs_version(o, &none, &word, err);
}

static int import_succeeded(struct rfa_outputs *o, struct rfa_error *err)
{
	int rc = json_array_size(lines_of(o)) ? put_lines(o, err) : 0;

	return rc || !o->version[0] ? rc : put_marked(o, err);
}

const struct rfa_result_ops rfa_result_import = { import_version, import_succeeded, NULL };
