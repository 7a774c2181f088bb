/* Paths as a person writes them into rfa.json. */
#include "cli/config/paths.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/buf.h"

int rfa_path_resolve(const char *folder, const char *path, char **out, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(PATH_MAX);
	const char *home = getenv("HOME");

	if (path[0] == '~' && (!path[1] || path[1] == '/') && home)
		rfa_buf_printf(&text, "%s%s", home, path + 1);
	else if (path[0] == '/')
		rfa_buf_puts(&text, path);
	else
		rfa_buf_printf(&text, "%s/%s", folder, path);
	int rc = rfa_buf_check(&text, err);
	if (rc == 0 && !(*out = strdup(rfa_buf_str(&text))))
		rc = rfa_fail_nomem(err);
	rfa_buf_release(&text);
	return rc;
}
