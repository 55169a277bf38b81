/* The model as constant tables; the generated source defines `neo_plan`, the runtime loops over it. */
#ifndef NEO_PLAN_H
#define NEO_PLAN_H

#include <stdint.h>

#include "dlpack.h"
#include "kernel_abi.h"

enum neo_where { NEO_INPUT = 0, NEO_OUTPUT = 1, NEO_ARENA = 2, NEO_PARAMS = 3 };

/* A dimension whose size each run gives: that of axis `axis` of input `input`. */
typedef struct {
  const char *name;
  int64_t low, high;
  uint32_t input, axis;
} neo_dimension_row;

/* A model's input or output, and the most bytes that it takes; `shape` starts at neo_plan.shapes[shape]. */
typedef struct {
  const char *name;
  DLDataType dtype;
  uint32_t ndim;
  uint32_t shape;
  uint64_t bytes;
} neo_spec_row;

/* A tensor; `offset` counts from the start of input or output `index`, of the arena or of the parameters. */
typedef struct {
  uint64_t offset;
  uint32_t index;
  uint32_t shape;
  DLDataType dtype;
  uint16_t ndim;
  uint16_t where;
} neo_tensor_row;

/* A tensor of `count` values that are sums, as those of shapes are: neo_plan.filled has them one by one. */
typedef struct {
  uint32_t tensor, count;
} neo_fill_row;

/* One kernel call; its tensors are neo_plan.args[first_arg ... first_arg + n_args - 1]. n_tensors + d stands
 * for the size of dimension d. On a GPU, where cuda.h tells the rest, `kernel` is NULL. */
typedef struct {
  neo_kernel *kernel;
  const char *name;
  uint32_t first_arg;
  uint32_t n_args;
} neo_step_row;

typedef struct {
  const neo_spec_row *inputs, *outputs;
  const neo_tensor_row *tensors;
  const neo_step_row *steps;
  const uint32_t *args;
  const uint32_t *results; /* for each output, the tensor that holds its value after the last step */
  const int64_t *shapes; /* -1: the run decides; for each of them, in their order, `sums` has 1 + n_dimensions */
  const neo_dimension_row *dimensions;
  const int64_t *sums; /* numbers: a constant, and how many times each dimension is added to it */
  const neo_fill_row *fills;
  const int64_t *filled;
  uint32_t n_inputs, n_outputs, n_tensors, n_steps, n_args, n_shapes, n_dimensions, n_fills;
  uint64_t arena_bytes, params_bytes, scratch_bytes;
} neo_plan_tables;

extern const neo_plan_tables neo_plan;

/* Bytes of copies of all inputs and outputs, each aligned. */
uint64_t neo_io_bytes(void);

#endif
