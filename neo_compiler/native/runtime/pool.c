#define _GNU_SOURCE
#include "pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "current.h"
#include "error.h"
#include "futex.h"
#include "memory.h"
#include "share.h"
#include "spin.h"

/* A thread that sleeps between two kernels is slow to come back where its core is a virtual one and the host is
 * busy: with 50 us ResNet-50 took up to 2.3 times as long on two threads. */
enum { SPIN_NS = 1000000 };

typedef struct {
  neo_task *task;
  void *closure;
  TVMParallelGroupEnv env;
  atomic_int failed;
  char error[NEO_ERROR_SIZE];
} job_state;

typedef struct {
  struct neo_pool *pool;
  pthread_t thread;
  int32_t number;
  bool started;
  neo_scratch scratch;
} worker_state;

struct neo_pool {
  neo_share *shares; /* one a thread; the launching thread has number 0 */
  worker_state *workers;
  int32_t threads;
  pid_t owner;
  uint32_t spin_ns;
  job_state job;
  _Alignas(NEO_SHARE_ALIGNMENT) atomic_uint epoch; /* a launch has been made: what threads wait for */
  atomic_uint asleep;
  atomic_bool stop;
  _Alignas(NEO_SHARE_ALIGNMENT) atomic_uint unfinished; /* tasks: what the launching thread waits for */
  atomic_bool launcher_sleeps;
  _Alignas(NEO_SHARE_ALIGNMENT) atomic_flag busy;
};

static int call_task(const job_state *job, int32_t task) {
  neo_current_state *here = &neo_current;
  uint32_t depth = here->scratch ? here->scratch->depth : 0;
  bool was_in_task = here->in_task;
  TVMParallelGroupEnv env = job->env;
  here->in_task = true;
  int code = job->task(task, &env, job->closure);
  here->in_task = was_in_task;
  if (here->scratch)
    neo_scratch_rewind(here->scratch, depth);
  return code;
}

static int run_serially(neo_task *task, void *closure, int32_t n_tasks) {
  job_state job = {.task = task, .closure = closure, .env = {NULL, n_tasks}};
  for (int32_t i = 0; i < n_tasks; i++)
    if (call_task(&job, i))
      return -1;
  return 0;
}

static void finish_task(neo_pool *pool) {
  if (atomic_fetch_sub(&pool->unfinished, 1) == 1 && atomic_load(&pool->launcher_sleeps))
    neo_futex_wake(&pool->unfinished, 1);
}

/* Holding a task pins the job: it stays as it is until that task is finished. */
static void run_task(neo_pool *pool, int32_t task) {
  job_state *job = &pool->job;
  if (call_task(job, task)) {
    int none = 0;
    if (atomic_compare_exchange_strong(&job->failed, &none, 1))
      memcpy(job->error, neo_error_text(), sizeof job->error);
  }
  finish_task(pool);
}

static void work(neo_pool *pool, int32_t number) {
  int32_t task;
  for (int32_t i = 0; i < pool->threads; i++) {
    neo_share *share = &pool->shares[(number + i) % pool->threads];
    while (neo_share_take(share, &task))
      run_task(pool, task);
  }
}

static void wait_for_launch(neo_pool *pool, uint32_t seen) {
  if (neo_spin_while_equal(&pool->epoch, seen, pool->spin_ns))
    return;
  atomic_fetch_add(&pool->asleep, 1);
  while (atomic_load(&pool->epoch) == seen)
    neo_futex_wait(&pool->epoch, seen);
  atomic_fetch_sub(&pool->asleep, 1);
}

static void *worker_main(void *argument) {
  worker_state *self = argument;
  neo_pool *pool = self->pool;
  neo_current = (neo_current_state){.pool = pool, .scratch = &self->scratch};
  (void)prctl(PR_SET_NAME, "neo-worker", 0, 0, 0);
  finish_task(pool);
  for (uint32_t seen = 0;;) {
    wait_for_launch(pool, seen);
    if (atomic_load(&pool->stop))
      return NULL;
    seen = atomic_load(&pool->epoch);
    work(pool, self->number);
  }
}

static void announce(neo_pool *pool, int32_t wanted) {
  atomic_fetch_add(&pool->epoch, 1);
  if (atomic_load(&pool->asleep) > 0)
    neo_futex_wake(&pool->epoch, wanted);
}

static void wait_for_tasks(neo_pool *pool) {
  uint32_t left;
  while ((left = atomic_load(&pool->unfinished)) > 0) {
    if (neo_spin_while_equal(&pool->unfinished, left, pool->spin_ns))
      continue;
    atomic_store(&pool->launcher_sleeps, true);
    while ((left = atomic_load(&pool->unfinished)) > 0)
      neo_futex_wait(&pool->unfinished, left);
    atomic_store(&pool->launcher_sleeps, false);
  }
}

static int launch(neo_pool *pool, neo_task *task, void *closure, int32_t n_tasks) {
  job_state *job = &pool->job;
  job->task = task;
  job->closure = closure;
  job->env = (TVMParallelGroupEnv){NULL, n_tasks};
  atomic_store(&job->failed, 0);
  atomic_store(&pool->unfinished, (uint32_t)n_tasks);
  for (int32_t i = 0; i < pool->threads; i++)
    neo_share_deal(&pool->shares[i], i, pool->threads, n_tasks);
  announce(pool, n_tasks - 1);
  work(pool, 0);
  wait_for_tasks(pool);
  return atomic_load(&job->failed) ? neo_fail("%s", job->error) : 0;
}

int neo_pool_launch(neo_pool *pool, neo_task *task, void *closure, int32_t n_tasks) {
  bool alone = !pool || pool->threads == 1 || neo_current.in_task;
  if (n_tasks <= 0)
    n_tasks = alone ? 1 : pool->threads;
  if (alone || n_tasks == 1 || atomic_flag_test_and_set_explicit(&pool->busy, memory_order_acquire))
    return run_serially(task, closure, n_tasks);
  int code = launch(pool, task, closure, n_tasks);
  atomic_flag_clear_explicit(&pool->busy, memory_order_release);
  return code;
}

/* Signals stay with the threads of the program that loaded the model. */
static int start_worker(worker_state *worker) {
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  int code = pthread_create(&worker->thread, NULL, worker_main, worker);
  sigprocmask(SIG_SETMASK, &before, NULL);
  worker->started = code == 0;
  return code ? neo_fail("cannot start thread %d of this model: %s", (int)worker->number, strerror(code)) : 0;
}

/* Waits until all are there: what a thread allocates when it begins, it does not allocate during a run. */
static int start_workers(neo_pool *pool, uint64_t scratch_bytes) {
  atomic_store(&pool->unfinished, (uint32_t)pool->threads - 1);
  for (int32_t i = 0; i < pool->threads - 1; i++) {
    worker_state *worker = &pool->workers[i];
    worker->pool = pool;
    worker->number = i + 1;
    if (neo_scratch_init(&worker->scratch, scratch_bytes) || start_worker(worker))
      return -1;
  }
  wait_for_tasks(pool);
  return 0;
}

neo_pool *neo_pool_create(int32_t threads, uint64_t scratch_bytes) {
  void *memory;
  if (posix_memalign(&memory, NEO_SHARE_ALIGNMENT, sizeof(neo_pool))) {
    neo_fail("no memory for a thread pool");
    return NULL;
  }
  neo_pool *pool = memset(memory, 0, sizeof(neo_pool));
  pool->threads = threads;
  pool->owner = getpid();
  pool->spin_ns = threads <= neo_usable_cpus() ? SPIN_NS : 0;
  atomic_flag_clear(&pool->busy);
  pool->shares = neo_memory_map((uint64_t)threads * sizeof(neo_share));
  pool->workers = calloc((size_t)threads, sizeof(worker_state));
  if (!pool->shares || !pool->workers)
    neo_fail("no memory for %d threads", (int)threads);
  else if (start_workers(pool, scratch_bytes) == 0)
    return pool;
  neo_pool_destroy(pool);
  return NULL;
}

static void end_worker(worker_state *worker, bool ours) {
  if (worker->started && ours)
    pthread_join(worker->thread, NULL);
  neo_scratch_release(&worker->scratch);
}

void neo_pool_destroy(neo_pool *pool) {
  if (!pool)
    return;
  atomic_store(&pool->stop, true);
  announce(pool, pool->threads);
  bool ours = pool->owner == getpid(); /* a forked child has inherited the memory, not the threads */
  for (int32_t i = 0; pool->workers && i < pool->threads - 1; i++)
    end_worker(&pool->workers[i], ours);
  neo_memory_unmap(pool->shares, (uint64_t)pool->threads * sizeof(neo_share));
  free(pool->workers);
  free(pool);
}

int32_t neo_pool_threads(const neo_pool *pool) { return pool->threads; }
