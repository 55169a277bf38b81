/* Streams and events. */
int cuStreamCreate(stream **result, unsigned flags) {
  ENTER("cuStreamCreate", "%u", flags)
  NEEDS_CONTEXT("cuStreamCreate")
  *result = calloc(1, sizeof **result);
  (*result)->live = true;
  streams[n_streams++ % 256] = *result;
  objects++;
  LEAVE
}

int cuStreamDestroy_v2(stream *one) {
  ENTER("cuStreamDestroy_v2", "")
  NEEDS_CONTEXT("cuStreamDestroy_v2")
  if (!one->live || one->capturing)
    code = VIOLATION("a stream is destroyed twice, or while it captures");
  (void)run_queue(&one->queue, NULL);
  one->live = false;
  objects--;
  LEAVE
}

int cuStreamSynchronize(stream *one) {
  ENTER("cuStreamSynchronize", "")
  NEEDS_CONTEXT("cuStreamSynchronize")
  if (!one)
    code = run_queue(&default_queue, NULL);
  else if (!one->live || one->capturing)
    code = VIOLATION("a wait for a stream that is destroyed, or captures");
  else
    code = run_queue(&one->queue, NULL);
  LEAVE
}

int cuEventCreate(event **result, unsigned flags) {
  ENTER("cuEventCreate", "%u", flags)
  NEEDS_CONTEXT("cuEventCreate")
  *result = calloc(1, sizeof **result);
  **result = (event){.live = true, .timed = !(flags & 2)};
  objects++;
  LEAVE
}

int cuEventDestroy_v2(event *one) {
  ENTER("cuEventDestroy_v2", "")
  NEEDS_CONTEXT("cuEventDestroy_v2")
  if (!one->live)
    code = VIOLATION("an event is destroyed twice");
  one->live = false;
  objects--;
  LEAVE
}

int cuEventRecord(event *one, stream *on) {
  ENTER("cuEventRecord", "")
  NEEDS_CONTEXT("cuEventRecord")
  enqueue(on, RECORD)->event = one;
  one->stream = on;
  LEAVE
}

int cuEventSynchronize(event *one) {
  ENTER("cuEventSynchronize", "")
  NEEDS_CONTEXT("cuEventSynchronize")
  if (one->stream)
    code = run_queue(&one->stream->queue, one);
  LEAVE
}

int cuEventElapsedTime(float *milliseconds, event *from, event *to) {
  ENTER("cuEventElapsedTime", "")
  NEEDS_CONTEXT("cuEventElapsedTime")
  if (!from->timed || !to->timed || from->stream || to->stream)
    code = VIOLATION("a time between events that are not timed, or have not happened");
  else
    *milliseconds = (float)(to->clock - from->clock);
  LEAVE
}
