#include "transfer.h"

#include <string.h>

#include "../check.h"
#include "../error.h"
#include "../memory.h"
#include "../plan.h"

/* While the device fetches one piece the processor copies the next into page-locked memory. */
enum { PIECE = 1 << 20 };

const char *neo_refuse_device(DLDevice device) {
  switch ((int)device.device_type) {
  case kDLCPU:
  case kDLCUDAHost:
    return NULL;
  case kDLCUDA:
  case kDLCUDAManaged:
    return device.device_id == 0 ? NULL : "is on another GPU than the model";
  default:
    return "is neither in CPU memory nor on the GPU";
  }
}

static void place(neo_gpu_buffer *buffer, const DLTensor *tensor) {
  char *memory = (char *)tensor->data + tensor->byte_offset;
  bool on_device = tensor->device.device_type == kDLCUDA || tensor->device.device_type == kDLCUDAManaged;
  buffer->host = on_device ? NULL : memory;
  buffer->device = on_device ? (neo_cu_address)(uintptr_t)memory : 0;
  buffer->used = on_device && buffer->device % NEO_ALIGNMENT == 0 ? buffer->device : buffer->own;
}

static int upload_pieces(neo_session *session, const neo_gpu_buffer *buffer, uint64_t bytes) {
  for (uint64_t done = 0; done < bytes; done += PIECE) {
    size_t size = (size_t)(bytes - done < PIECE ? bytes - done : PIECE);
    memcpy(buffer->pinned + done, buffer->host + done, size);
    if (neo_cu_check(neo_cu.upload(buffer->own + done, buffer->pinned + done, size, session->stream),
                     "an input cannot be copied to the GPU"))
      return -1;
  }
  return 0;
}

static int copy(neo_session *session, neo_cu_address to, neo_cu_address from, uint64_t bytes) {
  if (to == from || bytes == 0)
    return 0;
  return neo_cu_check(neo_cu.copy(to, from, (size_t)bytes, session->stream), "a copy on the GPU");
}

static void settle_addresses(neo_session *session) {
  for (uint32_t i = 0; i < neo_plan.n_tensors; i++) {
    const neo_tensor_row *row = &neo_plan.tensors[i];
    if (row->where == NEO_INPUT)
      session->addresses[i] = session->inputs[row->index].used + row->offset;
    else if (row->where == NEO_OUTPUT)
      session->addresses[i] = session->outputs[row->index].used + row->offset;
  }
}

int neo_bind(neo_session *session, const DLTensor *const *inputs, const DLTensor *const *outputs) {
  for (uint32_t i = 0; i < neo_plan.n_outputs; i++)
    place(&session->outputs[i], outputs[i]);
  for (uint32_t i = 0; i < neo_plan.n_inputs; i++) {
    neo_gpu_buffer *buffer = &session->inputs[i];
    uint64_t bytes = neo_plan.inputs[i].bytes;
    place(buffer, inputs[i]);
    if (buffer->host ? upload_pieces(session, buffer, bytes) : copy(session, buffer->used, buffer->device, bytes))
      return -1;
  }
  settle_addresses(session);
  return 0;
}

/* The order does not matter: the compiler lets no output take its value from the buffer of another one that is
 * itself written here. */
static int send(neo_session *session, uint32_t number) {
  neo_gpu_buffer *buffer = &session->outputs[number];
  neo_cu_address value = session->addresses[neo_plan.results[number]];
  uint64_t bytes = neo_plan.outputs[number].bytes;
  if (!buffer->host)
    return copy(session, buffer->device, value, bytes);
  if (bytes == 0)
    return 0;
  if (neo_cu_check(neo_cu.download(buffer->pinned, value, (size_t)bytes, session->stream),
                   "an output cannot be copied from the GPU"))
    return -1;
  return neo_cu_check(neo_cu.event_record(buffer->arrived, session->stream), "cuEventRecord");
}

int neo_deliver(neo_session *session) {
  for (uint32_t i = 0; i < neo_plan.n_outputs; i++)
    if (send(session, i))
      return -1;
  for (uint32_t i = 0; i < neo_plan.n_outputs; i++) {
    neo_gpu_buffer *buffer = &session->outputs[i];
    uint64_t bytes = neo_plan.outputs[i].bytes;
    if (!buffer->host || bytes == 0)
      continue;
    if (neo_cu_check(neo_cu.event_wait(buffer->arrived), "the GPU fails while the model runs"))
      return -1;
    memcpy(buffer->host, buffer->pinned, (size_t)bytes);
  }
  return neo_cu_check(neo_cu.stream_wait(session->stream), "the GPU fails while the model runs");
}
