/* The GPU part of a model as constant tables; the generated source defines `neo_cuda`. */
#ifndef NEO_CUDA_H
#define NEO_CUDA_H

#include <stdint.h>

typedef struct {
  uint32_t grid[3];
  uint32_t block[3];
  uint32_t shared_bytes; /* dynamic */
} neo_gpu_geometry;

/* One step of the plan: the kernel's parameters are the device addresses of the step's tensors. */
typedef struct {
  uint32_t kernel;
  neo_gpu_geometry geometry;
} neo_cuda_launch;

typedef struct {
  const char *ptx;
  uint64_t ptx_bytes; /* with the NUL at its end */
  uint32_t arch;      /* 53: sm_53 or later */
  uint32_t version;   /* of the driver at least, as cuDriverGetVersion counts */
  const char *const *names;
  uint32_t n_kernels;
  const neo_cuda_launch *launches; /* neo_plan.n_steps of them */
} neo_cuda_tables;

extern const neo_cuda_tables neo_cuda;

#endif
