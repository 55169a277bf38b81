"""The helpers of 32-bit ARM that libraries of a device do not export, against Python's own arithmetic."""

from __future__ import annotations

import json
import random
import struct
from pathlib import Path

import numpy as np

from neo_compiler.native.toolchain.libc import device_libc
from neo_compiler.native.toolchain.zig import compile_c, run_zig
from tests.emulated.conftest import prepared
from tests.emulated.test_c_program import NATIVE

SHIMS = """#include <stdint.h>
#define API __attribute__((visibility("default")))
API uint64_t udiv(uint64_t a, uint64_t b) { return a / b; }
API uint64_t urem(uint64_t a, uint64_t b) { return a % b; }
API int64_t sdiv(int64_t a, int64_t b) { return a / b; }
API int64_t srem(int64_t a, int64_t b) { return a % b; }
API float u_to_float(uint64_t a) { return (float)a; }
API float s_to_float(int64_t a) { return (float)a; }
API double u_to_double(uint64_t a) { return (double)a; }
API double s_to_double(int64_t a) { return (double)a; }
API int64_t from_double(double a) { return (int64_t)a; }
API uint64_t u_from_double(double a) { return (uint64_t)a; }
API int64_t from_float(float a) { return (int64_t)a; }
uint64_t __udivdi3(uint64_t, uint64_t), __umoddi3(uint64_t, uint64_t);
int64_t __divdi3(int64_t, int64_t), __moddi3(int64_t, int64_t);
API uint64_t only_udiv(uint64_t a, uint64_t b) { return __udivdi3(a, b); }
API uint64_t only_urem(uint64_t a, uint64_t b) { return __umoddi3(a, b); }
API int64_t only_sdiv(int64_t a, int64_t b) { return __divdi3(a, b); }
API int64_t only_srem(int64_t a, int64_t b) { return __moddi3(a, b); }
float __floatundisf(uint64_t), __floatdisf(int64_t);
double __floatundidf(uint64_t), __floatdidf(int64_t);
uint64_t __fixunsdfdi(double);
int64_t __fixdfdi(double), __fixsfdi(float);
API float only_u_to_float(uint64_t a) { return __floatundisf(a); }
API float only_s_to_float(int64_t a) { return __floatdisf(a); }
API double only_u_to_double(uint64_t a) { return __floatundidf(a); }
API double only_s_to_double(int64_t a) { return __floatdidf(a); }
API int64_t only_from_double(double a) { return __fixdfdi(a); }
API uint64_t only_u_from_double(double a) { return __fixunsdfdi(a); }
API int64_t only_from_float(float a) { return __fixsfdi(a); }
"""
SCRIPT = """import ctypes as c, json, sys
lib, rows = c.CDLL(sys.argv[1]), json.load(open(sys.argv[2]))
kinds = {"u": c.c_uint64, "s": c.c_int64, "f": c.c_float, "d": c.c_double}
out = []
for name, signature, arguments in rows:
    function = getattr(lib, name)
    function.restype, function.argtypes = kinds[signature[0]], [kinds[k] for k in signature[1:]]
    out.append(function(*arguments))
print(json.dumps(out))
"""
Row = tuple[str, str, list[float]]


def cases() -> list[tuple[Row, float]]:
    """Calls and their results."""
    rng = random.Random(5)
    unsigned = [0, 1, 2**24 + 1, 2**32 - 1, 2**32, 2**53 + 1, 2**63, 2**64 - 1, 0x8000008000000001]
    unsigned += [rng.getrandbits(rng.randint(1, 64)) for _ in range(60)]
    rows: list[tuple[Row, float]] = []
    for a in unsigned:
        b = rng.choice(unsigned) or 3
        for kind in ("", "only_"):
            rows += [((f"{kind}udiv", "uuu", [a, b]), a // b), ((f"{kind}urem", "uuu", [a, b]), a % b)]
        for kind in ("", "only_"):
            rows += [((f"{kind}u_to_float", "fu", [a]), float(np.float32(np.uint64(a))))]
            rows += [((f"{kind}u_to_double", "du", [a]), float(a))]
        s, t = a - 2**63, max(1, b >> 1) * rng.choice((-1, 1))
        quotient = abs(s) // abs(t) * (1 if (s < 0) == (t < 0) else -1)
        for kind in ("", "only_") if quotient != 2**63 else ():
            rows += [((f"{kind}sdiv", "sss", [s, t]), quotient)]
            rows += [((f"{kind}srem", "sss", [s, t]), s - quotient * t)]
        d = rng.uniform(-1, 1) * 2.0 ** rng.randint(0, 62)
        f = struct.unpack("f", struct.pack("f", d))[0]
        for kind in ("", "only_"):
            rows += [((f"{kind}s_to_float", "fs", [s]), float(np.float32(np.int64(s))))]
            rows += [((f"{kind}s_to_double", "ds", [s]), float(s))]
            rows += [((f"{kind}from_double", "sd", [d]), int(d))]
            rows += [((f"{kind}u_from_double", "ud", [abs(d)]), int(abs(d)))]
            rows += [((f"{kind}from_float", "sf", [f]), int(f))]
    return rows


def test_results_are_those_of_python(tmp_path: Path) -> None:
    system, libc = prepared("armhf"), device_libc("armv7l")
    (tmp_path / "shims.c").write_text(SHIMS, encoding="ascii")
    (tmp_path / "script.py").write_text(SCRIPT, encoding="ascii")
    sources = [tmp_path / "shims.c", NATIVE / "runtime" / "aeabi.c"]
    objects = [compile_c(source, libc.triple, tmp_path, libc.flags) for source in sources]
    done = run_zig(["ld.lld", "-shared", "--no-undefined", "-o", tmp_path / "shims.so", *objects], tmp_path)
    assert done.returncode == 0, done.stderr
    rows = cases()
    (tmp_path / "rows.json").write_text(json.dumps([row for row, _ in rows]), encoding="ascii")
    ran = system.python(tmp_path / "script.py", tmp_path / "shims.so", tmp_path / "rows.json")
    assert ran.returncode == 0, ran.stderr
    wrong = [
        (row, found, want)
        for (row, want), found in zip(rows, json.loads(ran.stdout), strict=True)
        if found != want
    ]
    assert not wrong
