#include "model.h"

#include <stdlib.h>

#include "error.h"
#include "params.h"
#include "plan.h"

enum { MAX_THREADS = 1024 };

static void release(neo_model *model) {
  neo_pool_destroy(model->pool);
  neo_params_unmap(model->params);
  free(model);
}

int neo_model_open(const char *params_path, int32_t threads, neo_model **result) {
  if (threads < 0 || threads > MAX_THREADS)
    return neo_fail("%d threads asked for; 1 to %d are possible, 0 takes all CPUs", (int)threads, MAX_THREADS);
  neo_model *model = calloc(1, sizeof *model);
  if (!model)
    return neo_fail("no memory for a model");
  if (threads == 0)
    threads = neo_usable_cpus() < MAX_THREADS ? neo_usable_cpus() : MAX_THREADS;
  if (neo_params_map(params_path, &model->params) == 0)
    model->pool = neo_pool_create(threads, neo_plan.scratch_bytes);
  if (!model->pool) {
    release(model);
    return -1;
  }
  *result = model;
  return 0;
}

int32_t neo_model_threads(const neo_model *model) { return neo_pool_threads(model->pool); }

int neo_model_close(neo_model *model) {
  if (!model)
    return 0;
  int sessions = atomic_load(&model->sessions);
  if (sessions > 0)
    return neo_fail("this model has %d open session%s", sessions, sessions > 1 ? "s" : "");
  release(model);
  return 0;
}
