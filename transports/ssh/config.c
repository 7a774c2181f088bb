/* Reads what `ssh -G` tells of a destination: its lines, and the expansions that it leaves to us.
 */
#include "transports/ssh/config.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VALUE_MAX 4096u

/* What an expansion may need, besides the settings read so far. */
struct expansion {
	const struct rfa_ssh_settings *settings;
	const struct rfa_ssh_place *place;
	const char *destination;
};

static char *copy(const char *text)
{
	size_t size = strlen(text) + 1;
	char *new = malloc(size);

	if (new)
		memcpy(new, text, size);
	return new;
}

static int replace(char **slot, const char *text, struct rfa_error *err)
{
	char *new = copy(text);

	if (!new)
		return rfa_fail_nomem(err);
	free(*slot);
	*slot = new;
	return 0;
}

/* How much of a value ssh expands (ssh_config(5), PATTERNS and TOKENS). */
enum { TILDE = 1, TOKENS = 2, VARIABLES = 4 };

/* Appends what %c stands for (ssh_config(5), TOKENS); 0 if it is none of those that we know. */
static int add_token(struct rfa_buf *out, char c, const struct expansion *x)
{
	const struct rfa_ssh_settings *s = x->settings;
	char name[256] = "";

	switch (c) {
	case '%':
		rfa_buf_putc(out, '%');
		return 1;
	case 'd':
		rfa_buf_puts(out, x->place->home ? x->place->home : "");
		return 1;
	case 'h':
		rfa_buf_puts(out, s->host);
		return 1;
	case 'i':
		rfa_buf_printf(out, "%lu", (unsigned long)getuid());
		return 1;
	case 'j':
		rfa_buf_puts(out, s->proxy_jump ? s->proxy_jump : "");
		return 1;
	case 'k':
		rfa_buf_puts(out, s->alias ? s->alias : x->destination);
		return 1;
	case 'L':
	case 'l':
		(void)gethostname(name, sizeof(name) - 1);
		if (c == 'L')
			name[strcspn(name, ".")] = '\0';
		rfa_buf_puts(out, name);
		return 1;
	case 'n':
		rfa_buf_puts(out, x->destination);
		return 1;
	case 'p':
		rfa_buf_printf(out, "%u", s->port);
		return 1;
	case 'r':
		rfa_buf_puts(out, s->user);
		return 1;
	case 'u':
		rfa_buf_puts(out, x->place->local_user ? x->place->local_user : "");
		return 1;
	default:
		return 0;
	}
}

/* "~" and "~user" at the beginning of a path; *p moves behind it. */
static void add_home(struct rfa_buf *out, const char **p, const struct expansion *x)
{
	size_t len = strcspn(*p, "/");
	const struct passwd *pw = NULL;
	const char *home = x->place->home;
	char user[128];

	if (**p != '~')
		return;
	if (len > 1 && len <= sizeof(user)) {
		snprintf(user, sizeof(user), "%.*s", (int)(len - 1), *p + 1);
		pw = getpwnam(user);
		home = pw ? pw->pw_dir : NULL;
	}
	if (!home)
		return;
	rfa_buf_puts(out, home);
	*p += len;
}

/* "${NAME}"; *p moves to its last character. */
static int add_variable(struct rfa_buf *out, const char **p, struct rfa_error *err)
{
	const char *end = strchr(*p, '}');
	char name[128];
	const char *value;

	if (!end || end - *p - 2 < 1 || end - *p - 2 >= (long)sizeof(name))
		return rfa_fail(err, RFA_ECONFIG, "ssh",
				"ssh_config has an unfinished ${ in \"%.80s\"", *p);
	snprintf(name, sizeof(name), "%.*s", (int)(end - *p - 2), *p + 2);
	value = getenv(name);
	if (!value) {
		rfa_fail(err, RFA_ECONFIG, "ssh",
			 "ssh_config names the variable %s, which is not set", name);
		return rfa_error_hint(err, "set it: export %s=...", name);
	}
	rfa_buf_puts(out, value);
	*p = end;
	return 0;
}

/* Expands one value as `ssh -G` left it. */
static int expand(char **slot, unsigned what, const struct expansion *x, struct rfa_error *err)
{
	struct rfa_buf out = RFA_BUF_INIT(VALUE_MAX);
	const char *p = *slot;
	int rc = 0;

	if (what & TILDE)
		add_home(&out, &p, x);
	for (; !rc && *p; p++) {
		if ((what & VARIABLES) && p[0] == '$' && p[1] == '{') {
			rc = add_variable(&out, &p, err);
		} else if ((what & TOKENS) && *p == '%' && p[1]) {
			/* ssh says why it cannot expand this one; the hash is its own affair. */
			if (!add_token(&out, p[1], x))
				rc = rfa_fail(err, RFA_ECONFIG, "ssh",
					      "rfa cannot expand %%%c of \"%.80s\" in ssh_config",
					      p[1], *slot);
			p++;
		} else {
			rfa_buf_putc(&out, *p);
		}
	}
	if (!rc)
		rc = rfa_buf_check(&out, err);
	if (!rc)
		rc = replace(slot, rfa_buf_str(&out), err);
	rfa_buf_release(&out);
	return rc;
}

static void release_files(struct rfa_ssh_files *files)
{
	while (files->count)
		free(files->path[--files->count]);
}

static int add_file(struct rfa_ssh_files *files, const char *path, size_t len,
		    struct rfa_error *err)
{
	char *new;

	if (!len || (len == 4 && !memcmp(path, "none", 4)))
		return 0;
	if (files->count == RFA_SSH_FILES_MAX)
		return rfa_fail(err, RFA_ECONFIG, "ssh", "more than %u files of one kind",
				RFA_SSH_FILES_MAX);
	new = malloc(len + 1);
	if (!new)
		return rfa_fail_nomem(err);
	memcpy(new, path, len);
	new[len] = '\0';
	files->path[files->count++] = new;
	return 0;
}

/* The place of the end of the n-th word from text, or NULL. */
static const char *words_end(const char *text, size_t n)
{
	while (n--) {
		text += strspn(text, " ");
		if (!*text)
			return NULL;
		text += strcspn(text, " ");
	}
	return text;
}

/*
 * A value that is a list: `ssh -G` separates by spaces and quotes nothing. So a name with blanks in
 * it looks like several: the most words that are the name of a file are one.
 */
static int add_files(struct rfa_ssh_files *files, const char *value, unsigned what,
		     const struct expansion *x, struct rfa_error *err)
{
	int rc = 0;

	value += strspn(value, " ");
	while (!rc && *value) {
		const char *end;
		char *name = NULL;
		size_t n = 1;

		while (words_end(value, n + 1))
			n++;
		for (; !rc; n--) {
			end = words_end(value, n);
			free(name);
			name = strndup(value, (size_t)(end - value));
			if (!name)
				rc = rfa_fail_nomem(err);
			else
				rc = expand(&name, what, x, err);
			if (rc || n == 1 || !access(name, F_OK))
				break;
		}
		if (!rc)
			rc = add_file(files, name, strlen(name), err);
		free(name);
		value = end + strspn(end, " ");
	}
	return rc;
}

/* One function for each key that matters. */

static int take_host(struct rfa_ssh_settings *s, const char *v, struct rfa_error *err)
{
	return replace(&s->host, v, err);
}

static int take_user(struct rfa_ssh_settings *s, const char *v, struct rfa_error *err)
{
	return replace(&s->user, v, err);
}

static int take_port(struct rfa_ssh_settings *s, const char *v, struct rfa_error *err)
{
	char *end;
	unsigned long n = strtoul(v, &end, 10);

	if (end == v || *end || n < 1 || n > 65535)
		return rfa_fail(err, RFA_ECONFIG, "ssh", "\"%.40s\" is not a port", v);
	s->port = (unsigned)n;
	return 0;
}

static int take_alias(struct rfa_ssh_settings *s, const char *v, struct rfa_error *err)
{
	return strcmp(v, "none") ? replace(&s->alias, v, err) : 0;
}

static int take_agent(struct rfa_ssh_settings *s, const char *v, struct rfa_error *err)
{
	return replace(&s->agent, v, err);
}

static int take_jump(struct rfa_ssh_settings *s, const char *v, struct rfa_error *err)
{
	return strcmp(v, "none") ? replace(&s->proxy_jump, v, err) : 0;
}

static int take_command(struct rfa_ssh_settings *s, const char *v, struct rfa_error *err)
{
	return strcmp(v, "none") ? replace(&s->proxy_command, v, err) : 0;
}

static int take_only(struct rfa_ssh_settings *s, const char *v, struct rfa_error *err)
{
	(void)err;
	s->identities_only = !strcmp(v, "yes");
	return 0;
}

static int take_timeout(struct rfa_ssh_settings *s, const char *v, struct rfa_error *err)
{
	long n = strtol(v, NULL, 10); /* "none": 0 */

	(void)err;
	s->timeout_ms = n > 0 && n < 86400 ? (int64_t)n * 1000 : 0;
	return 0;
}

static int take_identity(struct rfa_ssh_settings *s, const char *v, struct rfa_error *err)
{
	return add_file(&s->identities, v, strlen(v), err);
}

static int take_certificate(struct rfa_ssh_settings *s, const char *v, struct rfa_error *err)
{
	return add_file(&s->certificates, v, strlen(v), err);
}

/* Lists are cut into names only when what they need for their expansion is known: see settle(). */
static int take_known(struct rfa_ssh_settings *s, const char *v, struct rfa_error *err)
{
	return add_file(&s->known_hosts, v, strlen(v), err);
}

static int take_global(struct rfa_ssh_settings *s, const char *v, struct rfa_error *err)
{
	return add_file(&s->global_hosts, v, strlen(v), err);
}

static int take_revoked(struct rfa_ssh_settings *s, const char *v, struct rfa_error *err)
{
	return strcmp(v, "none") ? replace(&s->revoked_keys, v, err) : 0;
}

static const struct {
	const char *key;
	int (*take)(struct rfa_ssh_settings *, const char *value, struct rfa_error *);
} keys[] = {
	{ "hostname", take_host },
	{ "user", take_user },
	{ "port", take_port },
	{ "hostkeyalias", take_alias },
	{ "identityagent", take_agent },
	{ "proxyjump", take_jump },
	{ "proxycommand", take_command },
	{ "identitiesonly", take_only },
	{ "connecttimeout", take_timeout },
	{ "identityfile", take_identity },
	{ "certificatefile", take_certificate },
	{ "revokedhostkeys", take_revoked },
	{ "userknownhostsfile", take_known },
	{ "globalknownhostsfile", take_global },
};

static int take_line(struct rfa_ssh_settings *s, char *line, struct rfa_error *err)
{
	char *value = strchr(line, ' ');
	size_t i;

	if (!value)
		return 0;
	*value++ = '\0';
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!strcmp(line, keys[i].key))
			return *value ? keys[i].take(s, value, err) : 0;
	return 0;
}

/* IdentityAgent: a path, "none", "SSH_AUTH_SOCK" or "$NAME"; nothing: SSH_AUTH_SOCK. */
static int settle_agent(struct rfa_ssh_settings *s, const struct expansion *x,
			struct rfa_error *err)
{
	const char *from = NULL;

	if (!s->agent || !strcmp(s->agent, "SSH_AUTH_SOCK"))
		from = x->place->auth_sock;
	else if (s->agent[0] == '$' && s->agent[1] != '{')
		from = getenv(s->agent + 1);
	else if (strcmp(s->agent, "none"))
		return expand(&s->agent, TILDE | TOKENS | VARIABLES, x, err);
	if (from && *from)
		return replace(&s->agent, from, err);
	free(s->agent);
	s->agent = NULL;
	return 0;
}

/* Cuts the values of a list into names, and expands these. */
static int settle_list(struct rfa_ssh_files *files, unsigned what, const struct expansion *x,
		       struct rfa_error *err)
{
	struct rfa_ssh_files values = *files;
	size_t i;
	int rc = 0;

	files->count = 0;
	for (i = 0; !rc && i < values.count; i++)
		rc = add_files(files, values.path[i], what, x, err);
	release_files(&values);
	return rc;
}

static int settle(struct rfa_ssh_settings *s, const struct expansion *x, struct rfa_error *err)
{
	const unsigned all = TILDE | TOKENS | VARIABLES;
	size_t i;
	int rc;

	if (!s->host || !s->user || !s->port)
		return rfa_fail(err, RFA_ECONFIG, "ssh", "ssh -G told no host, user or port");
	rc = settle_agent(s, x, err);
	for (i = 0; !rc && i < s->identities.count; i++)
		rc = expand(&s->identities.path[i], all, x, err);
	for (i = 0; !rc && i < s->certificates.count; i++)
		rc = expand(&s->certificates.path[i], all, x, err);
	if (!rc && s->revoked_keys)
		rc = expand(&s->revoked_keys, all, x, err);
	if (!rc)
		rc = settle_list(&s->known_hosts, all, x, err);
	if (!rc)
		rc = settle_list(&s->global_hosts, TILDE, x, err);
	if (!rc && s->proxy_command)
		rc = expand(&s->proxy_command, TOKENS, x, err);
	return rc;
}

int rfa_ssh_settings_parse(struct rfa_ssh_settings **out, const char *text, size_t len,
			   const char *destination, const struct rfa_ssh_place *place,
			   struct rfa_error *err)
{
	struct rfa_ssh_settings *s = calloc(1, sizeof(*s));
	struct expansion x = { s, place, destination };
	struct rfa_buf line = RFA_BUF_INIT(VALUE_MAX);
	int rc = s ? 0 : rfa_fail_nomem(err);

	while (!rc && len) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;

		rfa_buf_clear(&line);
		rfa_buf_add(&line, text, n);
		rc = rfa_buf_check(&line, err);
		if (!rc && line.data)
			rc = take_line(s, line.data, err);
		text += n + (end != NULL);
		len -= n + (end != NULL);
	}
	if (!rc)
		rc = settle(s, &x, err);
	if (!rc) {
		*out = s;
		s = NULL;
	}
	rfa_ssh_settings_free(s);
	rfa_buf_release(&line);
	if (rc)
		rfa_error_where(err, "%s", destination);
	return rc;
}

void rfa_ssh_settings_free(struct rfa_ssh_settings *s)
{
	if (!s)
		return;
	free(s->host);
	free(s->user);
	free(s->alias);
	free(s->agent);
	free(s->proxy_jump);
	free(s->proxy_command);
	free(s->revoked_keys);
	release_files(&s->identities);
	release_files(&s->certificates);
	release_files(&s->known_hosts);
	release_files(&s->global_hosts);
	free(s);
}
