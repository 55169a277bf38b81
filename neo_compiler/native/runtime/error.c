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

/* What does not fit is cut off. */
static size_t append(size_t used, const char *part) {
  size_t room = sizeof text - 1 - used, size = strlen(part);
  size = size < room ? size : room;
  memcpy(text + used, part, size);
  text[used + size] = '\0';
  return used + size;
}

int neo_fail_because(const char *format, ...) {
  char cause[NEO_ERROR_SIZE];
  memcpy(cause, text, sizeof cause);
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  append(append(strlen(text), ": "), cause[0] ? cause : "no reason given");
  return -1;
}

void TVMFFIErrorSetRaisedFromCStrParts(const char *kind, const char **parts, int32_t n_parts) {
  size_t used = append(append(0, kind ? kind : "Error"), ": ");
  for (int32_t i = 0; i < n_parts; i++)
    used = append(used, parts[i] ? parts[i] : "");
}
