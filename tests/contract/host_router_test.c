/*
 * The contract of routers on real ones: haproxy and nginx, as processes of this machine, whose
 * container is one of the fake engine. What is not installed is left out.
 */
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/contract/router_contract.h"
#include "tests/harness/fakehost.h"
#include "tests/harness/web.h"

/* A router that runs here. */
struct real {
	struct fakehosts hosts;
	struct web sides; /* both: by the Host that is asked for */
	char directory[128], config[160], flag[160];
	const char *program;
	unsigned front, control;
	pid_t pid;
};

static void say(int fd, const char *text)
{
	assert_true(send(fd, text, strlen(text), MSG_NOSIGNAL) >= 0);
}

/* Green is what its file says: absent, it hangs up. */
static void answer(void *user, int fd, const char *request)
{
	struct real *r = user;
	FILE *file = strcasestr(request, "Host: web-green") ? fopen(r->flag, "r") : NULL;
	int how = file ? fgetc(file) : '0';
	int check = strstr(request, "GET /check") != NULL;

	if (file)
		fclose(file);
	if (strcasestr(request, "Host: web-green") && how == '0')
		return;
	say(fd, how == '2' && !check ? "HTTP/1.0 500 No\r\nContent-Length: 0\r\n\r\n"
				     : "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nyes");
}

static void put(const char *path, const char *fmt, ...) RFA_PRINTF(2, 3);
static void put(const char *path, const char *fmt, ...)
{
	FILE *file = fopen(path, "w");
	va_list args;

	assert_non_null(file);
	va_start(args, fmt);
	vfprintf(file, fmt, args);
	va_end(args);
	assert_int_equal(fclose(file), 0);
}

static void put_haproxy(struct real *r)
{
	char path[192];

	snprintf(path, sizeof(path), "%s/shares.map", r->directory);
	put(path, "web 0\nother 7\n");
	put(r->config,
	    "global\n stats socket ipv4@127.0.0.1:%u level admin\n"
	    "defaults\n mode http\n timeout connect 2s\n timeout client 9s\n timeout server 9s\n"
	    " option httpchk\n http-check send meth GET uri /check ver HTTP/1.1 hdr Connection "
	    "close\n"
	    "frontend web\n bind 127.0.0.1:%u\n"
	    " http-request set-var(txn.web) str(web),map_str_int(%s/shares.map,0)\n"
	    " use_backend web-green if { rand(100),sub(txn.web) lt 0 }\n default_backend web-blue\n"
	    "backend web-blue\n http-request set-header Host web\n http-check send meth GET uri "
	    "/check "
	    "ver HTTP/1.1 hdr Host web\n server s 127.0.0.1:%u check inter 100ms fall 1 rise 1\n"
	    "backend web-green\n http-request set-header Host web-green\n http-check send meth GET "
	    "uri "
	    "/check ver HTTP/1.1 hdr Host web-green\n server s 127.0.0.1:%u check inter 100ms fall "
	    "1 "
	    "rise 1\n",
	    r->control, r->front, r->directory, r->sides.port, r->sides.port);
}

static void put_nginx(struct real *r)
{
	char path[192];

	snprintf(path, sizeof(path), "%s/shares.conf", r->directory);
	put(path,
	    "# web 0\nsplit_clients $rfa_visitor $rfa_web {\n  * web;\n}\n"
	    "server {\n  listen 127.0.0.1:%u;\n  location = /web { return 200 \"live 0\"; }\n}\n",
	    r->control);
	put(r->config,
	    "%s daemon off;\npid %s/pid;\nerror_log %s/log;\nevents {}\nhttp {\n access_log off;\n"
	    " client_body_temp_path %s/b;\n proxy_temp_path %s/p;\n fastcgi_temp_path %s/f;\n"
	    " uwsgi_temp_path %s/u;\n scgi_temp_path %s/s;\n"
	    " map $request_id $rfa_visitor { default $request_id; }\n include %s/shares.conf;\n"
	    " upstream web { server 127.0.0.1:%u; }\n upstream web-green { server 127.0.0.1:%u; }\n"
	    " server { listen 127.0.0.1:%u; location / { proxy_pass http://$rfa_web; } }\n}\n",
	    getuid() ? "" : "user root;", r->hosts.root, r->hosts.root, r->hosts.root,
	    r->hosts.root, r->hosts.root, r->hosts.root, r->hosts.root, r->directory, r->sides.port,
	    r->sides.port, r->front);
}

static void start(struct real *r)
{
	char here[2048];

	r->pid = fork();
	assert_true(r->pid >= 0);
	if (!r->pid) {
		snprintf(here, sizeof(here), "%s/out", r->hosts.root);
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (!freopen(here, "a", stdout) || !freopen(here, "a", stderr))
			_exit(126);
		if (!strcmp(r->program, "haproxy"))
			execlp("haproxy", "haproxy", "-db", "-f", r->config, NULL);
		else
			execlp("nginx", "nginx", NULL);
		_exit(127);
	}
}

static void stop(struct real *r)
{
	if (r->pid > 0) {
		kill(r->pid, SIGTERM);
		waitpid(r->pid, NULL, 0);
	}
	r->pid = 0;
}

static int open_one(struct host_world *w, int machine, struct rfa_host **out, struct rfa_error *err)
{
	struct real *r = w->data;

	return fakehosts_open(&r->hosts, machine, NULL, out, err);
}

static void green(struct host_router *router, int how)
{
	struct real *r = router->data;

	put(r->flag, "%d", how);
}

static void visit(struct host_router *router, unsigned n)
{
	struct real *r = router->data;
	struct rfa_transport *t = NULL;
	struct rfa_error err;
	char url[64];

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", r->front);
	assert_int_equal(rfa_transport_local(&t, "here", &err), 0);
	while (n--) {
		struct rfa_http_request request = { .url = url };
		struct rfa_http_reply reply;

		rfa_http_reply_init(&reply, 100);
		if (rfa_http_ask(t, &request, &reply, &err))
			fail_msg("a visitor was not answered: %s", err.msg);
		rfa_http_reply_release(&reply);
	}
	rfa_transport_free(t);
}

static void until_up(struct host_router *router)
{
	struct real *r = router->data;
	struct rfa_routed web = { "web", r->sides.port };
	struct rfa_router_seen seen;
	struct rfa_host *h = NULL;
	struct rfa_error err;
	int i, rc = -1;

	assert_int_equal(fakehosts_open(&r->hosts, 0, NULL, &h, &err), 0);
	for (i = 0; i < 100 && (rc || !seen.blue.up); i++) {
		usleep(100000);
		rc = h->router->look(h, &router->at, &web, &seen, &err);
	}
	if (rc || !seen.blue.up)
		fail_msg("%s does not come up: %s", r->program, rc ? err.msg : "blue is down");
	rfa_host_free(h);
}

static void restart(struct host_router *router)
{
	sleep(1); /* it tells the second in which it was started */
	stop(router->data);
	start(router->data);
	until_up(router);
}

/* By hand, on the runtime socket. */
static void live(struct host_router *router, int share)
{
	struct real *r = router->data;
	char command[400];

	snprintf(
	    command, sizeof(command),
	    "bash -c 'exec 3<>/dev/tcp/127.0.0.1/%u; echo \"set map %s/shares.map web %d\" >&3; "
	    "cat <&3' >/dev/null",
	    r->control, r->directory, share);
	assert_int_equal(system(command), 0);
}

/* The container in which it runs, as far as the engine knows. */
static void contain(struct real *r)
{
	const struct rfa_job_key create = { "edge", "edge", "create" };
	const struct rfa_job_key begin = { "edge", "edge", "start" };
	json_t *body = json_pack("{s:s}", "Image", "app:1");
	struct rfa_host *h = NULL;
	struct rfa_error err;

	assert_int_equal(fakehosts_open(&r->hosts, 0, NULL, &h, &err), 0);
	assert_int_equal(h->engine->container_create(h, &create, "edge", body, &err), 0);
	assert_int_equal(h->engine->container_start(h, &begin, "edge", &err), 0);
	json_decref(body);
	rfa_host_free(h);
}

/* nginx finds its sides by name, and its own files by its arguments: both are for this test only.
 */
static int prepare_nginx(struct real *r)
{
	char path[192], words[4096];

	snprintf(path, sizeof(path), "%s/names", r->hosts.root);
	put(path, "127.0.0.1 localhost web web-green\n");
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount(path, "/etc/hosts", NULL, MS_BIND, NULL))
		return -1;
	snprintf(path, sizeof(path), "%s/bin", r->hosts.root);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(words, sizeof(words), "%s:%s", path, getenv("PATH"));
	setenv("PATH", words, 1);
	snprintf(path, sizeof(path), "%s/bin/nginx", r->hosts.root);
	put(path, "#!/bin/sh\nPATH=${PATH#*:}\nexec nginx -p %s -c %s \"$@\"\n", r->hosts.root,
	    r->config);
	return chmod(path, 0700);
}

/* Another directory: what is set there would be lost with the router's next start. */
static int another_directory(struct real *r, const struct host_router *router)
{
	struct rfa_routed web = { "web", r->sides.port };
	struct rfa_router_at at = router->at;
	struct rfa_router_seen seen;
	struct rfa_host *h = NULL;
	struct rfa_error err;
	int rc;

	at.directory = "/etc";
	assert_int_equal(fakehosts_open(&r->hosts, 0, NULL, &h, &err), 0);
	rc = h->router->look(h, &at, &web, &seen, &err);
	rfa_host_free(h);
	if (rc == -RFA_EREMOTE && strstr(err.msg, "there is no /etc/shares."))
		return 0;
	print_message("not ok - a router that has its shares elsewhere: %s\n",
		      rc ? err.msg : "it looks well");
	return 1;
}

static int run(const char *program, void (*put_config)(struct real *))
{
	struct real r = { .program = program };
	struct host_world world = { .data = &r, .open = open_one };
	struct host_router router = { .data = &r, .green = green, .visit = visit };
	char command[64];
	int failed;

	snprintf(command, sizeof(command), "command -v %s >/dev/null", program);
	if (system(command)) {
		print_message("# %s is not installed: its contract is left out\n", program);
		return 0;
	}
	assert_int_equal(fakehosts_make(&r.hosts), 0);
	snprintf(world.tag, sizeof(world.tag), "%s", program);
	snprintf(r.directory, sizeof(r.directory), "%s/shares", r.hosts.root);
	snprintf(r.config, sizeof(r.config), "%s/%s.conf", r.hosts.root, program);
	snprintf(r.flag, sizeof(r.flag), "%s/green", r.hosts.root);
	assert_int_equal(mkdir(r.directory, 0700), 0);
	put(r.flag, "0");
	web_serve(&r.sides, answer, &r);
	r.front = web_closed_port();
	r.control = web_closed_port();
	put_config(&r);
	router.at = (struct rfa_router_at){ program, "edge", r.directory, r.directory, r.control };
	router.port = r.sides.port;
	router.counts = !strcmp(program, "haproxy");
	router.live = router.counts ? live : NULL;
	router.restart = restart;
	contain(&r);
	if (!router.counts && prepare_nginx(&r)) {
		print_message("# no name may be given here: the contract of nginx is left out\n");
		failed = 0;
	} else {
		start(&r);
		until_up(&router);
		failed = host_router_run(program, &world, &router);
		failed += another_directory(&r, &router);
		stop(&r);
	}
	web_stop(&r.sides);
	return fakehosts_end(&r.hosts) || failed;
}

int main(void)
{
	int failed;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	failed = run("haproxy", put_haproxy);
	return run("nginx", put_nginx) || failed;
}
