/* How a kernel object made by TVM is called, and what it calls. */
#ifndef NEO_KERNEL_ABI_H
#define NEO_KERNEL_ABI_H

#include <stdint.h>

enum { TVM_FFI_INT = 1, TVM_FFI_DLTENSOR_PTR = 7 };

typedef struct {
  int32_t type_index;
  uint32_t zero_padding;
  union {
    int64_t v_int64;
    double v_float64;
    void *v_ptr;
  };
} TVMFFIAny;

/* 0: success; else the kernel has called TVMFFIErrorSetRaisedFromCStrParts, or has got no workspace. */
typedef int neo_kernel(void *self, TVMFFIAny *args, int32_t n_args, TVMFFIAny *result);

typedef struct {
  void *sync;
  int32_t num_task;
} TVMParallelGroupEnv;

typedef int neo_task(int task_id, TVMParallelGroupEnv *env, void *closure);

void TVMFFIErrorSetRaisedFromCStrParts(const char *kind, const char **parts, int32_t n_parts);

#endif
