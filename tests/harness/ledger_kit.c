/* What the ledger's tests share. */
#include "tests/harness/ledger_kit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void give_up(const char *why)
{
	fprintf(stderr, "ledger kit: %s\n", why);
	abort();
}

void kit_open(struct kit *kit)
{
	const char *tmp = getenv("TMPDIR");

	memset(kit, 0, sizeof(*kit));
	snprintf(kit->dir, sizeof(kit->dir), "%.400s/rfa-ledger-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(kit->dir) ||
	    snprintf(kit->path, sizeof(kit->path), "%s/ledger.git", kit->dir) < 0)
		give_up("no sandbox");
	/* Nobody's git configuration takes part. */
	if (setenv("HOME", kit->dir, 1) || setenv("XDG_CONFIG_HOME", kit->dir, 1) ||
	    setenv("GIT_CONFIG_NOSYSTEM", "1", 1) || setenv("L", kit->path, 1) ||
	    setenv("TZ", "UTC", 1) || setenv("LC_ALL", "C.UTF-8", 1))
		give_up("no environment");
	rfa_clock_virtual_init(&kit->clock, 1795343415000, (uint64_t)getpid());
	kit->options.path = kit->path;
	kit->options.author_name = "Ada Operator";
	kit->options.author_email = "ada@example.org";
	kit->options.clock = &kit->clock.clock;
}

void kit_close(struct kit *kit)
{
	struct rfa_buf out = RFA_BUF_INIT(65536);
	char script[1200];

	snprintf(script, sizeof(script), "chmod -R u+w '%s'; rm -rf '%s'", kit->dir, kit->dir);
	if (kit_sh(kit, &out, script))
		fprintf(stderr, "ledger kit: %s\n", rfa_buf_str(&out));
	rfa_buf_release(&out);
}

const char *kit_id(unsigned n, char out[RFA_RUN_ID_MAX])
{
	unsigned day = n < 86400 ? 0 : (n - 86400) / 300; /* 300 runs a day from there on */

	snprintf(out, RFA_RUN_ID_MAX, "%04u%02u%02u-%02u%02u%02u-%06x",
		 day ? 2027 + day / 336 : 2026, day ? 1 + day / 28 % 12 : 11,
		 day ? 1 + day % 28 : 22, n / 3600 % 24, n / 60 % 60, n % 60, n % 0xffffff);
	return out;
}

int kit_begin(struct rfa_ledger *ledger, unsigned n, const char *stack, const char *env,
	      struct rfa_ledger_run **out, struct rfa_error *err)
{
	char id[RFA_RUN_ID_MAX];
	json_t *plan = json_pack("{s:i,s:s,s:s,s:{s:i}}", "format", 1, "flow", "promote", "stack",
				 stack, "options", "n", (int)n);
	struct rfa_ledger_begin begin = {
		.run = kit_id(n, id),
		.flow = "promote",
		.flow_version = 1,
		.stack = stack,
		.env = env,
		.from = "test",
		.plan = plan,
	};
	int rc = rfa_ledger_begin(ledger, &begin, out, NULL, err);

	json_decref(plan);
	return rc;
}

int kit_append(struct rfa_ledger_run *run, uint32_t seq, struct rfa_error *err)
{
	struct rfa_record record = { .kind = RFA_RECORD_DONE,
				     .seq = seq,
				     .state = RFA_TRANSFER,
				     .attempt = 1,
				     .outcome = "done",
				     .host = "prod",
				     .wall_ms = 1795343416000 + seq };
	char subject[64];
	int rc;

	snprintf(record.step, sizeof(record.step), "target.step-%u", (unsigned)seq);
	snprintf(subject, sizeof(subject), "TRANSFER %s done", record.step);
	record.facts = json_pack("{s:i}", "n", (int)seq);
	rc = rfa_ledger_append(run, &record, subject, err);
	rfa_record_release(&record);
	return rc;
}

int kit_end(struct rfa_ledger_run *run, uint32_t seq, const char *stack, const char *env,
	    const char *point, struct rfa_error *err)
{
	struct rfa_record record = { .kind = RFA_RECORD_END,
				     .seq = seq,
				     .state = RFA_HEALTH,
				     .outcome = "SUCCEEDED",
				     .wall_ms = 1795343417000 + seq };
	char environment[128], verified[128], line[256], content[256], text[256];
	struct rfa_ledger_file files[3] = { { .path = environment }, { .path = "history.log" } };
	struct rfa_ledger_end end = { .final = RFA_FINAL_SUCCEEDED,
				      .files = files,
				      .n_files = 2,
				      .summary = "{\"result\":\"SUCCEEDED\"}" };

	snprintf(environment, sizeof(environment), "environments/%s/%s.json", env, stack);
	snprintf(content, sizeof(content), "{\"version\":\"v%u\"}\n", (unsigned)seq);
	snprintf(line, sizeof(line),
		 "2026-11-22T10:30:17Z | %s | %s | promote | v%u | SUCCEEDED |\n", stack, env,
		 (unsigned)seq);
	files[0].content = content;
	files[0].len = strlen(content);
	files[1].content = line;
	files[1].len = strlen(line);
	files[1].append = 1;
	if (point) {
		snprintf(verified, sizeof(verified), "points/%s/%s/%s.json", env, stack, point);
		snprintf(text, sizeof(text), "before %s", point);
		files[2].path = verified;
		files[2].content = "{\"images\":[]}\n";
		files[2].len = strlen(files[2].content);
		end.n_files = 3;
		end.point = point;
		end.point_message = text;
	}
	return rfa_ledger_end(run, &record, "12.4 MB, 1.8 s", &end, err);
}

int kit_whole(struct rfa_ledger *ledger, unsigned n, const char *stack, const char *env,
	      uint32_t records, const char *point, struct rfa_error *err)
{
	struct rfa_ledger_run *run = NULL;
	int rc = kit_begin(ledger, n, stack, env, &run, err);

	for (uint32_t seq = 1; !rc && seq <= records; seq++)
		rc = kit_append(run, seq, err);
	if (!rc) {
		rc = kit_end(run, records + 1, stack, env, point, err);
		if (!rc)
			run = NULL;
	}
	rfa_ledger_detach(run);
	return rc;
}

int kit_sh(const struct kit *kit, struct rfa_buf *out, const char *script)
{
	char command[8192];
	char chunk[4096];
	size_t n;
	FILE *pipe;
	int status;

	rfa_buf_clear(out);
	snprintf(command, sizeof(command), "cd '%s' && { %s\n} 2>&1", kit->dir, script);
	pipe = popen(command, "r");
	if (!pipe)
		give_up("no shell");
	while ((n = fread(chunk, 1, sizeof(chunk), pipe)) > 0)
		rfa_buf_add(out, chunk, n);
	status = pclose(pipe);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

void kit_loosen(const struct kit *kit)
{
	struct rfa_buf out = RFA_BUF_INIT(65536);

	if (kit_sh(kit, &out,
		   "cd $L && mkdir ../away && mv objects/pack/* ../away/ && for p in "
		   "../away/*.pack; do git -c core.fsync=none unpack-objects -q <$p || exit 1; "
		   "done; rm -rf ../away")) {
		fprintf(stderr, "%s\n", rfa_buf_str(&out));
		abort();
	}
	rfa_buf_release(&out);
}

int kit_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}
