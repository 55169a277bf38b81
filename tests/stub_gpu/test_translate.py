"""The driver without a GPU is itself tested: what it computes, and what it notices."""

from __future__ import annotations

import ctypes
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.stub_gpu.instructions import Unknown
from tests.stub_gpu.translate import build, translate

pytestmark = pytest.mark.skipif(not shutil.which("gcc"), reason="gcc is not installed")

DEVICE = 1 << 60
THREADS = 64
HEAD = ".version 6.3\n.target sm_75\n.address_size 64\n"
# %r1 and %r2 are the values of a thread, %r3 becomes its result; %f are registers too
KERNEL = """.visible .shared .align 4 .b8 shared[256];
.visible .entry kernel(
	.param .u64 kernel_param_0,
	.param .u64 kernel_param_1,
	.param .u64 kernel_param_2
)
{{
	.reg .pred %p<4>;
	.reg .b16 %h<4>;
	.reg .b32 %r<8>;
	.reg .b64 %rd<8>;

	mov.u32 %r0, %tid.x;
	mul.wide.u32 %rd0, %r0, 4;
	ld.param.u64 %rd1, [kernel_param_0];
	ld.param.u64 %rd2, [kernel_param_1];
	ld.param.u64 %rd3, [kernel_param_2];
	add.s64 %rd1, %rd1, %rd0;
	add.s64 %rd2, %rd2, %rd0;
	add.s64 %rd3, %rd3, %rd0;
	ld.global.b32 %r1, [%rd1];
	ld.global.b32 %r2, [%rd2];
{body}
	st.global.b32 [%rd3], %r3;
	ret;
}}
"""


class Range(ctypes.Structure):
    _fields_ = (("low", ctypes.c_uint64), ("high", ctypes.c_uint64))


class Launch(ctypes.Structure):
    """stub_launch."""

    _fields_ = (
        ("grid", ctypes.c_uint32 * 3),
        ("block", ctypes.c_uint32 * 3),
        ("dynamic_shared", ctypes.c_uint32),
        ("params", ctypes.POINTER(ctypes.c_uint64)),
        ("order", ctypes.c_uint32),
        ("ranges", ctypes.POINTER(Range)),
        ("n_ranges", ctypes.c_uint32),
        ("error", ctypes.c_char_p),
    )


class Kernel(ctypes.Structure):
    """stub_kernel."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("n_params", ctypes.c_uint32),
        ("shared_bytes", ctypes.c_uint32),
        ("most_threads", ctypes.c_uint32),
        ("param_bytes", ctypes.c_void_p),
        ("run", ctypes.CFUNCTYPE(None, ctypes.POINTER(Launch))),
    )


def execute(folder: Path, body: str, values: Any, others: Any, order: int = 0) -> tuple[Any, str]:
    """The results as bits, and the error."""
    library = folder / "kernel.so"
    if not library.exists():
        (folder / "kernel.ptx").write_text(HEAD + KERNEL.format(body=body), encoding="ascii")
        build(folder / "kernel.ptx", library)
    code = ctypes.CDLL(str(library))
    code.stub_kernels.restype = ctypes.POINTER(Kernel)
    (kernel,) = (code.stub_kernels(ctypes.byref(ctypes.c_uint32()))[0],)
    result = np.zeros(THREADS, np.uint32)
    arrays = [
        np.ascontiguousarray(values).view(np.uint32),
        np.ascontiguousarray(others).view(np.uint32),
        result,
    ]
    places = [DEVICE + array.__array_interface__["data"][0] for array in arrays]
    ranges = (Range * 3)(*((place, place + 4 * THREADS) for place in places))
    error = ctypes.create_string_buffer(256)
    launch = Launch((1, 1, 1), (THREADS, 1, 1), 0, (ctypes.c_uint64 * 3)(*places), order, ranges, 3)
    launch.error = ctypes.cast(error, ctypes.c_char_p)
    kernel.run(ctypes.byref(launch))
    return result, error.value.decode()


FLOATS = np.random.default_rng(0).uniform(-40, 40, THREADS).astype(np.float32)
FLOATS[:6] = [0.5, 1.5, -2.5, np.nan, np.inf, 3e9]
OTHERS = np.random.default_rng(1).uniform(0.1, 9, THREADS).astype(np.float32)
WHOLE = np.random.default_rng(2).integers(-(2**31), 2**31, THREADS).astype(np.int32)
WHOLE[:3] = [-1, 0, 2**31 - 1]
LANES = np.arange(THREADS)
VALID = np.where(np.isnan(FLOATS), 0, FLOATS).astype(np.float64)

FLOAT_CASES = {
    "cvt.rni.f32.f32 %r3, %r1;": np.rint(FLOATS),
    "cvt.rzi.s32.f32 %r4, %r1; cvt.rn.f32.s32 %r3, %r4;": np.clip(np.trunc(VALID), -(2.0**31), 2.0**31 - 1),
    "max.f32 %r3, %r1, %r2;": np.fmax(FLOATS, OTHERS),
    "max.NaN.f32 %r3, %r1, %r2;": np.maximum(FLOATS, OTHERS),
    "cvt.sat.f32.f32 %r3, %r1;": np.clip(VALID, 0, 1),
    "fma.rn.f32 %r3, %r2, %r2, %r2;": (OTHERS.astype(np.float64) ** 2 + OTHERS).astype(np.float32),
    "ex2.approx.f32 %r3, %r2;": np.exp2(OTHERS),
    "div.rn.f32 %r3, 0f3F800000, %r2;": 1 / OTHERS,
    "setp.gtu.f32 %p1, %r1, %r2; selp.f32 %r3, %r1, %r2, %p1;": np.where(~(FLOATS <= OTHERS), FLOATS, OTHERS),
    "setp.gt.f32 %p1, %r1, %r2; not.pred %p2, %p1; selp.f32 %r3, %r1, %r2, %p2;": np.where(
        ~(FLOATS > OTHERS), FLOATS, OTHERS
    ),
    "cvt.rn.f16.f32 %h1, %r2; cvt.f32.f16 %r3, %h1;": OTHERS.astype(np.float16),
    "neg.f32 %r4, %r2; abs.f32 %r3, %r4;": OTHERS,
    "shfl.sync.bfly.b32 %r3, %r2, 1, 31, -1;": OTHERS[LANES ^ 1],
    "shfl.sync.down.b32 %r3, %r2, 16, 31, -1;": OTHERS[np.where(LANES % 32 < 16, LANES + 16, LANES)],
}
WHOLE_CASES = {
    "shr.s32 %r3, %r1, 40;": WHOLE >> 31,
    "shl.b32 %r3, %r1, 33;": 0 * WHOLE,
    "shr.u32 %r3, %r1, 3;": (WHOLE.view(np.uint32) >> 3).view(np.int32),
    "mul.hi.u32 %r3, %r1, %r1;": ((WHOLE.view(np.uint32).astype(np.uint64) ** 2) >> 32)
    .astype(np.uint32)
    .view(np.int32),
    "mad.lo.s32 %r3, %r1, 3, %r1;": (4 * WHOLE.astype(np.int64)).astype(np.int32),
    "bfe.u32 %r3, %r1, 4, 8;": WHOLE >> 4 & 255,
    "max.s32 %r3, %r1, 7;": np.maximum(WHOLE, 7),
    "cvt.s64.s32 %rd4, %r1; shr.s64 %rd4, %rd4, 8; cvt.u32.u64 %r3, %rd4;": WHOLE >> 8,
    "mov.b64 %rd4, {%r1, %r0}; mov.b64 {%r5, %r3}, %rd4;": LANES,
    "setp.lt.s32 %p1, %r1, 0; @%p1 bra $L; mov.b32 %r3, 5; bra.uni $M; $L: mov.b32 %r3, 6; $M:": np.where(
        WHOLE < 0, 6, 5
    ),
}


def lines(body: str) -> str:
    return body.replace("; ", ";\n").replace(": ", ":\n")


@pytest.mark.parametrize("body", FLOAT_CASES)
def test_floats(tmp_path: Path, body: str) -> None:
    found, error = execute(tmp_path, lines(body), FLOATS, OTHERS)
    assert not error
    np.testing.assert_allclose(found.view(np.float32), FLOAT_CASES[body].astype(np.float32), rtol=1e-6)


@pytest.mark.parametrize("body", WHOLE_CASES)
def test_whole_numbers(tmp_path: Path, body: str) -> None:
    found, error = execute(tmp_path, lines(body), WHOLE, WHOLE)
    assert not error
    np.testing.assert_array_equal(found.view(np.int32), WHOLE_CASES[body])


EXCHANGE = """	mov.u64 %rd4, shared;
	add.s64 %rd5, %rd4, %rd0;
	st.shared.b32 [%rd5], %r1;
	{barrier}
	xor.b32 %r4, %r0, 63;
	mul.wide.u32 %rd6, %r4, 4;
	add.s64 %rd5, %rd4, %rd6;
	ld.shared.b32 %r3, [%rd5];"""


@pytest.mark.parametrize("order", [0, 1, 5])
def test_a_barrier(tmp_path: Path, order: int) -> None:
    found, error = execute(tmp_path, EXCHANGE.format(barrier="bar.sync 0;"), WHOLE, WHOLE, order)
    assert not error
    np.testing.assert_array_equal(found.view(np.int32), WHOLE[::-1])


def test_a_missing_barrier_shows(tmp_path: Path) -> None:
    """Each order of the threads gives something else, and values that nobody wrote are NaN."""
    body = EXCHANGE.format(barrier="")
    forth, back = (execute(tmp_path, body, WHOLE, WHOLE, order)[0] for order in (0, 1))
    assert (forth != back).any()
    assert (forth == 0xFFFFFFFF).any()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            "ld.global.b32 %r3, [%rd1+256];",
            "line 26 of the PTX, block 0,0,0, thread 0,0,0: global address outside",
        ),
        ("ld.global.b32 %r3, [%rd1+2];", "misaligned global address"),
        ("mov.u64 %rd4, shared;\nld.shared.b32 %r3, [%rd4+256];", "shared address misaligned or outside"),
        (
            "setp.eq.u32 %p1, %r0, 0;\n@%p1 bra $L;\nbar.sync 0;\nbra.uni $M;\n$L:\nbar.sync 0;\n$M:",
            "another barrier",
        ),
        ("trap;", "trap"),
    ],
)
def test_mistakes_are_noticed(tmp_path: Path, body: str, said: str) -> None:
    assert said in execute(tmp_path, body, WHOLE, WHOLE)[1]


def test_what_is_beyond_it_is_named() -> None:
    with pytest.raises(Unknown, match=r"line 26: wmma\.load"):
        translate(HEAD + KERNEL.format(body="	wmma.load.a %r3, %r4;"))
