/* Looks at the owner and the mode of what rfa is about to obey. */
#include "cli/config/owner.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "fsm/base/buf.h"

/* As ssh does: deeper is a circle. */
enum { INCLUDES_DEEP = 16, SSH_CONFIG_BYTES = 1 << 20 };

/* Whoever became root by sudo is still himself; a name that is no number is none. */
static int called_sudo(uid_t uid)
{
	const char *text = getenv("SUDO_UID");
	char *end = NULL;
	unsigned long id;

	if (geteuid() != 0 || !text || *text < '0' || *text > '9')
		return 0;
	errno = 0;
	id = strtoul(text, &end, 10);
	return !errno && !*end && id == (unsigned long)uid;
}

static int is_trusted(uid_t uid, const struct rfa_trust *trust)
{
	return uid == geteuid() || uid == 0 || called_sudo(uid) ||
	       (trust && trust->has_also && uid == trust->also);
}

static void name_of(uid_t uid, char *out, size_t size)
{
	const struct passwd *entry = getpwuid(uid);

	if (entry)
		snprintf(out, size, "%.60s (uid %lu)", entry->pw_name, (unsigned long)uid);
	else
		snprintf(out, size, "uid %lu", (unsigned long)uid);
}

/*
 * In a folder with the sticky bit nobody replaces what is another's. A group is trusted by whoever
 * gave the file to it.
 */
static int others_write(const struct stat *st)
{
	return !(S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX)) && (st->st_mode & S_IWOTH);
}

int rfa_owner_check(const char *path, const struct stat *st, const char *what,
		    const struct rfa_trust *trust, struct rfa_error *err)
{
	struct stat seen;
	char owner[96];

	if (!st && stat(path, &seen)) {
		if (errno == ENOENT || errno == ENOTDIR)
			return 0;
		return rfa_fail_errno(err, errno, "%.300s", path);
	}
	st = st ? st : &seen;
	name_of(st->st_uid, owner, sizeof(owner));
	if (!is_trusted(st->st_uid, trust)) {
		rfa_fail(err, RFA_EREFUSED, "config",
			 "%s %.200s belongs to %s, not to you: what it says would be done with "
			 "your rights",
			 what, path, owner);
		rfa_error_where(err, "%.200s", path);
		return rfa_error_hint(
		    err,
		    "look at it; if you trust it, make it yours: chown, or name the configuration "
		    "yourself: rfa -c FILE (the ledger: --ledger FOLDER)");
	}
	if (!others_write(st))
		return 0;
	rfa_fail(err, RFA_EREFUSED, "config",
		 "%s %.200s can be changed by others (mode %04o): what it says would be done with "
		 "your rights",
		 what, path, (unsigned)st->st_mode & 07777);
	rfa_error_where(err, "%.200s", path);
	return rfa_error_hint(err, "look at it, then: chmod o-w %.200s", path);
}

/* Ssh_config. */

static int check_ssh(const char *path, const struct rfa_trust *trust, unsigned depth,
		     struct rfa_error *err);

/* A pattern of an Include line: relative to ~/.ssh, or to the home itself (ssh_config(5)). */
static int check_included(const char *word, const struct rfa_trust *trust, unsigned depth,
			  struct rfa_error *err)
{
	const char *home = getenv("HOME");
	char pattern[PATH_MAX];
	glob_t found;
	int rc = 0;

	if (word[0] == '/')
		snprintf(pattern, sizeof(pattern), "%s", word);
	else if (word[0] == '~' && word[1] == '/')
		snprintf(pattern, sizeof(pattern), "%s%s", home ? home : "", word + 1);
	else
		snprintf(pattern, sizeof(pattern), "%s/.ssh/%s", home ? home : "", word);
	if (glob(pattern, 0, NULL, &found))
		return 0;
	for (size_t i = 0; i < found.gl_pathc && !rc; i++)
		rc = check_ssh(found.gl_pathv[i], trust, depth + 1, err);
	globfree(&found);
	return rc;
}

/* "Include a b", "include=a": the words behind the keyword. */
static int check_line(char *line, const struct rfa_trust *trust, unsigned depth,
		      struct rfa_error *err)
{
	char *rest = NULL;
	char *word = strtok_r(line, " \t=\"", &rest);
	int rc = 0;

	if (!word || strcasecmp(word, "include") != 0)
		return 0;
	while (!rc && (word = strtok_r(NULL, " \t=\"", &rest)))
		rc = check_included(word, trust, depth, err);
	return rc;
}

static int check_ssh(const char *path, const struct rfa_trust *trust, unsigned depth,
		     struct rfa_error *err)
{
	char line[4096];
	struct stat st;
	FILE *file;
	int rc = 0;

	if (depth > INCLUDES_DEEP)
		return 0;
	file = fopen(path, "re");
	/* ssh says by itself what is wrong with a file that cannot be read. */
	if (!file)
		return 0;
	if (fstat(fileno(file), &st))
		rc = rfa_fail_errno(err, errno, "%.300s", path);
	if (!rc)
		rc = rfa_owner_check(path, &st, "the ssh_config", trust, err);
	while (!rc && S_ISREG(st.st_mode) && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\r\n")] = '\0';
		rc = check_line(line, trust, depth, err);
	}
	fclose(file);
	return rc;
}

int rfa_owner_check_ssh(const char *path, const struct rfa_trust *trust, struct rfa_error *err)
{
	return check_ssh(path, trust, 0, err);
}
