/*
 * What people read about the runs of a flow. Texts have words in braces, which a plan gives a
 * value:
 *
 * {stack} {from} {to} {backup} {vault} {vault.on} {version} {of}
 * {backup.at}      when that backup was made
 * {backup.first}   the backup that is made, or left out, before a run that brings something
 * {migration}      the change of the schema, if the data has not seen it before
 * {tried}          the version whose migration a drill tries
 * {schema.stays}   of a rollback of images: which version has changed the schema since then
 * {built}          the version that the run is about
 * {tag} {commit} {url}  of a release
 * {item}           of the checklist
 * {history}        the file from which a history is imported, and how much of it
 * {marked}         the version that its marker names as verified
 * {service}        in which a command is run
 * {run}            another run, that this one is about
 * {kept} {kept.run} the head of the ledger that a host keeps
 * {source.stops} {target.stops}  what stops there: "web, api, the project shop"
 * {target.replaced} what a run about images makes again there
 * {source.members} {target.members}  the pieces of data that the run is about, on that side
 * {deleted} {kept.data} the pieces of data that go, or stay, when a stack is made anew
 * {base_url}       "KEY in FILE", the target's own
 * {traffic}        how requests move to the new version
 * {point.at} {point.version} {point.members}  of the rollback point
 * {point.files}    what becomes of the configuration that the point has kept
 * {point.images}   where images come from that are not there any more
 * {keep}           how many generations of data stay
 * {sync.on}        where the source of files is
 * {sync.title} {sync.by} {sync.how} {sync.back} {sync.done}  of files that come, or with --take go
 * back {going}          what will be gone for good
 */
#ifndef RFA_FSM_PARTS_TEXT_H
#define RFA_FSM_PARTS_TEXT_H

#include <jansson.h>

#include "fsm/base/buf.h"
#include "fsm/core/flow.h"

struct rfa_ctx;

/* "prod stops": "web, api: for a few renames". */
struct rfa_text_line {
	const char *label, *text;
};

/* clang-format off */

/* Lines of flows that put other data in the place of the target's. */
#define RFA_LINE_STOPS_FOR_RENAMES \
	{ "{to} stops", \
	  "{target.stops}: for a few renames, however much data there is; what ran runs again then" }
#define RFA_LINES_REPLACED \
	{ "is replaced", "{target.members}: wholly; what only this side had is not mixed in" }, \
	{ "its own URL", "{base_url} stays what it is on {to}" }
#define RFA_LINE_WAY_BACK_OF_DATA \
	{ "the way back", \
	  "the data that is replaced stays beside the new one; `rfa rollback {stack} --env {to}` " \
	  "lists it, and going back is a rename too" }
/* Of flows that bring something, where rfa.json asks for a backup. */
#define RFA_LINE_BACKUP_FIRST { "first", "{backup.first}" }
/* Of flows that replace containers. */
#define RFA_LINE_TRAFFIC { "traffic", "{traffic}" }
/* Of flows that bring images. */
#define RFA_LINES_OF_IMAGES \
	RFA_LINE_BACKUP_FIRST, \
	{ "the schema", "{migration}" }, \
	{ "travels", "only layers that {to} has not got" }, \
	{ "{to} stops", "each container whose image changes, while it is replaced (of {target.replaced})" }, \
	RFA_LINE_TRAFFIC, \
	{ "the way back", \
	  "by itself, if the new version does not prove healthy; later: rfa rollback {stack} --env {to}" }
/* Of flows that read a backup. */
#define RFA_LINE_BACKUP_IS_READ { "first", "every byte of the backup is read and compared with its sums" }

/* clang-format on */

struct rfa_flow_text {
	const char *title; /* "The data of {stack} goes from {from} to {to}." */
	/* Said before a run begins; ends with label NULL. One that has a word without a value is
	   left out. */
	const struct rfa_text_line *lines;
	/* What the operator agrees to by typing a name; NULL: only a forced run asks. */
	const char *question;
	const char *name; /* which name: "{to}" */
	/* Where the plan has this option, a phrase has to be typed as well, exactly; NULL: none. */
	const char *phrase, *phrase_for, *phrase_question;
	const char *where; /* of the run, in headlines: "to {to}"; "on {from}" */
	const char *done;  /* what is true after a success: "it has the data of {from} now" */
	/*
	 * What would change, for the preview: appends rows {"what","now","then","change","detail"?,
	 * "bytes"? (at most so many travel), "diff"? (lines)}; change "same" where nothing would.
	 * ctx has what PRECHECK has read. NULL: not known.
	 */
	int (*changes)(const struct rfa_ctx *ctx, json_t *rows, struct rfa_error *err);
};

/* Appends the text with its words filled in. 0, or 1: some word had no value. */
int rfa_text_fill(struct rfa_buf *into, const char *text, const json_t *plan);

/* "2026-11-22 10:30:15Z": the one form in which people read a time; what is none, as it is. */
void rfa_text_time(struct rfa_buf *into, const char *iso);

/* "auth, es, files": the names of an object's members or of an array's objects, printable. */
void rfa_text_names(struct rfa_buf *into, const json_t *members);

/* Changes of flows that do the same. */
int rfa_changes_images(const struct rfa_ctx *ctx, json_t *rows, struct rfa_error *err);
/* A Compose project of which something runs, and not as its files say. */
int rfa_changes_drift(const struct rfa_ctx *ctx, json_t *rows, struct rfa_error *err);
int rfa_changes_rollback(const struct rfa_ctx *ctx, json_t *rows, struct rfa_error *err);
int rfa_changes_files(const struct rfa_ctx *ctx, json_t *rows, struct rfa_error *err);
int rfa_changes_release(const struct rfa_ctx *ctx, json_t *rows, struct rfa_error *err);
int rfa_changes_data(const struct rfa_ctx *ctx, json_t *rows, struct rfa_error *err);
int rfa_changes_backup(const struct rfa_ctx *ctx, json_t *rows, struct rfa_error *err);
/* Of images that are only tried out. */
int rfa_changes_trial(const struct rfa_ctx *ctx, json_t *rows, struct rfa_error *err);
int rfa_changes_import(const struct rfa_ctx *ctx, json_t *rows, struct rfa_error *err);
/* Of the backups that are there: what the rules of retention say. */
int rfa_changes_verdicts(const struct rfa_ctx *ctx, json_t *rows, struct rfa_error *err);

#endif
