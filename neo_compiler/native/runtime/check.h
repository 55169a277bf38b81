/* Does a tensor that the caller hands in fit the model? */
#ifndef NEO_CHECK_H
#define NEO_CHECK_H

#include "plan.h"

/* `kind` is "input" or "output", for the message. */
int neo_check_tensors(const char *kind, const DLTensor *const *tensors, int32_t given,
                      const neo_spec_row *rows, uint32_t expected, const int64_t *shapes);

/* What is wrong with a tensor's device, as "is not ..."; NULL: nothing. Each kind of runtime has its own. */
const char *neo_refuse_device(DLDevice device);

#endif
