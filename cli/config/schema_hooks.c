/* Commands around a run: the table of those keys. */
#include "cli/config/schema_hooks.h"

static const struct rfa_key a_hook_word = {
	.name = "",
	.type = RFA_TYPE_STRING,
	.flags = RFA_KEY_WORD,
	.example = "\"/usr/local/bin/may-deploy\"",
	.help = "the program, or one of its arguments; no shell reads it",
};
static const struct rfa_key hook_keys[] = {
	{ .name = "command",
	  .type = RFA_TYPE_ARRAY,
	  .flags = RFA_KEY_REQUIRED,
	  .example = "[\"/usr/local/bin/may-deploy\",\"--strict\"]",
	  .help = "the program and its arguments; RFA_RUN, RFA_STACK, RFA_ENV, RFA_VERSION, "
		  "RFA_FINAL and RFA_NEXT are in its environment",
	  .inside = &a_hook_word },
	{ .name = "on",
	  .type = RFA_TYPE_STRING,
	  .fallback = "\"operator\"",
	  .example = "\"host\"",
	  .help = "operator: on the machine where rfa is typed; host: on the host itself",
	  .words = "host|operator" },
	{ .name = "timeout_s",
	  .type = RFA_TYPE_INTEGER,
	  .fallback = "60",
	  .example = "60",
	  .help = "seconds that it may take",
	  .min = 1,
	  .max = 86400 },
	{ .name = NULL },
};
const struct rfa_key rfa_schema_hooks[] = {
	{ .name = "before",
	  .type = RFA_TYPE_OBJECT,
	  .example = "{\"command\":[\"/usr/local/bin/may-deploy\"]}",
	  .help = "before anything is changed: another status than 0, and nothing is",
	  .inside = hook_keys },
	{ .name = "after",
	  .type = RFA_TYPE_OBJECT,
	  .example = "{\"command\":[\"/usr/local/bin/warm-cache\"]}",
	  .help = "behind a run that succeeded; changes nothing of that",
	  .inside = hook_keys },
	{ .name = "failed",
	  .type = RFA_TYPE_OBJECT,
	  .example = "{\"command\":[\"/usr/local/bin/page\"]}",
	  .help = "behind a run that ended in any other way",
	  .inside = hook_keys },
	{ .name = NULL },
};
