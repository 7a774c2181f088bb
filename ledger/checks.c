/* The public checks: every rule that holds for both ledgers is checked here, before either acts. */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fsm/base/digest.h"
#include "fsm/base/facts.h"
#include "fsm/base/fault.h"
#include "ledger/internal.h"
#include "ledger/ledger.h"
#include "ledger/names.h"
#include "ledger/scan.h"

/* A name in a commit's header: no '<', '>', newline or other control (git-commit-tree). */
static void put_identity(char *out, size_t size, const char *text)
{
	size_t n = 0;

	for (; *text && n + 1 < size; text++)
		if ((unsigned char)*text >= 0x20 && *text != '<' && *text != '>' && *text != 0x7f)
			out[n++] = *text;
	while (n && (out[n - 1] == ' ' || ((unsigned char)out[n - 1] & 0xc0) == 0xc0))
		n--; /* git trims spaces; a character cut in half is none */
	out[n] = '\0';
}

/* A point between a write and its answer, where a test or a fault point may step in. */
static int pass(const struct rfa_ledger *ledger, const char *point, struct rfa_error *err)
{
	char name[64];
	int rc = ledger->point ? ledger->point(ledger->point_user, point, err) : 0;

	snprintf(name, sizeof(name), "ledger.%s", point);
	return rc ? rc : rfa_fault(name, err);
}

int rfa_ledger_setup(struct rfa_ledger *ledger, const struct rfa_ledger_options *options,
		     struct rfa_error *err)
{
	char machine[64] = "";
	char email[128] = "";
	char name[96] = "";
	const struct passwd *user = NULL;

	ledger->clock = options->clock ? options->clock : rfa_clock_system();
	ledger->point = options->point;
	ledger->point_user = options->point_user;
	if (options->author_name)
		rfa_copy(name, sizeof(name), options->author_name);
	if (options->author_email)
		rfa_copy(email, sizeof(email), options->author_email);
	if (!name[0])
		rfa_copy(name, sizeof(name), getenv("USER"));
	if (!name[0] && (user = getpwuid(getuid())))
		rfa_copy(name, sizeof(name), user->pw_name);
	if (!email[0]) {
		if (gethostname(machine, sizeof(machine) - 1))
			machine[0] = '\0';
		snprintf(email, sizeof(email), "%.60s@%.60s", name,
			 machine[0] ? machine : "localhost");
	}
	put_identity(ledger->author_name, sizeof(ledger->author_name), name);
	put_identity(ledger->author_email, sizeof(ledger->author_email), email);
	if (!ledger->author_name[0])
		rfa_copy(ledger->author_name, sizeof(ledger->author_name), "unknown");
	return rfa_scan_new(&ledger->scan, options->secrets, err);
}

void rfa_ledger_teardown(struct rfa_ledger *ledger)
{
	rfa_scan_free(ledger->scan);
	ledger->scan = NULL;
}

int rfa_ledger_hide(struct rfa_ledger *ledger, const char *secret, struct rfa_error *err)
{
	return rfa_scan_add(&ledger->scan, secret, err);
}

void rfa_ledger_free(struct rfa_ledger *ledger)
{
	if (ledger)
		ledger->ops->free(ledger);
}

/*
 * JSON that is about to be kept for ever: free of secrets, and such that it can be read again
 * (jansson writes a NUL inside a string, and nesting, that it then does not take back).
 */
static int check_json(const struct rfa_ledger *ledger, const char *what, const json_t *json,
		      struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(RFA_LEDGER_MAX_TEXT);
	json_t *again = NULL;
	int rc = rfa_facts_encode(json, &text, err);

	if (!rc)
		rc = rfa_scan_text(ledger->scan, what, rfa_buf_str(&text), text.len, err);
	if (!rc)
		rc = rfa_facts_parse(&again, rfa_buf_str(&text), text.len, what, err);
	json_decref(again);
	rfa_buf_release(&text);
	return rc;
}

int rfa_ledger_begin(struct rfa_ledger *ledger, const struct rfa_ledger_begin *begin,
		     struct rfa_ledger_run **out, char *blocker, struct rfa_error *err)
{
	struct rfa_run_head head = { 0 };
	struct rfa_ledger_run *run = NULL;
	char once[RFA_DIGEST_HEX];
	int rc = rfa_head_check(begin, err);

	if (blocker)
		blocker[0] = '\0';
	if (!rc)
		rc = check_json(ledger, "the plan", begin->plan, err);
	if (!rc)
		rc = pass(ledger, "begin.before", err);
	if (rc)
		return rc;
	rfa_copy(head.run, sizeof(head.run), begin->run);
	rfa_copy(head.flow, sizeof(head.flow), begin->flow);
	rfa_copy(head.stack, sizeof(head.stack), begin->stack);
	rfa_copy(head.env, sizeof(head.env), begin->env);
	rfa_copy(head.from, sizeof(head.from), begin->from);
	head.flow_version = begin->flow_version;
	if (begin->once && *begin->once) {
		rfa_digest_of(RFA_SHA256, begin->once, strlen(begin->once), once);
		snprintf(head.once, sizeof(head.once), "%.32s", once);
	}
	rc = ledger->ops->begin(ledger, &head, begin->plan, &run, blocker, err);
	if (rc)
		return rc;
	rc = pass(ledger, "begin.after", err);
	if (rc) {
		rfa_ledger_detach(run);
		return rc;
	}
	*out = run;
	return 0;
}

int rfa_ledger_attach(struct rfa_ledger *ledger, const char *run, struct rfa_ledger_run **out,
		      struct rfa_error *err)
{
	if (!run || !rfa_run_id_ok(run)) {
		rfa_fail(err, RFA_ENOTFOUND, "ledger", "that is no run's id");
		return rfa_error_hint(err, "rfa runs");
	}
	return ledger->ops->attach(ledger, run, out, err);
}

int rfa_ledger_redact(const struct rfa_ledger *ledger, json_t **value, int *changed,
		      struct rfa_error *err)
{
	return rfa_scan_redact_json(ledger->scan, value, changed, err);
}

int rfa_ledger_redact_text(const struct rfa_ledger *ledger, const char *text, size_t len,
			   struct rfa_buf *out)
{
	return rfa_scan_redact(ledger->scan, text, len, out);
}

static int check_record(const struct rfa_ledger_run *run, const struct rfa_record *record,
			const char *subject, struct rfa_error *err)
{
	int rc = rfa_record_check(record, err);

	if (!rc && record->facts)
		rc = check_json(run->ledger, "a record's facts", record->facts, err);
	if (!rc && subject)
		rc = rfa_scan_text(run->ledger->scan, "a record's subject", subject,
				   strlen(subject), err);
	return rc;
}

int rfa_ledger_append(struct rfa_ledger_run *run, const struct rfa_record *record,
		      const char *subject, struct rfa_error *err)
{
	int rc = check_record(run, record, subject, err);

	if (!rc && (record->kind == RFA_RECORD_BEGIN || record->kind == RFA_RECORD_END))
		rc = rfa_fail(err, RFA_EINTERNAL, "ledger", "%s is not appended: begin, end",
			      rfa_record_kind_word(record->kind));
	if (!rc && run->ended)
		rc = rfa_fail(err, RFA_ESTALE, "ledger", "run %s has ended", run->head.run);
	if (!rc)
		rc = pass(run->ledger, "append.before", err);
	if (rc)
		return rc;
	rc = run->ledger->ops->append(run, record, subject, err);
	if (!rc)
		rc = pass(run->ledger, "append.after", err);
	return rc;
}

static int check_end(const struct rfa_ledger_run *run, const struct rfa_ledger_end *end,
		     struct rfa_error *err)
{
	const struct rfa_scan *scan = run->ledger->scan;
	json_t *summary = NULL;
	int rc = 0;

	if (end->final == RFA_FINAL_NONE || !end->summary)
		return rfa_fail(err, RFA_EINTERNAL, "ledger",
				"a run ends with a final state and a summary");
	if (end->point && !rfa_name_ok(end->point, RFA_POINT_MAX))
		return rfa_fail(err, RFA_EINTERNAL, "ledger",
				"a rollback point has a malformed name");
	if (end->point_message)
		rc = rfa_scan_text(scan, "a rollback point's text", end->point_message,
				   strlen(end->point_message), err);
	if (!rc)
		rc = rfa_facts_parse(&summary, end->summary, strlen(end->summary), "the summary",
				     err);
	if (!rc)
		rc = check_json(run->ledger, "the summary", summary, err);
	json_decref(summary);
	for (size_t i = 0; !rc && i < end->n_files; i++) {
		const struct rfa_ledger_file *file = &end->files[i];

		if (!rfa_path_ok(file->path) || rfa_path_reserved(file->path) ||
		    (file->append && !file->content))
			return rfa_fail(err, RFA_EINTERNAL, "ledger",
					"END cannot write file number %zu", i + 1);
		rc = rfa_scan_text(scan, file->path, file->content, file->len, err);
	}
	return rc;
}

int rfa_ledger_end(struct rfa_ledger_run *run, const struct rfa_record *record, const char *subject,
		   const struct rfa_ledger_end *end, struct rfa_error *err)
{
	int rc = check_record(run, record, subject, err);

	if (!rc && record->kind != RFA_RECORD_END)
		rc = rfa_fail(err, RFA_EINTERNAL, "ledger", "a run ends with an END record");
	if (!rc && strcmp(record->outcome, rfa_final_word(end->final)) != 0)
		rc = rfa_fail(err, RFA_EINTERNAL, "ledger",
			      "END's outcome is the final state's word");
	if (!rc)
		rc = check_end(run, end, err);
	if (!rc)
		rc = pass(run->ledger, "end.before", err);
	if (!rc)
		rc = run->ledger->ops->end(run, record, subject, end, err);
	if (!rc)
		rc = pass(run->ledger, "end.after", err);
	if (!rc)
		rfa_ledger_detach(run);
	return rc;
}

void rfa_ledger_detach(struct rfa_ledger_run *run)
{
	if (run)
		run->ledger->ops->detach(run);
}

int rfa_ledger_load(struct rfa_ledger *ledger, const char *run, struct rfa_history **out,
		    struct rfa_error *err)
{
	if (!run || !rfa_run_id_ok(run)) {
		rfa_fail(err, RFA_ENOTFOUND, "ledger", "that is no run's id");
		return rfa_error_hint(err, "rfa runs");
	}
	return ledger->ops->load(ledger, run, out, err);
}

int rfa_ledger_list(struct rfa_ledger *ledger, const struct rfa_ledger_filter *filter,
		    int (*each)(void *user, const struct rfa_ledger_line *), void *user,
		    struct rfa_error *err)
{
	struct rfa_ledger_filter f = { 0 };

	if (filter)
		f = *filter;
	if (!f.limit)
		f.limit = 50;
	return ledger->ops->list(ledger, &f, each, user, err);
}

static int no_such_file(const char *path, struct rfa_error *err)
{
	struct rfa_buf shown = RFA_BUF_INIT(512);

	rfa_buf_put_printable(&shown, path, strlen(path), 100);
	rfa_fail(err, RFA_ENOTFOUND, "ledger", "the ledger has no file %s", rfa_buf_str(&shown));
	rfa_buf_release(&shown);
	return -(int)RFA_ENOTFOUND;
}

int rfa_ledger_read(struct rfa_ledger *ledger, const char *path, struct rfa_buf *out,
		    struct rfa_error *err)
{
	if (!rfa_path_ok(path))
		return no_such_file(path, err);
	return ledger->ops->read(ledger, path, out, err);
}

int rfa_ledger_names(struct rfa_ledger *ledger, const char *folder, json_t **out,
		     struct rfa_error *err)
{
	json_t *names = json_array();
	int rc = 0;

	if (!names)
		return rfa_fail_nomem(err);
	if (rfa_path_ok(folder))
		rc = ledger->ops->names(ledger, folder, names, err);
	if (rc)
		json_decref(names);
	else
		*out = names;
	return rc;
}

int rfa_ledger_head(struct rfa_ledger *ledger, char out[65], struct rfa_error *err)
{
	return ledger->ops->head(ledger, out, err);
}

int rfa_ledger_id(struct rfa_ledger *ledger, char out[65], struct rfa_error *err)
{
	return ledger->ops->id(ledger, out, err);
}

int rfa_ledger_knows(struct rfa_ledger *ledger, const char *head, int *known, struct rfa_error *err)
{
	return ledger->ops->knows(ledger, head, known, err);
}

/* The longest name of a channel, with its NUL: two names, and a word. */
enum { CHANNEL_MAX = 144 };

int rfa_ledger_channel_read(struct rfa_ledger *ledger, const char *name,
			    struct rfa_ledger_channel *out, struct rfa_error *err)
{
	memset(out, 0, sizeof(*out));
	if (!rfa_name_ok(name, CHANNEL_MAX))
		return rfa_fail(err, RFA_ENOTFOUND, "ledger", "that is no channel's name");
	return ledger->ops->channel_read(ledger, name, out, err);
}

void rfa_ledger_channel_release(struct rfa_ledger_channel *channel)
{
	json_decref(channel->state);
	memset(channel, 0, sizeof(*channel));
}

int rfa_ledger_channel_move(struct rfa_ledger *ledger, const char *name,
			    const struct rfa_ledger_move *move, struct rfa_error *err)
{
	int rc = 0;

	if (!rfa_name_ok(name, CHANNEL_MAX))
		return rfa_fail(err, RFA_EINTERNAL, "ledger", "a channel has a malformed name");
	rc = check_json(ledger, "a channel's state", move->state, err);
	if (!rc)
		rc = rfa_scan_text(ledger->scan, "a channel's subject", move->subject,
				   strlen(move->subject), err);
	if (!rc)
		rc = pass(ledger, "channel.before", err);
	if (!rc)
		rc = ledger->ops->channel_move(ledger, name, move, err);
	return rc ? rc : pass(ledger, "channel.after", err);
}

int rfa_ledger_ended(struct rfa_ledger *ledger, const char *at,
		     int (*each)(void *user, const struct rfa_ledger_ending *), void *user,
		     struct rfa_error *err)
{
	return ledger->ops->ended(ledger, at, each, user, err);
}

int rfa_ledger_verify(struct rfa_ledger *ledger,
		      int (*legal)(void *user, const struct rfa_history *, struct rfa_error *),
		      void (*each)(void *user, const struct rfa_ledger_finding *), void *user,
		      struct rfa_error *err)
{
	return ledger->ops->verify(ledger, legal, each, user, err);
}
