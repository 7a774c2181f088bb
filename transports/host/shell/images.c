/* Changes of images, each as a job: tag, untag, load, and the export into the spool. */
#include "transports/host/shell/shell.h"

#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "transports/host/archive.h"

/* Index of a saved file: a header is 2 KiB of text. */
#define INDEX_MAX (16u << 20)
/* Files up to this size are fetched together, up to this many bytes in all. */
#define SMALL_FILE 65536u
#define SMALL_FILES (4u << 20)
#define RANGES_MAX 1024u

static int failed(struct shell_host *h, const struct shell_answer *answer, const char *kind,
		  const char *name, struct rfa_error *err)
{
	struct rfa_buf what = RFA_BUF_INIT(1024);
	int rc;

	(void)rfa_buf_printf(&what, "%s ", kind);
	(void)rfa_buf_put_printable(&what, name, strlen(name), 120);
	rc = rfa_shell_host_fail_docker(h, answer, rfa_buf_str(&what), err);
	rfa_buf_release(&what);
	return rc;
}

int rfa_shell_image_tag(struct rfa_host *host, const struct rfa_job_key *key, const char *image,
			const char *ref, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	const char *args[] = { image, ref, NULL };
	struct shell_call program = { rfa_script_image_tag, args, NULL, 0 };
	int rc = rfa_shell_host_job(h, key, &program, &answer, err);

	if (rc == 0 && answer.status != 0)
		rc = failed(h, &answer, "image", image, err);
	rfa_shell_answer_release(&answer);
	return rc;
}

/* A reference without a tag could be taken for the beginning of an id, which is another image. */
static int whole_ref(struct rfa_buf *out, const char *ref, struct rfa_error *err)
{
	const char *slash = strrchr(ref, '/');

	(void)rfa_buf_puts(out, ref);
	if (!strpbrk(slash ? slash : ref, ":@"))
		(void)rfa_buf_puts(out, ":latest");
	return rfa_buf_check(out, err);
}

int rfa_shell_image_untag(struct rfa_host *host, const struct rfa_job_key *key, const char *ref,
			  struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct rfa_buf whole = RFA_BUF_INIT(4096);
	const char *args[] = { NULL, NULL };
	struct shell_call program = { rfa_script_image_untag, args, NULL, 0 };
	int rc = whole_ref(&whole, ref, err);

	args[0] = rfa_buf_str(&whole);
	if (rc == 0)
		rc = rfa_shell_host_job(h, key, &program, &answer, err);
	/* Not docker's own NOTFOUND: what is in use names a container, and is a refusal. */
	if (rc == 0 && answer.status != 0)
		rc = rfa_shell_host_fail(h, &answer, "untagging an image", err);
	rfa_buf_release(&whole);
	rfa_shell_answer_release(&answer);
	return rc;
}

int rfa_shell_image_load(struct rfa_host *host, const struct rfa_job_key *key, const char *archive,
			 struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct rfa_buf path = RFA_BUF_INIT(2048);
	const char *args[] = { NULL, NULL };
	struct shell_call program = { rfa_script_image_load, args, NULL, 0 };
	int rc = rfa_shell_archive_path(h, &path, key->run, archive, err);

	args[0] = rfa_buf_str(&path);
	if (rc == 0)
		rc = rfa_shell_host_job(h, key, &program, &answer, err);
	if (rc == 0 && answer.status != 0)
		rc = failed(h, &answer, "archive", archive, err);
	rfa_buf_release(&path);
	rfa_shell_answer_release(&answer);
	return rc;
}

/* Export. */

/* The saved file, as the composition reads it: small files were fetched together beforehand. */
struct saved {
	struct shell_host *h;
	const char *file;
	struct rfa_tar tar;
	struct rfa_buf small; /* their contents, one after the other */
	size_t *at;           /* owned; where each entry's content is in `small`; SIZE_MAX: not */
};

static int read_ranges(struct saved *s, const char *const args[], uint64_t want,
		       struct rfa_buf *out, struct rfa_error *err)
{
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_JSON_MAX);
	struct shell_call call = { rfa_script_image_ranges, args, NULL, 0 };
	int rc = rfa_shell_host_read(s->h, &call, &answer, err);

	if (rc == 0 && answer.status != 0)
		rc = rfa_shell_host_fail(s->h, &answer, "the saved images", err);
	if (rc == 0 && answer.out.len != want)
		rc = rfa_shell_protocol_error(s->h, "a range of the saved images is short", err);
	if (rc == 0) {
		(void)rfa_buf_add(out, answer.out.data, answer.out.len);
		rc = rfa_buf_check(out, err);
	}
	rfa_shell_answer_release(&answer);
	return rc;
}

static int saved_read(void *user, uint64_t offset, size_t size, struct rfa_buf *out,
		      struct rfa_error *err)
{
	struct saved *s = user;
	char from[24], count[24];
	const char *args[] = { s->file, from, count, NULL };
	size_t i;

	for (i = 0; i < s->tar.n; i++)
		if (s->tar.entries[i].offset == offset && s->tar.entries[i].size == size &&
		    s->at[i] != SIZE_MAX) {
			(void)rfa_buf_add(out, s->small.data + s->at[i], size);
			return rfa_buf_check(out, err);
		}
	(void)snprintf(from, sizeof(from), "%llu", (unsigned long long)offset);
	(void)snprintf(count, sizeof(count), "%zu", size);
	return read_ranges(s, args, size, out, err);
}

/* One round trip instead of one for each config and manifest. */
static int fetch_small(struct saved *s, struct rfa_error *err)
{
	char(*numbers)[24] = calloc(2 * RANGES_MAX, sizeof(*numbers));
	const char **args = calloc(2 * RANGES_MAX + 2, sizeof(*args));
	uint64_t total = 0;
	size_t n = 0, i;
	int rc = 0;

	s->at = calloc(s->tar.n + 1, sizeof(*s->at));
	if (!numbers || !args || !s->at) {
		rc = rfa_fail_nomem(err);
		goto done;
	}
	args[0] = s->file;
	for (i = 0; i < s->tar.n; i++) {
		const struct rfa_tar_entry *e = &s->tar.entries[i];

		s->at[i] = SIZE_MAX;
		if (e->type != '0' || e->size == 0 || e->size > SMALL_FILE ||
		    total + e->size > SMALL_FILES || n == RANGES_MAX)
			continue;
		s->at[i] = (size_t)total;
		total += e->size;
		(void)snprintf(numbers[2 * n], sizeof(*numbers), "%llu",
			       (unsigned long long)e->offset);
		(void)snprintf(numbers[2 * n + 1], sizeof(*numbers), "%llu",
			       (unsigned long long)e->size);
		args[2 * n + 1] = numbers[2 * n];
		args[2 * n + 2] = numbers[2 * n + 1];
		n++;
	}
	if (n)
		rc = read_ranges(s, args, total, &s->small, err);
done:
	free(numbers);
	free(args);
	return rc;
}

static int index_saved(struct saved *s, struct rfa_error *err)
{
	struct shell_answer answer = SHELL_ANSWER_INIT(INDEX_MAX);
	char from[24], size[24];
	const char *args[] = { s->file, from, size, NULL };
	struct shell_call call = { rfa_script_tar_index, args, NULL, 0 };
	int again = 1, rc = 0;

	while (rc == 0 && again) {
		(void)snprintf(from, sizeof(from), "%llu", (unsigned long long)s->tar.next);
		(void)snprintf(size, sizeof(size), "%lld", (long long)s->tar.long_size);
		rc = rfa_shell_host_read(s->h, &call, &answer, err);
		if (rc == 0 && answer.status != 0)
			rc = rfa_shell_host_fail(s->h, &answer, "the saved images", err);
		if (rc == 0)
			rc = rfa_tar_index(&s->tar, rfa_buf_str(&answer.out), answer.out.len,
					   &again, err);
	}
	rfa_shell_answer_release(&answer);
	return rc == 0 ? 0 : rfa_error_where(err, "%s", s->h->host.name);
}

/* Puts frame and segments beside the saved file: from then on the host can answer by itself. */
static int put(struct shell_host *h, const char *dir, const struct rfa_archive *archive,
	       struct rfa_error *err)
{
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct rfa_buf segments = RFA_BUF_INIT(SHELL_SMALL);
	char bytes[24];
	const char *args[] = { dir, bytes, NULL, NULL };
	struct shell_call call = { rfa_script_image_frame, args, archive->frame.data,
				   archive->frame.len };
	size_t i;
	int rc;

	for (i = 0; i < archive->n; i++)
		(void)rfa_buf_printf(&segments, "%s %llu %llu\n",
				     archive->segments[i].saved ? "save" : "frame",
				     (unsigned long long)archive->segments[i].offset,
				     (unsigned long long)archive->segments[i].size);
	rc = rfa_buf_check(&segments, err);
	args[2] = rfa_buf_str(&segments);
	(void)snprintf(bytes, sizeof(bytes), "%zu", archive->frame.len);
	/* Writes the same bytes to the same place every time, so it may be asked for again. */
	if (rc == 0)
		rc = rfa_shell_host_read(h, &call, &answer, err);
	if (rc == 0 && answer.status != 0)
		rc = rfa_shell_host_fail(h, &answer, "composing an archive", err);
	rfa_buf_release(&segments);
	rfa_shell_answer_release(&answer);
	return rc;
}

static int compose(struct shell_host *h, const char *dir, const json_t *request, json_t **out,
		   struct rfa_error *err)
{
	struct saved s = { .h = h, .tar = RFA_TAR_INIT, .small = RFA_BUF_INIT(SMALL_FILES) };
	struct rfa_archive_source source = { &s.tar, saved_read, &s, h->os, h->arch };
	struct rfa_archive archive = { .n = 0 };
	struct rfa_buf file = RFA_BUF_INIT(2048);
	int rc;

	(void)rfa_buf_printf(&file, "%s/save", dir);
	rc = rfa_buf_check(&file, err);
	s.file = rfa_buf_str(&file);
	if (rc == 0)
		rc = index_saved(&s, err);
	if (rc == 0)
		rc = fetch_small(&s, err);
	if (rc == 0)
		rc = rfa_archive_compose(&archive, &source, request, err);
	if (rc == 0)
		rc = put(h, dir, &archive, err);
	if (rc == 0) {
		*out = json_pack(
		    "{s:s, s:I, s:I, s:I, s:I}", "archive", rfa_facts_str(request, "name", ""),
		    "bytes", (json_int_t)archive.bytes, "layers", (json_int_t)archive.layers,
		    "omitted", (json_int_t)archive.omitted, "saved", (json_int_t)s.tar.file_size);
		rc = *out ? 0 : rfa_fail_nomem(err);
	}
	rfa_archive_release(&archive);
	rfa_tar_release(&s.tar);
	rfa_buf_release(&s.small);
	rfa_buf_release(&file);
	free(s.at);
	return rc == 0 ? 0 : rfa_error_where(err, "%s", h->host.name);
}

/* What the program that saves is called with. */
struct saving {
	struct rfa_buf dir, store, root, omit;
	const char **args; /* owned */
};
#define SAVE_FIXED 4

/* If layers may be left out, the program needs to know where the engine has them. */
static int save_from(struct shell_host *h, struct saving *s, const json_t *request,
		     struct rfa_error *err)
{
	const json_t *omit = json_object_get(request, "omit");
	size_t i;
	int rc = 0;

	for (i = 0; i < json_array_size(omit); i++)
		(void)rfa_buf_printf(&s->omit, "%s%s", i ? " " : "",
				     json_string_value(json_array_get(omit, i)));
	if (json_array_size(omit))
		rc = rfa_shell_host_store(h, &s->store, &s->root, err);
	return rc ? rc : rfa_buf_check(&s->omit, err);
}

/* The ids of the request, each once, behind the rest. */
static int save_args(struct saving *s, const json_t *request, struct rfa_error *err)
{
	const json_t *images = json_object_get(request, "images");
	size_t n = json_array_size(images), i, k, have = SAVE_FIXED;
	const char **list = calloc(n + SAVE_FIXED + 1, sizeof(*list));

	if (!list)
		return rfa_fail_nomem(err);
	s->args = list;
	list[0] = rfa_buf_str(&s->dir);
	list[1] = rfa_buf_str(&s->store);
	list[2] = rfa_buf_str(&s->root);
	list[3] = rfa_buf_str(&s->omit);
	for (i = 0; i < n; i++) {
		const char *id = rfa_facts_str(json_array_get(images, i), "id", NULL);

		for (k = SAVE_FIXED; id && k < have; k++)
			if (strcmp(list[k], id) == 0)
				id = NULL;
		if (id)
			list[have++] = id;
	}
	return have > SAVE_FIXED ? 0 : rfa_fail(err, RFA_EINTERNAL, "host", "no images to export");
}

/* Why the engine was asked for all layers, if the host says so. */
static int whole(json_t *out, const struct shell_answer *answer, struct rfa_error *err)
{
	struct rfa_buf why = RFA_BUF_INIT(1024);
	size_t n = answer->out.len;
	int rc = 0;

	while (n && answer->out.data[n - 1] == '\n')
		n--;
	if (n) {
		(void)rfa_buf_put_printable(&why, answer->out.data, n, 300);
		rc = rfa_buf_check(&why, err);
		if (rc == 0 && json_object_set_new(out, "whole", json_string(rfa_buf_str(&why))))
			rc = rfa_fail_nomem(err);
	}
	rfa_buf_release(&why);
	return rc;
}

int rfa_shell_image_export(struct rfa_host *host, const struct rfa_job_key *key,
			   const json_t *request, json_t **out, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct saving s = { RFA_BUF_INIT(2048), RFA_BUF_INIT(256), RFA_BUF_INIT(4096),
			    RFA_BUF_INIT(SHELL_SMALL), NULL };
	struct shell_call program = { rfa_script_image_save, NULL, NULL, 0 };
	const char *name = rfa_facts_str(request, "name", "");
	json_t *made = NULL;
	int rc = rfa_shell_archive_path(h, &s.dir, key->run, name, err);

	if (rc == 0)
		rc = save_from(h, &s, request, err);
	if (rc == 0)
		rc = save_args(&s, request, err);
	if (rc == 0)
		rc = rfa_shell_host_know(h, NULL, err);
	program.args = s.args;
	if (rc == 0)
		rc = rfa_shell_host_job(h, key, &program, &answer, err);
	if (rc == 0 && answer.status != 0)
		rc = failed(h, &answer, "saving images for", name, err);
	if (rc == 0)
		rc = compose(h, rfa_buf_str(&s.dir), request, &made, err);
	if (rc == 0)
		rc = whole(made, &answer, err);
	if (rc == 0)
		*out = json_incref(made);
	json_decref(made);
	rfa_buf_release(&s.dir);
	rfa_buf_release(&s.store);
	rfa_buf_release(&s.root);
	rfa_buf_release(&s.omit);
	rfa_shell_answer_release(&answer);
	free(s.args);
	return rc;
}
