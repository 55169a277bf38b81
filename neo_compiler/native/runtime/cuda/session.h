/* A session: a stream, the device memory of one run, and the kernels' arguments, made once. */
#ifndef NEO_CUDA_SESSION_H
#define NEO_CUDA_SESSION_H

#include <stdatomic.h>
#include <stdbool.h>

#include "graph.h"
#include "model.h"

/* An input or output in a run: the caller's in CPU memory (`host`) or on the device (`device`), and where the
 * kernels find it (`used`), which is the caller's or our `own`. `pinned` is CPU memory that the device copies
 * from and to while the processor does something else. */
typedef struct {
  char *host, *pinned;
  neo_cu_address device, own, used;
  neo_cu_handle arrived; /* event: an output is in `pinned` */
} neo_gpu_buffer;

struct neo_session {
  neo_model *model;
  atomic_flag running;
  neo_cu_handle stream;
  neo_cu_address arena, io;
  char *pinned;
  neo_gpu_buffer *inputs, *outputs;
  neo_cu_address *addresses; /* of each tensor */
  void **arguments;          /* of all launches, each the place of an address */
  neo_graph graph;
};

#endif
