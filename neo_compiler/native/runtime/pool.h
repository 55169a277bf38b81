/* A model's threads. They spin for a moment after a launch, since the next kernel is near, then sleep.
 *
 * Tasks 0 ... n-1 are dealt out as one contiguous share a thread, so that thread k works on the same part of
 * each layer and finds it in its cache; whoever is done takes tasks from the others' shares. The launching
 * thread takes part, and would do all alone if no other came: a thread that the system does not schedule
 * costs no more than its absence, and a forked child, which has none, still computes. */
#ifndef NEO_POOL_H
#define NEO_POOL_H

#include <stdint.h>

#include "kernel_abi.h"

typedef struct neo_pool neo_pool;

/* `threads` - 1 threads with `scratch_bytes` of temporary memory each; NULL with the error set on failure. */
neo_pool *neo_pool_create(int32_t threads, uint64_t scratch_bytes);
/* Waits for the threads to end. */
void neo_pool_destroy(neo_pool *pool);
int32_t neo_pool_threads(const neo_pool *pool);

/* Runs task(0) ... task(n_tasks - 1) on all threads and returns when all are done; 0 tasks: as many as there
 * are threads. Where another session has the threads, all tasks run on the calling thread. */
int neo_pool_launch(neo_pool *pool, neo_task *task, void *closure, int32_t n_tasks);

/* How many CPUs this process may use, at least 1. */
int32_t neo_usable_cpus(void);

#endif
