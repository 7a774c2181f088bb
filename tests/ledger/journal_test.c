/*
 * A journal that was cut short at each of its bytes, and one with a bit turned at each: what was
 * acknowledged is there, what was being written is no record, and damage is told, never passed
 * over.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ledger/git/git.h"
#include "tests/harness/ledger_kit.h"

enum { RECORDS = 3, SECTOR = 512 };

/* A run that a process drives: BEGIN on its ref, three records in its journal. */
struct world {
	struct kit kit;
	struct rfa_error err;
	struct rfa_buf out;
	struct rfa_ledger *ledger;
	struct rfa_ledger_run *run;
	char id[RFA_RUN_ID_MAX];
	char path[800]; /* the journal's */
	struct rfa_buf text;
	size_t ends[RECORDS + 1]; /* of the first line, and of each record */
};

static void read_text(struct world *w)
{
	char chunk[65536];
	FILE *file = fopen(w->path, "rb");
	size_t n;

	rfa_buf_clear(&w->text);
	assert_non_null(file);
	while ((n = fread(chunk, 1, sizeof(chunk), file)))
		rfa_buf_add(&w->text, chunk, n);
	fclose(file);
}

static void write_text(const struct world *w, const char *data, size_t len)
{
	int fd = open(w->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, data, len, 0), len);
	assert_int_equal(ftruncate(fd, (off_t)len), 0);
	close(fd);
}

static int start(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	kit_open(&w->kit);
	w->out = (struct rfa_buf)RFA_BUF_INIT(1 << 20);
	w->text = (struct rfa_buf)RFA_BUF_INIT(1 << 24);
	if (rfa_ledger_init(&w->kit.options, &w->err) ||
	    rfa_ledger_open(&w->ledger, &w->kit.options, &w->err) ||
	    kit_begin(w->ledger, 1, "app", "prod", &w->run, &w->err))
		fail_msg("%s", w->err.msg);
	snprintf(w->path, sizeof(w->path), "%s/rfa/journals/%s", w->kit.path, kit_id(1, w->id));
	for (uint32_t seq = 1; seq <= RECORDS; seq++) {
		if (kit_append(w->run, seq, &w->err))
			fail_msg("%s", w->err.msg);
		read_text(w);
		if (seq == 1)
			w->ends[0] = (size_t)(strchr(w->text.data, '\n') + 1 - w->text.data);
		w->ends[seq] = strlen(w->text.data); /* zeros are behind it */
	}
	*state = w;
	return 0;
}

static int stop(void **state)
{
	struct world *w = *state;

	rfa_ledger_detach(w->run);
	rfa_ledger_free(w->ledger);
	rfa_buf_release(&w->out);
	rfa_buf_release(&w->text);
	kit_close(&w->kit);
	free(w);
	return 0;
}

/* How many records a reader sees, BEGIN not counted; -1: damaged. */
static int records(struct world *w)
{
	struct rfa_history *h = NULL;
	int n = -1;
	int rc = rfa_ledger_load(w->ledger, w->id, &h, &w->err);

	if (!rc) {
		n = (int)h->n - 1;
		for (size_t i = 0; i < h->n; i++)
			assert_int_equal(h->records[i].seq, i);
	} else {
		assert_int_equal(rc, -RFA_ECORRUPT);
		assert_non_null(strstr(w->err.where, w->path));
	}
	rfa_history_free(h);
	return n;
}

/* What a driver that dies at each byte of a record leaves: the zeros behind it are there. */
static void test_torn(void **state)
{
	struct world *w = *state;
	char *torn = malloc(w->text.len);
	int seen = 0;

	for (size_t len = w->ends[0]; len <= w->ends[RECORDS]; len++) {
		memcpy(torn, w->text.data, w->text.len);
		memset(torn + len, 0, w->text.len - len);
		write_text(w, torn, w->text.len);
		while (seen < RECORDS && len >= w->ends[seen + 1])
			seen++;
		if (records(w) != seen)
			fail_msg("cut at %zu: not %d records", len, seen);
	}
	assert_int_equal(seen, RECORDS);
	/* Any of the sectors of the last record may be there without the others. */
	for (unsigned there = 0; there < 8; there++) {
		memcpy(torn, w->text.data, w->text.len);
		for (size_t at = w->ends[RECORDS - 1]; at < w->ends[RECORDS]; at++)
			if (!(there >> (at / SECTOR - w->ends[RECORDS - 1] / SECTOR) % 3 & 1))
				torn[at] = 0;
		if (!memcmp(torn, w->text.data, w->text.len))
			continue;
		write_text(w, torn, w->text.len);
		if (records(w) != RECORDS - 1)
			fail_msg("sectors %u: not %d records", there, RECORDS - 1);
	}
	free(torn);
	write_text(w, w->text.data, w->text.len);
}

/* A bit turned in a record that was acknowledged is told, wherever it is. */
static void test_flipped(void **state)
{
	struct world *w = *state;

	for (size_t at = 0; at < w->ends[RECORDS]; at++)
		for (unsigned bit = 0; bit < 8; bit += at % 7 ? 3 : 1) {
			w->text.data[at] ^= (char)(1 << bit);
			write_text(w, w->text.data, w->text.len);
			if (records(w) != -1)
				fail_msg("bit %u of byte %zu was turned, nobody missed it", bit,
					 at);
			w->text.data[at] ^= (char)(1 << bit);
		}
	write_text(w, w->text.data, w->text.len);
	assert_int_equal(records(w), RECORDS);
}

/* A sector in the midst that is gone, a file that was cut short, another run's, none. */
static void test_damaged(void **state)
{
	struct world *w = *state;
	char *other = malloc(w->text.len);
	char *run;

	memcpy(other, w->text.data, w->text.len);
	memset(other + w->ends[0], 0, w->ends[1] - w->ends[0]);
	write_text(w, other, w->text.len);
	assert_int_equal(records(w), -1);
	write_text(w, w->text.data, w->text.len / 2);
	assert_int_equal(records(w), -1);
	assert_non_null(strstr(w->err.msg, "has lost its end"));
	write_text(w, "", 0);
	assert_int_equal(records(w), -1);
	memset(other, 0, w->text.len);
	write_text(w, other, w->text.len);
	assert_int_equal(records(w), -1);
	memcpy(other, w->text.data, w->text.len);
	run = strstr(other, w->id);
	run[strlen(w->id) - 1] ^= 1;
	write_text(w, other, w->text.len);
	assert_int_equal(records(w), -1);
	assert_non_null(strstr(w->err.msg, "not a journal of this run"));
	assert_non_null(strstr(w->err.hint, "backup"));
	free(other);
	write_text(w, w->text.data, w->text.len);
	assert_int_equal(records(w), RECORDS);
}

/* What is no file is not waited for, nor followed; and it is in the way of its own run alone. */
static void test_odd(void **state)
{
	static const char *const odd[] = { "mkfifo $J", "mkdir $J", "ln -s $J.aside $J",
					   "ln -s nowhere $J", "truncate -s 65M $J" };
	struct world *w = *state;
	struct rfa_ledger_run *run = NULL;

	/* As a killed driver leaves it. */
	rfa_journal_close(&((struct rfa_git_run *)w->run)->journal);
	rfa_ledger_detach(w->run);
	w->run = NULL;
	assert_int_equal(setenv("J", w->path, 1), 0);
	for (unsigned i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		alarm(60);
		assert_int_equal(kit_sh(&w->kit, &w->out, "mv $J $J.aside"), 0);
		assert_int_equal(kit_sh(&w->kit, &w->out, odd[i]), 0);
		rfa_ledger_free(w->ledger);
		w->ledger = NULL;
		if (rfa_ledger_open(&w->ledger, &w->kit.options, &w->err))
			fail_msg("%s: %s", odd[i], w->err.msg);
		if (records(w) != -1)
			fail_msg("%s: nobody missed the journal", odd[i]);
		assert_non_null(strstr(w->err.msg, "damaged"));
		assert_int_equal(rfa_ledger_attach(w->ledger, w->id, &run, &w->err), -RFA_ECORRUPT);
		assert_int_equal(kit_whole(w->ledger, 10 + i, "other", "prod", 2, NULL, &w->err),
				 0);
		assert_int_equal(kit_sh(&w->kit, &w->out, "rm -r $J && mv $J.aside $J"), 0);
	}
	alarm(0);
	assert_int_equal(records(w), RECORDS);
	/* Nor is one that is made written through what lies in its place. */
	assert_int_equal(kit_sh(&w->kit, &w->out, "echo precious >p; ln -s $PWD/p $J.new"), 0);
	assert_int_equal(rfa_ledger_attach(w->ledger, w->id, &w->run, &w->err), 0);
	assert_int_equal(kit_append(w->run, RECORDS + 1, &w->err), 0);
	assert_int_equal(kit_sh(&w->kit, &w->out, "cat p; ls $L/rfa/journals"), 0);
	assert_non_null(strstr(rfa_buf_str(&w->out), "precious"));
	assert_null(strstr(rfa_buf_str(&w->out), ".new"));
}

/* What is written to a file that nobody finds is not acknowledged. */
static void test_removed(void **state)
{
	struct world *w = *state;
	uint32_t seq = RECORDS;
	int rc;

	assert_int_equal(unlink(w->path), 0);
	rc = kit_append(w->run, ++seq, &w->err);
	assert_int_equal(rc, -RFA_ECORRUPT);
	assert_non_null(strstr(w->err.msg, "removed or replaced"));
	/* Asked again: what was told before is not there, and nothing is put on top of that. */
	assert_int_equal(kit_append(w->run, seq, &w->err), -RFA_ESTALE);
	assert_int_equal(kit_end(w->run, seq, "app", "prod", NULL, &w->err), -RFA_ESTALE);
}

/* It is looked for also where it would be begun anew. */
static void test_removed_full(void **state)
{
	struct world *w = *state;
	struct rfa_git_run *run = (struct rfa_git_run *)w->run;

	assert_int_equal(unlink(w->path), 0);
	run->journal.at = run->journal.size;
	assert_int_equal(kit_append(w->run, RECORDS + 1, &w->err), -RFA_ECORRUPT);
	assert_non_null(strstr(w->err.msg, "gone from its journal"));
}

/* One of an older state of the ledger, whose ref is elsewhere. Nothing writes over it. */
static void test_foreign(void **state)
{
	struct world *w = *state;
	struct rfa_ledger_run *run = NULL;

	rfa_ledger_detach(w->run);
	w->run = NULL;
	assert_int_equal(records(w), RECORDS);
	assert_int_equal(access(w->path, F_OK), -1);
	/* It ends where the ref is: nothing is lost, nothing is new. */
	write_text(w, w->text.data, w->text.len);
	assert_int_equal(records(w), RECORDS);
	assert_int_equal(kit_sh(&w->kit, &w->out,
				"cd $L; r=$(git for-each-ref --format='%(refname)' refs/rfa/runs); "
				"git update-ref $r main~1"),
			 0);
	assert_int_equal(records(w), -1);
	assert_non_null(strstr(w->err.msg, "its ref is elsewhere"));
	assert_int_equal(rfa_ledger_attach(w->ledger, w->id, &run, &w->err), -RFA_ECORRUPT);
	rfa_ledger_free(w->ledger);
	w->ledger = NULL;
	/* The ledger opens, its other runs go on, and the journal lies where it lay. */
	assert_int_equal(rfa_ledger_open(&w->ledger, &w->kit.options, &w->err), 0);
	assert_int_equal(kit_whole(w->ledger, 2, "other", "prod", 2, NULL, &w->err), 0);
	assert_int_equal(access(w->path, F_OK), 0);
	assert_int_equal(rfa_ledger_verify(w->ledger, NULL, NULL, NULL, &w->err), -RFA_ECORRUPT);
}

/* A ref that is gone: the journal says where it was, and what is told to type mends it. */
static void test_lost_ref(void **state)
{
	struct world *w = *state;
	struct rfa_history *h = NULL;
	const char *mend;

	kit_sh(&w->kit, &w->out, "rm $L/refs/rfa/runs/*");
	assert_int_equal(rfa_ledger_load(w->ledger, w->id, &h, &w->err), -RFA_ECORRUPT);
	mend = strstr(w->err.hint, "git -C");
	assert_non_null(mend);
	assert_non_null(strstr(mend, "update-ref"));
	assert_int_equal(kit_sh(&w->kit, &w->out, mend), 0);
	assert_int_equal(records(w), RECORDS);
}

static void find(void *user, const struct rfa_ledger_finding *finding)
{
	rfa_buf_printf(user, "%s\n", finding->what);
}

/* Somebody ends the run in copy.git, which has its BEGIN only, and main is fetched from there. */
static void end_in_copy(struct world *w)
{
	struct rfa_ledger_options options = w->kit.options;
	struct rfa_ledger_run *run = NULL;
	struct rfa_ledger *copy = NULL;
	char path[800];

	snprintf(path, sizeof(path), "%s/copy.git", w->kit.dir);
	options.path = path;
	assert_int_equal(rfa_ledger_open(&copy, &options, &w->err), 0);
	assert_int_equal(rfa_ledger_attach(copy, w->id, &run, &w->err), 0);
	assert_int_equal(kit_end(run, 1, "app", "prod", NULL, &w->err), 0);
	rfa_ledger_free(copy);
	assert_int_equal(kit_sh(&w->kit, &w->out, "git -C $L fetch -q ../copy.git main:main"), 0);
}

/* Ended by somebody in a copy of the ledger: the records that END does not have are not thrown
 * away, whether they are in the journal still or on the ref, and verify tells of them. */
static void elsewhere(struct world *w, int folded)
{
	assert_int_equal(kit_sh(&w->kit, &w->out, "git clone -q --mirror $L copy.git"), 0);
	if (!folded)
		rfa_journal_close(&((struct rfa_git_run *)w->run)->journal);
	rfa_ledger_detach(w->run);
	w->run = NULL;
	rfa_ledger_free(w->ledger);
	w->ledger = NULL;
	end_in_copy(w);
	assert_int_equal(rfa_ledger_open(&w->ledger, &w->kit.options, &w->err), 0);
	rfa_buf_clear(&w->out);
	assert_int_equal(rfa_ledger_verify(w->ledger, NULL, find, &w->out, &w->err), -RFA_ECORRUPT);
	if (!strstr(rfa_buf_str(&w->out), "of no unfinished run"))
		fail_msg("%s", rfa_buf_str(&w->out));
	assert_int_equal(access(w->path, F_OK), folded ? -1 : 0);
	kit_sh(&w->kit, &w->out, "git -C $L log --all --format=%s | grep -c target.step");
	assert_string_equal(rfa_buf_str(&w->out), folded ? "3\n" : "0\n");
	assert_int_equal(kit_whole(w->ledger, 2, "app", "prod", 1, NULL, &w->err), 0);
}

/* Nor does a driver take that END for its own, which it was not told of. */
static void test_elsewhere_driven(void **state)
{
	struct world *w = *state;

	assert_int_equal(kit_sh(&w->kit, &w->out, "git clone -q --mirror $L copy.git"), 0);
	end_in_copy(w);
	w->run->doubtful = 1; /* an END that failed */
	assert_int_equal(kit_end(w->run, RECORDS + 1, "app", "prod", NULL, &w->err), -RFA_ECORRUPT);
	kit_sh(&w->kit, &w->out, "git -C $L log --all --format=%s | grep -c target.step");
	assert_string_equal(rfa_buf_str(&w->out), "3\n");
}

static void test_elsewhere(void **state)
{
	elsewhere(*state, 0);
}

static void test_elsewhere_folded(void **state)
{
	elsewhere(*state, 1);
}

/* Whoever opens the ledger puts the records of an interrupted run where plain git sees them. */
static void test_folded(void **state)
{
	struct world *w = *state;
	struct rfa_git_run *run = (struct rfa_git_run *)w->run;
	static const char log[] = "git -C $L log --all --format=%s | grep -c target.step";

	assert_int_equal(records(w), RECORDS);
	kit_sh(&w->kit, &w->out, log);
	assert_string_equal(rfa_buf_str(&w->out), "0\n");
	/* As a killed driver leaves it: the lock is free, the journal is there. */
	rfa_journal_close(&run->journal);
	rfa_ledger_detach(w->run);
	w->run = NULL;
	rfa_ledger_free(w->ledger);
	assert_int_equal(access(w->path, F_OK), 0);
	assert_int_equal(rfa_ledger_open(&w->ledger, &w->kit.options, &w->err), 0);
	assert_int_equal(access(w->path, F_OK), -1);
	kit_sh(&w->kit, &w->out, log);
	assert_string_equal(rfa_buf_str(&w->out), "3\n");
	assert_int_equal(records(w), RECORDS);
	assert_int_equal(rfa_ledger_attach(w->ledger, w->id, &w->run, &w->err), 0);
	assert_int_equal(kit_append(w->run, RECORDS + 1, &w->err), 0);
	assert_int_equal(kit_end(w->run, RECORDS + 2, "app", "prod", "p1", &w->err), 0);
	w->run = NULL;
	assert_int_equal(access(w->path, F_OK), -1);
	if (rfa_ledger_verify(w->ledger, NULL, NULL, NULL, &w->err))
		fail_msg("%s", w->err.msg);
}

/* Where there are journals an rfa that does not know them is told to keep off: it reads a format in
 * the configuration, and knows 1. */
static void test_told(void **state)
{
	struct world *w = *state;
	static const char says[] = "git -C $L config rfa.format; ls $L | grep config";

	kit_sh(&w->kit, &w->out, says);
	assert_string_equal(rfa_buf_str(&w->out), "2\nconfig\n");
	rfa_ledger_detach(w->run);
	w->run = NULL;
	for (unsigned i = 0; i < 2; i++) {
		/* That of an older rfa; a clone. */
		kit_sh(&w->kit, &w->out,
		       i ? "git -C $L config --unset rfa.format" : "git -C $L config rfa.format 1");
		kit_sh(&w->kit, &w->out, "git -C $L config core.own kept");
		rfa_ledger_free(w->ledger);
		w->ledger = NULL;
		assert_int_equal(rfa_ledger_open(&w->ledger, &w->kit.options, &w->err), 0);
		assert_int_equal(records(w), RECORDS);
		if (i)
			assert_int_equal(kit_whole(w->ledger, 2, "other", "prod", 1, NULL, &w->err),
					 0);
		else
			assert_int_equal(rfa_ledger_attach(w->ledger, w->id, &w->run, &w->err), 0);
		kit_sh(&w->kit, &w->out, says);
		assert_string_equal(rfa_buf_str(&w->out), "2\nconfig\n");
		kit_sh(&w->kit, &w->out, "git -C $L config core.own");
		assert_string_equal(rfa_buf_str(&w->out), "kept\n");
		rfa_ledger_detach(w->run);
		w->run = NULL;
	}
	if (rfa_ledger_verify(w->ledger, NULL, NULL, NULL, &w->err))
		fail_msg("%s", w->err.msg);
}

/* Past its size a journal is folded and begun anew; two runs have one each. */
static void test_full(void **state)
{
	struct world *w = *state;
	struct rfa_ledger_run *other = NULL;
	struct rfa_history *h = NULL;
	char id[RFA_RUN_ID_MAX];
	uint32_t n = 170;

	assert_int_equal(kit_begin(w->ledger, 2, "other", "prod", &other, &w->err), 0);
	for (uint32_t seq = 1; seq <= n; seq++) {
		if ((seq > RECORDS && kit_append(w->run, seq, &w->err)) ||
		    kit_append(other, seq, &w->err))
			fail_msg("%u: %s", (unsigned)seq, w->err.msg);
	}
	assert_int_equal(records(w), n);
	kit_sh(&w->kit, &w->out, "wc -c <$L/rfa/journals/$(ls $L/rfa/journals | head -n 1)");
	assert_string_equal(rfa_buf_str(&w->out), "65536\n");
	assert_int_equal(kit_end(w->run, n + 1, "app", "prod", NULL, &w->err), 0);
	w->run = NULL;
	assert_int_equal(rfa_ledger_load(w->ledger, kit_id(2, id), &h, &w->err), 0);
	assert_int_equal(h->n, n + 1);
	rfa_history_free(h);
	assert_int_equal(kit_end(other, n + 1, "other", "prod", NULL, &w->err), 0);
	if (rfa_ledger_verify(w->ledger, NULL, NULL, NULL, &w->err))
		fail_msg("%s", w->err.msg);
	kit_sh(&w->kit, &w->out, "git -C $L fsck --strict --no-progress; ls $L/rfa/journals");
	assert_string_equal(rfa_buf_str(&w->out), "");
}

#define ONE(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ONE(test_torn),
		ONE(test_flipped),
		ONE(test_damaged),
		ONE(test_odd),
		ONE(test_removed),
		ONE(test_removed_full),
		ONE(test_foreign),
		ONE(test_folded),
		ONE(test_told),
		ONE(test_full),
		ONE(test_lost_ref),
		ONE(test_elsewhere),
		ONE(test_elsewhere_driven),
		ONE(test_elsewhere_folded),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
