/* One file out of a tar archive that passes by (POSIX pax, GNU long names and sparse files). */
#ifndef RFA_CLI_FRAME_UNTAR_H
#define RFA_CLI_FRAME_UNTAR_H

#include <stdint.h>

#include "fsm/base/buf.h"
#include "fsm/base/error.h"

#define RFA_UNTAR_NAME_MAX 4096

struct rfa_untar {
	/* Set by the caller. */
	const char *want; /* the file's path in the archive, without "./" in front; borrowed */
	int (*data)(void *user, const void *data, size_t len, struct rfa_error *);
	void *user;
	/* What was found. */
	int found;    /* the file, and its content was handed on */
	int is_other; /* there is such a name, and it is no file: a directory, a device */
	char link[RFA_UNTAR_NAME_MAX]; /* it is another name of this one; "": it is not */
	int64_t beside;                /* bytes of all other files */
	/* Its own. */
	unsigned char block[512];
	size_t in_block;
	int64_t body, padding; /* of the entry at hand: bytes that are still to come */
	int wanted;            /* its content is handed on */
	char kind;             /* of the entry at hand */
	int64_t at, size;      /* in the file that comes out */
	size_t segment;
	struct rfa_buf extra;           /* of a header that is about the next entry */
	struct rfa_buf name;            /* from such a header; "": none */
	struct rfa_buf target;          /* the same, of a link */
	struct rfa_buf map;             /* of a sparse file: int64_t offset, bytes, … */
	int64_t long_size, sparse_size; /* -1: none */
	int ended;                      /* its end mark was seen */
};

/* want, data and user are kept; everything else begins anew. */
void rfa_untar_begin(struct rfa_untar *u, const char *want,
		     int (*data)(void *user, const void *data, size_t len, struct rfa_error *),
		     void *user);
/* The next bytes of the archive. Errors: CORRUPT for what is no tar archive; those of data(). */
int rfa_untar_feed(struct rfa_untar *u, const void *data, size_t len,
		   struct rfa_error *err) RFA_MUST_USE;
/* The archive has ended. Errors: CORRUPT: it is cut short. */
int rfa_untar_end(const struct rfa_untar *u, struct rfa_error *err) RFA_MUST_USE;
void rfa_untar_release(struct rfa_untar *u);

#endif
