#define _GNU_SOURCE
#include "gpu.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "../error.h"
#include "../futex.h"

enum { LOG_SIZE = 1024, NAME_SIZE = 96, ORDINAL = 0 };
enum { ERROR_LOG = 5, ERROR_LOG_BYTES = 6 }; /* CUjit_option */

static struct {
  atomic_uint taken;
  int users;
  pid_t owner;
  neo_gpu gpu;
} shared;

static void lock(void) {
  while (atomic_exchange(&shared.taken, 1))
    neo_futex_wait(&shared.taken, 1);
}

static void unlock(void) {
  atomic_store(&shared.taken, 0);
  neo_futex_wake(&shared.taken, 1);
}

static int check_driver(void) {
  int version = 0;
  if (neo_cu_check(neo_cu.driver_version(&version), "the CUDA driver's version cannot be read"))
    return -1;
  if ((uint32_t)version >= neo_cuda.version)
    return 0;
  return neo_fail("the CUDA driver here is that of CUDA %d.%d; this model's kernels, for sm_%u, need %u.%u or later: "
                  "update NVIDIA's driver",
                  version / 1000, version % 1000 / 10, (unsigned)neo_cuda.arch,
                  (unsigned)neo_cuda.version / 1000, (unsigned)neo_cuda.version % 1000 / 10);
}

static int check_capability(neo_cu_device device) {
  int major = 0, minor = 0;
  char name[NAME_SIZE] = "";
  if (neo_cu_check(neo_cu.device_attribute(&major, NEO_CU_MAJOR, device), "cuDeviceGetAttribute") ||
      neo_cu_check(neo_cu.device_attribute(&minor, NEO_CU_MINOR, device), "cuDeviceGetAttribute") ||
      neo_cu_check(neo_cu.device_name(name, NAME_SIZE, device), "cuDeviceGetName"))
    return -1;
  if ((uint32_t)(10 * major + minor) >= neo_cuda.arch)
    return 0;
  return neo_fail("this GPU, %s, is an sm_%d%d, and the model was compiled for sm_%u: compile it for this GPU",
                  name, major, minor, (unsigned)neo_cuda.arch);
}

static int find_device(neo_cu_device *device) {
  int count = 0;
  if (neo_cu_check(neo_cu.init(0), "the CUDA driver does not start") || check_driver() ||
      neo_cu_check(neo_cu.device_count(&count), "cuDeviceGetCount"))
    return -1;
  if (count == 0)
    return neo_cu_check(NEO_CU_NO_DEVICE, "the CUDA driver sees no GPU");
  if (neo_cu_check(neo_cu.device_get(device, ORDINAL), "cuDeviceGet"))
    return -1;
  return check_capability(*device);
}

static int load_module(neo_gpu *gpu) {
  char log[LOG_SIZE] = "";
  int options[] = {ERROR_LOG, ERROR_LOG_BYTES};
  void *values[] = {log, (void *)(uintptr_t)LOG_SIZE};
  neo_cu_result code = neo_cu.module_load(&gpu->module, neo_cuda.ptx, 2, options, values);
  if (code == NEO_CU_OK)
    return 0;
  gpu->module = NULL;
  log[LOG_SIZE - 1] = '\0';
  if (log[0])
    neo_fail("the driver's compiler says: %s", log);
  else
    neo_cu_check(code, "cuModuleLoadDataEx");
  return neo_fail_because("the CUDA driver does not load this model's kernels, PTX for sm_%u (code %d)",
                          (unsigned)neo_cuda.arch, code);
}

static int find_functions(neo_gpu *gpu) {
  gpu->functions = calloc(neo_cuda.n_kernels + 1u, sizeof *gpu->functions);
  if (!gpu->functions)
    return neo_fail("no memory for %u kernels", (unsigned)neo_cuda.n_kernels);
  for (uint32_t i = 0; i < neo_cuda.n_kernels; i++)
    if (neo_cu_check(neo_cu.module_function(&gpu->functions[i], gpu->module, neo_cuda.names[i]),
                     neo_cuda.names[i]))
      return -1;
  return 0;
}

static void unload(neo_gpu *gpu) {
  if (gpu->context && neo_cu.context_push(gpu->context) == NEO_CU_OK) {
    if (gpu->module)
      (void)neo_cu.module_unload(gpu->module);
    neo_gpu_leave();
  }
  if (gpu->context)
    (void)neo_cu.context_release(gpu->device);
  free(gpu->functions);
  *gpu = (neo_gpu){0};
}

static int load_inside(neo_gpu *gpu) {
  if (neo_cu_check(neo_cu.context_push(gpu->context), "cuCtxPushCurrent"))
    return -1;
  int code = load_module(gpu) || find_functions(gpu) ? -1 : 0;
  neo_gpu_leave();
  return code;
}

static int load(neo_gpu *gpu) {
  if (neo_cu_driver_open() || find_device(&gpu->device))
    return -1;
  if (neo_cu_check(neo_cu.context_retain(&gpu->context, gpu->device), "the GPU's context cannot be had")) {
    gpu->context = NULL;
    return -1;
  }
  return load_inside(gpu);
}

static int check_process(void) {
  if (shared.owner == getpid())
    return 0;
  return neo_fail("this process was forked from one that uses the GPU, and inherits nothing on it: open the "
                  "model after the fork, in a process that is spawned");
}

/* Under the lock. The driver stays open: a closed one cannot be started again. */
static neo_gpu *acquire(void) {
  if (shared.users == 0) {
    shared.owner = getpid();
    if (load(&shared.gpu)) {
      unload(&shared.gpu);
      return NULL;
    }
  } else if (check_process()) {
    return NULL;
  }
  shared.users++;
  return &shared.gpu;
}

neo_gpu *neo_gpu_acquire(void) {
  lock();
  neo_gpu *gpu = acquire();
  unlock();
  return gpu;
}

void neo_gpu_release(void) {
  lock();
  if (--shared.users == 0 && shared.owner == getpid())
    unload(&shared.gpu);
  unlock();
}

int neo_gpu_enter(const neo_gpu *gpu) {
  if (check_process())
    return -1;
  return neo_cu_check(neo_cu.context_push(gpu->context), "cuCtxPushCurrent");
}

void neo_gpu_leave(void) {
  neo_cu_handle context;
  (void)neo_cu.context_pop(&context);
}

int neo_gpu_launch(const neo_gpu *gpu, uint32_t kernel, const neo_gpu_geometry *geometry, void **arguments,
                   neo_cu_handle stream) {
  const uint32_t *grid = geometry->grid, *block = geometry->block;
  return neo_cu_check(neo_cu.launch(gpu->functions[kernel], grid[0], grid[1], grid[2], block[0], block[1],
                                    block[2], geometry->shared_bytes, stream, arguments, NULL),
                      neo_cuda.names[kernel]);
}

int neo_gpu_alloc(uint64_t bytes, const char *what, neo_cu_address *address) {
  *address = 0;
  if (bytes == 0)
    return 0;
  neo_cu_result code = neo_cu.alloc(address, (size_t)bytes);
  if (code == NEO_CU_OK)
    return 0;
  *address = 0;
  size_t left = 0, total = 0;
  (void)neo_cu.memory_info(&left, &total);
  neo_cu_check(code, "cuMemAlloc");
  return neo_fail_because("no GPU memory for %llu bytes of %s, %zu of %zu are free", (unsigned long long)bytes,
                          what, left, total);
}

void neo_gpu_free(neo_cu_address address) {
  if (address)
    (void)neo_cu.free(address);
}
