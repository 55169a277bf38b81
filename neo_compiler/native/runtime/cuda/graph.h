/* A run's launches as one CUDA graph, which costs the processor one call instead of one a kernel. */
#ifndef NEO_CUDA_GRAPH_H
#define NEO_CUDA_GRAPH_H

#include <stdbool.h>
#include <stdint.h>

#include "driver.h"

struct neo_session;

/* `places` are the addresses of inputs and outputs in the last run. A graph holds those of its making, and is
 * made when they come a second time: callers that keep their tensors get one, others are not delayed. */
typedef struct {
  neo_cu_handle executable;
  neo_cu_address *places;
  bool known;   /* `places` are those of a run */
  bool refused; /* this driver makes none */
} neo_graph;

/* Enqueues the launches of all steps, by a graph where there is one or can be one. */
int neo_graph_run(struct neo_session *session);
void neo_graph_release(neo_graph *graph);

/* Enqueues the launch of one step. */
int neo_step_launch(struct neo_session *session, uint32_t step);

#endif
