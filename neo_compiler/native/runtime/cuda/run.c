/* One pass through the plan. */
#include "../entry.h"
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

int neo_session_compute(neo_session *session, const neo_call *call, uint64_t *nanoseconds) {
  if (neo_check_call(call, neo_plan.shapes))
    return -1;
  neo_error_clear();
  return run_on_device(session, call->inputs, call->outputs, nanoseconds);
}
