/* Asks `ssh -G` for the way to a host: the rules of ssh_config (Match, Include, …) stay OpenSSH's.
 */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "transports/ssh/config.h"
#include "transports/transport.h"

#define OUTPUT_MAX ((size_t)1 << 20)
#define ASK_IDLE_MS 20000

/* A destination in the words of ssh's command line; all but host may be empty. */
struct target {
	char user[128], host[256], port[16];
};

/*
 * Cuts "[ssh://][user@]host[:port]", the form of jump hosts and URIs. ssh itself reads it for -J,
 * but as a destination it takes the URI only, and no IPv6 address in that.
 */
static int split(struct target *out, const char *text, size_t len, struct rfa_error *err)
{
	const char *end = text + len;
	const char *at = NULL;
	const char *host, *host_end;
	const char *p;

	memset(out, 0, sizeof(*out));
	if (len > 6 && !memcmp(text, "ssh://", 6))
		text += 6;
	if (end > text && end[-1] == '/')
		end--;
	for (p = text; p < end; p++)
		if (*p == '@')
			at = p;
	host = at ? at + 1 : text;
	if (host < end && *host == '[') {
		host++;
		host_end = memchr(host, ']', (size_t)(end - host));
		p = host_end ? host_end + 1 : end;
	} else {
		host_end = memchr(host, ':', (size_t)(end - host));
		p = host_end ? host_end : end;
		if (!host_end)
			host_end = end;
	}
	if (!host_end || host_end == host || (p < end && *p != ':') ||
	    (at && (size_t)(at - text) >= sizeof(out->user)) ||
	    (size_t)(host_end - host) >= sizeof(out->host) || (size_t)(end - p) > sizeof(out->port))
		return rfa_fail(err, RFA_ECONFIG, "ssh", "\"%.60s\" is not a host", text);
	if (at)
		memcpy(out->user, text, (size_t)(at - text));
	memcpy(out->host, host, (size_t)(host_end - host));
	if (p < end)
		memcpy(out->port, p + 1, (size_t)(end - p - 1));
	return 0;
}

static int ask_one(struct rfa_ssh_settings **out, const struct target *target,
		   const char *config_file, const volatile int *cancel, struct rfa_error *err)
{
	const char *destination = target->host;
	const char *argv[12] = { "ssh", "-G", NULL };
	size_t n = 2;
	struct rfa_command cmd = { .argv = argv,
				   .max_output = OUTPUT_MAX,
				   .idle_timeout_ms = ASK_IDLE_MS };
	struct rfa_buf text = RFA_BUF_INIT(OUTPUT_MAX);
	struct rfa_buf errors = RFA_BUF_INIT(OUTPUT_MAX);
	struct rfa_buf shown = RFA_BUF_INIT(4096);
	struct rfa_transport *here = NULL;
	const struct passwd *pw = getpwuid(getuid());
	struct rfa_ssh_place place = { getenv("HOME"), getenv("SSH_AUTH_SOCK"), NULL };
	int status = 0;
	int rc;

	if (pw) {
		/* ssh itself takes the home directory from the user database, not from HOME. */
		place.home = pw->pw_dir;
		place.local_user = pw->pw_name;
	}
	if (config_file) {
		argv[n++] = "-F";
		argv[n++] = config_file;
	}
	if (target->user[0]) {
		argv[n++] = "-l";
		argv[n++] = target->user;
	}
	if (target->port[0]) {
		argv[n++] = "-p";
		argv[n++] = target->port;
	}
	argv[n++] = "--";
	argv[n++] = destination;
	argv[n] = NULL;
	/* "-oProxyCommand=…" as a host name is how ssh has been made to run commands. */
	if (destination[0] == '-' || !destination[0]) {
		rc = rfa_fail(err, RFA_ECONFIG, "ssh", "\"%.60s\" is not a host", destination);
		goto done;
	}
	rc = rfa_transport_local(&here, "ssh -G", err);
	if (rc)
		goto done;
	here->cancel = cancel;
	rc = rfa_transport_run(here, &cmd, &text, &errors, &status, err);
	if (rc)
		goto done;
	if (status == 127 || status == 126) {
		rfa_fail(err, RFA_EUNSUPPORTED, "ssh", "there is no ssh command on this machine");
		rc = rfa_error_hint(err,
				    "install the OpenSSH client: it reads your ssh_config for rfa");
		goto done;
	}
	if (status != 0) {
		rfa_buf_put_printable(&shown, rfa_buf_str(&errors), errors.len, 300);
		rc = rfa_fail(err, RFA_ECONFIG, "ssh", "ssh -G %.60s said: %s", destination,
			      rfa_buf_str(&shown));
		goto done;
	}
	rc = rfa_ssh_settings_parse(out, rfa_buf_str(&text), text.len, destination, &place, err);
done:
	rfa_transport_free(here);
	rfa_buf_release(&text);
	rfa_buf_release(&errors);
	rfa_buf_release(&shown);
	if (rc)
		rfa_error_where(err, "%s", destination);
	return rc;
}

static int push(struct rfa_ssh_route *route, struct rfa_ssh_settings *s, struct rfa_error *err)
{
	if (route->count == RFA_SSH_HOPS_MAX) {
		rfa_ssh_settings_free(s);
		return rfa_fail(err, RFA_ECONFIG, "ssh", "more than %u jump hosts, or a loop",
				RFA_SSH_HOPS_MAX - 1);
	}
	route->hop[route->count++] = s;
	return 0;
}

static int ask_jumps(struct rfa_ssh_route *route, const char *list, const char *config_file,
		     unsigned depth, const volatile int *cancel, struct rfa_error *err);

/*
 * The hops up to and including a destination. Only the first of a chain keeps its own way there
 * (its ProxyJump or ProxyCommand); the later ones are reached through the one before, as `ssh -J`.
 */
static int ask_hops(struct rfa_ssh_route *route, const struct target *target,
		    const char *config_file, unsigned depth, const volatile int *cancel,
		    struct rfa_error *err)
{
	struct rfa_ssh_settings *s = NULL;
	int first = !route->count;
	int rc;

	if (depth > RFA_SSH_HOPS_MAX)
		return rfa_fail(err, RFA_ECONFIG, "ssh", "the jump hosts of %.60s are a loop",
				target->host);
	rc = ask_one(&s, target, config_file, cancel, err);
	if (rc)
		return rc;
	if (first && s->proxy_jump)
		rc = ask_jumps(route, s->proxy_jump, config_file, depth, cancel, err);
	if (rc) {
		rfa_ssh_settings_free(s);
		return rc;
	}
	return push(route, s, err);
}

static int ask_jumps(struct rfa_ssh_route *route, const char *list, const char *config_file,
		     unsigned depth, const volatile int *cancel, struct rfa_error *err)
{
	struct target target;
	int rc = 0;

	while (!rc && *list) {
		size_t len = strcspn(list, ",");

		rc = split(&target, list, len, err);
		if (!rc)
			rc = ask_hops(route, &target, config_file, depth + 1, cancel, err);
		list += len + (list[len] == ',');
	}
	return rc;
}

int rfa_ssh_route_ask(struct rfa_ssh_route *out, const char *destination, const char *config_file,
		      const volatile int *cancel, struct rfa_error *err)
{
	struct rfa_ssh_route route = { .count = 0 };
	struct target target = { "", "", "" };
	int rc = 0;

	if (!strncmp(destination, "ssh://", 6))
		rc = split(&target, destination, strlen(destination), err);
	else if (strlen(destination) >= sizeof(target.host))
		rc = rfa_fail(err, RFA_ECONFIG, "ssh", "\"%.60s...\" is not a host", destination);
	else
		snprintf(target.host, sizeof(target.host), "%s", destination);
	if (!rc)
		rc = ask_hops(&route, &target, config_file, 0, cancel, err);
	if (rc) {
		rfa_ssh_route_release(&route);
		return rc;
	}
	*out = route;
	return 0;
}

void rfa_ssh_route_release(struct rfa_ssh_route *route)
{
	while (route->count)
		rfa_ssh_settings_free(route->hop[--route->count]);
}
