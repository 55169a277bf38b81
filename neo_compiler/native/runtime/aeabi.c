/* Functions of the ARM run-time ABI (RTABI, "Run-time ABI for the Arm architecture") that 32-bit code calls for
 * 64-bit integers and that no library of a device exports: GCC and Clang link them statically from their own. */
#ifdef __arm__
#include <stdint.h>

/* They pass floating-point values in core registers, whatever the rest of the program does. */
#define RTABI __attribute__((pcs("aapcs"), visibility("hidden")))

/* Unwind tables refer to them; nothing here unwinds. */
void __attribute__((visibility("hidden"))) __aeabi_unwind_cpp_pr0(void) {}
void __attribute__((visibility("hidden"))) __aeabi_unwind_cpp_pr1(void) {}

__attribute__((used)) static uint64_t divide(uint64_t number, uint64_t divisor, uint64_t *rest) {
  if (((number | divisor) >> 32) == 0 && divisor) {
    *rest = (uint32_t)number % (uint32_t)divisor;
    return (uint32_t)number / (uint32_t)divisor;
  }
  uint64_t quotient = 0;
  if (divisor && divisor <= number) {
    int shift = __builtin_clzll(divisor) - __builtin_clzll(number);
    for (; shift >= 0; shift--)
      if (number >> shift >= divisor) {
        number -= divisor << shift;
        quotient |= (uint64_t)1 << shift;
      }
  }
  *rest = number;
  return quotient;
}

__attribute__((used)) static int64_t divide_signed(int64_t number, int64_t divisor, int64_t *rest) {
  uint64_t a = number < 0 ? -(uint64_t)number : (uint64_t)number;
  uint64_t b = divisor < 0 ? -(uint64_t)divisor : (uint64_t)divisor;
  uint64_t left, quotient = divide(a, b, &left);
  *rest = (int64_t)(number < 0 ? -left : left);
  return (int64_t)((number < 0) != (divisor < 0) ? -quotient : quotient);
}

/* Quotient in r0 and r1, remainder in r2 and r3, which C has no words for. */
#define DIVMOD(name, function)                                                                                       \
  __attribute__((naked, visibility("hidden"))) void name(void) {                                                     \
    __asm__("push {r4, lr}\n\tsub sp, sp, #16\n\tadd r4, sp, #8\n\tstr r4, [sp]\n\tbl " #function                    \
            "\n\tldr r2, [sp, #8]\n\tldr r3, [sp, #12]\n\tadd sp, sp, #16\n\tpop {r4, pc}");                         \
  }

void __aeabi_uldivmod(void);
void __aeabi_ldivmod(void);
DIVMOD(__aeabi_uldivmod, divide)
DIVMOD(__aeabi_ldivmod, divide_signed)

/* LLVM calls them by the names of GCC's own library where only one of the two is wanted. */
#define HIDDEN __attribute__((visibility("hidden")))
HIDDEN uint64_t __udivdi3(uint64_t number, uint64_t divisor) {
  uint64_t rest;
  return divide(number, divisor, &rest);
}
HIDDEN uint64_t __umoddi3(uint64_t number, uint64_t divisor) {
  uint64_t rest;
  divide(number, divisor, &rest);
  return rest;
}
HIDDEN int64_t __divdi3(int64_t number, int64_t divisor) {
  int64_t rest;
  return divide_signed(number, divisor, &rest);
}
HIDDEN int64_t __moddi3(int64_t number, int64_t divisor) {
  int64_t rest;
  divide_signed(number, divisor, &rest);
  return rest;
}

static const double two_32 = 4294967296.0;

/* The high half is exact, so there is one rounding, as there should be. */
RTABI double __aeabi_ul2d(uint64_t value) { return (uint32_t)(value >> 32) * two_32 + (uint32_t)value; }
RTABI double __aeabi_l2d(int64_t value) { return (int32_t)(value >> 32) * two_32 + (uint32_t)value; }

/* What a double cannot hold is made one bit that is lost in the one rounding to single precision. */
RTABI float __aeabi_ul2f(uint64_t value) {
  if (value >> 53)
    value = (value & ~(uint64_t)0x7ff) | ((value & 0x7ff) != 0) << 11;
  return (float)__aeabi_ul2d(value);
}
RTABI float __aeabi_l2f(int64_t value) {
  float size = __aeabi_ul2f(value < 0 ? -(uint64_t)value : (uint64_t)value);
  return value < 0 ? -size : size;
}

RTABI uint64_t __aeabi_d2ulz(double value) {
  uint32_t high = (uint32_t)(value / two_32);
  return (uint64_t)high << 32 | (uint32_t)(value - high * two_32);
}
RTABI int64_t __aeabi_d2lz(double value) {
  return (int64_t)(value < 0 ? -__aeabi_d2ulz(-value) : __aeabi_d2ulz(value));
}
RTABI uint64_t __aeabi_f2ulz(float value) { return __aeabi_d2ulz(value); }
RTABI int64_t __aeabi_f2lz(float value) { return __aeabi_d2lz(value); }

/* The same by the names of GCC's own library, as LLVM calls them from kernels. These take floating-point registers. */
#define VFP __attribute__((pcs("aapcs-vfp"), visibility("hidden")))
VFP double __floatundidf(uint64_t value) { return __aeabi_ul2d(value); }
VFP double __floatdidf(int64_t value) { return __aeabi_l2d(value); }
VFP float __floatundisf(uint64_t value) { return __aeabi_ul2f(value); }
VFP float __floatdisf(int64_t value) { return __aeabi_l2f(value); }
VFP uint64_t __fixunsdfdi(double value) { return __aeabi_d2ulz(value); }
VFP int64_t __fixdfdi(double value) { return __aeabi_d2lz(value); }
VFP uint64_t __fixunssfdi(float value) { return __aeabi_f2ulz(value); }
VFP int64_t __fixsfdi(float value) { return __aeabi_f2lz(value); }
#else
typedef int neo_nothing_missing; /* C has no empty file */
#endif
