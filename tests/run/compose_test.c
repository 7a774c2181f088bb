/*
 * Compose projects as people have them: files of the usual names, services in several containers,
 * services that end, some services only, profiles. A promote changes the images and nothing else.
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

#define STACK "target|stack|"
#define SERVICE(host, name) "hosts|" host "|compose|0|config|services|" name
#define UP(host) "hosts|" host "|compose|0|up"

enum { LISTS = 3 };

struct project {
	struct world w;
	struct watcher x;
	struct rfa_run_result result;
	struct rfa_error err;
	int rc;
};

/* Up to LISTS lists of edits, NULL after the last. */
static void edit(void *user, json_t *setup, json_t *plan)
{
	const struct world_edit **lists = user;
	size_t i;

	for (i = 0; i < LISTS && lists[i]; i++)
		world_edit_all((void *)(uintptr_t)lists[i], setup, plan);
}

static void make(struct project *p, enum scenario scenario, const struct world_edit *a,
		 const struct world_edit *b, const struct world_edit *c)
{
	const struct world_edit *lists[LISTS] = { a, b, c };

	memset(p, 0, sizeof(*p));
	world_make_edited(&p->w, scenario, 7, edit, lists);
	watcher_begin(&p->x, &p->w);
}

static void promote(struct project *p)
{
	p->rc = rfa_run_begin(&p->w.options, p->w.plan, &p->result, &p->err);
}

static void promote_well(struct project *p)
{
	promote(p);
	if (p->rc)
		fail_msg("%s (%s)\n%s", p->err.msg, p->err.where, rfa_buf_str(&p->x.lines));
	assert_int_equal(p->result.final, RFA_FINAL_SUCCEEDED);
}

static void done(struct project *p)
{
	struct rfa_buf why = RFA_BUF_INIT(1 << 16);

	if (!world_is_clean(&p->w, &why))
		fail_msg("%s", rfa_buf_str(&why));
	rfa_buf_release(&why);
	watcher_end(&p->x);
	world_free(&p->w);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "shop-api-1 api:v2 running, shop-web-1 …": what is on prod, by name. */
static void assert_on_prod(struct project *p, const char *expected)
{
	struct rfa_buf text = RFA_BUF_INIT(1 << 16);
	json_t *snap = NULL, *containers, *one;
	const char *names[16], *name;
	size_t n = 0, i;

	assert_int_equal(rfa_sim_snapshot(&snap, p->w.prod, RFA_SIM_CONTAINERS, &p->err), 0);
	containers = json_object_get(snap, "containers");
	json_object_foreach (containers, name, one) {
		assert_true(n < 16);
		names[n++] = name;
	}
	qsort(names, n, sizeof(names[0]), by_text);
	for (i = 0; i < n; i++) {
		one = json_object_get(containers, names[i]);
		rfa_buf_printf(&text, "%s%s %s %s", i ? ", " : "", names[i],
			       rfa_facts_str(one, "ref", ""), rfa_facts_str(one, "status", ""));
	}
	assert_string_equal(rfa_buf_str(&text), expected);
	json_decref(snap);
	rfa_buf_release(&text);
}

static json_t *inspect(struct project *p, const char *name)
{
	json_t *c = NULL;

	assert_int_equal(
	    p->w.target->engine->inspect(p->w.target, RFA_CONTAINER, name, &c, &p->err), 0);
	return c;
}

static void assert_label(struct project *p, const char *name, const char *label,
			 const char *expected)
{
	json_t *c = inspect(p, name);
	const char *is =
	    json_string_value(json_object_get(rfa_facts_at(c, "Config/Labels"), label));

	assert_string_equal(is ? is : "(none)", expected);
	json_decref(c);
}

/* Which files. */

static void the_override_beside_the_file_stays_in_force(void **state)
{
	static const struct world_edit edits[WORLD_EDITS] = {
		{ STACK "compose|files", "[]" },
		{ "hosts|prod|files|/srv/stacks/shop/docker-compose.override.yml",
		  "\"{\\\"services\\\":{\\\"web\\\":{\\\"labels\\\":{\\\"from\\\":\\\"override\\\"}"
		  "}}}\"" },
	};
	struct project p;

	(void)state;
	make(&p, SCENARIO_COMPOSE, edits, NULL, NULL);
	assert_label(&p, "shop-web-1", "from", "override");
	promote_well(&p);
	assert_on_prod(&p, "shop-api-1 api:v2 running, shop-web-1 web:v2 running");
	assert_label(&p, "shop-web-1", "from", "override");
	done(&p);
}

static void the_files_that_the_env_file_names_are_used(void **state)
{
	static const struct world_edit edits[WORLD_EDITS] = {
		{ STACK "compose|files", "[]" },
		{ "hosts|prod|files|/srv/stacks/shop/.env",
		  "\"COMPOSE_FILE=docker-compose.yml:more.json\\n\"" },
		{ "hosts|prod|files|/srv/stacks/shop/more.json",
		  "\"{\\\"services\\\":{\\\"web\\\":{\\\"labels\\\":{\\\"from\\\":\\\"more\\\"}}}}"
		  "\"" },
	};
	struct project p;

	(void)state;
	make(&p, SCENARIO_COMPOSE, edits, NULL, NULL);
	promote_well(&p);
	assert_on_prod(&p, "shop-api-1 api:v2 running, shop-web-1 web:v2 running");
	assert_label(&p, "shop-web-1", "from", "more");
	done(&p);
}

/* How many containers. */

static const struct world_edit three[WORLD_EDITS] = {
	{ SERVICE("prod", "web|ports"), NULL },
	{ UP("prod"), "{\"scale\":[\"web=3\"]}" },
	{ STACK "checks", "[{\"name\":\"http://127.0.0.1:9002/health\",\"url\":\"http://"
			  "127.0.0.1:9002/health\"}]" },
};

static void all_containers_of_a_service_are_replaced(void **state)
{
	struct project p;

	(void)state;
	make(&p, SCENARIO_COMPOSE, three, NULL, NULL);
	promote_well(&p);
	assert_on_prod(&p, "shop-api-1 api:v2 running, shop-web-1 web:v2 running, "
			   "shop-web-2 web:v2 running, shop-web-3 web:v2 running");
	assert_non_null(strstr(rfa_buf_str(&p.x.all), "4 container(s)"));
	done(&p);
}

/* What its file wants none of has none, and the run is done. */
static void a_service_may_have_no_container(void **state)
{
	static const struct world_edit none[WORLD_EDITS] = {
		{ SERVICE("prod", "api|deploy"), "{\"replicas\":0}" },
		{ STACK "compose|services", "[\"web\",\"api\"]" },
		{ STACK "checks", "[{\"name\":\"web\",\"url\":\"http://127.0.0.1:9001/health\"}]" },
	};
	struct project p;

	(void)state;
	make(&p, SCENARIO_COMPOSE, none, NULL, NULL);
	assert_on_prod(&p, "shop-web-1 web:v1 running");
	promote_well(&p);
	assert_on_prod(&p, "shop-web-1 web:v2 running");
	done(&p);
}

static void all_containers_of_a_service_come_back(void **state)
{
	static const struct world_edit ill[WORLD_EDITS] = {
		{ "hosts|test|images|1|config|Labels|sim.health", "\"500\"" },
	};
	struct project p;

	(void)state;
	make(&p, SCENARIO_COMPOSE, three, ill, NULL);
	promote(&p);
	assert_int_equal(p.result.final, RFA_FINAL_ROLLED_BACK);
	assert_on_prod(&p, "shop-api-1 api:v1 running, shop-web-1 web:v1 running, "
			   "shop-web-2 web:v1 running, shop-web-3 web:v1 running");
	done(&p);
}

/* A container of a service that does not come up is not hidden by the others. */
static void kill_the_last(struct watcher *x, uint64_t call, const char *label)
{
	struct rfa_error err;

	(void)call;
	(void)label;
	assert_int_equal(rfa_sim_container_stop(x->w->prod, "shop-web-3", &err), 0);
}

static void each_container_of_a_service_has_to_run(void **state)
{
	static const struct world_edit plain[WORLD_EDITS] = { { SERVICE("prod", "web|restart"),
								NULL } };
	struct project p;

	(void)state;
	make(&p, SCENARIO_COMPOSE, three, plain, NULL);
	snprintf(p.x.hook_step, sizeof(p.x.hook_step), "target.health");
	p.x.hook = kill_the_last;
	promote(&p);
	assert_int_equal(p.result.final, RFA_FINAL_ROLLED_BACK);
	assert_non_null(strstr(rfa_buf_str(&p.x.all), "shop-web-3 has ended"));
	done(&p);
}

/* Only some services. */

static void what_is_not_named_is_not_touched(void **state)
{
	static const struct world_edit edits[WORLD_EDITS] = {
		{ STACK "compose|services", "[\"web\"]" },
		{ SERVICE("prod", "tool"), "{\"image\":\"api:v1\"}" },
	};
	json_t *before, *after;
	struct project p;

	(void)state;
	make(&p, SCENARIO_COMPOSE, edits, NULL, NULL);
	assert_int_equal(rfa_sim_container_stop(p.w.prod, "shop-tool-1", &p.err), 0);
	before = inspect(&p, "shop-api-1");
	promote_well(&p);
	assert_on_prod(&p, "shop-api-1 api:v1 running, shop-tool-1 api:v1 exited, "
			   "shop-web-1 web:v2 running");
	after = inspect(&p, "shop-api-1");
	assert_string_equal(rfa_facts_str(before, "Id", ""), rfa_facts_str(after, "Id", "-"));
	json_decref(before);
	json_decref(after);
	done(&p);
}

/* Without what it depends on, Compose knows a service by another hash. */
static void some_services_go_again_and_again(void **state)
{
	static const struct world_edit edits[WORLD_EDITS] = {
		{ STACK "compose|services", "[\"web\"]" },
		{ SERVICE("prod", "web|depends_on"), "[\"api\"]" },
	};
	struct project p;

	(void)state;
	make(&p, SCENARIO_COMPOSE, edits, NULL, NULL);
	promote_well(&p);
	promote_well(&p);
	assert_on_prod(&p, "shop-api-1 api:v1 running, shop-web-1 web:v2 running");
	done(&p);
}

/* Also when it is one of those that the source has, and which the target does not. */
static void services_of_a_profile_are_brought_along(void **state)
{
	static const struct world_edit edits[WORLD_EDITS] = {
		{ SERVICE("test", "tool"), "{\"image\":\"api:v2\",\"profiles\":[\"debug\"]}" },
		{ SERVICE("prod", "tool"), "{\"image\":\"api:v1\",\"profiles\":[\"debug\"]}" },
		{ UP("test"), "{\"shell\":{\"COMPOSE_PROFILES\":\"debug\"}}" },
		{ UP("prod"), "{\"shell\":{\"COMPOSE_PROFILES\":\"debug\"}}" },
	};
	struct project p;

	(void)state;
	make(&p, SCENARIO_COMPOSE, edits, NULL, NULL);
	promote_well(&p);
	assert_on_prod(&p, "shop-api-1 api:v2 running, shop-tool-1 api:v2 running, "
			   "shop-web-1 web:v2 running");
	done(&p);
}

/* What ends. */

#define MIGRATE(version, status) \
	"{\"image\":\"api:" version "\",\"labels\":{\"sim.exit\":\"" status "\"}}"

static void what_ends_well_is_well(void **state)
{
	static const struct world_edit edits[WORLD_EDITS] = {
		{ SERVICE("test", "migrate"), MIGRATE("v2", "0") },
		{ SERVICE("prod", "migrate"), MIGRATE("v1", "0") },
		{ SERVICE("prod", "web|depends_on"),
		  "{\"migrate\":{\"condition\":\"service_completed_successfully\"}}" },
	};
	struct project p;

	(void)state;
	make(&p, SCENARIO_COMPOSE, edits, NULL, NULL);
	promote_well(&p);
	assert_on_prod(&p, "shop-api-1 api:v2 running, shop-migrate-1 api:v2 exited, "
			   "shop-web-1 web:v2 running");
	done(&p);
}

static void what_ends_badly_is_ill(void **state)
{
	static const struct world_edit edits[WORLD_EDITS] = {
		{ SERVICE("test", "migrate"), MIGRATE("v2", "0") },
		{ SERVICE("prod", "migrate"), MIGRATE("v1", "3") },
		{ SERVICE("prod", "web|depends_on"), "[\"migrate\"]" },
	};
	struct project p;

	(void)state;
	make(&p, SCENARIO_COMPOSE, edits, NULL, NULL);
	promote(&p);
	assert_int_equal(p.result.final, RFA_FINAL_ROLLED_BACK);
	assert_non_null(strstr(rfa_buf_str(&p.x.all), "shop-migrate-1 has ended with exit status "
						      "3"));
	assert_label(&p, "shop-web-1", "com.docker.compose.depends_on",
		     "migrate:service_started:false");
	/* Made again, and not run again. */
	assert_on_prod(&p, "shop-api-1 api:v1 running, shop-migrate-1 api:v1 created, "
			   "shop-web-1 web:v1 running");
	done(&p);
}

#define BODY(host) "hosts|" host "|containers|0|body|"
#define ENDING(host)                                                                          \
	{                                                                                     \
		{ BODY(host) "Labels|sim.exit", "\"0\"" },                                    \
		    { BODY(host) "HostConfig|RestartPolicy", NULL },                          \
		    { BODY(host) "HostConfig|PortBindings", NULL }, { STACK "checks", "[]" }, \
	}

static void a_container_that_ends_well_is_run_once(void **state)
{
	static const struct world_edit test[WORLD_EDITS] = ENDING("test");
	static const struct world_edit prod[WORLD_EDITS] = ENDING("prod");
	unsigned starts;
	struct project p;

	(void)state;
	make(&p, SCENARIO_RUN, test, prod, NULL);
	starts = rfa_sim_effects(p.w.prod, "container_start");
	promote_well(&p);
	assert_on_prod(&p, "backend backend:v2 exited, frontend frontend:v2 running");
	assert_int_equal(rfa_sim_effects(p.w.prod, "container_start") - starts, 2);
	done(&p);
}

/* Networks. */

#define API SERVICE("prod", "api")
#define NETWORKS "hosts|prod|compose|0|config|networks"

/* Somebody brings a service up from another file, in which it has no networks of its own. */
static void bring_up_otherwise(struct watcher *x, uint64_t call, const char *label)
{
	static const char text[] =
	    "{\"services\":{\"web\":{\"image\":\"web:v2\"},"
	    "\"api\":{\"image\":\"api:v2\",\"restart\":\"unless-stopped\"}}}";
	json_t *how =
	    json_pack("{s:s, s:s, s:[s], s:[s]}", "project", "shop", "directory",
		      "/srv/stacks/shop", "files", "/srv/stacks/shop/other.yml", "services", "api");
	struct rfa_error err;

	(void)call;
	(void)label;
	assert_int_equal(
	    rfa_sim_file_put(x->w->prod, "/srv/stacks/shop/other.yml", 0644, text, &err), 0);
	assert_int_equal(rfa_sim_compose_up(x->w->prod, how, &err), 0);
	json_decref(how);
}

static void connect_api(struct watcher *x, uint64_t call, const char *label)
{
	struct rfa_error err;

	(void)call;
	(void)label;
	assert_int_equal(rfa_sim_network_connect(x->w->prod, "edge", x->user, &err), 0);
}

static void disconnect_api(struct watcher *x, uint64_t call, const char *label)
{
	struct rfa_error err;

	(void)call;
	(void)label;
	assert_int_equal(rfa_sim_network_disconnect(x->w->prod, "shop_default", x->user, &err), 0);
}

/* What is done to it before the last look, and what is then said of it. */
struct meddling {
	void (*hook)(struct watcher *, uint64_t call, const char *label);
	const char *container;
	const char *why;
};

static void assert_networks_are_held(const struct world_edit *a, const struct world_edit *b,
				     const struct meddling *with)
{
	struct project p;

	make(&p, SCENARIO_COMPOSE, a, b, NULL);
	promote_well(&p);
	done(&p);
	make(&p, SCENARIO_COMPOSE, a, b, NULL);
	snprintf(p.x.hook_step, sizeof(p.x.hook_step), "target.health");
	p.x.hook = with->hook;
	p.x.user = (void *)(uintptr_t)with->container;
	promote(&p);
	assert_int_equal(p.x.hooked, 1);
	if (p.result.final != RFA_FINAL_ROLLED_BACK || strcmp(p.err.msg, with->why) != 0)
		fail_msg("%s: %s instead of %s", rfa_final_word(p.result.final), p.err.msg,
			 with->why);
	done(&p);
}

#define IN(network) "shop-api-1 is in the network " network ", where it should not be"
#define NOT_IN(network) "shop-api-1 is not in the network " network ", where it has to be"

static void a_service_is_in_the_networks_of_its_files(void **state)
{
	static const struct world_edit plain[WORLD_EDITS] = { { API "|ports", NULL } };
	static const struct {
		struct world_edit edits[WORLD_EDITS];
		struct meddling with;
	} kinds[] = {
		{ { { 0 } }, { connect_api, "shop-api-1", IN("edge") } },
		{ { { 0 } }, { disconnect_api, "shop-api-1", NOT_IN("shop_default") } },
		{ { { API "|networks", "[\"front\",\"back\"]" },
		    { NETWORKS, "{\"front\":{},\"back\":{\"name\":\"shared\"}}" } },
		  { bring_up_otherwise, NULL, NOT_IN("shop_front") } },
		{ { { API "|networks", "[\"default\",\"back\"]" },
		    { NETWORKS, "{\"back\":{\"name\":\"shared\"}}" } },
		  { bring_up_otherwise, NULL, NOT_IN("shared") } },
		{ { { API "|networks", "{\"out\":{\"aliases\":[\"me\"]}}" },
		    { NETWORKS, "{\"out\":{\"external\":true,\"name\":\"appnet\"}}" } },
		  { bring_up_otherwise, NULL, NOT_IN("appnet") } },
		{ { { NETWORKS, "{\"default\":{\"external\":true,\"name\":\"appnet\"}}" } },
		  { connect_api, "shop-api-1", IN("edge") } },
		{ { { API "|network_mode", "\"host\"" } },
		  { bring_up_otherwise, NULL, NOT_IN("host") } },
		{ { { API "|network_mode", "\"none\"" } },
		  { bring_up_otherwise, NULL, NOT_IN("none") } },
		{ { { API "|network_mode", "\"bridge\"" } },
		  { bring_up_otherwise, NULL, NOT_IN("bridge") } },
		{ { { API "|network_mode", "\"appnet\"" } },
		  { bring_up_otherwise, NULL, NOT_IN("appnet") } },
		{ { { API "|network_mode", "\"service:web\"" } },
		  { bring_up_otherwise, NULL, IN("shop_default") } },
		{ { { API "|network_mode", "\"container:shop-web-1\"" },
		    { API "|depends_on", "[\"web\"]" } },
		  { bring_up_otherwise, NULL, IN("shop_default") } },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		assert_networks_are_held(plain, kinds[i].edits, &kinds[i].with);
}

static void each_container_of_a_service_is_in_its_networks(void **state)
{
	static const struct meddling with = {
		connect_api, "shop-web-3",
		"shop-web-3 is in the network edge, where it should not be"
	};

	(void)state;
	assert_networks_are_held(three, NULL, &with);
}

/* Also where rfa.json leaves it to Compose to find the files. */
static void the_files_that_compose_finds_name_the_networks(void **state)
{
	static const struct world_edit found[WORLD_EDITS] = {
		{ STACK "compose|files", "[]" },
		{ API "|networks", "[\"front\"]" },
		{ NETWORKS, "{\"front\":{}}" },
		{ API "|ports", NULL },
	};
	static const struct meddling with = { bring_up_otherwise, NULL, NOT_IN("shop_front") };

	(void)state;
	assert_networks_are_held(found, NULL, &with);
}

/* What somebody has connected by hand, Compose does not make again: neither forward nor back. */
static void what_was_connected_by_hand_is_no_way_back(void **state)
{
	static const struct world_edit ill[WORLD_EDITS] = {
		{ "hosts|test|images|1|config|Labels|sim.health", "\"500\"" },
		{ STACK "checks", "[{\"name\":\"http://127.0.0.1:9002/health\",\"url\":\"http://"
				  "127.0.0.1:9002/health\"}]" },
	};
	struct project p;

	(void)state;
	make(&p, SCENARIO_COMPOSE, NULL, NULL, NULL);
	assert_int_equal(rfa_sim_network_connect(p.w.prod, "appnet", "shop-api-1", &p.err), 0);
	promote_well(&p);
	/* Once more: what the run leaves alone is in whatever networks it is in. */
	assert_int_equal(rfa_sim_network_connect(p.w.prod, "appnet", "shop-api-1", &p.err), 0);
	promote_well(&p);
	done(&p);
	make(&p, SCENARIO_COMPOSE, ill, NULL, NULL);
	assert_int_equal(rfa_sim_network_connect(p.w.prod, "appnet", "shop-api-1", &p.err), 0);
	promote(&p);
	assert_int_equal(p.result.final, RFA_FINAL_ROLLED_BACK);
	assert_on_prod(&p, "shop-api-1 api:v1 running, shop-web-1 web:v1 running");
	done(&p);
}

/* The way back is looked at as well. */
static void a_service_comes_back_into_its_networks(void **state)
{
	static const struct world_edit ill[WORLD_EDITS] = {
		{ "hosts|test|images|1|config|Labels|sim.health", "\"500\"" },
		{ STACK "checks", "[{\"name\":\"http://127.0.0.1:9002/health\",\"url\":\"http://"
				  "127.0.0.1:9002/health\"}]" },
	};
	struct project p;

	(void)state;
	make(&p, SCENARIO_COMPOSE, ill, NULL, NULL);
	snprintf(p.x.hook_step, sizeof(p.x.hook_step), "target.health-before");
	p.x.hook = connect_api;
	p.x.user = (void *)(uintptr_t) "shop-api-1";
	promote(&p);
	assert_int_equal(p.x.hooked, 1);
	assert_int_equal(p.result.final, RFA_FINAL_STUCK);
	assert_non_null(strstr(rfa_buf_str(&p.x.all), IN("edge")));
	watcher_end(&p.x);
	world_free(&p.w);
}

/* The way back. */

/* The project's file has come to name another image, and nobody has brought it up since. */
static void what_ran_comes_back_whatever_the_file_says(void **state)
{
	static const struct world_edit edits[WORLD_EDITS] = {
		{ STACK "gates|allow_compose_changes", "true" },
		{ "hosts|test|images|1|config|Labels|sim.health", "\"500\"" },
		{ STACK "checks", "[{\"name\":\"http://127.0.0.1:9002/health\",\"url\":\"http://"
				  "127.0.0.1:9002/health\"}]" },
	};
	static const char text[] =
	    "{\"services\":{\"web\":{\"image\":\"web:v0\",\"restart\":\"unless-stopped\"},"
	    "\"api\":{\"image\":\"api:v0\",\"restart\":\"unless-stopped\",\"ports\":["
	    "\"127.0.0.1:9002:8001\"]}}}";
	struct project p;

	(void)state;
	make(&p, SCENARIO_COMPOSE, edits, NULL, NULL);
	assert_int_equal(
	    rfa_sim_file_put(p.w.prod, "/srv/stacks/shop/docker-compose.yml", 0644, text, &p.err),
	    0);
	promote(&p);
	assert_int_equal(p.result.final, RFA_FINAL_ROLLED_BACK);
	assert_on_prod(&p, "shop-api-1 api:v1 running, shop-web-1 web:v1 running");
	done(&p);
}

/* 1 if the run has taken a file as the pins in force. */
static int pinned_before(struct project *p)
{
	struct rfa_history *history = NULL;
	int pinned = -1;
	size_t i;

	assert_int_equal(rfa_ledger_load(p->w.ledger, p->result.run, &history, &p->err), 0);
	for (i = 0; i < history->n; i++)
		if (!strcmp(history->records[i].step, "target.observe") &&
		    history->records[i].kind == RFA_RECORD_DONE)
			pinned = rfa_facts_bool(history->records[i].facts, "pinned", 0);
	rfa_history_free(history);
	return pinned;
}

/* Compose that says that all is up, and has left the old containers, is not believed. */
static void what_compose_says_is_looked_at(void **state)
{
	struct project p;

	(void)state;
	make(&p, SCENARIO_COMPOSE, NULL, NULL, NULL);
	rfa_sim_mutate(p.w.sim, RFA_SIM_MUTATION_COMPOSE_IGNORES_OVERRIDE);
	promote(&p);
	assert_int_equal(p.result.final, RFA_FINAL_ROLLED_BACK);
	assert_non_null(strstr(rfa_buf_str(&p.x.lines), "still has image"));
	assert_on_prod(&p, "shop-api-1 api:v1 running, shop-web-1 web:v1 running");
	watcher_end(&p.x);
	world_free(&p.w);
}

/* Pins are the project's: those of another environment on the same host are not touched. */
static void pins_are_of_the_project(void **state)
{
	static const char *const texts[2] = {
		"{\"services\":{\"web\":{\"image\":\"web:v0\"}}}", /* of another project */
		"{\"services\":{\"web\":{\"image\":\"web:v1\"}}}", /* what runs */
	};
	static const char old[] = "/var/lib/rfa/stacks/app/images.json";
	struct rfa_file_stat st;
	struct rfa_buf text = RFA_BUF_INIT(65536);
	struct project p;
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		make(&p, SCENARIO_COMPOSE, NULL, NULL, NULL);
		assert_int_equal(rfa_sim_file_put(p.w.prod, old, 0600, texts[i], &p.err), 0);
		promote_well(&p);
		assert_int_equal(p.w.target->files->stat(p.w.target,
							 "/var/lib/rfa/stacks/shop/images.json",
							 &st, &p.err),
				 0);
		assert_int_equal(st.type, 'f');
		rfa_buf_clear(&text);
		assert_int_equal(p.w.target->files->read(p.w.target, old, 65536, &text, &p.err), 0);
		assert_string_equal(rfa_buf_str(&text), texts[i]);
		assert_int_equal(pinned_before(&p), i);
		watcher_end(&p.x);
		world_free(&p.w);
	}
	rfa_buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_override_beside_the_file_stays_in_force),
		cmocka_unit_test(the_files_that_the_env_file_names_are_used),
		cmocka_unit_test(all_containers_of_a_service_are_replaced),
		cmocka_unit_test(a_service_may_have_no_container),
		cmocka_unit_test(all_containers_of_a_service_come_back),
		cmocka_unit_test(each_container_of_a_service_has_to_run),
		cmocka_unit_test(what_is_not_named_is_not_touched),
		cmocka_unit_test(some_services_go_again_and_again),
		cmocka_unit_test(services_of_a_profile_are_brought_along),
		cmocka_unit_test(what_ends_well_is_well),
		cmocka_unit_test(what_ends_badly_is_ill),
		cmocka_unit_test(a_container_that_ends_well_is_run_once),
		cmocka_unit_test(a_service_is_in_the_networks_of_its_files),
		cmocka_unit_test(each_container_of_a_service_is_in_its_networks),
		cmocka_unit_test(the_files_that_compose_finds_name_the_networks),
		cmocka_unit_test(what_was_connected_by_hand_is_no_way_back),
		cmocka_unit_test(a_service_comes_back_into_its_networks),
		cmocka_unit_test(what_ran_comes_back_whatever_the_file_says),
		cmocka_unit_test(what_compose_says_is_looked_at),
		cmocka_unit_test(pins_are_of_the_project),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
