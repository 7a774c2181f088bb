/* The releases of a project: page after page, of which only those come that have changed. */
#include "transports/forge/forge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "transports/forge/inside.h"

/* So many pages are read at most, each no larger than that. */
enum { PAGES_MAX = 10, PAGE_BYTES = 16 << 20, URL_MAX = 4096, DAY_MS = 24 * 3600 * 1000 };

static int add_release(const json_t *one, struct rfa_forge_releases *out, struct rfa_error *err)
{
	struct rfa_forge_release *more = realloc(out->at, (out->n + 1) * sizeof(*more)), *r;

	if (!more)
		return rfa_fail_nomem(err);
	out->at = more;
	r = &more[out->n++];
	memset(r, 0, sizeof(*r));
	snprintf(r->id, sizeof(r->id), "%s", rfa_facts_str(one, "id", ""));
	snprintf(r->tag, sizeof(r->tag), "%s", rfa_facts_str(one, "tag", ""));
	r->published_ms = rfa_facts_int(one, "published", 0);
	r->draft = rfa_facts_bool(one, "draft", 0);
	r->prerelease = (int)rfa_facts_int(one, "prerelease", -1);
	return 0;
}

/* *entry (new): {"etag","next","releases"} of the page, as it is now. */
static int read_page(const struct rfa_forge_source *s, const struct rfa_forge_kind *kind,
		     const char *url, json_t *was, json_t **entry, int64_t *wait_ms,
		     struct rfa_error *err)
{
	struct rfa_forge_page page = { .url = url,
				       .etag = rfa_facts_str(was, "etag", NULL),
				       .body = RFA_BUF_INIT(PAGE_BYTES),
				       .new_etag = RFA_BUF_INIT(1024),
				       .next = RFA_BUF_INIT(URL_MAX) };
	json_t *releases = NULL;
	int rc = rfa_forge_ask(s, kind, &page, err);

	*wait_ms = page.wait_ms;
	if (!rc && page.status == 304) {
		*entry = json_incref(was);
	} else if (!rc) {
		rc = rfa_forge_read(kind, &page.body, &releases, err);
		if (rc)
			rfa_error_where(err, "%.120s", url);
		else
			*entry = json_pack("{s:s*, s:s, s:o}", "etag",
					   page.new_etag.len ? rfa_buf_str(&page.new_etag) : NULL,
					   "next", rfa_buf_str(&page.next), "releases", releases);
		if (!rc && !*entry)
			rc = rfa_fail_nomem(err);
	}
	rfa_forge_page_release(&page);
	return rc;
}

static int first_url(const struct rfa_forge_source *s, const struct rfa_forge_kind *kind,
		     char out[URL_MAX], struct rfa_error *err)
{
	const char *hole = strstr(kind->list, "%s");
	struct rfa_buf project = RFA_BUF_INIT(1024);
	const char *p;
	int rc;

	for (p = s->project; *p; p++) {
		int plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
			    (*p >= '0' && *p <= '9') || strchr("-._~", *p);

		if (plain || (*p == '/' && !kind->escaped))
			rfa_buf_putc(&project, *p);
		else
			rfa_buf_printf(&project, "%%%02X", (unsigned)(unsigned char)*p);
	}
	rc = rfa_buf_check(&project, err);
	snprintf(out, URL_MAX, "%s%.*s%s%s", s->api, (int)(hole - kind->list), kind->list,
		 rfa_buf_str(&project), hole + 2);
	rfa_buf_release(&project);
	return rc;
}

static int left_alone(const struct rfa_forge_source *s, const json_t *known, int64_t *wait_ms,
		      struct rfa_error *err)
{
	struct rfa_clock *clock = s->clock ? s->clock : rfa_clock_system();
	char until[RFA_TIME_MAX];

	*wait_ms = rfa_facts_int(known, "wait_until", 0);
	/* Nobody is asked to wait longer than a day: this clock was wrong then. */
	if (*wait_ms <= clock->wall_ms(clock) || *wait_ms - clock->wall_ms(clock) > DAY_MS)
		return 0;
	rfa_time_iso(*wait_ms, until);
	rfa_fail(err, RFA_ERATELIMIT, "forge", "the forge takes no more questions until %s", until);
	return rfa_error_where(err, "%.120s", s->api);
}

static int read_all(const struct rfa_forge_source *s, const struct rfa_forge_kind *kind,
		    const json_t *known, json_t *pages, struct rfa_forge_releases *out,
		    int64_t *wait_ms, struct rfa_error *err)
{
	const json_t *was = json_object_get(known, "pages");
	char url[URL_MAX];
	size_t n, i;
	int rc = first_url(s, kind, url, err);

	for (n = 0; !rc && *url && n < PAGES_MAX; n++) {
		json_t *entry = NULL, *one;

		rc = read_page(s, kind, url, json_object_get(was, url), &entry, wait_ms, err);
		if (!rc)
			rc = rfa_facts_set(pages, url, entry, err);
		if (rc)
			break;
		json_array_foreach (json_object_get(entry, "releases"), i, one)
			rc = rc ? rc : add_release(one, out, err);
		snprintf(url, sizeof(url), "%s", rfa_facts_str(entry, "next", ""));
	}
	out->more = !rc && *url;
	return rc;
}

int rfa_forge_list(const struct rfa_forge_source *source, json_t *known,
		   struct rfa_forge_releases *out, int64_t *wait_ms, struct rfa_error *err)
{
	const struct rfa_forge_kind *kind = rfa_forge_kind(source->forge);
	struct rfa_forge_releases found = { 0 };
	json_t *pages = json_object();
	struct rfa_error ignored;
	int rc = pages ? 0 : rfa_fail_nomem(err);

	if (!rc && !kind)
		rc = rfa_fail(err, RFA_ECONFIG, "forge", "there is no forge %.40s", source->forge);
	if (!rc)
		rc = left_alone(source, known, wait_ms, err);
	if (!rc)
		rc = read_all(source, kind, known, pages, &found, wait_ms, err);
	if (!rc)
		rc = rfa_facts_set(known, "pages", json_incref(pages), err);
	if (rc == -(int)RFA_ERATELIMIT)
		(void)!rfa_facts_set(known, "wait_until", json_integer(*wait_ms), &ignored);
	json_decref(pages);
	if (rc)
		rfa_forge_releases_release(&found);
	else
		*out = found;
	return rc;
}

void rfa_forge_releases_release(struct rfa_forge_releases *releases)
{
	free(releases->at);
	memset(releases, 0, sizeof(*releases));
}
