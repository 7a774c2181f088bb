/* The releases that there are. */
#include "cli/watch/list.h"

#include <stdlib.h>
#include <string.h>

#include "cli/config/login.h"
#include "cli/config/repository.h"
#include "cli/frame/aside.h"
#include "cli/frame/read.h"
#include "fsm/base/digest.h"

enum { KNOWN_MAX = 32 << 20 };

void rfa_releases_release(struct rfa_releases *r)
{
	size_t i;

	for (i = 0; r->once && i < r->n; i++)
		free(r->once[i]);
	free(r->once);
	free(r->at);
	json_decref(r->tags);
	rfa_forge_releases_release(&r->forge);
	memset(r, 0, sizeof(*r));
}

static int make_room(struct rfa_releases *r, size_t n, struct rfa_error *err)
{
	r->at = calloc(n + 1, sizeof(*r->at));
	r->once = calloc(n + 1, sizeof(*r->once));
	return r->at && r->once ? 0 : rfa_fail_nomem(err);
}

/* "github olga/shop 17", "git v1.4 <commit>": one release for ever. */
static int add(struct rfa_releases *r, const char *forge, const char *name, const char *id,
	       const struct rfa_due_release *one, struct rfa_error *err)
{
	struct rfa_buf once = RFA_BUF_INIT(2048);
	int rc;

	rfa_buf_printf(&once, "%s %s %s", forge, name, id);
	rc = rfa_buf_check(&once, err);
	r->once[r->n] = rc ? NULL : strdup(rfa_buf_str(&once));
	rfa_buf_release(&once);
	if (!rc && !r->once[r->n])
		rc = rfa_fail_nomem(err);
	if (rc)
		return rc;
	r->at[r->n] = *one;
	r->at[r->n].once = r->once[r->n];
	r->n++;
	return 0;
}

/* Of plain git. */
static int add_tags(struct rfa_releases *r, struct rfa_error *err)
{
	int rc = make_room(r, json_object_size(r->tags), err);
	const char *tag;
	json_t *commit;

	json_object_foreach (r->tags, tag, commit) {
		struct rfa_due_release one = { .tag = tag,
					       .commit = json_string_value(commit),
					       .prerelease = -1 };

		if (!rc)
			rc = add(r, "git", tag, one.commit, &one, err);
	}
	return rc;
}

/* Of a forge. Which commit it is, the repository says. */
static int add_forge(struct rfa_releases *r, const struct rfa_forge_source *source,
		     struct rfa_error *err)
{
	int rc = make_room(r, r->forge.n, err);
	size_t i;

	for (i = 0; !rc && i < r->forge.n; i++) {
		const struct rfa_forge_release *f = &r->forge.at[i];
		struct rfa_due_release one = {
			.tag = f->tag,
			.commit = json_string_value(json_object_get(r->tags, f->tag)),
			.published_ms = f->published_ms,
			.draft = f->draft,
			.prerelease = f->prerelease,
		};

		rc = add(r, source->forge, source->project, f->id, &one, err);
	}
	return rc;
}

/* What the forge said last: it is not asked again for what has not changed. */

static int known_path(struct rfa_cli *cli, const struct rfa_forge_source *source,
		      struct rfa_buf *out, struct rfa_error *err)
{
	struct rfa_buf name = RFA_BUF_INIT(2048);
	char hex[RFA_DIGEST_HEX], *ledger = NULL;
	int rc = rfa_cli_ledger_path(cli, &ledger, err);

	rfa_buf_printf(&name, "%s %s %s", source->forge, source->api, source->project);
	rfa_digest_of(RFA_SHA256, rfa_buf_str(&name), name.len, hex);
	if (!rc) {
		rfa_buf_printf(out, "%s.sources/%.16s.releases.json", ledger, hex);
		rc = rfa_buf_check(out, err);
	}
	rfa_buf_release(&name);
	free(ledger);
	return rc;
}

/* One that cannot be read is none. */
static json_t *read_known(const char *path)
{
	struct rfa_buf text = RFA_BUF_INIT(KNOWN_MAX);
	struct rfa_error ignored;
	json_t *known = NULL;

	if (rfa_read_file(path, KNOWN_MAX, &text, &ignored) ||
	    rfa_facts_parse(&known, rfa_buf_str(&text), text.len, path, &ignored))
		known = NULL;
	rfa_buf_release(&text);
	if (!json_is_object(known)) {
		json_decref(known);
		known = json_object();
	}
	return known;
}

/* One that cannot be written costs a question. */
static void write_known(const char *path, const json_t *known)
{
	struct rfa_buf text = RFA_BUF_INIT(KNOWN_MAX);
	struct rfa_error ignored;

	if (!rfa_facts_encode(known, &text, &ignored))
		(void)!rfa_aside_whole(path, &text, 0600, 1, &ignored);
	rfa_buf_release(&text);
}

/* A token is a login whose user nobody asks for. */
static int find_token(struct rfa_cli *cli, const json_t *watch, struct rfa_login *out,
		      struct rfa_error *err)
{
	json_t *reference = rfa_facts_copy(json_object_get(watch, "token"));
	int rc = 0;

	if (reference)
		rc = rfa_facts_set(reference, "user", json_string("token"), err);
	if (!rc && reference)
		rc = rfa_login_fetch(out, reference, cli->config->folder, "", err);
	if (rc == -(int)RFA_ECONFIG)
		rfa_error_hint(err, "correct watch.token of rfa.json");
	if (!rc && out->secret)
		rc = rfa_ledger_hide(cli->ledger, out->secret, err);
	json_decref(reference);
	return rc;
}

static int ask_forge(struct rfa_cli *cli, const json_t *watch, struct rfa_forge_source *source,
		     struct rfa_forge_releases *out, struct rfa_error *err)
{
	struct rfa_buf path = RFA_BUF_INIT(8192);
	const char *ca = rfa_facts_str(watch, "ca", NULL);
	struct rfa_login token = { NULL, NULL };
	char *ca_path = NULL;
	int64_t wait_ms = 0;
	json_t *known = NULL;
	int rc = ca ? rfa_config_path(cli->config, ca, &ca_path, err) : 0;

	if (!rc)
		rc = find_token(cli, watch, &token, err);
	if (!rc)
		rc = known_path(cli, source, &path, err);
	if (!rc) {
		source->ca = ca_path;
		source->token = token.secret;
		known = read_known(rfa_buf_str(&path));
		rc =
		    known ? rfa_forge_list(source, known, out, &wait_ms, err) : rfa_fail_nomem(err);
	}
	if (!rc || rc == -(int)RFA_ERATELIMIT)
		write_known(rfa_buf_str(&path), known);
	json_decref(known);
	rfa_login_release(&token);
	free(ca_path);
	rfa_buf_release(&path);
	return rc;
}

/* Where a forge is asked, as rfa.json says it, or as the repository's URL does. */
struct place {
	char api[512], project[256];
};

static int find_place(const char *forge, const json_t *watch, const char *git, struct place *out,
		      struct rfa_error *err)
{
	const char *api = rfa_facts_str(watch, "api", NULL);
	const char *project = rfa_facts_str(watch, "project", NULL);
	size_t len;
	int rc = 0;

	snprintf(out->api, sizeof(out->api), "%s", api ? api : "");
	snprintf(out->project, sizeof(out->project), "%s", project ? project : "");
	if (!api)
		rc = rfa_forge_api(forge, git, out->api, err);
	if (!rc && !project)
		rc = rfa_forge_project(git, out->project, err);
	for (len = strlen(out->api); len && out->api[len - 1] == '/'; len--)
		out->api[len - 1] = '\0';
	return rc;
}

static int list_tags(struct rfa_cli *cli, const char *stack, const char *env, const char *git,
		     json_t **out, struct rfa_error *err)
{
	struct rfa_repository_ask ask = { .stack = stack, .env = env, .url = git };
	char *path = NULL;
	int rc = 0;

	/* A directory is one of this machine, relative to rfa.json. */
	if (git[strcspn(git, "/:")] != ':') {
		rc = rfa_config_path(cli->config, git, &path, err);
		ask.url = path;
	}
	if (!rc)
		rc = rfa_cli_tags(cli, &ask, out, err);
	free(path);
	return rc;
}

int rfa_releases_list(struct rfa_cli *cli, const char *stack, const char *env, const json_t *watch,
		      const char *git, struct rfa_releases *out, struct rfa_error *err)
{
	struct rfa_forge_source source = { .forge = rfa_facts_str(watch, "forge", NULL),
					   .clock = cli->clock,
					   .cancel = cli->cancel };
	struct place place;
	json_t *options = NULL;
	int rc = rfa_config_options(cli->config, &options, err);

	rfa_releases_release(out);
	source.idle_timeout_ms = rfa_facts_int(options, "idle_timeout_ms", 0);
	json_decref(options);
	source.api = place.api;
	source.project = place.project;
	if (!rc && source.forge)
		rc = find_place(source.forge, watch, git, &place, err);
	if (!rc && source.forge)
		rc = ask_forge(cli, watch, &source, &out->forge, err);
	/* Behind it: a tag may have been pushed meanwhile. */
	if (!rc)
		rc = list_tags(cli, stack, env, git, &out->tags, err);
	if (!rc)
		rc = source.forge ? add_forge(out, &source, err) : add_tags(out, err);
	return rc;
}
