/* Loose objects are packed and packs are joined, and nobody misses one: not rfa, not git, not
 * whoever reads or writes meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ledger/git/sha1.h"
#include "tests/harness/ledger_kit.h"

struct world {
	struct kit kit;
	struct rfa_error err;
	struct rfa_buf out;
	unsigned n; /* runs */
};

static int start(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	kit_open(&w->kit);
	w->out = (struct rfa_buf)RFA_BUF_INIT(4 << 20);
	if (rfa_ledger_init(&w->kit.options, &w->err))
		fail_msg("%s", w->err.msg);
	*state = w;
	return 0;
}

static int stop(void **state)
{
	struct world *w = *state;

	rfa_buf_release(&w->out);
	kit_close(&w->kit);
	free(w);
	return 0;
}

/* The output of a command, which has to answer 0. */
static const char *sh(struct world *w, const char *script)
{
	if (kit_sh(&w->kit, &w->out, script))
		fail_msg("%s\n%s", script, rfa_buf_str(&w->out));
	return rfa_buf_str(&w->out);
}

static long number(struct world *w, const char *script)
{
	return strtol(sh(w, script), NULL, 10);
}

static long loose(struct world *w)
{
	return number(w, "git -C $L count-objects -v | sed -n 's/^count: //p'");
}

static long packs(struct world *w)
{
	return number(w, "git -C $L count-objects -v | sed -n 's/^packs: //p'");
}

/* Each pack has twice the objects of all smaller ones together. */
static void few_packs(struct world *w)
{
	assert_string_equal(
	    sh(w, "for i in $L/objects/pack/*.idx; do git -C $L show-index <$i | wc -l; done | "
		  "sort -n | "
		  "awk 'NR > 1 && $1 < 2 * sum { print \"not joined\" } { sum += $1 }'"),
	    "");
}

/* All in one pack. */
static void one_pack(struct world *w)
{
	sh(w, "cd $L && p=$(git cat-file --batch-all-objects --batch-check='%(objectname)' | "
	      "git pack-objects -q ../one) && rm -f objects/pack/* objects/[0-9a-f][0-9a-f]/* && "
	      "for e in pack idx; do mv ../one-$p.$e objects/pack/pack-$p.$e || exit 1; done");
	assert_int_equal(packs(w), 1);
}

/* Blobs that a ref holds, so that `git fsck` looks for them: n of them, loose or as one pack. */
static void junk(struct world *w, unsigned n, int packed)
{
	static unsigned series;
	char script[1000];

	snprintf(script, sizeof(script),
		 "cd $L/.. && rm -rf junk.git && git init -q --bare junk.git && i=0 && "
		 "while [ $i -lt %u ]; do printf 'blob\\ndata <<E\\n%u %%s %%s\\nE\\n' $i $i; "
		 "i=$((i+1)); done |"
		 "git -C junk.git -c fastimport.unpackLimit=0 fast-import --quiet && "
		 "p=$(ls junk.git/objects/pack/*.pack) && %s",
		 n, ++series,
		 packed ? "cp $p ${p%pack}idx $L/objects/pack/"
			: "git -C $L -c core.fsync=none unpack-objects -q <$p");
	sh(w, script);
}

static void run(struct world *w)
{
	struct rfa_ledger *ledger = NULL;
	char point[16];

	snprintf(point, sizeof(point), "p%u", ++w->n);
	if (rfa_ledger_open(&ledger, &w->kit.options, &w->err) ||
	    kit_whole(ledger, w->n, "app", "prod", 2, point, &w->err))
		fail_msg("%s", w->err.msg);
	rfa_ledger_free(ledger);
}

/* Every object that there ever was is there, and whole; every run is. */
static void all_is_there(struct world *w)
{
	struct rfa_ledger *ledger = NULL;
	char script[200];

	if (rfa_ledger_open(&ledger, &w->kit.options, &w->err) ||
	    rfa_ledger_verify(ledger, NULL, NULL, NULL, &w->err))
		fail_msg("%s", w->err.msg);
	rfa_ledger_free(ledger);
	assert_string_equal(sh(w, "git -C $L fsck --strict --no-dangling --no-progress"), "");
	sh(w, "for i in $L/objects/pack/*.idx; do [ ! -e $i ] || git verify-pack $i; done");
	assert_string_equal(
	    sh(w, "ls $L/objects/pack | grep -vE '^pack-[0-9a-f]{40}[.](idx|pack|keep)$'; true"),
	    "");
	/* No pack without its index, of which nobody would ever know. */
	assert_string_equal(
	    sh(w, "for p in $L/objects/pack/*.pack; do [ ! -e $p ] || ls ${p%pack}idx; done "
		  "2>&1 >$L/../indexes"),
	    "");
	snprintf(script, sizeof(script), "git -C $L log --format=%%s | grep -c SUCCEEDED");
	assert_int_equal(number(w, script), w->n);
}

static void test_sums(void **state)
{
	struct world *w = *state;
	unsigned char sum[RFA_SHA1_BYTES];
	char script[200];
	char text[300];

	/* Each length around the ends of blocks, added in pieces of each size. */
	for (size_t len = 0; len<200; len += len> 50 && len < 70 ? 1 : 13) {
		char hex[2 * RFA_SHA1_BYTES + 1];
		size_t piece = len % 7 + 1;
		struct rfa_sha1 s;

		memset(text, 'a', len);
		rfa_sha1_begin(&s);
		for (size_t at = 0; at < len; at += piece)
			rfa_sha1_add(&s, text + at, len - at < piece ? len - at : piece);
		rfa_sha1_end(&s, sum);
		for (size_t i = 0; i < RFA_SHA1_BYTES; i++)
			snprintf(hex + 2 * i, 3, "%02x", sum[i]);
		snprintf(script, sizeof(script),
			 "head -c %zu /dev/zero | tr '\\0' a | sha1sum | cut -c -40", len);
		assert_memory_equal(sh(w, script), hex, 2 * RFA_SHA1_BYTES);
	}
}

/* Few loose objects stay as they are; many become one pack. */
static void test_packed(void **state)
{
	struct world *w = *state;
	long before;

	run(w);
	assert_int_equal(loose(w), 0);
	junk(w, 100, 0);
	run(w);
	assert_int_equal(loose(w), 100);
	junk(w, 1000, 0);
	before = number(w, "git -C $L cat-file --batch-check --batch-all-objects | wc -l");
	run(w);
	few_packs(w);
	assert_int_equal(loose(w), 0);
	assert_true(number(w, "git -C $L cat-file --batch-check --batch-all-objects | wc -l") >
		    before);
	all_is_there(w);
	run(w);
	all_is_there(w);
}

/* Each pack has twice the objects of all smaller ones together, so there are few. */
static void test_joined(void **state)
{
	struct world *w = *state;

	for (unsigned i = 0; i < 12; i++) {
		junk(w, 20 + i, 1);
		if (i % 3 == 2)
			run(w);
	}
	few_packs(w);
	assert_int_equal(number(w, "git -C $L count-objects -v | sed -n 's/^in-pack: //p'"),
			 number(w, "git -C $L cat-file --batch-check --batch-all-objects | wc "
				   "-l"));
	all_is_there(w);
	/* Few are packed anew, many only put together. */
	junk(w, 1100, 1);
	junk(w, 1000, 1);
	run(w);
	few_packs(w);
	assert_true(packs(w) <= 2);
	all_is_there(w);
	/* Differences to other objects, by distance and by id, survive it. */
	sh(w, "cd $L && git rev-list --all --objects | cut -d' ' -f 1 | "
	      "git pack-objects -q --delta-base-offset $L/objects/pack/pack");
	sh(w, "cd $L && git rev-list --all --objects | cut -d' ' -f 1 | tail -n 30 | "
	      "git pack-objects -q $L/objects/pack/pack");
	run(w);
	few_packs(w);
	all_is_there(w);
}

static void move_channel(struct world *w, struct rfa_ledger *ledger, int i)
{
	struct rfa_ledger_channel now = { 0 };
	struct rfa_ledger_move move = { .subject = "tried", .passing = 1 };
	json_t *state = json_pack("{s:i}", "tries", i);

	if (i) {
		assert_int_equal(rfa_ledger_channel_read(ledger, "team", &now, &w->err), 0);
		move.was = now.version;
		move.at = now.at;
	}
	move.state = state;
	if (rfa_ledger_channel_move(ledger, "team", &move, &w->err))
		fail_msg("%s", w->err.msg);
	json_decref(state);
	rfa_ledger_channel_release(&now);
}

/* What is written without the end of a run: a receiver that is down for a year, and a run that is
 * resumed again and again. */
static void test_no_end(void **state)
{
	enum { TIMES = 40, FEW = 12 };
	struct world *w = *state;
	struct rfa_ledger *ledger = NULL;
	struct rfa_ledger_run *run = NULL;
	char id[RFA_RUN_ID_MAX];

	assert_int_equal(rfa_ledger_open(&ledger, &w->kit.options, &w->err), 0);
	for (int i = 0; i < TIMES; i++)
		move_channel(w, ledger, i);
	assert_in_range(packs(w), 1, FEW);
	assert_int_equal(kit_begin(ledger, 1, "app", "prod", &run, &w->err), 0);
	for (uint32_t seq = 1; seq <= TIMES; seq++) {
		if (kit_append(run, seq, &w->err))
			fail_msg("%s", w->err.msg);
		rfa_ledger_detach(run);
		if (rfa_ledger_attach(ledger, kit_id(1, id), &run, &w->err))
			fail_msg("%s", w->err.msg);
	}
	assert_in_range(packs(w), 1, FEW);
	assert_int_equal(kit_end(run, TIMES + 1, "app", "prod", NULL, &w->err), 0);
	if (rfa_ledger_verify(ledger, NULL, NULL, NULL, &w->err))
		fail_msg("%s", w->err.msg);
	rfa_ledger_free(ledger);
	sh(w, "git -C $L fsck --strict --no-dangling --no-progress");
}

/* What somebody keeps, and what is damaged, stays as it is. */
static void test_left_alone(void **state)
{
	struct world *w = *state;
	long before;

	run(w);
	kit_loosen(&w->kit);
	junk(w, 30, 1);
	sh(w, "for p in $L/objects/pack/*.pack; do touch ${p%pack}keep; done");
	junk(w, 30, 1);
	junk(w, 300, 1);
	sh(w, "cd $L/objects/pack && sha1sum * >$L/../kept");
	junk(w, 4, 1);
	sh(w, "p=$(ls -S $L/objects/pack/*.pack | tail -n 1); chmod u+w $p; "
	      "printf x | dd of=$p bs=1 seek=40 conv=notrunc 2>/dev/null; "
	      "cd $L/objects/pack && sha1sum * >$L/../kept");
	run(w);
	sh(w, "cd $L/objects/pack && sha1sum -c --quiet $L/../kept");

	/* A loose object that was cut short: libgit2 would read it for ever. */
	junk(w, 1100, 0);
	sh(w, "o=$(find $L/objects/[0-9a-f]* -type f | sort | sed -n 500p); chmod u+w $o; truncate "
	      "-s 12 $o");
	before = loose(w);
	run(w);
	assert_true(before > 1100);
	assert_int_equal(loose(w), 1);
}

/* A damaged index is not put into a new one, whose own checksum would be right. */
static void test_damaged_index(void **state)
{
	static const char *const damages[] = {
		/* An id, so that they are not in their order any more; one's offset. */
		"printf '\\377' | dd of=$i bs=1 seek=1112 conv=notrunc",
		"printf '\\1' | dd of=$i bs=1 seek=$((1032 + 4 * 24 + 19)) conv=notrunc",
		/* Whole, but of another pack with as many objects. */
		"cp $other $i",
	};
	struct world *w = *state;
	char script[500];

	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		kit_loosen(&w->kit);
		junk(w, 4, 1);
		sh(w, "cat $L/objects/pack/*.idx >$L/../other.idx; rm -f $L/objects/pack/*");
		junk(w, 6, 1);
		junk(w, 4, 1);
		snprintf(script, sizeof(script),
			 "other=$L/../other.idx; i=$(ls -S $L/objects/pack/*.idx | tail -n 1); "
			 "chmod u+w $i; { %s; } 2>&1",
			 damages[i]);
		sh(w, script);
		sh(w, "cd $L/objects/pack && sha1sum * >$L/../kept");
		run(w);
		sh(w, "cd $L/objects/pack && sha1sum -c --quiet $L/../kept");
		sh(w, "i=$(ls -S $L/objects/pack/*.idx | tail -n 1) && rm -f $i && "
		      "git -C $L index-pack ${i%idx}pack");
		run(w);
		few_packs(w);
		all_is_there(w);
	}
}

/* What is said of a damaged pack mends it. */
static void test_mended(void **state)
{
	struct world *w = *state;
	struct rfa_ledger *ledger = NULL;
	struct rfa_history *h = NULL;
	char id[RFA_RUN_ID_MAX];

	run(w);
	run(w);
	one_pack(w);
	sh(w, "cd $L/.. && git clone -q --mirror --no-hardlinks $L clone.git && cat "
	      "$L/objects/pack/*.pack >pack && "
	      "p=$(ls $L/objects/pack/*.pack) && chmod u+w $p && "
	      /* Behind the head, up to the last checksum. */
	      "n=$(($(wc -c <$p) - 32)) && head -c $n /dev/zero | "
	      "dd of=$p bs=65536 seek=12 oflag=seek_bytes conv=notrunc 2>&1");
	if (rfa_ledger_open(&ledger, &w->kit.options, &w->err) ||
	    rfa_ledger_load(ledger, kit_id(1, id), &h, &w->err)) {
		assert_int_equal(w->err.code, RFA_ECORRUPT);
		assert_non_null(strstr(w->err.where, "objects/pack"));
		assert_non_null(strstr(w->err.hint, "git verify-pack LEDGER/objects/pack/*.idx"));
	} else {
		fail_msg("nobody missed it");
	}
	rfa_ledger_free(ledger);
	sh(w, "cd $L/.. && ! git verify-pack $L/objects/pack/*.idx 2>said && "
	      "mkdir away && mv $L/objects/pack/* away/ && "
	      "git -C clone.git pack-objects -q --stdout --all </dev/null | "
	      "git -C $L unpack-objects -q");
	all_is_there(w);
}

/* Where a large pack has no room, the run has ended all the same, and every object is there. */
static void test_full_disk(void **state)
{
	struct world *w = *state;
	const struct rlimit small = { 500000, 500000 };
	int status;
	pid_t pid;

	junk(w, 1100, 0);
	sh(w, "head -c 1000000 /dev/urandom | git -C $L hash-object -w --stdin");
	w->n++;
	pid = fork();
	if (!pid) {
		struct rfa_ledger *ledger = NULL;
		int rc;

		signal(SIGXFSZ, SIG_IGN);
		if (setrlimit(RLIMIT_FSIZE, &small))
			_exit(2);
		rc = rfa_ledger_open(&ledger, &w->kit.options, &w->err);
		if (!rc)
			rc = kit_whole(ledger, w->n, "app", "prod", 2, NULL, &w->err);
		_exit(rc != 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(loose(w) > 1100);
	all_is_there(w);
	run(w);
	assert_int_equal(loose(w), 0);
	all_is_there(w);
}

/* A reader that opened the packs' indexes before they were joined reads on. */
static void test_reader(void **state)
{
	struct world *w = *state;
	struct rfa_ledger *ledger = NULL;
	struct rfa_history *h = NULL;
	char id[RFA_RUN_ID_MAX];

	for (unsigned i = 0; i < 4; i++)
		run(w);
	junk(w, 1100, 0);
	run(w);
	for (unsigned i = 0; i < 4; i++)
		run(w);
	junk(w, 1100, 0);
	/* It knows one pack, and has read one object of it. */
	if (rfa_ledger_open(&ledger, &w->kit.options, &w->err) ||
	    rfa_ledger_load(ledger, kit_id(1, id), &h, &w->err))
		fail_msg("%s", w->err.msg);
	rfa_history_free(h);
	run(w);
	few_packs(w);
	for (unsigned i = 1; i <= w->n; i++) {
		if (rfa_ledger_load(ledger, kit_id(i, id), &h, &w->err))
			fail_msg("%s: %s (%s)", id, w->err.msg, w->err.where);
		assert_int_equal(h->n, 4);
		rfa_history_free(h);
	}
	rfa_ledger_free(ledger);
	all_is_there(w);
}

/* Two write runs of their own while a third makes packs of all that lies about. */
static void test_writers(void **state)
{
	struct world *w = *state;
	pid_t pids[2];
	int status;

	for (unsigned p = 0; p < 2; p++) {
		pids[p] = fork();
		if (!pids[p]) {
			struct rfa_ledger *ledger = NULL;
			int rc = rfa_ledger_open(&ledger, &w->kit.options, &w->err);

			for (unsigned i = 0; !rc && i < 12; i++)
				rc = kit_whole(ledger, 100 * (p + 1) + i, p ? "b" : "a", "prod", 6,
					       NULL, &w->err);
			if (rc)
				fprintf(stderr, "%s (%s)\n", w->err.msg, w->err.where);
			_exit(rc != 0);
		}
	}
	for (unsigned i = 0; i < 5; i++) {
		junk(w, 1050, 0);
		run(w);
	}
	for (unsigned p = 0; p < 2; p++) {
		assert_int_equal(waitpid(pids[p], &status, 0), pids[p]);
		assert_int_equal(status, 0);
	}
	w->n += 24;
	assert_true(packs(w) > 0);
	all_is_there(w);
}

#ifdef RFA_FAULTS
/* One more run by a process that is killed at the point, or fails there. */
static void faulty_run(struct world *w, const char *fault, int killed)
{
	int status;
	pid_t pid = fork();

	w->n++;
	if (!pid) {
		struct rfa_ledger *ledger = NULL;
		int rc = setenv("RFA_FAULT", fault, 1);

		if (!rc)
			rc = rfa_ledger_open(&ledger, &w->kit.options, &w->err);
		if (!rc)
			rc = kit_whole(ledger, w->n, "app", "prod", 2, NULL, &w->err);
		_exit(rc != 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	/* A run has ended, whatever becomes of the packs. */
	if (killed ? !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL : status != 0)
		fail_msg("%s: %x", fault, (unsigned)status);
}
#endif

static void test_faults(void **state)
{
#ifndef RFA_FAULTS
	(void)state;
	skip();
#else
	static const char *const points[] = { "ledger.pack.written", "ledger.join.written",
					      "ledger.join.half", "ledger.join.named" };
	static const char *const ways[] = { "kill", "eio", "enospc" };
	struct world *w = *state;

	run(w);
	for (size_t p = 0; p < sizeof(points) / sizeof(points[0]); p++)
		for (size_t way = 0; way < 3; way++) {
			char fault[96];

			snprintf(fault, sizeof(fault), "%s:1:%s", points[p], ways[way]);
			junk(w, 1050, 0);
			junk(w, 800, 1);
			faulty_run(w, fault, way == 0);
			all_is_there(w);
			run(w);
			all_is_there(w);
			assert_true(loose(w) < 200);
		}
	few_packs(w);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_sums, start, stop),
		cmocka_unit_test_setup_teardown(test_packed, start, stop),
		cmocka_unit_test_setup_teardown(test_joined, start, stop),
		cmocka_unit_test_setup_teardown(test_no_end, start, stop),
		cmocka_unit_test_setup_teardown(test_left_alone, start, stop),
		cmocka_unit_test_setup_teardown(test_damaged_index, start, stop),
		cmocka_unit_test_setup_teardown(test_mended, start, stop),
		cmocka_unit_test_setup_teardown(test_full_disk, start, stop),
		cmocka_unit_test_setup_teardown(test_reader, start, stop),
		cmocka_unit_test_setup_teardown(test_writers, start, stop),
		cmocka_unit_test_setup_teardown(test_faults, start, stop),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
