/* Where the value of a secret comes from. */
#include "cli/config/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/config/paths.h"
#include "cli/frame/redact.h"
#include "fsm/base/digest.h"
#include "fsm/base/wipe.h"

enum { MOST = 64 << 10, GOOD = 12 };

/* *value (new): the text without the newline at its end. Says why not in `why`. */
static int take_text(struct rfa_secret *s, const struct rfa_buf *text, struct rfa_error *err)
{
	size_t len = text->len;

	len -= len && rfa_buf_str(text)[len - 1] == '\n';
	if (memchr(rfa_buf_str(text), '\0', len))
		(void)snprintf(s->why, sizeof(s->why), "it holds a zero byte");
	else if (!len)
		(void)snprintf(s->why, sizeof(s->why), "it is empty");
	else if (!(s->value = strndup(rfa_buf_str(text), len)))
		return rfa_fail_nomem(err);
	return 0;
}

static int read_all(int fd, struct rfa_buf *out)
{
	char part[4096];
	ssize_t got;

	while ((got = read(fd, part, sizeof(part))) > 0 || (got < 0 && errno == EINTR))
		if (got > 0 && rfa_buf_add(out, part, (size_t)got))
			return -E2BIG;
	return got < 0 ? -errno : 0;
}

void rfa_secret_credential(const char *path, char out[RFA_CREDENTIAL_MAX])
{
	char hex[RFA_DIGEST_HEX];

	rfa_digest_of(RFA_SHA256, path, strlen(path), hex);
	(void)snprintf(out, RFA_CREDENTIAL_MAX, "rfa-%.16s", hex);
}

/* Not kept waiting by what is no file. */
static int open_file(const char *path)
{
	enum { FLAGS = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY };
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	char name[RFA_CREDENTIAL_MAX], copy[PATH_MAX];
	int fd = -1;

	rfa_secret_credential(path, name);
	if (folder && *folder == '/' &&
	    snprintf(copy, sizeof(copy), "%s/%s", folder, name) < (int)sizeof(copy))
		fd = open(copy, FLAGS);
	return fd < 0 ? open(path, FLAGS) : fd;
}

static int take_file(struct rfa_secret *s, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(MOST);
	struct stat st;
	int fd = open_file(s->where);
	int bad = fd < 0 || fstat(fd, &st) ? -errno : 0;
	int rc = 0;

	if (!bad && !S_ISREG(st.st_mode)) {
		(void)snprintf(s->why, sizeof(s->why), "it is no file");
	} else if (!bad && !(bad = read_all(fd, &text))) {
		s->others_see = (st.st_mode & (S_IRGRP | S_IROTH)) != 0;
		rc = take_text(s, &text, err);
	}
	if (bad)
		(void)snprintf(s->why, sizeof(s->why), "%s", strerror(-bad));
	if (fd >= 0)
		(void)close(fd);
	rfa_wipe_buf(&text);
	return rc;
}

int rfa_secret_run(struct rfa_secret *s, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(MOST);
	FILE *from;
	int rc = 0, status;

	(void)fflush(NULL);
	s->why[0] = '\0';
	from = popen(s->where, "re");
	if (!from) {
		(void)snprintf(s->why, sizeof(s->why), "it could not be started: %s",
			       strerror(errno));
		return 0;
	}
	if (read_all(fileno(from), &text))
		(void)snprintf(s->why, sizeof(s->why), "what it prints could not be read");
	status = pclose(from);
	if (status != 0 && !s->why[0])
		(void)snprintf(s->why, sizeof(s->why), "it ended with status %d",
			       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	if (!s->why[0])
		rc = take_text(s, &text, err);
	rfa_wipe_buf(&text);
	return rc;
}

int rfa_secret_take(struct rfa_secret *s, const char *name, enum rfa_secret_from from,
		    const char *folder, const char *where, struct rfa_error *err)
{
	const char *value = from == RFA_SECRET_VARIABLE ? getenv(name) : NULL;
	int rc = 0;

	s->from = from;
	s->name = strdup(name);
	if (from == RFA_SECRET_FILE)
		rc = rfa_path_resolve(folder, where, &s->where, err);
	else
		s->where = strdup(where);
	if (rc == 0 && (!s->name || !s->where))
		rc = rfa_fail_nomem(err);
	if (rc == 0 && from == RFA_SECRET_FILE)
		rc = take_file(s, err);
	if (rc == 0 && value && *value && !(s->value = strdup(value)))
		rc = rfa_fail_nomem(err);
	if (rc == 0 && from == RFA_SECRET_VARIABLE && !s->value)
		(void)snprintf(s->why, sizeof(s->why), "it is not set");
	return rc;
}

void rfa_secret_release(struct rfa_secret *s)
{
	/* Memory that is freed may be handed out again, or end in a core file. */
	rfa_wipe_text(s->value);
	rfa_wipe_text(s->user);
	json_decref(s->login);
	free(s->name);
	free(s->where);
	memset(s, 0, sizeof(*s));
}

int rfa_secret_trouble(const struct rfa_secret *s, struct rfa_buf *says)
{
	static const char *const what[] = { "the variable", "the file of", "the command of" };

	rfa_buf_clear(says);
	if (s->from < RFA_SECRET_COMMAND && !s->value)
		(void)rfa_buf_printf(
		    says, "%s %s%s%s: %s; rfa cannot tell its value from other text", what[s->from],
		    s->name, *s->where ? ", " : "", s->where, s->why);
	else if (s->value && strlen(s->value) < RFA_SECRET_MIN)
		(void)rfa_buf_printf(says,
				     "the value of %s is too short to be told from other text: use "
				     "at least 12 characters",
				     s->name);
	else if (s->value && strlen(s->value) < GOOD)
		(void)rfa_buf_printf(says,
				     "the value of %s is short: it may occur in other text, which "
				     "is hidden then; use at least 12 characters",
				     s->name);
	else if (s->others_see)
		(void)rfa_buf_printf(says, "others on this machine may read %s: chmod 600 it",
				     s->where);
	return says->len != 0;
}
