#include "session.h"

#include <stdlib.h>

#include "../entry.h"
#include "../error.h"
#include "../memory.h"
#include "../plan.h"

enum { NON_BLOCKING = 1, PORTABLE = 1, NO_TIMING = 2 };

static uint64_t place(neo_session *session, neo_gpu_buffer *buffers, const neo_spec_row *rows, uint32_t count,
                      uint64_t offset) {
  for (uint32_t i = 0; i < count; i++) {
    buffers[i].own = session->io + offset;
    buffers[i].pinned = session->pinned + offset;
    offset += neo_round_up(rows[i].bytes);
  }
  return offset;
}

/* Inputs and outputs get their address in each run, all others here. */
static void fill_addresses(neo_session *session) {
  const neo_cu_address bases[] = {[NEO_ARENA] = session->arena, [NEO_PARAMS] = session->model->params};
  for (uint32_t i = 0; i < neo_plan.n_tensors; i++) {
    const neo_tensor_row *row = &neo_plan.tensors[i];
    if (row->where == NEO_ARENA || row->where == NEO_PARAMS)
      session->addresses[i] = bases[row->where] + row->offset;
  }
  for (uint32_t i = 0; i < neo_plan.n_args; i++)
    session->arguments[i] = &session->addresses[neo_plan.args[i]];
}

static int take_tables(neo_session *session) {
  session->inputs = calloc(neo_plan.n_inputs + 1u, sizeof(neo_gpu_buffer));
  session->outputs = calloc(neo_plan.n_outputs + 1u, sizeof(neo_gpu_buffer));
  session->addresses = calloc(neo_plan.n_tensors + 1u, sizeof(neo_cu_address));
  session->arguments = calloc(neo_plan.n_args + 1u, sizeof(void *));
  session->graph.places = calloc(neo_plan.n_inputs + neo_plan.n_outputs + 1u, sizeof(neo_cu_address));
  bool all = session->inputs && session->outputs && session->addresses && session->arguments;
  return all && session->graph.places ? 0 : neo_fail("no memory for a session's tables");
}

static int take_pinned(neo_session *session, uint64_t bytes) {
  void *memory = NULL;
  if (bytes > 0 && neo_cu_check(neo_cu.host_alloc(&memory, (size_t)bytes, PORTABLE),
                                "no page-locked memory for inputs and outputs"))
    return -1;
  session->pinned = memory;
  return 0;
}

static int take_events(neo_session *session) {
  for (uint32_t i = 0; i < neo_plan.n_outputs; i++)
    if (neo_cu_check(neo_cu.event_create(&session->outputs[i].arrived, NO_TIMING), "cuEventCreate")) {
      session->outputs[i].arrived = NULL;
      return -1;
    }
  return 0;
}

static int take_device(neo_session *session) {
  uint64_t io = neo_io_bytes();
  if (neo_cu_check(neo_cu.stream_create(&session->stream, NON_BLOCKING), "cuStreamCreate")) {
    session->stream = NULL;
    return -1;
  }
  if (neo_gpu_alloc(neo_plan.arena_bytes, "a session's intermediate values", &session->arena) ||
      neo_gpu_alloc(io, "inputs and outputs", &session->io) || take_pinned(session, io))
    return -1;
  return take_events(session);
}

static void release_device(neo_session *session) {
  if (session->stream)
    (void)neo_cu.stream_wait(session->stream);
  neo_graph_release(&session->graph);
  for (uint32_t i = 0; session->outputs && i < neo_plan.n_outputs; i++)
    if (session->outputs[i].arrived)
      (void)neo_cu.event_destroy(session->outputs[i].arrived);
  if (session->pinned)
    (void)neo_cu.host_free(session->pinned);
  neo_gpu_free(session->io);
  neo_gpu_free(session->arena);
  if (session->stream)
    (void)neo_cu.stream_destroy(session->stream);
}

static void release_tables(neo_session *session) {
  free(session->inputs);
  free(session->outputs);
  free(session->addresses);
  free(session->arguments);
  free(session);
}

static int fill(neo_session *session) {
  if (take_tables(session) || take_device(session))
    return -1;
  uint64_t rest = place(session, session->inputs, neo_plan.inputs, neo_plan.n_inputs, 0);
  place(session, session->outputs, neo_plan.outputs, neo_plan.n_outputs, rest);
  fill_addresses(session);
  return 0;
}

int neo_session_create(neo_model *model, neo_session **result) {
  if (!model)
    return neo_fail("no model given");
  if (neo_gpu_enter(model->gpu))
    return -1;
  neo_session *session = calloc(1, sizeof *session);
  if (session) {
    session->model = model;
    atomic_flag_clear(&session->running);
  }
  int code = session ? fill(session) : neo_fail("no memory for a session");
  if (code && session) {
    release_device(session);
    release_tables(session);
  }
  neo_gpu_leave();
  if (code)
    return -1;
  atomic_fetch_add(&model->sessions, 1);
  *result = session;
  return 0;
}

atomic_flag *neo_session_running(neo_session *session) { return &session->running; }

/* A forked child has inherited the tables, not what is on the device. */
void neo_session_release(neo_session *session) {
  neo_model *model = session->model;
  if (neo_gpu_enter(model->gpu) == 0) {
    release_device(session);
    neo_gpu_leave();
  }
  release_tables(session);
  atomic_fetch_sub(&model->sessions, 1);
}

int neo_session_stream(neo_session *session, void **stream) {
  if (!session)
    return neo_fail("no session given");
  *stream = session->stream;
  return 0;
}
