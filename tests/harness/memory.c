/* Memory that runs out: the hooks of libc (by the linker's --wrap), of jansson and of libgit2. */
#include "tests/harness/memory.h"

#include <execinfo.h>
#include <git2.h>
#include <git2/sys/alloc.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *at, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *at, size_t size);
char *__wrap_strdup(const char *text);
json_t *__real_json_loadb(const char *text, size_t len, size_t flags, json_error_t *error);
json_t *__wrap_json_loadb(const char *text, size_t len, size_t flags, json_error_t *error);
json_t *__real_json_loads(const char *text, size_t flags, json_error_t *error);
json_t *__wrap_json_loads(const char *text, size_t flags, json_error_t *error);

/* A stack is told from another one by so many return addresses. */
enum { FRAMES = 14, STACKS_MAX = 1 << 15 };

static struct {
	enum { OFF, LEARN, ARMED } mode;
	const struct rfa_sim_world *world;
	unsigned long n, fail_at;
	int failed, busy;
	int *in_git; /* shared with child processes */
	/* LEARN: an open hash of stacks, and the numbers of their first allocations. */
	uint64_t stacks[STACKS_MAX];
	unsigned long sites[STACKS_MAX];
	size_t n_sites;
} memory;

static uint64_t stack_now(void)
{
	void *frames[FRAMES + 2];
	int n = backtrace(frames, FRAMES + 2);
	uint64_t hash = 1469598103934665603u;
	int i;

	for (i = 2; i < n; i++)
		hash = (hash ^ (uint64_t)(uintptr_t)frames[i]) * 1099511628211u;
	return hash ? hash : 1;
}

/* 1 if it was not seen before. */
static int is_new(uint64_t stack)
{
	size_t at = (size_t)(stack % STACKS_MAX);

	while (memory.stacks[at] && memory.stacks[at] != stack)
		at = (at + 1) % STACKS_MAX;
	if (memory.stacks[at])
		return 0;
	assert_true(memory.n_sites < STACKS_MAX / 2);
	memory.stacks[at] = stack;
	return 1;
}

/* 1 if this allocation fails. */
static int fails(void)
{
	int fail = 0;

	if (memory.mode == OFF || memory.busy)
		return 0;
	if (memory.world && rfa_sim_inside(memory.world))
		return 0;
	memory.busy = 1;
	if (memory.mode == LEARN) {
		if (is_new(stack_now()))
			memory.sites[memory.n_sites++] = memory.n;
	} else if (memory.n == memory.fail_at) {
		fail = memory.failed = 1;
		if (getenv("RFA_MEMORY_TRACE")) {
			void *frames[32];

			backtrace_symbols_fd(frames, backtrace(frames, 32), 2);
		}
	}
	memory.n++;
	memory.busy = 0;
	return fail;
}

/* The hooks. */

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *at, size_t size)
{
	return fails() ? NULL : __real_realloc(at, size);
}

char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

/* jansson's parser aborts where memory runs out (2.14: an assertion in lex_scan_string). */
json_t *__wrap_json_loadb(const char *text, size_t len, size_t flags, json_error_t *error)
{
	int was = memory.busy;
	json_t *value;

	memory.busy = 1;
	value = __real_json_loadb(text, len, flags, error);
	memory.busy = was;
	return value;
}

json_t *__wrap_json_loads(const char *text, size_t flags, json_error_t *error)
{
	return __wrap_json_loadb(text, strlen(text), flags, error);
}

static int git_fails(void)
{
	int fail = fails();

	if (fail)
		*memory.in_git = 1;
	return fail;
}

static void *git_malloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return git_fails() ? NULL : __real_malloc(size ? size : 1);
}

static void *git_realloc(void *at, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return git_fails() ? NULL : __real_realloc(at, size ? size : 1);
}

#ifdef RFA_GIT_HAS_GCALLOC /* before libgit2 1.7 */
static void *git_reallocarray(void *at, size_t n, size_t size, const char *file, int line)
{
	return size && n > SIZE_MAX / size ? NULL : git_realloc(at, n * size, file, line);
}

static void *git_mallocarray(size_t n, size_t size, const char *file, int line)
{
	return git_reallocarray(NULL, n, size, file, line);
}

static void *git_calloc(size_t n, size_t size, const char *file, int line)
{
	void *at = git_mallocarray(n, size, file, line);

	return at ? memset(at, 0, n * size) : NULL;
}

static char *git_substrdup(const char *text, size_t n, const char *file, int line)
{
	char *at = git_malloc(n + 1, file, line);

	if (at) {
		memcpy(at, text, n);
		at[n] = '\0';
	}
	return at;
}

static char *git_strndup(const char *text, size_t n, const char *file, int line)
{
	return git_substrdup(text, strnlen(text, n), file, line);
}

static char *git_strdup(const char *text, const char *file, int line)
{
	return git_substrdup(text, strlen(text), file, line);
}
#endif

void memory_hook(void)
{
	static git_allocator git = {
		.gmalloc = git_malloc,
		.grealloc = git_realloc,
		.gfree = free,
#ifdef RFA_GIT_HAS_GCALLOC
		.gcalloc = git_calloc,
		.gstrdup = git_strdup,
		.gstrndup = git_strndup,
		.gsubstrdup = git_substrdup,
		.greallocarray = git_reallocarray,
		.gmallocarray = git_mallocarray,
#endif
	};

	memory.in_git =
	    mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(memory.in_git != MAP_FAILED);
	json_set_alloc_funcs(__wrap_malloc, free);
	if (git_libgit2_opts(GIT_OPT_SET_ALLOCATOR, &git))
		fail_msg("libgit2 takes no allocator");
}

static void begin(const struct rfa_sim_world *world)
{
	memory.world = world;
	memory.n = 0;
	memory.failed = 0;
	*memory.in_git = 0;
}

int memory_failed_in_git(void)
{
	return *memory.in_git;
}

void memory_learn(const struct rfa_sim_world *world)
{
	void *warm[4];

	(void)backtrace(warm, 4); /* it loads a library the first time */
	memset(memory.stacks, 0, sizeof(memory.stacks));
	memory.n_sites = 0;
	begin(world);
	memory.mode = LEARN;
}

size_t memory_learned(unsigned long **sites)
{
	memory.mode = OFF;
	*sites = __real_calloc(memory.n_sites + 1, sizeof(**sites));
	assert_non_null(*sites);
	memcpy(*sites, memory.sites, memory.n_sites * sizeof(**sites));
	return memory.n_sites;
}

void memory_arm(unsigned long n, const struct rfa_sim_world *world)
{
	begin(world);
	memory.fail_at = n;
	memory.mode = ARMED;
}

int memory_disarm(void)
{
	memory.mode = OFF;
	return memory.failed;
}
