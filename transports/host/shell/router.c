/* Routers: one script for each driver, which looks and sets; this file knows how it is asked. */
#include "transports/host/shell/shell.h"

#include <stdlib.h>
#include <string.h>

struct driver {
	const char *name;
	const char *const *script; /* lib_router.sh says what it is told, and says */
};

static const struct driver drivers[] = {
	{ "haproxy", rfa_script_router_haproxy },
	{ "nginx", rfa_script_router_nginx },
};

static const struct driver *driver_of(const struct rfa_router_at *at)
{
	size_t i;

	for (i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
		if (strcmp(drivers[i].name, at->driver) == 0)
			return &drivers[i];
	return NULL;
}

/* What the script of a router is called with. */
struct asked {
	struct shell_call call;
	const char *args[9];
	char control[24], port[24], share[24];
};

static int ask_init(struct asked *a, struct shell_host *h, const char *verb,
		    const struct rfa_router_at *at, const struct rfa_routed *of, int64_t share,
		    struct rfa_error *err)
{
	const struct driver *driver = driver_of(at);

	if (!driver)
		return rfa_fail(err, RFA_EUNSUPPORTED, "router", "there is no driver %s",
				at->driver);
	if (!rfa_host_name_ok(of->service) || of->service[0] == '-' || share < 0 || share > 100 ||
	    strpbrk(at->inside, " ;\\\n") || at->inside[0] != '/')
		return rfa_fail(err, RFA_EINTERNAL, "router",
				"a service, a share or a directory that no router can have");
	(void)snprintf(a->control, sizeof(a->control), "%lld", (long long)at->control);
	(void)snprintf(a->port, sizeof(a->port), "%lld", (long long)of->port);
	(void)snprintf(a->share, sizeof(a->share), "%lld", (long long)share);
	a->args[0] = verb;
	a->args[1] = at->container;
	a->args[2] = a->control;
	a->args[3] = at->inside;
	a->args[4] = at->directory;
	a->args[5] = of->service;
	a->args[6] = a->port;
	a->args[7] = a->share;
	a->args[8] = NULL;
	a->call = (struct shell_call){ driver->script, a->args, NULL, 0 };
	return rfa_shell_tree_path(h, at->directory, err);
}

/* "-" or digits, and a blank or the end. */
static int number(const char **text, int64_t *out)
{
	if (**text == '-') {
		*out = -1;
		*text += 1 + ((*text)[1] == ' ');
		return 0;
	}
	return rfa_shell_number(text, out);
}

/* "UP ADDRESS IN-FLIGHT REQUESTS ERRORS". */
static int parse_side(const char *text, struct rfa_router_side *out)
{
	int64_t up = 0;
	size_t n;

	if (rfa_shell_number(&text, &up) || up > 1)
		return -1;
	out->up = (int)up;
	n = strcspn(text, " ");
	if (text[n] != ' ' || n >= sizeof(out->address))
		return -1;
	if (strncmp(text, "- ", 2) != 0)
		(void)snprintf(out->address, sizeof(out->address), "%.*s", (int)n, text);
	text += n + 1;
	return number(&text, &out->in_flight) || number(&text, &out->requests) ||
	       number(&text, &out->errors);
}

/* *lines: how many of the five were there. */
static int parse_line(const char *line, struct rfa_router_seen *out, unsigned *lines)
{
	const char *rest = strchr(line, ' ');

	if (!rest++)
		return -1;
	++*lines;
	if (strncmp(line, "live ", 5) == 0)
		return rfa_shell_number(&rest, &out->live) || out->live > 100;
	if (strncmp(line, "kept ", 5) == 0)
		return rfa_shell_number(&rest, &out->kept) || out->kept > 100;
	if (strncmp(line, "since ", 6) == 0)
		return snprintf(out->since, sizeof(out->since), "%s", rest) >=
		       (int)sizeof(out->since);
	if (strncmp(line, "blue ", 5) == 0)
		return parse_side(rest, &out->blue);
	if (strncmp(line, "green ", 6) == 0)
		return parse_side(rest, &out->green);
	return -1;
}

static int parse(struct shell_host *h, char *text, struct rfa_router_seen *out,
		 struct rfa_error *err)
{
	char *save = NULL, *line;
	unsigned lines = 0;

	memset(out, 0, sizeof(*out));
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (parse_line(line, out, &lines))
			return rfa_shell_protocol_error(h, "what a router says", err);
	return lines == 5 ? 0 : rfa_shell_protocol_error(h, "what a router says", err);
}

int rfa_shell_router_look(struct rfa_host *host, const struct rfa_router_at *at,
			  const struct rfa_routed *of, struct rfa_router_seen *out,
			  struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct rfa_router_seen seen;
	struct asked a;
	int rc = ask_init(&a, h, "look", at, of, 0, err);

	if (rc == 0)
		rc = rfa_shell_host_read(h, &a.call, &answer, err);
	if (rc == 0 && answer.status != 0)
		rc = rfa_shell_host_fail_docker(h, &answer, "asking the router", err);
	if (rc == 0)
		rc = parse(h, answer.out.data ? answer.out.data : (char[]){ "" }, &seen, err);
	if (rc == 0)
		*out = seen;
	rfa_shell_answer_release(&answer);
	return rc;
}

int rfa_shell_router_set(struct rfa_host *host, const struct rfa_job_key *key,
			 const struct rfa_router_at *at, const struct rfa_routed *of, int64_t share,
			 struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct rfa_router_seen seen;
	struct asked a;
	int rc = rfa_shell_router_look(host, at, of, &seen, err);

	if (rc == 0)
		rc = rfa_router_may_set(&seen, of, share, err);
	if (rc == 0)
		rc = ask_init(&a, h, "set", at, of, share, err);
	if (rc == 0)
		rc = rfa_shell_host_job(h, key, &a.call, &answer, err);
	if (rc == 0 && answer.status != 0)
		rc = rfa_shell_host_fail_docker(h, &answer, "setting the share", err);
	rfa_shell_answer_release(&answer);
	return rc;
}
