/* Graphs of launches. */
#ifndef WITHOUT_GRAPHS
int cuStreamBeginCapture_v2(stream *one, int mode) {
  ENTER("cuStreamBeginCapture_v2", "%d", mode)
  NEEDS_CONTEXT("cuStreamBeginCapture_v2")
  one->capturing = calloc(1, sizeof *one->capturing);
  LEAVE
}

int cuStreamEndCapture(stream *one, graph **result) {
  ENTER("cuStreamEndCapture", "")
  NEEDS_CONTEXT("cuStreamEndCapture")
  *result = one->capturing;
  (*result)->live = true;
  objects++;
leave:
  one->capturing = NULL; /* whatever is wrong with it, it has ended */
  if (code)
    note("  = %d", code);
  pthread_mutex_unlock(&mutex);
  return code;
}

static int instantiate(graph **result, const graph *from) {
  *result = calloc(1, sizeof **result);
  **result = (graph){.live = true, .executable = true};
  for (uint32_t i = 0; i < from->queue.count; i++)
    *append(&(*result)->queue, LAUNCH) = from->queue.rows[i];
  objects++;
  return OK;
}

#ifdef OLD_GRAPHS
int cuGraphInstantiate(graph **result, graph *from, void **node, char *log, size_t size) {
  ENTER("cuGraphInstantiate", "")
  NEEDS_CONTEXT("cuGraphInstantiate")
  (void)node, (void)log, (void)size;
  code = instantiate(result, from);
  LEAVE
}
#else
int cuGraphInstantiateWithFlags(graph **result, graph *from, unsigned long long flags) {
  ENTER("cuGraphInstantiateWithFlags", "%llu", flags)
  NEEDS_CONTEXT("cuGraphInstantiateWithFlags")
  code = instantiate(result, from);
  LEAVE
}
#endif

int cuGraphLaunch(graph *one, stream *on) {
  ENTER("cuGraphLaunch", "")
  NEEDS_CONTEXT("cuGraphLaunch")
  if (!one->live || !one->executable)
    code = VIOLATION("a graph is launched that is none");
  else
    enqueue(on, GRAPH)->graph = one;
  LEAVE
}

static int destroy(graph *one) {
  if (!one->live)
    return VIOLATION("a graph is destroyed twice");
  one->live = false;
  objects--;
  return OK;
}

int cuGraphDestroy(graph *one) {
  ENTER("cuGraphDestroy", "")
  NEEDS_CONTEXT("cuGraphDestroy")
  code = destroy(one);
  LEAVE
}

int cuGraphExecDestroy(graph *one) {
  ENTER("cuGraphExecDestroy", "")
  NEEDS_CONTEXT("cuGraphExecDestroy")
  wait_for_all();
  code = destroy(one);
  LEAVE
}
#endif
