#include "dimensions.h"

#include "error.h"
#include "plan.h"

static int size_of(const neo_dimension_row *row, const DLTensor *const *inputs, int32_t n_inputs, int64_t *size) {
  const char *name = neo_plan.inputs[row->input].name;
  if (!inputs || n_inputs < 0 || row->input >= (uint32_t)n_inputs || !inputs[row->input])
    return neo_fail("input '%s' is missing", name);
  const DLTensor *tensor = inputs[row->input];
  if (tensor->ndim != (int32_t)neo_plan.inputs[row->input].ndim)
    return neo_fail("input '%s': %d dimensions given, %u expected", name, (int)tensor->ndim,
                    (unsigned)neo_plan.inputs[row->input].ndim);
  *size = tensor->shape[row->axis];
  if (*size < row->low || *size > row->high)
    return neo_fail("input '%s': dimension '%s' is %lld, %lld to %lld is possible", name, row->name,
                    (long long)*size, (long long)row->low, (long long)row->high);
  return 0;
}

static int64_t sum(const int64_t *row, const int64_t *sizes) {
  int64_t total = row[0];
  for (uint32_t i = 0; i < neo_plan.n_dimensions; i++)
    total += row[1 + i] * sizes[i];
  return total;
}

static void fill_shapes(neo_session *session) {
  const int64_t *row = neo_plan.sums;
  for (uint32_t i = 0; i < neo_plan.n_shapes; i++) {
    if (neo_plan.shapes[i] >= 0)
      continue;
    session->shapes[i] = sum(row, session->sizes);
    row += 1 + neo_plan.n_dimensions;
  }
}

static void fill_args(neo_session *session) {
  for (uint32_t i = 0; i < neo_plan.n_args; i++)
    if (neo_plan.args[i] >= neo_plan.n_tensors)
      session->args[i].v_int64 = session->sizes[neo_plan.args[i] - neo_plan.n_tensors];
}

static void fill(const DLTensor *tensor, uint32_t place, int64_t value) {
  if (tensor->dtype.code == kDLFloat)
    ((float *)tensor->data)[place] = (float)value;
  else if (tensor->dtype.bits == 64)
    ((int64_t *)tensor->data)[place] = value;
  else
    ((int32_t *)tensor->data)[place] = (int32_t)value;
}

static void fill_tensors(neo_session *session) {
  const int64_t *row = neo_plan.filled;
  for (uint32_t i = 0; i < neo_plan.n_fills; i++)
    for (uint32_t place = 0; place < neo_plan.fills[i].count; place++) {
      fill(&session->tensors[neo_plan.fills[i].tensor], place, sum(row, session->sizes));
      row += 1 + neo_plan.n_dimensions;
    }
}

int neo_take_sizes(neo_session *session, const DLTensor *const *inputs, int32_t n_inputs) {
  for (uint32_t i = 0; i < neo_plan.n_dimensions; i++)
    if (size_of(&neo_plan.dimensions[i], inputs, n_inputs, &session->sizes[i]))
      return -1;
  if (neo_plan.n_dimensions > 0) {
    fill_shapes(session);
    fill_args(session);
    fill_tensors(session);
  }
  return 0;
}

uint64_t neo_bytes(const neo_session *session, const neo_spec_row *row) {
  if (neo_plan.n_dimensions == 0)
    return row->bytes;
  uint64_t bytes = row->dtype.bits / 8u;
  for (uint32_t i = 0; i < row->ndim; i++)
    bytes *= (uint64_t)session->shapes[row->shape + i];
  return bytes;
}
