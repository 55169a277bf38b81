/* What kernels call. An object made by TVM defines these pointers weakly and empty; the definitions here
 * take their place when the library is linked, so that nothing has to be filled in at run time. */
#include <stddef.h>
#include <stdint.h>

#include "current.h"
#include "error.h"
#include "kernel_abi.h"
#include "pool.h"

_Thread_local neo_current_state neo_current;

static int parallel_launch(neo_task *task, void *closure, int num_task) {
  return neo_pool_launch(neo_current.pool, task, closure, num_task);
}

static void *alloc_workspace(int device_type, int device_id, uint64_t bytes, int code_hint, int bits_hint) {
  (void)device_type, (void)device_id, (void)code_hint, (void)bits_hint;
  if (neo_current.scratch)
    return neo_scratch_take(neo_current.scratch, bytes);
  neo_fail("a kernel asks for scratch outside of a session");
  return NULL;
}

static int free_workspace(int device_type, int device_id, void *block) {
  (void)device_type, (void)device_id;
  if (neo_current.scratch)
    return neo_scratch_give(neo_current.scratch, block);
  return neo_fail("a kernel gives back scratch outside of a session");
}

extern int (*const __TVMBackendParallelLaunch)(neo_task *, void *, int);
extern void *(*const __TVMBackendAllocWorkspace)(int, int, uint64_t, int, int);
extern int (*const __TVMBackendFreeWorkspace)(int, int, void *);

int (*const __TVMBackendParallelLaunch)(neo_task *, void *, int) = parallel_launch;
void *(*const __TVMBackendAllocWorkspace)(int, int, uint64_t, int, int) = alloc_workspace;
int (*const __TVMBackendFreeWorkspace)(int, int, void *) = free_workspace;
