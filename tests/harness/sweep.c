/* Runs one subject thousands of times, each time with another fault. */
#include "tests/harness/sweep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fsm/base/facts.h"

enum { MAX_CALLS = 2000, DEFECT_CALLS = 160, MAX_SUBJECTS = 64 };
/* A run that does less than this, or at fewer places, is not what its subject says. */
enum { LEAST_CALLS = 20, LEAST_FAULTS = 5 };
/* The status of a process that has lost memory. */
enum { LEAKED = 23 };

/* What there is to know of a subject; it is run once for that. */
struct known {
	const struct sweep_subject *subject;
	json_t *before, *after;    /* what serves */
	uint64_t calls;            /* of a run that nothing disturbs */
	uint32_t kinds[MAX_CALLS]; /* which faults can happen at each */
};

struct sweep {
	const struct sweep_subject *subject;
	const struct known *known;
	int mutation;
	unsigned runs, fired;
	struct rfa_buf failures;
	unsigned failed;
};

static int same_subject(const struct sweep_subject *a, const struct sweep_subject *b)
{
	return a->prepare == b->prepare && a->serves == b->serves && a->which == b->which &&
	       strcmp(a->name, b->name) == 0;
}

/* What the world looks like before and after an undisturbed run, and what the run asks of it. */
static const struct known *learn(const struct sweep_subject *subject)
{
	static struct known all[MAX_SUBJECTS];
	static size_t n;
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	struct known *k;
	struct world w;
	uint64_t base;
	json_t *plan;
	size_t i;

	for (i = 0; i < n; i++)
		if (same_subject(all[i].subject, subject))
			return &all[i];
	assert_true(n < MAX_SUBJECTS);
	k = &all[n];
	plan = subject->prepare(&w, subject->which);
	k->subject = subject;
	k->before = subject->serves(&w);
	base = rfa_sim_calls(w.sim);
	(void)!world_drive(&w, plan, &result, &err);
	if (result.final != subject->undisturbed)
		fail_msg("undisturbed %s: %s: %s (%s)", subject->name, rfa_final_word(result.final),
			 err.msg, err.where);
	if (getenv("RFA_TRACE"))
		print_message("%s\n", rfa_sim_trace(w.sim));
	k->calls = rfa_sim_calls(w.sim) - base;
	assert_in_range(k->calls, LEAST_CALLS, MAX_CALLS);
	for (i = 0; i < k->calls; i++)
		k->kinds[i] = rfa_sim_faults_at(w.sim, base + i);
	k->after = subject->serves(&w);
	if (subject->undisturbed == RFA_FINAL_SUCCEEDED && !subject->ends_as_before)
		assert_false(json_equal(k->before, k->after));
	json_decref(plan);
	world_free(&w);
	n++;
	return k;
}

static void complain(struct sweep *s, const struct world *w, const char *what, const char *detail)
{
	s->failed++;
	if (s->failed > 5)
		return;
	rfa_buf_printf(&s->failures, "run %u: %s: %s\n  faults: %s\n", s->runs, what, detail,
		       rfa_sim_fired(w->sim));
}

static int in_ledger_legal(struct world *w, const char *run, struct rfa_error *err)
{
	struct rfa_history *h = NULL;
	int rc = rfa_ledger_load(w->ledger, run, &h, err);

	if (!rc)
		rc = rfa_run_legal(NULL, h, err);
	rfa_history_free(h);
	return rc;
}

/* How a world looks: what serves, and what is rfa's own on its hosts. */
struct look {
	json_t *serves, *own;
};

static void look_free(struct look *look)
{
	json_decref(look->serves);
	json_decref(look->own);
}

static void check_world(struct sweep *s, struct world *w, const struct rfa_run_result *result,
			const struct look *look)
{
	const json_t *expected = result->final == RFA_FINAL_SUCCEEDED && !s->subject->ends_as_before
				     ? s->known->after
				     : s->known->before;
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);

	rfa_sim_diff(expected, look->serves, &text);
	if (text.len)
		complain(s, w, rfa_final_word(result->final), rfa_buf_str(&text));
	rfa_buf_clear(&text);
	if (!world_is_clean_by(w, look->own, &text))
		complain(s, w, "left behind", rfa_buf_str(&text));
	rfa_buf_release(&text);
}

static void check_fixed_point(struct sweep *s, struct world *w, const struct rfa_run_result *result,
			      const struct look *look)
{
	struct rfa_run_result again;
	struct rfa_error err;
	struct look after;

	(void)!rfa_run_resume(&w->options, result->run, RFA_RESUME_CONTINUE, &again, &err);
	after.serves = s->subject->serves(w);
	after.own = world_own(w);
	if (again.final != result->final)
		complain(s, w, "fixed point", rfa_final_word(again.final));
	if (!json_equal(look->serves, after.serves) || !json_equal(look->own, after.own))
		complain(s, w, "fixed point", "resuming a finished run changed something");
	look_free(&after);
}

/* What its subject asks beside; it may take away what was there before the run. */
static void check_by_subject(struct sweep *s, struct world *w, const struct rfa_run_result *result)
{
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);

	if (s->subject->judge)
		s->subject->judge(w, result, &text);
	if (text.len)
		complain(s, w, "at the end", rfa_buf_str(&text));
	rfa_buf_release(&text);
}

static void check(struct sweep *s, struct world *w, const struct rfa_run_result *result,
		  const struct rfa_error *why)
{
	struct rfa_error err;
	struct look look;

	if (result->final != RFA_FINAL_SUCCEEDED && result->final != RFA_FINAL_ROLLED_BACK &&
	    result->final != RFA_FINAL_FAILED &&
	    !(result->final == RFA_FINAL_STUCK && s->subject->may_stick)) {
		struct rfa_buf text = RFA_BUF_INIT(8192);

		rfa_buf_printf(&text, "it ends %s: %s (%s)", rfa_final_word(result->final),
			       why->msg, why->where);
		complain(s, w, "final state", rfa_buf_str(&text));
		rfa_buf_release(&text);
		return;
	}
	if (!result->run[0]) /* refused before it began: then nothing may have changed */
		return;
	if (in_ledger_legal(w, result->run, &err))
		complain(s, w, "ledger", err.msg);
	look.serves = s->subject->serves(w);
	check_by_subject(s, w, result);
	look.own = world_own(w);
	check_world(s, w, result, &look);
	check_fixed_point(s, w, result, &look);
	look_free(&look);
}

/* What became of a run whose faults fired so often. */
static void judge(struct sweep *s, struct world *w, const struct rfa_run_result *result,
		  const struct rfa_error *why)
{
	rfa_sim_plan_clear(w->sim);
	check(s, w, result, why);
	s->runs++;
	s->fired += rfa_sim_fired_count(w->sim);
}

/* The faults of one run; they count from the beginning of the run. */
struct faults {
	struct rfa_sim_fault at[3];
	size_t n;
};

static struct faults one_fault(const struct sweep_subject *subject, int kind, uint64_t at)
{
	struct faults faults = { .n = 1 };
	struct rfa_sim_fault *fault = &faults.at[0];

	fault->at = at;
	fault->kind = (enum rfa_sim_fault_kind)kind;
	fault->bytes = subject->bytes;
	fault->ms = 5000;
	fault->lag = kind == RFA_SIM_CUT ? subject->bytes / 4 : 0;
	return faults;
}

static int plan_faults(struct world *w, const struct faults *faults, uint64_t base)
{
	struct rfa_error err;
	size_t i;

	for (i = 0; i < faults->n; i++) {
		struct rfa_sim_fault fault = faults->at[i];

		fault.at += base;
		if (rfa_sim_plan(w->sim, &fault, &err))
			return -1;
	}
	return 0;
}

/* Runs to be made, each in a world of its own that has the sweep's planted defect. */
struct runs {
	struct sweep *s;
	const struct faults *faults;
	size_t n;
	int until_wrong; /* 1: none after one that ended wrong */
	int all_fire;    /* 1: each fault happens */
};

static void prepare(struct sweep *s, struct world *w, json_t **plan)
{
	*plan = s->subject->prepare(w, s->subject->which);
	assert_int_equal(rfa_sim_fired_count(w->sim), 0);
	if (s->mutation != SWEEP_NO_MUTATION)
		rfa_sim_mutate(w->sim, (enum rfa_sim_mutation)s->mutation);
}

/*
 * Runs that are alike until their first fault share what comes before it: at each call of one run
 * that nothing disturbs a process goes off for each of the runs that are disturbed there first, and
 * takes its run to the end.
 */

/* What such a process has to say. */
struct told {
	unsigned runs, fired, failed;
	char failures[1 << 16];
};

struct trunk {
	const struct runs *runs;
	size_t memory; /* of the sanitizer, before there was a world */
	struct world *w;
	json_t *plan;
	uint64_t base;
	struct told *told; /* shared with the processes */
	size_t gone;       /* how many went off */
	int branch;        /* this is one of them */
};

static uint64_t first_of(const struct faults *faults)
{
	uint64_t first = faults->at[0].at;
	size_t i;

	for (i = 1; i < faults->n; i++)
		first = faults->at[i].at < first ? faults->at[i].at : first;
	return first;
}

static void hear(struct trunk *t, pid_t branch, const struct faults *faults)
{
	struct sweep *s = t->runs->s;
	int status = 0;

	assert_int_equal(waitpid(branch, &status, 0), branch);
	s->runs += t->told->runs;
	s->fired += t->told->fired;
	s->failed += t->told->failed;
	if (t->told->failed && s->failed <= 5)
		rfa_buf_puts(&s->failures, t->told->failures);
	if (status || t->told->runs != 1 || (t->runs->all_fire && t->told->fired != faults->n))
		fail_msg("%s: %s at call %llu: %u runs, %u faults, status %d", s->subject->name,
			 rfa_sim_fault_word(faults->at[0].kind),
			 (unsigned long long)faults->at[0].at, t->told->runs, t->told->fired,
			 status);
}

/* 1: this is the process that went off, and its faults are planned. */
static int go(struct trunk *t, const struct faults *faults)
{
	pid_t branch;

	t->told->runs = t->told->fired = t->told->failed = 0;
	t->told->failures[0] = 0;
	t->gone++;
	(void)fflush(NULL);
	branch = fork();
	assert_true(branch >= 0);
	if (branch) {
		hear(t, branch, faults);
		return 0;
	}
	t->branch = 1;
	rfa_sim_on_call(t->w->sim, NULL, NULL);
	if (plan_faults(t->w, faults, t->base))
		_exit(1);
	return 1;
}

/* Only a process that goes off comes back with faults. */
static void go_off(void *user, uint64_t call, const char *label)
{
	struct trunk *t = user;
	const struct runs *runs = t->runs;
	size_t i;

	(void)label;
	for (i = 0; i < runs->n && !(runs->until_wrong && runs->s->failed); i++)
		if (first_of(&runs->faults[i]) == call - t->base && go(t, &runs->faults[i]))
			return;
}

/* Those whose faults would be after the end. */
static int go_at_end(struct trunk *t)
{
	const struct runs *runs = t->runs;
	uint64_t calls = rfa_sim_calls(t->w->sim) - t->base;
	size_t i;

	for (i = 0; i < runs->n && !(runs->until_wrong && runs->s->failed); i++)
		if (first_of(&runs->faults[i]) >= calls && go(t, &runs->faults[i]))
			return 1;
	return 0;
}

/* Of the sanitizer: how many bytes somebody has; and of these, whether nobody has some any more,
 * which takes a look through all memory. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

static size_t memory(void)
{
	return __sanitizer_get_current_allocated_bytes ? __sanitizer_get_current_allocated_bytes()
						       : 0;
}

/* The end of such a process. Where bytes are counted it frees what it has. Are there as many as
 * before the world was made, nothing is lost. */
static void tell(struct trunk *t, const struct rfa_run_result *result, const struct rfa_error *err)
{
	struct sweep own = *t->runs->s;

	own.runs = own.fired = own.failed = 0;
	own.failures = (struct rfa_buf)RFA_BUF_INIT(1 << 20);
	judge(&own, t->w, result, err);
	t->told->runs = own.runs;
	t->told->fired = own.fired;
	t->told->failed = own.failed;
	(void)snprintf(t->told->failures, sizeof(t->told->failures), "%s",
		       rfa_buf_str(&own.failures));
	if (!__lsan_do_recoverable_leak_check)
		_exit(0);
	rfa_buf_release(&own.failures);
	json_decref(t->plan);
	world_free(t->w);
	_exit(memory() != t->memory && __lsan_do_recoverable_leak_check() ? LEAKED : 0);
}

/* Of the sanitizer: forgets what was freed so far. Else each process has a part of it for itself,
 * and looks through all of it for what its run has lost. */
void __sanitizer_purge_allocator(void) __attribute__((weak));

static void run_all(const struct runs *runs)
{
	struct trunk t = { .runs = runs, .memory = memory() };
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	struct world w;

	prepare(runs->s, &w, &t.plan);
	if (__sanitizer_purge_allocator)
		__sanitizer_purge_allocator();
	t.w = &w;
	t.base = rfa_sim_calls(w.sim);
	t.told =
	    mmap(NULL, sizeof(*t.told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(t.told != MAP_FAILED);
	rfa_sim_on_call(w.sim, go_off, &t);
	(void)!world_drive(&w, t.plan, &result, &err);
	if (t.branch || go_at_end(&t))
		tell(&t, &result, &err);
	assert_true(t.gone == runs->n || runs->until_wrong);
	if (runs->s->mutation == SWEEP_NO_MUTATION)
		assert_int_equal(result.final, runs->s->subject->undisturbed);
	(void)munmap(t.told, sizeof(*t.told));
	json_decref(t.plan);
	world_free(&w);
}

/* One run that nothing disturbs but the planted defect. */
static void run_undisturbed(struct sweep *s)
{
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	struct world w;
	json_t *plan;

	prepare(s, &w, &plan);
	(void)!world_drive(&w, plan, &result, &err);
	judge(s, &w, &result, &err);
	if (result.final != s->subject->undisturbed)
		complain(s, &w, "undisturbed", rfa_final_word(result.final));
	json_decref(plan);
	world_free(&w);
}

static void run_with_each(struct sweep *s)
{
	struct faults *all = calloc(s->known->calls * RFA_SIM_FAULT_COUNT, sizeof(*all));
	struct runs runs = { .s = s, .faults = all, .all_fire = 1 };
	uint64_t at;
	int k;

	assert_non_null(all);
	for (k = 0; k < RFA_SIM_FAULT_COUNT; k++)
		for (at = (uint64_t)(k % SWEEP_STRIDE); at < s->known->calls; at += SWEEP_STRIDE)
			if (s->known->kinds[at] & UINT32_C(1) << k)
				all[runs.n++] = one_fault(s->subject, k, at);
	run_all(&runs);
	free(all);
}

static void run_broken(struct sweep *s, const struct sweep_breaker *b)
{
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	struct world w;
	json_t *plan = s->subject->prepare(&w, s->subject->which);

	b->arm(b->user, &w);
	(void)!world_drive(&w, plan, &result, &err);
	b->disarm(b->user);
	assert_false(rfa_sim_inside(w.sim));
	check(s, &w, &result, &err);
	s->runs++;
	json_decref(plan);
	world_free(&w);
}

static void sweep_init(struct sweep *s, const struct sweep_subject *subject)
{
	memset(s, 0, sizeof(*s));
	s->subject = subject;
	s->mutation = SWEEP_NO_MUTATION;
	s->failures = (struct rfa_buf)RFA_BUF_INIT(1 << 20);
	s->known = learn(subject);
}

static void sweep_done(struct sweep *s)
{
	rfa_buf_release(&s->failures);
}

static void sweep_report(struct sweep *s, const char *what)
{
	print_message("# %s %s: %llu calls, %u runs, %u faults\n", what, s->subject->name,
		      (unsigned long long)s->known->calls, s->runs, s->fired);
	if (s->failed)
		fail_msg("%u of %u runs ended wrong:\n%s", s->failed, s->runs,
			 rfa_buf_str(&s->failures));
}

void sweep_one_fault(const struct sweep_subject *subject)
{
	struct sweep s;

	sweep_init(&s, subject);
	run_with_each(&s);
	/* Of a sample there is no telling how many kinds its calls have; every call is counted. */
	assert_true(s.fired >= (SWEEP_STRIDE > 1 ? 1
						 : s.known->calls * (subject->least_faults
									 ? subject->least_faults
									 : LEAST_FAULTS)));
	sweep_report(&s, "one fault");
	sweep_done(&s);
}

static struct faults several_faults(const struct known *known, struct rfa_clock *c)
{
	struct faults faults = { .n = 2 + c->random(c) % 2 };
	size_t j;

	for (j = 0; j < faults.n; j++) {
		struct rfa_sim_fault *f = &faults.at[j];

		f->at = c->random(c) % (known->calls * 3 / 2);
		f->kind = (enum rfa_sim_fault_kind)(c->random(c) % RFA_SIM_FAULT_COUNT);
		f->bytes = c->random(c) % 240000;
		f->ms = (int64_t)(c->random(c) % 20000);
		f->lag = c->random(c) % 100000;
		f->count = 1 + c->random(c) % 3;
		/* Two definite failures, one of them in an undo, are a case for a person. */
		if (j && (f->kind == RFA_SIM_FAIL || f->kind == RFA_SIM_PARTIAL ||
			  f->kind == RFA_SIM_NOSPACE))
			f->kind = RFA_SIM_CRASH_AFTER;
	}
	return faults;
}

void sweep_several_faults(const struct sweep_subject *subject)
{
	unsigned n = getenv("RFA_TEST_LONG") ? SWEEP_RANDOM_LONG : SWEEP_RANDOM;
	struct faults *all = calloc(n, sizeof(*all));
	uint64_t seed = getenv("RFA_SEED") ? strtoull(getenv("RFA_SEED"), NULL, 10) : 20261122;
	struct rfa_clock_virtual chance;
	struct rfa_clock *c = &chance.clock;
	struct sweep s;
	unsigned i;

	assert_non_null(all);
	rfa_clock_virtual_init(&chance, 0, seed);
	sweep_init(&s, subject);
	for (i = 0; i < n; i++)
		all[i] = several_faults(s.known, c);
	run_all(&(struct runs){ .s = &s, .faults = all, .n = n });
	print_message("# seed %llu (RFA_SEED)\n", (unsigned long long)seed);
	sweep_report(&s, "several faults");
	sweep_done(&s);
	free(all);
}

void sweep_broken(const struct sweep_subject *subject, const struct sweep_breaker *breaker,
		  const char *what)
{
	struct sweep s;

	sweep_init(&s, subject);
	while (breaker->next(breaker->user))
		run_broken(&s, breaker);
	sweep_report(&s, what);
	sweep_done(&s);
}

int sweep_sees(const struct sweep_subject *subject, int mutation, int fault_kind)
{
	struct faults all[DEFECT_CALLS];
	struct runs runs = { .faults = all, .until_wrong = 1 };
	struct sweep s;
	unsigned seen;
	uint64_t at;

	sweep_init(&s, subject);
	s.mutation = mutation;
	runs.s = &s;
	for (at = 0; fault_kind >= 0 && at < s.known->calls && at < DEFECT_CALLS; at++)
		if (s.known->kinds[at] & UINT32_C(1) << fault_kind)
			all[runs.n++] = one_fault(subject, fault_kind, at);
	if (fault_kind >= 0)
		run_all(&runs);
	else
		run_undisturbed(&s);
	seen = s.failed;
	sweep_done(&s);
	return seen != 0;
}

void sweep_finds(const struct sweep_try *tries, enum rfa_sim_mutation planted)
{
	for (; tries->subject; tries++)
		if (sweep_sees(tries->subject, (int)planted, tries->fault))
			return;
	fail_msg("no sweep finds the planted defect: %s", rfa_sim_mutation_text(planted));
}

void sweep_finds_all(const struct sweep_try *tries, const enum rfa_sim_mutation *planted, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		sweep_finds(tries, planted[i]);
}

void sweep_finds_range(const struct sweep_try *tries, int from, int end)
{
	for (; from < end; from++)
		sweep_finds(tries, (enum rfa_sim_mutation)from);
}
