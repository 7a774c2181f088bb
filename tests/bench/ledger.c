/*
 * What a durable record costs, beside a raw append + fsync of the same bytes and `git commit` on
 * the same disk, as ratios of medians; and what grows with the number of runs.
 *
 *	ledger [RUNS]	compare at 100 and at RUNS runs (default 500); $TMPDIR says on which disk
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/harness/ledger_kit.h"

enum {
	SAMPLES = 200,
	FIRST = 86700 /* from here on kit_id() spreads the runs over days */
};

struct series {
	double ms[SAMPLES];
	size_t n;
};

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static void add(struct series *series, double from)
{
	if (series->n < SAMPLES)
		series->ms[series->n++] = now_ms() - from;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(struct series *series)
{
	qsort(series->ms, series->n, sizeof(series->ms[0]), by_size);
	return series->n ? series->ms[series->n / 2] : 0;
}

static void must(int rc, const struct rfa_error *err)
{
	if (!rc)
		return;
	fprintf(stderr, "ledger bench: %s (%s)\n", err->msg, err->where);
	exit(1);
}

static int stop_never(void *user, const struct rfa_ledger_line *line)
{
	(void)user;
	(void)line;
	return 0;
}

/* Interleaved, so that a busy disk is busy for all three. */
static void compare(struct kit *kit)
{
	struct series raw = { 0 }, record = { 0 }, commit = { 0 };
	struct rfa_buf out = RFA_BUF_INIT(1 << 20);
	struct rfa_ledger *ledger = NULL;
	struct rfa_ledger_run *run = NULL;
	struct rfa_error err;
	char bytes[329] = { 0 }; /* a record's object */
	char path[700];
	int fd;

	must(rfa_ledger_open(&ledger, &kit->options, &err), &err);
	must(kit_begin(ledger, 80000, "bench", "prod", &run, &err), &err);
	snprintf(path, sizeof(path), "%s/raw", kit->dir);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (kit_sh(kit, &out,
		   "git init -q work; cd work; git config user.name x; git config "
		   "user.email x@x; git config core.fsync all; git config gc.auto 0"))
		exit(1);
	for (uint32_t i = 1; i <= 60; i++) {
		double from = now_ms();

		if (write(fd, bytes, sizeof(bytes)) != (ssize_t)sizeof(bytes) || fsync(fd))
			exit(1);
		add(&raw, from);
		from = now_ms();
		must(kit_append(run, i, &err), &err);
		add(&record, from);
		from = now_ms();
		if (kit_sh(kit, &out, "cd work && exec git commit -q --allow-empty -m record"))
			exit(1);
		add(&commit, from);
	}
	close(fd);
	must(kit_end(run, 61, "bench", "prod", NULL, &err), &err);
	rfa_ledger_free(ledger);
	printf("raw append + fsync   %7.2f ms\n", median(&raw));
	printf("durable record       %7.2f ms   %5.2f x raw\n", median(&record),
	       median(&record) / median(&raw));
	printf("git commit           %7.2f ms   %5.2f x raw, a record is 1/%.1f of it\n",
	       median(&commit), median(&commit) / median(&raw), median(&commit) / median(&record));
	rfa_buf_release(&out);
}

struct costs {
	struct series begin, append, end, open, list, filtered, load, attach;
};

/* `runs` more runs; the last of them are measured. */
static void grow(struct kit *kit, unsigned from_run, unsigned to_run, struct costs *costs)
{
	struct rfa_ledger_filter filter = { .stack = "stack1", .env = "prod", .limit = 50 };
	struct rfa_ledger *ledger = NULL;
	struct rfa_error err;

	memset(costs, 0, sizeof(*costs));
	must(rfa_ledger_open(&ledger, &kit->options, &err), &err);
	for (unsigned n = from_run; n < to_run; n++) {
		struct rfa_ledger_run *run = NULL;
		char stack[16];
		double from = now_ms();
		int measured = n + 30 >= to_run;

		snprintf(stack, sizeof(stack), "stack%u", n % 7);
		must(kit_begin(ledger, n, stack, "prod", &run, &err), &err);
		if (measured)
			add(&costs->begin, from);
		for (uint32_t seq = 1; seq <= 3; seq++) {
			from = now_ms();
			must(kit_append(run, seq, &err), &err);
			if (measured)
				add(&costs->append, from);
		}
		from = now_ms();
		must(kit_end(run, 4, stack, "prod", NULL, &err), &err);
		if (measured)
			add(&costs->end, from);
	}
	rfa_ledger_free(ledger);
	for (int i = 0; i < 20; i++) {
		struct rfa_history *h = NULL;
		char id[RFA_RUN_ID_MAX];
		double from = now_ms();

		must(rfa_ledger_open(&ledger, &kit->options, &err), &err);
		add(&costs->open, from);
		from = now_ms();
		must(rfa_ledger_list(ledger, NULL, stop_never, NULL, &err), &err);
		add(&costs->list, from);
		from = now_ms();
		must(rfa_ledger_list(ledger, &filter, stop_never, NULL, &err), &err);
		add(&costs->filtered, from);
		from = now_ms();
		must(rfa_ledger_load(ledger, kit_id(FIRST + 3, id), &h, &err), &err);
		add(&costs->load, from);
		rfa_history_free(h);
		rfa_ledger_free(ledger);
	}
}

static void row(const char *what, struct series *few, struct series *many)
{
	double a = median(few), b = median(many);

	printf("%-20s %7.2f ms %7.2f ms   %5.2f x\n", what, a, b, a > 0 ? b / a : 0);
}

static void disk(struct kit *kit, unsigned runs)
{
	struct rfa_buf out = RFA_BUF_INIT(4096);

	if (kit_sh(kit, &out,
		   "cd $L; echo $(du -sk --apparent-size objects | cut -f 1) $(find . -type f | wc "
		   "-l) "
		   "$(ls objects/pack/*.pack 2>/dev/null | wc -l)"))
		exit(1);
	printf("KiB of objects, files, packs: %s", rfa_buf_str(&out));
	printf("KiB a run            %7.1f\n", strtod(rfa_buf_str(&out), NULL) / runs);
	rfa_buf_release(&out);
}

int main(int argc, char **argv)
{
	unsigned runs = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 500;
	struct costs few, many;
	struct rfa_error err;
	struct kit kit;

	kit_open(&kit);
	must(rfa_ledger_init(&kit.options, &err), &err);
	grow(&kit, FIRST, FIRST + 100, &few);
	grow(&kit, FIRST + 100, FIRST + (runs > 131 ? runs : 131), &many);
	printf("%-20s %7u    %7u      ratio\n", "runs in the ledger", 100u, runs);
	row("begin", &few.begin, &many.begin);
	row("record", &few.append, &many.append);
	row("end", &few.end, &many.end);
	row("open", &few.open, &many.open);
	row("list 50", &few.list, &many.list);
	row("list 50 of a stack", &few.filtered, &many.filtered);
	row("load the third run", &few.load, &many.load);
	disk(&kit, runs);
	compare(&kit);
	kit_close(&kit);
	return 0;
}
