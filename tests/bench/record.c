/*
 * What a durable record costs beside a raw append + fsync of the same bytes on the same disk, one
 * after the other, in a ledger of few runs and in one of many.
 *
 *	record [RUNS]	RUNS runs are put into main by git fast-import first (default 0)
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/harness/ledger_kit.h"

enum { SAMPLES = 300, RUNS_A_SESSION = 10 };

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *ms, size_t n)
{
	qsort(ms, n, sizeof(*ms), by_size);
	return ms[n / 2];
}

static void must(int rc, const struct rfa_error *err)
{
	if (!rc)
		return;
	fprintf(stderr, "record bench: %s (%s)\n", err->msg, err->where);
	exit(1);
}

/* Runs that were begun and ended long ago, by what they left in main's tree and history. */
static void import(const struct kit *kit, unsigned runs)
{
	struct rfa_buf out = RFA_BUF_INIT(1 << 20);
	char script[2000];

	snprintf(
	    script, sizeof(script),
	    "git -C $L log -1 --format=%%H main >first; "
	    "awk -v n=%u -v first=$(cat first) 'BEGIN { for (i = 1; i <= n; i++) {"
	    "d = int(i / 300); f = sprintf(\"runs/%%d/%%02d/%%02d/old-%%07d\", 1900 + int(d / "
	    "336), "
	    "int(d / 28) %% 12 + 1, d %% 28 + 1, i);"
	    "for (k = 0; k < 2; k++) {"
	    "printf \"commit refs/heads/main\\ncommitter rfa <rfa@x> %%d +0000\\ndata "
	    "5\\nold\\n\\n\", "
	    "1000000000 + 2 * i + k; if (i == 1 && k == 0) print \"from \" first;"
	    "print \"M 100644 inline \" f (k ? \".end.json\" : \".plan.json\");"
	    "t = \"{\\\"run\\\":\" i \"}\"; printf \"data %%d\\n%%s\\n\", length(t), t; } } }' | "
	    "git -C $L -c fastimport.unpackLimit=0 fast-import --quiet --force",
	    runs);
	if (kit_sh(kit, &out, script)) {
		fprintf(stderr, "%s\n", rfa_buf_str(&out));
		exit(1);
	}
	rfa_buf_release(&out);
}

static void measure(struct kit *kit)
{
	static double raw[SAMPLES], record[SAMPLES], begin[RUNS_A_SESSION], end[RUNS_A_SESSION];
	static const char bytes[400]; /* a record in its journal */
	struct rfa_ledger *ledger = NULL;
	struct rfa_error err;
	char path[700];
	size_t n = 0;
	int fd;

	snprintf(path, sizeof(path), "%s/raw", kit->dir);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	must(rfa_ledger_open(&ledger, &kit->options, &err), &err);
	for (unsigned run = 0; run < RUNS_A_SESSION; run++) {
		struct rfa_ledger_run *handle = NULL;
		double from = now_ms();
		uint32_t seq = 1;

		must(kit_begin(ledger, 80000 + run, "bench", "prod", &handle, &err), &err);
		begin[run] = now_ms() - from;
		/* The first one makes the journal. */
		for (; seq <= SAMPLES / RUNS_A_SESSION + 1; seq++) {
			from = now_ms();
			if (write(fd, bytes, sizeof(bytes)) != (ssize_t)sizeof(bytes) || fsync(fd))
				exit(1);
			if (seq > 1)
				raw[n] = now_ms() - from;
			from = now_ms();
			must(kit_append(handle, seq, &err), &err);
			if (seq > 1)
				record[n++] = now_ms() - from;
		}
		from = now_ms();
		must(kit_end(handle, seq, "bench", "prod", "p", &err), &err);
		end[run] = now_ms() - from;
	}
	rfa_ledger_free(ledger);
	close(fd);
	printf("raw append + fsync %8.2f ms\n", median(raw, n));
	printf("record             %8.2f ms   %5.2f x raw\n", median(record, n),
	       median(record, n) / median(raw, n));
	printf("BEGIN              %8.2f ms\n", median(begin, RUNS_A_SESSION));
	printf("END                %8.2f ms\n", median(end, RUNS_A_SESSION));
}

int main(int argc, char **argv)
{
	unsigned runs = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
	struct rfa_error err;
	struct kit kit;

	kit_open(&kit);
	must(rfa_ledger_init(&kit.options, &err), &err);
	if (runs)
		import(&kit, runs);
	measure(&kit);
	kit_close(&kit);
	return 0;
}
