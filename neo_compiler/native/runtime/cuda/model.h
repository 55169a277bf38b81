/* An opened model: its parameters on the device. */
#ifndef NEO_CUDA_MODEL_H
#define NEO_CUDA_MODEL_H

#include <stdatomic.h>

#include "../neo_device.h"
#include "gpu.h"

struct neo_model {
  neo_gpu *gpu;
  neo_cu_address params;
  atomic_int sessions;
  atomic_int blocks; /* that neo_device_allocate gave out */
};

#endif
