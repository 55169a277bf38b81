/* The rest of machine.h: included by translated kernels alone. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "machine.h"

enum { STACK = 1 << 16, MOST_THREADS = 1024, WARP = 32, UNWRITTEN = 0xff };
enum { MOST_OFFERED = 10 }; /* registers that an instruction of a warp takes of a lane */
enum { RUNNING, WAITING, SHUFFLING, FINISHED };

typedef struct {
  const stub_launch *launch;
  uint32_t tid[3], ctaid[3], number;
  char *shared;
  int state;
  uint32_t site;   /* of the barrier at which it waits */
  uint32_t offered[MOST_OFFERED];  /* to the other threads of its warp */
  uint32_t (*warp)[MOST_OFFERED]; /* what they offered */
  ucontext_t context;
} thread;

typedef void body_function(thread *self);

static thread threads_[MOST_THREADS];
static uint32_t offers[MOST_THREADS][MOST_OFFERED];
static ucontext_t scheduler;
static char *stacks;
static thread *current;
static body_function *current_body;

static void fail(const thread *self, const char *what, unsigned line, uint64_t value) {
  if (!self->launch->error[0])
    snprintf(self->launch->error, 256, "line %u of the PTX, block %u,%u,%u, thread %u,%u,%u: %s %llx", line,
             self->ctaid[0], self->ctaid[1], self->ctaid[2], self->tid[0], self->tid[1], self->tid[2], what,
             (unsigned long long)value);
}

static uint64_t nowhere[4];

static uint32_t last;

static int search(const stub_launch *launch, uint64_t address, uint32_t bytes) {
  for (uint32_t tries = 0; tries < launch->n_ranges; tries++) {
    uint32_t i = (last + tries) % launch->n_ranges;
    if (address >= launch->ranges[i].low && address + bytes <= launch->ranges[i].high) {
      last = i;
      return 1;
    }
  }
  return 0;
}

static inline int inside(const stub_launch *launch, uint64_t address, uint32_t bytes) {
  const stub_range *range = &launch->ranges[last];
  return (address >= range->low && address + bytes <= range->high) || search(launch, address, bytes);
}

static inline void *global_at(const thread *self, uint64_t address, uint32_t bytes, uint32_t line) {
  if (__builtin_expect(address % bytes || !inside(self->launch, address, bytes), 0)) {
    fail(self, address % bytes ? "misaligned global address" : "global address outside of any memory", line,
         address);
    return nowhere;
  }
  return (void *)(uintptr_t)(address - DEVICE);
}

static inline void *shared_at(const thread *self, uint64_t address, uint32_t bytes, uint32_t total, uint32_t line) {
  uint64_t offset = address - (uint64_t)(uintptr_t)self->shared;
  if (__builtin_expect(address % bytes || offset + bytes > total || offset > total, 0)) {
    fail(self, "shared address misaligned or outside, offset", line, offset);
    return nowhere;
  }
  return (void *)(uintptr_t)address;
}

static inline void *generic_at(const thread *self, uint64_t address, uint32_t bytes, uint32_t line) {
  return address >= DEVICE ? global_at(self, address, bytes, line) : (void *)(uintptr_t)address;
}

static void give_way(thread *self, int state, uint32_t site) {
  self->state = state;
  self->site = site;
  swapcontext(&self->context, &scheduler);
}

static inline uint32_t shuffle(thread *self, uint32_t value, uint32_t lane, uint32_t site) {
  self->offered[0] = value;
  give_way(self, SHUFFLING, site);
  return self->warp[lane][0];
}

static void enter(void) {
  thread *self = current;
  current_body(self);
  self->state = FINISHED;
}

static uint32_t mixed(uint32_t seed, uint32_t i) {
  uint32_t x = seed * 2654435761u ^ i * 40503u;
  x ^= x >> 15, x *= 2246822519u, x ^= x >> 13;
  return x;
}

static void shuffle_order(uint32_t *order, uint32_t count, uint32_t how) {
  for (uint32_t i = 0; i < count; i++)
    order[i] = how == 1 ? count - 1 - i : i;
  for (uint32_t i = count; how > 1 && i-- > 1;) {
    uint32_t other = mixed(how, i) % (i + 1), kept = order[i];
    order[i] = order[other];
    order[other] = kept;
  }
}

static void resume(thread *one) {
  one->state = RUNNING;
  current = one;
  swapcontext(&scheduler, &one->context);
}

/* Lets the threads that wait for their warp go on, where all of it has come. */
static int resolve_shuffles(uint32_t count) {
  int any = 0;
  for (uint32_t first = 0; first < count; first += WARP) {
    uint32_t end = first + WARP < count ? first + WARP : count, waiting = 0;
    for (uint32_t i = first; i < end; i++)
      waiting += threads_[i].state == SHUFFLING;
    if (!waiting)
      continue;
    for (uint32_t i = first; i < end; i++) {
      if (threads_[i].state != SHUFFLING || threads_[i].site != threads_[first].site)
        fail(&threads_[i], "an instruction of a warp that not all of it take part in", threads_[i].site, 0);
      memcpy(offers[i], threads_[i].offered, sizeof offers[i]);
    }
    any = 1;
  }
  return any;
}

static void check_barrier(uint32_t count) {
  const thread *first = NULL;
  for (uint32_t i = 0; i < count; i++)
    if (threads_[i].state == WAITING) {
      if (first && first->site != threads_[i].site)
        fail(&threads_[i], "waits at another barrier than the rest of its block, line", threads_[i].site,
             first->site);
      first = first ? first : &threads_[i];
    }
}

static void run_fibers(uint32_t count, const uint32_t *order, const char *error) {
  for (uint32_t left = count; left > 0 && !error[0];) {
    int shuffled = resolve_shuffles(count);
    if (!shuffled)
      check_barrier(count);
    for (uint32_t i = 0; i < count && !error[0]; i++) {
      thread *one = &threads_[order[i]];
      if (one->state == FINISHED || (shuffled && one->state == WAITING))
        continue;
      resume(one);
      left -= one->state == FINISHED;
    }
  }
}

static void start_thread(thread *one) {
  getcontext(&one->context);
  one->context.uc_stack.ss_sp = stacks + (size_t)one->number * STACK;
  one->context.uc_stack.ss_size = STACK;
  one->context.uc_link = &scheduler;
  makecontext(&one->context, enter, 0);
}

static void run_block(const stub_launch *launch, const uint32_t *ctaid, body_function *body, char *shared,
                      int barriers, const uint32_t *order) {
  uint32_t count = 0;
  for (uint32_t z = 0; z < launch->block[2]; z++)
    for (uint32_t y = 0; y < launch->block[1]; y++)
      for (uint32_t x = 0; x < launch->block[0]; x++, count++) {
        thread *one = &threads_[count];
        one->launch = launch;
        one->tid[0] = x, one->tid[1] = y, one->tid[2] = z;
        memcpy(one->ctaid, ctaid, sizeof one->ctaid);
        one->number = count;
        one->shared = shared;
        one->state = RUNNING;
        one->warp = offers + count / WARP * WARP;
        if (barriers)
          start_thread(one);
      }
  current_body = body;
  if (barriers)
    run_fibers(count, order, launch->error);
  else
    for (uint32_t i = 0; i < count && !launch->error[0]; i++)
      body(&threads_[order[i]]);
}

static void run_grid(const stub_launch *launch, body_function *body, uint32_t shared_bytes, int barriers) {
  static _Alignas(256) char shared[1 << 18];
  static uint32_t order[MOST_THREADS];
  if (!stacks)
    stacks = mmap(NULL, (size_t)STACK * MOST_THREADS, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  last = 0;
  shuffle_order(order, launch->block[0] * launch->block[1] * launch->block[2], launch->order);
  uint32_t ctaid[3];
  for (ctaid[2] = 0; ctaid[2] < launch->grid[2]; ctaid[2]++)
    for (ctaid[1] = 0; ctaid[1] < launch->grid[1]; ctaid[1]++)
      for (ctaid[0] = 0; ctaid[0] < launch->grid[0] && !launch->error[0]; ctaid[0]++) {
        memset(shared, UNWRITTEN, shared_bytes);
        run_block(launch, ctaid, body, shared, barriers, order);
      }
}

/* Registers hold bits. */
static inline float F(uint32_t bits) { float x; memcpy(&x, &bits, 4); return x; }
static inline uint32_t FB(float x) { uint32_t bits; memcpy(&bits, &x, 4); return bits; }
static inline double D(uint64_t bits) { double x; memcpy(&x, &bits, 8); return x; }
static inline uint64_t DB(double x) { uint64_t bits; memcpy(&bits, &x, 8); return bits; }
static inline _Float16 H(uint16_t bits) { _Float16 x; memcpy(&x, &bits, 2); return x; }
static inline uint16_t HB(_Float16 x) { uint16_t bits; memcpy(&bits, &x, 2); return bits; }

/* Conversions to whole numbers clamp, NaN gives 0. */
#define CLAMPED(name, type, low, high)                                                                   \
  static inline type name(double x) {                                                                    \
    return isnan(x) ? 0 : x <= (double)low ? low : x >= (double)high ? high : (type)x;                   \
  }
CLAMPED(to_s8, int8_t, INT8_MIN, INT8_MAX)
CLAMPED(to_u8, uint8_t, 0, UINT8_MAX)
CLAMPED(to_s16, int16_t, INT16_MIN, INT16_MAX)
CLAMPED(to_u16, uint16_t, 0, UINT16_MAX)
CLAMPED(to_s32, int32_t, INT32_MIN, INT32_MAX)
CLAMPED(to_u32, uint32_t, 0, UINT32_MAX)
CLAMPED(to_s64, int64_t, INT64_MIN, INT64_MAX)
CLAMPED(to_u64, uint64_t, 0, UINT64_MAX)

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define MIN_NAN(a, b) ((a) != (a) || (b) != (b) ? (float)NAN : fminf(a, b))
#define MAX_NAN(a, b) ((a) != (a) || (b) != (b) ? (float)NAN : fmaxf(a, b))
static inline float saturated(float x) { return isnan(x) ? 0 : x < 0 ? 0 : x > 1 ? 1 : x; }

static inline uint64_t extracted(uint64_t bits, uint32_t start, uint32_t length) {
  start &= 255, length &= 255;
  return start >= 64 ? 0 : bits >> start & (length >= 64 ? UINT64_MAX : ((uint64_t)1 << length) - 1);
}

static inline float fma_down(float a, float b, float c) {
  float nearest = fmaf(a, b, c);
  return (double)nearest > (double)a * b + c ? nextafterf(nearest, -INFINITY) : nearest;
}

/* To the ten bits of tf32's fraction, halves away from zero. */
static inline uint32_t rounded_tf32(uint32_t bits) {
  return (bits & 0x7f800000) == 0x7f800000 ? bits : (bits + 0x1000) & 0xffffe000;
}

/* Term `term` of row `row`, or of column `row` of the second operand, of which `first` is the first register. */
static double factor(uint32_t (*warp)[MOST_OFFERED], int row, int term, int wide, int rows, int first) {
  int packed = wide ? 1 : 2, part = term / (4 * packed), lane = row % 8 * 4 + term / packed % 4;
  uint32_t bits = warp[lane][first + part * rows + row / 8];
  return wide ? F(bits & 0xffffe000) : (double)H((uint16_t)(bits >> 16 * (term % 2)));
}

/* A warp's product of 16 rows and 8 columns: `given` holds a lane's registers of both operands, and four sums
 * (PTX ISA 7.8, 9.7.14.5). The hardware ignores what tf32 has no bits for, and adds up in float. */
static inline void multiply(thread *self, const uint32_t *given, int terms, int wide, uint32_t *result, uint32_t site) {
  int parts = terms / (wide ? 4 : 8), lane = (int)(self->number % WARP);
  memcpy(self->offered, given, (size_t)(3 * parts) * sizeof *given);
  give_way(self, SHUFFLING, site);
  for (int i = 0; i < 4; i++) {
    int row = lane / 4 + i / 2 * 8, column = lane % 4 * 2 + i % 2;
    float sum = F(given[3 * parts + i]);
    for (int term = 0; term < terms; term++)
      sum += (float)(factor(self->warp, row, term, wide, 2, 0) * factor(self->warp, column, term, wide, 1, 2 * parts));
    result[i] = FB(sum);
  }
}
