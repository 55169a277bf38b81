#include "driver.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../error.h"

neo_cu_driver neo_cu;

static const char *const names[] = {"libcuda.so.1", "libcuda.so"};

/* What the driver's own words leave open. */
static const struct {
  neo_cu_result code;
  const char *advice;
} advices[] = {
    {NEO_CU_NO_MEMORY, "; other programs or models hold the rest"},
    {34, "; this is the linker's stub of a CUDA toolkit: install NVIDIA's driver"},
    {NEO_CU_NO_DEVICE, "; is CUDA_VISIBLE_DEVICES set, is the device passed to this container?"},
    {700, "; this process cannot use the device any more"},
    {719, "; this process cannot use the device any more"},
    {803, "; the driver's library and its kernel module are of different versions: restart the machine"},
    {804, "; the driver in use does not support this GPU with a newer CUDA: update the driver"},
};

static void *open_library(void) {
  const char *chosen = getenv("NEO_CUDA_DRIVER");
  if (chosen && *chosen)
    return dlopen(chosen, RTLD_NOW | RTLD_LOCAL);
  void *library = NULL;
  for (size_t i = 0; i < sizeof names / sizeof *names && !library; i++)
    library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
  return library;
}

/* ISO C knows no way from the data pointer that dlsym gives to a function. */
static bool find(void *function, const char *symbol) {
  void *address = dlsym(neo_cu.library, symbol);
  memcpy(function, &address, sizeof address);
  return address != NULL;
}

static const char *find_all(void) {
#define FIND(name, symbol, parameters)                                                                   \
  if (!find(&neo_cu.name, symbol))                                                                       \
    return symbol;
#define TRY(name, symbol, parameters) find(&neo_cu.name, symbol);
  NEO_CU_NEEDED(FIND)
  NEO_CU_GRAPHS(TRY)
#undef FIND
#undef TRY
  void *newer; /* since CUDA 11 */
  if (find(&newer, "cuDevicePrimaryCtxRelease_v2"))
    memcpy(&neo_cu.context_release, &newer, sizeof newer);
  return NULL;
}

int neo_cu_driver_open(void) {
  if (neo_cu.library)
    return 0;
  neo_cu.library = open_library();
  if (!neo_cu.library) {
    const char *reason = dlerror();
    return neo_fail("this model needs an NVIDIA GPU, and there is no CUDA driver here: %s; install NVIDIA's "
                    "driver, or compile the model for a CPU too",
                    reason ? reason : "libcuda.so.1 is not found");
  }
  const char *missing = find_all();
  if (!missing)
    return 0;
  neo_cu_driver_close();
  return neo_fail("the CUDA driver is too old, or none: it has no %s; update NVIDIA's driver", missing);
}

void neo_cu_driver_close(void) {
  if (neo_cu.library)
    (void)dlclose(neo_cu.library);
  neo_cu = (neo_cu_driver){0};
}

int neo_cu_check(neo_cu_result code, const char *what) {
  if (code == NEO_CU_OK)
    return 0;
  const char *name = NULL, *text = NULL, *advice = "";
  if (neo_cu.error_name(code, &name) || !name)
    name = "unknown to this driver";
  if (neo_cu.error_text(code, &text) || !text)
    text = "error";
  for (size_t i = 0; i < sizeof advices / sizeof *advices; i++)
    if (advices[i].code == code)
      advice = advices[i].advice;
  return neo_fail("%s: %s (%s, %d)%s", what, text, name, code, advice);
}
