/*
 * Servers of databases: what differs between them. A server is asked in SQL that reaches its own
 * client, in its own container, on standard input; how names and the password get there is the
 * affair of its program.
 */
#ifndef RFA_TRANSPORTS_HOST_SHELL_SERVERS_H
#define RFA_TRANSPORTS_HOST_SHELL_SERVERS_H

#include "transports/host/shell/shell.h"

/* What is said to one in SQL. */
enum shell_ask {
	SHELL_ASK_OBSERVE, /* says what database_observe says, as JSON */
	SHELL_ASK_ACCESS,  /* says what database_access says, as JSON */
	SHELL_ASK_TABLES,  /* says what database_tables says, as JSON */
	SHELL_ASK_MAKE,    /* IN is there, empty, like DATABASE; what was there before is gone */
	SHELL_ASK_STAGE,   /* says whether DATABASE, IN and OUT are there, a digit each: 110: an
			      swap can begin, or go on; 101: it is done */
	SHELL_ASK_SWAP,    /* swaps, from any stage that says 110 */
	SHELL_ASK_OPEN,    /* DATABASE takes sessions again */
	SHELL_ASK_DROP,    /* IN is gone */
	SHELL_ASKS
};

struct shell_engine {
	const char *name;
	/*
	 * For sh in the container, with the arguments VERB USER DATABASE IN OUT; IN and OUT are
	 * databases of rfa's own, or "". VERB is one of
	 *
	 *   observe, make, stage, swap, open, drop: the SQL is on standard input
	 *   look: the same, said inside of DATABASE
	 *   init: SQL is on standard input, and runs in DATABASE in one transaction
	 *   dump: says the dump
	 *   load: a dump is on standard input, and becomes IN, which "make" has made
	 *   fill: IN, which "make" has made, is whole as it is
	 *   check: a dump is on standard input, and is read; only if `reads` asks for it
	 *
	 * Status 2: the server cannot be reached, or lets nobody in. 97: the container has none of
	 * its programs.
	 */
	const char *const *program;
	/*
	 * Shell functions for the host. whole FILE: says why a dump is none, and fails, as far as
	 * that is seen at once; reads FILE: the same of all of it.
	 */
	const char *const *functions;
	const char *sql[SHELL_ASKS];
};

extern const struct shell_engine rfa_shell_postgres, rfa_shell_mysql;

#endif
