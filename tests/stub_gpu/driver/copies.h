/* Copies between the processor and the device. */
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
