#include "check.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "error.h"

enum { SHAPE_TEXT = 200, DTYPE_TEXT = 24 };

static const char *const type_names[] = {
    [kDLInt] = "int", [kDLUInt] = "uint", [kDLFloat] = "float", [kDLBfloat] = "bfloat", [kDLBool] = "bool"};

static void write_shape(char *text, const int64_t *shape, int32_t ndim) {
  size_t used = (size_t)snprintf(text, SHAPE_TEXT, "[");
  for (int32_t i = 0; i < ndim && used < SHAPE_TEXT; i++)
    used += (size_t)snprintf(text + used, SHAPE_TEXT - used, i ? ",%lld" : "%lld", (long long)shape[i]);
  if (used < SHAPE_TEXT)
    snprintf(text + used, SHAPE_TEXT - used, "]");
}

static void write_dtype(char *text, DLDataType dtype) {
  const char *name = dtype.code < sizeof type_names / sizeof *type_names ? type_names[dtype.code] : NULL;
  if (!name)
    snprintf(text, DTYPE_TEXT, "type code %d", dtype.code);
  else if (dtype.code == kDLBool && dtype.bits == 8)
    snprintf(text, DTYPE_TEXT, "%s", name);
  else if (dtype.lanes == 1)
    snprintf(text, DTYPE_TEXT, "%s%d", name, dtype.bits);
  else
    snprintf(text, DTYPE_TEXT, "%s%dx%d", name, dtype.bits, dtype.lanes);
}

static int wrong_dtype(const char *kind, const neo_spec_row *row, DLDataType given) {
  char is[DTYPE_TEXT], should[DTYPE_TEXT];
  write_dtype(is, given);
  write_dtype(should, row->dtype);
  return neo_fail("%s '%s': %s given, %s expected", kind, row->name, is, should);
}

static int wrong_shape(const char *kind, const neo_spec_row *row, const int64_t *shape,
                       const DLTensor *tensor) {
  char is[SHAPE_TEXT], should[SHAPE_TEXT];
  write_shape(is, tensor->shape, tensor->ndim);
  write_shape(should, shape, (int32_t)row->ndim);
  return neo_fail("%s '%s': shape %s given, %s expected", kind, row->name, is, should);
}

static bool same_shape(const DLTensor *tensor, const neo_spec_row *row, const int64_t *shape) {
  if (tensor->ndim != (int32_t)row->ndim)
    return false;
  for (uint32_t i = 0; i < row->ndim; i++)
    if (tensor->shape[i] != shape[i])
      return false;
  return true;
}

static bool compact(const DLTensor *tensor) {
  int64_t expected = 1;
  for (int32_t i = tensor->ndim; tensor->strides && i-- > 0;) {
    if (tensor->shape[i] != 1 && tensor->strides[i] != expected)
      return false;
    expected *= tensor->shape[i];
  }
  return true;
}

static int check_tensor(const char *kind, const DLTensor *tensor, const neo_spec_row *row,
                        const int64_t *shape) {
  if (!tensor)
    return neo_fail("%s '%s' is missing", kind, row->name);
  const char *refusal = neo_refuse_device(tensor->device);
  if (refusal)
    return neo_fail("%s '%s' %s", kind, row->name, refusal);
  if (memcmp(&tensor->dtype, &row->dtype, sizeof row->dtype) != 0)
    return wrong_dtype(kind, row, tensor->dtype);
  if (!same_shape(tensor, row, shape))
    return wrong_shape(kind, row, shape, tensor);
  if (row->bytes > 0 && !compact(tensor))
    return neo_fail("%s '%s' is not compact and row-major", kind, row->name);
  if (row->bytes > 0 && !tensor->data)
    return neo_fail("%s '%s' has no data", kind, row->name);
  return 0;
}

static int check_tensors(const char *kind, const DLTensor *const *tensors, int32_t given,
                         const neo_spec_row *rows, uint32_t expected, const int64_t *shapes) {
  if (given < 0 || (uint32_t)given != expected || (given > 0 && !tensors))
    return neo_fail("%d %ss given, %u expected", (int)given, kind, (unsigned)expected);
  for (int32_t i = 0; i < given; i++)
    if (check_tensor(kind, tensors[i], &rows[i], shapes + rows[i].shape))
      return -1;
  return 0;
}

int neo_check_call(const neo_call *call, const int64_t *shapes) {
  if (check_tensors("input", call->inputs, call->n_inputs, neo_plan.inputs, neo_plan.n_inputs, shapes))
    return -1;
  return check_tensors("output", call->outputs, call->n_outputs, neo_plan.outputs, neo_plan.n_outputs, shapes);
}
