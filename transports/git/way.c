/* How a server is reached and asked: by its URL, by what ssh knows of it, with which login. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "transports/git/inside.h"
#include "transports/ssh/config.h"
#include "transports/ssh/hostkeys.h"

struct rfa_git_way {
	const struct rfa_git_source *source; /* borrowed */
	char *url;                           /* owned; as libgit2 is asked */
	char *host;                          /* owned; "": a path */
	char port[8];                        /* of http */
	int is_ssh, is_http;
	struct rfa_ssh_route route; /* of ssh; the last hop is the server */
	struct rfa_error *why;
	unsigned tries; /* how often a login was asked for */
};

static int wrong(const struct rfa_git_source *source, const char *what, const char *hint,
		 struct rfa_error *err)
{
	rfa_fail(err, RFA_ECONFIG, "git", "%s", what);
	rfa_error_where(err, "%.100s", source->url);
	return rfa_error_hint(err, "%s", hint);
}

/* The URL. */

/* user, host, port and path of "scheme://user@host:port/path" or "user@host:path". */
struct parts {
	char user[128], host[256], port[8];
	const char *path;
	int password; /* there is one in it */
};

static int take(char *to, size_t size, const char *from, size_t len)
{
	if (len >= size)
		return -1;
	memcpy(to, from, len);
	to[len] = '\0';
	return 0;
}

/* rest: what follows "scheme://", or all of "user@host:path". */
static int split(struct parts *p, const char *rest, int is_url)
{
	size_t len = strcspn(rest, is_url ? "/" : ":");
	const char *at = memchr(rest, '@', len), *host, *colon;

	memset(p, 0, sizeof(*p));
	for (host = at; host; host = memchr(host + 1, '@', len - (size_t)(host + 1 - rest)))
		at = host;
	p->path = rest + len + (is_url ? 0 : 1);
	host = at ? at + 1 : rest;
	if (at) {
		colon = memchr(rest, ':', (size_t)(at - rest));
		p->password = colon != NULL;
		if (take(p->user, sizeof(p->user), rest, (size_t)((colon ? colon : at) - rest)))
			return -1;
	}
	len -= (size_t)(host - rest);
	if (*host == '[') {
		colon = memchr(host, ']', len);
		if (!colon || take(p->host, sizeof(p->host), host + 1, (size_t)(colon - host - 1)))
			return -1;
		return colon[1] == ':' ? take(p->port, sizeof(p->port), colon + 2,
					      len - (size_t)(colon + 2 - host))
				       : 0;
	}
	colon = is_url ? memchr(host, ':', len) : NULL;
	if (colon && take(p->port, sizeof(p->port), colon + 1, len - (size_t)(colon + 1 - host)))
		return -1;
	return take(p->host, sizeof(p->host), host, colon ? (size_t)(colon - host) : len);
}

/* Where ssh goes for it: a name of the user's ssh_config may be another host. */
static int ask_ssh(struct rfa_git_way *w, const struct parts *p, int is_url, struct rfa_error *err)
{
	const char *user = w->source->user ? w->source->user : p->user;
	const struct rfa_ssh_settings *to;
	char destination[512], url[1536];
	int rc;

	snprintf(destination, sizeof(destination), "ssh://%s%s%s%s%s%s%s", user, *user ? "@" : "",
		 strchr(p->host, ':') ? "[" : "", p->host, strchr(p->host, ':') ? "]" : "",
		 *p->port ? ":" : "", p->port);
	rc = rfa_ssh_route_ask(&w->route, destination, w->source->ssh_config, w->source->cancel,
			       err);
	if (rc)
		return rc;
	to = w->route.hop[w->route.count - 1];
	if (w->route.count > 1 || to->proxy_command) {
		rfa_fail(err, RFA_EUNSUPPORTED, "git",
			 "%.100s is behind a jump host, and git cannot be asked over one", p->host);
		return rfa_error_hint(err, "name a way without one, or a copy of the repository on "
					   "this machine: \"git\": \"/srv/git/shop.git\"");
	}
	if (is_url || to->port != 22)
		snprintf(url, sizeof(url), "ssh://%s@%s%s%s:%u%s%s", to->user,
			 strchr(to->host, ':') ? "[" : "", to->host,
			 strchr(to->host, ':') ? "]" : "", to->port, *p->path == '/' ? "" : "/",
			 p->path);
	else
		snprintf(url, sizeof(url), "%s@%s:%s", to->user, to->host, p->path);
	w->url = strdup(url);
	w->host = strdup(to->host);
	return w->url && w->host ? 0 : rfa_fail_nomem(err);
}

static int is_loopback(const char *host)
{
	return !strcmp(host, "localhost") || !strncmp(host, "127.", 4) || !strcmp(host, "::1");
}

/* The port that is meant, written or not. */
static const char *port_of(const struct parts *p, int tls)
{
	return *p->port ? p->port : tls ? "443" : "80";
}

static int find_http(struct rfa_git_way *w, const struct parts *p, int tls, struct rfa_error *err)
{
	if (p->password)
		return wrong(w->source, "a password stands in the URL",
			     "take it out, and say where it is in source.login of rfa.json", err);
	if (w->source->secret && !tls && !is_loopback(p->host))
		return wrong(w->source, "the login would go over http, where anybody can read it",
			     "write https://", err);
	w->is_http = 1;
	snprintf(w->port, sizeof(w->port), "%s", port_of(p, tls));
	w->url = strdup(w->source->url);
	w->host = strdup(p->host);
	return w->url && w->host ? 0 : rfa_fail_nomem(err);
}

static int find(struct rfa_git_way *w, struct rfa_error *err)
{
	const char *url = w->source->url, *rest = strstr(url, "://");
	const char *colon = strchr(url, ':');
	struct parts p;
	int is_url = rest != NULL;
	int is_scp = !is_url && colon && *url != '/' && *url != '.' &&
		     strcspn(url, "/") > (size_t)(colon - url);

	if ((is_url || is_scp) && split(&p, is_url ? rest + 3 : url, is_url))
		return wrong(w->source, "this is no URL of a repository",
			     "for example https://git.example.org/shop.git", err);
	if (is_scp || !strncmp(url, "ssh://", 6)) {
		w->is_ssh = 1;
		if (p.password)
			return wrong(w->source, "a password stands in the URL",
				     "take it out: ssh is asked with keys", err);
		return ask_ssh(w, &p, is_url, err);
	}
	if (!strncmp(url, "https://", 8) || !strncmp(url, "http://", 7))
		return find_http(w, &p, url[4] == 's', err);
	if (is_url && strncmp(url, "git://", 6) != 0 && strncmp(url, "file://", 7) != 0)
		return wrong(w->source, "no repository can be asked in this way",
			     "https, ssh, git, or a path", err);
	/* libgit2 takes what is not there for a way that it does not know. */
	if (!is_url && access(url, F_OK) != 0) {
		rfa_fail(err, RFA_ENOTFOUND, "git", "there is no repository %.300s", url);
		return rfa_error_hint(err, "correct source.git in rfa.json");
	}
	w->url = strdup(url);
	w->host = strdup(is_url && *url == 'g' ? p.host : "");
	return w->url && w->host ? 0 : rfa_fail_nomem(err);
}

int rfa_git_way_find(struct rfa_git_way **out, const struct rfa_git_source *source,
		     struct rfa_error *err)
{
	struct rfa_git_way *w = calloc(1, sizeof(*w));
	int rc;

	if (!w)
		return rfa_fail_nomem(err);
	w->source = source;
	rc = find(w, err);
	if (rc)
		rfa_git_way_free(w);
	else
		*out = w;
	return rc;
}

void rfa_git_way_free(struct rfa_git_way *way)
{
	if (!way)
		return;
	rfa_ssh_route_release(&way->route);
	free(way->url);
	free(way->host);
	free(way);
}

const char *rfa_git_way_url(const struct rfa_git_way *way)
{
	return way->url;
}

/* The login. */

static int no_login(struct rfa_git_way *w, const char *what, const char *hint)
{
	rfa_fail(w->why, RFA_EAUTH, "git", "%s", what);
	rfa_error_where(w->why, "%.100s", w->source->url);
	rfa_error_hint(w->why, "%s", hint);
	return GIT_EAUTH;
}

/* The n-th way in which ssh proves who we are; 1: there is none. */
static int key_of(struct rfa_git_way *w, git_credential **out, const char *user, unsigned n)
{
	const struct rfa_ssh_settings *to = w->route.hop[w->route.count - 1];
	size_t i;

	if (w->source->key)
		return n ? 1 : git_credential_ssh_key_new(out, user, NULL, w->source->key, NULL);
	if (to->agent && !n)
		return git_credential_ssh_key_from_agent(out, user);
	n -= to->agent ? 1 : 0;
	for (i = 0; i < to->identities.count; i++) {
		if (access(to->identities.path[i], R_OK) != 0 || n--)
			continue;
		return git_credential_ssh_key_new(out, user, NULL, to->identities.path[i], NULL);
	}
	return 1;
}

static int ask_key(struct rfa_git_way *w, git_credential **out, const char *user, unsigned allowed)
{
	const struct rfa_ssh_settings *to = w->route.hop[w->route.count - 1];
	const char *as = user && *user ? user : to->user;

	if (allowed & GIT_CREDENTIAL_USERNAME)
		return git_credential_username_new(out, as);
	if (allowed & GIT_CREDENTIAL_SSH_KEY) {
		int rc = key_of(w, out, as, w->tries++);

		if (rc <= 0)
			return rc;
	}
	return no_login(w, "the server of the repository takes none of our keys",
			"add the public key there, or name another one in source.key of rfa.json");
}

/*
 * A login is for the server that rfa.json names, and for no other that it points to. The same host
 * with another port is another server.
 */
static int is_same_host(const struct rfa_git_way *w, const char *url)
{
	const char *rest = url ? strstr(url, "://") : NULL;
	struct parts p;

	if (!rest || split(&p, rest + 3, 1) || strcmp(p.host, w->host) != 0)
		return 0;
	return !strcmp(port_of(&p, !strncmp(url, "https:", 6)), w->port);
}

static int ask_password(struct rfa_git_way *w, git_credential **out, const char *url)
{
	const struct rfa_git_source *s = w->source;

	if (!s->secret)
		return no_login(w, "the repository asks for a login, and rfa.json names none",
				"say where it is in source.login of rfa.json");
	if (!is_same_host(w, url))
		return no_login(w, "the server sends us to another one, which gets no login",
				"write the URL of that one in source.git of rfa.json");
	if (w->tries++)
		return no_login(w, "the server of the repository does not take our login",
				"look at source.login of rfa.json: a token may be too old");
	return git_credential_userpass_plaintext_new(out, s->user && *s->user ? s->user : "git",
						     s->secret);
}

static int on_login(git_credential **out, const char *url, const char *user, unsigned int allowed,
		    void *payload)
{
	struct rfa_git_way *w = payload;

	return w->is_ssh ? ask_key(w, out, user, allowed) : ask_password(w, out, url);
}

/* As ssh's own hosts: the key has to be in the user's known_hosts. */
static int on_server(git_cert *cert, int valid, const char *host, void *payload)
{
	struct rfa_git_way *w = payload;
	const git_cert_hostkey *key = (const git_cert_hostkey *)(const void *)cert;

	if (w->is_ssh) {
		if (cert->cert_type != GIT_CERT_HOSTKEY_LIBSSH2 ||
		    !(key->type & GIT_CERT_SSH_RAW)) {
			rfa_fail(w->why, RFA_EHOSTKEY, "git", "the key of %.100s cannot be told",
				 host);
			return GIT_ECERTIFICATE;
		}
		return rfa_ssh_known_check(w->route.hop[w->route.count - 1], key->hostkey,
					   key->hostkey_len, w->why)
			   ? GIT_ECERTIFICATE
			   : 0;
	}
	if (valid)
		return 0;
	rfa_fail(w->why, RFA_EHOSTKEY, "git", "the certificate of %.100s is not trusted", host);
	rfa_error_hint(w->why, "name the file with its authority in source.ca of rfa.json");
	return GIT_ECERTIFICATE;
}

void rfa_git_way_callbacks(struct rfa_git_way *way, git_remote_callbacks *callbacks,
			   struct rfa_error *why)
{
	way->why = why;
	callbacks->payload = way;
	callbacks->credentials = on_login;
	callbacks->certificate_check = on_server;
}
