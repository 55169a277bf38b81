/* The last error of each thread, as text. */
#ifndef NEO_ERROR_H
#define NEO_ERROR_H

#include <stddef.h>

enum { NEO_ERROR_SIZE = 2048 };

/* Stores the text and returns -1, so that `return neo_fail(...)` reports and leaves. */
int neo_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* neo_fail with the present text at the end: "...: <present text>". */
int neo_fail_because(const char *format, ...) __attribute__((format(printf, 1, 2)));

const char *neo_error_text(void);
void neo_error_clear(void);

#endif
