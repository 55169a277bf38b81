/* What the driver keeps, and what every call of it begins and ends with. */
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

#include "../machine.h"

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
