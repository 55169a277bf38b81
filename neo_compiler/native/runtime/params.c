#define _GNU_SOURCE
#include "params.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "error.h"
#include "plan.h"

/* The file may go on with weights that only other libraries of the artifact read. */
static int map_file(int file, const char *path, char **params) {
  off_t size = lseek(file, 0, SEEK_END);
  if (size < 0 || (uint64_t)size < neo_plan.params_bytes)
    return neo_fail("parameters %s: %lld bytes found, %llu expected", path, (long long)size,
                    (unsigned long long)neo_plan.params_bytes);
  void *memory = mmap(NULL, (size_t)neo_plan.params_bytes, PROT_READ, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED)
    return neo_fail("parameters %s: cannot be mapped: %s", path, strerror(errno));
  *params = memory;
  return 0;
}

int neo_params_map(const char *path, char **params) {
  *params = NULL;
  if (neo_plan.params_bytes == 0)
    return 0;
  if (!path)
    return neo_fail("this model has parameters: name their file");
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return neo_fail("parameters %s: %s", path, strerror(errno));
  int code = map_file(file, path, params);
  close(file);
  return code;
}

void neo_params_unmap(char *params) {
  if (params)
    munmap(params, (size_t)neo_plan.params_bytes);
}
