/* The simulated engine behaves as engines do, where it matters to a deployment. */
#include "tests/unit/sim_world.h"

static const char *at(const json_t *value, const char *path)
{
	const json_t *found = value;
	char copy[512], *part, *rest = copy;
	(void)snprintf(copy, sizeof(copy), "%s", path);
	while (found && (part = strsep(&rest, "|")))
		found = json_is_array(found) ? json_array_get(found, strtoul(part, NULL, 10))
					     : json_object_get(found, part);
	return json_is_string(found)  ? json_string_value(found)
	       : json_is_true(found)  ? "true"
	       : json_is_false(found) ? "false"
	       : found                ? "(other)"
				      : "(absent)";
}

static void expect(struct rfa_host *h, enum rfa_object kind, const char *name, const char *path,
		   const char *value)
{
	struct rfa_error err;
	json_t *found = NULL;
	if (h->engine->inspect(h, kind, name, &found, &err))
		fail_msg("%s: %s", name, err.msg);
	assert_string_equal(at(found, path), value);
	json_decref(found);
}

/* GETs the port; the version that answered, or "" and the error. */
static int get(struct rfa_host *h, const char *url, int *status, char version[32],
	       struct rfa_error *err)
{
	struct rfa_http_request request = { .url = url };
	struct rfa_http_reply reply;
	int rc = h->ops->http_ask(h, &request, &reply, err);
	version[0] = 0;
	if (rc)
		return rc;
	*status = reply.status;
	json_t *body = parse(rfa_buf_str(&reply.body));
	(void)snprintf(version, 32, "%s", at(body, "version"));
	json_decref(body);
	rfa_http_reply_release(&reply);
	return 0;
}
#define URL "http://127.0.0.1:8000/health"

static void test_create_merges_the_images_config(void **state)
{
	struct small s;
	(void)state;
	small_open(&s, small_world, 1);
	json_t *c = NULL;
	OK(&s, s.test->engine->inspect(s.test, RFA_CONTAINER, "app", &c, &s.err));
	json_t *env = quick("['MODE=test','PATH=/bin','VERSION=2']");
	assert_true(json_equal(env, json_object_get(json_object_get(c, "Config"), "Env")));
	assert_string_equal(at(c, "Config|Labels|tier"), "web");
	assert_string_equal(at(c, "Name"), "/app");
	assert_string_equal(at(c, "State|Status"), "running");
	assert_string_equal(at(c, "HostConfig|RestartPolicy|Name"), "unless-stopped");
	assert_memory_equal(at(c, "Config|Hostname"), at(c, "Id"), 12);
	assert_true(strncmp(at(c, "NetworkSettings|Networks|net|IPAddress"), "172.", 4) == 0);
	json_decref(c);
	json_decref(env);
	/* What inspect answers is a copy: changing it changes nothing. */
	OK(&s, s.test->engine->inspect(s.test, RFA_CONTAINER, "app", &c, &s.err));
	json_object_clear(json_object_get(c, "Config"));
	json_decref(c);
	expect(s.test, RFA_CONTAINER, "app", "Config|Labels|tier", "web");
	expect(s.prod, RFA_CONTAINER, "app", "Mounts|0|Source", "/srv/app.json");
	expect(s.prod, RFA_CONTAINER, "app", "Mounts|1|Name", "data");
	expect(s.prod, RFA_VOLUME, "data", "Driver", "local");
	small_close(&s);
}

static void test_names_and_ports_conflict(void **state)
{
	struct small s;
	json_t *body = quick("{'Image':'app:1','HostConfig':{'PortBindings':{'80/tcp':"
			     "[{'HostPort':'8000'}]}}}");
	char version[32];
	int status;
	(void)state;
	small_open(&s, small_world, 1);
	struct rfa_host *p = s.prod;
	REFUSED(&s, RFA_EEXISTS,
		p->engine->container_create(p, KEY("a.1", "c"), "app", body, &s.err));
	OK(&s, p->engine->container_create(p, KEY("a.1", "d"), "app2", body, &s.err));
	REFUSED(&s, RFA_EEXISTS, p->engine->container_start(p, KEY("a.1", "e"), "app2", &s.err));
	assert_non_null(strstr(s.err.msg, "port is already allocated"));
	REFUSED(&s, RFA_EEXISTS,
		p->engine->container_rename(p, KEY("a.1", "f"), "app2", "app", &s.err));
	OK(&s, p->engine->container_stop(p, KEY("a.1", "g"), "app", &s.err));
	REFUSED(&s, RFA_EUNREACHABLE, get(p, URL, &status, version, &s.err));
	assert_int_equal(s.err.severity, RFA_RETRY);
	OK(&s, p->engine->container_rename(p, KEY("a.1", "h"), "app", "app.old", &s.err));
	OK(&s, p->engine->container_start(p, KEY("a.1", "i"), "app2", &s.err));
	OK(&s, get(p, URL, &status, version, &s.err));
	assert_int_equal(status, 200);
	assert_string_equal(version, "1");
	REFUSED(&s, RFA_EREMOTE, p->engine->container_remove(p, KEY("a.1", "j"), "app2", &s.err));
	REFUSED(&s, RFA_ENOTFOUND, p->engine->container_stop(p, KEY("a.1", "k"), "nope", &s.err));
	json_decref(body);
	small_close(&s);
}

static void test_images_and_tags(void **state)
{
	struct small s;
	(void)state;
	small_open(&s, small_world, 1);
	struct rfa_host *t = s.test;
	REFUSED(&s, RFA_EREMOTE, t->engine->image_untag(t, KEY("a.1", "a"), "app:2", &s.err));
	assert_non_null(strstr(s.err.msg, "conflict"));
	OK(&s, t->engine->image_tag(t, KEY("a.1", "b"), "app:2", "localhost/rfa-pin:x", &s.err));
	OK(&s, t->engine->image_untag(t, KEY("a.1", "c"), "app:2", &s.err));
	OK(&s, t->engine->image_untag(t, KEY("a.1", "d"), "app:2", &s.err));
	/* A tag that is taken moves: the image that had it hangs loose. */
	OK(&s, t->engine->image_tag(t, KEY("a.1", "e"), "localhost/rfa-pin:x", "app:1", &s.err));
	json_t *all = NULL;
	OK(&s, t->engine->list(t, RFA_IMAGE, &all, &s.err));
	assert_int_equal(json_array_size(all), 2);
	assert_int_equal(json_array_size(json_object_get(json_array_get(all, 1), "RepoTags")), 0);
	json_decref(all);
	REFUSED(&s, RFA_ENOTFOUND,
		t->engine->image_tag(t, KEY("a.1", "f"), "gone:1", "gone:2", &s.err));
	/* Unused: the last tag takes the image with it. */
	struct rfa_sim_layer layer = { "only", 5000 };
	struct rfa_disk before, after;
	OK(&s, t->ops->disk(t, "/var/lib/docker", &before, &s.err));
	OK(&s, rfa_sim_image_add(s.sim_test, "lone", &layer, 1, NULL, &s.err));
	OK(&s, t->ops->disk(t, "/", &after, &s.err));
	assert_int_equal(before.bytes_free - after.bytes_free, 5000);
	assert_string_equal(before.filesystem, after.filesystem);
	OK(&s, t->engine->image_untag(t, KEY("a.1", "g"), "lone:latest", &s.err));
	OK(&s, t->ops->disk(t, "/", &after, &s.err));
	assert_int_equal(before.bytes_free, after.bytes_free);
	small_close(&s);
}

/* Archives. */

/* Exports app:2 of TEST without `omit` layers (from the first on), carries it to PROD. */
static void bring(struct small *s, size_t omit, json_t **image)
{
	json_t *answer = NULL, *left_out = json_array();
	*image = image_of(s->test, "app:2", s);
	const json_t *layers = json_object_get(json_object_get(*image, "RootFS"), "Layers");
	for (size_t i = 0; i < omit; i++)
		json_array_append(left_out, json_array_get(layers, i));
	json_t *request = request_for(*image, left_out);
	OK(s,
	   s->test->engine->image_export(s->test, KEY("export.1", "x"), request, &answer, &s->err));
	assert_int_equal(json_integer_value(json_object_get(answer, "layers")), 2 - omit);
	assert_int_equal(json_integer_value(json_object_get(answer, "omitted")), omit);
	OK(s, carry(s->test, s->prod, "images", 0, &s->err));
	/* Bytes are conserved: what left is what arrived. */
	json_t *mine = NULL, *theirs = NULL;
	uint64_t size = 0;
	OK(s, s->test->runs->spool_digests(s->test, RUN, "images", 4096, 1u << 30, &mine, &size,
					   &s->err));
	assert_int_equal(size, json_integer_value(json_object_get(answer, "bytes")));
	assert_int_equal(json_array_size(mine), (size + 4095) / 4096);
	OK(s, s->prod->runs->spool_digests(s->prod, RUN, "images", 4096, 1u << 30, &theirs, &size,
					   &s->err));
	assert_true(json_equal(mine, theirs));
	json_decref(mine);
	json_decref(theirs);
	json_decref(answer);
	json_decref(request);
	json_decref(left_out);
}

static void test_archive_without_what_is_there(void **state)
{
	struct small s;
	json_t *image, *again = NULL;
	(void)state;
	small_open(&s, small_world, 1);
	bring(&s, 1, &image);
	OK(&s, s.prod->engine->image_load(s.prod, KEY("load.1", "l"), "images", &s.err));
	/* Classic: the id is the config's digest, everywhere the same. */
	expect(s.prod, RFA_IMAGE, "localhost/rfa-pin:app-2", "Id", at(image, "Id"));
	/* A result that is kept: the same bytes again, the same answer. */
	json_t *request = request_for(image, NULL);
	OK(&s, s.test->engine->image_export(s.test, KEY("export.1", "x"), request, &again, &s.err));
	assert_int_equal(json_integer_value(json_object_get(again, "omitted")), 1);
	assert_int_equal(rfa_sim_effects(s.sim_test, "image_export"), 1);
	json_decref(again);
	json_decref(request);
	OK(&s, s.prod->runs->remove(s.prod, RUN, &s.err));
	json_t *own = seen(&s, s.sim_prod, RFA_SIM_OWN);
	json_t *runs = json_object_get(json_object_get(own, "own"), "runs");
	assert_int_equal(json_object_size(runs), 0);
	json_decref(own);
	json_decref(image);
	small_close(&s);
}

static void test_classic_refuses_a_missing_base(void **state)
{
	struct small s;
	json_t *image;
	(void)state;
	small_open(&s, small_world, 1);
	bring(&s, 2, &image); /* PROD has "base" and not "app2" */
	json_t *before = seen(&s, s.sim_prod, RFA_SIM_SERVES | RFA_SIM_IMAGES);
	REFUSED(&s, RFA_EREMOTE,
		s.prod->engine->image_load(s.prod, KEY("load.1", "l"), "images", &s.err));
	json_t *after = seen(&s, s.sim_prod, RFA_SIM_SERVES | RFA_SIM_IMAGES);
	same(before, after);
	json_decref(before);
	json_decref(after);
	json_decref(image);
	small_close(&s);
}

static void test_containerd_hides_what_lacks_a_blob(void **state)
{
	struct small s;
	char description[sizeof(small_world) + 64];
	json_t *image, *none = NULL;
	(void)state;
	(void)snprintf(description, sizeof(description),
		       "{'hosts':{'test':{'store':'containerd',%s",
		       small_world + strlen("{'hosts':{'test':{"));
	char *prod = strstr(description, "'prod':{");
	assert_non_null(prod);
	char rest[sizeof(small_world)];
	(void)snprintf(rest, sizeof(rest), "%s", prod + 8);
	(void)snprintf(prod, sizeof(description) - (size_t)(prod - description),
		       "'prod':{'store':'containerd',%s", rest);
	small_open(&s, description, 1);
	/* Built here and there: other blobs, so other ids for equal layers and configs. */
	json_t *mine = image_of(s.test, "app:1", &s), *theirs = image_of(s.prod, "app:1", &s);
	assert_string_not_equal(at(mine, "Id"), at(theirs, "Id"));
	assert_true(json_equal(json_object_get(mine, "RootFS"), json_object_get(theirs, "RootFS")));
	assert_true(json_equal(json_object_get(mine, "Config"), json_object_get(theirs, "Config")));
	json_decref(mine);
	json_decref(theirs);
	/* PROD's base is another blob: load says ok, and the image is not there. */
	bring(&s, 1, &image);
	OK(&s, s.prod->engine->image_load(s.prod, KEY("load.1", "l"), "images", &s.err));
	REFUSED(
	    &s, RFA_ENOTFOUND,
	    s.prod->engine->inspect(s.prod, RFA_IMAGE, "localhost/rfa-pin:app-2", &none, &s.err));
	json_decref(image);
	/* The base comes once: from now on it is known. */
	OK(&s, s.prod->runs->remove(s.prod, RUN, &s.err));
	OK(&s, s.test->runs->remove(s.test, RUN, &s.err));
	bring(&s, 0, &image);
	OK(&s, s.prod->engine->image_load(s.prod, KEY("load.2", "l"), "images", &s.err));
	theirs = image_of(s.prod, "localhost/rfa-pin:app-2", &s);
	assert_string_not_equal(at(image, "Id"), at(theirs, "Id"));
	assert_true(
	    json_equal(json_object_get(image, "RootFS"), json_object_get(theirs, "RootFS")));
	json_decref(theirs);
	json_decref(image);
	small_close(&s);
}

static void test_damaged_archives_are_refused(void **state)
{
	(void)state;
	for (unsigned way = 0; way < 4; way++) {
		struct small s;
		json_t *image;
		struct rfa_stream *out = NULL;
		size_t put;
		int done;
		small_open(&s, small_world, 1);
		if (way == 3)
			rfa_sim_mutate(s.world, RFA_SIM_MUTATION_LOAD_IGNORES_CORRUPTION);
		bring(&s, 1, &image);
		/* A byte in the header, in a layer, or behind the end. */
		uint64_t where = way == 0 ? 150 : way == 2 ? 1000000 : 4000;
		OK(&s, s.prod->runs->spool_write(s.prod, RUN, "images", where, &out, &s.err));
		OK(&s, out->ops->write(out, "\001", 1, &put, &s.err));
		OK(&s, out->ops->finish(out, &done, &s.err));
		out->ops->close(out);
		int rc = s.prod->engine->image_load(s.prod, KEY("load.1", "l"), "images", &s.err);
		assert_int_equal(rc, way == 3 ? 0 : -RFA_EREMOTE);
		json_decref(image);
		small_close(&s);
	}
}

/* Compose, files, locks, health. */

static const char stack[] =
    "{'services':{'db':{'image':'base:1','volumes':['pg:/data']},"
    " 'web':{'image':'app:${TAG:-1}','ports':['8000:80'],'depends_on':['db'],"
    "  'environment':['MODE=compose'],'container_name':'web-front',"
    "  'networks':['default','outer'],'restart':'always'}},"
    " 'volumes':{'pg':{}},'networks':{'outer':{'external':true}}}";

static void compose_world(struct small *s)
{
	small_open(s,
		   "{'hosts':{'prod':{'networks':['outer'],'images':["
		   "{'ref':'base:1','layers':[['b',10]]},"
		   "{'ref':'app:1','layers':[['b',10],['one',10]],'config':{'Env':['VERSION=1']}},"
		   "{'ref':'app:2','layers':[['b',10],['two',10]],'config':{'Env':['VERSION=2']}}"
		   "]}}}",
		   1);
	json_t *config = quick(stack);
	OK(s, rfa_sim_compose_add(s->sim_prod, "shop", "/srv/shop", config, 1, &s->err));
	json_decref(config);
}

static void test_compose_up_follows_the_override(void **state)
{
	struct small s;
	char version[32];
	int status;
	const char *files[] = { "docker-compose.yml", "/srv/over.json", NULL };
	struct rfa_compose compose = { .project = "shop",
				       .directory = "/srv/shop",
				       .files = files };
	json_t *config = NULL, *before, *after;
	(void)state;
	compose_world(&s);
	struct rfa_host *p = s.prod;
	OK(&s, get(p, URL, &status, version, &s.err));
	assert_string_equal(version, "1");
	expect(p, RFA_CONTAINER, "web-front", "Config|Labels|com.docker.compose.service", "web");
	expect(p, RFA_CONTAINER, "shop-db-1", "Mounts|0|Name", "shop_pg");
	expect(p, RFA_CONTAINER, "web-front", "NetworkSettings|Networks|outer|Aliases|0", "web");
	expect(p, RFA_NETWORK, "shop_default", "Labels|com.docker.compose.project", "shop");
	before = seen(&s, s.sim_prod, RFA_SIM_CONTAINERS);
	REFUSED(&s, RFA_EREMOTE, p->engine->compose_config(p, &compose, &config, &s.err));
	const char *over = "{\"services\":{\"web\":{\"image\":\"app:2\"}}}";
	OK(&s, p->files->write(p, "/srv/over.json", 0600, over, strlen(over), &s.err));
	OK(&s, p->engine->compose_config(p, &compose, &config, &s.err));
	assert_string_equal(at(config, "config|services|web|image"), "app:2");
	assert_string_equal(at(config, "config|services|web|ports|0|published"), "8000");
	assert_string_equal(at(config, "config|services|web|environment|MODE"), "compose");
	assert_string_equal(at(config, "config|networks|default|name"), "shop_default");
	assert_string_equal(at(config, "config|volumes|pg|name"), "shop_pg");
	json_decref(config);
	OK(&s, p->engine->compose_up(p, KEY("up.1", "u"), &compose, &s.err));
	OK(&s, get(p, URL, &status, version, &s.err));
	assert_string_equal(version, "2");
	after = seen(&s, s.sim_prod, RFA_SIM_CONTAINERS);
	/* The database was left alone. */
	assert_true(json_equal(json_object_get(json_object_get(before, "containers"), "shop-db-1"),
			       json_object_get(json_object_get(after, "containers"), "shop-db-1")));
	json_decref(before);
	json_decref(after);
	/* Nothing differs: nothing is made anew. */
	before = seen(&s, s.sim_prod, RFA_SIM_ALL & ~RFA_SIM_OWN);
	OK(&s, p->engine->compose_up(p, KEY("up.2", "u"), &compose, &s.err));
	after = seen(&s, s.sim_prod, RFA_SIM_ALL & ~RFA_SIM_OWN);
	same(before, after);
	json_decref(before);
	json_decref(after);
	/* A variable from an environment file. */
	const char *envs[] = { "prod.env", NULL };
	compose.env_files = envs;
	files[1] = NULL;
	OK(&s,
	   rfa_sim_file_put(s.sim_prod, "/srv/shop/prod.env", 0600, "# x\nTAG=\"3\"\n", &s.err));
	OK(&s, p->engine->compose_config(p, &compose, &config, &s.err));
	assert_string_equal(at(config, "config|services|web|image"), "app:3");
	json_decref(config);
	REFUSED(&s, RFA_EREMOTE, p->engine->compose_up(p, KEY("up.3", "u"), &compose, &s.err));
	small_close(&s);
}

static void test_files(void **state)
{
	struct small s;
	struct rfa_file_stat stat;
	struct rfa_buf text = RFA_BUF_INIT(1000);
	(void)state;
	small_open(&s, small_world, 1);
	struct rfa_host *p = s.prod;
	OK(&s, p->files->stat(p, "/srv/app.json", &stat, &s.err));
	assert_int_equal(stat.type, 'f');
	assert_int_equal(stat.size, 2);
	OK(&s, p->files->stat(p, "/srv", &stat, &s.err));
	assert_int_equal(stat.type, 'd');
	OK(&s, p->files->stat(p, "/nope", &stat, &s.err));
	assert_int_equal(stat.type, 0);
	OK(&s, p->files->write(p, "/srv/app.json", 0600, "hello\0x", 7, &s.err));
	OK(&s, p->files->stat(p, "/srv/app.json", &stat, &s.err));
	assert_int_equal(stat.mode, 0644);
	OK(&s, p->files->read(p, "/srv/app.json", 7, &text, &s.err));
	assert_memory_equal(text.data, "hello\0x", 7);
	REFUSED(&s, RFA_ETOOBIG, p->files->read(p, "/srv/app.json", 6, &text, &s.err));
	REFUSED(&s, RFA_ENOTFOUND, p->files->read(p, "/srv/none", 6, &text, &s.err));
	REFUSED(&s, RFA_ENOTFOUND, p->files->write(p, "/no/dir/f", 0600, "", 0, &s.err));
	OK(&s, p->files->write(p, "/var/lib/rfa/runs/" RUN "/o.json", 0600, "{}", 2, &s.err));
	OK(&s, p->files->remove(p, "/srv/app.json", &s.err));
	OK(&s, p->files->remove(p, "/srv/app.json", &s.err));
	OK(&s, p->runs->remove(p, RUN, &s.err));
	OK(&s, p->files->stat(p, "/var/lib/rfa/runs/" RUN "/o.json", &stat, &s.err));
	assert_int_equal(stat.type, 0);
	rfa_buf_release(&text);
	small_close(&s);
}

static void test_lock_belongs_to_a_run(void **state)
{
	struct small s;
	json_t *one = quick("{'run':'one'}"), *two = quick("{'run':'two'}"), *holder = NULL;
	(void)state;
	small_open(&s, small_world, 1);
	struct rfa_host *p = s.prod;
	OK(&s, p->runs->lock_claim(p, one, &holder, &s.err));
	OK(&s, p->runs->lock_claim(p, one, &holder, &s.err));
	REFUSED(&s, RFA_ELOCKED, p->runs->lock_claim(p, two, &holder, &s.err));
	assert_string_equal(at(holder, "run"), "one");
	json_decref(holder);
	REFUSED(&s, RFA_ELOCKED, p->runs->lock_release(p, "two", &s.err));
	OK(&s, p->runs->lock_release(p, "one", &s.err));
	OK(&s, p->runs->lock_release(p, "one", &s.err));
	OK(&s, p->runs->lock_read(p, &holder, &s.err));
	assert_null(holder);
	json_decref(one);
	json_decref(two);
	small_close(&s);
}

static void run_with(struct small *s, const char *health)
{
	json_t *body = json_pack("{s:s, s:{s:s}, s:{s:{s:[{s:s}]}, s:{s:s}}, s:{s:[s], s:I, s:i}}",
				 "Image", "app:1", "Labels", "sim.health", health, "HostConfig",
				 "PortBindings", "80/tcp", "HostPort", "9000", "RestartPolicy",
				 "Name", "always", "Healthcheck", "Test", "CMD", "Interval",
				 (json_int_t)10000000000, "Retries", 2);
	OK(s, rfa_sim_container_run(s->sim_prod, "hh", body, &s->err));
	json_decref(body);
}

static void test_health_by_label(void **state)
{
	static const struct {
		const char *health;
		int first, rc, later;
		const char *status;
	} rows[] = {
		{ "200", 200, 0, 200, "healthy" },
		{ "503", 503, 0, 503, "unhealthy" },
		{ "flaky:1", 500, 0, 200, "healthy" },
		{ "slow:100", 200, 0, 200, "healthy" },
		{ "hang", 0, -RFA_ESTALLED, 0, "unhealthy" },
		{ "warm:9000", 0, -RFA_EUNREACHABLE, 200, "healthy" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct small s;
		char version[32];
		int status = 0;
		small_open(&s, small_world, 1);
		struct rfa_clock *clock = rfa_sim_clock(s.world);
		run_with(&s, rows[i].health);
		expect(s.prod, RFA_CONTAINER, "hh", "State|Health|Status", "starting");
		int rc = get(s.prod, "http://localhost:9000/x", &status, version, &s.err);
		assert_int_equal(rc, rows[i].rc);
		if (!rc)
			assert_int_equal(status, rows[i].first);
		else
			assert_int_equal(s.err.severity, RFA_RETRY);
		clock->sleep_ms(clock, 25000);
		expect(s.prod, RFA_CONTAINER, "hh", "State|Health|Status", rows[i].status);
		if (rows[i].later) {
			OK(&s, get(s.prod, "http://localhost:9000/x", &status, version, &s.err));
			assert_int_equal(status, rows[i].later);
		}
		small_close(&s);
	}
	struct small s;
	small_open(&s, small_world, 1);
	run_with(&s, "dead");
	expect(s.prod, RFA_CONTAINER, "hh", "State|Status", "restarting");
	small_close(&s);
}

static void test_time_passes(void **state)
{
	struct small s;
	json_t *body = quick("{'Image':'app:1','StopTimeout':7,'Labels':{'sim.stop':'ignore'}}");
	struct rfa_buf text = RFA_BUF_INIT(65536);
	(void)state;
	small_open(&s, small_world, 1);
	struct rfa_clock *clock = rfa_sim_clock(s.world);
	struct rfa_host *p = s.prod;
	OK(&s, rfa_sim_container_run(s.sim_prod, "slow", body, &s.err));
	int64_t before = clock->mono_ms(clock);
	OK(&s, p->engine->container_stop(p, KEY("s.1", "s"), "slow", &s.err));
	assert_true(clock->mono_ms(clock) - before >= 7000);
	rfa_sim_downtime_reset(s.sim_prod, 8000);
	OK(&s, p->engine->container_stop(p, KEY("s.1", "t"), "app", &s.err));
	clock->sleep_ms(clock, 1234);
	OK(&s, p->engine->container_start(p, KEY("s.1", "u"), "app", &s.err));
	clock->sleep_ms(clock, 5000);
	int64_t down = rfa_sim_downtime_ms(s.sim_prod, 8000);
	assert_in_range(down, 1234, 1240);
	OK(&s, p->engine->logs(p, "app", 3, &text, &s.err));
	assert_non_null(strstr(rfa_buf_str(&text), "\033[31m"));
	rfa_buf_release(&text);
	json_decref(body);
	small_close(&s);
}

static void test_restart_policies(void **state)
{
	struct small s;
	static const struct {
		const char *policy, *running, *stopped; /* after the reboot */
	} rows[] = { { "no", "exited", "exited" },
		     { "on-failure", "exited", "exited" },
		     { "unless-stopped", "running", "exited" },
		     { "always", "running", "running" } };
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		small_open(&s, small_world, 1);
		json_t *body = json_pack("{s:s, s:{s:{s:s}}}", "Image", "app:1", "HostConfig",
					 "RestartPolicy", "Name", rows[i].policy);
		OK(&s, rfa_sim_container_run(s.sim_prod, "rr", body, &s.err));
		OK(&s, rfa_sim_container_run(s.sim_prod, "qq", body, &s.err));
		OK(&s, rfa_sim_container_stop(s.sim_prod, "qq", &s.err));
		rfa_sim_reboot(s.sim_prod);
		REFUSED(&s, RFA_EUNREACHABLE, s.prod->ops->connect(s.prod, &s.err));
		struct rfa_clock *clock = rfa_sim_clock(s.world);
		clock->sleep_ms(clock, 20000);
		expect(s.prod, RFA_CONTAINER, "rr", "State|Status", rows[i].running);
		expect(s.prod, RFA_CONTAINER, "qq", "State|Status", rows[i].stopped);
		json_decref(body);
		small_close(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create_merges_the_images_config),
		cmocka_unit_test(test_names_and_ports_conflict),
		cmocka_unit_test(test_images_and_tags),
		cmocka_unit_test(test_archive_without_what_is_there),
		cmocka_unit_test(test_classic_refuses_a_missing_base),
		cmocka_unit_test(test_containerd_hides_what_lacks_a_blob),
		cmocka_unit_test(test_damaged_archives_are_refused),
		cmocka_unit_test(test_compose_up_follows_the_override),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_lock_belongs_to_a_run),
		cmocka_unit_test(test_health_by_label),
		cmocka_unit_test(test_time_passes),
		cmocka_unit_test(test_restart_policies),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
