/* Do the tensors that the caller hands in fit the model? */
#ifndef NEO_CHECK_H
#define NEO_CHECK_H

#include "plan.h"

/* What the caller hands in for one run. */
typedef struct {
  const DLTensor *const *inputs, *const *outputs;
  int32_t n_inputs, n_outputs;
} neo_call;

/* `shapes` are those of the plan, or as this run's sizes make them. */
int neo_check_call(const neo_call *call, const int64_t *shapes);

/* What is wrong with a tensor's device, as "is not ..."; NULL: nothing. Each kind of runtime has its own. */
const char *neo_refuse_device(DLDevice device);

#endif
