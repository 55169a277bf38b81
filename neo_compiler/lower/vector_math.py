"""Transcendental functions as polynomials: a call into libm would turn every vector loop into a scalar one.

The range reduction and the polynomials of exp and tanh are those of S. Moshier, "Methods and Programs for
Mathematical Functions", 1989 (Cephes, single precision); erf is formula 7.1.26 of Abramowitz and Stegun,
"Handbook of Mathematical Functions", whose own error is 1.5e-7.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import tvm
import tvm_ffi
from tvm import tirx

from neo_compiler.lower.values import operator_of

_EXP = (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
_TANH = (-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1)
_ERF = (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)
_LARGEST, _SMALLEST = 88.72, -87.33  # beyond these, exp is infinite or zero in single precision


def _const(value: float) -> tirx.PrimExpr:
    return tirx.const(value, "float32")


def _polynomial(x: tirx.PrimExpr, coefficients: Sequence[float]) -> tirx.PrimExpr:
    """Horner's scheme, highest power first."""
    return functools.reduce(lambda sum_, c: sum_ * x + _const(c), coefficients[1:], _const(coefficients[0]))


def _let(value: tirx.PrimExpr, body: Callable[[tirx.Var], tirx.PrimExpr], name: str) -> tirx.PrimExpr:
    variable = tirx.Var(name, value.ty)
    return tirx.Let(variable, value, body(variable))


def exp(x: tirx.PrimExpr) -> tirx.PrimExpr:
    """e^x within 2 units in the last place; infinities and NaN as in IEEE 754, subnormals as zero."""

    def reduced(x: tirx.Var) -> tirx.PrimExpr:
        inside = tirx.max(tirx.min(x, _const(_LARGEST)), _const(_SMALLEST))
        return _let(tirx.floor(inside * _const(1.44269504088896341) + _const(0.5)), body(x, inside), "n")

    def body(x: tirx.Var, inside: tirx.PrimExpr) -> Callable[[tirx.Var], tirx.PrimExpr]:
        def scaled(n: tirx.Var) -> tirx.PrimExpr:
            rest = inside - n * _const(0.693359375) - n * _const(-2.12194440e-4)
            return _let(rest, lambda r: ends(x, power(n, r)), "r")

        return scaled

    def power(n: tirx.Var, r: tirx.Var) -> tirx.PrimExpr:
        mantissa = _polynomial(r, _EXP) * r * r + r + _const(1.0)
        # Two factors, since 2^128 itself is no finite number.
        half = tirx.floor(n * _const(0.5))
        return mantissa * _power_of_two(half) * _power_of_two(n - half)

    def ends(x: tirx.Var, value: tirx.PrimExpr) -> tirx.PrimExpr:
        value = tirx.Select(x > _const(_LARGEST), _const(float("inf")), value)
        value = tirx.Select(x < _const(_SMALLEST), _const(0.0), value)
        return tirx.Select(tirx.isnan(x), x, value)

    return _let(x, reduced, "x")


def _power_of_two(n: tirx.PrimExpr) -> tirx.PrimExpr:
    return tirx.reinterpret(
        "float32", (n.astype("int32") + tirx.const(127, "int32")) << tirx.const(23, "int32")
    )


def sigmoid(x: tirx.PrimExpr) -> tirx.PrimExpr:
    """1 / (1 + e^-x)."""
    return _const(1.0) / (_const(1.0) + exp(_const(0.0) - x))


def tanh(x: tirx.PrimExpr) -> tirx.PrimExpr:
    """The hyperbolic tangent: a polynomial around zero, elsewhere by exp."""

    def value(x: tirx.Var) -> tirx.PrimExpr:
        size = tirx.abs(x)
        far = _const(1.0) - _const(2.0) / (exp(size + size) + _const(1.0))
        signed = _let(far, lambda f: tirx.Select(x < _const(0.0), _const(0.0) - f, f), "f")
        near = _let(x * x, lambda s: _polynomial(s, _TANH) * s * x + x, "s")
        return tirx.Select(size > _const(0.625), signed, near)

    return _let(x, value, "x")


def erf(x: tirx.PrimExpr) -> tirx.PrimExpr:
    """The error function, within 5e-7 (absolute) in single precision."""

    def value(x: tirx.Var) -> tirx.PrimExpr:
        size = tirx.abs(x)
        part = _const(1.0) / (_const(1.0) + _const(0.3275911) * size)
        tail = _let(part, lambda t: _polynomial(t, _ERF) * t * exp(_const(0.0) - x * x), "t")
        return _let(_const(1.0) - tail, lambda e: tirx.Select(x < _const(0.0), _const(0.0) - e, e), "e")

    return _let(x, value, "x")


_FUNCTIONS = {"tirx.exp": exp, "tirx.sigmoid": sigmoid, "tirx.tanh": tanh, "tirx.erf": erf}


def _replace(call: tvm.ir.Call) -> tvm.ir.Call | tirx.PrimExpr:
    function = _FUNCTIONS.get(operator_of(call))
    return function(call.args[0]) if function and str(call.ty.dtype) == "float32" else call


@tvm.transform.module_pass(opt_level=0)
def vectorize_math(module: tvm.IRModule, _context: tvm.transform.PassContext) -> tvm.IRModule:
    """Replace calls of exp, sigmoid, tanh and erf on float32 in every TensorIR function."""
    for variable, function in module.functions.items():
        if isinstance(function, tirx.PrimFunc):
            body = tvm_ffi.structural_map(function.body, (tvm.ir.Call, _replace))
            module.update_func(variable, function.with_body(body))
    return module
