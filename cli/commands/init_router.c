/* The static part of a router: written once, and never changed by rfa. */
#include "cli/commands/init_router.h"

#include <stdlib.h>
#include <string.h>

#include "cli/config/config.h"
#include "fsm/base/facts.h"

/* A service behind the router, and where its shares are. */
struct routed {
	const char *name, *inside;
	int port, control;
};

static void haproxy_head(struct rfa_buf *out, const struct routed *r)
{
	rfa_buf_printf(
	    out,
	    "# HAProxy in front of services whose traffic rfa moves. Written once: rfa never "
	    "changes it.\n"
	    "# It takes orders on its own loopback only: publish no port %d.\n"
	    "global\n"
	    "  stats socket ipv4@127.0.0.1:%d level admin\n"
	    "defaults\n"
	    "  mode http\n"
	    "  timeout connect 2s\n"
	    "  timeout client 60s\n"
	    "  timeout server 60s\n"
	    "  timeout tunnel 1h\n"
	    "  retries 3\n"
	    "  retry-on conn-failure\n"
	    "# Docker's own DNS: the address of a container changes when it is replaced.\n"
	    "resolvers docker\n"
	    "  nameserver dns 127.0.0.11:53\n"
	    "  timeout resolve 500ms\n"
	    "  timeout retry 500ms\n"
	    "  hold valid 500ms\n"
	    "  hold nx 500ms\n"
	    "  hold obsolete 0s\n"
	    "  # While the engine is started again nobody answers: the addresses stay.\n"
	    "  hold timeout 1h\n"
	    "  hold refused 1h\n"
	    "  hold other 1h\n",
	    r->control, r->control);
}

static void haproxy_service(struct rfa_buf *out, const struct routed *r, size_t at)
{
	static const char *const sides[][2] = { { "blue", "" }, { "green", "-green" } };

	rfa_buf_printf(
	    out,
	    "frontend %s\n"
	    "  bind :%d\n"
	    "  http-request set-var(txn.share) str(%s),map_str_int(%s/shares.map,0)\n"
	    "  # A visitor with this cookie stays on one side, and only moves to the new one.\n"
	    "  acl known req.cook(session) -m found\n"
	    "  use_backend %s-green if known { "
	    "req.cook(session),crc32,mod(100),sub(txn.share) lt 0 }\n"
	    "  use_backend %s-green if !known { rand(100),sub(txn.share) lt 0 }\n"
	    "  default_backend %s-blue\n",
	    r->name, 8080 + (int)at, r->name, r->inside, r->name, r->name, r->name);
	for (size_t i = 0; i < 2; i++)
		rfa_buf_printf(
		    out,
		    "backend %s-%s\n"
		    "  server s %s%s:%d check inter 500ms fall 1 rise 2 resolvers docker "
		    "init-addr last,libc,none\n",
		    r->name, sides[i][0], r->name, sides[i][1], r->port);
}

static void haproxy_share(struct rfa_buf *out, const struct routed *r)
{
	rfa_buf_printf(out, "%s 0\n", r->name);
}

static void nginx_head(struct rfa_buf *out, const struct routed *r)
{
	rfa_buf_printf(
	    out,
	    "# nginx in front of services whose traffic rfa moves; inside of http {}. Written "
	    "once.\n"
	    "# shares.conf is rfa's: it is written anew, tested, and nginx reloaded, for each "
	    "share.\n"
	    "# A visitor with this cookie stays on one side, and only moves to the new one.\n"
	    "map $cookie_session $rfa_visitor {\n"
	    "  \"\" $request_id;\n"
	    "  default $cookie_session;\n"
	    "}\n"
	    "include %s/shares.conf;\n"
	    "# Docker's own DNS: the address of a container changes when it is replaced.\n"
	    "resolver 127.0.0.11 valid=1s;\n",
	    r->inside);
}

/* nginx takes no "-" and no "." in the name of a variable. */
static void put_variable(struct rfa_buf *out, const char *name)
{
	for (; *name; name++)
		rfa_buf_putc(out, *name == '-' || *name == '.' ? '_' : *name);
}

static void nginx_service(struct rfa_buf *out, const struct routed *r, size_t at)
{
	rfa_buf_printf(out, "server {\n  listen %d;\n  location / {\n    proxy_pass http://$rfa_",
		       8080 + (int)at);
	put_variable(out, r->name);
	rfa_buf_printf(
	    out, ":%d;\n    proxy_http_version 1.1;\n    proxy_set_header Host $host;\n  }\n}\n",
	    r->port);
}

/* As the script that sets a share writes it. */
static void nginx_share(struct rfa_buf *out, const struct routed *r)
{
	rfa_buf_printf(out, "# %s 0\nsplit_clients $rfa_visitor $rfa_", r->name);
	put_variable(out, r->name);
	rfa_buf_printf(out, " {\n  * %s;\n}\n", r->name);
}

static void nginx_shares_begin(struct rfa_buf *out, const struct routed *r)
{
	rfa_buf_printf(out, "server {\n  listen 127.0.0.1:%d;\n  access_log off;\n", r->control);
}

static void nginx_share_told(struct rfa_buf *out, const struct routed *r)
{
	rfa_buf_printf(out, "  location = /%s { return 200 \"live 0\"; }\n", r->name);
}

static void nginx_shares_end(struct rfa_buf *out, const struct routed *r)
{
	(void)r;
	rfa_buf_puts(out, "}\n");
}

static const struct driver {
	const char *name, *file, *shares;
	void (*head)(struct rfa_buf *, const struct routed *);
	void (*service)(struct rfa_buf *, const struct routed *, size_t at);
	void (*share)(struct rfa_buf *, const struct routed *);
	/* Behind the shares; NULL: nothing. */
	void (*told_begin)(struct rfa_buf *, const struct routed *);
	void (*told)(struct rfa_buf *, const struct routed *);
	void (*told_end)(struct rfa_buf *, const struct routed *);
} drivers[] = {
	{ "haproxy", "haproxy.cfg", "shares.map", haproxy_head, haproxy_service, haproxy_share,
	  NULL, NULL, NULL },
	{ "nginx", "nginx.conf", "shares.conf", nginx_head, nginx_service, nginx_share,
	  nginx_shares_begin, nginx_share_told, nginx_shares_end },
};

static const struct driver *driver_of(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
		if (strcmp(drivers[i].name, name) == 0)
			return &drivers[i];
	return &drivers[0];
}

/* Calls each for the services that are behind the router. */
static size_t each_routed(const json_t *traffic, struct routed *r, struct rfa_buf *out,
			  void (*each)(struct rfa_buf *, const struct routed *),
			  void (*each_at)(struct rfa_buf *, const struct routed *, size_t))
{
	const char *name;
	json_t *service;
	size_t n = 0;

	json_object_foreach (json_object_get(traffic, "services"), name, service) {
		if (strcmp(rfa_facts_str(service, "how", ""), "blue-green") != 0)
			continue;
		r->name = name;
		r->port = (int)rfa_facts_int(service, "port", 80);
		if (each)
			each(out, r);
		if (each_at)
			each_at(out, r, n);
		n++;
	}
	return n;
}

static int text_of(struct rfa_buf *buf, char **out, struct rfa_error *err)
{
	int rc = rfa_buf_check(buf, err);

	*out = rc == 0 ? strdup(rfa_buf_str(buf)) : NULL;
	rfa_buf_release(buf);
	return rc == 0 && !*out ? rfa_fail_nomem(err) : rc;
}

static int write_parts(const json_t *traffic, struct rfa_router_part parts[2],
		       struct rfa_error *err)
{
	const struct driver *driver = driver_of(rfa_facts_str(traffic, "router/driver", "haproxy"));
	struct rfa_buf config = RFA_BUF_INIT(1 << 20), shares = RFA_BUF_INIT(1 << 20);
	struct routed r = { NULL, rfa_facts_str(traffic, "router/inside", "/etc/rfa"), 0,
			    (int)rfa_facts_int(traffic, "router/control", 9998) };
	int rc;

	driver->head(&config, &r);
	(void)each_routed(traffic, &r, &config, NULL, driver->service);
	(void)each_routed(traffic, &r, &shares, driver->share, NULL);
	if (driver->told_begin) {
		driver->told_begin(&shares, &r);
		(void)each_routed(traffic, &r, &shares, driver->told, NULL);
		driver->told_end(&shares, &r);
	}
	parts[0].name = driver->file;
	parts[0].what = "part of the router's own configuration; adapt its ports and the cookie";
	parts[1].name = driver->shares;
	parts[1].what =
	    "put it into router.directory on the host, which the router's container has "
	    "mounted read-only as router.inside; from then on it is rfa's";
	rc = text_of(&config, &parts[0].text, err);
	if (rc == 0)
		return text_of(&shares, &parts[1].text, err);
	rfa_buf_release(&shares);
	return rc;
}

int rfa_init_router(struct rfa_cli *cli, struct rfa_router_part parts[2], struct rfa_error *err)
{
	const char *stack = rfa_cli_option(cli, "router"), *env = NULL;
	struct routed r = { NULL, NULL, 0, 0 };
	json_t *side = NULL;
	const json_t *traffic;
	int rc = rfa_cli_need(cli, "env", &env, err);

	if (rc == 0)
		rc = rfa_cli_config(cli, err);
	if (rc == 0)
		rc = rfa_config_has_stack(cli->config, stack, err);
	if (rc == 0)
		rc = rfa_config_side(cli->config, env, stack, &side, err);
	if (rc < 0)
		return rc;
	traffic = rfa_facts_at(side, "stack/traffic");
	if (each_routed(traffic, &r, NULL, NULL, NULL)) {
		rc = write_parts(traffic, parts, err);
	} else {
		rfa_fail(err, RFA_ECONFIG, "config",
			 "no service of %.60s is switched blue-green in %.60s", stack, env);
		rc = rfa_error_hint(err, "add traffic.services and traffic.router to the stack "
					 "first: docs/zero-downtime.md");
	}
	json_decref(side);
	return rc;
}
