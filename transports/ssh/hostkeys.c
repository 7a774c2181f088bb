/* Judges a host's key by known_hosts files, line by line: one bad line must not hide the others. */
#include "transports/ssh/hostkeys.h"

#include <errno.h>
#include <fcntl.h>
#include <libssh2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fsm/base/base64.h"
#include "fsm/base/digest.h"

#define FILE_BYTES_MAX ((size_t)16 << 20)
#define LINE_BYTES_MAX 16384u
#define HOST_NAME_BYTES 300u
#define DEFAULT_PORT 22u
#define REVOKED_HINT                                                                               \
	"do not connect: the key is in somebody else's hands; give the host new keys (ssh-keygen " \
	"-A)"

enum marker { PLAIN, REVOKED, AUTHORITY };

/* One line, cut into its words; all point into the line. */
struct known_line {
	enum marker marker;
	const char *hosts, *type, *key;
};

/* What is looked for. */
struct wanted {
	char name[HOST_NAME_BYTES];  /* as lines for this host have it: "h", "[h]:2222" or the alias
				      */
	char plain[HOST_NAME_BYTES]; /* without the port, if that is another name; else "" */
	char type[64];               /* of the key at hand; "" if there is none */
	struct rfa_buf key;          /* in base64 */
	LIBSSH2_SESSION *session;    /* only for its memory functions */
};

void rfa_ssh_fingerprint(const void *key, size_t len, char out[RFA_SSH_FINGERPRINT_MAX])
{
	struct rfa_buf text = RFA_BUF_INIT(64);
	char hex[RFA_DIGEST_HEX];
	unsigned char raw[32];
	size_t i;

	rfa_digest_of(RFA_SHA256, key, len, hex);
	for (i = 0; i < sizeof(raw); i++) {
		const char pair[3] = { hex[2 * i], hex[2 * i + 1], '\0' };

		raw[i] = (unsigned char)strtoul(pair, NULL, 16);
	}
	rfa_base64_put(&text, raw, sizeof(raw));
	snprintf(out, RFA_SSH_FINGERPRINT_MAX, "SHA256:%.43s", rfa_buf_str(&text));
	rfa_buf_release(&text);
}

/* One line. */

/* Cuts the next word off; "" at the end. */
static char *next_word(char **rest)
{
	char *word = *rest + strspn(*rest, " \t");
	char *end = word + strcspn(word, " \t\r");

	*rest = end;
	if (*end)
		*(*rest)++ = '\0';
	return word;
}

/*
 * 1 if the base64 text can be a key of that type: a damaged line must not count as another key.
 * Whole groups of four characters are compared: the last one may hold bits of the key itself.
 */
static int key_fits(const char *type, const char *key)
{
	unsigned char head[4 + 64];
	struct rfa_buf text = RFA_BUF_INIT(256);
	size_t type_len = strlen(type);
	size_t key_len = strlen(key);
	size_t digits = strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789+/");
	size_t same = (4 + type_len) / 3 * 4;
	int fits = 0;

	if (!type_len || type_len > 64 || key_len % 4 || digits + 2 < key_len ||
	    digits + strspn(key + digits, "=") != key_len)
		return 0;
	memset(head, 0, 4);
	head[3] = (unsigned char)type_len;
	memcpy(head + 4, type, type_len);
	rfa_base64_put(&text, head, 4 + type_len);
	if (!text.failed)
		fits = key_len > same && !memcmp(text.data, key, same);
	rfa_buf_release(&text);
	return fits;
}

/* 1 if the line says something. Cuts it into words. */
static int read_line(char *line, struct known_line *out)
{
	char *word = next_word(&line);

	out->marker = PLAIN;
	if (!*word || *word == '#')
		return 0;
	if (*word == '@') {
		if (!strcmp(word, "@revoked"))
			out->marker = REVOKED;
		else if (!strcmp(word, "@cert-authority"))
			out->marker = AUTHORITY;
		else
			return 0;
		word = next_word(&line);
	}
	out->hosts = word;
	out->type = next_word(&line);
	out->key = next_word(&line);
	return key_fits(out->type, out->key);
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* A glob of * and ?, without recursion: only the last * needs to be tried again. */
static int glob(const char *pattern, size_t len, const char *name)
{
	size_t p = 0, n = 0;
	size_t star = SIZE_MAX, star_n = 0;

	while (name[n]) {
		if (p < len && pattern[p] == '*') {
			star = p++;
			star_n = n;
		} else if (p < len && (pattern[p] == '?' || lower(pattern[p]) == lower(name[n]))) {
			p++;
			n++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			n = ++star_n;
		} else {
			return 0;
		}
	}
	while (p < len && pattern[p] == '*')
		p++;
	return p == len;
}

int rfa_ssh_known_matches(const char *patterns, const char *name)
{
	int matches = 0;

	while (*patterns) {
		size_t len = strcspn(patterns, ",");
		int negated = patterns[0] == '!';

		if (glob(patterns + negated, len - (size_t)negated, name)) {
			if (negated)
				return 0;
			matches = 1;
		}
		patterns += len + (patterns[len] == ',');
	}
	return matches;
}

/*
 * 1 if text has the form "|1|<salt>|<hash>" with 20 bytes of each. libssh2 1.10 leaks memory over a
 * hash of another length.
 */
static int is_hashed(const char *text)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *salt = text + 3;

	return strlen(text) == 60 && strspn(salt, digits) == 27 && salt[27] == '=' &&
	       salt[28] == '|' && strspn(salt + 29, digits) == 27 && salt[56] == '=';
}

/*
 * A hashed name (HMAC-SHA1 under a salt). libssh2 has the HMAC but only compares whole entries: so
 * it gets a collection of this one name with a key that nothing has, and "mismatch" means that the
 * name is the one.
 */
static int hashed_matches(LIBSSH2_SESSION *session, const char *hashed, const char *name)
{
	static const char key[] = " ssh-ed25519 AAAAAAAAAAAAAAAAAAAAAAAAAAAA\n";
	LIBSSH2_KNOWNHOSTS *hosts = libssh2_knownhost_init(session);
	struct rfa_buf line = RFA_BUF_INIT(1024);
	int matches = 0;

	rfa_buf_puts(&line, hashed);
	rfa_buf_puts(&line, key);
	if (hosts && !line.failed &&
	    !libssh2_knownhost_readline(hosts, line.data, line.len,
					LIBSSH2_KNOWNHOST_FILE_OPENSSH)) {
		struct libssh2_knownhost *entry = NULL;

		matches = libssh2_knownhost_check(hosts, name, "AA==", 4,
						  LIBSSH2_KNOWNHOST_TYPE_PLAIN |
						      LIBSSH2_KNOWNHOST_KEYENC_BASE64,
						  &entry) == LIBSSH2_KNOWNHOST_CHECK_MISMATCH;
	}
	if (hosts)
		libssh2_knownhost_free(hosts);
	rfa_buf_release(&line);
	return matches;
}

static int names(const struct wanted *w, const char *hosts, const char *name)
{
	if (!*name)
		return 0;
	if (!strncmp(hosts, "|1|", 3))
		return is_hashed(hosts) && hashed_matches(w->session, hosts, name);
	return rfa_ssh_known_matches(hosts, name);
}

/* The verdict. */

/* Which finding outweighs which: a revoked key is revoked whatever else is said of it. */
static unsigned weight(enum rfa_ssh_trust trust)
{
	switch (trust) {
	case RFA_SSH_REVOKED:
		return 5;
	case RFA_SSH_KNOWN:
		return 4;
	case RFA_SSH_CHANGED:
		return 3;
	case RFA_SSH_OTHERTYPE:
		return 2;
	case RFA_SSH_AUTHORITY:
		return 1;
	case RFA_SSH_UNKNOWN:
		break;
	}
	return 0;
}

static void found(struct rfa_ssh_known *k, enum rfa_ssh_trust trust, const char *file,
		  unsigned line)
{
	if (weight(trust) <= weight(k->trust))
		return;
	k->trust = trust;
	k->line = line;
	snprintf(k->file, sizeof(k->file), "%s", file);
}

static void add_type(struct rfa_ssh_known *k, const char *type)
{
	size_t len = strlen(k->types);

	if (strchr(type, ',') || rfa_ssh_known_matches(k->types, type) ||
	    len + strlen(type) + 2 > sizeof(k->types))
		return;
	snprintf(k->types + len, sizeof(k->types) - len, "%s%s", len ? "," : "", type);
}

/* One line that names the host in this way. */
static void judge_known(struct rfa_ssh_known *k, const struct known_line *line, const char *file,
			unsigned number, const struct wanted *w)
{
	int have_key = w->key.len != 0;
	int same = have_key && !strcmp(line->key, rfa_buf_str(&w->key));

	if (line->marker == REVOKED) {
		if (same)
			found(k, RFA_SSH_REVOKED, file, number);
	} else if (line->marker == AUTHORITY) {
		found(k, RFA_SSH_AUTHORITY, file, number);
	} else {
		add_type(k, line->type);
		found(k,
		      same                                       ? RFA_SSH_KNOWN
		      : have_key && !strcmp(line->type, w->type) ? RFA_SSH_CHANGED
								 : RFA_SSH_OTHERTYPE,
		      file, number);
	}
}

static void judge_line(struct rfa_ssh_verdict *v, char *text, const char *file, unsigned number,
		       const struct wanted *w)
{
	struct known_line line;

	if (!read_line(text, &line))
		return;
	if (names(w, line.hosts, w->name))
		judge_known(&v->exact, &line, file, number, w);
	if (names(w, line.hosts, w->plain))
		judge_known(&v->bare, &line, file, number, w);
}

/* Which of the two names decides. */
static void conclude(struct rfa_ssh_verdict *v)
{
	const struct rfa_ssh_known *k = &v->exact;

	if (!*v->exact.types && v->exact.trust != RFA_SSH_REVOKED &&
	    (v->bare.trust == RFA_SSH_KNOWN || v->bare.trust == RFA_SSH_REVOKED))
		k = &v->bare;
	v->all = *k;
	if (!*v->exact.types)
		snprintf(v->all.types, sizeof(v->all.types), "%s", v->bare.types);
}

static int want(struct wanted *w, const struct rfa_ssh_settings *host, const void *key,
		size_t key_len, struct rfa_error *err)
{
	static const struct rfa_buf empty = RFA_BUF_INIT((size_t)1 << 20);
	const unsigned char *p = key;
	size_t len;

	memset(w, 0, sizeof(*w));
	w->key = empty;
	if (host->alias) {
		snprintf(w->name, sizeof(w->name), "%s", host->alias);
	} else if (host->port != DEFAULT_PORT) {
		snprintf(w->name, sizeof(w->name), "[%s]:%u", host->host, host->port);
		snprintf(w->plain, sizeof(w->plain), "%s", host->host);
	} else {
		snprintf(w->name, sizeof(w->name), "%s", host->host);
	}
	w->session = libssh2_session_init();
	if (!w->session)
		return rfa_fail_nomem(err);
	if (!key)
		return 0;
	len = key_len < 4 ? 0 : (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
	if (!len || len >= sizeof(w->type) || len > key_len - 4)
		return rfa_fail(err, RFA_EPROTOCOL, "ssh", "the host's key has no type");
	memcpy(w->type, p + 4, len);
	rfa_base64_put(&w->key, key, key_len);
	return rfa_buf_check(&w->key, err);
}

static void unwant(struct wanted *w)
{
	if (w->session)
		libssh2_session_free(w->session);
	rfa_buf_release(&w->key);
}

static void judge_text(struct rfa_ssh_verdict *v, const char *text, size_t len, const char *file,
		       const struct wanted *w)
{
	char line[LINE_BYTES_MAX];
	unsigned number = 0;

	while (len) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;

		number++;
		if (n < sizeof(line) && !memchr(text, '\0', n)) {
			memcpy(line, text, n);
			line[n] = '\0';
			judge_line(v, line, file, number, w);
		}
		text += n + (end != NULL);
		len -= n + (end != NULL);
	}
	conclude(v);
}

int rfa_ssh_known_judge(struct rfa_ssh_verdict *v, const char *text, size_t len, const char *file,
			const struct rfa_ssh_settings *host, const void *key, size_t key_len,
			struct rfa_error *err)
{
	struct wanted w;
	int rc = want(&w, host, key, key_len, err);

	if (!rc)
		judge_text(v, text, len, file, &w);
	unwant(&w);
	return rc;
}

/* Appends a file's content; one that does not exist has none. */
static int slurp(struct rfa_buf *out, const char *path, struct rfa_error *err)
{
	char data[16384];
	ssize_t n = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc = 0;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR
			   ? 0
			   : rfa_fail_errno(err, errno, "%s cannot be read", path);
	while (!rc && (n = read(fd, data, sizeof(data))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			rc = rfa_fail_errno(err, errno, "%s cannot be read", path);
		else if (rfa_buf_add(out, data, (size_t)n))
			rc = rfa_buf_check(out, err);
	}
	close(fd);
	return rc;
}

int rfa_ssh_known_ask(struct rfa_ssh_verdict *v, const struct rfa_ssh_settings *host,
		      const void *key, size_t key_len, struct rfa_error *err)
{
	const struct rfa_ssh_files *lists[] = { &host->known_hosts, &host->global_hosts };
	struct rfa_buf text = RFA_BUF_INIT(FILE_BYTES_MAX);
	struct wanted w;
	size_t i, j;
	int rc = want(&w, host, key, key_len, err);

	memset(v, 0, sizeof(*v));
	for (i = 0; !rc && i < 2; i++) {
		for (j = 0; !rc && j < lists[i]->count; j++) {
			const char *path = lists[i]->path[j];

			rfa_buf_clear(&text);
			rc = slurp(&text, path, err);
			if (!rc)
				judge_text(v, rfa_buf_str(&text), text.len, path, &w);
		}
	}
	unwant(&w);
	rfa_buf_release(&text);
	return rc;
}

/* What a person is told. */

/* "ed25519" for "ssh-ed25519": the word that `ssh-keyscan -t` takes. */
static const char *scan_word(const char *type)
{
	if (!strncmp(type, "ecdsa-", 6))
		return "ecdsa";
	return !strncmp(type, "ssh-", 4) ? type + 4 : type;
}

/*
 * RevokedHostKeys: a list of public keys, a line each, which no host may have. As ssh, a list that
 * cannot be read revokes all.
 */
static int check_revoked(const struct rfa_ssh_settings *host, const struct wanted *w,
			 const char *print, struct rfa_error *err)
{
	static const char binary[] = "SSHKRL\n";
	struct rfa_buf text = RFA_BUF_INIT(FILE_BYTES_MAX);
	const char *p;
	size_t n = w->key.len;
	int rc = 0;

	if (!host->revoked_keys)
		return 0;
	if (access(host->revoked_keys, R_OK) || slurp(&text, host->revoked_keys, err)) {
		rc = rfa_fail(err, RFA_EHOSTKEY, "ssh",
			      "RevokedHostKeys %s cannot be read, so no key is trusted",
			      host->revoked_keys);
		rfa_error_hint(err, "put the file there, or correct its name in ssh_config");
		goto done;
	}
	p = rfa_buf_str(&text);
	if (!strncmp(p, binary, sizeof(binary) - 1)) {
		rfa_fail(err, RFA_EUNSUPPORTED, "ssh",
			 "RevokedHostKeys %s is a key revocation list, which rfa cannot read",
			 host->revoked_keys);
		rc =
		    rfa_error_hint(err, "list the revoked public keys in a text file, a line each");
		goto done;
	}
	while (!rc && (p = strstr(p, rfa_buf_str(&w->key)))) {
		if (p > text.data && strchr(" \t\n", p[-1]) && strchr(" \t\r\n", p[n])) {
			rc = rfa_fail(err, RFA_EHOSTKEY, "ssh",
				      "the %s key of %s, %s, is revoked by %s", scan_word(w->type),
				      w->name, print, host->revoked_keys);
			rfa_error_hint(err, REVOKED_HINT);
		}
		p += n;
	}
done:
	rfa_buf_release(&text);
	return rc;
}

int rfa_ssh_known_check(const struct rfa_ssh_settings *host, const void *key, size_t key_len,
			struct rfa_error *err)
{
	const char *file =
	    host->known_hosts.count ? host->known_hosts.path[0] : "~/.ssh/known_hosts";
	char print[RFA_SSH_FINGERPRINT_MAX];
	struct rfa_ssh_verdict v;
	struct wanted w;
	int rc = rfa_ssh_known_ask(&v, host, key, key_len, err);

	if (rc)
		return rc;
	rc = want(&w, host, key, key_len, err);
	if (rc)
		goto done;
	rfa_ssh_fingerprint(key, key_len, print);
	rc = check_revoked(host, &w, print, err);
	if (rc || v.all.trust == RFA_SSH_KNOWN)
		goto done;
	switch (v.all.trust) {
	case RFA_SSH_CHANGED:
		rfa_fail(err, RFA_EHOSTKEY, "ssh",
			 "the %s key of %s is %s, which is not the one in %s line %u",
			 scan_word(w.type), w.name, print, v.all.file, v.all.line);
		rfa_error_hint(err,
			       "somebody may be listening; if the host was installed anew: "
			       "ssh-keygen -R '%s' -f %s && ssh-keyscan -t %s -p %u %s >> %s",
			       w.name, v.all.file, scan_word(w.type), host->port, host->host, file);
		break;
	case RFA_SSH_REVOKED:
		rfa_fail(err, RFA_EHOSTKEY, "ssh", "the %s key of %s, %s, is revoked by %s line %u",
			 scan_word(w.type), w.name, print, v.all.file, v.all.line);
		rfa_error_hint(err, REVOKED_HINT);
		break;
	case RFA_SSH_AUTHORITY:
		rfa_fail(err, RFA_EUNSUPPORTED, "ssh",
			 "%s is trusted by a certificate authority only (%s line %u), which cannot "
			 "be checked; its %s key is %s",
			 w.name, v.all.file, v.all.line, scan_word(w.type), print);
		rfa_error_hint(err,
			       "compare the fingerprint, then add the key itself: "
			       "ssh-keyscan -t %s -p %u %s >> %s",
			       scan_word(w.type), host->port, host->host, file);
		break;
	case RFA_SSH_OTHERTYPE:
		rfa_fail(err, RFA_EHOSTKEY, "ssh",
			 "the %s key of %s is unknown: %s; %s line %u knows it by %s only",
			 scan_word(w.type), w.name, print, v.all.file, v.all.line, v.all.types);
		rfa_error_hint(err,
			       "compare the fingerprint with the host's owner, then: "
			       "ssh-keyscan -t %s -p %u %s >> %s",
			       scan_word(w.type), host->port, host->host, file);
		break;
	case RFA_SSH_UNKNOWN:
	case RFA_SSH_KNOWN:
		rfa_fail(err, RFA_EHOSTKEY, "ssh", "the %s key of %s is unknown: %s",
			 scan_word(w.type), w.name, print);
		rfa_error_hint(err,
			       "compare the fingerprint with the host's owner, then: "
			       "ssh-keyscan -t %s -p %u %s >> %s",
			       scan_word(w.type), host->port, host->host, file);
		break;
	}
	rc = v.all.trust == RFA_SSH_AUTHORITY ? -(int)RFA_EUNSUPPORTED : -(int)RFA_EHOSTKEY;
done:
	unwant(&w);
	return rc;
}
