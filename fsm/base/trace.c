/* The words of events, and their one way out of the library. */
#include "fsm/base/trace.h"

const char *rfa_event_word(enum rfa_event_kind kind)
{
	static const char *const words[] = {
#define EVENT_WORD(name, word) [RFA_EVENT_##name] = word,
		RFA_EVENTS(EVENT_WORD)
#undef EVENT_WORD
	};

	return (unsigned)kind < sizeof(words) / sizeof(words[0]) ? words[kind] : "";
}

void rfa_trace_send(struct rfa_trace *trace, const struct rfa_event *event)
{
	if (trace)
		trace->event(trace, event);
}
