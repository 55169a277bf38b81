"""Floats of 4, 8 and 16 bits that CPUs have no instructions for, from and to float32, by their bits.

Codes are rounded to the nearest, ties to even. Above the smallest normal number the float32's own bits are
rounded; below it an addition rounds to the spacing of the subnormal numbers (as FBGEMM and PyTorch do).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from tvm import te, tirx

SIGN, INFINITY = 0x80000000, 0x7F800000  # of float32


@dataclass(frozen=True)
class Form:
    """`bits` in all, `mantissa` of them; codes without the sign: the `largest` finite number, what lies
    `beyond` it where nothing saturates, and `nan`. `signed_zero`: the code of minus zero is not that of NaN.
    """

    bits: int
    mantissa: int
    bias: int
    largest: int
    beyond: int
    nan: int
    signed_zero: bool = True


# By the names of the types in ONNX.
FORMS = {
    "FLOAT8E4M3FN": Form(8, 3, 7, 0x7E, 0x7F, 0x7F),
    "FLOAT8E4M3FNUZ": Form(8, 3, 8, 0x7F, 0x80, 0x80, signed_zero=False),
    "FLOAT8E5M2": Form(8, 2, 15, 0x7B, 0x7C, 0x7E),
    "FLOAT8E5M2FNUZ": Form(8, 2, 16, 0x7F, 0x80, 0x80, signed_zero=False),
    "FLOAT4E2M1": Form(4, 1, 1, 0x7, 0x7, 0x8),
}
# What is added to the bits before the exponent is taken, by the attribute round_mode.
_TO_POWER = {"up": (1 << 23) - 1, "down": 0, "nearest": 1 << 22}


def encoded(x: te.Tensor, form: Form, saturate: bool) -> te.Tensor:
    """The codes of float32 numbers, as uint8."""
    return _each(x, lambda value: _code(_bits(value), form, saturate).astype("uint8"))


def encoded_power(x: te.Tensor, mode: str, saturate: bool) -> te.Tensor:
    """float32 → uint8, FLOAT8E8M0: a power of two, whose exponent is the code less 127."""

    def code(value: tirx.Expr) -> tirx.Expr:
        bits = _bits(value) & _word(~SIGN)
        power = (bits + _word(_TO_POWER[mode])) >> _word(23)
        power = tirx.Select(bits <= _word(1 << 22), _word(0), power)
        power = tirx.Select(power > _word(254), _word(254 if saturate else 255), power)
        return tirx.Select(bits > _word(INFINITY), _word(255), power).astype("uint8")

    return _each(x, code)


def encoded_bfloat16(x: te.Tensor) -> te.Tensor:
    """float32 → uint16, its upper half, rounded."""

    def code(value: tirx.Expr) -> tirx.Expr:
        bits = _bits(value)
        rounded = (bits + _word(0x7FFF) + ((bits >> _word(16)) & _word(1))) >> _word(16)
        is_nan = (bits & _word(~SIGN)) > _word(INFINITY)
        return tirx.Select(is_nan, _word(0x7FC0), rounded).astype("uint16")

    return _each(x, code)


def decoded_bfloat16(x: te.Tensor) -> te.Tensor:
    """uint16 → float32"""
    return _each(x, lambda value: tirx.reinterpret("float32", value.astype("uint32") << _word(16)))


def reinterpreted(x: te.Tensor, dtype: str) -> te.Tensor:
    """The same bits as another type of the same size."""
    return _each(x, lambda value: tirx.reinterpret(dtype, value))


def _code(bits: tirx.Expr, form: Form, saturate: bool) -> tirx.Expr:
    size, shift = bits & _word(~SIGN), 23 - form.mantissa
    nearest = size + _word((1 << (shift - 1)) - 1) + ((size >> _word(shift)) & _word(1))
    normal = (nearest >> _word(shift)) - _word((127 - form.bias) << form.mantissa)
    spacing = np.float32(2.0 ** (1 - form.bias - form.mantissa + 23))
    total = tirx.reinterpret("float32", size) + tirx.const(float(spacing), "float32")
    subnormal = _bits(total) - _word(int(spacing.view(np.uint32)))
    code = tirx.Select(size < _word((128 - form.bias) << 23), subnormal, normal)
    over = code > _word(form.largest)
    code = tirx.Select(over, _word(form.largest if saturate else form.beyond), code)
    sign = (bits >> _word(31)) << _word(form.bits - 1)
    if not form.signed_zero:
        sign = tirx.Select(code == _word(0), _word(0), sign)
    return tirx.Select(size > _word(INFINITY), _word(form.nan), code | sign)


def _each(x: te.Tensor, function: Callable[[tirx.Expr], tirx.Expr]) -> te.Tensor:
    return te.compute(x.shape, lambda *place: function(x(*place)))


def _bits(value: tirx.Expr) -> tirx.Expr:
    return tirx.reinterpret("uint32", value)


def _word(number: int) -> tirx.Expr:
    return tirx.const(number & 0xFFFFFFFF, "uint32")
