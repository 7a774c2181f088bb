/*
 * A run's journal: its newest records, each durable at the price of one fdatasync.
 *
 * A file of text, rfa/journals/RUN, made at its full size with zeros behind the text: so a record
 * changes no size and no block, and its bytes are all that the disk has to write.
 *
 *	rfa-journal 1 RUN AFTER SIZE CRC
 *	record LENGTH ID CRC
 *	the LENGTH bytes of a commit, whose git id is ID
 *	record …
 *
 * AFTER is the record that the run's ref had when the journal was made; the first commit's parent
 * is AFTER, that of each other one is the commit before it. Nothing is ever overwritten: what a
 * journal has goes into git as a pack, the ref moves, and the file goes (records.h).
 *
 * A tail that was being written when the machine or the process died is no record: nobody was told
 * of it. All else that is not as it was written is CORRUPT.
 */
#ifndef RFA_LEDGER_GIT_JOURNAL_H
#define RFA_LEDGER_GIT_JOURNAL_H

#include <git2.h>
#include <stddef.h>

#include "fsm/base/buf.h"
#include "fsm/base/error.h"

#define RFA_GIT_JOURNALS "rfa/journals"

/* One that its run's driver writes. */
struct rfa_journal {
	int fd; /* -1: there is none */
	size_t at, size;
	char path[4096];
};
#define RFA_JOURNAL_INIT     \
	{                    \
		-1, 0, 0, "" \
	}

/*
 * `ledger`: the path of the repository.
 *
 * Makes one that has room for a record of `need` bytes, durably: two syncs. It replaces what is
 * there. Only by the run's driver.
 */
int rfa_journal_make(const char *ledger, const char *run, const git_oid *after, size_t need,
		     struct rfa_journal *out, struct rfa_error *err) RFA_MUST_USE;
/* 1: a record of so many bytes has room. */
int rfa_journal_fits(const struct rfa_journal *journal, size_t len);
/* Durable when it answers 0; after a failure it may be there: the journal is to be read again. */
int rfa_journal_add(struct rfa_journal *journal, const git_oid *id, const void *data, size_t len,
		    struct rfa_error *err) RFA_MUST_USE;
/* Safe on one that was not made. The file stays. */
void rfa_journal_close(struct rfa_journal *journal);
/* The file goes, not durably: one that comes back says nothing new. None is no error. */
void rfa_journal_drop(const char *ledger, const char *run);

int rfa_journal_exists(const char *ledger, const char *run);
/* Each run that has a journal, or an unfinished one; in no order. */
void rfa_journal_each(const char *ledger, void (*each)(void *user, const char *run), void *user);

/* One that is read. */
struct rfa_journal_record {
	git_oid id;
	const char *data; /* within the text */
	size_t len;
};
struct rfa_journal_text {
	struct rfa_buf text; /* owned */
	git_oid after;
	struct rfa_journal_record *records; /* owned */
	size_t n;
};
/* NOTFOUND: there is none. To be released in any case. */
int rfa_journal_read(const char *ledger, const char *run, struct rfa_journal_text *out,
		     struct rfa_error *err) RFA_MUST_USE;
void rfa_journal_release(struct rfa_journal_text *journal);

#endif
