#include "model.h"

#include <stdlib.h>

#include "../error.h"
#include "../params.h"
#include "../plan.h"

enum { MAX_THREADS = 1024 };

/* A copy from ordinary memory returns while its last part is on the way, and the sessions' streams do not wait
 * for the default one. */
static neo_cu_result upload(neo_cu_address to, const char *from) {
  neo_cu_result code = neo_cu.upload_now(to, from, (size_t)neo_plan.params_bytes);
  return code == NEO_CU_OK ? neo_cu.stream_wait(NULL) : code;
}

static int upload_params(neo_model *model, const char *path) {
  char *mapped;
  if (neo_params_map(path, &mapped))
    return -1;
  int code = neo_gpu_alloc(neo_plan.params_bytes, "parameters", &model->params);
  if (code == 0 && mapped)
    code = neo_cu_check(upload(model->params, mapped), "the parameters cannot be copied to the GPU");
  neo_params_unmap(mapped);
  return code;
}

static void release(neo_model *model) {
  if (model->params && neo_gpu_enter(model->gpu) == 0) {
    neo_gpu_free(model->params);
    neo_gpu_leave();
  }
  if (model->gpu)
    neo_gpu_release();
  free(model);
}

static int fill(neo_model *model, const char *params_path) {
  model->gpu = neo_gpu_acquire();
  if (!model->gpu || neo_gpu_enter(model->gpu))
    return -1;
  int code = upload_params(model, params_path);
  neo_gpu_leave();
  return code;
}

int neo_model_open(const char *params_path, int32_t threads, neo_model **result) {
  if (threads < 0 || threads > MAX_THREADS)
    return neo_fail("%d threads asked for; 1 to %d are possible, and a GPU needs none", (int)threads, MAX_THREADS);
  neo_model *model = calloc(1, sizeof *model);
  if (!model)
    return neo_fail("no memory for a model");
  if (fill(model, params_path)) {
    release(model);
    return -1;
  }
  *result = model;
  return 0;
}

/* The calling thread hands out the work. */
int32_t neo_model_threads(const neo_model *model) {
  (void)model;
  return 1;
}

int neo_model_close(neo_model *model) {
  if (!model)
    return 0;
  int sessions = atomic_load(&model->sessions), blocks = atomic_load(&model->blocks);
  if (sessions > 0)
    return neo_fail("this model has %d open session%s", sessions, sessions > 1 ? "s" : "");
  if (blocks > 0)
    return neo_fail("%d block%s of this model's device memory in use", blocks, blocks > 1 ? "s are" : " is");
  release(model);
  return 0;
}

int neo_model_device(const neo_model *model, DLDevice *device) {
  if (!model)
    return neo_fail("no model given");
  *device = (DLDevice){kDLCUDA, (int32_t)model->gpu->device};
  return 0;
}

int neo_device_allocate(neo_model *model, uint64_t bytes, void **memory) {
  if (!model || neo_gpu_enter(model->gpu))
    return model ? -1 : neo_fail("no model given");
  neo_cu_address address;
  int code = neo_gpu_alloc(bytes ? bytes : 1, "a tensor", &address);
  neo_gpu_leave();
  if (code)
    return -1;
  atomic_fetch_add(&model->blocks, 1);
  *memory = (void *)(uintptr_t)address;
  return 0;
}

int neo_device_free(neo_model *model, void *memory) {
  if (!model || neo_gpu_enter(model->gpu))
    return model ? -1 : neo_fail("no model given");
  int code = neo_cu_check(neo_cu.free((neo_cu_address)(uintptr_t)memory), "device memory cannot be freed");
  neo_gpu_leave();
  if (code == 0)
    atomic_fetch_sub(&model->blocks, 1);
  return code;
}

int neo_device_read(neo_model *model, void *to, const void *from, uint64_t bytes) {
  if (!model || neo_gpu_enter(model->gpu))
    return model ? -1 : neo_fail("no model given");
  int code = bytes ? neo_cu.download_now(to, (neo_cu_address)(uintptr_t)from, (size_t)bytes) : NEO_CU_OK;
  code = neo_cu_check(code, "a tensor cannot be copied from the GPU");
  neo_gpu_leave();
  return code;
}
