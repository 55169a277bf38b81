/* The device, and the model's kernels on it: once a process, shared by all that the process opens. */
#ifndef NEO_CUDA_GPU_H
#define NEO_CUDA_GPU_H

#include <stdint.h>

#include "../cuda.h"
#include "driver.h"

typedef struct {
  neo_cu_device device;
  neo_cu_handle context, module;
  neo_cu_handle *functions; /* neo_cuda.n_kernels of them */
} neo_gpu;

/* The device with the kernels loaded; NULL with the error set on failure. Each success is given back by
 * neo_gpu_release, the last of which unloads the kernels. */
neo_gpu *neo_gpu_acquire(void);
void neo_gpu_release(void);

/* Makes the device's context the calling thread's, above that which the caller has; neo_gpu_leave undoes it.
 * Fails in a forked child, which inherits no context. */
int neo_gpu_enter(const neo_gpu *gpu);
void neo_gpu_leave(void);

int neo_gpu_launch(const neo_gpu *gpu, uint32_t kernel, const neo_gpu_geometry *geometry, void **arguments,
                   neo_cu_handle stream);

/* 0 bytes give 0; the error tells how much is free. `what` names the memory. */
int neo_gpu_alloc(uint64_t bytes, const char *what, neo_cu_address *address);
void neo_gpu_free(neo_cu_address address);

#endif
