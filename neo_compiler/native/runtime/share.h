/* A thread's share of the tasks of a launch: a range that its owner and thieves both take from. */
#ifndef NEO_SHARE_H
#define NEO_SHARE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Two cache lines: processors fetch lines in pairs. */
enum { NEO_SHARE_ALIGNMENT = 128 };

/* `next` in the upper half, `end` in the lower. */
typedef struct {
  _Alignas(NEO_SHARE_ALIGNMENT) atomic_uint_least64_t range;
} neo_share;

static inline void neo_share_deal(neo_share *share, int32_t number, int32_t shares, int32_t n_tasks) {
  uint64_t next = (uint64_t)n_tasks * (uint64_t)number / (uint64_t)shares;
  uint64_t end = (uint64_t)n_tasks * (uint64_t)(number + 1) / (uint64_t)shares;
  atomic_store_explicit(&share->range, next << 32 | end, memory_order_release);
}

/* A successful exchange proves that the task is open at that instant, whichever launch it belongs to: a
 * thread that comes late to one launch may take from the next, never twice and never from a finished one. */
static inline bool neo_share_take(neo_share *share, int32_t *task) {
  uint64_t range = atomic_load_explicit(&share->range, memory_order_relaxed);
  while ((uint32_t)(range >> 32) < (uint32_t)range)
    if (atomic_compare_exchange_weak_explicit(&share->range, &range, range + ((uint64_t)1 << 32),
                                              memory_order_acquire, memory_order_relaxed)) {
      *task = (int32_t)(range >> 32);
      return true;
    }
  return false;
}

#endif
