/* The gate of the files of SQL with which a database begins: they are there, and can be run as one.
 */
#include "fsm/base/sqltext.h"
#include "fsm/steps/common/gates.h"
#include "fsm/steps/steps.h"

enum { LOOKS_THROUGH = 8 << 20 };

static void judge_text(struct rfa_gates *c, const char *path, const struct rfa_buf *text)
{
	enum rfa_sql of =
	    rfa_ctx_stack_here(c->ctx)->init->mysql ? RFA_SQL_MYSQL : RFA_SQL_POSTGRES;
	struct rfa_sql_found found;

	rfa_sql_own_transaction(rfa_buf_str(text), text->len, of, &found);
	if (found.line)
		rfa_deny(c,
			 "correct the file: all files run in one transaction, in the "
			 "database that init names, so that an error leaves nothing behind",
			 "%s, line %zu, on %s: %s cannot be in the transaction of rfa", path,
			 found.line, c->ctx->host->name, found.words);
}

static int judge_file(struct rfa_gates *c, const char *path, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(LOOKS_THROUGH);
	struct rfa_host *host = c->ctx->host;
	struct rfa_file_stat st;
	int rc = host->files->stat(host, path, &st, err);

	if (!rc && st.type != 'f')
		rfa_deny(c, "bring it there (rfa sync), or correct init.files in rfa.json",
			 "there is no file of SQL %s on %s", path, host->name);
	else if (!rc)
		rc = host->files->read(host, path, LOOKS_THROUGH, &text, err);
	if (rc == -RFA_ETOOBIG) {
		rfa_error_clear(err);
		rc = 0;
		rfa_warn(c, "look yourself for BEGIN, COMMIT and the like in it",
			 "%s on %s is too large to be looked through", path, host->name);
	} else if (!rc) {
		judge_text(c, path, &text);
	}
	rfa_buf_release(&text);
	return rc;
}

/*
 * MySQL and MariaDB commit each table as it is made. Where the data is put aside, all of it comes
 * back; where it stays, what was made before an error stays, too.
 */
static void warn_of_mysql(struct rfa_gates *c)
{
	const struct rfa_options *options = rfa_ctx_options(c->ctx);

	if (!options->wipe)
		rfa_warn(c, "after such an error begin anew: rfa rebuild with --new-volumes",
			 "MySQL and MariaDB commit each table as it is made: should a file of SQL "
			 "fail, what was made before it stays in the database");
}

int rfa_gate_init_files(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_stack *stack = rfa_ctx_stack_here(c->ctx);
	const char *directory = stack->compose ? stack->compose->directory : "";
	size_t i;
	int rc = 0;

	for (i = 0; stack->init && !rc && i < stack->init->files.n; i++)
		rc = judge_file(
		    c, rfa_pool_printf(c->ctx->pool, "%s/%s", directory, stack->init->files.at[i]),
		    err);
	if (!rc && stack->init && stack->init->mysql && stack->init->files.n)
		warn_of_mysql(c);
	return rc;
}
