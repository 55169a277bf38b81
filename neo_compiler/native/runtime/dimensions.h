/* The sizes of a run's open dimensions, and the shapes that follow from them. */
#ifndef NEO_DIMENSIONS_H
#define NEO_DIMENSIONS_H

#include "session.h"

/* Takes the sizes from the inputs; fails where one is missing or out of its range. */
int neo_take_sizes(neo_session *session, const DLTensor *const *inputs, int32_t n_inputs);

/* The bytes of an input or output in this run. */
uint64_t neo_bytes(const neo_session *session, const neo_spec_row *row);

#endif
