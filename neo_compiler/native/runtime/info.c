/* The questions about a model that its tables answer. */
#include <stddef.h>

#include "error.h"
#include "memory.h"
#include "neo_model.h"
#include "plan.h"

uint32_t neo_abi_version(void) { return NEO_ABI_VERSION; }

int32_t neo_input_count(void) { return (int32_t)neo_plan.n_inputs; }

int32_t neo_output_count(void) { return (int32_t)neo_plan.n_outputs; }

static int spec_info(const char *kind, const neo_spec_row *rows, uint32_t count, int32_t index,
                     neo_tensor_info *info) {
  if (index < 0 || (uint32_t)index >= count)
    return neo_fail("%s %d: this model has %u", kind, (int)index, (unsigned)count);
  const neo_spec_row *row = &rows[index];
  *info = (neo_tensor_info){row->name, row->dtype, (int32_t)row->ndim, neo_plan.shapes + row->shape};
  return 0;
}

int neo_input_info(int32_t index, neo_tensor_info *info) {
  return spec_info("input", neo_plan.inputs, neo_plan.n_inputs, index, info);
}

int neo_output_info(int32_t index, neo_tensor_info *info) {
  return spec_info("output", neo_plan.outputs, neo_plan.n_outputs, index, info);
}

static uint64_t sum_of_bytes(const neo_spec_row *rows, uint32_t count) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < count; i++)
    sum += neo_round_up(rows[i].bytes);
  return sum;
}

uint64_t neo_io_bytes(void) {
  return sum_of_bytes(neo_plan.inputs, neo_plan.n_inputs) + sum_of_bytes(neo_plan.outputs, neo_plan.n_outputs);
}

void neo_memory(neo_memory_info *info) {
  *info = (neo_memory_info){
      .arena = neo_plan.arena_bytes,
      .params = neo_plan.params_bytes,
      .scratch = neo_plan.scratch_bytes,
      .io = neo_io_bytes(),
  };
}

int32_t neo_step_count(void) { return (int32_t)neo_plan.n_steps; }

const char *neo_step_name(int32_t index) {
  return index >= 0 && (uint32_t)index < neo_plan.n_steps ? neo_plan.steps[index].name : NULL;
}

int32_t neo_dimension_count(void) { return (int32_t)neo_plan.n_dimensions; }

int neo_dimension_info(int32_t index, neo_dimension *info) {
  if (index < 0 || (uint32_t)index >= neo_plan.n_dimensions)
    return neo_fail("dimension %d: this model has %u", (int)index, (unsigned)neo_plan.n_dimensions);
  const neo_dimension_row *row = &neo_plan.dimensions[index];
  *info = (neo_dimension){row->name, row->low, row->high, (int32_t)row->input, (int32_t)row->axis};
  return 0;
}
