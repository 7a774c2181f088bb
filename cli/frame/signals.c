/* Signal handlers. They can reach nothing but static storage, so this file alone has some. */
#include "cli/frame/signals.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

static volatile int cancelled;
/* What a second signal prints: made beforehand, because a handler may not format. */
static char last_words[128];
static volatile sig_atomic_t last_words_len;

static void on_signal(int number)
{
	(void)number;
	if (!cancelled) {
		cancelled = 1;
		return;
	}
	if (last_words_len > 0) {
		ssize_t ignored = write(STDERR_FILENO, last_words, (size_t)last_words_len);
		(void)ignored; /* nobody is left to be told */
	}
	_exit(last_words_len > 0 ? 75 : 130);
}

const volatile int *rfa_signals_install(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action, old;

	memset(&action, 0, sizeof(action));
	action.sa_handler = on_signal; /* without SA_RESTART: whoever waits shall notice */
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		/* nohup and a background shell ignore some: that is their wish. */
		if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(numbers[i], &action, NULL);
	}
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
	return &cancelled;
}

void rfa_signals_run(const char *run)
{
	last_words_len = 0;
	if (!run || !*run)
		return;
	int n = snprintf(
	    last_words, sizeof(last_words),
	    "\nrfa: left at once; the run is interrupted\n  next      rfa resume %.60s\n", run);
	last_words_len = n > 0 && (size_t)n < sizeof(last_words) ? n : 0;
}
