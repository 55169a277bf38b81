/* Kernels with the interface of those that TVM makes, written by hand: small, and able to misbehave. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "kernel_abi.h"
#include "dlpack.h"

extern void *__TVMBackendAllocWorkspace __attribute__((weak));
extern void *__TVMBackendFreeWorkspace __attribute__((weak));
extern void *__TVMBackendParallelLaunch __attribute__((weak));
typedef void *alloc_function(int, int, uint64_t, int, int);
typedef int free_function(int, int, void *);
typedef int launch_function(neo_task *, void *, int);

static void *take(uint64_t bytes) { return ((alloc_function *)__TVMBackendAllocWorkspace)(1, 0, bytes, 2, 32); }
static int give(void *block) { return ((free_function *)__TVMBackendFreeWorkspace)(1, 0, block); }
static int launch(neo_task *task, void *closure, int n) {
  return ((launch_function *)__TVMBackendParallelLaunch)(task, closure, n);
}

static DLTensor *tensor(TVMFFIAny *args, int i) { return args[i].v_ptr; }
static float *floats(TVMFFIAny *args, int i) { return tensor(args, i)->data; }
static int64_t count(const DLTensor *t) {
  int64_t n = 1;
  for (int i = 0; i < t->ndim; i++)
    n *= t->shape[i];
  return n;
}

static int raise(const char *kind, const char *name, const char *text) {
  const char *parts[] = {name, NULL, ": ", text};
  TVMFFIErrorSetRaisedFromCStrParts(kind, parts, 4);
  return -1;
}

static int well_called(TVMFFIAny *args, int n, int expected) {
  if (n != expected)
    return 0;
  for (int i = 0; i < n; i++)
    if (args[i].type_index != TVM_FFI_DLTENSOR_PTR || (uintptr_t)tensor(args, i)->data % 64)
      return 0;
  return 1;
}

int __tvm_ffi_add(void *self, TVMFFIAny *args, int32_t n, TVMFFIAny *result) {
  (void)self, (void)result;
  if (!well_called(args, n, 3) || count(tensor(args, 0)) % count(tensor(args, 1)))
    return raise("ValueError", "add", "bad arguments");
  const float *a = floats(args, 0), *b = floats(args, 1);
  float *c = floats(args, 2);
  int64_t width = count(tensor(args, 1));
  for (int64_t i = 0; i < count(tensor(args, 0)); i++)
    c[i] = a[i] + b[i % width];
  return 0;
}

int __tvm_ffi_relu(void *self, TVMFFIAny *args, int32_t n, TVMFFIAny *result) {
  (void)self, (void)result;
  if (!well_called(args, n, 2))
    return raise("ValueError", "relu", "bad arguments");
  for (int64_t i = 0; i < count(tensor(args, 0)); i++)
    floats(args, 1)[i] = fmaxf(floats(args, 0)[i], 0.0f);
  return 0;
}

int __tvm_ffi_exponential(void *self, TVMFFIAny *args, int32_t n, TVMFFIAny *result) {
  (void)self, (void)n, (void)result;
  for (int64_t i = 0; i < count(tensor(args, 0)); i++)
    floats(args, 1)[i] = expf(floats(args, 0)[i]);
  return 0;
}

typedef struct {
  const float *a, *transposed;
  float *c;
  int64_t rows, inner, columns;
} matmul_closure;

/* Rows of the product, each through a block of scratch of its own. */
static int matmul_task(int task, TVMParallelGroupEnv *env, void *data) {
  const matmul_closure *m = data;
  for (int64_t i = m->rows * task / env->num_task; i < m->rows * (task + 1) / env->num_task; i++) {
    float *row = take((uint64_t)m->columns * sizeof(float));
    if (!row)
      return -1;
    for (int64_t j = 0; j < m->columns; j++) {
      row[j] = 0;
      for (int64_t k = 0; k < m->inner; k++)
        row[j] += m->a[i * m->inner + k] * m->transposed[j * m->inner + k];
    }
    memcpy(m->c + i * m->columns, row, (size_t)m->columns * sizeof(float));
    if (give(row))
      return -1;
  }
  return 0;
}

int __tvm_ffi_matmul(void *self, TVMFFIAny *args, int32_t n, TVMFFIAny *result) {
  (void)self, (void)result;
  if (!well_called(args, n, 3))
    return raise("ValueError", "matmul", "bad arguments");
  const DLTensor *a = tensor(args, 0), *b = tensor(args, 1);
  matmul_closure m = {a->data, NULL, floats(args, 2), a->shape[0], a->shape[1], b->shape[1]};
  float *transposed = take((uint64_t)count(b) * sizeof(float));
  if (!transposed)
    return -1;
  for (int64_t k = 0; k < m.inner; k++)
    for (int64_t j = 0; j < m.columns; j++)
      transposed[j * m.inner + k] = ((float *)b->data)[k * m.columns + j];
  m.transposed = transposed;
  if (launch(matmul_task, &m, 0))
    return -1;
  return give(transposed);
}

/* As many tasks as the first value says; task i adds 1 to counts[i % width], by a nested launch of 3. */
typedef struct {
  int32_t *counts;
  int64_t width;
  int nested, task;
} count_closure;

static int nested_task(int task, TVMParallelGroupEnv *env, void *data) {
  count_closure *c = data;
  c->nested += env->num_task == 3 ? 1 << task : 100;
  return 0;
}

static int count_task(int task, TVMParallelGroupEnv *env, void *data) {
  const count_closure *c = data;
  count_closure inner = {NULL, 0, 0, 0};
  if (task >= env->num_task || launch(nested_task, &inner, 3) || inner.nested != 7)
    return raise("RuntimeError", "count", "a nested launch went wrong");
  __atomic_fetch_add(&c->counts[task % c->width], 1, __ATOMIC_RELAXED);
  return 0;
}

int __tvm_ffi_count(void *self, TVMFFIAny *args, int32_t n, TVMFFIAny *result) {
  (void)self, (void)n, (void)result;
  DLTensor *out = tensor(args, 1);
  count_closure c = {out->data, count(out), 0, 0};
  memset(out->data, 0, (size_t)count(out) * 4);
  return launch(count_task, &c, *(int32_t *)tensor(args, 0)->data);
}

/* Fails in the task that meets a negative value. */
static int positive_task(int task, TVMParallelGroupEnv *env, void *data) {
  TVMFFIAny *args = data;
  int64_t size = count(tensor(args, 0));
  if (!take(64))
    return -1;
  for (int64_t i = size * task / env->num_task; i < size * (task + 1) / env->num_task; i++)
    if (floats(args, 0)[i] < 0)
      return raise("ValueError", "positive", "a negative value");
  return 0;
}

int __tvm_ffi_positive(void *self, TVMFFIAny *args, int32_t n, TVMFFIAny *result) {
  (void)self, (void)n, (void)result;
  if (launch(positive_task, args, 4))
    return -1;
  memcpy(floats(args, 1), floats(args, 0), (size_t)count(tensor(args, 0)) * 4);
  return 0;
}

/* Takes scratch until it is refused. */
int __tvm_ffi_greedy(void *self, TVMFFIAny *args, int32_t n, TVMFFIAny *result) {
  (void)self, (void)args, (void)n, (void)result;
  while (take(100000))
    ;
  return -1;
}

/* Gives blocks back in the wrong order, then one that it does not hold. */
int __tvm_ffi_disorder(void *self, TVMFFIAny *args, int32_t n, TVMFFIAny *result) {
  (void)self, (void)args, (void)n, (void)result;
  char *a = take(100), *b = take(100), *c = take(100);
  if (!a || !b || !c || give(a) || give(c) || take(1) != c || give(c) || give(b))
    return raise("RuntimeError", "disorder", "blocks in the wrong order were refused");
  if (take(1) != a || give(a))
    return raise("RuntimeError", "disorder", "the first block was not reused");
  return give(a);
}
