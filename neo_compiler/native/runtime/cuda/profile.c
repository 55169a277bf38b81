#include "profile.h"

#include <stdlib.h>

#include "../error.h"
#include "../plan.h"

enum { TIMED = 0 };

static int make_events(neo_cu_handle *events, uint32_t count) {
  for (uint32_t i = 0; i < count; i++)
    if (neo_cu_check(neo_cu.event_create(&events[i], TIMED), "cuEventCreate")) {
      events[i] = NULL;
      return -1;
    }
  return 0;
}

static int launch_between(neo_session *session, const neo_cu_handle *events) {
  if (neo_cu_check(neo_cu.event_record(events[0], session->stream), "cuEventRecord"))
    return -1;
  for (uint32_t i = 0; i < neo_plan.n_steps; i++)
    if (neo_step_launch(session, i) ||
        neo_cu_check(neo_cu.event_record(events[i + 1], session->stream), "cuEventRecord"))
      return -1;
  return neo_cu_check(neo_cu.stream_wait(session->stream), "the GPU fails while the model runs");
}

static int read_times(const neo_cu_handle *events, uint64_t *nanoseconds) {
  for (uint32_t i = 0; i < neo_plan.n_steps; i++) {
    float milliseconds = 0;
    if (neo_cu_check(neo_cu.event_elapsed(&milliseconds, events[i], events[i + 1]), "cuEventElapsedTime"))
      return -1;
    nanoseconds[i] = (uint64_t)((double)milliseconds * 1e6);
  }
  return 0;
}

int neo_profile_steps(neo_session *session, uint64_t *nanoseconds) {
  uint32_t count = neo_plan.n_steps + 1;
  neo_cu_handle *events = calloc(count, sizeof *events);
  if (!events)
    return neo_fail("no memory for %u events", (unsigned)count);
  int code = make_events(events, count);
  if (code == 0)
    code = launch_between(session, events);
  if (code == 0)
    code = read_times(events, nanoseconds);
  for (uint32_t i = 0; i < count; i++)
    if (events[i])
      (void)neo_cu.event_destroy(events[i]);
  free(events);
  return code;
}
