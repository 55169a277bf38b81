/* Counts what a loaded compiled.so allocates while it runs, from malloc and from the kernel, on all threads.
 * Usage: allocations COMPILED.SO PARAMS THREADS RUNS; prints "<before the runs> <during the runs>". */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "neo_model.h"

static atomic_long allocations;

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

void *malloc(size_t n) { return allocations++, __libc_malloc(n); }
void *calloc(size_t n, size_t m) { return allocations++, __libc_calloc(n, m); }
void *realloc(void *p, size_t n) { return allocations++, __libc_realloc(p, n); }
void *memalign(size_t a, size_t n) { return allocations++, __libc_memalign(a, n); }
void *aligned_alloc(size_t a, size_t n) { return memalign(a, n); }
int posix_memalign(void **p, size_t a, size_t n) { return (*p = memalign(a, n)) ? 0 : ENOMEM; }
void *mmap(void *p, size_t n, int prot, int flags, int file, off_t offset) {
  return allocations++, (void *)syscall(SYS_mmap, p, n, prot, flags, file, offset);
}

static void *library;

#define CALL(name, ...)                                                                            \
  do {                                                                                             \
    __typeof__(&name) function = (__typeof__(&name))dlsym(library, #name);                         \
    if (!function || function(__VA_ARGS__)) {                                                      \
      fprintf(stderr, "%s: %s\n", #name, ((__typeof__(&neo_last_error))dlsym(library, "neo_last_error"))()); \
      exit(1);                                                                                     \
    }                                                                                              \
  } while (0)

static DLTensor tensors[16];
static const DLTensor *pointers[16];

static const DLTensor **make(int32_t first, int32_t n, int (*info)(int32_t, neo_tensor_info *), size_t misalign) {
  for (int32_t i = 0; i < n; i++) {
    neo_tensor_info row;
    info(i, &row);
    size_t bytes = row.dtype.bits / 8;
    for (int32_t k = 0; k < row.ndim; k++)
      bytes *= (size_t)row.shape[k];
    char *memory = aligned_alloc(64, (bytes + misalign + 63) / 64 * 64);
    memset(memory, 0, bytes + misalign);
    tensors[first + i] =
        (DLTensor){memory, {kDLCPU, 0}, row.ndim, row.dtype, (int64_t *)row.shape, NULL, misalign};
    pointers[first + i] = &tensors[first + i];
  }
  return pointers + first;
}

int main(int count, char **arguments) {
  if (count != 5 || !(library = dlopen(arguments[1], RTLD_NOW)))
    return fprintf(stderr, "%s\n", dlerror()), 2;
  neo_model *model;
  neo_session *session;
  int32_t n_in = ((int32_t(*)(void))dlsym(library, "neo_input_count"))();
  int32_t n_out = ((int32_t(*)(void))dlsym(library, "neo_output_count"))();
  CALL(neo_model_open, arguments[2], atoi(arguments[3]), &model);
  CALL(neo_session_create, model, &session);
  for (int pass = 0; pass < 2; pass++) {
    size_t misalign = pass ? 4 : 0;
    const DLTensor **in = make(0, n_in, (__typeof__(&neo_input_info))dlsym(library, "neo_input_info"), misalign);
    const DLTensor **out =
        make(n_in, n_out, (__typeof__(&neo_output_info))dlsym(library, "neo_output_info"), misalign);
    CALL(neo_session_run, session, in, n_in, out, n_out);
    long before = allocations;
    for (int run = 0; run < atoi(arguments[4]); run++)
      CALL(neo_session_run, session, in, n_in, out, n_out);
    long after = allocations;
    printf("%ld %ld\n", before, after - before);
  }
  CALL(neo_session_destroy, session);
  CALL(neo_model_close, model);
  return 0;
}
