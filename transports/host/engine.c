/* The engine's API over one `docker system dial-stdio` that stays. */
#include "transports/host/engine.h"

#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "transports/fdio.h"
#include "transports/host/http1.h"
#include "transports/host/scripts.h"
#include "transports/host/remote_error.h"

/* Said before the first reply; see engine_dial.sh. */
#define GREETING "rfa: the engine follows"
#define NOISE_MAX 65536u /* what login files may print */
#define CHUNK 16384u
#define WORDS_MAX 32
#define WORDS_SIZE 256
#define API_SIZE 16
#define REQUESTS_MAX (32u << 20)

struct rfa_engine {
	struct rfa_transport *transport; /* borrowed */
	struct rfa_stream *stream;       /* owned; NULL: not open */
	struct rfa_buf noise;            /* until the greeting has come */
	int answered;                    /* this connection has brought a reply */
	int greeted;
	json_t *version; /* owned; NULL: never asked */
	char api[API_SIZE];
	size_t most;
	int64_t idle_ms;
	struct rfa_clock *clock;
	const volatile int *cancel;
	char text[WORDS_SIZE], *words[WORDS_MAX + 1];
};

/* One call on one connection. */
struct exchange {
	struct rfa_engine *e;
	struct rfa_engine_call *call;
	struct rfa_buf requests, errors;
	size_t sent;
	struct rfa_http1_reader reader;
	size_t bytes; /* of all bodies */
	size_t moved; /* in this turn */
	int closes;   /* the engine ends the connection after the last reply */
};

static void shut(struct rfa_engine *e)
{
	rfa_stream_close(e->stream);
	e->stream = NULL;
	e->answered = 0;
	e->greeted = 0;
	rfa_buf_clear(&e->noise);
}

static int open_channel(struct rfa_engine *e, struct rfa_error *err)
{
	const char *argv[WORDS_MAX + 6] = { "sh", "-c", rfa_script_engine_dial[0], "rfa",
					    GREETING };
	size_t i;
	int rc = e->transport->ops->connect(e->transport, err);

	for (i = 0; e->words[i]; i++)
		argv[5 + i] = e->words[i];
	return rc ? rc : e->transport->ops->exec(e->transport, argv, &e->stream, err);
}

/* 1 if an open channel is still there: nothing that was not asked for may come. */
static int alive(struct rfa_engine *e)
{
	struct rfa_error ignored;
	size_t got = 0;
	int eof = 0;
	char data;

	return !e->stream->ops->read(e->stream, &data, 1, &got, &eof, &ignored) && !eof && !got;
}

/* How it ended. */

static int take_errors(struct exchange *x, struct rfa_error *err)
{
	struct rfa_stream *s = x->e->stream;
	char data[4096];
	size_t got = 0;
	int eof = 0, rc;

	do {
		rc = s->ops->read_err(s, data, sizeof(data), &got, &eof, err);
		x->moved += got;
		if (rc == 0)
			rc = rfa_tail_add(&x->errors, data, got) ? rfa_buf_check(&x->errors, err)
								 : 0;
	} while (rc == 0 && got && x->moved < RFA_TAIL_MAX);
	return rc;
}

static int await_status(struct exchange *x, int *done, int *status, struct rfa_error *err)
{
	struct rfa_engine *e = x->e;
	int64_t until = e->clock->mono_ms(e->clock) + e->idle_ms;
	int rc = 0;

	*done = 0;
	while (rc == 0 && !*done) {
		int64_t left = until - e->clock->mono_ms(e->clock);

		rc = take_errors(x, err);
		if (rc == 0)
			rc = e->stream->ops->status(e->stream, done, status, err);
		if (rc == 0 && !*done && left <= 0)
			break;
		if (rc == 0 && !*done)
			rc = rfa_stream_wait(&e->stream, 1, left, e->cancel, err);
	}
	return rc ? rc : take_errors(x, err);
}

/* The command ended, or no longer reads. Its words tell whether it ever reached the engine. */
static int ended(struct exchange *x, struct rfa_error *err)
{
	int done, status = 0;
	int rc = await_status(x, &done, &status, err);
	const struct rfa_buf *words = x->errors.len ? &x->errors : &x->e->noise;

	if (rc != 0)
		return rc;
	/*
	 * Ended by a signal, or with nothing to say: the engine went away, or the host does. Once
	 * it has answered, the command's words can only be about that.
	 */
	if (!done || status == 0 || status > 128 || x->e->answered)
		return rfa_fail(err, RFA_ELOST, "docker",
				"the engine ended the connection before it had answered");
	return rfa_remote_docker(status, words->data, words->len, "docker", err);
}

/* One exchange. */

static int nonsense(const char *what, struct rfa_error *err)
{
	return rfa_fail(err, RFA_EPROTOCOL, "docker", "the engine's reply made no sense: %s", what);
}

static int send_some(struct exchange *x, struct rfa_error *err)
{
	struct rfa_stream *s = x->e->stream;
	size_t put = 1;
	int rc = 0;

	while (rc == 0 && put && x->sent < x->requests.len) {
		put = 0;
		rc = s->ops->write(s, x->requests.data + x->sent, x->requests.len - x->sent, &put,
				   err);
		x->sent += put;
		x->moved += put;
	}
	/* It no longer reads. What it has answered before may still be on its way, or its end. */
	if (rc == -RFA_EREMOTE) {
		rfa_error_clear(err);
		x->sent = x->requests.len;
		rc = 0;
	}
	return rc;
}

static int take_reply(struct exchange *x, struct rfa_error *err)
{
	struct rfa_engine_call *call = x->call;
	const struct rfa_buf *body = &x->reader.body;
	int rc;

	x->bytes += body->len;
	if (x->bytes > x->e->most)
		return rfa_fail(err, RFA_ETOOBIG, "docker",
				"the engine answered more than %zu bytes", x->e->most);
	x->closes = x->reader.closes;
	rc = call->take(call->user, call->taken, x->reader.status, rfa_buf_str(body), body->len,
			err);
	if (rc == 0)
		call->taken++;
	x->e->answered = 1;
	rfa_http1_next(&x->reader);
	return rc;
}

static int feed(struct exchange *x, const char *data, size_t len, struct rfa_error *err)
{
	int rc = 0, whole;
	size_t used;

	while (rc == 0 && len && !x->closes) {
		if (x->call->taken == x->call->n)
			return nonsense("more of them than there were requests", err);
		rc = rfa_http1_read(&x->reader, data, len, &used, &whole, err);
		if (rc == 0 && x->reader.endless)
			rc = nonsense("its body has no length", err);
		if (rc == 0 && whole)
			rc = take_reply(x, err);
		data += used;
		len -= used;
	}
	return rc;
}

/* Where the line of the greeting ends in what login files and the command have said; 0: nowhere. */
static size_t greeting_end(const struct rfa_buf *noise)
{
	static const char mark[] = "\n" GREETING "\n";
	const size_t n = sizeof(mark) - 1;
	size_t i;

	for (i = 0; i + n <= noise->len; i++)
		if (memcmp(noise->data + i, mark, n) == 0)
			return i + n;
	return 0;
}

/* Whatever comes before the greeting is of the login files. */
static int greet(struct rfa_engine *e, const char *data, size_t len, size_t *used,
		 struct rfa_error *err)
{
	size_t before = e->noise.len, end;

	*used = len;
	(void)rfa_buf_add(&e->noise, data, len);
	end = greeting_end(&e->noise);
	if (end) {
		*used = end - before;
		e->greeted = 1;
		rfa_buf_clear(&e->noise);
	} else if (e->noise.failed || e->noise.len > NOISE_MAX) {
		(void)rfa_fail(err, RFA_EPROTOCOL, "docker",
			       "the login shell printed more than %u bytes", NOISE_MAX);
		return rfa_error_hint(err,
				      "make the login files silent for shells without a terminal");
	}
	return 0;
}

static int receive_some(struct exchange *x, struct rfa_error *err)
{
	struct rfa_engine *e = x->e;
	char data[CHUNK];
	size_t got = 0, used = 0;
	int eof = 0;
	int rc = e->stream->ops->read(e->stream, data, sizeof(data), &got, &eof, err);

	x->moved += got;
	if (rc == 0)
		rc = take_errors(x, err);
	if (rc == 0 && !e->greeted)
		rc = greet(e, data, got, &used, err);
	if (rc == 0)
		rc = feed(x, data + used, got - used, err);
	if (rc == 0 && eof && x->call->taken < x->call->n)
		rc = ended(x, err);
	return rc;
}

static int turn(struct exchange *x, struct rfa_pace *pace, int64_t *since, struct rfa_error *err)
{
	struct rfa_engine *e = x->e;
	int64_t now, left;
	int rc;

	x->moved = 0;
	rc = send_some(x, err);
	if (rc == 0)
		rc = receive_some(x, err);
	if (rc != 0 || x->closes)
		return rc;
	now = e->clock->mono_ms(e->clock);
	if (e->cancel && *e->cancel)
		return rfa_fail(err, RFA_ECANCELLED, "docker", "a signal asked to stop");
	if (x->moved) {
		*since = now;
		return rfa_pace_add(pace, now, x->moved, err);
	}
	left = *since + e->idle_ms - now;
	if (left <= 0)
		return rfa_fail(err, RFA_ESTALLED, "docker", "the engine was silent for %lld ms",
				(long long)e->idle_ms);
	return rfa_stream_wait(&e->stream, 1, left, e->cancel, err);
}

/* api NULL: paths without a version. The channel is open, and stays so only after success. */
static int exchange(struct rfa_engine *e, struct rfa_engine_call *call, const char *api,
		    struct rfa_error *err)
{
	struct exchange x = { .e = e,
			      .call = call,
			      .requests = RFA_BUF_INIT(REQUESTS_MAX),
			      .errors = RFA_TAIL_INIT,
			      .reader = RFA_HTTP1_READER_INIT(e->most) };
	int64_t since = e->clock->mono_ms(e->clock);
	struct rfa_pace pace;
	int rc = 0;
	size_t i;

	rfa_pace_begin(&pace, since, e->idle_ms, RFA_PACE_CALL);
	for (i = call->taken; rc == 0 && i < call->n; i++)
		rc = rfa_http1_get(&x.requests, api, call->asks[i].path, call->asks[i].name, err);
	while (rc == 0 && call->taken < call->n && !x.closes)
		rc = turn(&x, &pace, &since, err);
	if (rc != 0 || x.closes)
		shut(e);
	if (rc == 0 && call->taken < call->n)
		rc = rfa_fail(err, RFA_ELOST, "docker", "the engine ended the connection");
	if (rc != 0 && x.sent == 0)
		(void)rfa_error_as(err, RFA_RETRY);
	rfa_buf_release(&x.requests);
	rfa_buf_release(&x.errors);
	rfa_http1_reader_release(&x.reader);
	return rc;
}

/* The version, which every connection begins with. */

static int take_version(void *user, size_t i, int status, const char *body, size_t len,
			struct rfa_error *err)
{
	struct rfa_engine *e = user;
	json_t *version = json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL);
	const char *api = rfa_facts_str(version, "ApiVersion", "");
	size_t n = strspn(api, "0123456789");

	(void)i;
	if (status != 200 || n == 0 || api[n] != '.' || !api[n + 1] ||
	    api[n + 1 + strspn(api + n + 1, "0123456789")] || strlen(api) >= sizeof(e->api)) {
		json_decref(version);
		return nonsense("it names no API version", err);
	}
	(void)snprintf(e->api, sizeof(e->api), "%s", api);
	json_decref(e->version);
	e->version = version;
	return 0;
}

/* An engine that was swapped for another one may speak another version. */
static int ready(struct rfa_engine *e, struct rfa_error *err)
{
	static const struct rfa_engine_ask version = { "/version", NULL };
	struct rfa_engine_call call = { &version, 1, take_version, e, 0 };
	int rc;

	if (e->stream && alive(e))
		return 0;
	shut(e);
	rc = open_channel(e, err);
	return rc ? rc : exchange(e, &call, NULL, err);
}

int rfa_engine_get(struct rfa_engine *e, struct rfa_engine_call *call, struct rfa_error *err)
{
	size_t before;
	int idle = 0, rc = 0;

	if (e->cancel && *e->cancel)
		return rfa_fail(err, RFA_ECANCELLED, "docker", "asked to stop");
	while (call->taken < call->n) {
		before = call->taken;
		rc = ready(e, err);
		/* An engine that keeps no connection is open no more. */
		if (rc == 0 && !e->stream)
			rc = open_channel(e, err);
		if (rc == 0)
			rc = exchange(e, call, e->api, err);
		if (call->taken > before)
			idle = 0;
		if (rc != -RFA_ELOST || idle++)
			return rc;
	}
	return rc;
}

int rfa_engine_version(struct rfa_engine *e, const json_t **out, struct rfa_error *err)
{
	int rc = e->version ? 0 : ready(e, err);

	if (rc == -RFA_ELOST)
		rc = ready(e, err);
	if (rc == 0)
		*out = e->version;
	return rc;
}

/* Its life. */

static int split(struct rfa_engine *e, const char *docker, struct rfa_error *err)
{
	char *save = NULL, *word;
	size_t n = 0;

	if (snprintf(e->text, sizeof(e->text), "%s", docker) < (int)sizeof(e->text))
		for (word = strtok_r(e->text, " ", &save); word && n <= WORDS_MAX;
		     word = strtok_r(NULL, " ", &save))
			if (n++ < WORDS_MAX)
				e->words[n - 1] = word;
	if (n == 0 || n > WORDS_MAX)
		return rfa_fail(err, RFA_ECONFIG, "host",
				"the docker command is empty or too long");
	return 0;
}

int rfa_engine_new(struct rfa_engine **out, struct rfa_transport *transport,
		   const struct rfa_engine_options *options, struct rfa_error *err)
{
	struct rfa_engine *e = calloc(1, sizeof(*e));
	int rc;

	if (!e)
		return rfa_fail_nomem(err);
	e->transport = transport;
	e->noise = (struct rfa_buf)RFA_BUF_INIT(NOISE_MAX + CHUNK);
	e->most = options->most;
	e->idle_ms = options->idle_ms;
	e->clock = options->clock;
	e->cancel = options->cancel;
	rc = split(e, options->docker, err);
	if (rc == 0)
		*out = e;
	else
		rfa_engine_free(e);
	return rc;
}

int rfa_engine_rest(struct rfa_engine *e)
{
	int was = e && e->stream;

	if (was)
		shut(e);
	return was;
}

void rfa_engine_free(struct rfa_engine *e)
{
	if (!e)
		return;
	shut(e);
	json_decref(e->version);
	rfa_buf_release(&e->noise);
	free(e);
}
