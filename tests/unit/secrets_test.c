/* What looks like a secret: the password in a URL, names, keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/steps/common/secrets.h"

static void the_password_of_a_url(void **state)
{
	static const struct {
		const char *text, *password; /* NULL: none */
	} cases[] = {
		{ "https://user:pass@host/", "pass" },
		{ "DSN=pg://me:top-word@db:5432/x", "top-word" },
		{ "redis://:only@host", "only" },
		{ "http://u:a/b@host/", "a/b" },
		{ "http://u:8080@host/", "8080" },
		{ "http://a:80/,http://u:second@b/", "second" },
		{ "http://a,http://u:second@b/", "second" },
		{ "", NULL },
		{ "https://host/", NULL },
		{ "https://user@host/", NULL },
		{ "https://user:@host/", NULL },
		{ "https://host:8080/to@somebody", NULL },
		{ "https://host/a:b@c", NULL },
		{ "user:pass@host", NULL },
		{ "http://a:80/, then b@c", NULL },
	};
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *found = rfa_url_password(cases[i].text, &len);

		if (!found != !cases[i].password ||
		    (found && (len != strlen(cases[i].password) ||
			       memcmp(found, cases[i].password, len) != 0)))
			fail_msg("%s: %s instead of %s", cases[i].text, found ? found : "none",
				 cases[i].password ? cases[i].password : "none");
	}
}

static void what_looks_secret(void **state)
{
	(void)state;
	assert_true(rfa_looks_secret("DB_PASSWORD", 11, "x"));
	assert_true(rfa_looks_secret("apiKey", 6, "x"));
	assert_true(rfa_looks_secret("CERT", 4, "-----BEGIN PRIVATE KEY-----"));
	assert_true(rfa_looks_secret("DSN", 3, "pg://me:word@db/x"));
	assert_false(rfa_looks_secret("DSN", 3, "pg://me@db/x"));
	assert_false(rfa_looks_secret("DB_PASSWORD", 11, ""));
	assert_false(rfa_looks_secret("DB_PASSWORD", 2, "x"));
	assert_false(rfa_looks_secret("MODE", 4, "live"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_password_of_a_url),
		cmocka_unit_test(what_looks_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
