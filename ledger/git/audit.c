/* Tells the findings of an audit. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ledger/git/audit.h"
#include "ledger/names.h"

void rfa_audit_tell(struct rfa_audit *audit, const char *run, const char *fmt, ...)
{
	struct rfa_ledger_finding finding = { 0 };
	struct rfa_buf shown = RFA_BUF_INIT(2048);
	char what[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	/* Somebody's bytes may be in it. */
	rfa_buf_put_printable(&shown, what, strlen(what), sizeof(finding.what) - 8);
	rfa_copy(finding.what, sizeof(finding.what), rfa_buf_str(&shown));
	rfa_copy(finding.run, sizeof(finding.run), run);
	rfa_buf_release(&shown);
	audit->found++;
	if (audit->each)
		audit->each(audit->user, &finding);
}
