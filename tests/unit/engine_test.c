/* The connection to the engine's API: one that stays, breaks, is silent, talks too much, or lies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fsm/base/facts.h"
#include "tests/harness/fakehost.h"
#include "tests/harness/slow.h"
#include "transports/host/engine.h"

#define MOST 4096u
#define REPLIES 8

/* Engines that are scripts. */

/* What they begin with: `next` takes a request, `say STATUS BODY` answers one. */
static const char common[] =
    "echo >>\"$0.calls\"\n"
    "cr=$(printf '\\r')\n"
    "next() { while IFS= read -r l; do [ \"$l\" != \"$cr\" ] || return 0; done; exit 0; }\n"
    "say() { printf 'HTTP/1.1 %b\\r\\nContent-Length: %s\\r\\n\\r\\n%s' \"$1\" \"${#2}\" \"$2\"; "
    "}\n"
    "version() { next; say '200 OK' '{\"ApiVersion\":\"1.45\"}'; }\n";

struct engine {
	char dir[64], file[96], docker[128];
	struct rfa_transport *transport;
	struct rfa_engine *engine;
	struct rfa_error err;
	/* What the last call got. */
	char bodies[REPLIES][64];
	int statuses[REPLIES];
	size_t n;
};

static void begin(struct engine *e, const char *script)
{
	const struct rfa_engine_options options = { e->docker, MOST, slow_ms(3000),
						    rfa_clock_system(), NULL };
	FILE *out;

	memset(e, 0, sizeof(*e));
	snprintf(e->dir, sizeof(e->dir), "/tmp/rfa-engine-XXXXXX");
	assert_non_null(mkdtemp(e->dir));
	snprintf(e->file, sizeof(e->file), "%s/engine", e->dir);
	snprintf(e->docker, sizeof(e->docker), " sh  %s", e->file);
	out = fopen(e->file, "w");
	assert_non_null(out);
	fprintf(out, "%s%s", common, script);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(rfa_transport_local(&e->transport, "test", &e->err), 0);
	assert_int_equal(rfa_engine_new(&e->engine, e->transport, &options, &e->err), 0);
}

/* How often it was started. */
static size_t calls(const struct engine *e)
{
	char path[128];
	size_t n = 0;
	FILE *in;
	int c;

	snprintf(path, sizeof(path), "%s.calls", e->file);
	in = fopen(path, "r");
	while (in && (c = getc(in)) != EOF)
		n++;
	if (in)
		fclose(in);
	return n;
}

static void end(struct engine *e)
{
	char path[128];

	rfa_engine_free(e->engine);
	rfa_transport_free(e->transport);
	snprintf(path, sizeof(path), "%s.calls", e->file);
	unlink(path);
	unlink(e->file);
	assert_int_equal(rmdir(e->dir), 0);
}

static int take(void *user, size_t i, int status, const char *body, size_t len,
		struct rfa_error *err)
{
	struct engine *e = user;

	(void)err;
	assert_int_equal(i, e->n);
	assert_true(i < REPLIES);
	assert_int_equal(strlen(body), len);
	e->statuses[i] = status;
	snprintf(e->bodies[i], sizeof(e->bodies[i]), "%.60s", body);
	e->n++;
	return 0;
}

static int get(struct engine *e, size_t n)
{
	static const struct rfa_engine_ask asks[REPLIES] = {
		{ "/containers/@/json", "a" },
		{ "/images/@/json", "b/c:1" },
		{ "/info", NULL },
		{ "/info", NULL },
	};
	struct rfa_engine_call call = { asks, n, take, e, 0 };

	e->n = 0;
	rfa_error_clear(&e->err);
	return rfa_engine_get(e->engine, &call, &e->err);
}

static void many_requests_are_one_process(void **state)
{
	struct engine e;
	int i;

	(void)state;
	begin(&e,
	      "version\nwhile :; do next; say '404 Not Found' no; next; say '200 OK' yes; done");
	for (i = 0; i < 5; i++) {
		assert_int_equal(get(&e, 4), 0);
		assert_int_equal(e.n, 4);
		assert_string_equal(e.bodies[2], "no");
		assert_int_equal(e.statuses[2], 404);
		assert_string_equal(e.bodies[3], "yes");
		assert_int_equal(e.statuses[3], 200);
	}
	assert_int_equal(calls(&e), 1);
	assert_int_equal(rfa_engine_rest(e.engine), 1);
	assert_int_equal(rfa_engine_rest(e.engine), 0);
	assert_int_equal(get(&e, 2), 0);
	assert_int_equal(calls(&e), 2);
	end(&e);
}

/* A machine whose login files talk: also what looks like a reply, or like a line of ours. */
struct noisy {
	struct rfa_transport base;
	struct rfa_transport *inner; /* borrowed */
	const char *noise;
};

static int noisy_connect(struct rfa_transport *t, struct rfa_error *err)
{
	struct rfa_transport *inner = ((struct noisy *)t)->inner;

	return inner->ops->connect(inner, err);
}

static int noisy_exec(struct rfa_transport *t, const char *const argv[], struct rfa_stream **out,
		      struct rfa_error *err)
{
	struct noisy *n = (struct noisy *)t;
	const char *all[64] = { "sh", "-c", n->noise, "login" };
	size_t i;

	for (i = 0; argv[i] && i < 59; i++)
		all[4 + i] = argv[i];
	return n->inner->ops->exec(n->inner, all, out, err);
}

static const struct rfa_transport_ops noisy_ops = {
	"noisy", noisy_connect, noisy_exec, NULL, NULL, NULL,
};

static int get_behind(struct engine *e, const char *noise)
{
	struct noisy noisy = { { .ops = &noisy_ops }, e->transport, noise };
	const struct rfa_engine_options options = { e->docker, MOST, slow_ms(3000),
						    rfa_clock_system(), NULL };
	int rc;

	rfa_engine_free(e->engine);
	assert_int_equal(rfa_engine_new(&e->engine, &noisy.base, &options, &e->err), 0);
	rc = get(e, 2);
	rfa_engine_free(e->engine);
	e->engine = NULL;
	return rc;
}

static void noise_is_passed_over(void **state)
{
	struct engine e;

	(void)state;
	begin(&e, "version\nwhile next; do say '200 OK' yes; done");
	assert_int_equal(get_behind(&e, "printf 'Welcome\nHTTP/1.1 200 OK\r\n\r\n'; exec \"$@\""),
			 0);
	assert_string_equal(e.bodies[1], "yes");
	assert_int_equal(get_behind(&e, "printf 'a\\000b\n'; exec \"$@\""), 0);
	assert_string_equal(e.bodies[1], "yes");
	assert_int_equal(get_behind(&e, "echo \"$@\"; exec \"$@\""), 0);
	assert_string_equal(e.bodies[1], "yes");
	assert_int_equal(get_behind(&e, "while printf 0123456789; do :; done"), -RFA_EPROTOCOL);
	assert_true(e.err.hint[0]);
	assert_int_equal(get_behind(&e, "echo 'This account is not available.'; exit 1"),
			 -RFA_EREMOTE);
	assert_non_null(strstr(e.err.msg, "not available"));
	end(&e);
}

/* Whatever was answered is not asked for again, and a break costs no more than another process. */
static void a_broken_connection_is_opened_again(void **state)
{
	static const char *const scripts[] = {
		/* It ends with the reply, and says so or not. */
		"version\nnext; say '200 OK\\r\\nConnection: close' yes",
		"version\nnext; say '200 OK' yes",
		"version\nnext; say '200 OK' yes; next; kill -9 $$",
		/* In the midst of one. */
		"version\nnext; say '200 OK' yes; next; printf 'HTTP/1.1 200 "
		"OK\\r\\nContent-Length: "
		"9\\r\\n\\r\\nno'",
	};
	struct engine e;
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		begin(&e, scripts[i]);
		assert_int_equal(get(&e, 3), 0);
		assert_int_equal(e.n, 3);
		for (k = 0; k < 3; k++)
			assert_string_equal(e.bodies[k], "yes");
		assert_int_equal(calls(&e), 3);
		end(&e);
	}
	/* An engine that never answers is not asked for ever. */
	begin(&e, "version\nnext; exit 0");
	assert_int_equal(get(&e, 2), -RFA_ELOST);
	assert_int_equal(calls(&e), 2);
	end(&e);
	begin(&e, "exit 0");
	assert_int_equal(get(&e, 2), -RFA_ELOST);
	assert_int_equal(calls(&e), 2);
	end(&e);
	/* An engine that keeps no connection at all. */
	begin(&e, "next; say '200 OK\\r\\nConnection: close' "
		  "'{\"ApiVersion\":\"1.45\"}'");
	if (get(&e, 2))
		fail_msg("%s", e.err.msg);
	assert_string_equal(e.bodies[1], "{\"ApiVersion\":\"1.45\"}");
	end(&e);
}

static void a_lying_engine_is_refused(void **state)
{
	static const struct {
		const char *script;
		int rc;
	} rows[] = {
		{ "echo hello; cat >/dev/null", -RFA_EPROTOCOL },
		{ "next; say '500 No' '{}'; next", -RFA_EPROTOCOL },
		{ "next; say '200 OK' '{}'; next", -RFA_EPROTOCOL },
		{ "next; say '200 OK' '{\"ApiVersion\":\"1.45/../x\"}'; next", -RFA_EPROTOCOL },
		{ "next; say '200 OK' '{\"ApiVersion\":1}'; next", -RFA_EPROTOCOL },
		{ "next; say '200 OK' 'none'; next", -RFA_EPROTOCOL },
		{ "version; next; a='HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na'; "
		  "printf \"$a$a$a\"; next; next",
		  -RFA_EPROTOCOL },
		{ "version; next; printf 'HTTP/1.1 200 OK\\r\\n\\r\\nendless'; next",
		  -RFA_EPROTOCOL },
		{ "version; next; while printf x; do :; done", -RFA_EPROTOCOL },
		{ "version; next; printf 'HTTP/1.1 200 OK\\r\\nContent-Length: 99999\\r\\n\\r\\n'; "
		  "while printf 0123456789; do :; done",
		  -RFA_ETOOBIG },
		{ "version; next; say '200 OK' \"$(printf '%03000d' 0)\"; next; say '200 OK' "
		  "\"$(printf '%03000d' 0)\"; next",
		  -RFA_ETOOBIG },
		{ "exec cat", -RFA_EPROTOCOL },
	};
	struct engine e;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int rc;

		begin(&e, rows[i].script);
		rc = get(&e, 2);
		if (rc != rows[i].rc)
			fail_msg("%s: %d: %s", rows[i].script, rc, e.err.msg);
		/* Nothing of it is taken for the answer to another question. */
		assert_int_equal(rfa_engine_rest(e.engine), 0);
		end(&e);
	}
}

static void a_silent_engine_is_given_up(void **state)
{
	struct engine e;
	struct rfa_engine_options options = { NULL, MOST, 300, rfa_clock_system(), NULL };

	(void)state;
	begin(&e, "version\nnext; next; next");
	rfa_engine_free(e.engine);
	options.docker = e.docker;
	assert_int_equal(rfa_engine_new(&e.engine, e.transport, &options, &e.err), 0);
	assert_true(get(&e, 2) == -RFA_ESTALLED);
	assert_int_equal(rfa_engine_rest(e.engine), 0);
	end(&e);
}

static void dockers_words_tell_why(void **state)
{
	static const struct {
		const char *script;
		int rc;
		enum rfa_severity severity;
	} rows[] = {
		{ "echo 'failed to open the raw stream connection: dial unix /var/run/docker.sock: "
		  "connect: no such file or directory' >&2; exit 1",
		  -RFA_EUNREACHABLE, RFA_RETRY },
		{ "echo 'failed to open the raw stream connection: dial unix /var/run/docker.sock: "
		  "connect: permission denied' >&2; exit 1",
		  -RFA_EUNSUPPORTED, RFA_FATAL },
		{ "exec no-such-docker", -RFA_EUNSUPPORTED, RFA_FATAL },
		{ "echo 'sudo: a password is required' >&2; exit 1", -RFA_EREMOTE, RFA_FATAL },
		{ "version; next; echo 'read: connection reset by peer' >&2; exit 1", -RFA_ELOST,
		  RFA_UNKNOWN },
	};
	struct engine e;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(&e, rows[i].script);
		if (get(&e, 1) != rows[i].rc)
			fail_msg("%s: %s", rows[i].script, e.err.msg);
		assert_int_equal(e.err.severity, rows[i].severity);
		end(&e);
	}
}

static void commands_that_are_none(void **state)
{
	struct rfa_engine_options options = { "  ", MOST, 1000, rfa_clock_system(), NULL };
	struct rfa_engine *engine = NULL;
	struct rfa_error err;
	char words[300];
	size_t i;

	(void)state;
	assert_int_equal(rfa_engine_new(&engine, NULL, &options, &err), -RFA_ECONFIG);
	memset(words, 'x', sizeof(words) - 1);
	words[sizeof(words) - 1] = '\0';
	options.docker = words;
	assert_int_equal(rfa_engine_new(&engine, NULL, &options, &err), -RFA_ECONFIG);
	for (i = 1; i < 200; i += 2)
		words[i] = ' ';
	words[200] = '\0';
	assert_int_equal(rfa_engine_new(&engine, NULL, &options, &err), -RFA_ECONFIG);
}

/* A host whose engine is ended and started. */

static void an_engine_may_be_restarted(void **state)
{
	struct rfa_host *h = NULL;
	struct fakehosts f;
	struct rfa_error err;
	json_t *one = NULL;

	(void)state;
	assert_int_equal(fakehosts_make(&f), 0);
	assert_int_equal(fakehosts_open(&f, 0, NULL, &h, &err), 0);
	assert_int_equal(h->engine->inspect(h, RFA_IMAGE, "app:1", &one, &err), 0);
	json_decref(one);
	fakehosts_set(&f, 0, "down", 1);
	assert_int_equal(h->engine->inspect(h, RFA_IMAGE, "app:1", &one, &err), -RFA_EUNREACHABLE);
	assert_int_equal(err.severity, RFA_RETRY);
	assert_true(err.hint[0]);
	fakehosts_set(&f, 0, "down", 0);
	assert_int_equal(h->engine->inspect(h, RFA_IMAGE, "app:1", &one, &err), 0);
	json_decref(one);
	assert_int_equal(h->engine->list(h, RFA_IMAGE, &one, &err), 0);
	assert_int_equal(json_array_size(one), 2);
	json_decref(one);
	assert_int_equal(fakehosts_count(&f, 0, "calls", "system dial-stdio"), 3);
	rfa_host_free(h);
	assert_int_equal(fakehosts_end(&f), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_requests_are_one_process),
		cmocka_unit_test(noise_is_passed_over),
		cmocka_unit_test(a_broken_connection_is_opened_again),
		cmocka_unit_test(a_lying_engine_is_refused),
		cmocka_unit_test(a_silent_engine_is_given_up),
		cmocka_unit_test(dockers_words_tell_why),
		cmocka_unit_test(commands_that_are_none),
		cmocka_unit_test(an_engine_may_be_restarted),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
