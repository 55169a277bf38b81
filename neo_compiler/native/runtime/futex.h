/* Sleep until a word changes. pthread's condition variables are left out: a reference to them that carries
 * no symbol version binds to the ABI of 2002. */
#ifndef NEO_FUTEX_H
#define NEO_FUTEX_H

#include <stdatomic.h>
#include <stdint.h>

/* Returns when woken, at once where *word != expected, and at times for no reason: test again. */
void neo_futex_wait(atomic_uint *word, uint32_t expected);
void neo_futex_wake(atomic_uint *word, int32_t waiters);

#endif
