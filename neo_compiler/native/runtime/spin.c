#define _GNU_SOURCE
#include "spin.h"

#include <sched.h>
#include <time.h>

enum { POLLS_PER_CLOCK_READ = 32, ALONE_NS = 20000 };

uint64_t neo_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Tells the processor that this is a busy loop: it saves power, and the other thread of the core runs. */
static inline void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
  __asm__ volatile("yield");
#endif
}

bool neo_spin_while_equal(atomic_uint *word, uint32_t value, uint32_t nanoseconds) {
  if (atomic_load(word) != value)
    return true;
  if (nanoseconds == 0)
    return false;
  uint64_t begin = neo_now(), now = begin;
  do {
    /* Who waits longer lets other programs have the core. It does not fall asleep if there are none. */
    if (now - begin > ALONE_NS)
      sched_yield();
    for (int i = 0; i < POLLS_PER_CLOCK_READ; i++) {
      if (atomic_load_explicit(word, memory_order_acquire) != value)
        return true;
      relax();
    }
    now = neo_now();
  } while (now - begin < nanoseconds);
  return false;
}
