#define _GNU_SOURCE
#include <sys/syscall.h>
#include <unistd.h>

#include "pool.h"

int32_t neo_usable_cpus(void) {
  unsigned long mask[64]; /* 4096 CPUs on 64-bit systems */
  long bytes = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask);
  int32_t cpus = 0;
  for (long i = 0; i < bytes / (long)sizeof mask[0]; i++)
    cpus += __builtin_popcountl(mask[i]);
  return cpus > 0 ? cpus : 1;
}
