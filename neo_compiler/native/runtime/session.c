#include "session.h"

#include <stdlib.h>
#include <string.h>

#include "entry.h"
#include "error.h"
#include "memory.h"
#include "plan.h"

static char *stage(neo_buffer *buffers, const neo_spec_row *rows, uint32_t count, char *memory) {
  for (uint32_t i = 0; i < count; i++) {
    buffers[i].staged = memory;
    memory += neo_round_up(rows[i].bytes);
  }
  return memory;
}

/* Inputs and outputs get their address in each run, all others here. */
static void fill_tensors(neo_session *session) {
  char *const bases[] = {
      [NEO_INPUT] = NULL,
      [NEO_OUTPUT] = NULL,
      [NEO_ARENA] = session->arena,
      [NEO_PARAMS] = session->model->params,
  };
  for (uint32_t i = 0; i < neo_plan.n_tensors; i++) {
    const neo_tensor_row *row = &neo_plan.tensors[i];
    char *base = bases[row->where];
    session->tensors[i] = (DLTensor){
        .data = base ? base + row->offset : NULL,
        .device = {kDLCPU, 0},
        .ndim = row->ndim,
        .dtype = row->dtype,
        .shape = session->shapes + row->shape,
    };
  }
}

static void fill_args(neo_session *session) {
  for (uint32_t i = 0; i < neo_plan.n_args; i++) {
    uint32_t arg = neo_plan.args[i];
    session->args[i] = arg < neo_plan.n_tensors
                           ? (TVMFFIAny){.type_index = TVM_FFI_DLTENSOR_PTR, .v_ptr = &session->tensors[arg]}
                           : (TVMFFIAny){.type_index = TVM_FFI_INT};
  }
}

/* Without open dimensions the shapes are the plan's own, and kernels only read them. */
static bool take_shapes(neo_session *session) {
  session->shapes = (int64_t *)neo_plan.shapes;
  if (neo_plan.n_dimensions == 0)
    return true;
  session->sizes = calloc(neo_plan.n_dimensions, sizeof(int64_t));
  session->shapes = calloc(neo_plan.n_shapes + 1u, sizeof(int64_t));
  if (session->shapes)
    memcpy(session->shapes, neo_plan.shapes, neo_plan.n_shapes * sizeof(int64_t));
  return session->sizes && session->shapes;
}

static int take_memory(neo_session *session) {
  uint64_t io = neo_io_bytes();
  session->arena = neo_memory_map(neo_plan.arena_bytes);
  session->io = neo_memory_map(io);
  session->inputs = calloc(neo_plan.n_inputs + 1u, sizeof(neo_buffer));
  session->outputs = calloc(neo_plan.n_outputs + 1u, sizeof(neo_buffer));
  session->tensors = calloc(neo_plan.n_tensors + 1u, sizeof(DLTensor));
  session->args = calloc(neo_plan.n_args + 1u, sizeof(TVMFFIAny));
  bool got_shapes = take_shapes(session);
  bool got_maps = (session->arena || !neo_plan.arena_bytes) && (session->io || !io);
  if (!got_maps || !session->inputs || !session->outputs || !session->tensors || !session->args ||
      !got_shapes)
    return neo_fail("no memory for a session: %llu bytes of arena, %llu of inputs and outputs",
                    (unsigned long long)neo_plan.arena_bytes, (unsigned long long)io);
  return neo_scratch_init(&session->scratch, neo_plan.scratch_bytes);
}

static void release(neo_session *session) {
  neo_scratch_release(&session->scratch);
  neo_memory_unmap(session->arena, neo_plan.arena_bytes);
  neo_memory_unmap(session->io, neo_io_bytes());
  free(session->inputs);
  free(session->outputs);
  free(session->tensors);
  free(session->args);
  if (session->shapes != neo_plan.shapes)
    free(session->shapes);
  free(session->sizes);
  free(session);
}

int neo_session_create(neo_model *model, neo_session **result) {
  if (!model)
    return neo_fail("no model given");
  neo_session *session = calloc(1, sizeof *session);
  if (!session)
    return neo_fail("no memory for a session");
  session->model = model;
  atomic_flag_clear(&session->running);
  if (take_memory(session)) {
    release(session);
    return -1;
  }
  char *rest = stage(session->inputs, neo_plan.inputs, neo_plan.n_inputs, session->io);
  stage(session->outputs, neo_plan.outputs, neo_plan.n_outputs, rest);
  fill_tensors(session);
  fill_args(session);
  atomic_fetch_add(&model->sessions, 1);
  *result = session;
  return 0;
}

atomic_flag *neo_session_running(neo_session *session) { return &session->running; }

void neo_session_release(neo_session *session) {
  neo_model *model = session->model;
  release(session);
  atomic_fetch_sub(&model->sessions, 1);
}
