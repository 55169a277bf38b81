#include "error.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "kernel_abi.h"
#include "neo_model.h"

static _Thread_local char text[NEO_ERROR_SIZE];

const char *neo_error_text(void) { return text; }

const char *neo_last_error(void) { return text; }

void neo_error_clear(void) { text[0] = '\0'; }

int neo_fail(const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  return -1;
}

int neo_fail_because(const char *format, ...) {
  char cause[NEO_ERROR_SIZE];
  memcpy(cause, text, sizeof cause);
  va_list args;
  va_start(args, format);
  int used = vsnprintf(text, sizeof text, format, args);
  va_end(args);
  if (used >= 0 && (size_t)used < sizeof text)
    snprintf(text + used, sizeof text - (size_t)used, ": %s", cause[0] ? cause : "no reason given");
  return -1;
}

void TVMFFIErrorSetRaisedFromCStrParts(const char *kind, const char **parts, int32_t n_parts) {
  size_t used = (size_t)snprintf(text, sizeof text, "%s: ", kind ? kind : "Error");
  for (int32_t i = 0; i < n_parts && used < sizeof text; i++)
    used += (size_t)snprintf(text + used, sizeof text - used, "%s", parts[i] ? parts[i] : "");
}
