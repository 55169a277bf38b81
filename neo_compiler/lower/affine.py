"""Scales and shifts per channel behind a convolution become part of its weights and one bias."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tvm
from numpy.typing import NDArray
from tvm import relax
from tvm.relax.expr_functor import PyExprMutator, mutator

from neo_compiler.lower.rewrite import rebind, rewrite, used_once
from neo_compiler.lower.values import Array, array_of, is_constant, operator_of, shape_of

Channels = NDArray[np.float64]

# Which axis of the weights counts the output channels.
_OUTPUT_AXIS = {"relax.nn.conv2d": 0, "relax.nn.conv2d_transpose": 1}


@dataclass(frozen=True)
class _Affine:
    """`scale * convolution + shift`, per output channel."""

    convolution: relax.Call
    scale: Channels
    shift: Channels


# How `value OP constant` changes (scale, shift).
_STEPS: dict[str, Callable[[_Affine, Channels], tuple[Channels, Channels]]] = {
    "relax.add": lambda at, c: (at.scale, at.shift + c),
    "relax.subtract": lambda at, c: (at.scale, at.shift - c),
    "relax.multiply": lambda at, c: (at.scale * c, at.shift * c),
    "relax.divide": lambda at, c: (at.scale / c, at.shift / c),
}
_COMMUTATIVE = {"relax.add", "relax.multiply"}


@mutator
class _FoldAffine(PyExprMutator):
    def __init__(self, module: tvm.IRModule, single: set[relax.Var]) -> None:
        super().__init__(module)
        self._used_once = single
        self._known: dict[relax.Var, _Affine] = {}

    def visit_var_binding_(self, binding: relax.VarBinding) -> None:
        affine = self._follow(binding.value)
        if affine is None:
            super().visit_var_binding_(binding)
            return
        if binding.var in self._used_once:
            self._known[binding.var] = affine
        if affine.convolution is binding.value:
            super().visit_var_binding_(binding)
        else:
            rebind(self, binding.var, self._emit(affine))

    def _follow(self, value: relax.Expr) -> _Affine | None:
        operator = operator_of(value)
        if operator in _OUTPUT_AXIS:
            return _start(value)
        if operator not in _STEPS:
            return None
        operands = list(value.args)
        if is_constant(operands[0]) and operator in _COMMUTATIVE:
            operands.reverse()
        known = self._known.get(operands[0]) if isinstance(operands[0], relax.Var) else None
        if known is None or not is_constant(operands[1]):
            return None
        factor = _per_channel(array_of(operands[1]), len(known.scale))
        if factor is None or shape_of(value) != shape_of(operands[0]):
            return None
        return _Affine(known.convolution, *_STEPS[operator](known, factor))

    def _emit(self, affine: _Affine) -> relax.Expr:
        call = affine.convolution
        axis = _OUTPUT_AXIS[call.op.name]
        weight = array_of(call.args[1])
        scale = affine.scale.reshape([-1 if position == axis else 1 for position in range(weight.ndim)])
        scaled = relax.const(np.ascontiguousarray((weight * scale).astype(weight.dtype)))
        data = self.visit_expr(call.args[0])
        result = self.builder_.emit(relax.Call(call.op, [data, scaled], call.attrs))
        shift = relax.const(affine.shift.astype(weight.dtype).reshape(1, -1, 1, 1))
        return self.builder_.emit(relax.op.add(result, shift))


def _start(call: relax.Call) -> _Affine | None:
    weight = call.args[1]
    if call.op.name == "relax.nn.conv2d_transpose" and int(call.attrs.groups) > 1:
        return None
    if (
        not is_constant(weight)
        or array_of(weight).dtype != np.float32
        or str(call.attrs.data_layout) != "NCHW"
    ):
        return None
    channels = shape_of(call)[1]
    # Folded in double precision: the chain of a batch normalisation rounds once, not four times.
    return _Affine(call, np.ones(channels), np.zeros(channels))


def _per_channel(constant: Array, channels: int) -> Channels | None:
    if constant.size == 1:
        return np.full(channels, constant.reshape(()), np.float64)
    shape = (1,) * (4 - constant.ndim) + constant.shape
    return constant.astype(np.float64).reshape(-1) if shape == (1, channels, 1, 1) else None


def fold_affine(module: tvm.IRModule) -> tvm.IRModule:
    """Fold batch normalisation and other per-channel scales and shifts into the convolutions before them."""
    return rewrite(_FoldAffine(module, used_once(module)), module)
