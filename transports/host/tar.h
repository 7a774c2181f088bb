/*
 * Tar archives (POSIX ustar with pax records, GNU long names): the index of one that lies on a
 * host, and the headers of one that we make. Private to transports/host.
 */
#ifndef RFA_TRANSPORTS_HOST_TAR_H
#define RFA_TRANSPORTS_HOST_TAR_H

#include <stdint.h>

#include "fsm/base/buf.h"
#include "fsm/base/error.h"

#define RFA_TAR_BLOCK 512u
/* More entries than any image archive has. */
#define RFA_TAR_ENTRIES_MAX 20000u

struct rfa_tar_entry {
	char *name;            /* owned; without "./" in front */
	char *link;            /* owned; of a symbolic or hard link; NULL: none */
	char type;             /* '0' file, '1' hard link, '2' symlink, '5' directory, … */
	uint64_t offset, size; /* of the content */
};

struct rfa_tar {
	struct rfa_tar_entry *entries; /* owned */
	size_t n, cap;
	uint64_t file_size;
	/* While it is read. */
	uint64_t next;               /* where the next header must be */
	char *long_name, *long_link; /* owned; for the next entry */
	int64_t long_size;           /* -1: none */
	int complete;                /* its end mark was seen */
};
#define RFA_TAR_INIT                                \
	{                                           \
		NULL, 0, 0, 0, 0, NULL, NULL, -1, 0 \
	}

/*
 * Takes what rfa_script_tar_index has said of the file, from where the last call left off:
 *
 *     size BYTES
 *     head OFFSET B0 B1 … B511     one header block, bytes in decimal
 *     data OFFSET B…               the content of a 'L', 'K' or 'x' entry
 *     more                         there is more, ask again
 *     end
 *
 * *again = 1: run the script again with tar->next, and with tar->long_size if that is not -1.
 * Errors: PROTOCOL for what is no such text, CORRUPT for what is no whole tar archive.
 */
int rfa_tar_index(struct rfa_tar *tar, const char *text, size_t len, int *again,
		  struct rfa_error *err);

/* The entry with this name, links followed; NULL: none. Borrowed. */
const struct rfa_tar_entry *rfa_tar_find(const struct rfa_tar *tar, const char *name);
void rfa_tar_release(struct rfa_tar *tar);

/* Appends the header of a file ('0') or directory ('5'), the same bytes every time. */
int rfa_tar_header(struct rfa_buf *out, const char *name, char type, uint64_t size,
		   struct rfa_error *err);
/* Zero bytes that fill the last block of so many bytes. */
int rfa_tar_padding(struct rfa_buf *out, uint64_t size);

#endif
