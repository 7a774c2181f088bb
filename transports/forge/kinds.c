/* The forges that there are, in one table, and what they say of a release. */
#include <stdio.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "transports/forge/inside.h"

/*
 * GitHub: docs.github.com, REST, releases. Gitea: its swagger, repoListReleases; Forgejo has the
 * same. GitLab: docs.gitlab.com, Releases API: it knows no draft and no pre-release, has no
 * numbers, and lists releases of the future, which are not published yet.
 */
static const struct rfa_forge_kind kinds[] = {
	{ .name = "github",
	  .home = "github.com",
	  .home_api = "https://api.github.com",
	  .api = "/api/v3",
	  .list = "/repos/%s/releases?per_page=100",
	  .auth = "Authorization: Bearer ",
	  .accept = "Accept: application/vnd.github+json",
	  .id = "id",
	  .published = "published_at",
	  .draft = "draft",
	  .prerelease = "prerelease" },
	{ .name = "gitea",
	  .api = "/api/v1",
	  .list = "/repos/%s/releases?limit=50",
	  .auth = "Authorization: token ",
	  .accept = "Accept: application/json",
	  .id = "id",
	  .published = "published_at",
	  .draft = "draft",
	  .prerelease = "prerelease" },
	{ .name = "gitlab",
	  .api = "/api/v4",
	  .list = "/projects/%s/releases?per_page=100",
	  .escaped = 1,
	  .auth = "PRIVATE-TOKEN: ",
	  .accept = "Accept: application/json",
	  .published = "released_at" },
};

const struct rfa_forge_kind *rfa_forge_kind(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	return NULL;
}

int rfa_forge_is_known(const char *forge)
{
	return rfa_forge_kind(forge) != NULL;
}

/* Of a URL of git. */

struct git_url {
	const char *host;
	size_t host_len, name_len; /* with the port; without it */
	const char *path;
};

/* "https://git.example.org:8443/olga/shop.git", "ssh://git@host:22/…", "git@host:olga/shop". */
static int split(const char *git, struct git_url *out, struct rfa_error *err)
{
	const char *rest = strstr(git, "://"), *ends = rest ? "/" : ":/", *at, *end;

	out->host = rest ? rest + 3 : git;
	at = memchr(out->host, '@', strcspn(out->host, ends));
	out->host = at ? at + 1 : out->host;
	/* "[2001:db8::1]" has colons of its own. */
	end = *out->host == '[' ? strchr(out->host, ']') : NULL;
	out->name_len = end ? (size_t)(end + 1 - out->host) : strcspn(out->host, ":/");
	end = out->host + out->name_len;
	end += strcspn(end, ends);
	if (!*end || (!rest && *end != ':') || !end[1]) {
		rfa_fail(err, RFA_ECONFIG, "forge", "%.200s is no repository of a forge", git);
		return rfa_error_hint(err, "write watch.api and watch.project into rfa.json, or "
					   "leave watch.forge out: then tags are watched");
	}
	out->host_len = (size_t)(end - out->host);
	out->path = end + 1;
	return 0;
}

int rfa_forge_api(const char *forge, const char *git, char api[512], struct rfa_error *err)
{
	const struct rfa_forge_kind *kind = rfa_forge_kind(forge);
	const char *scheme = strncmp(git, "http://", 7) ? "https" : "http";
	struct git_url url;
	int is_web = !strncmp(git, "http", 4);
	int rc = split(git, &url, err);

	if (rc)
		return rc;
	/* The port of ssh is not that of the interface. */
	if (!is_web)
		url.host_len = url.name_len;
	if (kind->home && strlen(kind->home) == url.host_len &&
	    !strncmp(url.host, kind->home, url.host_len))
		snprintf(api, 512, "%s", kind->home_api);
	else
		snprintf(api, 512, "%s://%.*s%s", scheme, (int)url.host_len, url.host, kind->api);
	return 0;
}

int rfa_forge_project(const char *git, char project[256], struct rfa_error *err)
{
	struct git_url url;
	size_t len;
	int rc = split(git, &url, err);

	if (rc)
		return rc;
	while (*url.path == '/')
		url.path++;
	snprintf(project, 256, "%s", url.path);
	len = strlen(project);
	while (len && project[len - 1] == '/')
		project[--len] = '\0';
	if (len > 4 && !strcmp(project + len - 4, ".git"))
		project[len - 4] = '\0';
	return 0;
}

/* Of a page. */

/* "2026-11-22T10:30:15Z", "….529Z", "…+01:00" (RFC 3339). */
static int moment(const char *text, int64_t *ms)
{
	const char *tail = text + 19;
	int hours, minutes;
	char head[24];

	if (strlen(text) < 20)
		return -1;
	snprintf(head, sizeof(head), "%.19sZ", text);
	if (rfa_time_parse(head, ms))
		return -1;
	if (*tail == '.')
		tail += 1 + strspn(tail + 1, "0123456789");
	if (!strcmp(tail, "Z"))
		return 0;
	if ((*tail != '+' && *tail != '-') || sscanf(tail + 1, "%2d:%2d", &hours, &minutes) != 2)
		return -1;
	*ms -= (int64_t)(*tail == '-' ? -1 : 1) * (hours * 60 + minutes) * 60 * 1000;
	return 0;
}

static int nonsense(const char *tag, const char *what, struct rfa_error *err)
{
	struct rfa_buf safe = RFA_BUF_INIT(1024);

	rfa_buf_put_printable(&safe, tag, strlen(tag), 100);
	rfa_fail(err, RFA_EPROTOCOL, "forge", "of the release %s the forge does not say %s",
		 rfa_buf_str(&safe), what);
	rfa_buf_release(&safe);
	return rfa_error_hint(err, "is watch.forge of rfa.json right?");
}

static int read_one(const struct rfa_forge_kind *kind, const json_t *one, json_t *list,
		    struct rfa_error *err)
{
	const char *tag = rfa_facts_str(one, "tag_name", "");
	const json_t *number = kind->id ? json_object_get(one, kind->id) : NULL;
	int draft = kind->draft && json_is_true(json_object_get(one, kind->draft));
	const char *at = rfa_facts_str(one, kind->published, "");
	int64_t ms = 0;
	char id[32];

	if (!*tag || strlen(tag) > 255)
		return 0; /* a draft may have none yet */
	if (kind->id && !json_is_integer(number))
		return nonsense(tag, "its number", err);
	snprintf(id, sizeof(id), "%lld", (long long)json_integer_value(number));
	/* Without a day, a release of GitLab is one of the future. */
	draft |= !kind->draft && !*at;
	if (!draft && moment(at, &ms))
		return nonsense(tag, "when it was published", err);
	return rfa_facts_append(
	    list,
	    json_pack("{s:s, s:s, s:I, s:b, s:i}", "id", kind->id ? id : tag, "tag", tag,
		      "published", (json_int_t)ms, "draft", draft, "prerelease",
		      kind->prerelease ? json_is_true(json_object_get(one, kind->prerelease)) : -1),
	    err);
}

int rfa_forge_read(const struct rfa_forge_kind *kind, const struct rfa_buf *body, json_t **out,
		   struct rfa_error *err)
{
	json_t *page = NULL, *list = json_array(), *one;
	size_t i;
	int rc =
	    list ? rfa_facts_parse(&page, rfa_buf_str(body), body->len, "the list of releases", err)
		 : rfa_fail_nomem(err);

	if (rc == -(int)RFA_EPROTOCOL || (!rc && !json_is_array(page))) {
		rfa_fail(err, RFA_EPROTOCOL, "forge", "the forge answers no list of releases");
		rc = rfa_error_hint(err, "correct watch.api of rfa.json");
	}
	json_array_foreach (page, i, one)
		rc = rc ? rc : read_one(kind, one, list, err);
	json_decref(page);
	if (rc)
		json_decref(list);
	else
		*out = list;
	return rc;
}
