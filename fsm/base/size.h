/* Numbers of bytes as people read them. */
#ifndef RFA_FSM_BASE_SIZE_H
#define RFA_FSM_BASE_SIZE_H

#include <stdint.h>

#include "fsm/base/export.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RFA_SIZE_MAX 16

/*
 * "812 B", "1.2 kB", "11 kB", "340 MB": units of 1000, two digits or more, never "0.0" of a unit.
 * Less than nothing is "0 B". Returns `into`.
 */
RFA_API const char *rfa_size_text(char into[RFA_SIZE_MAX], int64_t bytes);
/* The same with storage of its own, until the end of the block. C only. */
#define RFA_SIZE(bytes) rfa_size_text((char[RFA_SIZE_MAX]){ 0 }, (int64_t)(bytes))

#ifdef __cplusplus
}
#endif
#endif
