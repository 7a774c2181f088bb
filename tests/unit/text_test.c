/* The words of texts: what each is made of, and which text has all of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/facts.h"
#include "fsm/parts/text.h"

static const char plan_text[] =
    "{\"stack\":\"shop\",\"version\":\"v2\",\"source\":{\"env\":\"test\",\"stack\":{"
    "\"containers\":[\"web\",\"api\"],\"keep_running\":[\"api\"],"
    "\"data\":{\"members\":{\"auth\":{},\"files\":{}}}}},"
    "\"target\":{\"env\":\"prod\",\"stack\":{\"containers\":[\"web\"],"
    "\"compose\":{\"project\":\"shop\"},\"base_url\":{\"file\":\"/c.json\",\"key\":\"url\"},"
    "\"data\":{\"stop\":{\"containers\":[\"other\"],\"projects\":[\"two\"]},"
    "\"members\":{\"auth\":{}},\"keep_generations\":3}}},"
    "\"point\":{\"at\":\"20261122-103015\",\"version\":\"v1\",\"members\":[{\"name\":\"auth\"}]},"
    "\"options\":{\"backup\":\"b\",\"vault\":\"/"
    "v\",\"vault_on\":\"nas\",\"of\":\"prod\",\"run\":\"r\","
    "\"kept\":{\"head\":\"h\",\"run\":\"k\"},\"agreed\":[\"one\",{\"name\":\"two\","
    "\"members\":[{\"name\":\"files\"}],\"at\":\"2026-11-22T10:30:15Z\"}]}}";

static void each_word_has_its_value(void **state)
{
	static const struct {
		const char *text, *filled;
	} cases[] = {
		{ "{stack} of {from} to {to}", "shop of test to prod" },
		{ "{backup} {vault} {vault.on} {of}", "b /v nas prod" },
		{ "{run} {kept} {kept.run} {version}", "r h k v2" },
		{ "{source.stops}", "web" },
		{ "{target.stops}", "web, other, the project shop, the project two" },
		{ "{target.replaced}", "web, the project shop" },
		{ "{source.members}; {target.members}", "auth, files; auth" },
		{ "{base_url}", "url in /c.json" },
		{ "{point.at} {point.version} {point.members}", "2026-11-22 10:30:15Z v1 auth" },
		{ "{keep}", "3" },
		{ "{going}", "one; two (files, replaced at 2026-11-22 10:30:15Z)" },
	};
	struct rfa_error err;
	json_t *plan = NULL;

	(void)state;
	assert_int_equal(rfa_facts_parse(&plan, plan_text, strlen(plan_text), "it", &err), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rfa_buf text = RFA_BUF_INIT(4096);

		assert_int_equal(rfa_text_fill(&text, cases[i].text, plan), 0);
		assert_string_equal(rfa_buf_str(&text), cases[i].filled);
		rfa_buf_release(&text);
	}
	json_decref(plan);
}

static void a_word_without_a_value_is_told(void **state)
{
	static const char *const texts[] = { "{stack}",       "{source.stops}", "{target.members}",
					     "{base_url}",    "{point.at}",     "{point.members}",
					     "{going} there", "{no.such.word}" };
	json_t *plan = json_object();

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct rfa_buf text = RFA_BUF_INIT(4096);

		assert_int_equal(rfa_text_fill(&text, texts[i], plan), 1);
		rfa_buf_release(&text);
	}
	json_decref(plan);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_word_has_its_value),
		cmocka_unit_test(a_word_without_a_value_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
