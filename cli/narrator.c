/* Tells the story of `rfa demo` on the screen. */
#include "cli/demo.h"

#include <stdarg.h>

void rfa_narrate_scene(struct rfa_narrator *n, const char *title)
{
	const struct rfa_out *o = &n->cli->out;
	if (n->scenes++ > 0 && n->pause) {
		fprintf(o->err, "%s[Enter]%s", rfa_out_style(o, o->err, RFA_DIM),
			rfa_out_style(o, o->err, RFA_PLAIN));
		fflush(o->err);
		int c;
		while ((c = getchar()) != '\n' && c != EOF)
			;
	}
	rfa_out_say(o, "\n%s%d. %s%s", rfa_out_style(o, o->out, RFA_BOLD), n->scenes, title,
		    rfa_out_style(o, o->out, RFA_PLAIN));
}

static void RFA_PRINTF(4, 0) say(struct rfa_narrator *n, enum rfa_style style, const char *lead,
				 const char *fmt, va_list args)
{
	const struct rfa_out *o = &n->cli->out;
	struct rfa_buf text = RFA_BUF_INIT(64 * 1024);
	rfa_buf_vprintf(&text, fmt, args);
	rfa_out_say(o, "%s%s%s%s", style == RFA_PLAIN ? "" : rfa_out_style(o, o->out, style), lead,
		    rfa_buf_str(&text),
		    style == RFA_PLAIN ? "" : rfa_out_style(o, o->out, RFA_PLAIN));
	fflush(o->out); /* events of the run that follows go to the other file */
	rfa_buf_release(&text);
}

void rfa_narrate(struct rfa_narrator *n, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	say(n, RFA_PLAIN, "   ", fmt, args);
	va_end(args);
}

void rfa_narrate_command(struct rfa_narrator *n, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	say(n, RFA_CYAN, "   $ ", fmt, args);
	va_end(args);
}

void rfa_narrate_result(struct rfa_narrator *n, int good, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	say(n, good ? RFA_GREEN : RFA_RED, "   => ", fmt, args);
	va_end(args);
}

void rfa_narrate_run(struct rfa_narrator *n, struct rfa_teller *teller)
{
	rfa_teller_init(teller, &n->cli->out, &n->cli->story);
}
