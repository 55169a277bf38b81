/* Launches. */
static int check_launch(const function *one, const operation *row) {
  const stub_kernel *kernel = one->kernel;
  uint64_t threads = (uint64_t)row->block[0] * row->block[1] * row->block[2];
  if (!one->module->live)
    return VIOLATION("%s: its module is unloaded", kernel->name);
  if (threads == 0 || threads > 1024 || row->block[2] > 64 || (kernel->most_threads && threads > kernel->most_threads))
    return VIOLATION("%s: a block of %llu threads", kernel->name, (unsigned long long)threads);
  if (!row->grid[0] || !row->grid[1] || !row->grid[2] || row->grid[0] > INT32_MAX || row->grid[1] > 65535 ||
      row->grid[2] > 65535)
    return VIOLATION("%s: a grid of %u,%u,%u", kernel->name, row->grid[0], row->grid[1], row->grid[2]);
  if (row->shared + kernel->shared_bytes > 48 << 10)
    return VIOLATION("%s: %u bytes of shared memory", kernel->name, row->shared + kernel->shared_bytes);
  for (uint32_t i = 0; i < kernel->n_params; i++)
    if (row->params[i] % 64 || !find(row->params[i], 1, false))
      return VIOLATION("%s: parameter %u is %llx, no 64-byte aligned device memory", kernel->name, i,
                       (unsigned long long)row->params[i]);
  return OK;
}

int cuLaunchKernel(function *one, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                   unsigned shared, stream *on, void **params, void **extra) {
  ENTER("cuLaunchKernel", "%s grid %u,%u,%u block %u,%u,%u shared %u", one->kernel->name, gx, gy, gz, bx, by, bz,
        shared)
  NEEDS_CONTEXT("cuLaunchKernel")
  (void)extra;
  operation row = {.kind = LAUNCH, .function = one, .grid = {gx, gy, gz}, .block = {bx, by, bz}, .shared = shared};
  for (uint32_t i = 0; i < one->kernel->n_params; i++)
    memcpy(&row.params[i], params[i], 8);
  code = check_launch(one, &row);
  if (code == OK)
    *enqueue(on, LAUNCH) = row;
  LEAVE
}

int cuGetErrorName(int code, const char **name) {
  *name = code == NO_MEMORY ? "CUDA_ERROR_OUT_OF_MEMORY" : code == NO_DEVICE ? "CUDA_ERROR_NO_DEVICE" : "CUDA_ERROR";
  return OK;
}

int cuGetErrorString(int code, const char **text) {
  *text = code == NO_MEMORY ? "out of memory" : code == NO_DEVICE ? "no CUDA-capable device is detected" : "an error";
  return OK;
}
