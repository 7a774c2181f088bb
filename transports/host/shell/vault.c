/*
 * Backups in a vault: completed, listed, verified, opened, removed. How they are cut into chunks is
 * in shell_chunks.c.
 */
#include "transports/host/shell/shell.h"

#include <stdlib.h>
#include <string.h>

#include "fsm/base/digest.h"
#include "fsm/base/facts.h"

/* Largest manifest that is read; a backup has some members, not thousands. */
#define MANIFEST_MAX (1u << 20)
/* Most problems that are told of one by one. */
#define PROBLEMS_MAX 1000

int rfa_shell_vault_ok(const struct shell_host *h, const char *vault, const char *backup,
		       const char *member, struct rfa_error *err)
{
	int rc = rfa_shell_tree_path(h, vault, err);

	if (rc == 0 && (!rfa_host_name_ok(backup) || backup[0] == '.' ||
			(member && (!rfa_host_name_ok(member) || member[0] == '.'))))
		rc = rfa_fail(err, RFA_EINTERNAL, "host",
			      "a backup's name has characters that no name has");
	return rc;
}

static int job(struct shell_host *h, const struct rfa_job_key *key, const char *const *script,
	       const char *const *args, const char *what, struct shell_answer *answer,
	       struct rfa_error *err)
{
	struct shell_call call = { script, args, NULL, 0 };

	return rfa_shell_tree_job(h, key, &call, what, answer, err);
}

int rfa_shell_vault_seal(struct rfa_host *host, const struct rfa_job_key *key, const char *vault,
			 const char *backup, const char *manifest, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	const char *args[] = { vault, backup, manifest, NULL };
	int rc = rfa_shell_vault_ok(h, vault, backup, NULL, err);

	if (rc == 0 && strlen(manifest) > MANIFEST_MAX)
		rc = rfa_fail(err, RFA_ETOOBIG, "host", "a manifest of more than %u bytes",
			      MANIFEST_MAX);
	if (rc == 0)
		rc = job(h, key, rfa_script_vault_seal, args, "completing a backup", &answer, err);
	rfa_shell_answer_release(&answer);
	return rc;
}

/* Manifests. */

/*
 * "BYTES" and so many bytes and a newline, or "-": *out is new, JSON null for what is no manifest.
 * *text moves behind it; 0 or -1.
 */
static int parse_manifest(const char **text, const char *end, json_t **out)
{
	int64_t bytes = 0;
	json_error_t why;

	*out = NULL;
	if (strncmp(*text, "-\n", 2) == 0) {
		*text += 2;
	} else {
		if (rfa_shell_number(text, &bytes) || bytes > MANIFEST_MAX ||
		    end - *text <= bytes || (*text)[bytes] != '\n')
			return -1;
		*out = json_loadb(*text, (size_t)bytes, JSON_REJECT_DUPLICATES, &why);
		*text += bytes + 1;
		if (*out && !json_is_object(*out)) {
			json_decref(*out);
			*out = NULL;
		}
	}
	if (!*out)
		*out = json_null();
	return 0;
}

static int parse_list(struct shell_host *h, const struct rfa_buf *text, json_t *list,
		      struct rfa_error *err)
{
	const char *p = rfa_buf_str(text), *end = p + text->len;

	while (p < end) {
		size_t n = strcspn(p, " \n");
		char name[129];
		json_t *manifest;

		if (n >= sizeof(name) || p[n] != ' ')
			return rfa_shell_protocol_error(h, "a list of backups", err);
		(void)snprintf(name, sizeof(name), "%.*s", (int)n, p);
		p += n + 1;
		if (!rfa_host_name_ok(name) || parse_manifest(&p, end, &manifest))
			return rfa_shell_protocol_error(h, "a list of backups", err);
		if (json_array_append_new(
			list, json_pack("{s:s, s:o}", "backup", name, "manifest", manifest)))
			return rfa_fail_nomem(err);
	}
	return 0;
}

int rfa_shell_vault_list(struct rfa_host *host, const char *vault, json_t **out,
			 struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_JSON_MAX);
	const char *args[] = { vault, NULL };
	struct shell_call call = { rfa_script_vault_list, args, NULL, 0 };
	json_t *list = json_array();
	int rc = list ? rfa_shell_tree_path(h, vault, err) : rfa_fail_nomem(err);

	if (rc == 0)
		rc = rfa_shell_tree_read(h, &call, "listing backups", &answer, err);
	if (rc == 0)
		rc = parse_list(h, &answer.out, list, err);
	if (rc == 0)
		*out = json_incref(list);
	json_decref(list);
	rfa_shell_answer_release(&answer);
	return rc;
}

/* Verifying. */

struct verdict {
	json_t *members;  /* owned; name: {"bytes","sha256"|null} as the chunks give them */
	json_t *problems; /* owned */
	json_t *manifest; /* owned; may be null */
	int64_t bytes, chunks, untold;
};

static int problem(struct verdict *v, const char *text, size_t len)
{
	struct rfa_buf shown = RFA_BUF_INIT(2048);
	int rc;

	if (json_array_size(v->problems) >= PROBLEMS_MAX) {
		v->untold++;
		return 0;
	}
	(void)rfa_buf_put_printable(&shown, text, len, 400);
	rc = json_array_append_new(v->problems, json_string(rfa_buf_str(&shown)));
	rfa_buf_release(&shown);
	return rc;
}

/* "NAME BYTES SHA-256|- CHUNKS"; 0 or -1. */
static int parse_member(struct verdict *v, const char *p)
{
	size_t n = strcspn(p, " \n");
	int64_t bytes = 0, chunks = 0;
	const char *sum;
	char name[129];
	json_t *one;

	if (n >= sizeof(name) || p[n] != ' ')
		return -1;
	(void)snprintf(name, sizeof(name), "%.*s", (int)n, p);
	p += n + 1;
	if (rfa_shell_number(&p, &bytes))
		return -1;
	sum = p;
	p += sum[0] == '-' ? 1 : rfa_shell_sha256_ok(p) ? 64 : 0;
	if (p == sum || *p++ != ' ' || rfa_shell_number(&p, &chunks) || p[-1] != '\n' ||
	    bytes > INT64_MAX / 4 || chunks > INT32_MAX)
		return -1;
	v->bytes += bytes;
	v->chunks += chunks;
	if (v->bytes > INT64_MAX / 2)
		return -1;
	one = sum[0] == '-'
		  ? json_pack("{s:I, s:n}", "bytes", (json_int_t)bytes, "sha256")
		  : json_pack("{s:I, s:s%}", "bytes", (json_int_t)bytes, "sha256", sum, (size_t)64);
	return json_object_set_new(v->members, name, one);
}

static int parse_verdict(struct shell_host *h, const struct rfa_buf *text, struct verdict *v,
			 struct rfa_error *err)
{
	const char *p = rfa_buf_str(text), *end = p + text->len, *line;

	for (;;) {
		line = p;
		p = strchr(p, '\n');
		if (!p || line[1] != ' ')
			break;
		p++;
		if (line[0] == 'P' && problem(v, line + 2, (size_t)(p - line) - 3))
			return rfa_fail_nomem(err);
		if (line[0] == 'M' && parse_member(v, line + 2))
			break;
		if (line[0] == 'J') {
			line += 2;
			if (parse_manifest(&line, end, &v->manifest) || line != end)
				break;
			return 0;
		}
		if (line[0] != 'P' && line[0] != 'M')
			break;
	}
	return rfa_shell_protocol_error(h, "a verdict on a backup", err);
}

/* What the manifest says of its members against what their chunks give; 0 or -1. */
static int compare(struct verdict *v)
{
	json_t *said, *is, *seen = json_object();
	struct rfa_buf text = RFA_BUF_INIT(4096);
	const char *name;
	size_t i;
	int rc = seen ? 0 : -1;

	json_array_foreach (json_object_get(v->manifest, "members"), i, said) {
		const char *sum;

		name = rfa_facts_str(said, "name", "");
		is = json_object_get(v->members, name);
		sum = rfa_facts_str(is, "sha256", NULL);
		rfa_buf_clear(&text);
		if (!is)
			(void)rfa_buf_printf(&text, "member %s is missing", name);
		else if (rfa_facts_int(said, "bytes", -1) != rfa_facts_int(is, "bytes", -2))
			(void)rfa_buf_printf(&text, "member %s has %lld bytes instead of %lld",
					     name, (long long)rfa_facts_int(is, "bytes", 0),
					     (long long)rfa_facts_int(said, "bytes", -1));
		/* What is wrong with its chunks was said already. */
		else if (sum && strcmp(sum, rfa_facts_str(said, "sha256", "")) != 0)
			(void)rfa_buf_printf(&text, "member %s is not what the manifest says",
					     name);
		if (text.len)
			rc |= problem(v, text.data, text.len);
		rc |= json_object_set_new(seen, name, json_true());
	}
	json_object_foreach (v->members, name, is) {
		if (json_object_get(seen, name))
			continue;
		rfa_buf_clear(&text);
		(void)rfa_buf_printf(&text, "member %s is not in the manifest", name);
		rc |= problem(v, text.data, text.len);
	}
	json_decref(seen);
	rfa_buf_release(&text);
	return rc;
}

static int conclude(struct verdict *v, json_t **out, struct rfa_error *err)
{
	static const char none[] = "manifest.json is missing or cannot be read";
	char more[64];
	int rc = json_is_object(v->manifest) ? compare(v) : problem(v, none, sizeof(none) - 1);

	if (!rc && v->untold) {
		(void)snprintf(more, sizeof(more), "and %lld more", (long long)v->untold);
		rc = json_array_append_new(v->problems, json_string(more));
	}
	if (!rc)
		*out = json_pack("{s:b, s:I, s:I, s:O}", "ok", json_array_size(v->problems) == 0,
				 "bytes", (json_int_t)v->bytes, "chunks", (json_int_t)v->chunks,
				 "problems", v->problems);
	return !rc && *out ? 0 : rfa_fail_nomem(err);
}

int rfa_shell_vault_verify(struct rfa_host *host, const struct rfa_job_key *key, const char *vault,
			   const char *backup, json_t **out, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_JSON_MAX / 2);
	const char *args[] = { vault, backup, NULL };
	struct verdict v = { .members = json_object(), .problems = json_array() };
	int rc = v.members && v.problems ? 0 : rfa_fail_nomem(err);

	if (rc == 0)
		rc = rfa_shell_vault_ok(h, vault, backup, NULL, err);
	if (rc == 0)
		rc = job(h, key, rfa_script_vault_verify, args, "verifying a backup", &answer, err);
	if (rc == 0)
		rc = parse_verdict(h, &answer.out, &v, err);
	if (rc == 0)
		rc = conclude(&v, out, err);
	json_decref(v.members);
	json_decref(v.problems);
	json_decref(v.manifest);
	rfa_shell_answer_release(&answer);
	return rc;
}

/* Opening and removing. */

/* What the manifest says of a member. *bytes, sum[65]. */
static int expect(struct shell_host *h, const char *vault, const char *backup, const char *member,
		  int64_t *bytes, char *sum, struct rfa_error *err)
{
	json_t *list = NULL, *one, *said;
	size_t i, k;
	int rc = rfa_shell_vault_list(&h->host, vault, &list, err), found = 0;

	json_array_foreach (list, i, one) {
		if (strcmp(rfa_facts_str(one, "backup", ""), backup) != 0)
			continue;
		json_array_foreach (rfa_facts_at(one, "manifest/members"), k, said) {
			if (strcmp(rfa_facts_str(said, "name", ""), member) != 0)
				continue;
			*bytes = rfa_facts_int(said, "bytes", -1);
			(void)snprintf(sum, RFA_DIGEST_HEX, "%s",
				       rfa_facts_str(said, "sha256", ""));
			found = 1;
		}
	}
	json_decref(list);
	if (rc == 0 && !found) {
		(void)rfa_fail(err, RFA_ENOTFOUND, "host",
			       "no complete backup %s with a member %s is there", backup, member);
		return rfa_error_where(err, "%s", h->host.name);
	}
	return rc;
}

int rfa_shell_vault_open(struct rfa_host *host, const struct rfa_job_key *key, const char *vault,
			 const char *backup, const char *member, const char *archive, json_t **out,
			 struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct rfa_buf path = RFA_BUF_INIT(2048);
	char size[24], sum[RFA_DIGEST_HEX] = "";
	const char *args[] = { vault, backup, member, NULL, size, sum, NULL };
	int64_t bytes = 0;
	int rc = rfa_shell_vault_ok(h, vault, backup, member, err);

	if (rc == 0)
		rc = rfa_shell_archive_path(h, &path, key->run, archive, err);
	if (rc == 0)
		rc = expect(h, vault, backup, member, &bytes, sum, err);
	(void)snprintf(size, sizeof(size), "%lld", (long long)bytes);
	args[3] = rfa_buf_str(&path);
	if (rc == 0)
		rc = job(h, key, rfa_script_vault_open, args, "opening a backup", &answer, err);
	if (rc == 0)
		rc = rfa_shell_tree_archive(h, archive, rfa_buf_str(&answer.out), out, err);
	rfa_buf_release(&path);
	rfa_shell_answer_release(&answer);
	return rc;
}

int rfa_shell_vault_remove(struct rfa_host *host, const struct rfa_job_key *key, const char *vault,
			   const char *backup, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	const char *args[] = { vault, backup, NULL };
	int rc = rfa_shell_vault_ok(h, vault, backup, NULL, err);

	if (rc == 0)
		rc = job(h, key, rfa_script_vault_remove, args, "removing a backup", &answer, err);
	rfa_shell_answer_release(&answer);
	return rc;
}
