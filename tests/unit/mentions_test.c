/* What Compose files speak of, and how two of them differ: by key, never by value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/buf.h"
#include "fsm/base/yamldiff.h"
#include "fsm/steps/config/mentions.h"

static void add(void *user, const char *name, int variables)
{
	rfa_buf_printf(user, "%s%s|", variables ? "=" : "", name);
}

static void assert_mentions(const char *text, const char *expected)
{
	struct rfa_buf found = RFA_BUF_INIT(1 << 20);

	rfa_mentions(text, strlen(text), add, &found);
	assert_string_equal(rfa_buf_str(&found), expected);
	rfa_buf_release(&found);
}

static void mentions(void **state)
{
	(void)state;
	assert_mentions("include: [ inc/a.yaml, \"b c.yaml\" ]\n", "inc/a.yaml|b c.yaml|");
	assert_mentions("include:\n- a.yml\n- path: [b.yml, c.yml]\n  project_directory: ..\n"
			"  env_file: x.env\nservices: {}\n",
			"a.yml|b.yml|c.yml|=x.env|");
	assert_mentions("services:\n  web:\n    env_file: .env.prod # it's ours\n"
			"    extends: { file: inc/base.yaml, service: base }\n    image: x:1\n",
			"=.env.prod|inc/base.yaml|");
	assert_mentions("services:\n  web:\n    env_file:\n      - a.env\n"
			"      - path: ./b.env\n        required: false\n    extends:\n"
			"      service: base\n      file: 'c d.yml'\n    command: [file, path]\n",
			"=a.env|=./b.env|c d.yml|");
	assert_mentions("services:\r\n  web:\r\n    env_file:\r\n    - a.env\r\n    image: b\r\n",
			"=a.env|");
	/* In the same file, of a service that is called as a file; secrets are other files. */
	assert_mentions("services:\n  web:\n    extends: base.yml\nsecrets:\n  x:\n    file: y\n",
			"");
	assert_mentions("services: {web: {env_file: [${A}/x], extends: {file: *other}}}\n",
			"=$|=A|=/x|*other|");
	assert_mentions("{\"include\": [\"a.yml\", {\"path\": [\"b.yml\"], \"env_file\": \"e\"}],"
			" \"services\": {\"w\": {\"env_file\": [{\"path\": \"f\"}, \"g\"],"
			" \"extends\": {\"file\": \"h\", \"service\": \"s\"}}}}",
			"a.yml|b.yml|=e|=f|=g|h|");
	assert_mentions("", "");
	assert_mentions("include: |\n", "");
	assert_mentions("include: \"a\\", "a\\|");
}

static void assert_differ(const char *a, const char *b, const char *expected)
{
	struct rfa_buf before = RFA_BUF_INIT(1 << 20), after = RFA_BUF_INIT(1 << 20);
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);
	json_t *lines = json_array(), *line;
	struct rfa_error err;
	size_t i;

	rfa_buf_puts(&before, a);
	rfa_buf_puts(&after, b);
	assert_int_equal(rfa_yaml_diff(lines, &before, &after, &err), 0);
	json_array_foreach (lines, i, line)
		rfa_buf_printf(&text, "%s|", json_string_value(line));
	assert_string_equal(rfa_buf_str(&text), expected);
	json_decref(lines);
	rfa_buf_release(&before);
	rfa_buf_release(&after);
	rfa_buf_release(&text);
}

static void differences(void **state)
{
	static const char file[] = "services:\n  web:\n    image: a:1\n    environment:\n"
				   "      - PASSWORD=hunter2\n    ports:\n    - 80:80\n";

	(void)state;
	assert_differ(file, file, "");
	assert_differ(file,
		      "services:\n  web:\n    image: a:2\n    environment:\n"
		      "      - PASSWORD=hunter3\n    ports:\n    - 80:80\n",
		      "~services.web.image|~services.web.environment|");
	assert_differ("a: 1\nb:\n  c: 2\n", "a: 1\nd: |\n  text\n", "-b.c|+d|");
	assert_differ("{\"a\": {\"b\": [1, 2]}}", "{\"a\": {\"b\": [2], \"c\": \"x\"}}",
		      "~a.b|+a.c|");
	assert_differ("a: 1\n# secret\n", "a: 1\n# another\n", "other lines differ|");
	assert_differ("a\x1b[31m: 1\n", "a\x1b[31m: 2\n", "~a\\x1b[31m|");
	assert_differ("just text\n", "other text\n", "~|");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mentions),
		cmocka_unit_test(differences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
