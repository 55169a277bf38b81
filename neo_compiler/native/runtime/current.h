/* What the calling thread is doing; kernels call back without saying on whose behalf. */
#ifndef NEO_CURRENT_H
#define NEO_CURRENT_H

#include <stdbool.h>

#include "scratch.h"

struct neo_pool;

typedef struct {
  struct neo_pool *pool;
  neo_scratch *scratch;
  bool in_task; /* inside a parallel task: a further launch runs serially */
} neo_current_state;

extern _Thread_local neo_current_state neo_current;

#endif
