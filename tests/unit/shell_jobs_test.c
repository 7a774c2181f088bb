/* Jobs when things break: lost connections at every byte, dead processes, an engine that is down.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/harness/fakehost.h"

static struct fakehosts *the(void **state)
{
	return *state;
}

static struct rfa_host *host(struct fakehosts *f, struct rfa_transport *transport)
{
	struct rfa_host *h = NULL;
	struct rfa_error err;

	assert_int_equal(fakehosts_open(f, 0, transport, &h, &err), 0);
	return h;
}

/* A connection that breaks once, as planned. */
static struct rfa_host *breaking(struct fakehosts *f, enum rfa_fault_kind kind, uint64_t n)
{
	struct rfa_fault_plan plan = { kind, n };
	struct rfa_transport *inner = NULL, *t = NULL;
	struct rfa_error err;

	assert_int_equal(rfa_transport_local(&inner, "test", &err), 0);
	assert_int_equal(rfa_transport_faulty(&t, inner, &plan, 1, &err), 0);
	return host(f, t);
}

/* Wherever the connection breaks, the job is started once, and its asker learns how it went. */
static void sweep(struct fakehosts *f, enum rfa_fault_kind kind, const char *run, uint64_t step,
		  uint64_t end)
{
	json_t *body = json_pack("{s:s}", "Image", "app:1");
	struct rfa_job_key key = { run, "step", "create" };
	struct rfa_error err;
	char op[64];
	uint64_t n;

	for (n = 0; n < end; n += step) {
		struct rfa_host *h = breaking(f, kind, n), *again = host(f, NULL);
		int before = fakehosts_count(f, 0, "posts", "POST "), rc, after;

		snprintf(op, sizeof(op), "%s.%llu", run, (unsigned long long)n);
		key.op = op;
		rc = h->engine->container_create(h, &key, op, body, &err);
		if (rc != 0)
			fail_msg("fault %d at %llu: %s", (int)kind, (unsigned long long)n, err.msg);
		rc = again->engine->container_create(again, &key, op, body, &err);
		assert_int_equal(rc, 0);
		after = fakehosts_count(f, 0, "posts", "POST ");
		if (after != before + 1)
			fail_msg("fault %d at %llu: started %d times", (int)kind,
				 (unsigned long long)n, after - before);
		rfa_host_free(h);
		rfa_host_free(again);
	}
	json_decref(body);
}

static void a_cut_while_reading_costs_nothing(void **state)
{
	sweep(the(state), RFA_FAULT_CUT_READ, "read", 61, 900);
}

static void a_cut_while_writing_costs_nothing(void **state)
{
	sweep(the(state), RFA_FAULT_CUT_WRITE, "write", 997, 12000);
}

static void a_lost_answer_costs_nothing(void **state)
{
	sweep(the(state), RFA_FAULT_LOSE_ANSWER, "answer", 1, 2);
}

static void put(struct fakehosts *f, const char *dir, const char *name, const char *text)
{
	char path[512];
	FILE *out;

	snprintf(path, sizeof(path), "mkdir -p \"%s/runs/dead/jobs/step/%s\"", f->state[0], dir);
	assert_int_equal(system(path), 0);
	snprintf(path, sizeof(path), "%s/runs/dead/jobs/step/%s/%s", f->state[0], dir, name);
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

static void read_line(const char *path, char *out, size_t size)
{
	FILE *in = fopen(path, "r");

	assert_non_null(in);
	assert_non_null(fgets(out, (int)size, in));
	fclose(in);
}

/* This process as a job's pid file says it. */
static void claim(char out[256], long start_off, const char *boot)
{
	char stat[1024], id[64], *p;
	unsigned long long start = 0;
	int i;

	read_line("/proc/self/stat", stat, sizeof(stat));
	read_line("/proc/sys/kernel/random/boot_id", id, sizeof(id));
	for (p = strrchr(stat, ')') + 1, i = 3; i < 22; i++)
		p = strchr(p + 1, ' ');
	start = strtoull(p, NULL, 10);
	snprintf(out, 256, "%d %llu %s", (int)getpid(), start + (unsigned long long)start_off,
		 boot ? boot : id);
}

static void a_dead_process_is_recognised(void **state)
{
	struct fakehosts *f = the(state);
	struct rfa_host *h = host(f, NULL);
	struct rfa_error err;
	static const struct {
		const char *name;
		long start;
		const char *boot;
	} dead[] = { { "other-process", 1, NULL }, { "other-boot", 0, "somewhere-else\n" } };
	char text[256];
	size_t i;
	int running = 9;

	for (i = 0; i < 2; i++) {
		struct rfa_job_key key = { "dead", "step", dead[i].name };

		claim(text, dead[i].start, dead[i].boot);
		put(f, dead[i].name, "pid", text);
		assert_int_equal(h->runs->jobs_running(h, &key, &running, &err), 0);
		assert_int_equal(running, 0);
		assert_int_equal(h->engine->container_start(h, &key, "x", &err), -RFA_EREMOTE);
		assert_int_equal(err.severity, RFA_UNKNOWN);
	}
	claim(text, 0, NULL);
	put(f, "lives", "pid", text);
	{
		struct rfa_job_key key = { "dead", "step", "any" };

		assert_int_equal(h->runs->jobs_running(h, &key, &running, &err), 0);
		assert_int_equal(running, 1);
		assert_int_equal(h->runs->remove(h, "dead", &err), -RFA_ELOCKED);
		put(f, "lives", "status", "0   \n");
		assert_int_equal(h->runs->jobs_running(h, &key, &running, &err), 0);
		assert_int_equal(running, 0);
		assert_int_equal(h->runs->remove(h, "dead", &err), 0);
	}
	rfa_host_free(h);
}

static void what_has_not_begun_can_be_begun_or_never_will(void **state)
{
	struct fakehosts *f = the(state);
	struct rfa_host *h = host(f, NULL);
	struct rfa_job_key key = { "dead", "step", "half" };
	struct rfa_error err;
	int running = 9;

	/* An asker died before the job made its claim: it is asked for again and runs. */
	put(f, "half", "cmd", "exit 9\n");
	put(f, "half", "job", "exit 9\n");
	assert_int_equal(h->engine->container_start(h, &key, "x", &err), -RFA_ENOTFOUND);
	/* Somebody looked whether it runs, and was told no: that stays true. */
	key.op = "void";
	put(f, "void", "cmd", "exit 9\n");
	assert_int_equal(h->runs->jobs_running(h, &key, &running, &err), 0);
	assert_int_equal(running, 0);
	assert_int_equal(h->engine->container_start(h, &key, "x", &err), -RFA_EREMOTE);
	assert_int_equal(err.severity, RFA_UNKNOWN);
	assert_int_equal(h->runs->remove(h, "dead", &err), 0);
	rfa_host_free(h);
}

static void an_engine_that_is_down_saw_nothing(void **state)
{
	struct fakehosts *f = the(state);
	struct rfa_host *h = host(f, NULL);
	struct rfa_job_key key = { "down", "step", "start" };
	struct rfa_error err;
	json_t *out = NULL;

	fakehosts_set(f, 0, "down", 1);
	assert_int_equal(h->engine->container_start(h, &key, "x", &err), -RFA_EUNREACHABLE);
	assert_int_equal(err.severity, RFA_RETRY);
	assert_int_equal(h->engine->inspect(h, RFA_IMAGE, "app:1", &out, &err), -RFA_EUNREACHABLE);
	assert_int_equal(h->ops->info(h, &out, &err), -RFA_EUNREACHABLE);
	assert_true(err.hint[0]);
	fakehosts_set(f, 0, "down", 0);
	assert_int_equal(h->ops->info(h, &out, &err), 0);
	json_decref(out);
	rfa_host_free(h);
}

static void a_full_disk_is_told(void **state)
{
	struct fakehosts *f = the(state);
	struct rfa_host *h = host(f, NULL);
	struct rfa_job_key key = { "full", "step", "load" };
	struct rfa_stream *s = NULL;
	struct rfa_error err;
	size_t put_bytes;

	assert_int_equal(h->runs->spool_write(h, "full", "a", 0, &s, &err), 0);
	assert_int_equal(s->ops->write(s, "x", 1, &put_bytes, &err), 0);
	assert_int_equal(rfa_host_stream_end(h, &s, 0, NULL, &err), 0);
	fakehosts_set(f, 0, "full", 1);
	assert_int_equal(h->engine->image_load(h, &key, "a", &err), -RFA_ENOSPACE);
	fakehosts_set(f, 0, "full", 0);
	rfa_host_free(h);
}

static void a_missing_docker_is_named(void **state)
{
	struct fakehosts *f = the(state);
	struct rfa_host_options options = { .state_dir = f->state[0], .docker = "no-such-docker" };
	struct rfa_transport *t = NULL;
	struct rfa_host *h = NULL;
	struct rfa_error err;
	json_t *out = NULL;

	assert_int_equal(rfa_transport_local(&t, "test", &err), 0);
	assert_int_equal(rfa_host_shell(&h, t, &options, &err), 0);
	assert_int_equal(h->ops->info(h, &out, &err), -RFA_EUNSUPPORTED);
	assert_non_null(strstr(err.msg, "no-such-docker"));
	assert_true(err.hint[0]);
	assert_string_equal(err.where, "test");
	rfa_host_free(h);
	options.state_dir = "relative";
	assert_int_equal(rfa_transport_local(&t, "test", &err), 0);
	assert_int_equal(rfa_host_shell(&h, t, &options, &err), -RFA_ECONFIG);
}

static int setup(void **state)
{
	struct fakehosts *f = calloc(1, sizeof(*f));

	*state = f;
	return f ? fakehosts_make(f) : -1;
}

static int teardown(void **state)
{
	int rc = fakehosts_end(*state);

	free(*state);
	return rc;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cut_while_reading_costs_nothing),
		cmocka_unit_test(a_cut_while_writing_costs_nothing),
		cmocka_unit_test(a_lost_answer_costs_nothing),
		cmocka_unit_test(a_dead_process_is_recognised),
		cmocka_unit_test(what_has_not_begun_can_be_begun_or_never_will),
		cmocka_unit_test(an_engine_that_is_down_saw_nothing),
		cmocka_unit_test(a_full_disk_is_told),
		cmocka_unit_test(a_missing_docker_is_named),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("jobs", tests, setup, teardown);
}
