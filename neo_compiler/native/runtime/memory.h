/* Big blocks of memory straight from the kernel: zeroed, page-aligned, returned at once when released. */
#ifndef NEO_MEMORY_H
#define NEO_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* What generated code may assume of every tensor's address: a full AVX-512 register or cache line. */
enum { NEO_ALIGNMENT = 64 };

static inline uint64_t neo_round_up(uint64_t bytes) {
  return (bytes + (NEO_ALIGNMENT - 1)) & ~(uint64_t)(NEO_ALIGNMENT - 1);
}

/* NULL where there is no memory; 0 bytes give NULL too. */
void *neo_memory_map(uint64_t bytes);
void neo_memory_unmap(void *memory, uint64_t bytes);

#endif
