/* One persistent `sh` that takes framed scripts on its standard input: one round trip a call. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "transports/fdio.h"
#include "transports/scripts.h"

/*
 * Said first, and passed over by the loop. An SFTP server that stands in the shell's place waits
 * for the length of a message, and ends at such a one.
 */
static const char knock[] = "       \n";

#define IDLE_MS 30000
#define TOKEN_SIZE 33 /* 32 hex digits and a NUL */
#define MARK_SIZE (TOKEN_SIZE + 2)
#define MAX_OUTPUT ((size_t)16 << 20)
#define MAX_NOISE 65536u /* what login files may print */
#define CHUNK 65536u

struct rfa_shell {
	struct rfa_transport *transport; /* borrowed */
	struct rfa_stream *stream;       /* owned; NULL: not open */
	int worked;                      /* it was open before */
};

/* One output of one call, collected until its end mark has come. */
struct collected {
	struct rfa_buf data;
	size_t scanned; /* no end mark begins before it */
	size_t end;     /* where the end mark begins */
	int complete, status;
};

struct call {
	struct rfa_shell *sh;
	struct rfa_buf frame; /* header and script */
	const char *input;
	size_t input_len;
	size_t sent; /* of frame and input together */
	char begin[MARK_SIZE + 1], end[MARK_SIZE];
	struct collected out, err;
	size_t moved; /* bytes, in this turn */
};

static int make_token(char token[TOKEN_SIZE], struct rfa_error *err)
{
	unsigned char bytes[16];
	size_t i;

	if (getentropy(bytes, sizeof(bytes)) < 0)
		return rfa_fail_errno(err, errno, "no random bytes were to be had");
	for (i = 0; i < sizeof(bytes); i++)
		snprintf(token + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

/* Where needle begins in data, from `from` on; len if nowhere. */
static size_t find(const char *data, size_t from, size_t len, const char *needle)
{
	size_t n = strlen(needle);

	while (from < len && len - from >= n) {
		const char *at = memchr(data + from, needle[0], len - from - n + 1);

		if (!at)
			break;
		from = (size_t)(at - data);
		if (!memcmp(at, needle, n))
			return from;
		from++;
	}
	return len;
}

static void shut(struct rfa_shell *sh)
{
	rfa_stream_close(sh->stream);
	sh->stream = NULL;
}

static int fail_ended(struct rfa_shell *sh, const struct rfa_buf *errors, struct rfa_error *err)
{
	struct rfa_buf shown = RFA_BUF_INIT(2048);
	int rc;

	if (errors->len)
		rfa_buf_put_printable(&shown, errors->data, errors->len, 200);
	rc = rfa_fail(err, RFA_ELOST, "shell", "the shell on %s ended%s%s", sh->transport->name,
		      shown.len ? ": " : "", rfa_buf_str(&shown));
	rfa_buf_release(&shown);
	return rc;
}

/* Takes what there is of standard error. */
static int take_errors(struct rfa_shell *sh, struct rfa_buf *into, size_t *moved,
		       struct rfa_error *err)
{
	char data[4096];
	size_t got = 0;
	int eof = 0;
	int rc;

	do {
		rc = sh->stream->ops->read_err(sh->stream, data, sizeof(data), &got, &eof, err);
		if (rc)
			return rc;
		*moved += got;
		if (rfa_buf_add(into, data, got))
			return rfa_buf_check(into, err);
	} while (got && into->len < (size_t)2 * RFA_TAIL_MAX);
	return 0;
}

/*
 * What stands in the shell's place has no sh for us: a login shell that lets nobody in, a forced
 * command, an SFTP server. Its own words say which. how: "ended with status 1".
 */
static int no_shell(struct rfa_shell *sh, const struct rfa_buf *output,
		    const struct rfa_buf *errors, const char *how, struct rfa_error *err)
{
	const struct rfa_buf *said[2] = { output, errors };
	struct rfa_buf words = RFA_BUF_INIT(4096);
	size_t i;

	for (i = 0; i < 2; i++) {
		const char *text = rfa_buf_str(said[i]);
		size_t len = said[i]->len;

		while (len && strchr(" \t\r\n", text[len - 1]))
			len--;
		while (len && strchr(" \t\r\n", *text))
			text++, len--;
		if (len && words.len)
			rfa_buf_puts(&words, "; ");
		rfa_buf_put_printable(&words, text, len, 200);
	}
	rfa_fail(err, RFA_ENOSHELL, "shell", "%s let rfa in, but runs no sh for it: %s%s%s",
		 sh->transport->name, how, words.len ? ", after these words: " : ", without a word",
		 rfa_buf_str(&words));
	rfa_buf_release(&words);
	rfa_error_hint(err, "give that user a login shell which runs commands (getent passwd, "
			    "chsh), and look for ForceCommand in sshd_config and command= in "
			    "authorized_keys; or connect as another user");
	/* Where it worked before, the host may be going down, and come back. */
	return rfa_error_as(err, sh->worked ? RFA_RETRY : RFA_DENIED);
}

/* After the end of its output: how it ended. */
static int ended_early(struct rfa_shell *sh, const struct rfa_buf *output, struct rfa_buf *errors,
		       int64_t until, struct rfa_error *err)
{
	struct rfa_clock *clock = rfa_transport_clock(sh->transport);
	int done = 0, status = 0;
	size_t moved = 0;
	char how[64];

	for (;;) {
		int64_t left = until - clock->mono_ms(clock);
		int rc = sh->stream->ops->status(sh->stream, &done, &status, err);

		if (!rc && !done && left > 0)
			rc = rfa_stream_wait(&sh->stream, 1, left, sh->transport->cancel, err);
		if (rc)
			return rc;
		if (done || left <= 0)
			break;
	}
	if (done && take_errors(sh, errors, &moved, err))
		return -(int)err->code;
	/* Ended by a signal: so ends all that runs when a machine goes down. */
	if (!done || status > 128)
		return fail_ended(sh, errors->len ? errors : output, err);
	snprintf(how, sizeof(how), "what was started there ended with status %d", status);
	return no_shell(sh, output, errors, how, err);
}

/* Reads until the shell has said its hello: whatever login files print comes before it. */
static int await_hello(struct rfa_shell *sh, const char *hello, int64_t idle, struct rfa_error *err)
{
	struct rfa_clock *clock = rfa_transport_clock(sh->transport);
	int64_t until = clock->mono_ms(clock) + idle;
	struct rfa_buf noise = RFA_BUF_INIT(MAX_NOISE + CHUNK);
	struct rfa_buf errors = RFA_BUF_INIT((size_t)4 * RFA_TAIL_MAX);
	char mark[MARK_SIZE];
	int rc = 0;

	snprintf(mark, sizeof(mark), "\n%s\n", hello);
	while (!rc) {
		char data[4096];
		size_t got = 0;
		int eof = 0;
		size_t moved = 0;
		int64_t left;

		rc = sh->stream->ops->read(sh->stream, data, sizeof(data), &got, &eof, err);
		if (!rc)
			rc = take_errors(sh, &errors, &moved, err);
		if (rc)
			break;
		if (errors.len > RFA_TAIL_MAX)
			rfa_buf_consume(&errors, errors.len - RFA_TAIL_MAX);
		rfa_buf_add(&noise, data, got);
		if (find(rfa_buf_str(&noise), 0, noise.len, mark) < noise.len)
			break;
		if (noise.len > MAX_NOISE) {
			rfa_fail(err, RFA_EPROTOCOL, "shell",
				 "the login shell printed more than %u bytes", MAX_NOISE);
			rc = rfa_error_hint(
			    err, "make the login files silent for shells without a terminal");
			break;
		}
		if (eof) {
			rc = ended_early(sh, &noise, &errors, until, err);
			break;
		}
		if (got || moved)
			continue;
		left = until - clock->mono_ms(clock);
		if (left <= 0) {
			char how[64];

			snprintf(how, sizeof(how), "nothing has come of it for %lld ms",
				 (long long)idle);
			rc = no_shell(sh, &noise, &errors, how, err);
			/* Nobody said no: it may have been slow. */
			rfa_error_as(err, RFA_RETRY);
		} else
			rc = rfa_stream_wait(&sh->stream, 1, left, sh->transport->cancel, err);
	}
	rfa_buf_release(&noise);
	rfa_buf_release(&errors);
	return rc;
}

static int open_shell(struct rfa_shell *sh, int64_t idle, struct rfa_error *err)
{
	struct rfa_transport *t = sh->transport;
	const char *argv[] = { "sh", "-c", rfa_script_shell_loop[0], "rfa", NULL, NULL };
	char hello[TOKEN_SIZE];
	int rc = t->ops->connect(t, err);

	if (rc)
		return rc;
	rc = make_token(hello, err);
	if (rc)
		return rc;
	argv[4] = hello;
	rc = t->ops->exec(t, argv, &sh->stream, err);
	if (!rc) {
		struct rfa_error ignored;
		size_t put;

		/* What cannot take it says so, or ends: that is seen below. */
		(void)!sh->stream->ops->write(sh->stream, knock, strlen(knock), &put, &ignored);
		rc = await_hello(sh, hello, idle, err);
	}
	if (!rc) {
		sh->worked = 1;
		return 0;
	}
	shut(sh);
	/* No script was sent yet, so asking again is safe whatever went wrong. */
	if (rc == -(int)RFA_ELOST || rc == -(int)RFA_ESTALLED || rc == -(int)RFA_ECANCELLED)
		rfa_error_as(err, RFA_RETRY);
	return rc;
}

/* 1 if an open shell is still there; leftovers of earlier calls are dropped. */
static int alive(struct rfa_shell *sh)
{
	struct rfa_error ignored;
	char data[4096];
	size_t got = 0;
	int eof = 0;

	do {
		if (sh->stream->ops->read(sh->stream, data, sizeof(data), &got, &eof, &ignored) ||
		    eof)
			return 0;
	} while (got);
	return 1;
}

static int make_frame(struct call *c, const char *script, struct rfa_error *err)
{
	char token[TOKEN_SIZE];
	size_t lines = 1;
	const char *p;
	int rc = make_token(token, err);

	if (rc)
		return rc;
	for (p = script; *p; p++)
		lines += *p == '\n';
	rfa_buf_printf(&c->frame, "%s %zu %zu\n", token, lines, c->input_len);
	rfa_buf_puts(&c->frame, script);
	rfa_buf_putc(&c->frame, '\n');
	snprintf(c->begin, sizeof(c->begin), "\n%s<\n", token);
	snprintf(c->end, sizeof(c->end), "\n%s>", token);
	return rfa_buf_check(&c->frame, err);
}

static int send_some(struct call *c, struct rfa_error *err)
{
	struct rfa_stream *s = c->sh->stream;

	while (c->sent < c->frame.len + c->input_len) {
		const char *data = c->frame.data + c->sent;
		size_t len = c->frame.len - c->sent;
		size_t put = 0;
		int rc;

		if (c->sent >= c->frame.len) {
			data = c->input + (c->sent - c->frame.len);
			len = c->frame.len + c->input_len - c->sent;
		}
		rc = s->ops->write(s, data, len, &put, err);
		if (rc == -(int)RFA_EREMOTE)
			return fail_ended(c->sh, &c->err.data, err);
		if (rc)
			return rc;
		if (!put)
			break;
		c->sent += put;
		c->moved += put;
		/* The answer to a long input must be taken while it is sent. */
		if (c->sent > c->frame.len)
			break;
	}
	return 0;
}

/* Looks for the end mark in what has newly come. */
static void scan(struct collected *x, const char *end)
{
	size_t len = x->data.len;
	size_t at;
	const char *line;

	if (x->complete || !len)
		return;
	at = find(x->data.data, x->scanned, len, end);
	if (at < len)
		line = memchr(x->data.data + at + strlen(end), '\n', len - at - strlen(end));
	else
		line = NULL;
	if (line) {
		x->complete = 1;
		x->end = at;
		x->status = atoi(x->data.data + at + strlen(end));
	} else if (at < len) {
		x->scanned = at;
	} else {
		x->scanned = len > MARK_SIZE ? len - MARK_SIZE : 0;
	}
}

static int receive_some(struct call *c, size_t limit, struct rfa_error *err)
{
	struct rfa_stream *s = c->sh->stream;
	char data[CHUNK];
	size_t got = 0;
	int eof = 0;
	int rc = s->ops->read(s, data, sizeof(data), &got, &eof, err);

	if (!rc)
		rc = take_errors(c->sh, &c->err.data, &c->moved, err);
	if (rc)
		return rc;
	c->moved += got;
	rfa_buf_add(&c->out.data, data, got);
	scan(&c->out, c->end);
	scan(&c->err, c->end);
	if (!c->err.complete && c->err.data.len > (size_t)2 * RFA_TAIL_MAX) {
		size_t drop = c->err.data.len - RFA_TAIL_KEPT;

		rfa_buf_consume(&c->err.data, drop);
		c->err.scanned = c->err.scanned > drop ? c->err.scanned - drop : 0;
	}
	if ((c->out.complete ? c->out.end : c->out.data.len) > limit + 2 * sizeof(c->begin))
		return rfa_fail(err, RFA_ETOOBIG, "shell",
				"a script wrote more than %zu bytes of output", limit);
	rc = rfa_buf_check(&c->out.data, err);
	if (!rc && eof && !c->out.complete)
		rc = fail_ended(c->sh, &c->err.data, err);
	return rc;
}

static int pump(struct call *c, int64_t idle, size_t limit, struct rfa_error *err)
{
	struct rfa_transport *t = c->sh->transport;
	struct rfa_clock *clock = rfa_transport_clock(t);
	int64_t since = clock->mono_ms(clock);
	struct rfa_pace pace;

	rfa_pace_begin(&pace, since, idle, RFA_PACE_CALL);
	while (!c->out.complete || !c->err.complete) {
		int64_t left;
		int rc;

		c->moved = 0;
		rc = send_some(c, err);
		if (!rc)
			rc = receive_some(c, limit, err);
		if (rc)
			return rc;
		if (c->moved) {
			since = clock->mono_ms(clock);
			rc = rfa_pace_add(&pace, since, c->moved, err);
			if (t->cancel && *t->cancel)
				rc = rfa_fail(err, RFA_ECANCELLED, "shell",
					      "a signal asked to stop");
			if (rc)
				return rc;
			continue;
		}
		left = since + idle - clock->mono_ms(clock);
		if (left <= 0)
			return rfa_fail(err, RFA_ESTALLED, "shell",
					"a script was silent for %lld ms", (long long)idle);
		rc = rfa_stream_wait(&c->sh->stream, 1, left, t->cancel, err);
		if (rc)
			return rc;
	}
	return 0;
}

/* Appends what lies between the marks; at most the last `most` bytes of it. */
static int deliver(const struct call *c, const struct collected *x, size_t most,
		   struct rfa_buf *into, struct rfa_error *err)
{
	size_t from = find(x->data.data, 0, x->end, c->begin);

	/* The begin mark of a flood of errors was dropped with its beginning. */
	from = from < x->end ? from + strlen(c->begin) : 0;
	if (x->end - from > most)
		from = x->end - most;
	rfa_buf_add(into, x->data.data + from, x->end - from);
	return rfa_buf_check(into, err);
}

int rfa_shell_run(struct rfa_shell *sh, const char *script, const void *input, size_t input_len,
		  int64_t idle_timeout_ms, struct rfa_buf *output, struct rfa_buf *errors,
		  int *status, struct rfa_error *err)
{
	int64_t idle = idle_timeout_ms ? idle_timeout_ms : IDLE_MS;
	size_t limit =
	    output->max - output->len < MAX_OUTPUT ? output->max - output->len : MAX_OUTPUT;
	struct call c = {
		.sh = sh,
		.frame = RFA_BUF_INIT((size_t)64 << 20),
		.input = input,
		.input_len = input_len,
		.out.data = RFA_BUF_INIT(MAX_OUTPUT + (size_t)2 * CHUNK),
		.err.data = RFA_BUF_INIT((size_t)4 * RFA_TAIL_MAX),
	};
	int rc = 0;

	if (sh->stream && !alive(sh))
		shut(sh);
	if (!sh->stream)
		rc = open_shell(sh, idle, err);
	if (!rc)
		rc = make_frame(&c, script, err);
	if (rc)
		goto done;
	rc = pump(&c, idle, limit, err);
	if (rc) {
		/* Its answer may still come and would be taken for that of the next call. */
		shut(sh);
		if (!c.sent)
			rfa_error_as(err, RFA_RETRY);
		goto done;
	}
	rc = deliver(&c, &c.out, limit, output, err);
	if (!rc && errors)
		rc = deliver(&c, &c.err, RFA_TAIL_MAX, errors, err);
	if (!rc)
		*status = c.out.status;
done:
	rfa_buf_release(&c.frame);
	rfa_buf_release(&c.out.data);
	rfa_buf_release(&c.err.data);
	if (rc)
		rfa_error_where(err, "%s", sh->transport->name);
	return rc;
}

int rfa_shell_new(struct rfa_shell **out, struct rfa_transport *t, struct rfa_error *err)
{
	struct rfa_shell *sh = calloc(1, sizeof(*sh));

	if (!sh)
		return rfa_fail_nomem(err);
	sh->transport = t;
	*out = sh;
	return 0;
}

void rfa_shell_rest(struct rfa_shell *sh)
{
	shut(sh);
}

void rfa_shell_free(struct rfa_shell *sh)
{
	if (!sh)
		return;
	shut(sh);
	free(sh);
}
