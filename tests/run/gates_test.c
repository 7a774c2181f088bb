/*
 * The gates: each refuses alone, with evidence and advice; several are told at once; and a run
 * that is refused has touched nothing and leaves nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/facts.h"
#include "tests/harness/edits.h"
#include "tests/harness/watcher.h"

enum { EDITS = WORLD_EDITS, TOLD = 5 };

struct gate_case {
	const char *gate; /* that refuses, and no other; NULL: none does */
	enum scenario scenario;
	struct world_edit edits[EDITS];
	const char *told[TOLD]; /* in its evidence, one refusal each */
};

#define BODY(host) "hosts|" host "|containers|0|body|"
#define FRONTEND "hosts|prod|containers|1|body|HostConfig|"
#define STACK "target|stack|"
/* One that is none of the stack's, and has something of one that is. */
#define BOUND(host_config)                                           \
	"{\"name\":\"stranger\",\"body\":{\"Image\":\"backend:v1\"," \
	"\"HostConfig\":{" host_config "}}}"
#define CONFIG(host) "hosts|" host "|files|/opt/app/config.json"
#define COMPOSE(host) "hosts|" host "|compose|0|config|"
#define UP(host) "hosts|" host "|compose|0|up"
#define MORE "\"{\\\"services\\\":{\\\"web\\\":{\\\"environment\\\":{\\\"A\\\":\\\"1\\\"}}}}\""

static const struct gate_case cases[] = {
	{ NULL, SCENARIO_RUN, { { 0 } }, { 0 } },
	{ NULL, SCENARIO_COMPOSE, { { 0 } }, { 0 } },
	{ NULL, SCENARIO_FIRST, { { 0 } }, { 0 } },

	{ "engine",
	  SCENARIO_RUN,
	  { { "hosts|prod|engine", "\"19.3.1\"" } },
	  { "prod has Docker Engine 19.3.1" } },
	{ "engine",
	  SCENARIO_RUN,
	  { { "hosts|test|engine", "\"18.09.0\"" } },
	  { "test has Docker Engine 18.09.0" } },
	{ NULL, SCENARIO_RUN, { { "hosts|prod|engine", "\"20.10.0\"" } }, { 0 } },
	{ "engine",
	  SCENARIO_RUN,
	  { { "hosts|prod|arch", "\"arm64\"" } },
	  { "test is amd64 and prod is arm64" } },
	{ "engine",
	  SCENARIO_COMPOSE,
	  { { "hosts|prod|compose_version", "\"\"" }, { "hosts|prod|compose|0|up", "false" } },
	  { "prod has no `docker compose`" } },

	{ "source runs",
	  SCENARIO_RUN,
	  { { "hosts|test|containers|0", NULL } },
	  { "no container backend on test" } },
	{ "source runs",
	  SCENARIO_RUN,
	  { { "hosts|test|containers|1|stopped", "true" } },
	  { "the container frontend on test does not run" } },
	{ "source runs",
	  SCENARIO_RUN,
	  { { BODY("test") "Healthcheck", "{\"Test\":[\"CMD\",\"/check\"],\"Interval\":1000000,"
					  "\"Retries\":1}" },
	    { "hosts|test|images|0|config|Labels|sim.health", "\"500\"" } },
	  { "the container backend on test is " } },
	{ "source runs",
	  SCENARIO_RUN,
	  { { BODY("test") "Labels|sim.exit", "\"0\"" },
	    { BODY("test") "HostConfig|RestartPolicy", NULL },
	    { BODY("test") "HostConfig|PortBindings", NULL } },
	  { "the container backend on test has ended, and on prod it runs" } },
	{ "source runs",
	  SCENARIO_RUN,
	  { { "hosts|test|containers", "[]" } },
	  { "no container backend on test", "no container frontend on test" } },

	{ "tags",
	  SCENARIO_RUN,
	  { { "hosts|test|images|0|ref", "\"backend:latest\"" },
	    { BODY("test") "Image", "\"backend:latest\"" } },
	  { "backend runs backend:latest" } },
	{ "tags",
	  SCENARIO_RUN,
	  { { "hosts|test|images|0|ref", "\"registry.example:5000/backend\"" },
	    { BODY("test") "Image", "\"registry.example:5000/backend\"" } },
	  { "backend runs registry.example:5000/backend" } },
	{ NULL,
	  SCENARIO_RUN,
	  { { "hosts|test|images|0|ref", "\"backend:latest\"" },
	    { BODY("test") "Image", "\"backend:latest\"" },
	    { STACK "gates|allow_latest", "true" } },
	  { 0 } },

	{ "carry over",
	  SCENARIO_RUN,
	  { { BODY("prod") "HostConfig|AutoRemove", "true" },
	    { BODY("prod") "HostConfig|RestartPolicy", NULL } },
	  { "it is removed as soon as it stops (--rm) (HostConfig/AutoRemove)" } },
	{ "carry over",
	  SCENARIO_RUN,
	  { { FRONTEND "IpcMode", "\"container:backend\"" } },
	  { "IPC namespace" } },
	{ "carry over",
	  SCENARIO_RUN,
	  { { FRONTEND "PidMode", "\"container:backend\"" } },
	  { "process namespace" } },
	{ "carry over",
	  SCENARIO_RUN,
	  { { FRONTEND "VolumesFrom", "[\"backend\"]" } },
	  { "volumes from another" } },
	{ "carry over", SCENARIO_RUN, { { FRONTEND "Links", "[\"backend:db\"]" } }, { "--link" } },
	{ "carry over",
	  SCENARIO_RUN,
	  { { BODY("prod") "Labels|com.docker.compose.project", "\"shop\"" } },
	  { "belongs to a Compose project" } },
	{ "carry over",
	  SCENARIO_RUN,
	  { { BODY("prod") "Labels|com.docker.swarm.task.id", "\"x\"" },
	    { FRONTEND "Links", "[\"backend:db\"]" } },
	  { "swarm", "--link" } },

	/* Whoever cannot start again without the very container that is replaced. */
	{ "dependents",
	  SCENARIO_RUN,
	  { { "hosts|prod|containers|9", BOUND("\"NetworkMode\":\"container:backend\"") } },
	  { "the container stranger on prod has the network of backend" } },
	{ "dependents",
	  SCENARIO_RUN,
	  { { "hosts|prod|containers|9", BOUND("\"PidMode\":\"container:backend\"") } },
	  { "the container stranger on prod has the process namespace of backend" } },
	{ "dependents",
	  SCENARIO_RUN,
	  { { "hosts|prod|containers|9", BOUND("\"IpcMode\":\"container:frontend\"") } },
	  { "the container stranger on prod has the IPC namespace of frontend" } },
	{ "dependents",
	  SCENARIO_RUN,
	  { { "hosts|prod|containers|9", BOUND("\"Links\":[\"backend:b\"]") } },
	  { "the container stranger on prod has a link to backend" } },
	{ NULL,
	  SCENARIO_RUN,
	  { { "hosts|prod|containers|9", BOUND("\"VolumesFrom\":[\"backend\"]") } },
	  { 0 } },
	{ "dependents",
	  SCENARIO_COMPOSE,
	  { { "hosts|prod|images|0|ref", "\"backend:v1\"" },
	    { "hosts|prod|compose|0|config|services|web|image", "\"backend:v1\"" },
	    { "hosts|prod|compose|1", "{\"project\":\"other\",\"directory\":\"/srv/"
				      "other\",\"config\":{\"services\":{\"spy\":{"
				      "\"image\":\"backend:v1\",\"network_mode\":\"container:shop-"
				      "web-1\"}}},\"up\":true}" } },
	  { "the container other-spy-1 on prod has the network of shop-web-1" } },

	{ "first deployment",
	  SCENARIO_FIRST,
	  { { STACK "bootstrap|requires",
	      "[\"/opt/app/data/\",\"/opt/app/secret.env\",\"/opt/none/\","
	      "\"/opt/app/config.json/\"]" } },
	  { "/opt/app/secret.env is missing on prod", "/opt/none/ is missing on prod",
	    "/opt/app/config.json/ is missing" } },
	{ "first deployment",
	  SCENARIO_FIRST,
	  { { STACK "bootstrap|containers|frontend", NULL } },
	  { "no container frontend on prod, and rfa.json does not say how" } },
	{ "first deployment",
	  SCENARIO_FIRST,
	  { { STACK "bootstrap|containers", NULL }, { STACK "bootstrap|requires", "[\"/x\"]" } },
	  { "no container backend", "no container frontend", "/x is missing" } },

	{ "disk space",
	  SCENARIO_RUN,
	  { { "hosts|prod|disk_bytes", "100000000" },
	    { "hosts|prod|disk_used", "99500000" },
	    { STACK "gates|disk_free_percent", "0" } },
	  { "/var/lib/rfa on prod has 160 kB free, this run needs up to 800 kB" } },
	{ "disk space",
	  SCENARIO_RUN,
	  { { "hosts|prod|disk_bytes", "100000000" },
	    { "hosts|prod|docker_disk_bytes", "620000" },
	    { STACK "gates|disk_free_percent", "0" } },
	  { "/var/lib/docker on prod has 280 kB free, this run needs up to 400 kB" } },
	/* The images are exported to the source's disk first. */
	{ "disk space",
	  SCENARIO_RUN,
	  { { "hosts|test|disk_bytes", "100000000" },
	    { "hosts|test|disk_used", "99900000" },
	    { STACK "gates|disk_free_percent", "0" } },
	  { "/var/lib/rfa on test has 0 B free, this run needs up to 400 kB" } },
	{ "disk space",
	  SCENARIO_RUN,
	  { { STACK "gates|disk_free_percent", "100" } },
	  { "of its space free, less than 100 %" } },

	{ "base URL",
	  SCENARIO_RUN,
	  { { CONFIG("test"), "\"{\\\"base_url\\\":\\\"http://10.88.0.12/\\\"}\"" } },
	  { "on test is http://10.88.0.12/, which is not test itself" } },
	{ "base URL",
	  SCENARIO_RUN,
	  { { CONFIG("prod"), "\"{\\\"base_url\\\":\\\"http://u@10.88.0.11:80/x\\\"}\"" } },
	  { "on prod is http://u@10.88.0.11:80/x, which is not prod itself" } },
	{ "base URL",
	  SCENARIO_RUN,
	  { { CONFIG("prod"), NULL } },
	  { "/opt/app/config.json on prod: " } },
	{ "base URL",
	  SCENARIO_RUN,
	  { { CONFIG("prod"), "\"base_url = here\"" } },
	  { "/opt/app/config.json on prod: " } },
	{ "base URL",
	  SCENARIO_RUN,
	  { { CONFIG("prod"), "\"{\\\"url\\\":\\\"x\\\"}\"" } },
	  { "it has no text at 'base_url'" } },
	{ NULL,
	  SCENARIO_RUN,
	  { { CONFIG("prod"), "\"{\\\"base_url\\\":\\\"https://[::1]:8443/\\\"}\"" } },
	  { 0 } },
	{ NULL,
	  SCENARIO_RUN,
	  { { CONFIG("prod"), "\"{\\\"base_url\\\":\\\"http://shop.example.org/\\\"}\"" },
	    { "target|own_addresses", "[\"shop.example.org\"]" } },
	  { 0 } },

	{ "compose",
	  SCENARIO_COMPOSE,
	  { { COMPOSE("prod") "services|web|build", "\".\"" } },
	  { "the service web is built on prod" } },
	{ "compose",
	  SCENARIO_COMPOSE,
	  { { COMPOSE("prod") "networks|outer", "{\"external\":true,\"name\":\"shared\"}" },
	    { "hosts|prod|compose|0|up", "false" },
	    { STACK "bootstrap|requires", "[]" } },
	  { "the external network shared does not exist on prod" } },
	{ "compose",
	  SCENARIO_COMPOSE,
	  { { COMPOSE("prod") "services|api", NULL } },
	  { "the project on prod has no service api" } },
	{ "compose",
	  SCENARIO_COMPOSE,
	  { { "hosts|prod|files|/srv/stacks/shop/.env", "{\"mode\":420,\"text\":\"A=1\"}" },
	    { STACK "compose|env_files", "[\".env\"]" } },
	  { "/srv/stacks/shop/.env on prod can be read by everybody" } },
	{ NULL,
	  SCENARIO_COMPOSE,
	  { { "hosts|prod|files|/srv/stacks/shop/.env", "{\"mode\":416,\"text\":\"A=1\"}" },
	    { STACK "compose|env_files", "[\".env\"]" } },
	  { 0 } },
	{ "compose",
	  SCENARIO_COMPOSE,
	  { { STACK "compose|files", "[\"broken.yml\"]" } },
	  { "is not valid" } },
	{ "compose",
	  SCENARIO_COMPOSE,
	  { { STACK "compose|files", "[]" }, { STACK "compose|directory", "\"/srv/other\"" } },
	  { "no configuration file provided" } },
	/* Brought up from a shell that had a variable which nothing has now. */
	{ "compose",
	  SCENARIO_COMPOSE,
	  { { COMPOSE("prod") "services|web|environment", "{\"PW\":\"${PW}\"}" },
	    { UP("prod"), "{\"shell\":{\"PW\":\"x\"}}" } },
	  { "more than the image of web on prod would change; the variables: PW",
	    "no value is set on prod for PW: Compose would leave it blank" } },
	{ "compose",
	  SCENARIO_COMPOSE,
	  { { COMPOSE("prod") "services|web|environment", "{\"PW\":\"${PW-none}\"}" },
	    { UP("prod"), "{\"shell\":{\"PW\":\"x\"}}" } },
	  { "the variables: PW" } },
	{ "compose",
	  SCENARIO_COMPOSE,
	  { { COMPOSE("prod") "services|web|environment", "{\"PW\":\"${PW}\"}" },
	    { UP("prod"), "{\"shell\":{\"PW\":\"x\"}}" },
	    { STACK "gates|allow_compose_changes", "true" } },
	  { "no value is set on prod for PW" } },
	/* It was blank before: nothing changes. */
	{ NULL,
	  SCENARIO_COMPOSE,
	  { { COMPOSE("prod") "services|web|environment", "{\"PW\":\"${PW}\"}" } },
	  { 0 } },
	{ "compose",
	  SCENARIO_COMPOSE,
	  { { "hosts|prod|files|/srv/stacks/shop/more.json", MORE },
	    { UP("prod"), "{\"files\":[\"docker-compose.yml\",\"more.json\"]}" },
	    { STACK "compose|files", "[]" } },
	  { "the variables: A; it was brought up from /srv/stacks/shop/docker-compose.yml, "
	    "/srv/stacks/shop/more.json, and /srv/stacks/shop/docker-compose.yml would be used" } },
	{ NULL,
	  SCENARIO_COMPOSE,
	  { { "hosts|prod|files|/srv/stacks/shop/more.json", MORE },
	    { UP("prod"), "{\"files\":[\"docker-compose.yml\",\"more.json\"]}" },
	    { STACK "compose|files", "[\"docker-compose.yml\",\"more.json\"]" } },
	  { 0 } },
	{ NULL,
	  SCENARIO_COMPOSE,
	  { { "hosts|prod|files|/srv/stacks/shop/more.json", MORE },
	    { UP("prod"), "{\"files\":[\"docker-compose.yml\",\"more.json\"]}" },
	    { STACK "gates|allow_compose_changes", "true" } },
	  { 0 } },
	{ NULL,
	  SCENARIO_COMPOSE,
	  { { "hosts|prod|files|/srv/stacks/shop/more.json", MORE },
	    { UP("prod"), "{\"files\":[\"docker-compose.yml\",\"more.json\"]}" },
	    { "options|force_reason", "\"hotfix 12\"" } },
	  { 0 } },
	{ "compose",
	  SCENARIO_COMPOSE,
	  { { "hosts|prod|files|/srv/stacks/shop/prod.env", "{\"mode\":416,\"text\":\"A=1\"}" },
	    { COMPOSE("prod") "services|web|environment", "{\"A\":\"${A-}\"}" },
	    { UP("prod"), "{\"env_files\":[\"prod.env\"]}" } },
	  { "it was brought up with --env-file /srv/stacks/shop/prod.env" } },
	{ "compose",
	  SCENARIO_COMPOSE,
	  { { COMPOSE("prod") "services|web|depends_on", "[\"api\"]" },
	    { UP("prod"), "{\"services\":[\"web\"]}" },
	    { STACK "compose|services", "[\"web\"]" } },
	  { "web depends on api, which does not run there" } },

	{ "networks",
	  SCENARIO_FIRST,
	  { { "hosts|prod|networks", "[\"appnet\"]" } },
	  { "the network edge, which backend joins, does not exist on prod",
	    "the network edge, which frontend joins, does not exist on prod" } },
	{ "networks",
	  SCENARIO_FIRST,
	  { { STACK "bootstrap|containers|backend|HostConfig|NetworkMode",
	      "\"container:proxy\"" } },
	  { "the container proxy, whose network backend shares, does not exist on prod" } },
	{ "URLs",
	  SCENARIO_RUN,
	  { { "hosts|prod|forwarding", "false" } },
	  { "no URL can be checked on prod" } },
	{ "URLs",
	  SCENARIO_FIRST,
	  { { "hosts|prod|forwarding", "false" } },
	  { "no URL can be checked on prod" } },
	{ NULL,
	  SCENARIO_RUN,
	  { { "hosts|prod|forwarding", "false" }, { STACK "checks", "[]" } },
	  { 0 } },

	{ "verified",
	  SCENARIO_RUN,
	  { { STACK "gates|require_verified", "true" } },
	  { "backend runs backend:v2 (image ", "frontend runs frontend:v2 (image " } },
	{ "verified",
	  SCENARIO_RUN,
	  { { STACK "gates|verified_in", "[\"staging\"]" } },
	  { "backend:v2", "but it has not been verified on staging" } },
	{ "verified", /* its word alone is worth nothing */
	  SCENARIO_RUN,
	  { { STACK "gates|require_verified", "true" },
	    { "options|verified", "{\"version\":\"v2\"}" } },
	  { "frontend runs frontend:v2",
	    "no version has been verified on test (verified there: v2)" } },
	{ NULL,
	  SCENARIO_RUN,
	  { { STACK "gates|require_verified", "true" },
	    { "options|force_reason", "\"the fire brigade is here\"" } },
	  { 0 } },

	{ "proven drill",
	  SCENARIO_RUN,
	  { { STACK "gates|proven_drill_days", "31" } },
	  { "no backup of this stack has been proven" } },
	{ NULL,
	  SCENARIO_RUN,
	  { { STACK "gates|proven_drill_days", "31" },
	    { "options|force_reason", "\"hotfix 12\"" } },
	  { 0 } },
	{ "base URL",
	  SCENARIO_RUN,
	  { { CONFIG("prod"), NULL }, { "options|force_reason", "\"hotfix 12\"" } },
	  { "/opt/app/config.json on prod" } },
	{ "proven drill",
	  SCENARIO_RUN,
	  { { STACK "gates|proven_drill_days", "31" },
	    { "options|proven_drill_at", "\"2026-10-21T09:00:00Z\"" } },
	  { "was 32 days ago (2026-10-21T09:00:00Z), more than 31" } },
	{ NULL,
	  SCENARIO_RUN,
	  { { STACK "gates|proven_drill_days", "31" },
	    { "options|proven_drill_at", "\"2026-10-23T09:00:00Z\"" } },
	  { 0 } },
	{ "proven drill",
	  SCENARIO_RUN,
	  { { STACK "gates|standby_drill_days", "31" },
	    { "options|proven_drill_at", "\"2026-11-20T09:00:00Z\"" } },
	  { "no backup of this stack has been proven by a drill with a standby" } },
	{ NULL,
	  SCENARIO_RUN,
	  { { STACK "gates|standby_drill_days", "31" },
	    { "options|standby_drill_at", "\"2026-11-20T09:00:00Z\"" } },
	  { 0 } },
};

static json_t *snapshot(struct rfa_sim_host *host)
{
	struct rfa_error err;
	json_t *shared = NULL;
	const char *path;
	json_t *copy;
	json_t *file;
	void *tmp;

	assert_int_equal(rfa_sim_snapshot(&shared, host, RFA_SIM_ALL, &err), 0);
	copy = json_deep_copy(shared);
	json_decref(shared);
	/* The ledger's head is left on each host of an ended run. */
	json_object_foreach_safe (rfa_facts_at(copy, "own/files"), tmp, path, file) {
		if (!strncmp(path, "/var/lib/rfa/ledger-heads/", 26))
			json_object_del(rfa_facts_at(copy, "own/files"), path);
	}
	return copy;
}

/* The gates' facts in the record of the step. New; NULL: it is not there. */
static json_t *recorded(struct world *w, const char *run)
{
	struct rfa_history *h = NULL;
	struct rfa_error err;
	json_t *gates = NULL;
	size_t i;

	assert_int_equal(rfa_ledger_load(w->ledger, run, &h, &err), 0);
	for (i = 0; i < h->n; i++)
		if (!strcmp(h->records[i].step, "gates") && h->records[i].kind == RFA_RECORD_FAILED)
			gates = json_incref(rfa_facts_at(h->records[i].facts, "gates"));
	rfa_history_free(h);
	return gates;
}

/* What holds of every refusal. */
static void check_refused(struct world *w, struct watcher *x, const json_t *before[2], int rc,
			  const struct rfa_run_result *result, const struct rfa_error *err)
{
	struct rfa_sim_host *hosts[2] = { w->test, w->prod };
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);
	json_t *gates;
	size_t i;

	assert_int_equal(rc, -RFA_EREFUSED);
	assert_int_equal(result->final, RFA_FINAL_FAILED);
	assert_true(err->hint[0] != '\0');
	assert_non_null(strstr(err->where, "gate '"));
	if (!strstr(err->msg, rfa_facts_str(json_array_get(x->refused, 0), "evidence", "?")))
		fail_msg("%s does not tell the evidence", err->msg);
	for (i = 0; i < 2; i++) {
		json_t *now = snapshot(hosts[i]);

		rfa_sim_diff(before[i], now, &text);
		json_decref(now);
	}
	if (text.len)
		fail_msg("refused, and changed: %s", rfa_buf_str(&text));
	rfa_buf_release(&text);
	gates = recorded(w, result->run);
	for (i = 0; i < json_array_size(x->refused); i++) {
		json_t *one = json_array_get(x->refused, i);

		if (!watcher_is_refused(gates, rfa_facts_str(one, "gate", ""),
					rfa_facts_str(one, "evidence", "")))
			fail_msg("'%s' is not on record", rfa_facts_str(one, "evidence", ""));
	}
	json_decref(gates);
}

static void judge(const struct gate_case *c)
{
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	const json_t *before[2];
	struct watcher x;
	struct world w;
	size_t n = 0;
	size_t i;
	int rc;

	world_make_edited(&w, c->scenario, 7, world_edit_all, (void *)(uintptr_t)c->edits);
	if (c->edits[0].json && strstr(c->edits[0].json, "broken.yml"))
		assert_int_equal(rfa_sim_file_put(w.prod, "/srv/stacks/shop/broken.yml", 0644,
						  "services: [", &err),
				 0);
	/* What has a health check has had the time to fail it. */
	w.options.clock->sleep_ms(w.options.clock, 120000);
	watcher_begin(&x, &w);
	before[0] = snapshot(w.test);
	before[1] = snapshot(w.prod);
	rc = rfa_run_begin(&w.options, w.plan, &result, &err);
	if (c->gate) {
		while (n < TOLD && c->told[n])
			n++;
		for (i = 0; i < n; i++)
			if (!watcher_is_refused(x.refused, c->gate, c->told[i]))
				fail_msg("'%s' is not told by %s: %s", c->told[i], c->gate,
					 json_dumps(x.refused, JSON_INDENT(1)));
		if (json_array_size(x.refused) != n)
			fail_msg("%s: %zu refusals instead of %zu: %s", c->told[0],
				 json_array_size(x.refused), n,
				 json_dumps(x.refused, JSON_INDENT(1)));
		check_refused(&w, &x, before, rc, &result, &err);
	} else if (rc || json_array_size(x.refused)) {
		fail_msg("case %s of %s: %s", c->edits[0].where ? c->edits[0].where : "none",
			 scenario_word(c->scenario), err.msg);
	}
	json_decref((json_t *)(uintptr_t)before[0]);
	json_decref((json_t *)(uintptr_t)before[1]);
	watcher_end(&x);
	world_free(&w);
}

static void test_each_alone(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		judge(&cases[i]);
}

static void test_all_at_once(void **state)
{
	static const struct world_edit edits[EDITS] = {
		{ "hosts|prod|engine", "\"19.3.1\"" },
		{ "hosts|test|containers|1|stopped", "true" },
		{ CONFIG("prod"), NULL },
		{ STACK "gates", "{\"require_verified\":true,\"disk_free_percent\":100}" },
	};
	static const char *const told[][2] = {
		{ "engine", "19.3.1" },       { "source runs", "frontend" },
		{ "disk space", "100 %" },    { "base URL", "config.json on prod" },
		{ "verified", "backend:v2" }, { "verified", "frontend:v2" },
	};
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	const json_t *before[2];
	struct watcher x;
	struct world w;
	size_t i;
	int rc;

	(void)state;
	world_make_edited(&w, SCENARIO_RUN, 7, world_edit_all, (void *)(uintptr_t)edits);
	watcher_begin(&x, &w);
	before[0] = snapshot(w.test);
	before[1] = snapshot(w.prod);
	rc = rfa_run_begin(&w.options, w.plan, &result, &err);
	for (i = 0; i < sizeof(told) / sizeof(told[0]); i++)
		assert_true(watcher_is_refused(x.refused, told[i][0], told[i][1]));
	assert_int_equal(json_array_size(x.refused), sizeof(told) / sizeof(told[0]));
	assert_non_null(strstr(err.msg, "6 reasons to refuse"));
	check_refused(&w, &x, before, rc, &result, &err);
	json_decref((json_t *)(uintptr_t)before[0]);
	json_decref((json_t *)(uintptr_t)before[1]);
	watcher_end(&x);
	world_free(&w);
}

/* What needs a hand of the test's own. */

static int disk_without_inodes(struct rfa_host *host, const char *path, struct rfa_disk *out,
			       struct rfa_error *err)
{
	(void)host;
	(void)path;
	(void)err;
	memset(out, 0, sizeof(*out));
	out->bytes_total = out->bytes_free = INT64_C(1) << 40;
	out->inodes_total = 1000000;
	out->inodes_free = 49999;
	snprintf(out->filesystem, sizeof(out->filesystem), "/dev/sda1");
	return 0;
}

static void test_inodes(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	struct rfa_host_ops ops;
	struct watcher x;
	struct world w;

	(void)state;
	world_make(&w, SCENARIO_RUN, 7);
	watcher_begin(&x, &w);
	ops = *w.target->ops;
	ops.disk = disk_without_inodes;
	w.target->ops = &ops;
	assert_int_equal(rfa_run_begin(&w.options, w.plan, &result, &err), -RFA_EREFUSED);
	assert_true(watcher_is_refused(x.refused, "disk space", "49999 of 1000000 inodes free"));
	assert_non_null(strstr(err.hint, "inodes"));
	watcher_end(&x);
	world_free(&w);
}

/* Hosts need not be able to do everything, but what a flow needs of them. */
static void test_offers(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	struct world w;

	(void)state;
	world_make(&w, SCENARIO_RUN, 7);
	w.target->vault = NULL;
	w.source->trees = NULL;
	w.source->databases = NULL;
	assert_int_equal(rfa_run_begin(&w.options, w.plan, &result, &err), 0);
	world_free(&w);

	world_make(&w, SCENARIO_RUN, 7);
	w.source->engine = NULL;
	assert_int_equal(rfa_run_begin(&w.options, w.plan, &result, &err), -RFA_EUNSUPPORTED);
	assert_string_equal(result.run, ""); /* nothing was begun */
	assert_string_equal(err.where, "test");
	assert_non_null(strstr(err.msg, "does not offer a Docker engine"));
	assert_true(err.hint[0]);
	world_free(&w);

	rfa_error_clear(&err);
	world_make(&w, SCENARIO_DATA, 7);
	w.source->databases = w.target->databases = NULL; /* none of the members is one */
	assert_int_equal(rfa_run_begin(&w.options, w.plan, &result, &err), 0);
	world_free(&w);

	world_make(&w, SCENARIO_DATA_DATABASE, 7);
	w.target->databases = NULL;
	assert_int_equal(rfa_run_begin(&w.options, w.plan, &result, &err), -RFA_EUNSUPPORTED);
	assert_int_equal(result.final, RFA_FINAL_FAILED); /* in PRECHECK: nothing was changed */
	assert_non_null(strstr(err.msg, "does not offer databases"));
	world_free(&w);
}

/* A container that was started by an image's id has no version that a person could name. */
static void test_digest(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	struct watcher x;
	struct world w;
	json_t *seen = NULL;
	json_t *body;

	(void)state;
	world_make(&w, SCENARIO_RUN, 7);
	assert_int_equal(rfa_sim_snapshot(&seen, w.test, RFA_SIM_TAGS, &err), 0);
	body = json_pack("{s:O}", "Image",
			 json_object_get(json_object_get(seen, "tags"), "backend:v2"));
	assert_non_null(body);
	assert_int_equal(rfa_sim_container_stop(w.test, "backend", &err), 0);
	assert_int_equal(rfa_sim_container_remove(w.test, "backend", &err), 0);
	assert_int_equal(rfa_sim_container_run(w.test, "backend", body, &err), 0);
	watcher_begin(&x, &w);
	assert_int_equal(rfa_run_begin(&w.options, w.plan, &result, &err), -RFA_EREFUSED);
	assert_int_equal(json_array_size(x.refused), 1);
	assert_true(watcher_is_refused(x.refused, "tags", "backend runs sha256:"));
	assert_non_null(strstr(err.hint, "give the image a tag"));
	json_decref(seen);
	json_decref(body);
	watcher_end(&x);
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_alone), cmocka_unit_test(test_all_at_once),
		cmocka_unit_test(test_inodes),     cmocka_unit_test(test_offers),
		cmocka_unit_test(test_digest),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
