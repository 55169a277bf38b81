"""ONNX operators as calls of PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from onnx import helper
from torch.nn import functional

from benchmarks.gpu.onnx_torch.movement import (
    axes_of,
    concat,
    constant_of_shape,
    gather,
    gather_nd,
    pad,
    reshape,
    resize,
    slice_,
    split,
    squeeze,
    transpose,
    unsqueeze,
)
from benchmarks.gpu.onnx_torch.node import Call, Node
from benchmarks.gpu.onnx_torch.windows import conv, conv_transpose, lrn, pool


def _gemm(row: Node) -> Call:
    alpha, beta = row.get("alpha", 1.0), row.get("beta", 1.0)
    turn_a, turn_b = row.get("transA", 0), row.get("transB", 0)

    def call(v: Sequence[Any]) -> Any:
        a, b = v[0].t() if turn_a else v[0], v[1].t() if turn_b else v[1]
        return torch.addmm(v[2], a, b, beta=beta, alpha=alpha) if len(v) > 2 else alpha * (a @ b)

    return call


def _normalise(row: Node) -> Call:
    epsilon = row.get("epsilon", 1e-5)
    return lambda v: functional.batch_norm(v[0], v[3], v[4], v[1], v[2], False, 0.0, epsilon)


def _layer_norm(row: Node) -> Call:
    epsilon, axis = row.get("epsilon", 1e-5), row.get("axis", -1)
    return lambda v: functional.layer_norm(
        v[0], v[0].shape[axis:], v[1], v[2] if len(v) > 2 else None, epsilon
    )


def _clip(row: Node) -> Call:
    low, high = row.known(1), row.known(2)
    return lambda v: torch.clamp(v[0], low, high)


def _reduce(function: Callable[..., Any]) -> Callable[[Node], Call]:
    def make(row: Node) -> Call:
        axes, keep = axes_of(row), bool(row.get("keepdims", 1))

        def call(v: Sequence[Any]) -> Any:
            return function(v[0], axes if axes is not None else tuple(range(v[0].ndim)), keepdim=keep)

        return call

    return make


def _cast(row: Node) -> Call:
    kind = torch.from_numpy(np.empty(0, helper.tensor_dtype_to_np_dtype(row.get("to")))).dtype
    return lambda v: v[0].to(kind)


def _unary(function: Callable[[Any], Any]) -> Callable[[Node], Call]:
    return lambda _: lambda v: function(v[0])


def _binary(function: Callable[[Any, Any], Any]) -> Callable[[Node], Call]:
    return lambda _: lambda v: function(v[0], v[1])


def _softmax(row: Node) -> Call:
    """Before opset 13 it is over all axes from `axis` on."""
    if row.opset >= 13:
        axis = row.get("axis", -1)
        return lambda v: functional.softmax(v[0], axis)
    first = row.get("axis", 1)
    return lambda v: functional.softmax(v[0].flatten(first), -1).reshape(v[0].shape)


def _hard_sigmoid(row: Node) -> Call:
    alpha, beta = row.get("alpha", 0.2), row.get("beta", 0.5)
    return lambda v: torch.clamp(v[0] * alpha + beta, 0, 1)


def _total(_: Node) -> Call:
    def call(v: Sequence[Any]) -> Any:
        value = v[0]
        for other in v[1:]:
            value = value + other
        return value

    return call


CALLS: dict[str, Callable[[Node], Call]] = {
    "Add": _binary(torch.add),
    "And": _binary(torch.logical_and),
    "AveragePool": pool,
    "BatchNormalization": _normalise,
    "Cast": _cast,
    "Clip": _clip,
    "Concat": concat,
    "ConstantOfShape": constant_of_shape,
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "Div": _binary(torch.div),
    "Equal": _binary(torch.eq),
    "Erf": _unary(torch.erf),
    "Exp": _unary(torch.exp),
    "Flatten": lambda row: lambda v: v[0].flatten(row.get("axis", 1)),
    "Gather": gather,
    "GatherND": gather_nd,
    "Gemm": _gemm,
    "GlobalAveragePool": _unary(lambda x: x.mean(tuple(range(2, x.ndim)), keepdim=True)),
    "GlobalMaxPool": _unary(lambda x: x.amax(tuple(range(2, x.ndim)), keepdim=True)),
    "HardSigmoid": _hard_sigmoid,
    "IsNaN": _unary(torch.isnan),
    "LRN": lrn,
    "LayerNormalization": _layer_norm,
    "Log": _unary(torch.log),
    "MatMul": _binary(torch.matmul),
    "Max": _binary(torch.maximum),
    "MaxPool": pool,
    "Mul": _binary(torch.mul),
    "Neg": _unary(torch.neg),
    "Pad": pad,
    "Pow": _binary(torch.pow),
    "Reciprocal": _unary(torch.reciprocal),
    "ReduceMax": _reduce(torch.amax),
    "ReduceMean": _reduce(torch.mean),
    "ReduceMin": _reduce(torch.amin),
    "ReduceSum": _reduce(torch.sum),
    "Relu": _unary(torch.relu),
    "Reshape": reshape,
    "Resize": resize,
    "Sigmoid": _unary(torch.sigmoid),
    "Slice": slice_,
    "Softmax": _softmax,
    "Split": split,
    "Sqrt": _unary(torch.sqrt),
    "Squeeze": squeeze,
    "Sub": _binary(torch.sub),
    "Sum": _total,
    "Tanh": _unary(torch.tanh),
    "Transpose": transpose,
    "Unsqueeze": unsqueeze,
    "Where": lambda _: lambda v: torch.where(v[0], v[1], v[2]),
}
