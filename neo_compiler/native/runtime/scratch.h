/* Temporary memory for kernels: one fixed buffer a thread, used as a stack. */
#ifndef NEO_SCRATCH_H
#define NEO_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NEO_SCRATCH_BLOCKS = 32 };

typedef struct {
  size_t offset;
  bool live;
} neo_scratch_block;

typedef struct {
  char *base;
  size_t size;
  size_t used;
  uint32_t depth;
  neo_scratch_block blocks[NEO_SCRATCH_BLOCKS];
} neo_scratch;

/* A buffer from which blocks of `bytes` in all can be taken, each aligned to 64 bytes. */
int neo_scratch_init(neo_scratch *scratch, uint64_t bytes);
void neo_scratch_release(neo_scratch *scratch);

/* NULL, with the error set, where the plan's scratch_bytes does not suffice. */
void *neo_scratch_take(neo_scratch *scratch, uint64_t bytes);
int neo_scratch_give(neo_scratch *scratch, const void *block);
/* Drops the blocks above `depth`: a kernel that fails leaves its own behind. */
void neo_scratch_rewind(neo_scratch *scratch, uint32_t depth);

#endif
