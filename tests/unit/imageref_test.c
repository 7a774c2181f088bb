/* Names of images: what is one, and what of it is the tag, the digest, the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/imageref.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TAG127                                                            \
	"x23456789012345678901234567890123456789012345678901234567890123" \
	"4567890123456789012345678901234567890123456789012345678901234567"

static void references(void **state)
{
	static const struct {
		const char *text, *name, *tag, *digest, *tagged, *version;
	} cases[] = {
		{ "app", "app", "", "", "app", "latest" },
		{ "app:1", "app", "1", "", "app:1", "1" },
		{ "shop/api:1.5.0", "shop/api", "1.5.0", "", "shop/api:1.5.0", "1.5.0" },
		{ "reg.example:5000/shop/api", "reg.example:5000/shop/api", "", "",
		  "reg.example:5000/shop/api", "latest" },
		{ "reg.example:5000/api:v_2-a.b", "reg.example:5000/api", "v_2-a.b", "",
		  "reg.example:5000/api:v_2-a.b", "v_2-a.b" },
		{ "[::1]:5000/api:1", "[::1]:5000/api", "1", "", "[::1]:5000/api:1", "1" },
		{ "app:1@sha256:" HEX, "app", "1", "sha256:" HEX, "app:1", "1" },
		{ "app@sha256:" HEX, "app", "", "sha256:" HEX, "app:sha256-" HEX, "latest" },
		{ "r:5/a@sha512:" HEX HEX, "r:5/a", "", "sha512:" HEX HEX, NULL, "latest" },
		{ "sha256:" HEX, "", "", "sha256:" HEX, "sha256:" HEX, "sha256:" HEX },
		{ "app:" TAG127, "app", TAG127, "", "app:" TAG127, TAG127 },
	};
	struct rfa_imageref ref;
	char tagged[512], version[512];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (!rfa_imageref_parse(&ref, cases[i].text))
			fail_msg("%s is no reference", cases[i].text);
		assert_string_equal(ref.name, cases[i].name);
		assert_string_equal(ref.tag, cases[i].tag);
		assert_string_equal(ref.digest, cases[i].digest);
		rfa_imageref_tagged(cases[i].text, tagged, sizeof(tagged));
		if (cases[i].tagged)
			assert_string_equal(tagged, cases[i].tagged);
		rfa_imageref_version(cases[i].text, version, sizeof(version));
		assert_string_equal(version, cases[i].version);
		/* Whatever comes out is a reference that a tag can have, or what went in. */
		assert_true(rfa_imageref_parse(&ref, tagged));
	}
}

static void no_references(void **state)
{
	static const char *const texts[] = {
		"",
		":",
		":1",
		"app:",
		"app: 1",
		"a b",
		"app@",
		"app@sha256:",
		"app@sha256:12",
		"app@sha256:" HEX "x",
		"app:1@",
		"@sha256:" HEX,
		"sha256:" HEX "00",
		"sha256:12",
		"app:.1",
		"app:-1",
		"app/",
		"/app",
		"-v",
		"app;touch x",
		"app\n",
		"app:1:2/",
		"app@sha256:" HEX "@sha256:" HEX,
		"\033[2J",
		"app:" TAG127 "xx",
		"\xff",
	};
	struct rfa_imageref ref;
	char tagged[512], version[512];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (rfa_imageref_parse(&ref, texts[i]))
			fail_msg("'%s' is a reference: %s %s %s", texts[i], ref.name, ref.tag,
				 ref.digest);
		assert_string_equal(ref.name, "");
		assert_string_equal(ref.tag, "");
		assert_string_equal(ref.digest, "");
		rfa_imageref_tagged(texts[i], tagged, sizeof(tagged));
		assert_string_equal(tagged, texts[i]);
		rfa_imageref_version(texts[i], version, sizeof(version));
		assert_string_equal(version, texts[i]);
	}
}

static void a_long_name_is_cut_to_fit(void **state)
{
	char out[8];

	(void)state;
	rfa_imageref_tagged("registry.example/app@sha256:" HEX, out, sizeof(out));
	assert_string_equal(out, "registr");
	rfa_imageref_version("app:1.20.300.4000", out, sizeof(out));
	assert_string_equal(out, "1.20.30");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(references),
		cmocka_unit_test(no_references),
		cmocka_unit_test(a_long_name_is_cut_to_fit),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
