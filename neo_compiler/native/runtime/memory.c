#define _GNU_SOURCE
#include "memory.h"

#include <sys/mman.h>

/* Where huge pages begin to pay: a convolution walks its arena with strides that miss a 4 KiB TLB. */
static const uint64_t huge_page = 2u << 20;

void *neo_memory_map(uint64_t bytes) {
  if (bytes == 0 || bytes > SIZE_MAX)
    return NULL;
  void *memory = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return NULL;
  if (bytes >= 2 * huge_page)
    (void)madvise(memory, (size_t)bytes, MADV_HUGEPAGE);
  return memory;
}

void neo_memory_unmap(void *memory, uint64_t bytes) {
  if (memory)
    (void)munmap(memory, (size_t)bytes);
}
