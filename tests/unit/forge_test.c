/*
 * Forges: what is read of the shapes that their documents show, how pages follow one another, what
 * is not asked again, and where a token never goes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <unistd.h>

#include "fsm/base/facts.h"
#include "tests/harness/web.h"
#include "transports/forge/forge.h"

static const char token[] = "t0ken-pl4nted-here";
static char asked[200]; /* the file with what was asked, a line each */
static struct web server;
static char api[64];

/* What a server does with a request, by its path: /MODE/… */

static void put(int fd, const char *head, const char *body)
{
	char text[16384];
	int n = snprintf(text, sizeof(text), "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s", head,
			 strlen(body), body);

	assert_true(n > 0 && n < (int)sizeof(text));
	(void)!write(fd, text, (size_t)n);
}

static const char *shape(const char *forge)
{
	static char text[8192];
	char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s/forge/%s.json", RFA_TEST_DATA, forge);
	f = fopen(path, "r");
	assert_non_null(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	return text;
}

static void note(const char *request)
{
	const char *same = strstr(request, "If-None-Match: ");
	FILE *f = fopen(asked, "a");

	fprintf(f, "%.*s|%s|%.*s\n", (int)strcspn(request, "\r"), request,
		strstr(request, token) ? "token" : "-", same ? (int)strcspn(same, "\r") : 1,
		same ? same : "-");
	fclose(f);
}

#define ONE(id, at)                                                                      \
	"[{\"id\":" id ",\"tag_name\":\"v" id "\",\"draft\":false,\"prerelease\":false," \
	"\"published_at\":\"" at "\"}]"

static void answer(void *user, int fd, const char *request)
{
	const char *path = strchr(request, ' ') + 1, *host = strstr(request, "Host: ") + 6;
	char head[512], home[80];

	(void)user;
	note(request);
	snprintf(home, sizeof(home), "http://%.*s", (int)strcspn(host, "\r"), host);
	if (!strncmp(path, "/shape/repos/olga/shop/releases?per_page=100 ", 45)) {
		put(fd, "200 OK", shape("github"));
	} else if (!strncmp(path, "/shape/repos/olga/shop/releases?limit=50 ", 41)) {
		put(fd, "200 OK", shape("gitea"));
	} else if (!strncmp(path, "/shape/projects/olga%2Fshop/releases?per_page=100 ", 50)) {
		put(fd, "200 OK", shape("gitlab"));
	} else if (!strncmp(path, "/pages/", 7) && strstr(request, "If-None-Match: \"one\"")) {
		put(fd, "304 Not Modified\r\nETag: \"one\"", "");
	} else if (!strncmp(path, "/pages/2 ", 9)) {
		put(fd, "200 OK", ONE("2", "2026-01-02T00:00:00Z"));
	} else if (!strncmp(path, "/pages/", 7)) {
		snprintf(head, sizeof(head),
			 "200 OK\r\nETag: \"one\"\r\nLink: <%s/pages/9>; rel=\"last\", "
			 "<%s/pages/2>; rel=\"next\"",
			 home, home);
		put(fd, head, ONE("1", "2026-01-01T00:00:00Z"));
	} else if (!strncmp(path, "/away/", 6)) {
		put(fd, "200 OK\r\nLink: <http://localhost:1/x>; rel=\"next\"",
		    ONE("1", "2026-01-01T00:00:00Z"));
	} else if (!strncmp(path, "/round/", 7)) {
		snprintf(head, sizeof(head), "200 OK\r\nLink: <%s/round/x>; rel=next", home);
		put(fd, head, ONE("1", "2026-01-01T00:00:00Z"));
	} else if (!strncmp(path, "/moved/", 7)) {
		snprintf(head, sizeof(head), "302 Found\r\nLocation: %s/pages/2", home);
		put(fd, head, "");
	} else if (!strncmp(path, "/limit/", 7)) {
		put(fd,
		    "403 Forbidden\r\nX-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 1767312000",
		    "{}");
	} else if (!strncmp(path, "/retry/", 7)) {
		put(fd, "429 Slow\r\nRetry-After: 120", "{}");
	} else if (!strncmp(path, "/ages/", 6)) {
		put(fd, "429 Slow\r\nX-RateLimit-Reset: -9223372036854775808", "{}");
	} else if (!strncmp(path, "/past/", 6)) {
		put(fd, "429 Slow\r\nX-RateLimit-Reset: 1", "{}");
	} else if (!strncmp(path, "/busy/", 6)) {
		put(fd, "503 Busy", "");
	} else if (!strncmp(path, "/no/", 4)) {
		put(fd, "403 Forbidden", "{}");
	} else if (!strncmp(path, "/text/", 6)) {
		put(fd, "200 OK", "<html>hello</html>");
	} else if (!strncmp(path, "/untimed/", 9)) {
		put(fd, "200 OK", ONE("1", "yesterday"));
	} else {
		put(fd, "404 Not Found", "{}");
	}
}

static int set_up(void **state)
{
	(void)state;
	snprintf(asked, sizeof(asked), "%s/rfa-forge-XXXXXX",
		 getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	close(mkstemp(asked));
	web_serve(&server, answer, NULL);
	snprintf(api, sizeof(api), "http://127.0.0.1:%u", server.port);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	web_stop(&server);
	unlink(asked);
	return 0;
}

static size_t questions(const char *with)
{
	char line[2000];
	size_t n = 0;
	FILE *f = fopen(asked, "r");

	while (fgets(line, sizeof(line), f))
		n += strstr(line, with) != NULL;
	fclose(f);
	return n;
}

struct asking {
	struct rfa_clock_virtual clock;
	struct rfa_forge_releases found;
	json_t *known;
	int64_t wait_ms;
	struct rfa_error err;
};

static int ask(struct asking *a, const char *forge, const char *mode)
{
	char url[128];
	const struct rfa_forge_source source = { .forge = forge,
						 .api = url,
						 .project = "olga/shop",
						 .token = token,
						 .clock = &a->clock.clock };

	snprintf(url, sizeof(url), "%s/%s", api, mode);
	rfa_error_clear(&a->err);
	rfa_forge_releases_release(&a->found);
	return rfa_forge_list(&source, a->known, &a->found, &a->wait_ms, &a->err);
}

static void asking_open(struct asking *a)
{
	memset(a, 0, sizeof(*a));
	rfa_clock_virtual_init(&a->clock, 1767308400000, 1); /* 2026-01-01T23:00:00Z */
	a->known = json_object();
	assert_int_equal(truncate(asked, 0), 0);
}

static void asking_close(struct asking *a)
{
	rfa_forge_releases_release(&a->found);
	json_decref(a->known);
}

/* All three say the same of the same releases, as far as they know it. */
static void shapes(void **state)
{
	static const struct {
		const char *forge, *id[3];
		int prerelease, draft;
	} rows[] = {
		{ "github", { "1", "2", "3" }, 1, 1 },
		{ "gitea", { "17", "18", "19" }, 1, 1 },
		{ "gitlab", { "v1.0.0", "v1.1.0-rc1", "v1.1.0" }, -1, 1 },
	};
	struct asking a;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		asking_open(&a);
		if (ask(&a, rows[i].forge, "shape"))
			fail_msg("%s: %s", rows[i].forge, a.err.msg);
		assert_int_equal(a.found.n, 3);
		for (size_t j = 0; j < 3; j++)
			assert_string_equal(a.found.at[j].id, rows[i].id[j]);
		assert_string_equal(a.found.at[0].tag, "v1.0.0");
		assert_int_equal(a.found.at[0].published_ms, 1362080132000);
		assert_int_equal(a.found.at[1].published_ms, 1362096000000);
		assert_int_equal(a.found.at[1].prerelease, rows[i].prerelease);
		assert_int_equal(a.found.at[0].draft, 0);
		assert_int_equal(a.found.at[2].draft, rows[i].draft);
		assert_int_equal(a.found.more, 0);
		assert_int_equal(questions("|token|"), 1);
		asking_close(&a);
	}
}

static void what_has_not_changed_does_not_come_again(void **state)
{
	struct asking a;

	(void)state;
	asking_open(&a);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(ask(&a, "github", "pages"), 0);
		assert_int_equal(a.found.n, 2);
		assert_string_equal(a.found.at[0].id, "1");
		assert_string_equal(a.found.at[1].id, "2");
	}
	assert_int_equal(questions("If-None-Match: \"one\""), 2);
	/* The second page names no state of its own. */
	assert_int_equal(questions("GET /pages/2 "), 3);
	asking_close(&a);
}

static void pages_have_an_end(void **state)
{
	struct asking a;

	(void)state;
	asking_open(&a);
	assert_int_equal(ask(&a, "github", "round"), 0);
	assert_int_equal(a.found.more, 1);
	assert_int_equal(questions("GET"), 10);
	asking_close(&a);
}

static void a_token_goes_nowhere_else(void **state)
{
	const struct rfa_forge_source open_way = { .forge = "gitea",
						   .api = "http://git.example.org/api/v1",
						   .project = "olga/shop",
						   .token = token };
	struct asking a;

	(void)state;
	asking_open(&a);
	assert_int_equal(ask(&a, "github", "away"), -RFA_EPROTOCOL);
	assert_non_null(strstr(a.err.msg, "at another place"));
	assert_int_equal(ask(&a, "github", "moved"), -RFA_EPROTOCOL);
	assert_non_null(strstr(a.err.msg, "sends us to another place"));
	assert_int_equal(questions("/pages/2"), 0);
	assert_int_equal(rfa_forge_list(&open_way, a.known, &a.found, &a.wait_ms, &a.err),
			 -RFA_ECONFIG);
	assert_non_null(strstr(a.err.msg, "anybody can read it"));
	assert_null(strstr(a.err.msg, token));
	asking_close(&a);
}

/* Until then it is not asked at all. */
static void who_wants_to_be_left_alone_is(void **state)
{
	static const struct {
		const char *mode;
		int64_t wait_s;
	} rows[] = { { "limit", 3600 }, { "retry", 120 }, { "ages", 60 }, { "past", 60 } };
	struct asking a;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		asking_open(&a);
		assert_int_equal(ask(&a, "github", rows[i].mode), -RFA_ERATELIMIT);
		assert_int_equal(a.wait_ms, a.clock.wall + rows[i].wait_s * 1000);
		assert_int_equal(ask(&a, "github", "pages"), -RFA_ERATELIMIT);
		assert_int_equal(questions("/pages/"), 0);
		a.clock.wall += rows[i].wait_s * 1000;
		assert_int_equal(ask(&a, "github", "pages"), 0);
		/* A clock that was wrong keeps nobody waiting for years. */
		assert_int_equal(
		    rfa_facts_set(a.known, "wait_until", json_integer(99767312000000), &a.err), 0);
		assert_int_equal(ask(&a, "github", "pages"), 0);
		asking_close(&a);
	}
}

static void what_is_wrong_is_told(void **state)
{
	static const struct {
		const char *mode;
		enum rfa_code code;
		const char *text;
	} rows[] = {
		{ "busy", RFA_EUNREACHABLE, "the forge answers 503" },
		{ "no", RFA_EAUTH, "does not take our token" },
		{ "nothing", RFA_ENOTFOUND, "no such project" },
		{ "text", RFA_EPROTOCOL, "no list of releases" },
		{ "untimed", RFA_EPROTOCOL, "when it was published" },
	};
	struct asking a;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		asking_open(&a);
		assert_int_equal(ask(&a, "github", rows[i].mode), -(int)rows[i].code);
		if (!strstr(a.err.msg, rows[i].text))
			fail_msg("%s: %s", rows[i].mode, a.err.msg);
		assert_true(*a.err.hint);
		assert_null(strstr(a.err.hint, token));
		asking_close(&a);
	}
}

static void where_a_forge_is_by_its_repository(void **state)
{
	static const struct {
		const char *forge, *git, *api, *project;
	} rows[] = {
		{ "github", "https://github.com/olga/shop.git", "https://api.github.com",
		  "olga/shop" },
		{ "github", "git@github.com:olga/shop.git", "https://api.github.com", "olga/shop" },
		{ "github", "https://git.example.org/olga/shop", "https://git.example.org/api/v3",
		  "olga/shop" },
		{ "gitea", "https://git.example.org:8443/olga/shop.git/",
		  "https://git.example.org:8443/api/v1", "olga/shop" },
		{ "gitea", "http://127.0.0.1:3000/olga/shop", "http://127.0.0.1:3000/api/v1",
		  "olga/shop" },
		{ "gitlab", "ssh://git@git.example.org:2222/team/sub/shop.git",
		  "https://git.example.org/api/v4", "team/sub/shop" },
		{ "gitlab", "ssh://git@[2001:db8::1]:2222/team/shop.git",
		  "https://[2001:db8::1]/api/v4", "team/shop" },
		{ "gitea", "git@[2001:db8::1]:olga/shop.git", "https://[2001:db8::1]/api/v1",
		  "olga/shop" },
		{ "gitea", "http://[::1]:3000/olga/shop", "http://[::1]:3000/api/v1", "olga/shop" },
	};
	char url[512], project[256];
	struct rfa_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(rfa_forge_api(rows[i].forge, rows[i].git, url, &err), 0);
		assert_string_equal(url, rows[i].api);
		assert_int_equal(rfa_forge_project(rows[i].git, project, &err), 0);
		assert_string_equal(project, rows[i].project);
	}
	assert_int_equal(rfa_forge_api("github", "/srv/git/shop.git", url, &err), -RFA_ECONFIG);
	assert_true(rfa_forge_is_known("gitlab"));
	assert_false(rfa_forge_is_known("git"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shapes),
		cmocka_unit_test(what_has_not_changed_does_not_come_again),
		cmocka_unit_test(pages_have_an_end),
		cmocka_unit_test(a_token_goes_nowhere_else),
		cmocka_unit_test(who_wants_to_be_left_alone_is),
		cmocka_unit_test(what_is_wrong_is_told),
		cmocka_unit_test(where_a_forge_is_by_its_repository),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
