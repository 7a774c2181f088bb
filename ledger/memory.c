/* The ledger in memory: the same promises but durability, for worlds that run thousands of flows a
 * second. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/digest.h"
#include "fsm/base/facts.h"
#include "ledger/history.h"
#include "ledger/internal.h"
#include "ledger/memory_line.h"
#include "ledger/message.h"
#include "ledger/names.h"

struct entry {
	struct rfa_history *history; /* owned; grows */
	struct rfa_run_head head;
	int64_t ended_ms;
	int driven;
};

struct memory {
	struct rfa_ledger base;
	struct entry **entries; /* owned; in the order in which they began */
	size_t n, cap;
	json_t *files;             /* path: content */
	json_t *points;            /* name: text */
	char head[RFA_DIGEST_HEX]; /* a digest of all that was ever written */
	json_t *heads;             /* those that a BEGIN or an END has left: names of an object */
	char id[RFA_LEDGER_ID_MAX];
	struct rfa_memory_line line; /* the ENDs, and who was told of them */
};

struct memory_run {
	struct rfa_ledger_run base;
	struct entry *entry; /* borrowed */
};

static struct entry *find(const struct memory *memory, const char *run)
{
	for (size_t i = memory->n; i > 0; i--)
		if (!strcmp(memory->entries[i - 1]->head.run, run))
			return memory->entries[i - 1];
	return NULL;
}

/* head = SHA-256(head, message): two ledgers with one head were told the same. */
static int chain(struct memory *memory, const struct rfa_run_head *head,
		 const struct rfa_record *record, const char *subject, struct rfa_error *err)
{
	struct rfa_buf line = RFA_BUF_INIT(4096);
	struct rfa_buf text = RFA_BUF_INIT(2 * RFA_LEDGER_MAX_TEXT);
	struct rfa_message message = { 0 };
	int rc;

	message.head = *head;
	message.record = *record;
	message.format = RFA_LEDGER_FORMAT;
	rfa_buf_printf(&text, "%s\n", memory->head);
	rc = rfa_message_subject(&line, head, NULL, subject, err);
	if (!rc)
		rc = rfa_message_encode(&text, &message, rfa_buf_str(&line), err);
	if (!rc)
		rfa_digest_of(RFA_SHA256, text.data, text.len, memory->head);
	rfa_buf_release(&line);
	rfa_buf_release(&text);
	return rc;
}

static int moved(struct memory *memory, struct rfa_error *err)
{
	return rfa_facts_set(memory->heads, memory->head, json_true(), err);
}

/* A deep copy of the record, at the end of the run's history. */
static int keep(struct entry *entry, const struct rfa_record *record, struct rfa_error *err)
{
	struct rfa_record copy = *record;
	int rc;

	copy.facts = NULL;
	if (json_object_size(record->facts)) {
		copy.facts = rfa_facts_copy(record->facts);
		if (!copy.facts)
			return rfa_fail_nomem(err);
	}
	rc = rfa_history_add(entry->history, &copy, err);
	rfa_record_release(&copy);
	return rc;
}

/* What could not be written whole was not written. */
static void take_back(struct entry *entry, size_t records)
{
	struct rfa_history *history = entry->history;

	while (history->n > records)
		rfa_record_release(&history->records[--history->n]);
}

static void memory_free(struct rfa_ledger *ledger)
{
	struct memory *memory = (struct memory *)ledger;

	for (size_t i = 0; i < memory->n; i++) {
		rfa_history_free(memory->entries[i]->history);
		free(memory->entries[i]);
	}
	free(memory->entries);
	json_decref(memory->files);
	json_decref(memory->points);
	json_decref(memory->heads);
	rfa_memory_line_release(&memory->line);
	rfa_ledger_teardown(&memory->base);
	free(memory);
}

static int new_run(struct memory *memory, struct entry *entry, struct rfa_ledger_run **out,
		   struct rfa_error *err)
{
	struct memory_run *run = calloc(1, sizeof(*run));

	if (!run)
		return rfa_fail_nomem(err);
	run->base.ledger = &memory->base;
	run->base.head = entry->head;
	run->base.next = (uint32_t)entry->history->n;
	run->entry = entry;
	entry->driven = 1;
	*out = &run->base;
	return 0;
}

static int add_entry(struct memory *memory, struct entry *entry, struct rfa_error *err)
{
	if (memory->n == memory->cap) {
		size_t cap = memory->cap ? memory->cap * 2 : 16;
		struct entry **more = realloc(memory->entries, cap * sizeof(*more));

		if (!more)
			return rfa_fail_nomem(err);
		memory->entries = more;
		memory->cap = cap;
	}
	memory->entries[memory->n++] = entry;
	return 0;
}

static int check_free(const struct memory *memory, const struct rfa_run_head *head, char *blocker,
		      struct rfa_error *err)
{
	if (find(memory, head->run))
		return rfa_fail(err, RFA_EEXISTS, "ledger", "there is a run %s already", head->run);
	for (size_t i = 0; i < memory->n; i++) {
		const struct entry *other = memory->entries[i];
		int is_same = *head->once && !strcmp(other->head.once, head->once);

		if ((other->history->final != RFA_FINAL_NONE && !is_same) ||
		    strcmp(other->head.stack, head->stack) != 0 ||
		    strcmp(other->head.env, head->env) != 0)
			continue;
		if (blocker)
			rfa_copy(blocker, RFA_RUN_ID_MAX, other->head.run);
		if (other->history->final != RFA_FINAL_NONE)
			return rfa_fail_once(err, other->head.run);
		rfa_fail(err, RFA_ELOCKED, "ledger", "run %s (%s of %s in %s) has not ended: %s",
			 other->head.run, other->head.flow, head->stack, head->env,
			 other->driven ? "a process drives it now" : "it was interrupted");
		return rfa_error_hint(err,
				      other->driven ? "wait for it: rfa show %s" : "rfa resume %s",
				      other->head.run);
	}
	return 0;
}

static int memory_begin(struct rfa_ledger *ledger, const struct rfa_run_head *head,
			const json_t *plan, struct rfa_ledger_run **out, char *blocker,
			struct rfa_error *err)
{
	struct memory *memory = (struct memory *)ledger;
	struct rfa_record record = { .kind = RFA_RECORD_BEGIN };
	struct entry *entry;
	int rc = check_free(memory, head, blocker, err);

	if (rc)
		return rc;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return rfa_fail_nomem(err);
	entry->head = *head;
	record.wall_ms = ledger->clock->wall_ms(ledger->clock);
	rc = rfa_history_new(&entry->history, err);
	if (rc)
		goto fail;
	rfa_history_head(entry->history, head);
	snprintf(entry->history->author, sizeof(entry->history->author), "%.60s <%.60s>",
		 ledger->author_name, ledger->author_email);
	entry->history->plan = rfa_facts_copy(plan);
	rc = plan && !entry->history->plan ? rfa_fail_nomem(err) : 0;
	if (!rc)
		rc = rfa_facts_digest(plan, entry->history->plan_sha256, err);
	if (!rc)
		rc = keep(entry, &record, err);
	if (!rc)
		rc = chain(memory, head, &record, entry->history->plan_sha256, err);
	if (!rc)
		rc = moved(memory, err);
	if (!rc)
		rc = add_entry(memory, entry, err);
	if (!rc) {
		rc = new_run(memory, entry, out, err);
		memory->n -= rc != 0;
	}
fail:
	if (rc) {
		rfa_history_free(entry->history);
		free(entry);
	}
	return rc;
}

static int memory_attach(struct rfa_ledger *ledger, const char *id, struct rfa_ledger_run **out,
			 struct rfa_error *err)
{
	struct memory *memory = (struct memory *)ledger;
	struct entry *entry = find(memory, id);

	if (!entry)
		return rfa_fail(err, RFA_ENOTFOUND, "ledger", "there is no run %s", id);
	if (entry->history->final != RFA_FINAL_NONE)
		return rfa_fail(err, RFA_EEXISTS, "ledger", "run %s has ended", id);
	if (entry->driven)
		return rfa_fail(err, RFA_ELOCKED, "ledger", "run %s is held by this process", id);
	return new_run(memory, entry, out, err);
}

static int check_next(const struct rfa_ledger_run *run, const struct rfa_record *record,
		      struct rfa_error *err)
{
	if (record->seq != run->next)
		return rfa_fail(err, RFA_ESTALE, "ledger",
				"run %s: record %u was offered where %u is next", run->head.run,
				(unsigned)record->seq, (unsigned)run->next);
	return 0;
}

static int memory_append(struct rfa_ledger_run *base, const struct rfa_record *record,
			 const char *subject, struct rfa_error *err)
{
	struct memory_run *run = (struct memory_run *)base;
	size_t before = run->entry->history->n;
	int rc = check_next(base, record, err);

	if (!rc)
		rc = keep(run->entry, record, err);
	if (!rc)
		rc = chain((struct memory *)base->ledger, &base->head, record, subject, err);
	if (!rc)
		base->next++;
	else
		take_back(run->entry, before);
	return rc;
}

static int set_file(json_t *files, const char *path, const char *content, size_t len,
		    struct rfa_error *err)
{
	return rfa_facts_set(files, path, json_stringn_nocheck(content, len), err);
}

static int append_file(json_t *files, const struct rfa_ledger_file *file, const char *run,
		       struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(RFA_LEDGER_MAX_TEXT);
	json_t *old = json_object_get(files, file->path);
	char aside[RFA_LEDGER_PATH_MAX];
	int rc = 0;

	if (json_string_length(old) >= RFA_LEDGER_ROTATE_BYTES) {
		rfa_path_rotated(file->path, run, aside);
		rc = rfa_facts_set(files, aside, json_incref(old), err);
	} else if (old) {
		rfa_buf_add(&text, json_string_value(old), json_string_length(old));
	}
	rfa_buf_add(&text, file->content, file->len);
	if (!rc)
		rc = rfa_buf_check(&text, err);
	if (!rc)
		rc = set_file(files, file->path, rfa_buf_str(&text), text.len, err);
	rfa_buf_release(&text);
	return rc;
}

/* All of END in a copy of the files, which then takes their place: wholly there or not at all. */
static int write_files(const struct memory *memory, const struct rfa_run_head *head,
		       const struct rfa_ledger_end *end, json_t **out, struct rfa_error *err)
{
	json_t *files = rfa_facts_copy_shallow(memory->files);
	char path[RFA_LEDGER_PATH_MAX];
	int rc = files ? 0 : rfa_fail_nomem(err);

	for (size_t i = 0; !rc && i < end->n_files; i++) {
		const struct rfa_ledger_file *file = &end->files[i];
		const char *is = json_string_value(json_object_get(files, file->path));

		if (file->was && strcmp(file->was, is ? is : "") != 0)
			rc = rfa_fail(err, RFA_EEXISTS, "ledger",
				      "%s was written by another run meanwhile", file->path);
		else if (!file->content)
			json_object_del(files, file->path);
		else if (file->append)
			rc = append_file(files, file, head->run, err);
		else
			rc = set_file(files, file->path, file->content, file->len, err);
	}
	rfa_path_of_run(head->run, ".json", path);
	if (!rc)
		rc = set_file(files, path, end->summary, strlen(end->summary), err);
	if (rc)
		json_decref(files);
	else
		*out = files;
	return rc;
}

static int memory_end(struct rfa_ledger_run *base, const struct rfa_record *record,
		      const char *subject, const struct rfa_ledger_end *end, struct rfa_error *err)
{
	struct memory *memory = (struct memory *)base->ledger;
	struct memory_run *run = (struct memory_run *)base;
	size_t before = run->entry->history->n;
	json_t *files = NULL;
	json_t *summary = NULL;
	int rc;

	if (base->ended)
		return 0; /* asked again after a fault behind the fact */
	rc = check_next(base, record, err);
	if (!rc)
		rc = rfa_facts_parse(&summary, end->summary, strlen(end->summary), "the summary",
				     err);
	if (!rc)
		rc = write_files(memory, &base->head, end, &files, err);
	if (!rc && end->point)
		rc = rfa_facts_set(memory->points, end->point,
				   json_string(end->point_message ? end->point_message : ""), err);
	if (!rc)
		rc = keep(run->entry, record, err);
	if (!rc)
		rc = chain(memory, &base->head, record, subject, err);
	if (!rc)
		rc = moved(memory, err);
	if (!rc)
		rc = rfa_memory_line_add(&memory->line, memory->head, &base->head, record, err);
	if (rc) {
		take_back(run->entry, before);
		if (end->point)
			json_object_del(memory->points, end->point);
		json_decref(files);
		json_decref(summary);
		return rc;
	}
	json_decref(memory->files);
	memory->files = files;
	run->entry->history->final = end->final;
	run->entry->history->summary = summary;
	run->entry->ended_ms = record->wall_ms;
	base->ended = 1;
	return 0;
}

static void memory_detach(struct rfa_ledger_run *base)
{
	struct memory_run *run = (struct memory_run *)base;

	run->entry->driven = 0;
	free(run);
}

static int memory_load(struct rfa_ledger *ledger, const char *id, struct rfa_history **out,
		       struct rfa_error *err)
{
	const struct entry *entry = find((struct memory *)ledger, id);
	struct rfa_history *copy = NULL;
	const struct rfa_history *from;
	struct entry shell = { 0 };
	int rc;

	if (!entry)
		return rfa_fail(err, RFA_ENOTFOUND, "ledger", "there is no run %s", id);
	from = entry->history;
	rc = rfa_history_new(&copy, err);
	if (rc)
		return rc;
	rfa_history_head(copy, &entry->head);
	rfa_copy(copy->author, sizeof(copy->author), from->author);
	rfa_copy(copy->plan_sha256, sizeof(copy->plan_sha256), from->plan_sha256);
	copy->final = from->final;
	copy->alive = entry->driven && from->final == RFA_FINAL_NONE;
	copy->plan = rfa_facts_copy(from->plan);
	copy->summary = rfa_facts_copy(from->summary);
	if ((from->plan && !copy->plan) || (from->summary && !copy->summary))
		rc = rfa_fail_nomem(err);
	shell.history = copy;
	for (size_t i = 0; !rc && i < from->n; i++)
		rc = keep(&shell, &from->records[i], err);
	if (!rc)
		rc = rfa_history_check(copy, err);
	if (rc)
		rfa_history_free(copy);
	else
		*out = copy;
	return rc;
}

static int newest_first(const void *a, const void *b)
{
	return strcmp((*(struct entry *const *)b)->head.run, (*(struct entry *const *)a)->head.run);
}

static void make_line(const struct entry *entry, struct rfa_ledger_line *line)
{
	const struct rfa_record *last = &entry->history->records[entry->history->n - 1];

	memset(line, 0, sizeof(*line));
	rfa_copy(line->run, sizeof(line->run), entry->head.run);
	rfa_copy(line->flow, sizeof(line->flow), entry->head.flow);
	rfa_copy(line->stack, sizeof(line->stack), entry->head.stack);
	rfa_copy(line->env, sizeof(line->env), entry->head.env);
	rfa_copy(line->from, sizeof(line->from), entry->head.from);
	rfa_copy(line->author, sizeof(line->author), entry->history->author);
	line->final = entry->history->final;
	line->begun_ms = entry->history->records[0].wall_ms;
	line->ended_ms = entry->ended_ms;
	if (line->final != RFA_FINAL_NONE)
		return;
	line->alive = entry->driven;
	rfa_copy(line->state, sizeof(line->state), rfa_state_word(last->state));
	rfa_copy(line->step, sizeof(line->step), last->opens[0] ? last->opens : last->step);
}

static int memory_list(struct rfa_ledger *ledger, const struct rfa_ledger_filter *filter,
		       int (*each)(void *, const struct rfa_ledger_line *), void *user,
		       struct rfa_error *err)
{
	const struct memory *memory = (struct memory *)ledger;
	struct entry **sorted;
	size_t shown = 0;

	if (!memory->n)
		return 0;
	sorted = malloc(memory->n * sizeof(*sorted));
	if (!sorted)
		return rfa_fail_nomem(err);
	memcpy(sorted, memory->entries, memory->n * sizeof(*sorted));
	qsort(sorted, memory->n, sizeof(*sorted), newest_first);
	for (size_t i = 0; i < memory->n && shown < filter->limit; i++) {
		const struct entry *entry = sorted[i];
		struct rfa_ledger_line line;

		if ((filter->stack && strcmp(filter->stack, entry->head.stack) != 0) ||
		    (filter->env && strcmp(filter->env, entry->head.env) != 0) ||
		    (filter->open_only && entry->history->final != RFA_FINAL_NONE))
			continue;
		make_line(entry, &line);
		shown++;
		if (each(user, &line))
			break;
	}
	free(sorted);
	return 0;
}

static int memory_read(struct rfa_ledger *ledger, const char *path, struct rfa_buf *out,
		       struct rfa_error *err)
{
	const json_t *file = json_object_get(((struct memory *)ledger)->files, path);

	if (!file)
		return rfa_fail(err, RFA_ENOTFOUND, "ledger", "the ledger has no file %s", path);
	rfa_buf_add(out, json_string_value(file), json_string_length(file));
	return rfa_buf_check(out, err);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int memory_names(struct rfa_ledger *ledger, const char *folder, json_t *out,
			struct rfa_error *err)
{
	json_t *files = ((struct memory *)ledger)->files;
	size_t len = strlen(folder);
	json_t *seen = json_object();
	const char **names;
	const char *path;
	json_t *content;
	size_t n = 0;
	int rc = 0;

	json_object_foreach (files, path, content) {
		const char *name = path + len + 1;
		size_t part;

		if (strncmp(path, folder, len) != 0 || path[len] != '/')
			continue;
		part = strcspn(name, "/");
		if (json_object_setn_new(seen, name, part, json_true()))
			rc = rfa_fail_nomem(err);
	}
	names = malloc((json_object_size(seen) + 1) * sizeof(*names));
	if (!names)
		rc = rfa_fail_nomem(err);
	if (!rc) {
		json_object_foreach (seen, path, content)
			names[n++] = path;
		if (n)
			qsort(names, n, sizeof(*names), by_text);
		for (size_t i = 0; !rc && i < n; i++)
			if (json_array_append_new(out, json_string(names[i])))
				rc = rfa_fail_nomem(err);
	}
	free(names);
	json_decref(seen);
	return rc;
}

static int memory_head(struct rfa_ledger *ledger, char out[65], struct rfa_error *err)
{
	(void)err;
	rfa_copy(out, 65, ((struct memory *)ledger)->head);
	return 0;
}

static int memory_id(struct rfa_ledger *ledger, char out[65], struct rfa_error *err)
{
	(void)err;
	rfa_copy(out, 65, ((struct memory *)ledger)->id);
	return 0;
}

static int memory_knows(struct rfa_ledger *ledger, const char *head, int *known,
			struct rfa_error *err)
{
	const struct memory *memory = (struct memory *)ledger;

	(void)err;
	*known = !strcmp(head, memory->head) || json_object_get(memory->heads, head) != NULL;
	return 0;
}

static int memory_verify(struct rfa_ledger *ledger,
			 int (*legal)(void *, const struct rfa_history *, struct rfa_error *),
			 void (*each)(void *, const struct rfa_ledger_finding *), void *user,
			 struct rfa_error *err)
{
	const struct memory *memory = (struct memory *)ledger;
	struct rfa_ledger_finding finding;
	struct rfa_error why;
	size_t found = 0;

	for (size_t i = 0; i < memory->n; i++) {
		const struct rfa_history *history = memory->entries[i]->history;

		rfa_error_clear(&why);
		if (!rfa_history_check(history, &why) && (!legal || !legal(user, history, &why)))
			continue;
		found++;
		rfa_copy(finding.run, sizeof(finding.run), history->run);
		rfa_copy(finding.what, sizeof(finding.what), why.msg);
		if (each)
			each(user, &finding);
	}
	return found ? rfa_fail(err, RFA_ECORRUPT, "ledger", "%zu findings", found) : 0;
}

static int memory_channel_read(struct rfa_ledger *ledger, const char *name,
			       struct rfa_ledger_channel *out, struct rfa_error *err)
{
	return rfa_memory_line_read(&((struct memory *)ledger)->line, name, out, err);
}

static int memory_channel_move(struct rfa_ledger *ledger, const char *name,
			       const struct rfa_ledger_move *move, struct rfa_error *err)
{
	return rfa_memory_line_move(&((struct memory *)ledger)->line, name, move, err);
}

static int memory_ended(struct rfa_ledger *ledger, const char *at,
			int (*each)(void *, const struct rfa_ledger_ending *), void *user,
			struct rfa_error *err)
{
	return rfa_memory_line_ended(&((struct memory *)ledger)->line, at, each, user, err);
}

static const struct rfa_ledger_ops ops = {
	.free = memory_free,
	.begin = memory_begin,
	.attach = memory_attach,
	.append = memory_append,
	.end = memory_end,
	.detach = memory_detach,
	.load = memory_load,
	.list = memory_list,
	.read = memory_read,
	.names = memory_names,
	.head = memory_head,
	.id = memory_id,
	.knows = memory_knows,
	.channel_read = memory_channel_read,
	.channel_move = memory_channel_move,
	.ended = memory_ended,
	.verify = memory_verify,
};

int rfa_ledger_open_memory(struct rfa_ledger **out, const struct rfa_ledger_options *options,
			   struct rfa_error *err)
{
	struct memory *memory = calloc(1, sizeof(*memory));
	int rc;

	if (!memory)
		return rfa_fail_nomem(err);
	memory->base.ops = &ops;
	memory->files = json_object();
	memory->points = json_object();
	rfa_digest_of(RFA_SHA256, "", 0, memory->head);
	memory->heads = json_object();
	memory->line.channels = json_object();
	rc = memory->line.channels && memory->files && memory->points && memory->heads
		 ? rfa_ledger_setup(&memory->base, options, err)
		 : rfa_fail_nomem(err);
	if (!rc)
		rfa_ledger_new_id(memory->base.clock, memory->id);
	if (rc)
		memory_free(&memory->base);
	else
		*out = &memory->base;
	return rc;
}
