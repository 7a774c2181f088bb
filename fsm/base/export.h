/* Marks what librfa exports; everything else is hidden. */
#ifndef RFA_FSM_BASE_EXPORT_H
#define RFA_FSM_BASE_EXPORT_H

#if defined(__GNUC__)
#define RFA_API __attribute__((visibility("default")))
#define RFA_MUST_USE __attribute__((warn_unused_result))
#define RFA_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#else
#define RFA_API
#define RFA_MUST_USE
#define RFA_PRINTF(fmt, first)
#endif

#endif
