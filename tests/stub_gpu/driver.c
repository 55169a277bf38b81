/* A CUDA driver without a GPU, for tests: the entry points that our runtime uses, with their rules checked.
 *
 * Work is done when somebody waits for it, not before: what the runtime reads too early it reads wrongly.
 * Device memory is filled with 0xff (NaN), its addresses are no addresses of the CPU, and kernels are executed
 * by the library that STUB_TRANSLATE makes of their PTX.
 *
 * STUB_LOG        file that gets a line a call, and a line `VIOLATION ...` for each broken rule
 * STUB_FAIL       "cuMemAlloc_v2:3:2,..." the third call of cuMemAlloc_v2 gives error 2
 * STUB_TRANSLATE  command that gets two paths, of PTX and of the library to make; none: kernels do nothing
 * STUB_KERNELS    folder for these
 * STUB_VERSION, STUB_CAPABILITY, STUB_DEVICES, STUB_MEMORY, STUB_ORDER   12040, 90, 1, 1 << 40, 0 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "machine.h"

enum { OK = 0, INVALID = 1, NO_MEMORY = 2, NOT_INITIALISED = 3, NO_DEVICE = 100, INVALID_PTX = 218 };
enum { INVALID_CONTEXT = 201, NOT_FOUND = 500, ILLEGAL_ADDRESS = 700 };
enum { MOST_PARAMS = 64, MOST_BLOCKS = 4096, MOST_DEPTH = 8, GUARD = 4096 };
enum { MAJOR = 75, MINOR = 76 };

typedef uint64_t address_t;

typedef struct {
  address_t address; /* of pinned memory: that of the CPU */
  uint64_t bytes;
  bool pinned, live;
} block;

typedef struct module {
  void *library;
  const stub_kernel *kernels;
  uint32_t n_kernels;
  bool live;
} module;

typedef struct {
  const stub_kernel *kernel;
  module *module;
} function;

enum { UPLOAD, DOWNLOAD, COPY, LAUNCH, RECORD, GRAPH };

typedef struct operation {
  int kind;
  address_t to, from;
  uint64_t bytes;
  function *function;
  uint32_t grid[3], block[3], shared;
  uint64_t params[MOST_PARAMS];
  struct event *event;
  struct graph *graph;
} operation;

typedef struct {
  operation *rows;
  uint32_t count, room;
} queue;

typedef struct graph {
  queue queue;
  bool live, executable;
} graph;

typedef struct stream {
  queue queue;
  graph *capturing;
  bool live;
} stream;

typedef struct event {
  stream *stream; /* in whose queue it waits; NULL: it has happened */
  uint64_t clock;
  bool live, timed;
} event;

static pthread_mutex_t mutex = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static block blocks[MOST_BLOCKS];
static uint32_t n_blocks;
static stream *streams[256];
static uint32_t n_streams;
static uint64_t taken, clock_;
static bool initialised, broken;
static int retained, objects;
static char context_;
static _Thread_local void *contexts[MOST_DEPTH];
static _Thread_local int depth;

static uint64_t setting(const char *name, uint64_t other) {
  const char *text = getenv(name);
  return text && *text ? strtoull(text, NULL, 0) : other;
}

static void note(const char *format, ...) {
  const char *path = getenv("STUB_LOG");
  FILE *file = path ? fopen(path, "a") : NULL;
  if (!file)
    return;
  va_list args;
  va_start(args, format);
  vfprintf(file, format, args);
  va_end(args);
  fputc('\n', file);
  fclose(file);
}

#define VIOLATION(...) violation(__VA_ARGS__)
static int violation(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int violation(const char *format, ...) {
  char text[512];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  note("VIOLATION %s", text);
  return INVALID;
}

static struct {
  const char *name;
  uint32_t calls;
} counts[64];

/* The code that STUB_FAIL wants for this call, else 0. */
static int injected(const char *name) {
  uint32_t i = 0;
  while (counts[i].name && strcmp(counts[i].name, name))
    i++;
  counts[i].name = name;
  counts[i].calls++;
  const char *text = getenv("STUB_FAIL");
  size_t length = strlen(name);
  for (; text && *text; text = strchr(text, ',') ? strchr(text, ',') + 1 : "") {
    unsigned nth = 0;
    int code = 0;
    if (strncmp(text, name, length) == 0 && sscanf(text + length, ":%u:%d", &nth, &code) == 2 &&
        (nth == 0 || nth == counts[i].calls))
      return code;
  }
  return OK;
}

/* Entry and exit of every function: one at a time, noted, failing where it shall. */
#define ENTER(name, ...)                                                                                 \
  pthread_mutex_lock(&mutex);                                                                            \
  int code = injected(name);                                                                             \
  note(name " " __VA_ARGS__);                                                                            \
  if (code)                                                                                              \
    goto leave;                                                                                          \
  if (!initialised && strcmp(name, "cuInit") && strcmp(name, "cuDriverGetVersion")) {                    \
    code = NOT_INITIALISED;                                                                              \
    VIOLATION("%s before cuInit", name);                                                                 \
    goto leave;                                                                                          \
  }
#define LEAVE                                                                                            \
  leave:                                                                                                 \
  if (code)                                                                                              \
    note("  = %d", code);                                                                                \
  pthread_mutex_unlock(&mutex);                                                                          \
  return code;
#define NEEDS_CONTEXT(name)                                                                              \
  if (depth == 0 || !retained) {                                                                         \
    VIOLATION("%s without a context", name);                                                             \
    code = INVALID_CONTEXT;                                                                              \
    goto leave;                                                                                          \
  }                                                                                                      \
  if (broken) {                                                                                          \
    code = ILLEGAL_ADDRESS;                                                                              \
    goto leave;                                                                                          \
  }

int cuInit(unsigned flags) {
  ENTER("cuInit", "%u", flags)
  code = setting("STUB_DEVICES", 1) ? OK : NO_DEVICE;
  initialised = code == OK;
  LEAVE
}

int cuDriverGetVersion(int *version) {
  ENTER("cuDriverGetVersion", "")
  *version = (int)setting("STUB_VERSION", 12040);
  LEAVE
}

int cuDeviceGetCount(int *count) {
  ENTER("cuDeviceGetCount", "")
  *count = (int)setting("STUB_DEVICES", 1);
  LEAVE
}

int cuDeviceGet(int *device, int ordinal) {
  ENTER("cuDeviceGet", "%d", ordinal)
  *device = ordinal;
  LEAVE
}

int cuDeviceGetName(char *name, int size, int device) {
  ENTER("cuDeviceGetName", "%d", device)
  snprintf(name, (size_t)size, "Stub GPU");
  LEAVE
}

int cuDeviceGetAttribute(int *value, int attribute, int device) {
  ENTER("cuDeviceGetAttribute", "%d %d", attribute, device)
  int capability = (int)setting("STUB_CAPABILITY", 90);
  *value = attribute == MAJOR ? capability / 10 : attribute == MINOR ? capability % 10 : -1;
  LEAVE
}

int cuDevicePrimaryCtxRetain(void **context, int device) {
  ENTER("cuDevicePrimaryCtxRetain", "%d", device)
  retained++;
  *context = &context_;
  LEAVE
}

int cuDevicePrimaryCtxRelease_v2(int device) {
  ENTER("cuDevicePrimaryCtxRelease_v2", "%d", device)
  if (--retained < 0)
    code = VIOLATION("a context is released that nobody holds");
  if (broken && retained == 0) { /* then nothing can be freed, and all goes with the context */
    n_blocks = n_streams = 0;
    objects = 0;
    taken = 0;
  }
  for (uint32_t i = 0; i < n_blocks && retained == 0; i++)
    if (blocks[i].live)
      VIOLATION("%llu bytes are never freed", (unsigned long long)blocks[i].bytes);
  if (retained == 0 && objects)
    VIOLATION("%d streams, events, graphs or modules are never destroyed", objects);
  if (retained == 0)
    broken = false;
  LEAVE
}

/* Of drivers before CUDA 11. */
int cuDevicePrimaryCtxRelease(int device) { return cuDevicePrimaryCtxRelease_v2(device); }

int cuCtxPushCurrent_v2(void *context) {
  ENTER("cuCtxPushCurrent_v2", "")
  if (context != &context_ || depth == MOST_DEPTH)
    code = VIOLATION("a context that is none, or too many");
  else
    contexts[depth++] = context;
  LEAVE
}

int cuCtxPopCurrent_v2(void **context) {
  ENTER("cuCtxPopCurrent_v2", "")
  if (depth == 0)
    code = VIOLATION("no context to pop");
  else
    *context = contexts[--depth];
  LEAVE
}

/* Forgets the calls that STUB_FAIL counts, and what no caller can mend. */
void stub_reset(void) {
  memset(counts, 0, sizeof counts);
  broken = initialised = false;
}

/* How deep the calling thread's contexts are: a test asks. */
int stub_depth(void) { return depth; }

static address_t take(uint64_t bytes, bool pinned) {
  uint64_t room = (bytes + GUARD - 1) / GUARD * GUARD;
  char *memory = mmap(NULL, room + 2 * GUARD, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED || n_blocks == MOST_BLOCKS)
    return 0;
  mprotect(memory, GUARD, PROT_NONE);
  mprotect(memory + GUARD + room, GUARD, PROT_NONE);
  /* as far up as the alignment allows */
  char *first = memory + GUARD + (room - (bytes + 255) / 256 * 256);
  memset(first, 0xff, bytes);
  address_t address = (uint64_t)(uintptr_t)first + (pinned ? 0 : DEVICE);
  blocks[n_blocks++] = (block){address, bytes, pinned, true};
  taken += bytes;
  return address;
}

static block *find(address_t address, uint64_t bytes, bool pinned) {
  for (uint32_t i = 0; i < n_blocks; i++)
    if (blocks[i].live && blocks[i].pinned == pinned && address >= blocks[i].address &&
        address + bytes <= blocks[i].address + blocks[i].bytes)
      return &blocks[i];
  return NULL;
}

/* The memory stays mapped, without access: a late reader is caught. */
static int give(address_t address, bool pinned) {
  block *found = find(address, 1, pinned);
  if (!found || found->address != address)
    return VIOLATION("memory is freed that nobody has: %llx", (unsigned long long)address);
  found->live = false;
  taken -= found->bytes;
  uint64_t first = (address - (pinned ? 0 : DEVICE)) & ~(uint64_t)(GUARD - 1);
  mprotect((void *)(uintptr_t)first, found->bytes, PROT_NONE);
  return OK;
}

int cuMemGetInfo_v2(size_t *left, size_t *total) {
  ENTER("cuMemGetInfo_v2", "")
  NEEDS_CONTEXT("cuMemGetInfo_v2")
  *total = setting("STUB_MEMORY", 1ull << 40);
  *left = *total - taken;
  LEAVE
}

int cuMemAlloc_v2(address_t *address, size_t bytes) {
  ENTER("cuMemAlloc_v2", "%zu", bytes)
  NEEDS_CONTEXT("cuMemAlloc_v2")
  if (bytes == 0)
    code = VIOLATION("cuMemAlloc of nothing");
  else if (taken + bytes > setting("STUB_MEMORY", 1ull << 40))
    code = NO_MEMORY;
  else
    *address = take(bytes, false);
  LEAVE
}

static void wait_for_all(void);

int cuMemFree_v2(address_t address) {
  ENTER("cuMemFree_v2", "%llx", (unsigned long long)address)
  NEEDS_CONTEXT("cuMemFree_v2")
  wait_for_all();
  code = give(address, false);
  LEAVE
}

int cuMemHostAlloc(void **memory, size_t bytes, unsigned flags) {
  ENTER("cuMemHostAlloc", "%zu %u", bytes, flags)
  NEEDS_CONTEXT("cuMemHostAlloc")
  *memory = (void *)(uintptr_t)take(bytes, true);
  LEAVE
}

int cuMemFreeHost(void *memory) {
  ENTER("cuMemFreeHost", "%p", memory)
  NEEDS_CONTEXT("cuMemFreeHost")
  wait_for_all();
  code = give((address_t)(uintptr_t)memory, true);
  LEAVE
}

static char *of_device(address_t address, uint64_t bytes) {
  return find(address, bytes, false) ? (char *)(uintptr_t)(address - DEVICE) : NULL;
}

static int launch_now(const operation *row) {
  if (!row->function->module->live)
    return VIOLATION("a kernel of an unloaded module runs");
  const stub_kernel *kernel = row->function->kernel;
  stub_range ranges[MOST_PARAMS];
  uint32_t n_ranges = 0;
  for (uint32_t i = 0; i < kernel->n_params; i++) {
    const block *found = find(row->params[i], 1, false);
    if (!found)
      return VIOLATION("%s: parameter %u points to no live memory", kernel->name, i);
    ranges[n_ranges++] = (stub_range){found->address, found->address + found->bytes};
  }
  char error[256] = "";
  stub_launch launch = {.dynamic_shared = row->shared, .params = row->params, .ranges = ranges,
                        .n_ranges = n_ranges, .error = error, .order = (uint32_t)setting("STUB_ORDER", 0)};
  memcpy(launch.grid, row->grid, sizeof launch.grid);
  memcpy(launch.block, row->block, sizeof launch.block);
  if (kernel->run)
    kernel->run(&launch);
  if (!error[0])
    return OK;
  broken = true;
  VIOLATION("%s: %s", kernel->name, error);
  return ILLEGAL_ADDRESS;
}

static int run_queue(queue *rows, const event *until);

static int execute(const operation *row) {
  clock_++;
  char *to = of_device(row->to, row->bytes), *from = of_device(row->from, row->bytes);
  switch (row->kind) {
  case UPLOAD:
    if (!to)
      return VIOLATION("a copy to memory that is not there: %llu bytes", (unsigned long long)row->bytes);
    memcpy(to, (void *)(uintptr_t)row->from, row->bytes);
    return OK;
  case DOWNLOAD:
    if (!from)
      return VIOLATION("a copy from memory that is not there: %llu bytes", (unsigned long long)row->bytes);
    memcpy((void *)(uintptr_t)row->to, from, row->bytes);
    return OK;
  case COPY:
    if (!to || !from)
      return VIOLATION("a copy between memory that is not there: %llu bytes", (unsigned long long)row->bytes);
    memmove(to, from, row->bytes);
    return OK;
  case LAUNCH:
    return launch_now(row);
  case RECORD:
    row->event->clock = clock_;
    row->event->stream = NULL;
    return OK;
  default:
    for (uint32_t i = 0; i < row->graph->queue.count; i++) {
      int code = execute(&row->graph->queue.rows[i]);
      if (code)
        return code;
    }
    return OK;
  }
}

static int run_queue(queue *rows, const event *until) {
  uint32_t done = 0;
  int code = OK;
  while (done < rows->count && code == OK) {
    const operation *row = &rows->rows[done++];
    code = execute(row);
    if (until && row->kind == RECORD && row->event == until)
      break;
  }
  rows->count -= done;
  memmove(rows->rows, rows->rows + done, rows->count * sizeof *rows->rows);
  return code;
}

static queue default_queue;

static void wait_for_all(void) {
  (void)run_queue(&default_queue, NULL);
  for (uint32_t i = 0; i < n_streams && i < 256; i++)
    if (streams[i]->live)
      (void)run_queue(&streams[i]->queue, NULL);
}

static operation *append(queue *rows, int kind) {
  if (rows->count == rows->room) {
    rows->room = rows->room ? 2 * rows->room : 64;
    rows->rows = realloc(rows->rows, rows->room * sizeof *rows->rows);
  }
  operation *row = &rows->rows[rows->count++];
  *row = (operation){.kind = kind};
  return row;
}

static operation *enqueue(stream *one, int kind) {
  if (one->capturing && kind != LAUNCH)
    VIOLATION("a copy or an event is captured");
  return append(one->capturing ? &one->capturing->queue : &one->queue, kind);
}

static void transfer(stream *one, int kind, address_t to, address_t from, uint64_t bytes) {
  operation *row = enqueue(one, kind);
  row->to = to, row->from = from, row->bytes = bytes;
}

int cuMemcpyHtoD_v2(address_t to, const void *from, size_t bytes) {
  ENTER("cuMemcpyHtoD_v2", "%zu", bytes)
  NEEDS_CONTEXT("cuMemcpyHtoD_v2")
  operation row = {.kind = UPLOAD, .to = to, .bytes = bytes};
  row.from = (address_t)(uintptr_t)memcpy(malloc(bytes), from, bytes); /* on its way, see cuStreamSynchronize */
  *append(&default_queue, UPLOAD) = row;
  LEAVE
}

int cuMemcpyDtoH_v2(void *to, address_t from, size_t bytes) {
  ENTER("cuMemcpyDtoH_v2", "%zu", bytes)
  NEEDS_CONTEXT("cuMemcpyDtoH_v2")
  code = execute(&(operation){.kind = DOWNLOAD, .to = (uintptr_t)to, .from = from, .bytes = bytes});
  LEAVE
}

int cuMemcpyHtoDAsync_v2(address_t to, const void *from, size_t bytes, stream *one) {
  ENTER("cuMemcpyHtoDAsync_v2", "%zu", bytes)
  NEEDS_CONTEXT("cuMemcpyHtoDAsync_v2")
  if (!find((address_t)(uintptr_t)from, bytes, true))
    code = VIOLATION("an asynchronous copy from memory that is not page-locked");
  else
    transfer(one, UPLOAD, to, (address_t)(uintptr_t)from, bytes);
  LEAVE
}

int cuMemcpyDtoHAsync_v2(void *to, address_t from, size_t bytes, stream *one) {
  ENTER("cuMemcpyDtoHAsync_v2", "%zu", bytes)
  NEEDS_CONTEXT("cuMemcpyDtoHAsync_v2")
  if (!find((address_t)(uintptr_t)to, bytes, true))
    code = VIOLATION("an asynchronous copy to memory that is not page-locked");
  else
    transfer(one, DOWNLOAD, (address_t)(uintptr_t)to, from, bytes);
  LEAVE
}

int cuMemcpyDtoDAsync_v2(address_t to, address_t from, size_t bytes, stream *one) {
  ENTER("cuMemcpyDtoDAsync_v2", "%zu", bytes)
  NEEDS_CONTEXT("cuMemcpyDtoDAsync_v2")
  transfer(one, COPY, to, from, bytes);
  LEAVE
}

/* Where the image's translation lies; made where it is not there. */
static void *translated(const char *image) {
  const char *command = getenv("STUB_TRANSLATE"), *folder = getenv("STUB_KERNELS");
  uint64_t hash = 14695981039346656037ull;
  for (const char *p = image; *p; p++)
    hash = (hash ^ (unsigned char)*p) * 1099511628211ull;
  char ptx[1024], library[1024], line[4096];
  snprintf(ptx, sizeof ptx, "%s/%016llx.ptx", folder ? folder : "/tmp", (unsigned long long)hash);
  snprintf(library, sizeof library, "%s/%016llx.so", folder ? folder : "/tmp", (unsigned long long)hash);
  if (access(library, R_OK)) {
    FILE *file = fopen(ptx, "w");
    if (!file || fputs(image, file) < 0 || fclose(file))
      return NULL;
    snprintf(line, sizeof line, "env -u LD_PRELOAD %s '%s' '%s'", command, ptx, library);
    if (system(line))
      return NULL;
  }
  return dlopen(library, RTLD_NOW | RTLD_LOCAL);
}

/* Kernels by name alone, that do nothing. */
static uint32_t names_only(const char *image, stub_kernel **kernels) {
  uint32_t count = 0;
  for (const char *p = image; (p = strstr(p, ".entry")); p++) {
    const char *start = p + strlen(".entry");
    start += strspn(start, " \t");
    size_t length = strcspn(start, " \t(\n");
    *kernels = realloc(*kernels, (count + 1) * sizeof **kernels);
    uint32_t n_params = 0;
    for (const char *q = start, *end = strchr(start, ')'); end && (q = strstr(q, ".param")) && q < end; q++)
      n_params++;
    (*kernels)[count++] = (stub_kernel){.name = strndup(start, length), .n_params = n_params};
  }
  return count;
}

int cuModuleLoadDataEx(module **result, const void *image, unsigned n_options, int *options, void **values) {
  ENTER("cuModuleLoadDataEx", "%zu", strlen(image))
  NEEDS_CONTEXT("cuModuleLoadDataEx")
  module *one = calloc(1, sizeof *one);
  if (strncmp(image, "//", 2) && strncmp(image, ".version", 8))
    code = INVALID_PTX;
  else if (getenv("STUB_TRANSLATE")) {
    one->library = translated(image);
    stub_kernels_function *ask = NULL;
    if (one->library)
      *(void **)&ask = dlsym(one->library, "stub_kernels");
    if (ask)
      one->kernels = ask(&one->n_kernels);
    code = ask ? OK : INVALID_PTX;
  } else {
    one->n_kernels = names_only(image, (stub_kernel **)&one->kernels);
  }
  for (unsigned i = 0; code && i < n_options; i++)
    if (options[i] == 5)
      strcpy(values[i], "ptxas stub, line 1: this is no PTX");
  one->live = code == OK;
  objects += code == OK;
  *result = code ? NULL : one;
  LEAVE
}

int cuModuleUnload(module *one) {
  ENTER("cuModuleUnload", "")
  NEEDS_CONTEXT("cuModuleUnload")
  wait_for_all();
  if (!one->live)
    code = VIOLATION("a module is unloaded twice");
  one->live = false;
  objects--;
  LEAVE
}

int cuModuleGetFunction(function **result, module *one, const char *name) {
  ENTER("cuModuleGetFunction", "%s", name)
  NEEDS_CONTEXT("cuModuleGetFunction")
  code = NOT_FOUND;
  for (uint32_t i = 0; i < one->n_kernels; i++)
    if (strcmp(one->kernels[i].name, name) == 0) {
      *result = calloc(1, sizeof **result);
      **result = (function){&one->kernels[i], one};
      code = OK;
    }
  LEAVE
}

int cuStreamCreate(stream **result, unsigned flags) {
  ENTER("cuStreamCreate", "%u", flags)
  NEEDS_CONTEXT("cuStreamCreate")
  *result = calloc(1, sizeof **result);
  (*result)->live = true;
  streams[n_streams++ % 256] = *result;
  objects++;
  LEAVE
}

int cuStreamDestroy_v2(stream *one) {
  ENTER("cuStreamDestroy_v2", "")
  NEEDS_CONTEXT("cuStreamDestroy_v2")
  if (!one->live || one->capturing)
    code = VIOLATION("a stream is destroyed twice, or while it captures");
  (void)run_queue(&one->queue, NULL);
  one->live = false;
  objects--;
  LEAVE
}

int cuStreamSynchronize(stream *one) {
  ENTER("cuStreamSynchronize", "")
  NEEDS_CONTEXT("cuStreamSynchronize")
  if (!one)
    code = run_queue(&default_queue, NULL);
  else if (!one->live || one->capturing)
    code = VIOLATION("a wait for a stream that is destroyed, or captures");
  else
    code = run_queue(&one->queue, NULL);
  LEAVE
}

int cuEventCreate(event **result, unsigned flags) {
  ENTER("cuEventCreate", "%u", flags)
  NEEDS_CONTEXT("cuEventCreate")
  *result = calloc(1, sizeof **result);
  **result = (event){.live = true, .timed = !(flags & 2)};
  objects++;
  LEAVE
}

int cuEventDestroy_v2(event *one) {
  ENTER("cuEventDestroy_v2", "")
  NEEDS_CONTEXT("cuEventDestroy_v2")
  if (!one->live)
    code = VIOLATION("an event is destroyed twice");
  one->live = false;
  objects--;
  LEAVE
}

int cuEventRecord(event *one, stream *on) {
  ENTER("cuEventRecord", "")
  NEEDS_CONTEXT("cuEventRecord")
  enqueue(on, RECORD)->event = one;
  one->stream = on;
  LEAVE
}

int cuEventSynchronize(event *one) {
  ENTER("cuEventSynchronize", "")
  NEEDS_CONTEXT("cuEventSynchronize")
  if (one->stream)
    code = run_queue(&one->stream->queue, one);
  LEAVE
}

int cuEventElapsedTime(float *milliseconds, event *from, event *to) {
  ENTER("cuEventElapsedTime", "")
  NEEDS_CONTEXT("cuEventElapsedTime")
  if (!from->timed || !to->timed || from->stream || to->stream)
    code = VIOLATION("a time between events that are not timed, or have not happened");
  else
    *milliseconds = (float)(to->clock - from->clock);
  LEAVE
}

static int check_launch(const function *one, const operation *row) {
  const stub_kernel *kernel = one->kernel;
  uint64_t threads = (uint64_t)row->block[0] * row->block[1] * row->block[2];
  if (!one->module->live)
    return VIOLATION("%s: its module is unloaded", kernel->name);
  if (threads == 0 || threads > 1024 || row->block[2] > 64 || (kernel->most_threads && threads > kernel->most_threads))
    return VIOLATION("%s: a block of %llu threads", kernel->name, (unsigned long long)threads);
  if (!row->grid[0] || !row->grid[1] || !row->grid[2] || row->grid[0] > INT32_MAX || row->grid[1] > 65535 ||
      row->grid[2] > 65535)
    return VIOLATION("%s: a grid of %u,%u,%u", kernel->name, row->grid[0], row->grid[1], row->grid[2]);
  if (row->shared + kernel->shared_bytes > 48 << 10)
    return VIOLATION("%s: %u bytes of shared memory", kernel->name, row->shared + kernel->shared_bytes);
  for (uint32_t i = 0; i < kernel->n_params; i++)
    if (row->params[i] % 64 || !find(row->params[i], 1, false))
      return VIOLATION("%s: parameter %u is %llx, no 64-byte aligned device memory", kernel->name, i,
                       (unsigned long long)row->params[i]);
  return OK;
}

int cuLaunchKernel(function *one, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                   unsigned shared, stream *on, void **params, void **extra) {
  ENTER("cuLaunchKernel", "%s grid %u,%u,%u block %u,%u,%u shared %u", one->kernel->name, gx, gy, gz, bx, by, bz,
        shared)
  NEEDS_CONTEXT("cuLaunchKernel")
  (void)extra;
  operation row = {.kind = LAUNCH, .function = one, .grid = {gx, gy, gz}, .block = {bx, by, bz}, .shared = shared};
  for (uint32_t i = 0; i < one->kernel->n_params; i++)
    memcpy(&row.params[i], params[i], 8);
  code = check_launch(one, &row);
  if (code == OK)
    *enqueue(on, LAUNCH) = row;
  LEAVE
}

int cuGetErrorName(int code, const char **name) {
  *name = code == NO_MEMORY ? "CUDA_ERROR_OUT_OF_MEMORY" : code == NO_DEVICE ? "CUDA_ERROR_NO_DEVICE" : "CUDA_ERROR";
  return OK;
}

int cuGetErrorString(int code, const char **text) {
  *text = code == NO_MEMORY ? "out of memory" : code == NO_DEVICE ? "no CUDA-capable device is detected" : "an error";
  return OK;
}

#ifndef WITHOUT_GRAPHS
int cuStreamBeginCapture_v2(stream *one, int mode) {
  ENTER("cuStreamBeginCapture_v2", "%d", mode)
  NEEDS_CONTEXT("cuStreamBeginCapture_v2")
  one->capturing = calloc(1, sizeof *one->capturing);
  LEAVE
}

int cuStreamEndCapture(stream *one, graph **result) {
  ENTER("cuStreamEndCapture", "")
  NEEDS_CONTEXT("cuStreamEndCapture")
  *result = one->capturing;
  (*result)->live = true;
  objects++;
leave:
  one->capturing = NULL; /* whatever is wrong with it, it has ended */
  if (code)
    note("  = %d", code);
  pthread_mutex_unlock(&mutex);
  return code;
}

static int instantiate(graph **result, const graph *from) {
  *result = calloc(1, sizeof **result);
  **result = (graph){.live = true, .executable = true};
  for (uint32_t i = 0; i < from->queue.count; i++)
    *append(&(*result)->queue, LAUNCH) = from->queue.rows[i];
  objects++;
  return OK;
}

#ifdef OLD_GRAPHS
int cuGraphInstantiate(graph **result, graph *from, void **node, char *log, size_t size) {
  ENTER("cuGraphInstantiate", "")
  NEEDS_CONTEXT("cuGraphInstantiate")
  (void)node, (void)log, (void)size;
  code = instantiate(result, from);
  LEAVE
}
#else
int cuGraphInstantiateWithFlags(graph **result, graph *from, unsigned long long flags) {
  ENTER("cuGraphInstantiateWithFlags", "%llu", flags)
  NEEDS_CONTEXT("cuGraphInstantiateWithFlags")
  code = instantiate(result, from);
  LEAVE
}
#endif

int cuGraphLaunch(graph *one, stream *on) {
  ENTER("cuGraphLaunch", "")
  NEEDS_CONTEXT("cuGraphLaunch")
  if (!one->live || !one->executable)
    code = VIOLATION("a graph is launched that is none");
  else
    enqueue(on, GRAPH)->graph = one;
  LEAVE
}

static int destroy(graph *one) {
  if (!one->live)
    return VIOLATION("a graph is destroyed twice");
  one->live = false;
  objects--;
  return OK;
}

int cuGraphDestroy(graph *one) {
  ENTER("cuGraphDestroy", "")
  NEEDS_CONTEXT("cuGraphDestroy")
  code = destroy(one);
  LEAVE
}

int cuGraphExecDestroy(graph *one) {
  ENTER("cuGraphExecDestroy", "")
  NEEDS_CONTEXT("cuGraphExecDestroy")
  wait_for_all();
  code = destroy(one);
  LEAVE
}
#endif

/* For tests with tensors on the device: memory beside that of the runtime, in the same context. */
int stub_write(address_t to, const void *from, uint64_t bytes) {
  pthread_mutex_lock(&mutex);
  char *memory = of_device(to, bytes);
  if (memory)
    memcpy(memory, from, bytes);
  pthread_mutex_unlock(&mutex);
  return memory ? OK : INVALID;
}

int stub_read(void *to, address_t from, uint64_t bytes) {
  pthread_mutex_lock(&mutex);
  const char *memory = of_device(from, bytes);
  if (memory)
    memcpy(to, memory, bytes);
  pthread_mutex_unlock(&mutex);
  return memory ? OK : INVALID;
}
