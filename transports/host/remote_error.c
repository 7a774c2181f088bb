/* What a script on a host says by its exit status and its words, turned into an error. */
#include "transports/host/remote_error.h"

#include <ctype.h>
#include <string.h>

#include "fsm/base/buf.h"
#include "transports/host/remote_name.h"

/* Longest piece of a host's own words in a message. */
#define QUOTED_MAX 360
/* Of an id of the engine, and of how it is shown. */
#define ID_DIGITS 64u
#define ID_SHOWN 12u

int rfa_remote_mentions(const char *text, size_t len, const char *needle)
{
	size_t n = strlen(needle), i, k;

	for (i = 0; i + n <= len; i++) {
		for (k = 0; k < n && tolower((unsigned char)text[i + k]) == needle[k]; k++)
			;
		if (k == n)
			return 1;
	}
	return 0;
}

/* A sentence of the kernel, of docker or of compose, and what it means. */
struct meaning {
	const char *phrase;
	enum rfa_code code;
	enum rfa_severity severity;
	const char *hint; /* NULL: none */
};

#define HINT_ENGINE "start the engine there (systemctl start docker), then try again"
#define HINT_GROUP "connect as root, or as a member of the group docker"
#define HINT_PORT                                                                              \
	"look who has the port there: ss -ltnp. If it is a docker-proxy of no container that " \
	"runs, "                                                                               \
	"the engine has lost count: restart it (systemctl restart docker)"
#define HINT_SPACE "free some space there, or choose another disk for the engine or the state"

/* True of every command. */
static const struct meaning anywhere[] = {
	{ "no space left on device", RFA_ENOSPACE, RFA_FATAL, HINT_SPACE },
	{ "disk quota exceeded", RFA_ENOSPACE, RFA_FATAL, HINT_SPACE },
	{ "cannot connect to the docker daemon", RFA_EUNREACHABLE, RFA_RETRY, HINT_ENGINE },
	{ "permission denied while trying to connect to the docker", RFA_EUNSUPPORTED, RFA_FATAL,
	  HINT_GROUP },
	/* The same of a raw connection to the engine. */
	{ "connect: permission denied", RFA_EUNSUPPORTED, RFA_FATAL, HINT_GROUP },
	{ "failed to open the raw stream connection", RFA_EUNREACHABLE, RFA_RETRY, HINT_ENGINE },
	/* The engine went away over a request: it may or may not have been carried out. */
	{ "error during connect", RFA_ELOST, RFA_UNKNOWN, HINT_ENGINE },
	{ "unexpected eof", RFA_ELOST, RFA_UNKNOWN, NULL },
	{ "broken pipe", RFA_ELOST, RFA_UNKNOWN, NULL },
	{ "connection reset by peer", RFA_ELOST, RFA_UNKNOWN, NULL },
	{ "error reading from server: eof", RFA_ELOST, RFA_UNKNOWN, NULL },
};

/* True of a docker command that names its object. */
static const struct meaning objects[] = {
	{ "no such container", RFA_ENOTFOUND, RFA_FATAL, NULL },
	{ "no such image", RFA_ENOTFOUND, RFA_FATAL, NULL },
	/* The classic store, of a whole id that it does not have. */
	{ "failed to get digest sha256:", RFA_ENOTFOUND, RFA_FATAL, NULL },
	{ "no such network", RFA_ENOTFOUND, RFA_FATAL, NULL },
	{ "no such volume", RFA_ENOTFOUND, RFA_FATAL, NULL },
	{ "no such object", RFA_ENOTFOUND, RFA_FATAL, NULL },
	{ "is already in use by container", RFA_EEXISTS, RFA_FATAL, NULL },
	{ "port is already allocated", RFA_EEXISTS, RFA_FATAL, HINT_PORT },
};

#define HINT_CERTIFICATE                                                                        \
	"put the certificate of its authority into /etc/docker/certs.d/REGISTRY/ca.crt on the " \
	"host"
#define HINT_PLAIN "name the registry in insecure-registries of /etc/docker/daemon.json on the host"

/* True of a pull; the first that fits counts. */
static const struct meaning registries[] = {
	{ "toomanyrequests", RFA_ERATELIMIT, RFA_RETRY, NULL },
	{ "too many requests", RFA_ERATELIMIT, RFA_RETRY, NULL },
	{ "rate limit", RFA_ERATELIMIT, RFA_RETRY, NULL },
	{ "server gave http response to https client", RFA_EREMOTE, RFA_FATAL, HINT_PLAIN },
	{ "x509:", RFA_EHOSTKEY, RFA_DENIED, HINT_CERTIFICATE },
	{ "certificate", RFA_EHOSTKEY, RFA_DENIED, HINT_CERTIFICATE },
	{ "digest mismatch", RFA_EMISMATCH, RFA_FATAL, NULL },
	{ "unexpected commit digest", RFA_EMISMATCH, RFA_FATAL, NULL },
	{ "failed precondition", RFA_EMISMATCH, RFA_FATAL, NULL },
	{ "verification failed", RFA_EMISMATCH, RFA_FATAL, NULL },
	{ "failed to verify", RFA_EMISMATCH, RFA_FATAL, NULL },
	{ "does not match expected", RFA_EMISMATCH, RFA_FATAL, NULL },
	{ "no matching manifest", RFA_EUNSUPPORTED, RFA_FATAL, NULL },
	{ "no match for platform", RFA_EUNSUPPORTED, RFA_FATAL, NULL },
	{ "does not match the specified platform", RFA_EUNSUPPORTED, RFA_FATAL, NULL },
	{ "does not provide the specified platform", RFA_EUNSUPPORTED, RFA_FATAL, NULL },
	{ "cannot be used on this platform", RFA_EUNSUPPORTED, RFA_FATAL, NULL },
	{ "unsupported media type", RFA_EUNSUPPORTED, RFA_FATAL, NULL },
	{ "unsupported manifest", RFA_EUNSUPPORTED, RFA_FATAL, NULL },
	{ "manifest unknown", RFA_ENOTFOUND, RFA_FATAL, NULL },
	{ "manifest_unknown", RFA_ENOTFOUND, RFA_FATAL, NULL },
	{ "name unknown", RFA_ENOTFOUND, RFA_FATAL, NULL },
	{ "unauthorized", RFA_EAUTH, RFA_DENIED, NULL },
	{ "pull access denied", RFA_EAUTH, RFA_DENIED, NULL },
	{ "authorization failed", RFA_EAUTH, RFA_DENIED, NULL },
	{ "authentication required", RFA_EAUTH, RFA_DENIED, NULL },
	{ "no basic auth credentials", RFA_EAUTH, RFA_DENIED, NULL },
	{ "insufficient_scope", RFA_EAUTH, RFA_DENIED, NULL },
	{ "denied:", RFA_EAUTH, RFA_DENIED, NULL },
	{ "403 forbidden", RFA_EAUTH, RFA_DENIED, NULL },
	{ "no such host", RFA_EUNREACHABLE, RFA_RETRY, NULL },
	{ "name resolution", RFA_EUNREACHABLE, RFA_RETRY, NULL },
	{ "server misbehaving", RFA_EUNREACHABLE, RFA_RETRY, NULL },
	{ "connection refused", RFA_EUNREACHABLE, RFA_RETRY, NULL },
	{ "connection reset", RFA_EUNREACHABLE, RFA_RETRY, NULL },
	{ "no route to host", RFA_EUNREACHABLE, RFA_RETRY, NULL },
	{ "network is unreachable", RFA_EUNREACHABLE, RFA_RETRY, NULL },
	{ "timeout", RFA_EUNREACHABLE, RFA_RETRY, NULL },
	{ "timed out", RFA_EUNREACHABLE, RFA_RETRY, NULL },
	{ "deadline exceeded", RFA_EUNREACHABLE, RFA_RETRY, NULL },
	{ "unexpected eof", RFA_EUNREACHABLE, RFA_RETRY, NULL },
	/* An engine that is stopped breaks its pulls off. */
	{ "context canceled", RFA_EUNREACHABLE, RFA_RETRY, NULL },
	{ "request canceled", RFA_EUNREACHABLE, RFA_RETRY, NULL },
	{ "transport is closing", RFA_EUNREACHABLE, RFA_RETRY, NULL },
	{ "shutting down", RFA_EUNREACHABLE, RFA_RETRY, NULL },
	{ "use of closed network connection", RFA_EUNREACHABLE, RFA_RETRY, NULL },
	{ "broken pipe", RFA_EUNREACHABLE, RFA_RETRY, NULL },
	{ "500 internal server error", RFA_EUNREACHABLE, RFA_RETRY, NULL },
	{ "502 bad gateway", RFA_EUNREACHABLE, RFA_RETRY, NULL },
	{ "503 service unavailable", RFA_EUNREACHABLE, RFA_RETRY, NULL },
	{ "504 gateway", RFA_EUNREACHABLE, RFA_RETRY, NULL },
	{ "not found", RFA_ENOTFOUND, RFA_FATAL, NULL },
};

/* What is said of a pull, and is no registry's affair. */
static const char *const engines[] = {
	"no space left on device",
	"disk quota exceeded",
	"cannot connect to the docker daemon",
	"permission denied while trying to connect to the docker",
	"error during connect",
};

/* A status of our own scripts. */
static const struct {
	int status;
	struct meaning meaning;
} statuses[] = {
	{ RFA_EXIT_NOTFOUND, { "not there", RFA_ENOTFOUND, RFA_FATAL, NULL } },
	{ RFA_EXIT_EXISTS, { "there already", RFA_EEXISTS, RFA_FATAL, NULL } },
	{ RFA_EXIT_HELD, { "held by another", RFA_ELOCKED, RFA_FATAL, NULL } },
	{ RFA_EXIT_CUT,
	  { "what was sent did not arrive whole, nothing was changed", RFA_ELOST, RFA_RETRY,
	    NULL } },
	{ RFA_EXIT_STATE_DIR,
	  { "the state directory cannot be written", RFA_EUNSUPPORTED, RFA_FATAL,
	    "connect as root, or make the state directory there and give it to this user" } },
	{ RFA_EXIT_TOOBIG, { "larger than allowed", RFA_ETOOBIG, RFA_FATAL, NULL } },
	{ RFA_EXIT_MISMATCH, { "not what it should be", RFA_EMISMATCH, RFA_FATAL, NULL } },
	{ RFA_EXIT_DENIED,
	  { "this user may not look", RFA_EUNSUPPORTED, RFA_FATAL, "connect as root" } },
	{ RFA_EXIT_UNSAFE,
	  { "another user of the host could lead rfa astray there", RFA_EREFUSED, RFA_FATAL,
	    "name the path without symbolic links in rfa.json, or let only root write to the "
	    "directory" } },
	{ RFA_EXIT_NO_TOOL,
	  { "a tool is missing", RFA_EUNSUPPORTED, RFA_FATAL,
	    "install coreutils and docker (with the compose plugin) on the host" } },
	{ 127,
	  { "a command is missing", RFA_EUNSUPPORTED, RFA_FATAL,
	    "install coreutils and docker (with the compose plugin) on the host" } },
};

/* How many hexadecimal digits text begins with. */
static size_t digits_at(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && isxdigit((unsigned char)text[n]))
		n++;
	return n;
}

/*
 * As one line of plain text: the breaks of lines become semicolons, and of the 64 digits of an id
 * the first twelve stay, which docker takes as well.
 */
static void put_plain(struct rfa_buf *out, const char *text, size_t len)
{
	size_t from = 0, i = 0;

	while (i < len) {
		int breaks = text[i] == '\n' || text[i] == '\r';
		size_t digits = digits_at(text + i, len - i);

		if (!breaks && digits != ID_DIGITS) {
			i += digits ? digits : 1;
			continue;
		}
		(void)rfa_buf_put_printable(out, text + from, i - from, 0);
		(void)rfa_buf_put_printable(out, breaks ? "; " : text + i, breaks ? 2 : ID_SHOWN,
					    0);
		i += digits;
		while (breaks && i < len && isspace((unsigned char)text[i]))
			i++;
		from = i;
	}
	(void)rfa_buf_put_printable(out, text + from, len - from, 0);
}

/* What a person should read of the words: the last of them, without docker's usual preamble. */
static void quote(struct rfa_buf *out, const char *words, size_t len)
{
	static const char preamble[] = "Error response from daemon: ";
	const size_t skip = sizeof(preamble) - 1;

	while (len > 0 && isspace((unsigned char)words[len - 1]))
		len--;
	while (len > 0 && isspace((unsigned char)words[0]))
		words++, len--;
	if (len > skip && memcmp(words, preamble, skip) == 0)
		words += skip, len -= skip;
	if (len > QUOTED_MAX) {
		(void)rfa_buf_puts(out, "...");
		words += len - QUOTED_MAX;
		len = QUOTED_MAX;
	}
	put_plain(out, words, len);
}

static int raise(const struct meaning *m, const char *what, const char *quoted,
		 struct rfa_error *err)
{
	const char *text = quoted[0] ? quoted : m->phrase;

	(void)rfa_fail(err, m->code, "host", "%s: %s", what, text);
	if (m->hint)
		(void)rfa_error_hint(err, "%s", m->hint);
	return rfa_error_as(err, m->severity);
}

static const struct meaning *find(const struct meaning *table, size_t n, const char *words,
				  size_t len)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (rfa_remote_mentions(words, len, table[i].phrase))
			return &table[i];
	return NULL;
}

/* What a command said. */
struct said {
	const char *words; /* NULL: nothing */
	size_t len;
	const char *judged; /* the same, as long, but for names; borrowed */
};

static int fail(int status, const struct said *said, const char *what, int docker,
		struct rfa_error *err)
{
	struct rfa_buf quoted = RFA_BUF_INIT(4 * QUOTED_MAX + 16);
	const size_t len = said->words ? said->len : 0;
	const struct meaning *m =
	    find(anywhere, sizeof(anywhere) / sizeof(anywhere[0]), said->judged, len);
	size_t i;
	int rc;

	if (!m && docker)
		m = find(objects, sizeof(objects) / sizeof(objects[0]), said->judged, len);
	for (i = 0; !m && i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (statuses[i].status == status)
			m = &statuses[i].meaning;
	if (said->words)
		quote(&quoted, said->words, len);
	if (m) {
		rc = raise(m, what, rfa_buf_str(&quoted), err);
	} else {
		rc = rfa_fail(err, RFA_EREMOTE, "host", "%s: %s (status %d)", what,
			      quoted.len ? rfa_buf_str(&quoted) : "failed without a word", status);
		if (err)
			err->native = status;
	}
	rfa_buf_release(&quoted);
	return rc;
}

int rfa_remote_fail(int status, const char *words, size_t len, const char *what,
		    struct rfa_error *err)
{
	const struct said said = { words, len, words };

	return fail(status, &said, what, 0, err);
}

int rfa_remote_docker(int status, const char *words, size_t len, const char *what,
		      struct rfa_error *err)
{
	const struct said said = { words, len, words };

	return fail(status, &said, what, 1, err);
}

static int fail_pull(const struct said *said, const char *what, struct rfa_error *err)
{
	struct rfa_buf quoted = RFA_BUF_INIT(4 * QUOTED_MAX + 16);
	const struct meaning *m =
	    find(registries, sizeof(registries) / sizeof(registries[0]), said->judged, said->len);
	size_t i;
	int rc;

	for (i = 0; i < sizeof(engines) / sizeof(engines[0]); i++)
		if (rfa_remote_mentions(said->judged, said->len, engines[i]))
			m = NULL;
	if (!m)
		return fail(1, said, what, 1, err);
	quote(&quoted, said->words, said->len);
	rc = raise(m, what, rfa_buf_str(&quoted), err);
	if (err)
		(void)snprintf(err->domain, sizeof(err->domain), "registry");
	rfa_buf_release(&quoted);
	return rc;
}

int rfa_remote_pull(const char *line, size_t len, const char *ref, const char *what,
		    struct rfa_error *err)
{
	struct rfa_buf judged = RFA_BUF_INIT(1u << 20);
	struct said said = { line, len, NULL };
	int rc;

	rfa_remote_unname(&judged, line, len, ref);
	said.judged = rfa_buf_str(&judged);
	rc = rfa_buf_check(&judged, err);
	rc = rc ? rc : fail_pull(&said, what, err);
	rfa_buf_release(&judged);
	return rc;
}
