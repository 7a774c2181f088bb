/* Every fault of the simulator does what it says, and a change happens once whatever breaks. */
#include "tests/unit/sim_world.h"

#include <time.h>

static void plan(struct small *s, struct rfa_sim_fault fault)
{
	OK(s, rfa_sim_plan(s->world, &fault, &s->err));
}

/* One fault at a time. */

/* What a stop of PROD's app answers under a fault at the first call, and whether it stopped. */
static void stop_under(enum rfa_sim_fault_kind kind, enum rfa_code code, enum rfa_severity severity,
		       int stopped)
{
	struct small s;
	json_t *c = NULL;
	small_open(&s, small_world, 1);
	plan(&s, (struct rfa_sim_fault){ .at = 0, .kind = kind });
	REFUSED(&s, code, s.prod->engine->container_stop(s.prod, KEY("s.1", "s"), "app", &s.err));
	if (s.err.severity != severity)
		fail_msg("%s: severity %s", rfa_sim_fault_word(kind),
			 rfa_severity_word(s.err.severity));
	assert_int_equal(rfa_sim_fired_count(s.world), 1);
	assert_non_null(strstr(rfa_sim_fired(s.world), "at call 0: prod container_stop app"));
	assert_int_equal(rfa_sim_effects(s.sim_prod, "container_stop"), stopped);
	if (kind == RFA_SIM_CRASH_BEFORE || kind == RFA_SIM_CRASH_AFTER) {
		assert_true(rfa_sim_crashed(s.world));
		REFUSED(&s, RFA_ECRASHED, s.test->ops->connect(s.test, &s.err));
		REFUSED(&s, RFA_ECRASHED, rfa_sim_ledger_point(s.world, "append", &s.err));
		assert_int_equal(rfa_sim_calls(s.world), 1);
		rfa_sim_recover(s.world);
	}
	struct rfa_clock *clock = rfa_sim_clock(s.world);
	clock->sleep_ms(clock, 60000);
	OK(&s, s.prod->engine->inspect(s.prod, RFA_CONTAINER, "app", &c, &s.err));
	int runs = json_is_true(json_object_get(json_object_get(c, "State"), "Running"));
	assert_int_equal(runs, !stopped);
	json_decref(c);
	small_close(&s);
}

static void test_a_change_under_each_fault(void **state)
{
	(void)state;
	stop_under(RFA_SIM_CRASH_BEFORE, RFA_ECRASHED, RFA_UNKNOWN, 0);
	stop_under(RFA_SIM_CRASH_AFTER, RFA_ECRASHED, RFA_UNKNOWN, 1);
	stop_under(RFA_SIM_LOSE_ANSWER, RFA_ELOST, RFA_UNKNOWN, 1);
	stop_under(RFA_SIM_REFUSE, RFA_EUNREACHABLE, RFA_RETRY, 0);
	stop_under(RFA_SIM_DOWN, RFA_EUNREACHABLE, RFA_RETRY, 0);
	stop_under(RFA_SIM_FAIL, RFA_EREMOTE, RFA_FATAL, 0);
	stop_under(RFA_SIM_STALL, RFA_ESTALLED, RFA_UNKNOWN, 0);
	stop_under(RFA_SIM_STALL_AFTER, RFA_ESTALLED, RFA_UNKNOWN, 1);
	stop_under(RFA_SIM_REBOOT, RFA_ELOST, RFA_UNKNOWN, 0);
	stop_under(RFA_SIM_REBOOT_AFTER, RFA_ELOST, RFA_UNKNOWN, 1);
}

static void test_what_does_not_fit_does_not_fire(void **state)
{
	struct small s;
	json_t *info = NULL;
	(void)state;
	small_open(&s, small_world, 1);
	plan(&s, (struct rfa_sim_fault){ .at = 0, .kind = RFA_SIM_PARTIAL });
	plan(&s, (struct rfa_sim_fault){ .at = 0, .kind = RFA_SIM_CUT });
	plan(&s, (struct rfa_sim_fault){ .at = 1, .kind = RFA_SIM_NOSPACE });
	plan(&s, (struct rfa_sim_fault){ .at = 1, .kind = RFA_SIM_SLOW });
	OK(&s, s.prod->engine->container_stop(s.prod, KEY("s.1", "s"), "app", &s.err));
	OK(&s, s.prod->ops->info(s.prod, &info, &s.err));
	assert_int_equal(rfa_sim_fired_count(s.world), 0);
	assert_string_equal(rfa_sim_fired(s.world), "");
	json_decref(info);
	small_close(&s);
}

static void test_a_job_is_attached_to_and_runs_once(void **state)
{
	struct small s;
	int running = -1;
	(void)state;
	small_open(&s, small_world, 1);
	struct rfa_host *p = s.prod;
	struct rfa_clock *clock = rfa_sim_clock(s.world);
	plan(&s, (struct rfa_sim_fault){ .at = 0, .kind = RFA_SIM_SLOW, .ms = 5000 });
	REFUSED(&s, RFA_ELOST, p->engine->container_stop(p, KEY("s.1", "s"), "app", &s.err));
	OK(&s, p->runs->jobs_running(p, KEY("s.1", ""), &running, &s.err));
	assert_int_equal(running, 1);
	REFUSED(&s, RFA_ELOCKED, p->runs->remove(p, RUN, &s.err));
	int64_t before = clock->mono_ms(clock);
	OK(&s, p->engine->container_stop(p, KEY("s.1", "s"), "app", &s.err));
	assert_in_range(clock->mono_ms(clock) - before, 4900, 5100);
	OK(&s, p->runs->jobs_running(p, KEY("s.1", ""), &running, &s.err));
	assert_int_equal(running, 0);
	OK(&s, p->engine->container_stop(p, KEY("s.1", "s"), "app", &s.err));
	assert_int_equal(rfa_sim_effects(s.sim_prod, "container_stop"), 1);
	/* A key has one meaning. */
	REFUSED(&s, RFA_EINTERNAL, p->engine->container_stop(p, KEY("s.1", "s"), "other", &s.err));
	REFUSED(&s, RFA_EINTERNAL, p->engine->container_stop(p, KEY("s/1", "s"), "app", &s.err));
	/* A failure is kept like a success. */
	plan(&s, (struct rfa_sim_fault){ .at = rfa_sim_calls(s.world), .kind = RFA_SIM_FAIL });
	REFUSED(&s, RFA_EREMOTE, p->engine->container_start(p, KEY("s.1", "t"), "app", &s.err));
	REFUSED(&s, RFA_EREMOTE, p->engine->container_start(p, KEY("s.1", "t"), "app", &s.err));
	OK(&s, p->engine->container_start(p, KEY("s.2", "t"), "app", &s.err));
	small_close(&s);
}

static void test_a_job_ends_while_rfa_is_dead(void **state)
{
	struct small s;
	int running = -1;
	(void)state;
	small_open(&s, small_world, 1);
	struct rfa_host *p = s.prod;
	struct rfa_clock *clock = rfa_sim_clock(s.world);
	plan(&s, (struct rfa_sim_fault){ .kind = RFA_SIM_CRASH_SLOW, .ms = 5000 });
	REFUSED(&s, RFA_ECRASHED, p->engine->container_stop(p, KEY("s.1", "s"), "app", &s.err));
	rfa_sim_recover(s.world);
	OK(&s, p->runs->jobs_running(p, KEY("s.1", ""), &running, &s.err));
	assert_int_equal(running, 1);
	assert_int_equal(rfa_sim_effects(s.sim_prod, "container_stop"), 0);
	clock->sleep_ms(clock, 6000);
	OK(&s, p->runs->jobs_running(p, KEY("s.1", ""), &running, &s.err));
	assert_int_equal(running, 0);
	assert_int_equal(rfa_sim_effects(s.sim_prod, "container_stop"), 1);
	/* Power loss: neither running nor with a result. */
	plan(&s, (struct rfa_sim_fault){ .at = rfa_sim_calls(s.world), .kind = RFA_SIM_SLOW });
	REFUSED(&s, RFA_ELOST, p->engine->container_start(p, KEY("s.1", "t"), "app", &s.err));
	rfa_sim_reboot(s.sim_prod);
	clock->sleep_ms(clock, 20000);
	OK(&s, p->runs->jobs_running(p, KEY("s.1", ""), &running, &s.err));
	assert_int_equal(running, 0);
	REFUSED(&s, RFA_EREMOTE, p->engine->container_start(p, KEY("s.1", "t"), "app", &s.err));
	assert_int_equal(s.err.severity, RFA_UNKNOWN);
	small_close(&s);
}

static void test_halves(void **state)
{
	struct small s;
	json_t *c = NULL, *none = NULL;
	(void)state;
	small_open(&s, small_world, 1);
	struct rfa_host *p = s.prod;
	json_t *body = quick("{'Image':'app:1','HostConfig':{'NetworkMode':'net'},"
			     "'x-rfa-networks':{'back':{}}}");
	plan(&s, (struct rfa_sim_fault){ .kind = RFA_SIM_PARTIAL });
	REFUSED(&s, RFA_EREMOTE,
		p->engine->container_create(p, KEY("c.1", "c"), "two", body, &s.err));
	OK(&s, p->engine->inspect(p, RFA_CONTAINER, "two", &c, &s.err));
	assert_int_equal(
	    json_object_size(json_object_get(json_object_get(c, "NetworkSettings"), "Networks")),
	    1);
	json_decref(c);
	json_decref(body);
	/* An image that arrived and has no name. */
	json_t *image = image_of(s.test, "app:2", &s), *request = request_for(image, NULL);
	json_t *answer = NULL;
	OK(&s, s.test->engine->image_export(s.test, KEY("e.1", "e"), request, &answer, &s.err));
	OK(&s, carry(s.test, s.prod, "images", 0, &s.err));
	plan(&s, (struct rfa_sim_fault){ .at = rfa_sim_calls(s.world), .kind = RFA_SIM_PARTIAL });
	REFUSED(&s, RFA_EREMOTE, p->engine->image_load(p, KEY("l.1", "l"), "images", &s.err));
	REFUSED(&s, RFA_ENOTFOUND,
		p->engine->inspect(p, RFA_IMAGE, "localhost/rfa-pin:app-2", &none, &s.err));
	OK(&s, p->engine->image_load(p, KEY("l.2", "l"), "images", &s.err));
	OK(&s, p->engine->inspect(p, RFA_IMAGE, "localhost/rfa-pin:app-2", &none, &s.err));
	json_decref(none);
	json_decref(answer);
	json_decref(request);
	json_decref(image);
	small_close(&s);
}

static void test_half_of_a_compose_up(void **state)
{
	struct small s;
	const char *files[] = { "docker-compose.yml", "over.json", NULL };
	struct rfa_compose compose = { .project = "shop",
				       .directory = "/srv/shop",
				       .files = files };
	(void)state;
	small_open(&s,
		   "{'hosts':{'prod':{'images':[{'ref':'a:1','layers':[['a1',9]]},"
		   "{'ref':'a:2','layers':[['a2',9]]}],"
		   "'files':{'/srv/shop/over.json':'{}'},"
		   "'compose':[{'project':'shop','directory':'/srv/shop','up':true,'config':"
		   "{'services':{'one':{'image':'a:1'},'two':{'image':'a:1'}}}}]}}}",
		   1);
	const char *over =
	    "{\"services\":{\"one\":{\"image\":\"a:2\"},\"two\":{\"image\":\"a:2\"}}}";
	OK(&s, rfa_sim_file_put(s.sim_prod, "/srv/shop/over.json", 0600, over, &s.err));
	plan(&s, (struct rfa_sim_fault){ .kind = RFA_SIM_PARTIAL });
	REFUSED(&s, RFA_EREMOTE,
		s.prod->engine->compose_up(s.prod, KEY("u.1", "u"), &compose, &s.err));
	json_t *all = seen(&s, s.sim_prod, RFA_SIM_CONTAINERS);
	json_t *containers = json_object_get(all, "containers");
	const json_t *one = json_object_get(containers, "shop-one-1");
	const json_t *two = json_object_get(containers, "shop-two-1");
	assert_string_equal(json_string_value(json_object_get(one, "ref")), "a:2");
	assert_string_equal(json_string_value(json_object_get(one, "status")), "running");
	assert_string_equal(json_string_value(json_object_get(two, "status")), "created");
	json_decref(all);
	OK(&s, s.prod->engine->compose_up(s.prod, KEY("u.2", "u"), &compose, &s.err));
	small_close(&s);
}

/* Streams. */

static uint64_t exported(struct small *s)
{
	json_t *image = image_of(s->test, "app:2", s), *answer = NULL;
	json_t *request = request_for(image, NULL);
	OK(s, s->test->engine->image_export(s->test, KEY("e.1", "e"), request, &answer, &s->err));
	uint64_t bytes = (uint64_t)json_integer_value(json_object_get(answer, "bytes"));
	json_decref(answer);
	json_decref(request);
	json_decref(image);
	return bytes;
}

static uint64_t arrived(struct small *s)
{
	json_t *list = NULL;
	uint64_t size = 0;
	OK(s, s->prod->runs->spool_digests(s->prod, RUN, "images", 4096, 0, &list, &size, &s->err));
	json_decref(list);
	return size;
}

static void test_streams_break_where_they_are_told(void **state)
{
	static const struct {
		enum rfa_sim_fault_kind kind;
		int write; /* at the writing stream's opening, else at the reading one's */
		uint64_t bytes, lag, there;
		enum rfa_code code;
	} rows[] = {
		{ RFA_SIM_CUT, 0, 7000, 0, 7000, RFA_ELOST },
		{ RFA_SIM_CUT, 1, 7000, 0, 7000, RFA_ELOST },
		{ RFA_SIM_CUT, 1, 7000, 2500, 4500, RFA_ELOST },
		{ RFA_SIM_CUT, 1, 0, 0, 0, RFA_ELOST },
		{ RFA_SIM_CRASH_MID, 0, 7000, 0, 7000, RFA_ECRASHED },
		{ RFA_SIM_CRASH_MID, 1, 7000, 0, 7000, RFA_ECRASHED },
		{ RFA_SIM_STALL_MID, 1, 7000, 0, 7000, RFA_ELOST },
		{ RFA_SIM_STALL_MID, 0, 7000, 0, 7000, RFA_ELOST },
		{ RFA_SIM_REBOOT, 1, 7000, 2500, 7000, RFA_ELOST },
		{ RFA_SIM_LOSE_ANSWER, 1, 0, 0, ~0ull, RFA_ELOST },
		{ RFA_SIM_CRASH_AFTER, 1, 0, 0, ~0ull, RFA_ECRASHED },
		{ RFA_SIM_NOSPACE, 1, 0, 0, 1500, RFA_ENOSPACE },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct small s;
		small_open(&s, small_world, 1);
		uint64_t bytes = exported(&s);
		plan(&s, (struct rfa_sim_fault){ .at = rfa_sim_calls(s.world) + rows[i].write,
						 .kind = rows[i].kind,
						 .bytes = rows[i].bytes,
						 .lag = rows[i].lag });
		REFUSED(&s, rows[i].code, carry(s.test, s.prod, "images", 0, &s.err));
		rfa_sim_recover(s.world);
		struct rfa_clock *clock = rfa_sim_clock(s.world);
		clock->sleep_ms(clock, 20000);
		uint64_t there = rows[i].there == ~0ull ? bytes : rows[i].there;
		assert_int_equal(arrived(&s), there);
		/* On from a place that is surely good, at fixed offsets: whole in the end. */
		OK(&s, carry(s.test, s.prod, "images",
			     there > rows[i].lag ? there - rows[i].lag : 0, &s.err));
		assert_int_equal(arrived(&s), bytes);
		OK(&s, s.prod->engine->image_load(s.prod, KEY("l.1", "l"), "images", &s.err));
		small_close(&s);
	}
}

static void test_bytes_that_come_late(void **state)
{
	struct small s;
	(void)state;
	small_open(&s, small_world, 1);
	struct rfa_clock *clock = rfa_sim_clock(s.world);
	uint64_t bytes = exported(&s);
	plan(&s, (struct rfa_sim_fault){ .at = rfa_sim_calls(s.world) + 1,
					 .kind = RFA_SIM_CUT,
					 .bytes = 7000,
					 .lag = 2500,
					 .ms = 3000 });
	REFUSED(&s, RFA_ELOST, carry(s.test, s.prod, "images", 0, &s.err));
	assert_int_equal(arrived(&s), 4500);
	clock->sleep_ms(clock, 3000);
	assert_int_equal(arrived(&s), 7000);
	OK(&s, carry(s.test, s.prod, "images", 4500, &s.err));
	assert_int_equal(arrived(&s), bytes);
	OK(&s, s.prod->engine->image_load(s.prod, KEY("l.1", "l"), "images", &s.err));
	small_close(&s);
}

static void test_a_changed_byte_is_seen(void **state)
{
	struct small s;
	(void)state;
	small_open(&s, small_world, 1);
	(void)exported(&s);
	plan(&s, (struct rfa_sim_fault){
		     .at = rfa_sim_calls(s.world) + 1, .kind = RFA_SIM_CORRUPT, .bytes = 9000 });
	OK(&s, carry(s.test, s.prod, "images", 0, &s.err));
	REFUSED(&s, RFA_EREMOTE,
		s.prod->engine->image_load(s.prod, KEY("l.1", "l"), "images", &s.err));
	small_close(&s);
}

static void test_a_full_disk(void **state)
{
	struct small s;
	struct rfa_disk disk;
	(void)state;
	small_open(&s, small_world, 1);
	uint64_t bytes = exported(&s);
	OK(&s, s.prod->ops->disk(s.prod, "/", &disk, &s.err));
	rfa_sim_disk_used(s.sim_prod, disk.bytes_free - 10000);
	REFUSED(&s, RFA_ENOSPACE, carry(s.test, s.prod, "images", 0, &s.err));
	assert_int_equal(arrived(&s), 10000);
	REFUSED(&s, RFA_ENOSPACE, s.prod->files->write(s.prod, "/srv/x", 0600, "x", 1, &s.err));
	/* Room for the archive and not for what is in it (4000 of app2 is new). */
	rfa_sim_disk_used(s.sim_prod, disk.bytes_free - (int64_t)bytes - 3999);
	OK(&s, carry(s.test, s.prod, "images", 0, &s.err));
	REFUSED(&s, RFA_ENOSPACE,
		s.prod->engine->image_load(s.prod, KEY("l.1", "l"), "images", &s.err));
	rfa_sim_disk_used(s.sim_prod, disk.bytes_free - (int64_t)bytes - 4000);
	OK(&s, s.prod->engine->image_load(s.prod, KEY("l.2", "l"), "images", &s.err));
	OK(&s, s.prod->ops->disk(s.prod, "/", &disk, &s.err));
	assert_int_equal(disk.bytes_free, 0);
	small_close(&s);
}

/* A small flow, broken everywhere *. */

struct way {
	struct small *s;
	unsigned attempt;
	uint64_t bytes;
};

static int step_lock(struct way *w, const struct rfa_job_key *key, struct rfa_error *err)
{
	json_t *who = json_pack("{s:s}", "run", RUN), *holder = NULL;
	int rc = w->s->prod->runs->lock_claim(w->s->prod, who, &holder, err);
	(void)key;
	json_decref(who);
	json_decref(holder);
	return rc;
}
static int step_export(struct way *w, const struct rfa_job_key *key, struct rfa_error *err)
{
	struct rfa_host *t = w->s->test;
	json_t *image = NULL, *answer = NULL, *request;
	int rc = t->engine->inspect(t, RFA_IMAGE, "app:2", &image, err);
	if (rc)
		return rc;
	request = request_for(image, NULL);
	rc = t->engine->image_export(t, key, request, &answer, err);
	json_decref(request);
	json_decref(image);
	json_decref(answer);
	return rc;
}
static int step_carry(struct way *w, const struct rfa_job_key *key, struct rfa_error *err)
{
	(void)key;
	return carry(w->s->test, w->s->prod, "images", 0, err);
}
static int step_load(struct way *w, const struct rfa_job_key *key, struct rfa_error *err)
{
	return w->s->prod->engine->image_load(w->s->prod, key, "images", err);
}
static int step_stop(struct way *w, const struct rfa_job_key *key, struct rfa_error *err)
{
	return w->s->prod->engine->container_stop(w->s->prod, key, "app", err);
}
static int step_rename(struct way *w, const struct rfa_job_key *key, struct rfa_error *err)
{
	return w->s->prod->engine->container_rename(w->s->prod, key, "app", "app.old", err);
}
static int step_create(struct way *w, const struct rfa_job_key *key, struct rfa_error *err)
{
	json_t *body = quick("{'Image':'localhost/rfa-pin:app-2','HostConfig':{'NetworkMode':'net',"
			     "'PortBindings':{'80/tcp':[{'HostPort':'8000'}]}},"
			     "'x-rfa-networks':{'back':{}}}");
	int rc = w->s->prod->engine->container_create(w->s->prod, key, "app", body, err);
	json_decref(body);
	return rc;
}
static int step_start(struct way *w, const struct rfa_job_key *key, struct rfa_error *err)
{
	return w->s->prod->engine->container_start(w->s->prod, key, "app", err);
}
static int step_get(struct way *w, const struct rfa_job_key *key, struct rfa_error *err)
{
	struct rfa_http_request request = { .url = "http://127.0.0.1:8000/" };
	struct rfa_http_reply reply;
	int rc = w->s->prod->ops->http_ask(w->s->prod, &request, &reply, err);
	(void)key;
	if (!rc)
		rfa_http_reply_release(&reply);
	return rc;
}
static int step_ledger(struct way *w, const struct rfa_job_key *key, struct rfa_error *err)
{
	(void)key;
	return rfa_sim_ledger_point(w->s->world, "append", err);
}
static int step_unlock(struct way *w, const struct rfa_job_key *key, struct rfa_error *err)
{
	(void)key;
	return w->s->prod->runs->lock_release(w->s->prod, RUN, err);
}

static int (*const steps[])(struct way *, const struct rfa_job_key *, struct rfa_error *) = {
	step_lock,   step_ledger, step_export, step_carry,  step_load, step_stop,
	step_rename, step_create, step_start,  step_ledger, step_get,  step_unlock
};
#define STEPS (sizeof(steps) / sizeof(steps[0]))

/* Drives it as a driver would; 0, or the definite error that ended it. */
static int drive(struct small *s, struct rfa_error *err)
{
	struct way w = { .s = s };
	struct rfa_clock *clock = rfa_sim_clock(s->world);
	for (size_t i = 0; i < STEPS; i++) {
		char name[32];
		(void)snprintf(name, sizeof(name), "step-%zu.1", i);
		int rc = -1;
		for (unsigned asks = 0; rc && asks < 40; asks++) {
			rc = steps[i](&w, KEY(name, "op"), err);
			rfa_sim_recover(s->world); /* a crash: the next life asks again */
			if (rc && err->severity == RFA_FATAL)
				return rc;
			if (rc && rc == -RFA_EREMOTE)
				return rc; /* gone without a result: a probe would have to look */
			if (rc)
				clock->sleep_ms(clock, 1000);
		}
		if (rc)
			return rc;
	}
	return 0;
}

static json_t *end_of(struct small *s)
{
	json_t *out = seen(s, s->sim_prod, RFA_SIM_SERVES | RFA_SIM_IMAGES);
	json_t *own = seen(s, s->sim_prod, RFA_SIM_OWN);
	json_object_set(out, "lock", json_object_get(json_object_get(own, "own"), "lock"));
	json_decref(own);
	return out;
}

static int heals(enum rfa_sim_fault_kind kind)
{
	return kind != RFA_SIM_FAIL && kind != RFA_SIM_PARTIAL && kind != RFA_SIM_NOSPACE &&
	       kind != RFA_SIM_REBOOT && kind != RFA_SIM_REBOOT_AFTER && kind != RFA_SIM_CORRUPT;
}

static void test_every_fault_at_every_call(void **state)
{
	struct small s;
	unsigned fired = 0, healed = 0, ended = 0;
	(void)state;
	small_open(&s, small_world, 7);
	OK(&s, drive(&s, &s.err));
	json_t *whole = end_of(&s);
	uint64_t calls = rfa_sim_calls(s.world);
	small_close(&s);
	for (int kind = 0; kind < RFA_SIM_FAULT_COUNT; kind++) {
		for (uint64_t at = 0; at < calls; at++) {
			small_open(&s, small_world, 7);
			plan(&s, (struct rfa_sim_fault){ .at = at,
							 .kind = (enum rfa_sim_fault_kind)kind,
							 .bytes = 6000,
							 .lag = 100 });
			rfa_error_clear(&s.err);
			int rc = drive(&s, &s.err);
			if (rc && heals((enum rfa_sim_fault_kind)kind))
				fail_msg("%s%s: %s", rfa_sim_fired(s.world), rfa_sim_trace(s.world),
					 s.err.msg);
			fired += rfa_sim_fired_count(s.world);
			healed += !rc && rfa_sim_fired_count(s.world);
			ended += rc != 0;
			/* Whatever broke, nothing was done twice. */
			assert_true(rfa_sim_effects(s.sim_prod, "container_stop") <= 1);
			assert_true(rfa_sim_effects(s.sim_prod, "container_rename") <= 1);
			assert_true(rfa_sim_effects(s.sim_prod, "image_load") <= 1);
			json_t *end = end_of(&s);
			if (!rc && kind != RFA_SIM_REBOOT)
				same(whole, end);
			if (rc)
				assert_false(json_equal(whole, end));
			json_decref(end);
			small_close(&s);
		}
	}
	json_decref(whole);
	assert_true(fired > 120);
	assert_true(healed > 80);
	assert_true(ended > 15);
}

static void test_equal_seeds_make_equal_traces(void **state)
{
	struct small a, b;
	(void)state;
	small_open(&a, small_world, 3);
	small_open(&b, small_world, 3);
	OK(&a, drive(&a, &a.err));
	OK(&b, drive(&b, &b.err));
	assert_string_equal(rfa_sim_trace(a.world), rfa_sim_trace(b.world));
	assert_non_null(strstr(rfa_sim_trace(a.world), " prod container_rename app app.old: ok\n"));
	small_close(&a);
	small_close(&b);
}

static void note(void *user, uint64_t call, const char *label)
{
	struct small *s = user;
	if (strcmp(label, "prod container_rename app app.old") == 0) {
		assert_true(call > 0);
		OK(s, rfa_sim_container_remove(s->sim_prod, "app", &s->err));
	}
}

static void test_a_clone_is_its_own_world(void **state)
{
	struct small a, b = { .world = NULL };
	(void)state;
	small_open(&a, small_world, 3);
	OK(&a, rfa_sim_clone(&b.world, a.world, &a.err));
	b.sim_test = rfa_sim_host_find(b.world, "test");
	b.sim_prod = rfa_sim_host_find(b.world, "prod");
	OK(&b, rfa_sim_open(&b.test, b.sim_test, &b.err));
	OK(&b, rfa_sim_open(&b.prod, b.sim_prod, &b.err));
	json_t *before = end_of(&a);
	OK(&b, drive(&b, &b.err));
	json_t *after = end_of(&a);
	same(before, after);
	json_decref(after);
	OK(&a, drive(&a, &a.err));
	json_t *one = end_of(&a), *two = end_of(&b);
	same(one, two);
	assert_string_equal(rfa_sim_trace(a.world), rfa_sim_trace(b.world));
	REFUSED(&a, RFA_EINTERNAL, rfa_sim_clone(&b.world, a.world, &a.err));
	json_decref(before);
	json_decref(one);
	json_decref(two);
	small_close(&a);
	small_close(&b);
}

static void test_somebody_else_interferes(void **state)
{
	struct small s;
	struct rfa_error err;
	(void)state;
	small_open(&s, small_world, 3);
	rfa_sim_on_call(s.world, note, &s);
	assert_int_equal(drive(&s, &err), -RFA_ENOTFOUND);
	small_close(&s);
}

/* Each planted defect changes what the flow, or what follows here, leaves behind. */
static void test_mutations_show(void **state)
{
	struct small s;
	(void)state;
	small_open(&s, small_world, 7);
	OK(&s, drive(&s, &s.err));
	json_t *whole = end_of(&s);
	small_close(&s);
	static const enum rfa_sim_mutation seen_by_drive[] = {
		RFA_SIM_MUTATION_STOP_DOES_NOT_STOP, RFA_SIM_MUTATION_START_DOES_NOT_START,
		RFA_SIM_MUTATION_RENAME_LOSES_OLD,   RFA_SIM_MUTATION_CREATE_DROPS_NETWORK,
		RFA_SIM_MUTATION_LOAD_DOES_NOTHING,  RFA_SIM_MUTATION_LOAD_LOSES_LABELS,
		RFA_SIM_MUTATION_LOCK_NEVER_FREED,
	};
	for (size_t i = 0; i < sizeof(seen_by_drive) / sizeof(seen_by_drive[0]); i++) {
		small_open(&s, small_world, 7);
		rfa_sim_mutate(s.world, seen_by_drive[i]);
		int rc = drive(&s, &s.err);
		json_t *end = end_of(&s);
		if (!rc && json_equal(whole, end))
			fail_msg("not seen: %s", rfa_sim_mutation_text(seen_by_drive[i]));
		json_decref(end);
		small_close(&s);
	}
	json_decref(whole);
	/* A job that runs twice is seen by its second answer. */
	small_open(&s, small_world, 7);
	rfa_sim_mutate(s.world, RFA_SIM_MUTATION_JOB_RUNS_TWICE);
	OK(&s, s.prod->engine->container_rename(s.prod, KEY("r.1", "r"), "app", "app.old", &s.err));
	REFUSED(
	    &s, RFA_ENOTFOUND,
	    s.prod->engine->container_rename(s.prod, KEY("r.1", "r"), "app", "app.old", &s.err));
	small_close(&s);
}

/* Not a test of time: tells on standard error how fast a sweep can be. */
static void test_speed(void **state)
{
	struct timespec a, b;
	unsigned flows = 0;
	uint64_t calls = 0;
	double seconds = 0;
	(void)state;
	struct small s, first;
	small_open(&first, small_world, 7);
	clock_gettime(CLOCK_MONOTONIC, &a);
	while (seconds < 0.5) {
		memset(&s, 0, sizeof(s));
		OK(&s, rfa_sim_clone(&s.world, first.world, &s.err));
		s.sim_test = rfa_sim_host_find(s.world, "test");
		s.sim_prod = rfa_sim_host_find(s.world, "prod");
		OK(&s, rfa_sim_open(&s.test, s.sim_test, &s.err));
		OK(&s, rfa_sim_open(&s.prod, s.sim_prod, &s.err));
		OK(&s, drive(&s, &s.err));
		calls += rfa_sim_calls(s.world);
		small_close(&s);
		flows++;
		clock_gettime(CLOCK_MONOTONIC, &b);
		seconds = (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
	}
	small_close(&first);
	print_message("# %.0f flows/s, %.0f calls/s, worlds made and thrown away included\n",
		      flows / seconds, (double)calls / seconds);
	assert_true(flows > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_change_under_each_fault),
		cmocka_unit_test(test_what_does_not_fit_does_not_fire),
		cmocka_unit_test(test_a_job_is_attached_to_and_runs_once),
		cmocka_unit_test(test_a_job_ends_while_rfa_is_dead),
		cmocka_unit_test(test_halves),
		cmocka_unit_test(test_half_of_a_compose_up),
		cmocka_unit_test(test_streams_break_where_they_are_told),
		cmocka_unit_test(test_bytes_that_come_late),
		cmocka_unit_test(test_a_changed_byte_is_seen),
		cmocka_unit_test(test_a_full_disk),
		cmocka_unit_test(test_every_fault_at_every_call),
		cmocka_unit_test(test_equal_seeds_make_equal_traces),
		cmocka_unit_test(test_a_clone_is_its_own_world),
		cmocka_unit_test(test_somebody_else_interferes),
		cmocka_unit_test(test_mutations_show),
		cmocka_unit_test(test_speed),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
