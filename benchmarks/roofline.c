/* Fused multiply-adds and nothing else: how many operations one core can do in a second at most.
 *
 * Compiled for the CPU at hand. So many independent chains hide the latency of an instruction and still fit into
 * the registers, together with the two operands that all share. */
#include <stddef.h>

#if defined(__AVX512F__)
enum { BYTES = 64, CHAINS = 24 };
#elif defined(__AVX__)
enum { BYTES = 32, CHAINS = 12 };
#elif defined(__aarch64__)
enum { BYTES = 16, CHAINS = 24 };
#else
enum { BYTES = 16, CHAINS = 12 };
#endif

enum { LANES = BYTES / sizeof(float) };

typedef float vector __attribute__((vector_size(BYTES)));

#define EXPORT __attribute__((visibility("default")))
/* Clang prefers half of a 512-bit register on many CPUs. */
#define WIDE __attribute__((min_vector_width(8 * BYTES)))

EXPORT double flops_of_round(void) { return 2.0 * LANES * CHAINS; }

EXPORT WIDE float multiply_add(size_t rounds, float factor, float addend) {
  vector sums[CHAINS], factors = (vector){0} + factor, addends = (vector){0} + addend;
  for (int i = 0; i < CHAINS; i++)
    sums[i] = addends + (float)i; /* equal chains would be computed once */
  for (size_t round = 0; round < rounds; round++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < CHAINS; i++)
      sums[i] = sums[i] * factors + addends;
  }
  float total = 0;
  for (int i = 0; i < CHAINS; i++)
    for (int lane = 0; lane < LANES; lane++)
      total += sums[i][lane];
  return total;
}
