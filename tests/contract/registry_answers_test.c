/* What the registry client makes of every answer, a registry's lies and refusals among them. */
#include "tests/contract/registry_fixture.h"

#include "tests/harness/sshd.h"

/* Resolves with a client of its own. */
static int resolve_as(void **state, const struct rfa_registry_login *login, const char *reference,
		      const struct rfa_registry_platform *platform, struct rfa_error *err)
{
	struct rfa_registry *r = client_of(fake(state)->web.port, login, NULL);
	struct rfa_registry_image image = { 0 };
	int rc;

	rfa_error_clear(err);
	rc = rfa_registry_resolve(r, FAKE_REPOSITORY, reference, platform, &image, err);
	rfa_registry_image_release(&image);
	rfa_registry_free(r);
	if (rc) {
		assert_int_equal(rc, -(int)err->code);
		assert_string_equal(err->domain, "registry");
		assert_non_null(strstr(err->where, "127.0.0.1:"));
		assert_null(strstr(err->msg, FAKE_SECRET));
		assert_null(strstr(err->hint, FAKE_SECRET));
	}
	return rc;
}

static int resolve(void **state, struct rfa_error *err)
{
	return resolve_as(state, NULL, "1", &amd64, err);
}

/* Resolving. */

static void an_image_is_found(void **state)
{
	struct fake_registry *f = fake(state);
	const struct {
		const char *reference, *architecture;
		const struct oci_image *is;
		int by_index;
	} cases[] = {
		{ "1", "amd64", &f->images[0], 1 },
		{ "1", "armhf", &f->images[1], 1 },
		{ "1", "aarch64", &f->images[2], 1 },
		{ "docker", "x86_64", &f->docker, 0 },
		{ f->index.digest, "amd64", &f->images[0], 1 },
		{ f->images[1].manifest.digest, "arm", &f->images[1], 0 },
	};
	struct rfa_registry *r = client_of(f->web.port, NULL, NULL);
	struct rfa_error err;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rfa_registry_platform p = { "linux", "", "" };
		struct rfa_registry_image image;

		snprintf(p.architecture, sizeof(p.architecture), "%s", cases[i].architecture);
		assert_code(
		    rfa_registry_resolve(r, FAKE_REPOSITORY, cases[i].reference, &p, &image, &err),
		    0);
		check_image(&image, cases[i].is);
		assert_string_equal(image.index, cases[i].by_index ? f->index.digest : "");
		rfa_registry_image_release(&image);
	}
	rfa_registry_free(r);
}

static void a_platform_that_is_not_offered(void **state)
{
	const struct rfa_registry_platform s390x = { "linux", "s390x", "" };
	struct rfa_error err;

	assert_code(resolve_as(state, NULL, "1", &s390x, &err), -RFA_EUNSUPPORTED);
	assert_says(err.msg, "no image for linux/s390x, only for linux/amd64/v1, linux/arm/v6, "
			     "linux/arm64/v8");
	assert_says_not(err.msg, "unknown");
	/* Without an index the configuration tells. */
	assert_code(resolve_as(state, NULL, "docker", &s390x, &err), -RFA_EUNSUPPORTED);
	assert_says(err.msg, "only for linux/amd64");
}

static void names_that_are_no_names(void **state)
{
	static const char *const references[] = { "", "a/b", "../x", "a b", "x?y", "a\r\nB: c" };
	struct rfa_error err;
	size_t i;

	for (i = 0; i < sizeof(references) / sizeof(references[0]); i++)
		assert_code(resolve_as(state, NULL, references[i], &amd64, &err), -RFA_ECONFIG);
	assert_code(resolve_as(state, NULL,
			       "sha512:0123456789abcdef0123456789abcdef0123456789abcdef01234567"
			       "89abcdef",
			       &amd64, &err),
		    -RFA_EUNSUPPORTED);
	assert_string_equal(fake(state)->shared->log, "");
}

/* Refusals. */

static void refusals_are_told_apart(void **state)
{
	static const struct {
		int status;
		const char *retry_after;
		enum rfa_code code;
		enum rfa_severity severity;
		const char *says, *hints;
	} cases[] = {
		{ 404, "", RFA_ENOTFOUND, RFA_FATAL, "shop/app:1 is not there", "the name" },
		{ 401, "", RFA_EAUTH, RFA_DENIED, "wants a login for shop/app:1", "which login" },
		{ 403, "", RFA_EAUTH, RFA_DENIED, "may not be read", "which login" },
		{ 429, "", RFA_ERATELIMIT, RFA_RETRY, "no more requests", "later" },
		{ 429, "30", RFA_ERATELIMIT, RFA_RETRY, "no more requests", "in 30 s" },
		{ 429, "21600", RFA_ERATELIMIT, RFA_DENIED, "no more requests", "in 360 min" },
		{ 500, "", RFA_EUNREACHABLE, RFA_RETRY, "answered 500", "later" },
		{ 503, "", RFA_EUNREACHABLE, RFA_RETRY, "answered 503", "later" },
		{ 418, "", RFA_EPROTOCOL, RFA_FATAL, "answered 418", "" },
		{ 304, "", RFA_EPROTOCOL, RFA_FATAL, "answered 304", "" },
		{ 206, "", RFA_EPROTOCOL, RFA_FATAL, "answered 206", "" },
	};
	struct fake_shared *s = fake(state)->shared;
	struct rfa_error err;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		s->status = cases[i].status;
		snprintf(s->retry_after, sizeof(s->retry_after), "%s", cases[i].retry_after);
		assert_code(resolve(state, &err), -(int)cases[i].code);
		assert_int_equal(err.severity, cases[i].severity);
		assert_int_equal(err.native, cases[i].status);
		assert_says(err.msg, cases[i].says);
		assert_says(err.hint, cases[i].hints);
	}
	assert_code(resolve_as(state, NULL, "nothing", &amd64, &err), -RFA_EPROTOCOL);
	s->status = 0;
	assert_code(resolve_as(state, NULL, "nothing", &amd64, &err), -RFA_ENOTFOUND);
}

static void what_a_registry_says_is_harmless(void **state)
{
	struct fake_shared *s = fake(state)->shared;
	struct rfa_error err;

	s->status = 403;
	snprintf(s->message, sizeof(s->message), "no\\u001b[31m \\u202e\\n%0100d", 1);
	assert_code(resolve(state, &err), -RFA_EAUTH);
	assert_says(err.msg, "it says \"no\\x1b[31m \\xe2\\x80\\xae\\n000");
	/* What is no JSON is not shown at all. */
	snprintf(s->message, sizeof(s->message), "\x1b[31m");
	assert_code(resolve(state, &err), -RFA_EAUTH);
	assert_says_not(err.msg, "31m");
}

static void a_registry_that_is_not_there(void **state)
{
	struct rfa_registry *r = client_of(web_closed_port(), NULL, NULL);
	struct rfa_registry_options options = { .domain = "no-such-name.invalid:1" };
	enum rfa_registry_auth auth;
	struct rfa_error err;

	(void)state;
	assert_code(rfa_registry_ping(r, &auth, &err), -RFA_EUNREACHABLE);
	assert_int_equal(err.severity, RFA_RETRY);
	assert_says(err.hint, "nothing listens there");
	rfa_registry_free(r);
	assert_int_equal(rfa_registry_open(&r, &options, &err), 0);
	assert_code(rfa_registry_ping(r, &auth, &err), -RFA_EUNREACHABLE);
	assert_int_equal(err.severity, RFA_RETRY);
	assert_says(err.msg, "no-such-name.invalid");
	assert_says(err.hint, "is the name right");
	rfa_registry_free(r);
}

static void domains_that_are_none(void **state)
{
	static const char *const domains[] = { "",
					       "registry",
					       "https://h.example",
					       "h.example/",
					       "h.example/v2",
					       "u:p@h.example",
					       "h.example:x",
					       "a b.example",
					       "h.example:5000/x" };
	struct rfa_registry *r = NULL;
	struct rfa_error err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(domains) / sizeof(domains[0]); i++) {
		struct rfa_registry_options options = { .domain = domains[i] };

		assert_code(rfa_registry_open(&r, &options, &err), -RFA_ECONFIG);
	}
}

/* Pinging. */

static void doors(void **state)
{
	static const struct {
		enum fake_auth auth;
		const char *answer; /* "": by `auth` */
		int rc;
		enum rfa_registry_auth wants;
	} cases[] = {
		{ FAKE_OPEN, "", 0, RFA_REGISTRY_OPEN },
		{ FAKE_BASIC, "", 0, RFA_REGISTRY_BASIC },
		{ FAKE_BEARER, "", 0, RFA_REGISTRY_BEARER },
		{ FAKE_OPEN, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrue", 0,
		  RFA_REGISTRY_OPEN },
		{ FAKE_OPEN, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0, RFA_REGISTRY_OPEN },
		{ FAKE_OPEN, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", -RFA_EPROTOCOL,
		  RFA_REGISTRY_OPEN },
		{ FAKE_OPEN, "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", -RFA_EPROTOCOL,
		  RFA_REGISTRY_OPEN },
		{ FAKE_OPEN, "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", -RFA_EPROTOCOL,
		  RFA_REGISTRY_OPEN },
		{ FAKE_OPEN, "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", -RFA_EUNREACHABLE,
		  RFA_REGISTRY_OPEN },
		{ FAKE_OPEN, "220 mail.example ESMTP\r\n", -RFA_EPROTOCOL, RFA_REGISTRY_OPEN },
	};
	struct fake_registry *f = fake(state);
	struct rfa_error err;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rfa_registry *r = client_of(f->web.port, &deploy, NULL);
		enum rfa_registry_auth auth = RFA_REGISTRY_OPEN;

		f->shared->auth = cases[i].auth;
		snprintf(f->shared->ping, sizeof(f->shared->ping), "%s", cases[i].answer);
		assert_code(rfa_registry_ping(r, &auth, &err), cases[i].rc);
		assert_int_equal(auth, cases[i].wants);
		rfa_registry_free(r);
	}
	assert_says_not(f->shared->log, "auth=Basic");
}

/* Login. */

static void a_password_goes_along(void **state)
{
	const struct rfa_registry_login wrong = { FAKE_USER, "other" };
	struct fake_shared *s = fake(state)->shared;
	struct rfa_error err;

	s->auth = FAKE_BASIC;
	assert_code(resolve_as(state, &deploy, "1", &amd64, &err), 0);
	assert_code(resolve(state, &err), -RFA_EAUTH);
	assert_says(err.msg, "wants a login");
	s->next = 0;
	assert_code(resolve_as(state, &wrong, "1", &amd64, &err), -RFA_EAUTH);
	assert_says(err.msg, "did not take the login");
	assert_int_equal(err.native, 401);
	/* Once without, once with it: an account may be locked after a few wrong ones. */
	assert_non_null(strchr(s->log, '\n'));
	assert_int_equal(strchr(strchr(s->log, '\n') + 1, '\n') - s->log + 1, s->next);
}

static void a_token_is_used_until_it_ends(void **state)
{
	struct fake_registry *f = fake(state);
	struct rfa_registry *r = client_of(f->web.port, &deploy, NULL);
	struct rfa_registry_image image;
	struct rfa_error err;

	f->shared->auth = FAKE_BEARER;
	assert_code(rfa_registry_resolve(r, FAKE_REPOSITORY, "1", &amd64, &image, &err), 0);
	rfa_registry_image_release(&image);
	assert_int_equal(f->shared->tokens, 1);
	assert_says(f->shared->log, "token GET /token?service=the%2C%20%22service%22&scope="
				    "repository%3Ashop%2Fapp%3Apull HTTP/1.1 auth=Basic ");
	assert_says(f->shared->log, "auth=Bearer token-1-deploy range=\n");
	/* Only the token service sees the password. */
	assert_null(strstr(strstr(f->shared->log, "auth=Basic") + 1, "auth=Basic"));
	/* It is no longer taken, before it has ended. */
	f->shared->good_token = 2;
	assert_code(rfa_registry_resolve(r, FAKE_REPOSITORY, "1", &amd64, &image, &err), 0);
	rfa_registry_image_release(&image);
	assert_int_equal(f->shared->tokens, 2);
	/* Nor is the new one: then the login has no right. */
	f->shared->good_token = 9;
	assert_code(rfa_registry_resolve(r, FAKE_REPOSITORY, "1", &amd64, &image, &err),
		    -RFA_EAUTH);
	assert_int_equal(f->shared->tokens, 3);
	rfa_registry_free(r);
}

static void a_token_that_has_ended_is_not_sent(void **state)
{
	struct rfa_clock_virtual clock;
	struct fake_registry *f = fake(state);
	struct rfa_registry_options options = { .login = &deploy, .clock = &clock.clock };
	struct rfa_registry_image image;
	struct rfa_registry *r;
	struct rfa_error err;
	char domain[64];

	rfa_clock_virtual_init(&clock, 1700000000000, 1);
	snprintf(domain, sizeof(domain), "127.0.0.1:%u", f->web.port);
	options.domain = domain;
	assert_int_equal(rfa_registry_open(&r, &options, &err), 0);
	f->shared->auth = FAKE_BEARER;
	f->shared->expires_in = 300;
	assert_code(rfa_registry_resolve(r, FAKE_REPOSITORY, "1", &amd64, &image, &err), 0);
	rfa_registry_image_release(&image);
	clock.mono += 200000;
	assert_code(rfa_registry_resolve(r, FAKE_REPOSITORY, "1", &amd64, &image, &err), 0);
	rfa_registry_image_release(&image);
	assert_int_equal(f->shared->tokens, 1);
	clock.mono += 90000;
	f->shared->good_token = 2;
	f->shared->next = 0;
	memset(f->shared->log, 0, sizeof(f->shared->log));
	assert_code(rfa_registry_resolve(r, FAKE_REPOSITORY, "1", &amd64, &image, &err), 0);
	rfa_registry_image_release(&image);
	assert_int_equal(f->shared->tokens, 2);
	assert_says_not(f->shared->log, "token-1-");
	rfa_registry_free(r);
}

static void anybody_may_have_a_token(void **state)
{
	struct fake_shared *s = fake(state)->shared;
	struct rfa_error err;

	s->auth = FAKE_BEARER;
	assert_code(resolve(state, &err), 0);
	assert_says(s->log, "auth=Bearer token-1-anybody");
	assert_says_not(s->log, "Basic");
}

static void an_identity_token_is_exchanged(void **state)
{
	const struct rfa_registry_login identity = { "<token>", "id+en/tity" };
	struct fake_shared *s = fake(state)->shared;
	struct rfa_error err;

	s->auth = FAKE_BEARER;
	assert_code(resolve_as(state, &identity, "1", &amd64, &err), 0);
	assert_says(s->log, "token POST /token HTTP/1.1 auth= ");
	assert_says(s->log,
		    "\ngrant_type=refresh_token&client_id=rfa&service=the%2C%20%22service"
		    "%22&scope=repository%3Ashop%2Fapp%3Apull&refresh_token=id%2Ben%2Ftity");
	/* It is no password. */
	s->auth = FAKE_BASIC;
	s->next = 0;
	memset(s->log, 0, sizeof(s->log));
	assert_code(resolve_as(state, &identity, "1", &amd64, &err), -RFA_EAUTH);
	assert_says_not(s->log, "auth=Basic");
}

static void token_services_that_fail(void **state)
{
	static const struct {
		int status;
		const char *answer;
		enum rfa_code code;
		const char *says;
	} cases[] = {
		{ 401, "", RFA_EAUTH, "did not take the login" },
		{ 403, "", RFA_EAUTH, "may not be read" },
		{ 429, "", RFA_ERATELIMIT, "no more requests" },
		{ 503, "", RFA_EUNREACHABLE, "503" },
		{ 0, "{}", RFA_EPROTOCOL, "no token" },
		{ 0, "<html>", RFA_EPROTOCOL, "no JSON" },
		{ 0, "{\"token\":\"a\\r\\nX-Evil: 1\"}", RFA_EPROTOCOL, "no token" },
		{ 0, "{\"token\":\"\"}", RFA_EPROTOCOL, "no token" },
	};
	struct fake_shared *s = fake(state)->shared;
	struct rfa_error err;
	size_t i;

	s->auth = FAKE_BEARER;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		s->token_status = cases[i].status;
		snprintf(s->token_answer, sizeof(s->token_answer), "%s", cases[i].answer);
		assert_code(resolve_as(state, &deploy, "1", &amd64, &err), -(int)cases[i].code);
		assert_says(err.msg, cases[i].says);
	}
}

static void a_login_is_not_told_in_the_open(void **state)
{
	struct fake_registry *f = fake(state);
	struct rfa_error err;

	f->shared->auth = FAKE_BEARER;
	/* The registry speaks plain HTTP on 127.0.0.1; this is another host. */
	snprintf(f->shared->realm, sizeof(f->shared->realm), "http://127.0.0.2:%u/token",
		 f->other.port);
	assert_code(resolve_as(state, &deploy, "1", &amd64, &err), -RFA_EPROTOCOL);
	assert_says(err.msg, "127.0.0.2, speaks plain HTTP");
	assert_says_not(f->shared->log, "elsewhere");
	snprintf(f->shared->realm, sizeof(f->shared->realm), "file:///etc/passwd");
	assert_code(resolve_as(state, &deploy, "1", &amd64, &err), -RFA_EPROTOCOL);
	snprintf(f->shared->realm, sizeof(f->shared->realm), "http://");
	assert_code(resolve_as(state, &deploy, "1", &amd64, &err), -RFA_EPROTOCOL);
}

/* Lies. */

static void lies_are_found(void **state)
{
	struct fake_registry *f = fake(state);
	struct fake_shared *s = f->shared;
	struct rfa_error err;

	/* A manifest by digest. */
	s->spoil = 1;
	assert_code(resolve(state, &err), -RFA_EMISMATCH);
	assert_says(err.msg, f->images[0].manifest.digest);
	assert_says(err.msg, "has the digest sha256:");
	/* A tag whose digest the registry tells. */
	s->spoil = 0;
	snprintf(s->told, sizeof(s->told), "%s", f->docker.manifest.digest);
	assert_code(resolve(state, &err), -RFA_EMISMATCH);
	assert_says(err.msg, f->index.digest);
	assert_says(err.msg, f->docker.manifest.digest);
	snprintf(s->told, sizeof(s->told), "\x1b]0;evil");
	assert_code(resolve(state, &err), -RFA_EMISMATCH);
	assert_says(err.msg, "the registry says \\x1b]0;evil");
	/* The configuration. */
	s->told[0] = '\0';
	s->spoil = 2;
	assert_code(resolve(state, &err), -RFA_EMISMATCH);
	assert_says(err.msg, f->images[0].config.digest);
	/* Another kind than it is. */
	s->spoil = 0;
	snprintf(s->type, sizeof(s->type), "%s", f->docker.manifest.type);
	assert_code(resolve(state, &err), -RFA_EPROTOCOL);
	snprintf(s->type, sizeof(s->type), "text/html");
	assert_code(resolve(state, &err), -RFA_EUNSUPPORTED);
	assert_says(err.msg, "text/html");
}

static void nonsense_instead_of_a_manifest(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "{", "is no JSON" },
		{ "{\"a\":1,\"a\":2}", "is no JSON" },
		{ "\x1b[31m", "is no JSON" },
		{ "[]", "neither layers nor entries" },
		{ "7", "neither layers nor entries" },
		{ "{}", "neither layers nor entries" },
	};
	struct fake_shared *s = fake(state)->shared;
	struct rfa_error err;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(s->manifest, sizeof(s->manifest), "%s", cases[i].text);
		assert_code(resolve(state, &err), -RFA_EPROTOCOL);
		assert_says(err.msg, cases[i].says);
	}
}

static void a_manifest_has_a_maximum(void **state)
{
	struct fake_shared *s = fake(state)->shared;
	struct rfa_error err;

	s->pad = (size_t)5 << 20;
	assert_code(resolve(state, &err), -RFA_ETOOBIG);
	assert_says(err.msg, "4194304");
}

static void an_index_in_an_index(void **state)
{
	struct fake_registry *f = fake(state);
	struct rfa_error err;

	snprintf(f->shared->manifest, sizeof(f->shared->manifest),
		 "{\"manifests\":[{\"digest\":\"%s\",\"size\":%zu,\"platform\":{\"os\":\"linux\","
		 "\"architecture\":\"amd64\"}}]}",
		 f->index.digest, f->index.len);
	/* The same text comes by its digest, too: then that is the lie. */
	assert_code(resolve(state, &err), -RFA_EMISMATCH);
}

/* Ways there. */

static void plain_http_has_to_be_said(void **state)
{
	struct fake_registry *f = fake(state);
	struct rfa_registry_options options = { .domain = NULL, .ca_file = "/dev/null" };
	enum rfa_registry_auth auth;
	struct rfa_registry *r;
	struct rfa_error err;
	char domain[64];

	/* Who names a CA wants TLS, also on loopback; and /dev/null holds none. */
	snprintf(domain, sizeof(domain), "127.0.0.1:%u", f->web.port);
	options.domain = domain;
	assert_int_equal(rfa_registry_open(&r, &options, &err), 0);
	assert_code(rfa_registry_ping(r, &auth, &err), -RFA_ECONFIG);
	rfa_registry_free(r);
	options.ca_file = "/etc/ssl/certs/ca-certificates.crt";
	assert_int_equal(rfa_registry_open(&r, &options, &err), 0);
	assert_code(rfa_registry_ping(r, &auth, &err), -RFA_EPROTOCOL);
	assert_says(err.msg, "no TLS");
	assert_says(err.hint, "plain HTTP");
	rfa_registry_free(r);
	options.ca_file = NULL;
	options.plain_http = 1;
	assert_int_equal(rfa_registry_open(&r, &options, &err), 0);
	assert_code(rfa_registry_ping(r, &auth, &err), 0);
	rfa_registry_free(r);
	assert_says_not(f->shared->log, "auth=B");
}

static void a_proxy_is_not_asked(void **state)
{
	struct rfa_error err;

	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("https_proxy", "http://127.0.0.1:1", 1);
	assert_code(resolve(state, &err), 0);
	unsetenv("http_proxy");
	unsetenv("https_proxy");
}

static int ping_after(unsigned port, int64_t idle_ms, struct rfa_error *err)
{
	struct rfa_registry_options options = { .plain_http = 1, .idle_timeout_ms = idle_ms };
	enum rfa_registry_auth auth;
	struct rfa_registry *r;
	char domain[64];
	int rc;

	snprintf(domain, sizeof(domain), "127.0.0.1:%u", port);
	options.domain = domain;
	assert_int_equal(rfa_registry_open(&r, &options, err), 0);
	rc = rfa_registry_ping(r, &auth, err);
	rfa_registry_free(r);
	return rc;
}

static void a_registry_that_says_nothing(void **state)
{
	struct rfa_error err;
	struct web web;

	fake(state)->shared->silent = 1;
	assert_code(ping_after(fake(state)->web.port, 300, &err), -RFA_ESTALLED);
	assert_int_equal(err.severity, RFA_RETRY);
	assert_says(err.msg, "nothing came");
	/* This one hangs up on a path that it does not know. */
	web_start(&web);
	assert_code(ping_after(web.port, slow_ms(20000), &err), -RFA_EUNREACHABLE);
	assert_int_equal(err.severity, RFA_RETRY);
	web_stop(&web);
}

static void by_a_tunnel(void **state)
{
	struct fake_registry *f = fake(state);
	struct rfa_ssh_options options = RFA_SSH_OPTIONS_INIT;
	struct rfa_registry_image image;
	struct rfa_transport *t = NULL;
	struct rfa_registry *r;
	struct rfa_error err;
	struct sshd sshd;

	if (!sshd_available() || !sshd_installed("ssh"))
		skip();
	sshd_start(&sshd, NULL);
	options.destination = "host";
	options.config_file = sshd.config;
	assert_code(rfa_transport_ssh(&t, "host", &options, &err), 0);
	f->shared->auth = FAKE_BEARER;
	r = client_of(f->web.port, &deploy, t);
	assert_code(rfa_registry_resolve(r, FAKE_REPOSITORY, "1", &amd64, &image, &err), 0);
	check_image(&image, &f->images[0]);
	rfa_registry_image_release(&image);
	rfa_registry_free(r);
	r = client_of(web_closed_port(), NULL, t);
	assert_code(rfa_registry_resolve(r, FAKE_REPOSITORY, "1", &amd64, &image, &err),
		    -RFA_EUNREACHABLE);
	assert_int_equal(err.severity, RFA_RETRY);
	rfa_registry_free(r);
	rfa_transport_free(t);
	sshd_stop(&sshd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_image_is_found),
		TEST(a_platform_that_is_not_offered),
		TEST(names_that_are_no_names),
		TEST(refusals_are_told_apart),
		TEST(what_a_registry_says_is_harmless),
		TEST(a_registry_that_is_not_there),
		TEST(domains_that_are_none),
		TEST(doors),
		TEST(a_password_goes_along),
		TEST(a_token_is_used_until_it_ends),
		TEST(a_token_that_has_ended_is_not_sent),
		TEST(anybody_may_have_a_token),
		TEST(an_identity_token_is_exchanged),
		TEST(token_services_that_fail),
		TEST(a_login_is_not_told_in_the_open),
		TEST(lies_are_found),
		TEST(nonsense_instead_of_a_manifest),
		TEST(a_manifest_has_a_maximum),
		TEST(an_index_in_an_index),
		TEST(plain_http_has_to_be_said),
		TEST(a_proxy_is_not_asked),
		TEST(a_registry_that_says_nothing),
		TEST(by_a_tunnel),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
