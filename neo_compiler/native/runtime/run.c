/* One pass through the plan. */
#include <stdbool.h>
#include <string.h>

#include "current.h"
#include "dimensions.h"
#include "entry.h"
#include "error.h"
#include "memory.h"
#include "plan.h"
#include "session.h"
#include "spin.h"

const char *neo_refuse_device(DLDevice device) {
  return device.device_type == kDLCPU ? NULL : "is not in CPU memory";
}

static bool aligned(const void *pointer) { return (uintptr_t)pointer % NEO_ALIGNMENT == 0; }

static void place(neo_buffer *buffers, const DLTensor *const *tensors, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    neo_buffer *buffer = &buffers[i];
    buffer->user = (char *)tensors[i]->data + tensors[i]->byte_offset;
    buffer->used = aligned(buffer->user) ? buffer->user : buffer->staged;
  }
}

static void copy(char *to, const char *from, uint64_t bytes) {
  if (to != from && bytes > 0)
    memcpy(to, from, (size_t)bytes);
}

static void patch_tensors(neo_session *session) {
  for (uint32_t i = 0; i < neo_plan.n_tensors; i++) {
    const neo_tensor_row *row = &neo_plan.tensors[i];
    if (row->where == NEO_INPUT)
      session->tensors[i].data = session->inputs[row->index].used + row->offset;
    else if (row->where == NEO_OUTPUT)
      session->tensors[i].data = session->outputs[row->index].used + row->offset;
  }
}

static void bind(neo_session *session, const DLTensor *const *inputs, const DLTensor *const *outputs) {
  place(session->inputs, inputs, neo_plan.n_inputs);
  place(session->outputs, outputs, neo_plan.n_outputs);
  for (uint32_t i = 0; i < neo_plan.n_inputs; i++)
    copy(session->inputs[i].used, session->inputs[i].user, neo_bytes(session, &neo_plan.inputs[i]));
  patch_tensors(session);
}

/* The order of copies does not matter: the compiler lets no output take its value from the buffer of another
 * one that is itself written here. */
static void deliver(neo_session *session) {
  for (uint32_t i = 0; i < neo_plan.n_outputs; i++)
    copy(session->outputs[i].user, session->tensors[neo_plan.results[i]].data,
         neo_bytes(session, &neo_plan.outputs[i]));
}

static int run_steps(neo_session *session, uint64_t *nanoseconds) {
  for (uint32_t i = 0; i < neo_plan.n_steps; i++) {
    const neo_step_row *step = &neo_plan.steps[i];
    TVMFFIAny result = {0};
    uint64_t start = nanoseconds ? neo_now() : 0;
    if (step->kernel(NULL, session->args + step->first_arg, (int32_t)step->n_args, &result))
      return neo_fail_because("step %u of %u, kernel %s", (unsigned)i + 1, (unsigned)neo_plan.n_steps,
                              step->name);
    if (nanoseconds)
      nanoseconds[i] = neo_now() - start;
  }
  return 0;
}

static int run_as_current(neo_session *session, uint64_t *nanoseconds) {
  neo_current_state before = neo_current;
  neo_current = (neo_current_state){.pool = session->model->pool, .scratch = &session->scratch};
  int code = run_steps(session, nanoseconds);
  neo_scratch_rewind(&session->scratch, 0);
  neo_current = before;
  return code;
}

/* The running session's sizes are its own until it ends. */
int neo_session_compute(neo_session *session, const neo_call *call, uint64_t *nanoseconds) {
  if (neo_take_sizes(session, call->inputs, call->n_inputs) || neo_check_call(call, session->shapes))
    return -1;
  neo_error_clear();
  bind(session, call->inputs, call->outputs);
  int code = run_as_current(session, nanoseconds);
  if (code == 0)
    deliver(session);
  return code;
}
