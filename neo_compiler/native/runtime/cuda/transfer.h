/* Inputs to where kernels read them, outputs to where the caller wants them. */
#ifndef NEO_CUDA_TRANSFER_H
#define NEO_CUDA_TRANSFER_H

#include "session.h"

/* Enqueues the copies of inputs that are not used where they are, and settles all addresses. */
int neo_bind(neo_session *session, const DLTensor *const *inputs, const DLTensor *const *outputs);

/* Enqueues the copies of outputs and waits until all are there. */
int neo_deliver(neo_session *session);

#endif
