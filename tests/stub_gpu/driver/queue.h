/* Work that waits: it is done when somebody waits for it. */
static int launch_now(const operation *row) {
  if (!row->function->module->live)
    return VIOLATION("a kernel of an unloaded module runs");
  const stub_kernel *kernel = row->function->kernel;
  stub_range ranges[MOST_PARAMS];
  uint32_t n_ranges = 0;
  for (uint32_t i = 0; i < kernel->n_params; i++) {
    const block *found = find(row->params[i], 1, false);
    if (!found)
      return VIOLATION("%s: parameter %u points to no live memory", kernel->name, i);
    ranges[n_ranges++] = (stub_range){found->address, found->address + found->bytes};
  }
  char error[256] = "";
  stub_launch launch = {.dynamic_shared = row->shared, .params = row->params, .ranges = ranges,
                        .n_ranges = n_ranges, .error = error, .order = (uint32_t)setting("STUB_ORDER", 0)};
  memcpy(launch.grid, row->grid, sizeof launch.grid);
  memcpy(launch.block, row->block, sizeof launch.block);
  if (kernel->run)
    kernel->run(&launch);
  if (!error[0])
    return OK;
  broken = true;
  VIOLATION("%s: %s", kernel->name, error);
  return ILLEGAL_ADDRESS;
}

static int run_queue(queue *rows, const event *until);

static int execute(const operation *row) {
  clock_++;
  char *to = of_device(row->to, row->bytes), *from = of_device(row->from, row->bytes);
  switch (row->kind) {
  case UPLOAD:
    if (!to)
      return VIOLATION("a copy to memory that is not there: %llu bytes", (unsigned long long)row->bytes);
    memcpy(to, (void *)(uintptr_t)row->from, row->bytes);
    return OK;
  case DOWNLOAD:
    if (!from)
      return VIOLATION("a copy from memory that is not there: %llu bytes", (unsigned long long)row->bytes);
    memcpy((void *)(uintptr_t)row->to, from, row->bytes);
    return OK;
  case COPY:
    if (!to || !from)
      return VIOLATION("a copy between memory that is not there: %llu bytes", (unsigned long long)row->bytes);
    memmove(to, from, row->bytes);
    return OK;
  case LAUNCH:
    return launch_now(row);
  case RECORD:
    row->event->clock = clock_;
    row->event->stream = NULL;
    return OK;
  default:
    for (uint32_t i = 0; i < row->graph->queue.count; i++) {
      int code = execute(&row->graph->queue.rows[i]);
      if (code)
        return code;
    }
    return OK;
  }
}

static int run_queue(queue *rows, const event *until) {
  uint32_t done = 0;
  int code = OK;
  while (done < rows->count && code == OK) {
    const operation *row = &rows->rows[done++];
    code = execute(row);
    if (until && row->kind == RECORD && row->event == until)
      break;
  }
  rows->count -= done;
  memmove(rows->rows, rows->rows + done, rows->count * sizeof *rows->rows);
  return code;
}

static queue default_queue;

static void wait_for_all(void) {
  (void)run_queue(&default_queue, NULL);
  for (uint32_t i = 0; i < n_streams && i < 256; i++)
    if (streams[i]->live)
      (void)run_queue(&streams[i]->queue, NULL);
}

static operation *append(queue *rows, int kind) {
  if (rows->count == rows->room) {
    rows->room = rows->room ? 2 * rows->room : 64;
    rows->rows = realloc(rows->rows, rows->room * sizeof *rows->rows);
  }
  operation *row = &rows->rows[rows->count++];
  *row = (operation){.kind = kind};
  return row;
}

static operation *enqueue(stream *one, int kind) {
  if (one->capturing && kind != LAUNCH)
    VIOLATION("a copy or an event is captured");
  return append(one->capturing ? &one->capturing->queue : &one->queue, kind);
}

static void transfer(stream *one, int kind, address_t to, address_t from, uint64_t bytes) {
  operation *row = enqueue(one, kind);
  row->to = to, row->from = from, row->bytes = bytes;
}
