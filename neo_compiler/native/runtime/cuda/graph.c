#include "graph.h"

#include <stdlib.h>
#include <string.h>

#include "../error.h"
#include "../plan.h"
#include "session.h"

enum { CAPTURE_THIS_THREAD = 1 }; /* other threads may go on allocating */

int neo_step_launch(neo_session *session, uint32_t step) {
  const neo_cuda_launch *launch = &neo_cuda.launches[step];
  if (neo_gpu_launch(session->model->gpu, launch->kernel, &launch->geometry,
                     session->arguments + neo_plan.steps[step].first_arg, session->stream) == 0)
    return 0;
  return neo_fail_because("step %u of %u", (unsigned)step + 1, (unsigned)neo_plan.n_steps);
}

static int launch_all(neo_session *session) {
  for (uint32_t i = 0; i < neo_plan.n_steps; i++)
    if (neo_step_launch(session, i))
      return -1;
  return 0;
}

static neo_cu_result instantiate(neo_cu_handle *executable, neo_cu_handle graph) {
  if (neo_cu.graph_instantiate)
    return neo_cu.graph_instantiate(executable, graph, 0);
  if (neo_cu.graph_instantiate_11)
    return neo_cu.graph_instantiate_11(executable, graph, NULL, NULL, 0);
  return neo_cu.graph_instantiate_10(executable, graph, NULL, NULL, 0);
}

static bool supported(void) {
  bool made = neo_cu.graph_instantiate || neo_cu.graph_instantiate_11 || neo_cu.graph_instantiate_10;
  const char *wish = getenv("NEO_CUDA_GRAPHS");
  return made && neo_cu.capture_begin && neo_cu.capture_end && neo_cu.graph_launch && neo_cu.graph_destroy &&
         neo_cu.graph_release && !(wish && strcmp(wish, "0") == 0);
}

static bool capture(neo_session *session, neo_cu_handle *graph) {
  *graph = NULL;
  if (neo_cu.capture_begin(session->stream, CAPTURE_THIS_THREAD))
    return false;
  int code = launch_all(session);
  return neo_cu.capture_end(session->stream, graph) == NEO_CU_OK && code == 0;
}

/* Whatever fails here, the launches one by one remain. */
static void make(neo_session *session) {
  neo_graph *graph = &session->graph;
  neo_cu_handle captured = NULL;
  graph->refused = !supported() || !capture(session, &captured) || instantiate(&graph->executable, captured);
  if (graph->refused)
    graph->executable = NULL;
  if (captured)
    (void)neo_cu.graph_destroy(captured);
  neo_error_clear();
}

static void drop(neo_graph *graph) {
  if (graph->executable)
    (void)neo_cu.graph_release(graph->executable);
  graph->executable = NULL;
}

/* Whether inputs and outputs are where they were in the last run; remembers where they are. */
static bool same_places(neo_session *session) {
  neo_graph *graph = &session->graph;
  bool same = graph->known;
  for (uint32_t i = 0; i < neo_plan.n_inputs + neo_plan.n_outputs; i++) {
    neo_cu_address place = i < neo_plan.n_inputs ? session->inputs[i].used
                                                 : session->outputs[i - neo_plan.n_inputs].used;
    same = same && graph->places[i] == place;
    graph->places[i] = place;
  }
  graph->known = true;
  return same;
}

int neo_graph_run(neo_session *session) {
  neo_graph *graph = &session->graph;
  bool same = same_places(session);
  if (!same)
    drop(graph);
  else if (!graph->executable && !graph->refused && neo_plan.n_steps > 1)
    make(session);
  if (graph->executable)
    return neo_cu_check(neo_cu.graph_launch(graph->executable, session->stream), "cuGraphLaunch");
  return launch_all(session);
}

void neo_graph_release(neo_graph *graph) {
  drop(graph);
  free(graph->places);
}
