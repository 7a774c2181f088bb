/* The SSH transport: the route by `ssh -G`, one session a hop, connecting again after a loss. */
#include <stdlib.h>
#include <string.h>

#include "transports/ssh/login.h"
#include "transports/ssh/open.h"

#define CONNECT_MS 10000
#define IDLE_MS 15000
#define ATTEMPTS 3u
#define BACKOFF_FIRST_MS 250
#define BACKOFF_MAX_MS 8000

struct ssh_transport {
	struct rfa_transport base;
	char *destination, *config_file; /* owned; config_file may be NULL */
	int64_t connect_timeout_ms, idle_timeout_ms;
	unsigned attempts;
	struct rfa_ssh_hop *hop[RFA_SSH_HOPS_MAX]; /* references; the last one is the host */
	size_t count;
};

static struct rfa_ssh_hop *last(const struct ssh_transport *t)
{
	return t->count ? t->hop[t->count - 1] : NULL;
}

/* From the far end: what lies inside a session ends before the session that carries it. */
static void drop(struct ssh_transport *t)
{
	while (t->count) {
		struct rfa_ssh_hop *hop = t->hop[--t->count];

		rfa_ssh_hop_kill(hop, NULL);
		rfa_ssh_hop_unref(hop);
	}
}

static int is_alive(struct ssh_transport *t)
{
	struct rfa_error ignored;
	size_t i;

	for (i = 0; i < t->count; i++)
		if (!t->hop[i]->session)
			return 0;
	return t->count && !rfa_ssh_hop_tend(last(t), &ignored) &&
	       !rfa_ssh_hop_watch(last(t), &ignored);
}

/* A ProxyCommand is a command of this machine that speaks for the host on its pipes. */
static int run_proxy(struct rfa_stream **wire, const char *command, struct rfa_error *err)
{
	const char *argv[] = { "sh", "-c", NULL, NULL };
	struct rfa_buf line = RFA_BUF_INIT(8192);
	struct rfa_transport *here = NULL;
	int rc;

	rfa_buf_printf(&line, "exec %s", command);
	rc = rfa_buf_check(&line, err);
	if (!rc)
		rc = rfa_transport_local(&here, "proxy", err);
	if (!rc) {
		argv[2] = rfa_buf_str(&line);
		rc = here->ops->exec(here, argv, wire, err);
	}
	rfa_transport_free(here);
	rfa_buf_release(&line);
	return rc;
}

/* Opens the wire to the next hop: through the last one, or from this machine. */
static int open_wire(struct ssh_transport *t, const struct rfa_ssh_settings *settings,
		     int64_t timeout_ms, struct rfa_stream **wire, struct rfa_error *err)
{
	struct rfa_clock *clock = rfa_transport_clock(&t->base);

	if (t->count)
		return rfa_ssh_tunnel(wire, last(t), settings->host, settings->port, timeout_ms,
				      err);
	if (settings->proxy_command)
		return run_proxy(wire, settings->proxy_command, err);
	return rfa_tcp_connect(wire, settings->host, settings->port, timeout_ms, clock,
			       t->base.cancel, err);
}

static int add_hop(struct ssh_transport *t, const struct rfa_ssh_settings *settings, int is_last,
		   struct rfa_error *err)
{
	struct rfa_ssh_hop_options options = {
		.settings = settings,
		.name = is_last ? t->base.name : settings->host,
		.clock = rfa_transport_clock(&t->base),
		.cancel = t->base.cancel,
		.connect_timeout_ms = t->connect_timeout_ms,
		.idle_timeout_ms = t->idle_timeout_ms,
	};
	int rc;

	/* The shorter one holds: the user's ssh_config may know the host better. */
	if (settings->timeout_ms && settings->timeout_ms < options.connect_timeout_ms)
		options.connect_timeout_ms = settings->timeout_ms;
	rc = open_wire(t, settings, options.connect_timeout_ms, &options.wire, err);
	options.is_command = !t->count && settings->proxy_command;
	if (!rc)
		rc = rfa_ssh_hop_open(&t->hop[t->count], &options, err);
	if (rc) {
		rfa_error_where(err, "%s@%s:%u", settings->user, settings->host, settings->port);
		return rc;
	}
	t->count++;
	return 0;
}

static int attempt(struct ssh_transport *t, struct rfa_error *err)
{
	struct rfa_ssh_route route = { .count = 0 };
	size_t i;
	int rc;

	/* Asked for each time: a changed ssh_config holds from the next connection on. */
	rc = rfa_ssh_route_ask(&route, t->destination, t->config_file, t->base.cancel, err);
	for (i = 0; !rc && i < route.count; i++)
		rc = add_hop(t, route.hop[i], i + 1 == route.count, err);
	rfa_ssh_route_release(&route);
	if (rc)
		drop(t);
	return rc;
}

static int ssh_connect(struct rfa_transport *base, struct rfa_error *err)
{
	struct ssh_transport *t = (struct ssh_transport *)base;
	struct rfa_clock *clock = rfa_transport_clock(base);
	int64_t delay = BACKOFF_FIRST_MS;
	unsigned i;
	int rc = 0;

	if (is_alive(t))
		return 0;
	drop(t);
	for (i = 0; i < t->attempts; i++) {
		if (i) {
			/* Half of it by chance: many that lost one host must not come back at once.
			 */
			uint64_t half = (uint64_t)delay / 2;

			clock->sleep_ms(clock, (int64_t)(half + clock->random(clock) % (half + 1)));
			delay = delay * 2 < BACKOFF_MAX_MS ? delay * 2 : BACKOFF_MAX_MS;
		}
		rc = attempt(t, err);
		/* Only what may pass by itself is tried again; a wrong key stays wrong. */
		if (rc != -(int)RFA_EUNREACHABLE && rc != -(int)RFA_ELOST &&
		    rc != -(int)RFA_ESTALLED)
			break;
		if (base->cancel && *base->cancel)
			break;
	}
	/* Whatever it was, no command was sent. */
	if (rc == -(int)RFA_ELOST || rc == -(int)RFA_ESTALLED || rc == -(int)RFA_ECANCELLED)
		rfa_error_as(err, RFA_RETRY);
	return rc;
}

static int need(struct ssh_transport *t, struct rfa_error *err)
{
	int rc;

	if (t->count)
		return 0;
	rc = rfa_fail(err, RFA_ELOST, "ssh", "%s is not connected", t->base.name);
	rfa_error_as(err, RFA_RETRY);
	return rc;
}

static int ssh_exec(struct rfa_transport *base, const char *const argv[], struct rfa_stream **out,
		    struct rfa_error *err)
{
	struct ssh_transport *t = (struct ssh_transport *)base;
	int rc = need(t, err);

	if (!rc)
		rc = rfa_ssh_exec(out, last(t), argv, t->idle_timeout_ms, err);
	if (rc)
		rfa_error_where(err, "%s", base->name);
	return rc;
}

static int ssh_tunnel(struct rfa_transport *base, const char *host, unsigned port,
		      struct rfa_stream **out, struct rfa_error *err)
{
	struct ssh_transport *t = (struct ssh_transport *)base;
	int rc = need(t, err);

	if (!rc)
		rc = rfa_ssh_tunnel(out, last(t), host, port, t->connect_timeout_ms, err);
	if (rc)
		rfa_error_where(err, "%s", base->name);
	return rc;
}

static void ssh_disconnect(struct rfa_transport *base)
{
	drop((struct ssh_transport *)base);
}

static void ssh_free(struct rfa_transport *base)
{
	struct ssh_transport *t = (struct ssh_transport *)base;

	drop(t);
	free(t->destination);
	free(t->config_file);
	free(t);
}

static const struct rfa_transport_ops ssh_ops = {
	.kind = "ssh",
	.connect = ssh_connect,
	.exec = ssh_exec,
	.tunnel = ssh_tunnel,
	.disconnect = ssh_disconnect,
	.free = ssh_free,
};

static char *copy(const char *text)
{
	size_t size = strlen(text) + 1;
	char *new = malloc(size);

	if (new)
		memcpy(new, text, size);
	return new;
}

int rfa_transport_ssh(struct rfa_transport **out, const char *name,
		      const struct rfa_ssh_options *options, struct rfa_error *err)
{
	struct ssh_transport *t;

	if (!options->destination || !options->destination[0] || options->destination[0] == '-')
		return rfa_fail(err, RFA_ECONFIG, "ssh", "\"%.60s\" is not an SSH destination",
				options->destination ? options->destination : "");
	/*
	 * libssh2 would do this itself at the first session, and undo it after the last: counted
	 * here, its crypto library is not torn down and set up again with every reconnect. Never
	 * paired with libssh2_exit(): another user of libssh2 in the process may still need it.
	 */
	if (libssh2_init(0))
		return rfa_fail(err, RFA_EINTERNAL, "ssh", "libssh2 did not start");
	t = calloc(1, sizeof(*t));
	if (!t)
		return rfa_fail_nomem(err);
	rfa_transport_init(&t->base, &ssh_ops, name);
	t->base.clock = options->clock;
	t->base.cancel = options->cancel;
	t->connect_timeout_ms =
	    options->connect_timeout_ms ? options->connect_timeout_ms : CONNECT_MS;
	t->idle_timeout_ms = options->idle_timeout_ms ? options->idle_timeout_ms : IDLE_MS;
	t->attempts = options->connect_attempts ? options->connect_attempts : ATTEMPTS;
	t->destination = copy(options->destination);
	t->config_file = options->config_file ? copy(options->config_file) : NULL;
	if (!t->destination || (options->config_file && !t->config_file)) {
		ssh_free(&t->base);
		return rfa_fail_nomem(err);
	}
	*out = &t->base;
	return 0;
}
