/*
 * The scripts of transports/scripts, of which CMake makes C (.cmake/scripts.cmake). Private to
 * transports.
 */
#ifndef RFA_TRANSPORTS_SCRIPTS_H
#define RFA_TRANSPORTS_SCRIPTS_H

/* A single text, and NULL. */
extern const char *const rfa_script_shell_loop[];

#endif
