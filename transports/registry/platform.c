/* Platforms, compared as containerd's platforms package does it. */
#include "transports/registry/platform.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *said, *architecture, *variant;
} words[] = {
	{ "x86_64", "amd64", "" },    { "x86-64", "amd64", "" }, { "aarch64", "arm64", "" },
	{ "armhf", "arm", "v7" },     { "armel", "arm", "v6" },  { "armv7l", "arm", "v7" },
	{ "armv6l", "arm", "v6" },    { "i386", "386", "" },     { "i686", "386", "" },
	{ "ppc64el", "ppc64le", "" },
};

/* What an architecture is if no variant is said. */
static const struct {
	const char *architecture, *variant;
} usual[] = { { "amd64", "v1" }, { "arm64", "v8" }, { "arm", "v7" } };

void rfa_platform_set(struct rfa_registry_platform *out, const char *os, const char *architecture,
		      const char *variant)
{
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(words[i].said, architecture)) {
			architecture = words[i].architecture;
			variant = *variant ? variant : words[i].variant;
			break;
		}
	for (i = 0; !*variant && i < sizeof(usual) / sizeof(usual[0]); i++)
		if (!strcmp(usual[i].architecture, architecture))
			variant = usual[i].variant;
	snprintf(out->os, sizeof(out->os), "%s", os);
	snprintf(out->architecture, sizeof(out->architecture), "%s", architecture);
	/* "8" is written, too. */
	snprintf(out->variant, sizeof(out->variant), "%s%s",
		 *variant >= '0' && *variant <= '9' ? "v" : "", variant);
}

/* 7 of "v7"; -1 if it is no number. */
static int number(const char *variant)
{
	char *end;
	long n = *variant == 'v' ? strtol(variant + 1, &end, 10) : -1;

	return n >= 0 && n < 100 && !*end ? (int)n : -1;
}

int rfa_platform_rank(const struct rfa_registry_platform *wants,
		      const struct rfa_registry_platform *has)
{
	int most = number(wants->variant), it = number(has->variant);

	if (strcmp(wants->os, has->os) != 0 || strcmp(wants->architecture, has->architecture) != 0)
		return 0;
	if (!strcmp(wants->variant, has->variant))
		return 1000;
	return most >= 0 && it >= 0 && it < most ? 1 + it : 0;
}

void rfa_platform_put(struct rfa_buf *out, const struct rfa_registry_platform *p)
{
	struct rfa_buf text = RFA_BUF_INIT(128);

	(void)rfa_buf_printf(&text, "%s/%s%s%s", p->os, p->architecture, *p->variant ? "/" : "",
			     p->variant);
	(void)rfa_buf_put_printable(out, rfa_buf_str(&text), text.len, 0);
	rfa_buf_release(&text);
}
