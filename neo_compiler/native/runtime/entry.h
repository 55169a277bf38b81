/* What a kind of runtime supplies to the functions of neo_model.h that are the same for all kinds. */
#ifndef NEO_ENTRY_H
#define NEO_ENTRY_H

#include <stdatomic.h>

#include "check.h"
#include "neo_model.h"

/* Set while the session runs, and for good once it is being destroyed. */
atomic_flag *neo_session_running(neo_session *session);

/* Checks the tensors and computes; `nanoseconds`, one for each step, may be NULL. No other run of the session
 * goes on meanwhile. */
int neo_session_compute(neo_session *session, const neo_call *call, uint64_t *nanoseconds);

/* Gives back all that the session has, and takes it off its model's count. */
void neo_session_release(neo_session *session);

#endif
