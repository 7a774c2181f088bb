/*
 * References to secrets in a URL, "http://127.0.0.1:8000/health?token=${TOKEN}", and in what is
 * sent to it. What is kept and shown has the name; the value is filled in for the request itself.
 */
#ifndef RFA_FSM_BASE_REFERENCE_H
#define RFA_FSM_BASE_REFERENCE_H

#include "fsm/base/buf.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Appends a text as one part of a URL or of a form: what is no letter, digit or -._~ is %XX (RFC
 * 3986, 2.1). Answers as an append.
 */
RFA_API int rfa_url_put_value(struct rfa_buf *out, const char *text);

/* Who knows the values. */
struct rfa_secret_source {
	/* 0 and *value (borrowed; NULL: there is none), or an error. NULL: nobody has any. */
	int (*find)(void *user, const char *name, const char **value, struct rfa_error *);
	void *user;
};

enum { RFA_REFERENCE_MAX = 128 };

/*
 * The name of the next reference ("${NAME}": a letter or _, then letters, digits and _), cut to
 * fit. *at (in: where to look from) is the '$'. 0: there is none. Else the length of it all.
 */
RFA_API size_t rfa_reference_next(const char **at, char name[RFA_REFERENCE_MAX]);

/*
 * Appends the URL with the value of each reference, percent-encoded (RFC 3986, 2.1) so that it is
 * one part of the URL whatever its bytes are. The buffer holds secrets afterwards:
 * rfa_wipe_buf() it. Errors: NOTFOUND that interrupts, for a reference without a value;
 * CONFIG for one in the URL's host or port; those of `from`; TOOBIG.
 */
RFA_API int rfa_reference_fill(struct rfa_buf *out, const char *url,
			       const struct rfa_secret_source *from,
			       struct rfa_error *err) RFA_MUST_USE;

/* What a text is, in which a value has to be one part whatever its bytes are. */
enum rfa_reference_in {
	RFA_IN_URL,   /* percent-encoded; none may be in its host */
	RFA_IN_FORM,  /* name=value&…: percent-encoded */
	RFA_IN_JSON,  /* inside of a string: escaped */
	RFA_IN_PLAIN, /* as it is */
};

/*
 * The same for any of these texts; errors call it `shown`. Errors: also CONFIG for a value that no
 * JSON can hold.
 */
RFA_API int rfa_reference_fill_in(struct rfa_buf *out, const char *text, const char *shown,
				  enum rfa_reference_in in, const struct rfa_secret_source *from,
				  struct rfa_error *err) RFA_MUST_USE;

/*
 * Puts "[secret]" in the place of every value of the references of a URL, or of what is sent, in a
 * text: as it is, percent-encoded, and as in JSON. A value of less than 4 bytes stays: it occurs by
 * chance in other text.
 */
RFA_API void rfa_reference_hide(struct rfa_buf *text, const char *url,
				const struct rfa_secret_source *from);

/* A secret of a build has a name, too: this and its id. */
#define RFA_BUILD_SECRET "build.secrets."
/* The same of a variable that a stack gives to Compose. */
#define RFA_VARIABLE "variables."

/* Puts "[secret]" in the place of each occurrence of the bytes; text may hold NULs. */
RFA_API void rfa_secret_hide(struct rfa_buf *text, const char *value, size_t len);

#ifdef __cplusplus
}
#endif
#endif
