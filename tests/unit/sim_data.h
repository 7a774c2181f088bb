/* A small world with data for the tests of the simulator: TEST has some, PROD has a database. */
#ifndef RFA_TESTS_UNIT_SIM_DATA_H
#define RFA_TESTS_UNIT_SIM_DATA_H

#include "tests/unit/sim_world.h"

#define DB "/opt/app/data/auth.db"
#define DIR "/srv/app/files"
#define VOL "/var/lib/docker/volumes/pg/_data"
#define COPY(place_dir, name, end) place_dir "/.rfa-" RUN "." name "." end "/tree"
#define DB_NEW COPY("/opt/app/data", "auth.db", "new")
#define DB_OLD COPY("/opt/app/data", "auth.db", "old")
#define DIR_SNAP COPY("/srv/app", "files", "snap")
#define DIR_NEW COPY("/srv/app", "files", "new")
#define DIR_OLD COPY("/srv/app", "files", "old")

static const char data_world[] =
    "{'hosts':{"
    "'test':{'images':[{'ref':'app:1','layers':[['a',10]]}],'volumes':['pg'],"
    " 'trees':{'/opt/app/data/auth.db':{'kind':'sqlite','bytes':40000,'mode':384,'uid':7},"
    "  '/srv/app/files':{'bytes':70000,'inodes':9},"
    "  '/var/lib/docker/volumes/pg/_data':{'bytes':100000}},"
    " 'containers':[{'name':'app','body':{'Image':'app:1','HostConfig':{'Binds':"
    "  ['/opt/app/data:/data','/srv/app/files/sub:/f','pg:/pg']}}},"
    "  {'name':'watch','body':{'Image':'app:1','HostConfig':{'Binds':['/:/host:ro']}}}]},"
    "'prod':{'images':[{'ref':'app:1','layers':[['a',10]]}],'directories':['/srv/app'],"
    " 'trees':{'/opt/app/data/auth.db':{'kind':'sqlite','bytes':30000,'writes':5}}}}}";

static inline void open_data(struct small *s)
{
	small_open(s, data_world, 1);
}

static inline void plan(struct small *s, enum rfa_sim_fault_kind kind, uint64_t lag)
{
	struct rfa_sim_fault fault = { .at = rfa_sim_calls(s->world), .kind = kind, .lag = lag };
	OK(s, rfa_sim_plan(s->world, &fault, &s->err));
}

static inline int64_t writes(struct rfa_sim_host *host, const char *path)
{
	json_t *content = rfa_sim_tree_content(host, path);
	int64_t n = content ? json_integer_value(json_object_get(content, "writes")) : -1;
	json_decref(content);
	return n;
}

static inline const char *origin(struct rfa_sim_host *host, const char *path)
{
	static char text[64];
	json_t *content = rfa_sim_tree_content(host, path);
	const char *is = json_string_value(json_object_get(content, "origin"));
	(void)snprintf(text, sizeof(text), "%s", is ? is : "(nothing)");
	json_decref(content);
	return text;
}

static inline int flag(struct rfa_sim_host *host, const char *path, const char *name)
{
	json_t *content = rfa_sim_tree_content(host, path);
	assert_non_null(content);
	int is = json_is_true(json_object_get(content, name));
	json_decref(content);
	return is;
}

static inline void sleep_on(struct small *s, int64_t ms)
{
	struct rfa_clock *clock = rfa_sim_clock(s->world);
	clock->sleep_ms(clock, ms);
}

static inline json_t *look(struct small *s, struct rfa_host *h, enum rfa_tree_kind kind,
			   const char *path)
{
	json_t *out = NULL;
	OK(s, h->trees->observe(h, kind, path, &out, &s->err));
	return out;
}

static inline void copy(struct small *s, struct rfa_host *h, const char *op, const char *from,
			const char *to, enum rfa_copy_pass pass)
{
	json_t *out = NULL;
	struct rfa_job_key key = { RUN, "copy.1", op };
	OK(s, h->trees->copy(h, &key, RFA_TREE_DIRECTORY, from, to, pass, &out, &s->err));
	json_decref(out);
}

static inline int unpack(struct small *s, struct rfa_host *h, const char *op, const char *archive,
			 const char *to)
{
	struct rfa_job_key key = { RUN, "unpack.1", op };
	rfa_error_clear(&s->err);
	return h->trees->unpack(h, &key, archive, to, &s->err);
}

static inline int swap(struct small *s, const char *op, const char *items)
{
	struct rfa_job_key key = { RUN, "swap.1", op };
	json_t *list = quick(items);
	rfa_error_clear(&s->err);
	int rc = s->prod->trees->swap(s->prod, &key, list, &s->err);
	json_decref(list);
	return rc;
}

static inline size_t holders(struct small *s, struct rfa_host *h, const char *paths,
			     const char *first)
{
	json_t *list = quick(paths), *out = NULL;
	OK(s, h->trees->holders(h, list, NULL, &out, &s->err));
	size_t n = json_array_size(out);
	if (first)
		assert_string_equal(
		    json_string_value(json_object_get(json_array_get(out, 0), "command")), first);
	json_decref(out);
	json_decref(list);
	return n;
}

/* A copy of TEST's files arrives on PROD as an archive. */
static inline void bring(struct small *s)
{
	json_t *out = NULL;
	OK(s, s->test->engine->container_stop(s->test, KEY("b.1", "s"), "app", &s->err));
	copy(s, s->test, "snap", DIR, DIR_SNAP, RFA_COPY_FINAL);
	OK(s,
	   s->test->trees->pack(s->test, KEY("b.1", "p"), DIR_SNAP, "images", NULL, &out, &s->err));
	assert_in_range(json_integer_value(json_object_get(out, "bytes")), 70000, 80000);
	json_decref(out);
	OK(s, carry(s->test, s->prod, "images", 0, &s->err));
}

#endif
