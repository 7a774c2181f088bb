/* Ctrl-C and its kin: the first asks the run to stop where that is safe, the second leaves. */
#ifndef RFA_CLI_FRAME_SIGNALS_H
#define RFA_CLI_FRAME_SIGNALS_H

/*
 * INT, TERM and HUP set the flag that is answered (and handed to everything that waits); a second
 * one ends the process at once: status 75, with the resume line of rfa_signals_run() as the last
 * line. PIPE is ignored: a reader that went away must not kill a run.
 */
const volatile int *rfa_signals_install(void);

/* From now on a run is under way (NULL: no more). Copied. */
void rfa_signals_run(const char *run);

#endif
