/* The story that `rfa demo` tells: the real driver, flows and ledger, on simulated hosts. */
#include "cli/demo.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/git.h"
#include "fixtures/sim/sim.h"

/* The world of the story, and what is needed to tell it. */
struct stage {
	struct rfa_narrator *n;
	struct rfa_sim_world *sim;
	struct rfa_host *test, *prod;
	struct rfa_ledger *ledger;
	struct rfa_run_options options;
	struct rfa_run_result result;
	json_t *plan;
	char folder[64], path[80];
	int64_t cut_at; /* the call from which on nothing answers; -1: none */
};

/* ---- the world ---------------------------------------------------------------------------- */

static json_t *image(const char *name, const char *version, int health)
{
	char ref[64], deps[64], top[64], status[8];
	snprintf(ref, sizeof(ref), "%s:%s", name, version);
	snprintf(deps, sizeof(deps), "%s-deps", name);
	snprintf(top, sizeof(top), "%s-%s", name, version);
	snprintf(status, sizeof(status), "%d", health);
	return json_pack("{s:s,s:[[si],[si],[si]],s:{s:[s],s:{s:s,s:s}}}", "ref", ref, "layers",
			 "base", 31000000, deps, 12000000, top, 24000000, "config", "Env",
			 "PATH=/bin", "Labels", "sim.health", status, "sim.log",
			 health == 200 ? "listening" : "cannot open the database: no such table");
}

static json_t *body(const char *name, const char *version, const char *port)
{
	char ref[64];
	snprintf(ref, sizeof(ref), "%s:%s", name, version);
	return json_pack("{s:s,s:[s],s:{s:{}},s:{s:s,s:[ss],s:{s:[{s:s,s:s}]},s:{s:s}}}", "Image",
			 ref, "Env", "MODE=shop", "ExposedPorts", "8000/tcp", "HostConfig",
			 "NetworkMode", "shop", "Binds", "/opt/shop/db:/db",
			 "/srv/shop/files:/files", "PortBindings", "8000/tcp", "HostIp",
			 "127.0.0.1", "HostPort", port, "RestartPolicy", "Name", "unless-stopped");
}

static json_t *host(const char *address, const char *version)
{
	char config[96];
	snprintf(config, sizeof(config), "{\"base_url\": \"http://%s/\"}\n", address);
	return json_pack("{s:i,s:i,s:[s],s:{s:s},s:{s:{s:s,s:i},s:{s:i,s:i}},s:[o,o],s:[{s:s,s:o},"
			 "{s:s,s:o}]}",
			 "rtt_ms", 12, "bytes_per_ms", 11000, "networks", "shop", "files",
			 "/opt/shop/config.json", config, "trees", "/opt/shop/db/auth.db", "kind",
			 "sqlite", "bytes", 4000000, "/srv/shop/files", "bytes", 90000000, "inodes",
			 1200, "images", image("backend", version, 200),
			 image("frontend", version, 200), "containers", "name", "backend", "body",
			 body("backend", version, "8001"), "name", "frontend", "body",
			 body("frontend", version, "8080"));
}

static json_t *side(const char *env, const char *address)
{
	return json_pack("{s:s,s:s,s:s,s:s,s:[],s:s,s:{s:[ss],s:[{s:s,s:i}],s:i,s:i,s:{s:s,s:s},"
			 "s:{s:{s:{s:s},s:{s:s}}}}}",
			 "env", env, "transport", "sim", "destination", env, "address", address,
			 "own_addresses", "state_dir", "/var/lib/rfa", "stack", "containers",
			 "backend", "frontend", "health", "url", "http://127.0.0.1:8001/health",
			 "status", 200, "health_deadline_s", 10, "keep_images", 3, "base_url",
			 "file", "/opt/shop/config.json", "key", "base_url", "data", "members",
			 "auth", "sqlite", "/opt/shop/db/auth.db", "files", "directory",
			 "/srv/shop/files");
}

static int make_ledger(struct stage *s, struct rfa_error *err)
{
	struct rfa_ledger_options options = { 0 };
	snprintf(s->folder, sizeof(s->folder), "/tmp/rfa-demo-XXXXXX");
	if (!mkdtemp(s->folder)) {
		s->folder[0] = '\0';
		return rfa_fail_errno(err, errno, "a folder for the demo's ledger");
	}
	snprintf(s->path, sizeof(s->path), "%s/ledger", s->folder);
	options.path = s->path;
	options.author_name = "Olga Operator";
	options.author_email = "olga@example.org";
	options.clock = rfa_sim_clock(s->sim);
	int rc = rfa_ledger_init(&options, err);
	return rc ? rc : rfa_ledger_open(&s->ledger, &options, err);
}

static int set_up(struct stage *s, struct rfa_narrator *n, struct rfa_error *err)
{
	json_t *world = json_pack("{s:{s:o,s:o}}", "hosts", "test", host("10.0.0.8", "v2"), "prod",
				  host("10.0.0.7", "v1"));
	s->n = n;
	s->cut_at = -1;
	int rc = rfa_sim_new(&s->sim, 20261122, err);
	if (!rc)
		rc = rfa_sim_setup(s->sim, world, err);
	if (!rc)
		rc = rfa_sim_open(&s->test, rfa_sim_host_find(s->sim, "test"), err);
	if (!rc)
		rc = rfa_sim_open(&s->prod, rfa_sim_host_find(s->sim, "prod"), err);
	if (!rc)
		rc = make_ledger(s, err);
	json_decref(world);
	if (rc)
		return rc;
	s->options.ledger = s->ledger;
	s->options.hosts[RFA_SOURCE] = s->test;
	s->options.hosts[RFA_TARGET] = s->prod;
	s->options.clock = rfa_sim_clock(s->sim);
	s->options.user = "olga";
	s->options.machine = "desk";
	s->plan = json_pack("{s:i,s:s,s:s,s:o,s:o,s:{s:i}}", "format", 1, "flow", "promote",
			    "stack", "shop", "source", side("test", "10.0.0.8"), "target",
			    side("prod", "10.0.0.7"), "options", "idle_timeout_ms", 10000);
	return s->plan ? 0 : rfa_fail_nomem(err);
}

/* The demo leaves nothing behind: its folder is its own, and two levels are all it needs to know.
 */
static void remove_tree(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	char child[512];
	while (dir && (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
		if (unlink(child) != 0)
			remove_tree(child);
	}
	if (dir)
		closedir(dir);
	(void)rmdir(path);
}

static void tear_down(struct stage *s)
{
	json_decref(s->plan);
	rfa_ledger_free(s->ledger);
	rfa_host_free(s->test);
	rfa_host_free(s->prod);
	rfa_sim_free(s->sim);
	if (s->folder[0])
		remove_tree(s->folder);
}

/* ---- telling ----------------------------------------------------------------------------------
 */

static void promote(struct stage *s, struct rfa_error *why)
{
	struct rfa_teller teller;
	rfa_narrate_command(s->n, "rfa promote shop --from test --to prod");
	rfa_narrate_run(s->n, &teller);
	s->options.trace = &teller.trace;
	(void)!rfa_run_begin(&s->options, s->plan, &s->result, why);
	rfa_teller_clear(&teller);
}

static int expect(struct stage *s, enum rfa_final final, const struct rfa_error *why,
		  struct rfa_error *err)
{
	if (s->result.final == final)
		return 0;
	(void)rfa_fail(err, RFA_EINTERNAL, "demo", "the story goes wrong: the run is %s: %s",
		       rfa_final_word(s->result.final), why->msg);
	return rfa_error_where(err, "%s", why->where);
}

static void what_runs(struct stage *s)
{
	struct rfa_error ignored;
	json_t *backend = NULL;
	if (s->prod->ops->inspect(s->prod, RFA_CONTAINER, "backend", &backend, &ignored) == 0)
		rfa_narrate_result(s->n, 1, "prod runs %s, and answers",
				   rfa_facts_str(backend, "Config/Image", "nothing"));
	json_decref(backend);
}

/* The network to prod falls silent in the middle of the transfer. */
static void watch_for_transfer(void *user, uint64_t call, const char *label)
{
	struct stage *s = user;
	struct rfa_error ignored;
	struct rfa_sim_fault mid = { 0 };
	struct rfa_sim_fault after = { 0 };
	if (s->cut_at >= 0 || !strstr(label, "prod spool_write"))
		return;
	s->cut_at = (int64_t)call;
	mid.at = call;
	mid.kind = RFA_SIM_STALL_MID;
	mid.bytes = 30000000;
	after.at = call + 1;
	after.count = 1000000;
	after.kind = RFA_SIM_STALL;
	(void)!rfa_sim_plan(s->sim, &mid, &ignored);
	(void)!rfa_sim_plan(s->sim, &after, &ignored);
}

static int stalled(struct stage *s, struct rfa_error *err)
{
	struct rfa_error why;
	rfa_narrate_scene(s->n, "A promotion that the network does not let through");
	rfa_narrate(s->n, "test runs v2 of the shop, prod v1. Half-way through the transfer, prod "
			  "goes silent.");
	rfa_sim_watch(s->sim, watch_for_transfer, s);
	promote(s, &why);
	rfa_sim_watch(s->sim, NULL, NULL);
	if (s->result.final != RFA_FINAL_NONE || !s->result.run[0])
		return rfa_fail(err, RFA_EINTERNAL, "demo", "the stall did not stop the run");
	rfa_narrate_result(s->n, 0, "exit status 75: %s", why.msg);
	rfa_narrate_result(s->n, 0, "next: rfa resume %s", s->result.run);
	rfa_narrate(s->n, "Nothing that serves was touched: v1 runs. The run is in the way until "
			  "somebody decides:");
	struct rfa_run_result first = s->result;
	promote(s, &why);
	rfa_narrate_result(s->n, 0, "exit status %d: %s", rfa_code_status(why.code), why.msg);
	s->result = first;
	return 0;
}

static int resumed(struct stage *s, struct rfa_error *err)
{
	char run[RFA_RUN_ID_MAX];
	struct rfa_teller teller;
	struct rfa_error why;
	rfa_narrate_scene(s->n, "The network is back: the run goes on where it stopped");
	rfa_sim_plan_clear(s->sim);
	s->options.clock->sleep_ms(s->options.clock, 60000);
	snprintf(run, sizeof(run), "%s", s->result.run);
	rfa_narrate_command(s->n, "rfa resume %s", run);
	rfa_narrate_run(s->n, &teller);
	s->options.trace = &teller.trace;
	(void)!rfa_run_resume(&s->options, run, RFA_RUN_ON, &s->result, &why);
	rfa_teller_clear(&teller);
	int rc = expect(s, RFA_FINAL_SUCCEEDED, &why, err);
	if (!rc)
		what_runs(s);
	return rc;
}

/* ---- data -------------------------------------------------------------------------------------
 */

/* A run of another flow, from and to "source" or "target" of the promotion. Steals the options. */
static int drive(struct stage *s, const char *flow, const char *from, const char *to,
		 json_t *options, struct rfa_error *err)
{
	struct rfa_teller teller;
	struct rfa_error why;
	json_t *plan = json_pack("{s:i,s:s,s:s,s:O,s:O,s:o}", "format", 1, "flow", flow, "stack",
				 "shop", "source", json_object_get(s->plan, from), "target",
				 json_object_get(s->plan, to), "options", options);
	if (!plan)
		return rfa_fail_nomem(err);
	s->options.hosts[RFA_SOURCE] = strcmp(from, "source") == 0 ? s->test : s->prod;
	s->options.hosts[RFA_TARGET] = strcmp(to, "source") == 0 ? s->test : s->prod;
	rfa_narrate_run(s->n, &teller);
	s->options.trace = &teller.trace;
	(void)!rfa_run_begin(&s->options, plan, &s->result, &why);
	rfa_teller_clear(&teller);
	s->options.hosts[RFA_SOURCE] = s->test;
	s->options.hosts[RFA_TARGET] = s->prod;
	json_decref(plan);
	return expect(s, RFA_FINAL_SUCCEEDED, &why, err);
}

static int moved(struct stage *s, struct rfa_error *err)
{
	rfa_narrate_scene(s->n, "The data goes as well: each side stands still for a moment only");
	rfa_narrate(s->n, "test stops for a snapshot, prod for two renames; what prod had stays "
			  "beside it.");
	rfa_narrate_command(s->n, "rfa data shop --from test --to prod");
	int rc = drive(s, "data", "source", "target", json_object(), err);
	if (!rc)
		rfa_narrate_result(s->n, 1,
				   "prod has test's data; back: rfa rollback shop --env prod --to "
				   "%s",
				   s->result.point);
	return rc;
}

static int proven(struct stage *s, struct rfa_error *err)
{
	static const char *const vault = "/var/lib/rfa/backups/shop";
	char at[RFA_TIME_MAX], id[64];
	rfa_narrate_scene(s->n, "A backup, and the proof that it is worth something");
	rfa_time_compact(s->options.clock->wall_ms(s->options.clock), at);
	snprintf(id, sizeof(id), "%s-prod-data", at);
	rfa_narrate_command(s->n, "rfa backup shop --env prod");
	int rc = drive(s, "backup", "target", "target",
		       json_pack("{s:s,s:s,s:s,s:n}", "set", "data", "vault", vault, "backup", id,
				 "retention"),
		       err);
	if (rc)
		return rc;
	rfa_narrate(s->n, "A drill lets test serve it, asks for its health, and puts test's own "
			  "data back:");
	rfa_narrate_command(s->n, "rfa drill shop --env test --of prod");
	rc = drive(s, "drill", "target", "source",
		   json_pack("{s:s,s:s,s:n}", "vault", vault, "backup", id, "members"), err);
	if (!rc)
		rfa_narrate_result(s->n, 1, "the backup %s is proven", id);
	return rc;
}

/* ---- versions ---------------------------------------------------------------------------------
 */

/* v3 takes v2's place on test. */
static int release_v3(struct stage *s, struct rfa_error *err)
{
	static const char *const names[] = { "backend", "frontend" };
	static const char *const ports[] = { "8001", "8080" };
	struct rfa_sim_host *test = rfa_sim_host_find(s->sim, "test");
	json_t *world = json_pack("{s:{s:{s:[o,o]}}}", "hosts", "test", "images",
				  image("backend", "v3", 500), image("frontend", "v3", 200));
	const json_t *images = rfa_facts_at(world, "hosts/test/images");
	int rc = 0;
	for (size_t i = 0; i < 2 && !rc; i++) {
		const json_t *one = json_array_get(images, i);
		struct rfa_sim_layer layers[3];
		json_t *made = body(names[i], "v3", ports[i]);
		for (size_t k = 0; k < 3; k++) {
			const json_t *row = json_array_get(json_object_get(one, "layers"), k);
			layers[k].name = json_string_value(json_array_get(row, 0));
			layers[k].bytes = (uint64_t)json_integer_value(json_array_get(row, 1));
		}
		rc = rfa_sim_image_add(test, rfa_facts_str(one, "ref", ""), layers, 3,
				       json_object_get(one, "config"), err);
		if (!rc)
			rc = rfa_sim_container_stop(test, names[i], err);
		if (!rc)
			rc = rfa_sim_container_remove(test, names[i], err);
		if (!rc)
			rc = rfa_sim_container_run(test, names[i], made, err);
		json_decref(made);
	}
	json_decref(world);
	return rc;
}

static int unhealthy(struct stage *s, struct rfa_error *err)
{
	struct rfa_error why;
	rfa_narrate_scene(s->n, "A version that is not well goes back by itself");
	rfa_narrate(s->n, "v3 answers 500 on prod.");
	int rc = release_v3(s, err);
	if (rc)
		return rc;
	promote(s, &why);
	rc = expect(s, RFA_FINAL_ROLLED_BACK, &why, err);
	if (rc)
		return rc;
	rfa_narrate_result(s->n, 0, "exit status %d: %s", rfa_code_status(why.code), why.msg);
	what_runs(s);
	return 0;
}

static int rolled_back(struct stage *s, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);
	struct rfa_teller teller;
	struct rfa_error why;
	json_t *point = NULL;
	json_t *plan = NULL;
	rfa_narrate_scene(s->n, "Back to a rollback point, by name");
	rfa_narrate_command(s->n, "rfa rollback shop --env prod --to v1");
	int rc = rfa_ledger_read(s->ledger, "points/prod/shop/v1.json", &text, err);
	if (!rc)
		rc = rfa_facts_parse(&point, rfa_buf_str(&text), text.len, "the point", err);
	rfa_buf_release(&text);
	if (rc)
		return rc;
	plan = json_pack("{s:i,s:s,s:s,s:n,s:O,s:O,s:o}", "format", 1, "flow", "rollback", "stack",
			 "shop", "source", "target", json_object_get(s->plan, "target"), "options",
			 json_object_get(s->plan, "options"), "point", point);
	rfa_narrate_run(s->n, &teller);
	s->options.trace = &teller.trace;
	(void)!rfa_run_begin(&s->options, plan, &s->result, &why);
	rfa_teller_clear(&teller);
	json_decref(plan);
	rc = expect(s, RFA_FINAL_SUCCEEDED, &why, err);
	if (!rc)
		what_runs(s);
	return rc;
}

static int git(struct stage *s, const char *shown, const char *const args[], struct rfa_error *err)
{
	int status = 0;
	rfa_narrate_command(s->n, "git -C ledger %s", shown);
	int rc = rfa_git(s->path, args, 0, &status, err);
	if (!rc && status)
		return rfa_fail(err, RFA_EINTERNAL, "demo", "git ended with status %d", status);
	return rc;
}

static int audit(struct stage *s, struct rfa_error *err)
{
	static const char *const two_lines[] = { "--no-pager", "log", "--first-parent",
						 "--format=%h %an  %s", NULL };
	static const char *const records[] = { "--no-pager",      "log",    "-n", "12",
					       "--format=%h  %s", "main^2", NULL };
	static const char *const history[] = { "--no-pager", "show", "main:history.log", NULL };
	static const char *const points[] = { "--no-pager", "tag", "-l", "rollback/*", NULL };
	static const char *const fsck[] = { "fsck", "--strict", "--no-progress", NULL };
	rfa_narrate_scene(s->n, "The audit is plain git");
	rfa_narrate(s->n, "Two lines a run:");
	int rc = git(s, "log --first-parent", two_lines, err);
	if (!rc) {
		rfa_narrate(s->n, "Every step of the last run, newest first:");
		rc = git(s, "log main^2", records, err);
	}
	if (!rc)
		rc = git(s, "show main:history.log", history, err);
	if (!rc)
		rc = git(s, "tag -l 'rollback/*'", points, err);
	if (!rc)
		rc = git(s, "fsck --strict", fsck, err);
	if (!rc)
		rfa_narrate_result(s->n, 1, "the ledger is whole");
	return rc;
}

int rfa_demo_scenario(struct rfa_narrator *n, struct rfa_error *err)
{
	static int (*const scenes[])(struct stage *, struct rfa_error *) = {
		stalled, resumed, moved, proven, unhealthy, rolled_back, audit,
	};
	struct stage s;
	memset(&s, 0, sizeof(s));
	int rc = set_up(&s, n, err);
	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]) && !rc; i++)
		rc = scenes[i](&s, err);
	tear_down(&s);
	if (!rc)
		rfa_narrate(n,
			    "\n   That was the real engine and a real ledger, on simulated hosts. "
			    "Next: rfa init, or ./dev lab up for real ones.");
	return rc;
}
