/* Logins of registries by reference: files, variables, commands, and what Docker has kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/config/login.h"
#include "fsm/base/facts.h"

#define SECRET "p:ss w\xc3\xb6rd+/="

static void write_file(const char *folder, const char *name, const char *text, mode_t mode)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static char *read_file(const char *folder, const char *name, char *out, size_t size)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "r");
	out[0] = '\0';
	if (f) {
		out[fread(out, 1, size - 1, f)] = '\0';
		fclose(f);
	}
	return out;
}

static int fetch(void **state, const char *text, const char *domain, struct rfa_login *out,
		 struct rfa_error *err)
{
	json_t *reference = NULL;
	int rc;

	rfa_error_clear(err);
	assert_int_equal(rfa_facts_parse(&reference, text, strlen(text), "test", err), 0);
	rc = rfa_login_fetch(out, reference, *state, domain, err);
	json_decref(reference);
	if (rc) {
		assert_int_equal(rc, -(int)err->code);
		assert_null(strstr(err->msg, SECRET));
		assert_null(strstr(err->hint, SECRET));
		assert_null(strstr(err->where, SECRET));
	}
	return rc;
}

/* What is fetched, as "USER SECRET"; "nobody". */
static void expect(void **state, const char *text, const char *domain, const char *want)
{
	struct rfa_login login = { NULL, NULL };
	struct rfa_error err;
	char is[1024];

	if (fetch(state, text, domain, &login, &err))
		fail_msg("%s: %s (%s)", text, err.msg, err.where);
	snprintf(is, sizeof(is), "%s%s%s", login.user ? login.user : "nobody",
		 login.user ? " " : "", login.user ? login.secret : "");
	rfa_login_release(&login);
	assert_null(login.secret);
	assert_string_equal(is, want);
}

static void references_are_followed(void **state)
{
	write_file(*state, "password", SECRET "\n", 0600);
	write_file(*state, "both", "me:" SECRET "\n", 0600);
	setenv("REGISTRY_LOGIN", "me:" SECRET, 1);
	expect(state, "{\"user\":\"deploy\",\"file\":\"password\"}", "r.example", "deploy " SECRET);
	expect(state, "{\"file\":\"both\"}", "r.example", "me " SECRET);
	expect(state, "{\"env\":\"REGISTRY_LOGIN\"}", "r.example", "me " SECRET);
	expect(state, "{\"user\":\"u\",\"env\":\"REGISTRY_LOGIN\"}", "r.example", "u me:" SECRET);
	expect(state, "{\"user\":\"u\",\"command\":\"printf %s\\\\\\\\n one\"}", "r.example",
	       "u one");
	unsetenv("REGISTRY_LOGIN");
}

static void what_is_wrong_with_a_reference(void **state)
{
	static const struct {
		const char *text, *says, *where;
	} cases[] = {
		{ "{}", "no login", "login" },
		{ "[]", "no login", "login" },
		{ "{\"user\":\"u\",\"password\":\"" SECRET "\"}", "no login", "login" },
		{ "{\"user\":\"u\",\"file\":\"a\",\"env\":\"B\"}", "more than one", "login" },
		{ "{\"docker\":true,\"file\":\"a\"}", "more than one", "login" },
		{ "{\"docker\":true,\"user\":\"a\"}", "more than one", "login" },
		{ "{\"docker\":1}", "no login", "login" },
		{ "{\"user\":\"\",\"file\":\"password\"}", "no text", "user" },
		{ "{\"user\":\"a:b\",\"file\":\"password\"}", "no text", "user" },
		{ "{\"file\":7}", "no text", "file" },
		{ "{\"file\":\"nothing\"}", "No such file", "file nothing" },
		{ "{\"file\":\"empty\"}", "empty", "file empty" },
		{ "{\"file\":\"alone\"}", "not USER:PASSWORD", "file" },
		{ "{\"env\":\"NOT_SET_AT_ALL\"}", "not set", "env NOT_SET_AT_ALL" },
		{ "{\"user\":\"u\",\"command\":\"exit 3\"}", "status 3", "command exit 3" },
	};
	struct rfa_login login = { NULL, NULL };
	struct rfa_error err;
	size_t i;

	write_file(*state, "empty", "", 0600);
	write_file(*state, "alone", "p-ss", 0600);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(fetch(state, cases[i].text, "r.example", &login, &err),
				 -RFA_ECONFIG);
		if (!strstr(err.msg, cases[i].says) || strcmp(err.where, cases[i].where) != 0)
			fail_msg("%s: %s (%s)", cases[i].text, err.msg, err.where);
		assert_null(login.user);
	}
}

/* Docker's. */

#define DOCKER "{\"docker\":true}"

static void docker_has_kept_it_in_its_file(void **state)
{
	/* "me:p:ss", "hub:x", "v1:y" */
	write_file(*state, "config.json",
		   "{\"auths\":{\"r.example:5000\":{\"auth\":\"bWU6cDpzcw==\"},"
		   "\"https://"
		   "index.docker.io"
		   "/v1/\":{\"auth\":\"aHViOng=\"},"
		   "\"https://old.example/v1/\":{\"auth\":\"djE6eQ\"},"
		   "\"id.example\":{\"auth\":\"\",\"identitytoken\":\"i-token\"},"
		   "\"empty.example\":{},"
		   "\"bad.example\":{\"auth\":\"c2VjcmV0\"},\"worse.example\":{\"auth\":\"%%\"}},"
		   "\"HttpHeaders\":{}}",
		   0600);
	expect(state, DOCKER, "r.example:5000", "me p:ss");
	expect(state, DOCKER, "docker.io", "hub x");
	expect(state, DOCKER, "old.example", "v1 y");
	expect(state, DOCKER, "id.example", "<token> i-token");
	expect(state, DOCKER, "empty.example", "nobody");
	expect(state, DOCKER, "r.example", "nobody");
}

static void docker_has_nothing(void **state)
{
	static const struct {
		const char *text;
		const char *says; /* NULL: nobody is logged in */
	} cases[] = {
		{ NULL, NULL },
		{ "{}", NULL },
		{ "{\"auths\":[]}", NULL },
		{ "{", "JSON" },
		{ "{\"auths\":{\"r.example\":{\"auth\":\"c2VjcmV0\"}}}", "USER:PASSWORD" },
		{ "{\"auths\":{\"r.example\":{\"auth\":\"%%\"}}}", "USER:PASSWORD" },
		{ "{\"credsStore\":\"no-such-helper\"}", "is it installed" },
		{ "{\"credsStore\":\"../../bin/sh\"}", "no name of a helper" },
		{ "{\"credHelpers\":{\"r.example\":\"\"}}", "no name of a helper" },
	};
	struct rfa_login login = { NULL, NULL };
	struct rfa_error err;
	char path[256];
	size_t i;

	snprintf(path, sizeof(path), "%s/config.json", (char *)*state);
	(void)unlink(path);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (cases[i].text)
			write_file(*state, "config.json", cases[i].text, 0600);
		if (!cases[i].says) {
			expect(state, DOCKER, "r.example", "nobody");
			continue;
		}
		assert_int_equal(fetch(state, DOCKER, "r.example", &login, &err), -RFA_ECONFIG);
		if (!strstr(err.msg, cases[i].says))
			fail_msg("%s: %s", cases[i].text, err.msg);
	}
}

static void helpers_are_asked(void **state)
{
	char text[256];

	write_file(
	    *state, "docker-credential-one",
	    "#!/bin/sh\n"
	    "cd \"$DOCKER_CONFIG\" || exit\n"
	    "echo \"$*\" >args\n"
	    "cat >asked\n"
	    "case $(cat asked) in\n"
	    "h.example) echo '{\"ServerURL\":\"x\",\"Username\":\"h\",\"Secret\":\"s\"}' ;;\n"
	    "https*docker*) echo '{\"Username\":\"<token>\",\"Secret\":\"hub\"}' ;;\n"
	    "odd.example) echo 'p-ss' ;;\n"
	    "*) echo 'credentials not found in native keychain'; exit 1 ;;\n"
	    "esac\n",
	    0700);
	write_file(*state, "docker-credential-two",
		   "#!/bin/sh\necho '{\"Username\":\"two\",\"Secret\":\"2\"}'\n", 0700);
	write_file(*state, "docker-credential-sad", "#!/bin/sh\necho p-ss; exit 7\n", 0700);
	write_file(*state, "config.json",
		   "{\"credsStore\":\"one\",\"credHelpers\":{\"two.example\":\"two\","
		   "\"sad.example\":\"sad\"},\"auths\":{\"f.example\":{\"auth\":"
		   "\"bWU6cDpzcw==\"},\"h.example\":{}}}",
		   0600);
	expect(state, DOCKER, "h.example", "h s");
	assert_string_equal(read_file(*state, "args", text, sizeof(text)), "get\n");
	assert_string_equal(read_file(*state, "asked", text, sizeof(text)), "h.example");
	expect(state, DOCKER, "docker.io", "<token> hub");
	expect(state, DOCKER, "two.example", "two 2");
	expect(state, DOCKER, "f.example", "me p:ss");
	expect(state, DOCKER, "other.example", "nobody");
}

static void helpers_fail(void **state)
{
	struct rfa_login login = { NULL, NULL };
	struct rfa_error err;

	assert_int_equal(fetch(state, DOCKER, "sad.example", &login, &err), -RFA_ECONFIG);
	assert_string_equal(err.msg, "it ended with status 7");
	assert_string_equal(err.where, "docker-credential-sad");
	assert_string_equal(err.hint, "try it: echo sad.example | docker-credential-sad get");
	assert_int_equal(fetch(state, DOCKER, "odd.example", &login, &err), -RFA_ECONFIG);
	assert_null(strstr(err.msg, "p-ss"));
}

static int set_up(void **state)
{
	char path[64] = "/tmp/rfa-login-XXXXXX";
	char bin[4096];

	*state = mkdtemp(path) ? strdup(path) : NULL;
	assert_non_null(*state);
	snprintf(bin, sizeof(bin), "%s:%s", path, getenv("PATH"));
	setenv("PATH", bin, 1);
	setenv("DOCKER_CONFIG", path, 1);
	return 0;
}

static int tear_down(void **state)
{
	char command[128];
	int rc;

	snprintf(command, sizeof(command), "rm -rf %s", (char *)*state);
	rc = system(command);
	free(*state);
	return rc;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(references_are_followed),
		cmocka_unit_test(what_is_wrong_with_a_reference),
		cmocka_unit_test(docker_has_kept_it_in_its_file),
		cmocka_unit_test(docker_has_nothing),
		cmocka_unit_test(helpers_are_asked),
		cmocka_unit_test(helpers_fail),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
