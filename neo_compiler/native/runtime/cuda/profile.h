/* Times of single steps, taken by the device. */
#ifndef NEO_CUDA_PROFILE_H
#define NEO_CUDA_PROFILE_H

#include "session.h"

/* Launches each step between two events and waits; `nanoseconds` gets one time a step. */
int neo_profile_steps(neo_session *session, uint64_t *nanoseconds);

#endif
