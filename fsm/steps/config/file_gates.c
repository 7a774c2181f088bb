/* The gates of runs that bring files. */
#include <stdio.h>
#include <string.h>

#include "fsm/base/size.h"
#include "fsm/steps/common/gates.h"
#include "fsm/steps/common/repository.h"
#include "fsm/steps/config/files.h"

/* Most names in one sentence. */
enum { NAMES_MAX = 8 };

/* "a, b and 3 more"; "": none. */
static const char *join(const struct rfa_ctx *ctx, const struct rfa_texts *all)
{
	struct rfa_buf names = RFA_BUF_INIT(8192);
	const char *out;
	size_t i;

	for (i = 0; i < all->n && i < NAMES_MAX; i++) {
		rfa_buf_puts(&names, i ? ", " : "");
		rfa_buf_put_printable(&names, all->at[i], strlen(all->at[i]), 100);
	}
	if (all->n > NAMES_MAX)
		rfa_buf_printf(&names, " and %zu more", all->n - NAMES_MAX);
	out = rfa_pool_text(ctx->pool, rfa_buf_str(&names));
	rfa_buf_release(&names);
	return out;
}

/* Of those that `is` says. */
static const char *names_of(const struct rfa_ctx *ctx, int (*is)(const struct rfa_file_change *))
{
	const struct rfa_file_change *one;
	struct rfa_texts names = { NULL, 0 };

	RFA_EACH (one, *rfa_files_changes(ctx))
		if (is(one))
			rfa_texts_add(ctx->pool, &names, one->path);
	return join(ctx, &names);
}

int rfa_gate_source_files(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_file_change *one;
	size_t n = 0;

	(void)err;
	if (rfa_release_of(c->ctx) && !rfa_release_has_files(c->ctx))
		return 0;
	RFA_EACH (one, *rfa_files_changes(c->ctx)) {
		n += *one->from != 0;
		if (*one->problem)
			rfa_deny(c,
				 "mend it there, or name it in compose.keep of rfa.json: then rfa "
				 "leaves it alone",
				 "%s cannot be brought: %s", one->path, one->problem);
	}
	if (!n && !rfa_ctx_options(c->ctx)->take_back && !c->of_this_gate)
		rfa_deny(c,
			 rfa_release_of(c->ctx) ? "correct source.files in rfa.json"
						: "correct compose.source in rfa.json",
			 "%s has no files", rfa_files_directory(c->ctx, RFA_SOURCE));
	return 0;
}

static int is_edited(const struct rfa_file_change *one)
{
	return one->edited && !one->unknown && rfa_file_change_acts(one);
}

static int is_unknown(const struct rfa_file_change *one)
{
	return one->edited && one->unknown && rfa_file_change_acts(one);
}

int rfa_gate_edited(struct rfa_gates *c, struct rfa_error *err)
{
	const char *env = c->ctx->sides[RFA_TARGET]->env;
	const char *edited = names_of(c->ctx, is_edited);
	const char *unknown = names_of(c->ctx, is_unknown);
	const char *hint =
	    rfa_release_of(c->ctx)
		? "look what differs with --dry-run, and bring it into the repository"
		: rfa_pool_printf(c->ctx->pool,
				  "rfa plan sync %s --to %s shows what differs; --take brings what "
				  "%s has to your side",
				  c->ctx->plan->stack, env, env);

	(void)err;
	if (c->ctx->plan->point) {
		if (*edited)
			rfa_warn(c, "the run keeps it: it becomes a rollback point itself",
				 "edited on %s since it was brought: %s", env, edited);
		return 0;
	}
	if (*edited)
		rfa_deny_unless_forced(c, hint, "edited on %s since it was brought: %s", env,
				       edited);
	if (*unknown)
		rfa_deny_unless_forced(
		    c, hint, "on %s is another one, which no sync has brought: %s", env, unknown);
	return 0;
}

int rfa_gate_file_space(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_ctx *ctx = c->ctx;
	enum rfa_role_id role = rfa_files_receiver(ctx);
	struct rfa_host *host = ctx->hosts[role];
	const char *paths[2] = { rfa_files_directory(ctx, role), host->state_dir };
	const struct rfa_file_change *one;
	int64_t need = 1 << 20;
	struct rfa_disk disk;
	size_t i, n = rfa_release_of(ctx) && !rfa_release_has_files(ctx) ? 0 : 2;
	int rc = 0;

	/* What is written, and what is kept of the old ones: at most as much as may be listed. */
	RFA_EACH (one, *rfa_files_changes(ctx))
		need += rfa_file_change_acts(one) ? one->bytes + 4096 : 0;
	for (i = 0; i < n && !rc; i++) {
		rc = host->ops->disk(host, paths[i], &disk, err);
		if (!rc && disk.bytes_free < 2 * need)
			rfa_deny(c, "free some space there",
				 "%s on %s has %s free, and %s is needed", paths[i],
				 ctx->sides[role]->env, RFA_SIZE(disk.bytes_free),
				 RFA_SIZE(2 * need));
	}
	return rc;
}

int rfa_gate_file_point(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_ctx *ctx = c->ctx;
	const struct rfa_file_change *one;
	struct rfa_file_stat st;
	int rc = 0;

	RFA_EACH (one, *rfa_files_changes(ctx)) {
		if (rc || !*one->from || !rfa_file_change_acts(one))
			continue;
		rc = ctx->hosts[RFA_TARGET]->files->stat(ctx->hosts[RFA_TARGET], one->from, &st,
							 err);
		if (!rc && st.type != 'f')
			rfa_deny(c, "choose a newer rollback point: rfa rollback STACK --env ENV",
				 "what %s had is no longer kept: %s is not there", one->path,
				 one->from);
	}
	return rc;
}

/* What a sync has brought, and is not there as it came. */
static void find_other(struct rfa_ctx *ctx, const char *key, const struct rfa_file_list *list,
		       struct rfa_texts *edited, struct rfa_texts *gone)
{
	const struct rfa_synced *then;

	RFA_EACH (then, rfa_ctx_options(ctx)->synced) {
		const struct rfa_file_entry *now = rfa_file_list_find(list, then->path);

		if (!now || now->stat.type != 'f')
			rfa_texts_add(ctx->pool, gone, then->path);
		else if (!rfa_files_as_brought(ctx, key, now))
			rfa_texts_add(ctx->pool, edited, then->path);
	}
}

int rfa_gate_as_synced(struct rfa_gates *c, struct rfa_error *err)
{
	struct rfa_ctx *ctx = c->ctx;
	const char *env = ctx->sides[RFA_TARGET]->env;
	struct rfa_texts edited = { NULL, 0 }, gone = { NULL, 0 };
	struct rfa_file_list list = { 0 };
	char key[65] = "", hint[240];
	int rc;

	/* Of a release the gate "edited" judges what it would write over. */
	if (!rfa_ctx_options(ctx)->synced.n || rfa_release_has_files(ctx))
		return 0;
	snprintf(hint, sizeof(hint), "rfa plan sync %.60s --to %.60s shows what differs",
		 ctx->plan->stack, env);
	rc = rfa_files_list(ctx, RFA_TARGET, &list, err);
	/* It is no matter of the connection, so a person may let it pass. */
	if (rc == -RFA_ENOTFOUND || rc == -RFA_ETOOBIG || rc == -RFA_EREMOTE) {
		rfa_deny_unless_forced(c, *err->hint ? rfa_pool_text(ctx->pool, err->hint) : hint,
				       "nobody can tell whether %s has what a sync brought: %s",
				       env, rfa_pool_text(ctx->pool, err->msg));
		rfa_error_clear(err);
		return 0;
	}
	if (!rc)
		rc = rfa_files_key(ctx, 0, key, err);
	if (!rc)
		find_other(ctx, key, &list, &edited, &gone);
	rfa_file_list_release(&list);
	if (edited.n)
		rfa_deny_unless_forced(c, hint, "edited on %s since a sync brought it: %s", env,
				       join(ctx, &edited));
	if (gone.n)
		rfa_deny_unless_forced(c, hint, "a sync has brought it, and %s has it no more: %s",
				       env, join(ctx, &gone));
	return rc;
}

static int has_problem(const struct rfa_file_change *one)
{
	return *one->problem != '\0';
}

/* Of a rollback of images. What differs is told in any case; only bringing it back can be refused.
 */
int rfa_gate_configuration(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_ctx *ctx = c->ctx;
	const struct rfa_point *point = ctx->plan->point;
	const struct rfa_file_change *one;
	const char *differing = names_of(ctx, rfa_file_change_acts);
	const char *lost = names_of(ctx, has_problem);
	const struct rfa_texts *variables = &rfa_ctx_stack_of(ctx, RFA_TARGET)->variables;
	size_t i;

	(void)err;
	if (variables->n)
		rfa_warn(c, "a release of its tag brings those that rfa.json has then",
			 "no rollback point keeps values of variables: as they are now stays %s",
			 join(ctx, variables));
	if (!rfa_ctx_options(ctx)->with_files) {
		if (*differing)
			rfa_warn(c, "--with-files brings it back with the images",
				 "the configuration is not as it was then: %s", differing);
		if (*lost)
			rfa_warn(c, "look at it on the host before you go back",
				 "nobody can tell whether it is as it was then: %s", lost);
		return 0;
	}
	if (!point || !point->configuration || !point->configuration->files.n)
		rfa_deny(c, "leave --with-files out: then the configuration stays as it is",
			 "the rollback point has kept no configuration");
	if (!rfa_ctx_stack_of(ctx, RFA_TARGET)->compose)
		rfa_deny(c,
			 "leave --with-files out, or write its Compose project into rfa.json again",
			 "%s is no Compose project on %s: nobody knows where its files were",
			 ctx->plan->stack, ctx->sides[RFA_TARGET]->env);
	for (i = 0; point && point->configuration && i < point->configuration->left_out.n; i++)
		rfa_warn(c, "look whether it has to be changed by hand",
			 "was not kept then, and stays as it is: %s",
			 point->configuration->left_out.at[i]);
	RFA_EACH (one, *rfa_files_changes(ctx))
		if (*one->problem)
			rfa_deny(c,
				 "mend it there, or leave --with-files out: then the configuration "
				 "stays as it is",
				 "%s cannot be brought back: %s", one->path, one->problem);
	return 0;
}
