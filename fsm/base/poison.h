/* Included before every source file: functions that have no bound on what they write are an error.
 */
#ifndef RFA_FSM_BASE_POISON_H
#define RFA_FSM_BASE_POISON_H

#include <stdio.h>
#include <string.h>

#if defined(__GNUC__)
#pragma GCC poison sprintf strcpy strcat strncpy gets
#endif

#endif
