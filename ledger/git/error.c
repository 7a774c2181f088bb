/* libgit2's errors in our words, with what mends them. */
#include <errno.h>
#include <git2.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ledger/git/error.h"

int rfa_git_fail(struct rfa_error *err, int rc, const char *where, const char *fmt, ...)
{
	const git_error *last = git_error_last();
	const char *why = last && last->message ? last->message : "no reason was given";
	enum rfa_code code = RFA_EIO;
	char what[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	if (strstr(why, strerror(ENOSPC)) || strstr(why, strerror(EDQUOT)))
		code = RFA_ENOSPACE;
	else if (rc == GIT_EMODIFIED)
		code = RFA_ESTALE;
	else if (last && (last->klass == GIT_ERROR_ODB || last->klass == GIT_ERROR_ZLIB ||
			  last->klass == GIT_ERROR_OBJECT))
		code = RFA_ECORRUPT;
	rfa_fail(err, code, "git", "%s: %s", what, why);
	if (err)
		err->native = rc;
	rfa_error_where(err, "%s", where);
	if (code == RFA_ENOSPACE)
		rfa_error_hint(err, "make room on the ledger's disk: df -h %.300s", where);
	else if (strstr(why, strerror(EACCES)) || strstr(why, strerror(EROFS)))
		rfa_error_hint(err, "make the ledger writable for this user: ls -ld %.300s", where);
	else if (code == RFA_ECORRUPT)
		rfa_error_hint(err, "see what is damaged: git -C %.300s fsck --strict", where);
	return -(int)code;
}

int rfa_git_fail_errno(struct rfa_error *err, int errnum, const char *path, const char *what)
{
	int rc = rfa_fail_errno(err, errnum, "%s", what);

	rfa_error_where(err, "%s", path);
	if (errnum == ENOSPC || errnum == EDQUOT)
		rfa_error_hint(err, "make room on the ledger's disk: df -h %.300s", path);
	else if (errnum == EACCES || errnum == EROFS)
		rfa_error_hint(err, "make the ledger writable for this user: ls -ld %.300s", path);
	return rc;
}
