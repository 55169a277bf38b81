/* What kernels translated from PTX are made of, and how a block of them is executed on a CPU.
 *
 * Addresses of device memory are those of the CPU plus DEVICE, so that neither side can use the other's by
 * mistake. The threads of a block run one after the other, each until its next barrier; in which order is the
 * launch's matter, and must not change the result. */
#ifndef STUB_MACHINE_H
#define STUB_MACHINE_H

#include <stdint.h>

#define DEVICE ((uint64_t)1 << 60)

typedef struct {
  uint64_t low, high;
} stub_range;

typedef struct {
  uint32_t grid[3], block[3];
  uint32_t dynamic_shared;
  const uint64_t *params;
  uint32_t order; /* of threads: 0 as numbered, 1 backwards, else a seed */
  const stub_range *ranges; /* device memory that the kernel may touch */
  uint32_t n_ranges;
  char *error; /* 256 bytes, empty where nothing is wrong */
} stub_launch;

typedef struct {
  const char *name;
  uint32_t n_params, shared_bytes;
  uint32_t most_threads; /* .maxntid or .reqntid; 0: not said */
  const uint8_t *param_bytes;
  void (*run)(const stub_launch *launch);
} stub_kernel;

typedef const stub_kernel *stub_kernels_function(uint32_t *count);

#endif
