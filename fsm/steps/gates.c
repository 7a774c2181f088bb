/*
 * The gates: everything that could make this run fail half-way is looked at before anything is
 * touched, and all of it is told at once. A gate is a row: its name, and a function that judges
 * from what the looks found or asks the host itself.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fsm/steps/compose.h"
#include "fsm/steps/goods.h"
#include "fsm/steps/spec.h"
#include "fsm/steps/steps.h"

/* Collects verdicts. */
struct court {
	struct rfa_ctx *ctx;
	const char *gate;
	json_t *gates; /* array of {"gate","verdict","evidence","mend"} */
	size_t refusals;
	size_t of_this_gate;
};

static void add(struct court *c, const char *verdict, const char *evidence, const char *mend)
{
	struct rfa_event event = { 0 };
	struct rfa_buf text = RFA_BUF_INIT(4096);
	json_t *one;

	rfa_buf_put_printable(&text, evidence, strlen(evidence), 800);
	one = json_pack("{s:s, s:s, s:s, s:s}", "gate", c->gate, "verdict", verdict, "evidence",
			rfa_buf_str(&text), "mend", mend);
	event.kind = RFA_EVENT_GATE;
	event.wall_ms = c->ctx->clock->wall_ms(c->ctx->clock);
	event.run = c->ctx->run;
	event.state = "PRECHECK";
	event.step = c->ctx->step->name;
	event.text = verdict;
	event.facts = one;
	rfa_trace_send(c->ctx->trace, &event);
	json_array_append_new(c->gates, one);
	rfa_buf_release(&text);
}

/* One gate may refuse for several reasons; each is told. */
static void refuse(struct court *c, const char *mend, const char *fmt, ...) RFA_PRINTF(3, 4);
static void refuse(struct court *c, const char *mend, const char *fmt, ...)
{
	char evidence[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(evidence, sizeof(evidence), fmt, args);
	va_end(args);
	c->refusals++;
	c->of_this_gate++;
	add(c, "refused", evidence, mend);
}

/* ---- the gates: 0, or an error of the connection
 * -------------------------------------------------- */

static int gate_engine(struct court *c, struct rfa_error *err)
{
	const struct rfa_ctx *ctx = c->ctx;
	json_t *s = rfa_ctx_fact(ctx, "source.look", "engine");
	json_t *t = rfa_ctx_fact(ctx, "target.look", "engine");
	json_t *sides[2] = { s, t };
	const struct rfa_host *hosts[2] = { ctx->source, ctx->target };
	size_t i;

	(void)err;
	for (i = 0; i < 2; i++) {
		int major = 0;

		if (!sides[i] || !hosts[i])
			continue;
		if (sscanf(rfa_facts_str(sides[i], "engine", ""), "%d", &major) == 1 && major < 20)
			refuse(c, "install Docker Engine 20.10 or newer there",
			       "%s has Docker Engine %s", hosts[i]->name,
			       rfa_facts_str(sides[i], "engine", "?"));
		if (!rfa_facts_bool(sides[i], "tools/b2sum", 1))
			refuse(c, "install coreutils there (apt install coreutils)",
			       "%s has no b2sum, which proves what was transferred",
			       hosts[i]->name);
	}
	if (s && t && strcmp(rfa_facts_str(s, "arch", ""), rfa_facts_str(t, "arch", "")) != 0)
		refuse(c, "build the images for the target's machine, and promote from such a host",
		       "%s is %s and %s is %s", ctx->source->name, rfa_facts_str(s, "arch", "?"),
		       ctx->target->name, rfa_facts_str(t, "arch", "?"));
	if (json_is_object(json_object_get(rfa_ctx_stack(ctx), "compose")) &&
	    !rfa_facts_str(t, "compose", NULL))
		refuse(c, "install the Compose v2 plugin there (apt install docker-compose)",
		       "%s has no `docker compose`", ctx->target->name);
	return 0;
}

static int gate_source_runs(struct court *c, struct rfa_error *err)
{
	json_t *units = rfa_ctx_fact(c->ctx, "source.look", "units");
	json_t *unit;
	size_t i;

	(void)err;
	if (!c->ctx->source || !units)
		return 0;
	if (!json_array_size(units))
		refuse(c, "start it there first, or correct its name in rfa.json",
		       "nothing of this stack is on %s", c->ctx->source->name);
	json_array_foreach (units, i, unit) {
		const char *key = rfa_facts_str(unit, "key", "");
		const char *health = rfa_facts_str(unit, "health", "");

		if (!rfa_facts_bool(unit, "present", 0))
			refuse(c, "start it there first, or correct its name in rfa.json",
			       "there is no container %s on %s", key, c->ctx->source->name);
		else if (!rfa_facts_bool(unit, "running", 0) ||
			 rfa_facts_bool(unit, "restarting", 0))
			refuse(c, "promote only what runs: start it there, and look at docker logs",
			       "the container %s on %s does not run", key, c->ctx->source->name);
		else if (*health && strcmp(health, "healthy") != 0)
			refuse(c, "promote only what is healthy: wait, or look at docker logs",
			       "the container %s on %s is %s", key, c->ctx->source->name, health);
	}
	return 0;
}

/* The tag of a reference, "" for none, NULL for a digest. */
static const char *tag_of(const char *ref)
{
	const char *slash = strrchr(ref, '/');
	const char *colon = strrchr(slash ? slash : ref, ':');

	if (strchr(ref, '@') || !strncmp(ref, "sha256:", 7))
		return NULL;
	return colon ? colon + 1 : "";
}

static int gate_tags(struct court *c, struct rfa_error *err)
{
	json_t *good;
	size_t i;

	(void)err;
	if (rfa_facts_bool(rfa_ctx_stack(c->ctx), "gates/allow_latest", 0))
		return 0;
	json_array_foreach (rfa_facts_at(rfa_wanted(c->ctx), "images"), i, good) {
		const char *ref = rfa_facts_str(good, "ref", "");
		const char *tag = tag_of(ref);

		if (!tag)
			refuse(c, "give the image a tag and start the container from it",
			       "%s runs %s, which has no tag", rfa_facts_str(good, "key", ""), ref);
		else if (!*tag || !strcmp(tag, "latest"))
			refuse(c, "tag it with a version, or set gates.allow_latest in rfa.json",
			       "%s runs %s: nobody could tell later which version that was",
			       rfa_facts_str(good, "key", ""), ref);
	}
	return 0;
}

static int gate_carry_over(struct court *c, struct rfa_error *err)
{
	json_t *one;
	size_t i;

	(void)err;
	json_array_foreach (rfa_ctx_fact(c->ctx, "target.look", "obstacles"), i, one) {
		refuse(c, rfa_facts_str(one, "mend", ""), "%s on %s cannot be made again: %s (%s)",
		       rfa_facts_str(one, "container", ""), c->ctx->target->name,
		       rfa_facts_str(one, "why", ""), rfa_facts_str(one, "field", ""));
	}
	return 0;
}

/* A first deployment needs the files that it says it needs, and to be told how to make containers.
 */
static int gate_bootstrap(struct court *c, struct rfa_error *err)
{
	struct rfa_ctx *ctx = c->ctx;
	json_t *stack = rfa_ctx_stack(ctx);
	json_t *path;
	json_t *unit;
	int first = 0;
	size_t i;

	json_array_foreach (rfa_ctx_fact(ctx, "target.look", "units"), i, unit) {
		const char *key = rfa_facts_str(unit, "key", "");

		if (rfa_facts_bool(unit, "present", 0) ||
		    strcmp(rfa_facts_str(unit, "shape", ""), "run") != 0)
			continue;
		first = 1;
		if (!json_object_get(rfa_facts_at(stack, "bootstrap/containers"), key) &&
		    !rfa_facts_at(ctx->plan, "point/specs"))
			refuse(c, "describe it under bootstrap.containers of the stack in rfa.json",
			       "there is no container %s on %s, and rfa.json does not say how to "
			       "make it",
			       key, ctx->target->name);
	}
	if (!first && json_array_size(rfa_ctx_fact(ctx, "target.look", "goods/images")))
		return 0;
	json_array_foreach (rfa_facts_at(stack, "bootstrap/requires"), i, path) {
		const char *text = json_string_value(path);
		size_t len = text ? strlen(text) : 0;
		int folder = len && text[len - 1] == '/';
		struct rfa_file_stat st;
		int rc = ctx->target->ops->file_stat(ctx->target, text, &st, err);

		if (rc)
			return rc;
		if (!st.type || (folder && st.type != 'd'))
			refuse(c, "prepare it there: a first deployment needs it",
			       "%s is missing on %s", text, ctx->target->name);
	}
	return 0;
}

static int gate_disk(struct court *c, struct rfa_error *err)
{
	struct rfa_ctx *ctx = c->ctx;
	int64_t want = rfa_facts_int(rfa_ctx_stack(ctx), "gates/disk_free_percent", 20);
	int64_t bytes = rfa_facts_int(rfa_ctx_fact(ctx, "target.look", ""), "bytes", 0);
	const char *paths[2] = { ctx->target->state_dir,
				 rfa_facts_str(rfa_ctx_fact(ctx, "target.look", "engine"),
					       "docker_root", "/var/lib/docker") };
	struct rfa_disk disks[2];
	size_t i;
	int one_disk;

	for (i = 0; i < 2; i++) {
		int rc = ctx->target->ops->disk(ctx->target, paths[i], &disks[i], err);

		if (rc)
			return rc;
	}
	/* One file system is told once; it takes both the archive and what is loaded from it. */
	one_disk = !strcmp(disks[0].filesystem, disks[1].filesystem);
	for (i = 0; i < (one_disk ? 1 : 2); i++) {
		const struct rfa_disk *d = &disks[i];
		int64_t needed = one_disk ? 2 * bytes : bytes;

		if (d->bytes_free < needed)
			refuse(
			    c, "free some space there: docker image prune, or remove old backups",
			    "%s on %s has %.1f MB free, this run needs up to %.1f MB", paths[i],
			    ctx->target->name, (double)d->bytes_free / 1e6, (double)needed / 1e6);
		else if (d->bytes_total > 0 && d->bytes_free * 100 < d->bytes_total * want)
			refuse(
			    c,
			    "free some space there, or lower gates.disk_free_percent in rfa.json",
			    "%s on %s has %lld %% of its space free, less than %lld %%", paths[i],
			    ctx->target->name, (long long)(d->bytes_free * 100 / d->bytes_total),
			    (long long)want);
		if (d->inodes_total > 0 && d->inodes_free * 100 < d->inodes_total * 5)
			refuse(c, "remove small files there: nearly all inodes are used",
			       "%s on %s has %lld of %lld inodes free", paths[i], ctx->target->name,
			       (long long)d->inodes_free, (long long)d->inodes_total);
	}
	return 0;
}

/* The host of "scheme://[user@]host[:port]/…"; "" if there is none. */
static void host_of_url(const char *url, char *out, size_t size)
{
	const char *at = strstr(url, "://");
	size_t len;

	out[0] = '\0';
	if (!at)
		return;
	at += 3;
	len = strcspn(at, "/?#");
	if (memchr(at, '@', len)) {
		const char *user = memchr(at, '@', len);

		len -= (size_t)(user + 1 - at);
		at = user + 1;
	}
	if (*at == '[') {
		const char *end = memchr(at, ']', len);

		len = end ? (size_t)(end - at - 1) : 0;
		at++;
	} else if (memchr(at, ':', len)) {
		len = (size_t)((const char *)memchr(at, ':', len) - at);
	}
	snprintf(out, size, "%.*s", (int)len, at);
}

static int is_own(const json_t *side, const char *host)
{
	static const char *const local[] = { "localhost", "127.0.0.1", "::1" };
	json_t *one;
	size_t i;

	for (i = 0; i < sizeof(local) / sizeof(local[0]); i++)
		if (!strcmp(host, local[i]))
			return 1;
	if (!strcmp(host, rfa_facts_str(side, "address", "")))
		return 1;
	json_array_foreach (json_object_get(side, "own_addresses"), i, one) {
		if (!strcmp(host, json_string_value(one)))
			return 1;
	}
	return 0;
}

/* Production that reads the test server's data is the accident that this gate is for. */
static int gate_base_url(struct court *c, struct rfa_error *err)
{
	static const char *const sides[2] = { "source", "target" };
	static const char *const looks[2] = { "source.look", "target.look" };
	size_t i;

	(void)err;
	for (i = 0; i < 2; i++) {
		const json_t *side = rfa_facts_at(c->ctx->plan, sides[i]);
		const json_t *seen = rfa_ctx_fact(c->ctx, looks[i], "base_url");
		const char *env = rfa_facts_str(side, "env", "");
		const char *file = rfa_facts_str(seen, "file", "");
		const char *value = rfa_facts_str(seen, "value", NULL);
		char host[256];

		if (!seen)
			continue;
		if (!value) {
			refuse(c, "write that file, or correct base_url in rfa.json",
			       "%s on %s: %s", file, env, rfa_facts_str(seen, "problem", ""));
			continue;
		}
		host_of_url(value, host, sizeof(host));
		if (!is_own(side, host))
			refuse(c,
			       "correct it there, or add the name to own_addresses of that "
			       "environment in rfa.json",
			       "%s in %s on %s is %s, which is not %s itself",
			       rfa_facts_str(seen, "key", ""), file, env, value, env);
	}
	return 0;
}

static int judge_compose(struct court *c, const json_t *config, struct rfa_error *err)
{
	struct rfa_ctx *ctx = c->ctx;
	const char *name;
	json_t *one;
	json_t *good;
	size_t i;

	json_object_foreach (json_object_get(config, "services"), name, one) {
		if (json_object_get(one, "build"))
			refuse(c, "name an image instead: production runs what was tested",
			       "the service %s is built on %s", name, ctx->target->name);
	}
	json_array_foreach (rfa_facts_at(rfa_wanted(ctx), "images"), i, good) {
		const char *key = rfa_facts_str(good, "key", "");

		if (strcmp(rfa_facts_str(good, "shape", ""), "compose") == 0 &&
		    !json_object_get(json_object_get(config, "services"), key))
			refuse(c, "bring its Compose file up to date",
			       "the project on %s has no service %s", ctx->target->name, key);
	}
	json_object_foreach (json_object_get(config, "networks"), name, one) {
		const char *real = rfa_facts_str(one, "name", name);
		json_t *network = NULL;
		int rc;

		if (!rfa_facts_bool(one, "external", 0))
			continue;
		rc = rfa_inspect_or_null(ctx->target, RFA_NETWORK, real, &network, err);
		if (rc)
			return rc;
		if (!network)
			refuse(c, "docker network create it there",
			       "the external network %s does not exist on %s", real,
			       ctx->target->name);
		json_decref(network);
	}
	return 0;
}

static int gate_compose(struct court *c, struct rfa_error *err)
{
	struct rfa_ctx *ctx = c->ctx;
	struct rfa_compose_project project;
	json_t *config = NULL;
	size_t i;
	int rc;

	if (!json_is_object(json_object_get(rfa_ctx_stack(ctx), "compose")) ||
	    !rfa_facts_str(rfa_ctx_fact(ctx, "target.look", "engine"), "compose", NULL))
		return 0;
	rfa_compose_project(ctx, 0, &project);
	rc = ctx->target->ops->compose_config(ctx->target, &project.compose, &config, err);
	if (rc == -RFA_EREMOTE || rc == -RFA_ENOTFOUND) {
		refuse(c, "correct it there: docker compose config shows the same",
		       "the Compose project in %s on %s is not valid: %s",
		       project.compose.directory, ctx->target->name, err->msg);
		rfa_error_clear(err);
		return 0;
	}
	if (!rc)
		rc = judge_compose(c, config, err);
	json_decref(config);
	for (i = 0; !rc && project.env_files[i]; i++) {
		struct rfa_file_stat st;
		char path[512];

		snprintf(path, sizeof(path), "%s%s%s",
			 project.env_files[i][0] == '/' ? "" : project.compose.directory,
			 project.env_files[i][0] == '/' ? "" : "/", project.env_files[i]);
		rc = ctx->target->ops->file_stat(ctx->target, path, &st, err);
		if (!rc && st.type == 'f' && (st.mode & 04))
			refuse(c, "chmod o-r it there", "%s on %s can be read by everybody", path,
			       ctx->target->name);
	}
	return rc;
}

/* Going back needs the images, and the description of the containers. */
static int gate_point(struct court *c, struct rfa_error *err)
{
	struct rfa_ctx *ctx = c->ctx;
	const char *file = rfa_facts_str(ctx->plan, "point/specs/file", NULL);
	json_t *present = rfa_ctx_fact(ctx, "target.look", "present");
	json_t *specs = NULL;
	json_t *good;
	size_t i;
	int rc;

	if (!rfa_facts_at(ctx->plan, "point"))
		return 0;
	json_array_foreach (rfa_facts_at(ctx->plan, "point/images"), i, good) {
		if (!json_object_get(present, rfa_facts_str(good, "identity", "")))
			refuse(c, "promote that version again from where it still is",
			       "the image %s of the rollback point is no longer on %s",
			       rfa_facts_str(good, "ref", ""), ctx->target->name);
	}
	if (!file)
		return 0;
	rc = rfa_specs_read(ctx, &specs, err);
	json_decref(specs);
	if (rc != -RFA_ENOTFOUND && rc != -RFA_EMISMATCH && rc != -RFA_ETOOBIG)
		return rc;
	if (rc == -RFA_ENOTFOUND)
		refuse(c, "promote that version again from where it still is",
		       "the description of the point's containers, %s, is no longer on %s", file,
		       ctx->target->name);
	else
		refuse(c, "promote that version again from where it still is", "%s: %s on %s",
		       err->msg, file, ctx->target->name);
	rfa_error_clear(err);
	return 0;
}

/* Where a stack asks for it, only what a checking environment has proven may be deployed. */
static int gate_verified(struct court *c, struct rfa_error *err)
{
	const struct rfa_ctx *ctx = c->ctx;
	const char *forced = rfa_facts_str(ctx->plan, "options/force_reason", NULL);
	const char *version = rfa_facts_str(rfa_wanted(ctx), "version", "");
	const char *verified = rfa_facts_str(ctx->plan, "options/verified", "");

	(void)err;
	if (!rfa_facts_bool(rfa_ctx_stack(ctx), "gates/require_verified", 0) || forced ||
	    rfa_facts_at(ctx->plan, "point"))
		return 0;
	if (strcmp(version, verified) != 0)
		refuse(c, "deploy it there with rfa first, or use --force --reason '…'",
		       "version %s has not been verified on %s (verified there: %s)", version,
		       rfa_facts_str(ctx->plan, "source/env", "?"), *verified ? verified : "none");
	return 0;
}

static const struct {
	const char *name;
	int (*judge)(struct court *, struct rfa_error *);
} gates[] = {
	{ "engine", gate_engine },
	{ "source runs", gate_source_runs },
	{ "tags", gate_tags },
	{ "carry over", gate_carry_over },
	{ "first deployment", gate_bootstrap },
	{ "disk space", gate_disk },
	{ "base URL", gate_base_url },
	{ "compose", gate_compose },
	{ "rollback point", gate_point },
	{ "verified", gate_verified },
};

int rfa_gates_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct court c = { ctx, "", json_array(), 0, 0 };
	const json_t *one = NULL; /* gcc at -O2 cannot see that a refusal is always found */
	size_t i;
	int rc = c.gates ? 0 : rfa_fail_nomem(err);

	for (i = 0; i < sizeof(gates) / sizeof(gates[0]) && !rc; i++) {
		c.gate = gates[i].name;
		c.of_this_gate = 0;
		rc = gates[i].judge(&c, err);
		if (!rc && !c.of_this_gate)
			add(&c, "passed", "", "");
	}
	if (!rc)
		rc = rfa_facts_set(facts, "gates", json_incref(c.gates), err);
	if (!rc && c.refusals) {
		json_array_foreach (c.gates, i, one) {
			if (!strcmp(rfa_facts_str(one, "verdict", ""), "refused"))
				break;
		}
		if (c.refusals == 1)
			rfa_fail(err, RFA_EREFUSED, "gate", "%s",
				 rfa_facts_str(one, "evidence", ""));
		else
			rfa_fail(err, RFA_EREFUSED, "gate", "%zu reasons to refuse; the first: %s",
				 c.refusals, rfa_facts_str(one, "evidence", ""));
		rfa_error_where(err, "gate '%s'", rfa_facts_str(one, "gate", ""));
		rc = rfa_error_mend(err, "%s", rfa_facts_str(one, "mend", ""));
	}
	json_decref(c.gates);
	return rc;
}
