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

static void check_world(struct sweep *s, struct world *w, const struct rfa_run_result *result)
{
	const json_t *expected = result->final == RFA_FINAL_SUCCEEDED && !s->subject->ends_as_before
				     ? s->known->after
				     : s->known->before;
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);
	json_t *serves = s->subject->serves(w);

	rfa_sim_diff(expected, serves, &text);
	if (text.len)
		complain(s, w, rfa_final_word(result->final), rfa_buf_str(&text));
	rfa_buf_clear(&text);
	if (s->subject->judge)
		s->subject->judge(w, result, &text);
	if (text.len)
		complain(s, w, "at the end", rfa_buf_str(&text));
	rfa_buf_clear(&text);
	if (!world_is_clean(w, &text))
		complain(s, w, "left behind", rfa_buf_str(&text));
	json_decref(serves);
	rfa_buf_release(&text);
}

static void check_fixed_point(struct sweep *s, struct world *w, const struct rfa_run_result *result)
{
	json_t *serves = s->subject->serves(w);
	json_t *own = world_own(w);
	struct rfa_run_result again;
	struct rfa_error err;
	json_t *serves_again;
	json_t *own_again;

	(void)!rfa_run_resume(&w->options, result->run, RFA_RESUME_CONTINUE, &again, &err);
	serves_again = s->subject->serves(w);
	own_again = world_own(w);
	if (again.final != result->final)
		complain(s, w, "fixed point", rfa_final_word(again.final));
	if (!json_equal(serves, serves_again) || !json_equal(own, own_again))
		complain(s, w, "fixed point", "resuming a finished run changed something");
	json_decref(serves);
	json_decref(serves_again);
	json_decref(own);
	json_decref(own_again);
}

static void check(struct sweep *s, struct world *w, const struct rfa_run_result *result,
		  const struct rfa_error *why)
{
	struct rfa_error err;

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
	check_world(s, w, result);
	check_fixed_point(s, w, result);
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

/* One run with these faults. */
static void run_with(struct sweep *s, const struct rfa_sim_fault *faults, size_t n)
{
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	struct world w;
	json_t *plan = s->subject->prepare(&w, s->subject->which);
	uint64_t base = rfa_sim_calls(w.sim);
	size_t i;

	assert_int_equal(rfa_sim_fired_count(w.sim), 0);
	if (s->mutation != SWEEP_NO_MUTATION)
		rfa_sim_mutate(w.sim, (enum rfa_sim_mutation)s->mutation);
	for (i = 0; i < n; i++) {
		struct rfa_sim_fault fault = faults[i];

		fault.at += base;
		assert_int_equal(rfa_sim_plan(w.sim, &fault, &err), 0);
	}
	(void)!world_drive(&w, plan, &result, &err);
	judge(s, &w, &result, &err);
	if (s->mutation != SWEEP_NO_MUTATION && !n && result.final != s->subject->undisturbed)
		complain(s, &w, "undisturbed", rfa_final_word(result.final));
	json_decref(plan);
	world_free(&w);
}

static struct rfa_sim_fault fault_of(const struct sweep_subject *subject, int kind, uint64_t at)
{
	struct rfa_sim_fault fault = { 0 };

	fault.at = at;
	fault.kind = (enum rfa_sim_fault_kind)kind;
	fault.bytes = subject->bytes;
	fault.ms = 5000;
	fault.lag = kind == RFA_SIM_CUT ? subject->bytes / 4 : 0;
	return fault;
}

#ifdef RFA_SWEEP_SANITIZED
/* Each in this process, at whose end it is known what was never freed. */
static void run_with_each(struct sweep *s)
{
	uint64_t at;
	int k;

	for (k = 0; k < RFA_SIM_FAULT_COUNT; k++) {
		for (at = (uint64_t)(k % SWEEP_STRIDE); at < s->known->calls; at += SWEEP_STRIDE) {
			struct rfa_sim_fault fault = fault_of(s->subject, k, at);

			if (s->known->kinds[at] & UINT32_C(1) << k)
				run_with(s, &fault, 1);
		}
	}
	assert_int_equal(s->fired, s->runs);
}
#else
/*
 * Runs that are alike until their fault share what comes before it: at each call of one run that
 * nothing disturbs a process goes off for each fault, and takes its run to the end.
 */

/* What such a process has to say. */
struct told {
	unsigned runs, fired, failed;
	char failures[1 << 16];
};

struct trunk {
	struct sweep *s;
	struct world *w;
	uint64_t base;
	struct told *told; /* shared with the processes */
	int branch;        /* this is one of them */
};

static void hear(struct trunk *t, pid_t branch, int kind, uint64_t at)
{
	struct sweep *s = t->s;
	int status = 0;

	assert_int_equal(waitpid(branch, &status, 0), branch);
	s->runs += t->told->runs;
	s->fired += t->told->fired;
	s->failed += t->told->failed;
	if (s->failed <= 5)
		rfa_buf_puts(&s->failures, t->told->failures);
	if (status || t->told->runs != 1 || t->told->fired != 1)
		fail_msg("%s: %s at call %llu: %u runs, %u faults, status %d", s->subject->name,
			 rfa_sim_fault_word(kind), (unsigned long long)at, t->told->runs,
			 t->told->fired, status);
}

/* Only a process that goes off comes back with a fault. */
static void go_off(void *user, uint64_t call, const char *label)
{
	struct trunk *t = user;
	uint64_t at = call - t->base;
	struct rfa_sim_fault fault;
	struct rfa_error err;
	pid_t branch;
	int k;

	(void)label;
	for (k = 0; k < RFA_SIM_FAULT_COUNT && at < t->s->known->calls; k++) {
		if (!(t->s->known->kinds[at] & UINT32_C(1) << k))
			continue;
		memset(t->told, 0, sizeof(*t->told));
		(void)fflush(NULL);
		branch = fork();
		assert_true(branch >= 0);
		if (branch) {
			hear(t, branch, k, at);
			continue;
		}
		t->branch = 1;
		rfa_sim_on_call(t->w->sim, NULL, NULL);
		fault = fault_of(t->s->subject, k, call);
		if (rfa_sim_plan(t->w->sim, &fault, &err))
			_exit(1);
		return;
	}
}

/* The end of such a process; the memory is that of the others. */
static void tell(struct trunk *t)
{
	struct sweep *s = t->s;

	t->told->runs = s->runs;
	t->told->fired = s->fired;
	t->told->failed = s->failed;
	(void)snprintf(t->told->failures, sizeof(t->told->failures), "%s",
		       rfa_buf_str(&s->failures));
	_exit(0);
}

static void run_with_each(struct sweep *s)
{
	struct sweep own = { .subject = s->subject,
			     .known = s->known,
			     .mutation = s->mutation,
			     .failures = RFA_BUF_INIT(1 << 20) };
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	struct world w;
	json_t *plan = s->subject->prepare(&w, s->subject->which);
	struct trunk t = { .s = s, .w = &w, .base = rfa_sim_calls(w.sim) };

	t.told =
	    mmap(NULL, sizeof(*t.told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(t.told != MAP_FAILED);
	rfa_sim_on_call(w.sim, go_off, &t);
	(void)!world_drive(&w, plan, &result, &err);
	if (t.branch) {
		t.s = &own;
		judge(&own, &w, &result, &err);
		tell(&t);
	}
	assert_int_equal(result.final, s->subject->undisturbed);
	(void)munmap(t.told, sizeof(*t.told));
	json_decref(plan);
	world_free(&w);
}

#endif

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

void sweep_several_faults(const struct sweep_subject *subject, unsigned runs)
{
	uint64_t seed = getenv("RFA_SEED") ? strtoull(getenv("RFA_SEED"), NULL, 10) : 20261122;
	struct rfa_clock_virtual chance;
	struct rfa_clock *c = &chance.clock;
	struct sweep s;
	unsigned i;

	rfa_clock_virtual_init(&chance, 0, seed);
	sweep_init(&s, subject);
	for (i = 0; i < runs; i++) {
		struct rfa_sim_fault f[3] = { { 0 } };
		size_t n = 2 + c->random(c) % 2;
		size_t j;

		for (j = 0; j < n; j++) {
			f[j].at = c->random(c) % (s.known->calls * 3 / 2);
			f[j].kind = (enum rfa_sim_fault_kind)(c->random(c) % RFA_SIM_FAULT_COUNT);
			f[j].bytes = c->random(c) % 240000;
			f[j].ms = (int64_t)(c->random(c) % 20000);
			f[j].lag = c->random(c) % 100000;
			f[j].count = 1 + c->random(c) % 3;
			/* Two definite failures, one of them in an undo, are a case for a person.
			 */
			if (j && (f[j].kind == RFA_SIM_FAIL || f[j].kind == RFA_SIM_PARTIAL ||
				  f[j].kind == RFA_SIM_NOSPACE))
				f[j].kind = RFA_SIM_CRASH_AFTER;
		}
		run_with(&s, f, n);
	}
	print_message("# seed %llu (RFA_SEED)\n", (unsigned long long)seed);
	sweep_report(&s, "several faults");
	sweep_done(&s);
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
	struct sweep s;
	unsigned seen;
	uint64_t at = 0;

	sweep_init(&s, subject);
	s.mutation = mutation;
	do {
		struct rfa_sim_fault fault = fault_of(subject, fault_kind, at);

		run_with(&s, &fault, fault_kind >= 0);
	} while (!s.failed && fault_kind >= 0 && ++at < DEFECT_CALLS);
	seen = s.failed;
	sweep_done(&s);
	return seen != 0;
}
