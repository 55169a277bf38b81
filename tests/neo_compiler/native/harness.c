/* Many threads on two models at once, through the public interface alone: every run has to give the bytes
 * that a single-threaded model gives. Usage: harness PARAMS|- THREADS CALLERS RUNS */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "neo_model.h"

enum { MAX_TENSORS = 8, MAX_NDIM = 8 };

#define CHECK(condition)                                                              \
  do {                                                                                \
    if (!(condition)) {                                                               \
      fprintf(stderr, "line %d: %s: %s\n", __LINE__, #condition, neo_last_error());   \
      exit(1);                                                                        \
    }                                                                                 \
  } while (0)

typedef struct {
  int32_t n;
  size_t bytes[MAX_TENSORS];
  DLTensor tensors[MAX_TENSORS];
  const DLTensor *pointers[MAX_TENSORS];
  char *memory[MAX_TENSORS];
} buffers;

static void make(buffers *b, int32_t n, int (*info)(int32_t, neo_tensor_info *), size_t misalign) {
  b->n = n;
  for (int32_t i = 0; i < n; i++) {
    neo_tensor_info row;
    CHECK(info(i, &row) == 0);
    b->bytes[i] = row.dtype.bits / 8;
    for (int32_t k = 0; k < row.ndim; k++)
      b->bytes[i] *= (size_t)row.shape[k];
    b->memory[i] = aligned_alloc(64, (b->bytes[i] + misalign + 63) / 64 * 64);
    b->tensors[i] = (DLTensor){b->memory[i], {kDLCPU, 0}, row.ndim, row.dtype, (int64_t *)row.shape, NULL, misalign};
    b->pointers[i] = &b->tensors[i];
  }
}

static void drop(buffers *b) {
  for (int32_t i = 0; i < b->n; i++)
    free(b->memory[i]);
}

static char *data(const buffers *b, int32_t i) { return b->memory[i] + b->tensors[i].byte_offset; }

static void fill(buffers *b, int seed) {
  for (int32_t i = 0; i < b->n; i++)
    for (size_t k = 0; k < b->bytes[i] / 4; k++) {
      int32_t whole = 1 + (seed * 37) % 300;
      float real = (float)((seed + (int)k * 7) % 13 - 6) / 4;
      memcpy(data(b, i) + 4 * k, b->tensors[i].dtype.code == kDLFloat ? (void *)&real : (void *)&whole, 4);
    }
}

enum { SEEDS = 16 };
static buffers expected[SEEDS];

typedef struct {
  neo_model *model;
  int number, runs;
} caller_state;

static void *caller(void *argument) {
  const caller_state *self = argument;
  neo_session *session;
  buffers in, out;
  size_t misalign = self->number % 3 == 2 ? 4 : 0;
  make(&in, neo_input_count(), neo_input_info, misalign);
  make(&out, neo_output_count(), neo_output_info, misalign);
  CHECK(neo_session_create(self->model, &session) == 0);
  for (int run = 0; run < self->runs; run++) {
    int seed = (run + self->number) % SEEDS;
    fill(&in, seed);
    CHECK(neo_session_run(session, in.pointers, in.n, out.pointers, out.n) == 0);
    for (int32_t i = 0; i < out.n; i++)
      CHECK(memcmp(data(&out, i), data(&expected[seed], i), out.bytes[i]) == 0);
  }
  CHECK(neo_session_destroy(session) == 0);
  drop(&in);
  drop(&out);
  return NULL;
}

static void compute_expected(const char *params) {
  neo_model *model;
  neo_session *session;
  buffers in;
  make(&in, neo_input_count(), neo_input_info, 0);
  CHECK(neo_model_open(params, 1, &model) == 0);
  CHECK(neo_session_create(model, &session) == 0);
  for (int seed = 0; seed < SEEDS; seed++) {
    fill(&in, seed);
    make(&expected[seed], neo_output_count(), neo_output_info, 0);
    CHECK(neo_session_run(session, in.pointers, in.n, expected[seed].pointers, expected[seed].n) == 0);
  }
  CHECK(neo_model_close(model) == -1 && strstr(neo_last_error(), "session"));
  CHECK(neo_session_destroy(session) == 0);
  CHECK(neo_model_close(model) == 0);
  drop(&in);
}

static void call_all(neo_model *const *models, int callers, int runs) {
  pthread_t *threads = calloc((size_t)callers, sizeof *threads);
  caller_state *states = calloc((size_t)callers, sizeof *states);
  for (int i = 0; i < callers; i++) {
    states[i] = (caller_state){models[i % 2], i, runs};
    CHECK(pthread_create(&threads[i], NULL, caller, &states[i]) == 0);
  }
  for (int i = 0; i < callers; i++)
    pthread_join(threads[i], NULL);
  free(threads);
  free(states);
}

#ifndef NO_FORK
/* A child has no threads but its own: it computes alone, and closes the model that it inherited. */
static void call_in_child(neo_model *model) {
  pid_t child = fork();
  if (child == 0) {
    caller_state state = {model, 0, 20};
    caller(&state);
    _exit(neo_model_close(model) ? 2 : 0);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
#endif

int main(int count, char **arguments) {
  if (count != 5)
    return 2;
  const char *params = strcmp(arguments[1], "-") ? arguments[1] : NULL;
  int threads = atoi(arguments[2]), callers = atoi(arguments[3]), runs = atoi(arguments[4]);
  neo_model *models[2];
  compute_expected(params);
  for (int i = 0; i < 2; i++)
    CHECK(neo_model_open(params, threads, &models[i]) == 0 && neo_model_threads(models[i]) == threads);
  call_all(models, callers, runs);
#ifndef NO_FORK
  call_in_child(models[0]);
#endif
  call_all(models, 2, 3);
  for (int i = 0; i < 2; i++)
    CHECK(neo_model_close(models[i]) == 0);
  for (int seed = 0; seed < SEEDS; seed++)
    drop(&expected[seed]);
  puts("ok");
  return 0;
}
