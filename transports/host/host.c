/* What both kinds of host share: names that are safe everywhere, and the end of a spool stream. */
#include "transports/host/host.h"

#include <string.h>

#include "fsm/base/facts.h"
#include "transports/host/remote_error.h"

#define NAME_MAX_BYTES 128
#define DATABASE_MAX_BYTES 63 /* of PostgreSQL: more is cut off */
#define IDLE_MS 30000
#define ENDING_TIMES 10 /* so many idle times for the end of a stream in all */
#define WAIT_MS 1000

int rfa_host_name_ok(const char *text)
{
	size_t n;

	if (!text || strcmp(text, ".") == 0 || strcmp(text, "..") == 0)
		return 0;
	n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
	return n > 0 && n <= NAME_MAX_BYTES && text[n] == '\0';
}

int rfa_host_database_own(const char *database, const char *name)
{
	size_t n = strlen(database);

	return n > 0 && strncmp(name, database, n) == 0 && strncmp(name + n, "_rfa_", 5) == 0 &&
	       name[n + 5] && strlen(name) <= DATABASE_MAX_BYTES;
}

int rfa_host_ended_well(const json_t *container)
{
	const char *policy = rfa_facts_str(container, "HostConfig/RestartPolicy/Name", "");

	return strcmp(rfa_facts_str(container, "State/Status", ""), "exited") == 0 &&
	       rfa_facts_int(container, "State/ExitCode", -1) == 0 &&
	       (!*policy || strcmp(policy, "no") == 0 || strcmp(policy, "on-failure") == 0) &&
	       json_object_size(rfa_facts_at(container, "HostConfig/PortBindings")) == 0;
}

void rfa_host_free(struct rfa_host *host)
{
	if (host)
		host->ops->free(host);
}

int rfa_host_offers(const struct rfa_host *host, unsigned needs, struct rfa_error *err)
{
	const struct {
		unsigned bit;
		const void *table;
		const char *what;
	} offers[] = {
		{ RFA_HOST_ENGINE, host->engine, "a Docker engine" },
		{ RFA_HOST_FILES, host->files, "files" },
		{ RFA_HOST_RUNS, host->runs, "jobs, a spool and a lock" },
		{ RFA_HOST_TREES, host->trees, "directories of data" },
		{ RFA_HOST_DATABASES, host->databases, "databases" },
		{ RFA_HOST_VAULT, host->vault, "a vault" },
		{ RFA_HOST_REGISTRY, host->registry, "images from registries" },
		{ RFA_HOST_ROUTER, host->router, "routers" },
	};
	size_t i;

	for (i = 0; i < sizeof(offers) / sizeof(offers[0]); i++)
		if ((needs & offers[i].bit) && !offers[i].table) {
			rfa_fail(err, RFA_EUNSUPPORTED, "host",
				 "this kind of host does not offer %s", offers[i].what);
			rfa_error_where(err, "%s", host->name);
			return rfa_error_hint(err, "name another environment for this");
		}
	return 0;
}

int rfa_router_may_set(const struct rfa_router_seen *seen, const struct rfa_routed *of,
		       int64_t share, struct rfa_error *err)
{
	int green = share > seen->live;

	if (share == seen->live || (green ? seen->green.up : seen->blue.up))
		return 0;
	rfa_fail(err, RFA_EREFUSED, "router",
		 "the router says that %s%s is not up: it gets no requests", of->service,
		 green ? "-green" : "");
	return rfa_error_hint(err, "look at its container there, and at the router's check of it");
}

/* The end of one stream: what was seen of it so far. */
struct ending {
	struct rfa_stream *stream;
	struct rfa_buf words; /* standard error */
	int finished, out_eof, err_eof, done, status;
};

/* One turn of everything that can move; *moved says whether anything did. */
static int turn(struct ending *e, int *moved, struct rfa_error *err)
{
	char data[16384];
	size_t got = 0;
	int rc = 0;

	*moved = 0;
	if (!e->finished) {
		rc = e->stream->ops->finish(e->stream, &e->finished, err);
		*moved |= e->finished;
		/* A command that ended early has closed its input; its status tells why. */
		if (rc == -RFA_EREMOTE)
			rc = 0, e->finished = 1;
	}
	if (rc == 0 && !e->out_eof) {
		rc = e->stream->ops->read(e->stream, data, sizeof(data), &got, &e->out_eof, err);
		*moved |= got > 0 || e->out_eof;
	}
	got = 0;
	if (rc == 0 && !e->err_eof && e->stream->ops->read_err) {
		rc =
		    e->stream->ops->read_err(e->stream, data, sizeof(data), &got, &e->err_eof, err);
		*moved |= got > 0 || e->err_eof;
		if (got > 0)
			(void)rfa_buf_add(&e->words, data, got); /* what fits is enough */
	}
	if (rc == 0 && e->out_eof) {
		rc = e->stream->ops->status(e->stream, &e->done, &e->status, err);
		*moved |= e->done;
	}
	return rc;
}

int rfa_host_stream_end(struct rfa_host *host, struct rfa_stream **stream, int64_t idle_timeout_ms,
			const volatile int *cancel, struct rfa_error *err)
{
	struct rfa_clock *clock = rfa_clock_system();
	struct ending e = { .words = RFA_BUF_INIT(65536) };
	int64_t idle = idle_timeout_ms > 0 ? idle_timeout_ms : IDLE_MS;
	int64_t begun = clock->mono_ms(clock), last = begun;
	int rc = 0, moved;

	e.stream = *stream;
	while (rc == 0 && !e.done) {
		rc = turn(&e, &moved, err);
		if (rc != 0 || e.done)
			break;
		/* All that was to come has come: a host that goes on talking only holds us. */
		if (moved && clock->mono_ms(clock) - begun < ENDING_TIMES * idle) {
			last = clock->mono_ms(clock);
			continue;
		}
		if (moved || clock->mono_ms(clock) - last > idle)
			rc = rfa_fail(err, RFA_ESTALLED, "host",
				      "a transfer did not end within %lld s",
				      (long long)(idle / 1000));
		else
			rc = rfa_stream_wait(&e.stream, 1, WAIT_MS, cancel, err);
	}
	if (rc == 0 && e.status != 0)
		rc = rfa_remote_fail(e.status, e.words.data, e.words.len, "the spool", err);
	if (rc != 0)
		(void)rfa_error_where(err, "%s", host->name);
	rfa_buf_release(&e.words);
	rfa_stream_close(e.stream);
	*stream = NULL;
	return rc;
}
