#define _GNU_SOURCE
#include "model.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "error.h"
#include "plan.h"

enum { MAX_THREADS = 1024 };

static int map_file(int file, const char *path, char **params) {
  off_t size = lseek(file, 0, SEEK_END);
  if (size < 0 || (uint64_t)size != neo_plan.params_bytes)
    return neo_fail("parameters %s: %lld bytes found, %llu expected", path, (long long)size,
                    (unsigned long long)neo_plan.params_bytes);
  void *memory = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED)
    return neo_fail("parameters %s: cannot be mapped: %s", path, strerror(errno));
  *params = memory;
  return 0;
}

static int map_params(const char *path, char **params) {
  *params = NULL;
  if (neo_plan.params_bytes == 0)
    return 0;
  if (!path)
    return neo_fail("this model has parameters: name their file");
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return neo_fail("parameters %s: %s", path, strerror(errno));
  int code = map_file(file, path, params);
  close(file);
  return code;
}

static void release(neo_model *model) {
  neo_pool_destroy(model->pool);
  if (model->params)
    munmap(model->params, (size_t)neo_plan.params_bytes);
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
  if (map_params(params_path, &model->params) == 0)
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
