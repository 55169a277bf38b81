/* One run of a model through its C interface:  PROGRAM PARAMS INPUTS OUTPUTS [SHAPE...]
 *
 * INPUTS holds all inputs one behind the other, OUTPUTS gets all outputs. For a model with open dimensions
 * follow the shapes of all inputs and outputs, as 1,37,384. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "neo_model.h"

enum { MOST_TENSORS = 256 };

typedef int info_function(int32_t, neo_tensor_info *);

typedef struct {
  int32_t count;
  DLTensor rows[MOST_TENSORS];
  const DLTensor *pointers[MOST_TENSORS];
} tensors;

static void check(int failed, const char *what) {
  if (failed) {
    fprintf(stderr, "%s: %s\n", what, neo_last_error());
    exit(1);
  }
}

static size_t byte_size(const DLTensor *row) {
  size_t bytes = (row->dtype.bits + 7u) / 8u;
  for (int32_t i = 0; i < row->ndim; i++)
    bytes *= (size_t)row->shape[i];
  return bytes;
}

/* What the command line says of a shape; the program ends soon, so that nobody frees it. */
static int64_t *parse_shape(const char *text, int32_t ndim) {
  int64_t *shape = calloc((size_t)ndim + 1, sizeof *shape);
  check(shape == NULL, "no memory");
  for (int32_t i = 0; i < ndim; i++) {
    char *end;
    shape[i] = strtoll(text, &end, 10);
    text = *end ? end + 1 : end;
  }
  return shape;
}

static void allocate(tensors *all, int32_t count, info_function *info, char **shapes) {
  if (count > MOST_TENSORS) {
    fprintf(stderr, "more than %d inputs or outputs\n", MOST_TENSORS);
    exit(1);
  }
  all->count = count;
  for (int32_t i = 0; i < count; i++) {
    neo_tensor_info what;
    check(info(i, &what), "info");
    if (shapes)
      what.shape = parse_shape(shapes[i], what.ndim);
    DLTensor row = {.device = {kDLCPU, 0}, .ndim = what.ndim, .dtype = what.dtype, .shape = (int64_t *)what.shape};
    size_t bytes = (byte_size(&row) + 63) & ~(size_t)63;
    row.data = aligned_alloc(64, bytes ? bytes : 64);
    check(row.data == NULL, "no memory");
    all->rows[i] = row;
    all->pointers[i] = &all->rows[i];
  }
}

typedef size_t transfer(void *, size_t, FILE *);

static size_t get(void *data, size_t bytes, FILE *file) { return fread(data, 1, bytes, file); }
static size_t put(void *data, size_t bytes, FILE *file) { return fwrite(data, 1, bytes, file); }

static void move_all(const tensors *all, const char *path, const char *mode, transfer *move) {
  FILE *file = fopen(path, mode);
  int failed = file == NULL;
  for (int32_t i = 0; i < all->count && !failed; i++) {
    size_t bytes = byte_size(&all->rows[i]);
    failed = move(all->rows[i].data, bytes, file) != bytes;
  }
  if (failed || fclose(file)) {
    perror(path);
    exit(1);
  }
}

int main(int argc, char **argv) {
  static tensors inputs, outputs;
  neo_model *model = NULL;
  neo_session *session = NULL;
  int32_t given = argc - 4;
  if (given < 0)
    return 2;
  if (given && given != neo_input_count() + neo_output_count())
    return 2;
  char **shapes = given ? argv + 4 : NULL;
  check(neo_model_open(argv[1], 1, &model), "open");
  check(neo_session_create(model, &session), "session");
  allocate(&inputs, neo_input_count(), neo_input_info, shapes);
  allocate(&outputs, neo_output_count(), neo_output_info, shapes ? shapes + neo_input_count() : NULL);
  move_all(&inputs, argv[2], "rb", get);
  check(neo_session_run(session, inputs.pointers, inputs.count, outputs.pointers, outputs.count), "run");
  move_all(&outputs, argv[3], "wb", put);
  check(neo_session_destroy(session), "destroy");
  check(neo_model_close(model), "close");
  return 0;
}
