/* A session: the arena of one run, and the kernels' argument tables, made once. */
#ifndef NEO_SESSION_H
#define NEO_SESSION_H

#include <stdatomic.h>

#include "kernel_abi.h"
#include "model.h"
#include "plan.h"
#include "scratch.h"

/* Where an input or output is during a run. `staged` is memory of ours for buffers that are not aligned. */
typedef struct {
  char *user;
  char *used;
  char *staged;
} neo_buffer;

struct neo_session {
  neo_model *model;
  atomic_flag running;
  char *arena;
  char *io;
  neo_scratch scratch;
  neo_buffer *inputs, *outputs;
  DLTensor *tensors;
  TVMFFIAny *args;
  int64_t *sizes;        /* of the open dimensions, in this run */
  int64_t *shapes;       /* neo_plan.shapes in this run */
};

#endif
