#include "entry.h"

#include "error.h"

static int run(neo_session *session, const neo_call *call, uint64_t *nanoseconds) {
  if (!session)
    return neo_fail("no session given");
  atomic_flag *running = neo_session_running(session);
  if (atomic_flag_test_and_set_explicit(running, memory_order_acquire))
    return neo_fail("this session is running in another thread; each thread needs its own");
  int code = neo_session_compute(session, call, nanoseconds);
  atomic_flag_clear_explicit(running, memory_order_release);
  return code;
}

int neo_session_run(neo_session *session, const DLTensor *const *inputs, int32_t n_inputs,
                    const DLTensor *const *outputs, int32_t n_outputs) {
  return run(session, &(neo_call){inputs, outputs, n_inputs, n_outputs}, NULL);
}

int neo_session_profile(neo_session *session, const DLTensor *const *inputs, int32_t n_inputs,
                        const DLTensor *const *outputs, int32_t n_outputs, uint64_t *nanoseconds,
                        int32_t n_steps) {
  if (n_steps != neo_step_count() || (n_steps > 0 && !nanoseconds))
    return neo_fail("room for %d step times given, %d needed", (int)n_steps, (int)neo_step_count());
  return run(session, &(neo_call){inputs, outputs, n_inputs, n_outputs}, nanoseconds);
}

int neo_session_destroy(neo_session *session) {
  if (!session)
    return 0;
  if (atomic_flag_test_and_set(neo_session_running(session)))
    return neo_fail("this session is running");
  neo_session_release(session);
  return 0;
}
