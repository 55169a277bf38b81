#include "scratch.h"

#include "error.h"
#include "memory.h"

int neo_scratch_init(neo_scratch *scratch, uint64_t bytes) {
  *scratch = (neo_scratch){0};
  if (bytes == 0)
    return 0;
  /* the plan sums exact sizes; each block is rounded up to the alignment */
  scratch->size = (size_t)bytes + NEO_SCRATCH_BLOCKS * NEO_ALIGNMENT;
  scratch->base = neo_memory_map(scratch->size);
  return scratch->base ? 0 : neo_fail("no memory for %zu bytes of scratch", scratch->size);
}

void neo_scratch_release(neo_scratch *scratch) {
  neo_memory_unmap(scratch->base, scratch->size);
  *scratch = (neo_scratch){0};
}

void *neo_scratch_take(neo_scratch *scratch, uint64_t bytes) {
  uint64_t left = scratch->size - scratch->used;
  if (bytes > left || neo_round_up(bytes) > left) {
    neo_fail("a kernel asks for %llu bytes of scratch and %llu are left: the plan's scratch_bytes is too small",
             (unsigned long long)bytes, (unsigned long long)left);
    return NULL;
  }
  if (scratch->depth == NEO_SCRATCH_BLOCKS) {
    neo_fail("a kernel asks for more than %d blocks of scratch at a time", NEO_SCRATCH_BLOCKS);
    return NULL;
  }
  void *block = scratch->base + scratch->used;
  scratch->blocks[scratch->depth++] = (neo_scratch_block){.offset = scratch->used, .live = true};
  scratch->used += (size_t)neo_round_up(bytes);
  return block;
}

void neo_scratch_rewind(neo_scratch *scratch, uint32_t depth) {
  while (scratch->depth > depth)
    scratch->used = scratch->blocks[--scratch->depth].offset;
}

int neo_scratch_give(neo_scratch *scratch, const void *block) {
  for (uint32_t i = scratch->depth; i-- > 0;) {
    neo_scratch_block *row = &scratch->blocks[i];
    if (!row->live || scratch->base + row->offset != block)
      continue;
    row->live = false;
    uint32_t top = scratch->depth;
    while (top > 0 && !scratch->blocks[top - 1].live)
      top--;
    neo_scratch_rewind(scratch, top);
    return 0;
  }
  return neo_fail("a kernel gives back scratch that it does not hold");
}
