/* Devices and contexts. */
int cuInit(unsigned flags) {
  ENTER("cuInit", "%u", flags)
  code = setting("STUB_DEVICES", 1) ? OK : NO_DEVICE;
  initialised = code == OK;
  LEAVE
}

int cuDriverGetVersion(int *version) {
  ENTER("cuDriverGetVersion", "")
  *version = (int)setting("STUB_VERSION", 12040);
  LEAVE
}

int cuDeviceGetCount(int *count) {
  ENTER("cuDeviceGetCount", "")
  *count = (int)setting("STUB_DEVICES", 1);
  LEAVE
}

int cuDeviceGet(int *device, int ordinal) {
  ENTER("cuDeviceGet", "%d", ordinal)
  *device = ordinal;
  LEAVE
}

int cuDeviceGetName(char *name, int size, int device) {
  ENTER("cuDeviceGetName", "%d", device)
  snprintf(name, (size_t)size, "Stub GPU");
  LEAVE
}

int cuDeviceGetAttribute(int *value, int attribute, int device) {
  ENTER("cuDeviceGetAttribute", "%d %d", attribute, device)
  int capability = (int)setting("STUB_CAPABILITY", 90);
  *value = attribute == MAJOR ? capability / 10 : attribute == MINOR ? capability % 10 : -1;
  LEAVE
}

int cuDevicePrimaryCtxRetain(void **context, int device) {
  ENTER("cuDevicePrimaryCtxRetain", "%d", device)
  retained++;
  *context = &context_;
  LEAVE
}

int cuDevicePrimaryCtxRelease_v2(int device) {
  ENTER("cuDevicePrimaryCtxRelease_v2", "%d", device)
  if (--retained < 0)
    code = VIOLATION("a context is released that nobody holds");
  if (broken && retained == 0) { /* then nothing can be freed, and all goes with the context */
    n_blocks = n_streams = 0;
    objects = 0;
    taken = 0;
  }
  for (uint32_t i = 0; i < n_blocks && retained == 0; i++)
    if (blocks[i].live)
      VIOLATION("%llu bytes are never freed", (unsigned long long)blocks[i].bytes);
  if (retained == 0 && objects)
    VIOLATION("%d streams, events, graphs or modules are never destroyed", objects);
  if (retained == 0)
    broken = false;
  LEAVE
}

/* Of drivers before CUDA 11. */
int cuDevicePrimaryCtxRelease(int device) { return cuDevicePrimaryCtxRelease_v2(device); }

int cuCtxPushCurrent_v2(void *context) {
  ENTER("cuCtxPushCurrent_v2", "")
  if (context != &context_ || depth == MOST_DEPTH)
    code = VIOLATION("a context that is none, or too many");
  else
    contexts[depth++] = context;
  LEAVE
}

int cuCtxPopCurrent_v2(void **context) {
  ENTER("cuCtxPopCurrent_v2", "")
  if (depth == 0)
    code = VIOLATION("no context to pop");
  else
    *context = contexts[--depth];
  LEAVE
}

/* Forgets the calls that STUB_FAIL counts, and what no caller can mend. */
void stub_reset(void) {
  memset(counts, 0, sizeof counts);
  broken = initialised = false;
}

/* How deep the calling thread's contexts are: a test asks. */
int stub_depth(void) { return depth; }
