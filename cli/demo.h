/* `rfa demo`: a story told on simulated hosts; this is what its scenario may use. */
#ifndef RFA_CLI_DEMO_H
#define RFA_CLI_DEMO_H

#include "cli/cli.h"
#include "cli/tell.h"

struct rfa_narrator {
	struct rfa_cli *cli;
	int scenes;
	int pause; /* wait for Enter between scenes */
};

/* A new scene: a numbered heading. */
void rfa_narrate_scene(struct rfa_narrator *n, const char *title);
/* What happens, and why; a paragraph. */
void rfa_narrate(struct rfa_narrator *n, const char *fmt, ...) RFA_PRINTF(2, 3);
/* What an operator would type. */
void rfa_narrate_command(struct rfa_narrator *n, const char *fmt, ...) RFA_PRINTF(2, 3);
/* What came of a step of the story: a green or a red line. */
void rfa_narrate_result(struct rfa_narrator *n, int good, const char *fmt, ...) RFA_PRINTF(3, 4);
/* Tells a run's events as any run's; hand out &teller->trace, then rfa_teller_clear(). */
void rfa_narrate_run(struct rfa_narrator *n, struct rfa_teller *teller);

/* The story itself, from beginning to end. */
int rfa_demo_scenario(struct rfa_narrator *n, struct rfa_error *err) RFA_MUST_USE;

#endif
