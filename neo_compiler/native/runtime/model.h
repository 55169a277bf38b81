/* An opened model: its parameters and its threads. */
#ifndef NEO_MODEL_INTERNAL_H
#define NEO_MODEL_INTERNAL_H

#include <stdatomic.h>

#include "neo_model.h"
#include "pool.h"

struct neo_model {
  char *params;
  neo_pool *pool;
  atomic_int sessions;
};

#endif
