/* For tests with tensors on the device: memory beside that of the runtime, in the same context. */
int stub_write(address_t to, const void *from, uint64_t bytes) {
  pthread_mutex_lock(&mutex);
  char *memory = of_device(to, bytes);
  if (memory)
    memcpy(memory, from, bytes);
  pthread_mutex_unlock(&mutex);
  return memory ? OK : INVALID;
}

int stub_read(void *to, address_t from, uint64_t bytes) {
  pthread_mutex_lock(&mutex);
  const char *memory = of_device(from, bytes);
  if (memory)
    memcpy(to, memory, bytes);
  pthread_mutex_unlock(&mutex);
  return memory ? OK : INVALID;
}
