/* Waiting without sleeping, for a bounded time. */
#ifndef NEO_SPIN_H
#define NEO_SPIN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Nanoseconds of a clock that only goes forward. */
uint64_t neo_now(void);

/* True as soon as *word differs from `value`, false after `nanoseconds`. */
bool neo_spin_while_equal(atomic_uint *word, uint32_t value, uint32_t nanoseconds);

#endif
