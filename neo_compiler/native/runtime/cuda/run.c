/* One pass through the plan. */
#include "../check.h"
#include "../error.h"
#include "../plan.h"
#include "profile.h"
#include "transfer.h"

static int run_inside(neo_session *session, const DLTensor *const *inputs, const DLTensor *const *outputs,
                      uint64_t *nanoseconds) {
  if (neo_bind(session, inputs, outputs))
    return -1;
  if (nanoseconds ? neo_profile_steps(session, nanoseconds) : neo_graph_run(session))
    return -1;
  return neo_deliver(session);
}

/* After a failure nothing of the run may still read or write the caller's memory. */
static int run_on_device(neo_session *session, const DLTensor *const *inputs, const DLTensor *const *outputs,
                         uint64_t *nanoseconds) {
  if (neo_gpu_enter(session->model->gpu))
    return -1;
  int code = run_inside(session, inputs, outputs, nanoseconds);
  if (code)
    (void)neo_cu.stream_wait(session->stream);
  neo_gpu_leave();
  return code;
}

static int run(neo_session *session, const DLTensor *const *inputs, int32_t n_inputs,
               const DLTensor *const *outputs, int32_t n_outputs, uint64_t *nanoseconds) {
  if (!session)
    return neo_fail("no session given");
  if (neo_check_tensors("input", inputs, n_inputs, neo_plan.inputs, neo_plan.n_inputs, neo_plan.shapes) ||
      neo_check_tensors("output", outputs, n_outputs, neo_plan.outputs, neo_plan.n_outputs, neo_plan.shapes))
    return -1;
  if (atomic_flag_test_and_set_explicit(&session->running, memory_order_acquire))
    return neo_fail("this session is running in another thread; each thread needs its own");
  neo_error_clear();
  int code = run_on_device(session, inputs, outputs, nanoseconds);
  atomic_flag_clear_explicit(&session->running, memory_order_release);
  return code;
}

int neo_session_run(neo_session *session, const DLTensor *const *inputs, int32_t n_inputs,
                    const DLTensor *const *outputs, int32_t n_outputs) {
  return run(session, inputs, n_inputs, outputs, n_outputs, NULL);
}

int neo_session_profile(neo_session *session, const DLTensor *const *inputs, int32_t n_inputs,
                        const DLTensor *const *outputs, int32_t n_outputs, uint64_t *nanoseconds,
                        int32_t n_steps) {
  if (n_steps != neo_step_count() || (n_steps > 0 && !nanoseconds))
    return neo_fail("room for %d step times given, %d needed", (int)n_steps, (int)neo_step_count());
  return run(session, inputs, n_inputs, outputs, n_outputs, nanoseconds);
}
