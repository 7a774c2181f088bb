/* The last look before a text becomes durable: no secret enters the ledger. */
#ifndef RFA_LEDGER_SCAN_H
#define RFA_LEDGER_SCAN_H

#include <jansson.h>
#include <stddef.h>

#include "fsm/base/buf.h"
#include "fsm/base/error.h"

struct rfa_scan;

/* *scan may move. */
int rfa_scan_add(struct rfa_scan **scan, const char *secret, struct rfa_error *err);
int rfa_scan_new(struct rfa_scan **out, const char *const *secrets,
		 struct rfa_error *err) RFA_MUST_USE;
void rfa_scan_free(struct rfa_scan *scan);
/* REFUSED, naming the pattern and `what`, never the value. */
int rfa_scan_text(const struct rfa_scan *scan, const char *what, const char *text, size_t len,
		  struct rfa_error *err) RFA_MUST_USE;

/* Appends the text with "[secret]" in the place of each; 1 if there was one. */
int rfa_scan_redact(const struct rfa_scan *scan, const char *text, size_t len, struct rfa_buf *out);
/* The same for every string and name in *value (owned), which is replaced if *changed. */
int rfa_scan_redact_json(const struct rfa_scan *scan, json_t **value, int *changed,
			 struct rfa_error *err) RFA_MUST_USE;

#endif
