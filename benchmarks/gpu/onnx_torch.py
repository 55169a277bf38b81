"""A prepared ONNX model as a PyTorch module, so that PyTorch computes the very same network.

Each node becomes the call that a PyTorch programmer would write; what only gives shapes, axes and paddings
is read when the module is made. Explicit paddings that PyTorch's operators take are handed to them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch.nn import functional

Call = Callable[[Sequence[Any]], Any]


class Unsupported(ValueError):
    """A node that there is no call for."""


@dataclass(frozen=True)
class Node:
    """A node, its attributes, and its inputs whose values are known (None for the others)."""

    node: onnx.NodeProto
    values: tuple[np.ndarray[Any, Any] | None, ...]
    opset: int

    def get(self, name: str, default: Any = None) -> Any:
        found = next((row for row in self.node.attribute if row.name == name), None)
        return default if found is None else helper.get_attribute_value(found)

    def known(self, place: int, default: Any = None) -> Any:
        """The input there as Python lists or numbers."""
        value = self.values[place] if place < len(self.values) else None
        return default if value is None else value.tolist()


class OnnxModule(torch.nn.Module):
    """Takes the model's inputs in order, gives its outputs in order; raises Unsupported when it is made."""

    def __init__(self, model: onnx.ModelProto) -> None:
        super().__init__()
        graph = model.graph
        weights = {row.name: numpy_helper.to_array(row) for row in graph.initializer}
        self._places = {row.name: i for i, row in enumerate(r for r in graph.input if r.name not in weights)}
        self._calls: list[tuple[Call, list[int], list[int]]] = []
        for name, array in weights.items():
            self._places[name] = len(self._places)
            self.register_buffer(f"weight{self._places[name]}", torch.from_numpy(array.copy()))
        self._opset = next(row.version for row in model.opset_import if row.domain in ("", "ai.onnx"))
        self._weights = [self._places[name] for name in weights]
        for node in graph.node:
            self._add(node, weights)
        self._outputs = [self._places[row.name] for row in graph.output]

    def _add(self, node: onnx.NodeProto, weights: dict[str, np.ndarray[Any, Any]]) -> None:
        if node.op_type not in CALLS:
            raise Unsupported(node.op_type)
        row = Node(node, tuple(weights.get(name) for name in node.input), self._opset)
        given = [self._places[name] if name else -1 for name in node.input]
        for name in node.output:
            self._places.setdefault(name, len(self._places))
        self._calls.append((CALLS[node.op_type](row), given, [self._places[name] for name in node.output]))

    def forward(self, *inputs: torch.Tensor) -> list[torch.Tensor]:
        values: list[Any] = [*inputs, *[None] * (len(self._places) - len(inputs))]
        for place in self._weights:
            values[place] = getattr(self, f"weight{place}")
        for call, given, made in self._calls:
            found = call([values[place] if place >= 0 else None for place in given])
            for place, value in zip(
                made, found if isinstance(found, (list, tuple)) else [found], strict=False
            ):
                values[place] = value
        return [values[place] for place in self._outputs]


def _pads(row: Node, rank: int) -> tuple[list[int], list[int] | None]:
    """Symmetric padding for the operator, and what functional.pad has to do before it, where it is not."""
    pads = row.get("pads", [0] * 2 * rank)
    begin, end = list(pads[:rank]), list(pads[rank:])
    if begin == end:
        return begin, None
    return [0] * rank, [size for pair in zip(reversed(begin), reversed(end), strict=True) for size in pair]


def _conv(row: Node) -> Call:
    kernel = row.values[1]
    rank = len(row.get("kernel_shape") or (kernel.shape[2:] if kernel is not None else ()))
    function = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}[rank]
    padding, before = _pads(row, rank)
    strides, dilations = row.get("strides", [1] * rank), row.get("dilations", [1] * rank)
    groups = row.get("group", 1)

    def call(v: Sequence[Any]) -> Any:
        x = functional.pad(v[0], before) if before else v[0]
        bias = v[2] if len(v) > 2 else None
        return function(x, v[1], bias, strides, padding, dilations, groups)

    return call


def _conv_transpose(row: Node) -> Call:
    padding, before = _pads(row, 2)
    if before or row.get("output_padding") or row.get("output_shape"):
        raise Unsupported("ConvTranspose with an output of its own size")
    strides, groups = row.get("strides", [1, 1]), row.get("group", 1)
    return lambda v: functional.conv_transpose2d(
        v[0], v[1], v[2] if len(v) > 2 else None, strides, padding, 0, groups
    )


def _pool(row: Node) -> Call:
    size = row.get("kernel_shape")
    padding, before = _pads(row, len(size))
    strides, ceil = row.get("strides", [1] * len(size)), bool(row.get("ceil_mode", 0))
    if len(size) != 2 or max(row.get("dilations", [1])) > 1:
        raise Unsupported(f"{row.node.op_type} of this kind")
    if row.node.op_type == "MaxPool":

        def largest(v: Sequence[Any]) -> Any:
            x = functional.pad(v[0], before, value=float("-inf")) if before else v[0]
            return functional.max_pool2d(x, size, strides, padding, ceil_mode=ceil)

        return largest
    counted = bool(row.get("count_include_pad", 0))
    if not before:
        return lambda v: functional.avg_pool2d(v[0], size, strides, padding, ceil, counted)

    def mean(v: Sequence[Any]) -> Any:
        x = functional.pad(v[0], before)
        if counted:
            return functional.avg_pool2d(x, size, strides, 0, ceil)
        ones = functional.pad(torch.ones_like(v[0][:1, :1]), before)
        sums, counts = (
            functional.avg_pool2d(y, size, strides, 0, ceil, divisor_override=1) for y in (x, ones)
        )
        return sums / counts

    return mean


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


def _axes(row: Node) -> list[int] | None:
    axes = row.get("axes", row.known(1))
    return None if axes is None else list(np.atleast_1d(axes))


def _reduce(function: Callable[..., Any]) -> Callable[[Node], Call]:
    def make(row: Node) -> Call:
        axes, keep = _axes(row), bool(row.get("keepdims", 1))

        def call(v: Sequence[Any]) -> Any:
            return function(v[0], axes if axes is not None else tuple(range(v[0].ndim)), keepdim=keep)

        return call

    return make


def _reshape(row: Node) -> Call:
    shape = row.known(1)

    def call(v: Sequence[Any]) -> Any:
        return v[0].reshape([v[0].shape[i] if size == 0 else size for i, size in enumerate(shape)])

    return call


def _squeeze(row: Node) -> Call:
    axes = _axes(row)
    return lambda v: v[0].squeeze() if axes is None else v[0].squeeze(tuple(axes))


def _unsqueeze(row: Node) -> Call:
    axes = _axes(row) or []

    def call(v: Sequence[Any]) -> Any:
        rank = v[0].ndim + len(axes)
        value = v[0]
        for axis in sorted(one % rank for one in axes):
            value = value.unsqueeze(axis)
        return value

    return call


def _slice(row: Node) -> Call:
    starts, ends = row.known(1), row.known(2)
    axes, steps = row.known(3, list(range(len(starts)))), row.known(4, [1] * len(starts))

    def call(v: Sequence[Any]) -> Any:
        value = v[0]
        for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
            chosen = range(*slice(start, end if end > -(2**31) else None, step).indices(value.shape[axis]))
            if step > 0:
                at = [slice(None)] * (axis % value.ndim) + [slice(chosen.start, chosen.stop, step)]
                value = value[tuple(at)]
            else:
                value = value.index_select(axis, torch.tensor(list(chosen), device=value.device))
        return value

    return call


def _pad(row: Node) -> Call:
    pads, value = row.known(1) or row.get("pads"), row.known(2, 0)
    rank = len(pads) // 2
    if row.known(3) is not None:
        raise Unsupported("Pad with axes")
    mode = {b"constant": "constant", b"reflect": "reflect", b"edge": "replicate"}[
        row.get("mode", b"constant")
    ]
    sizes = [size for axis in reversed(range(rank)) for size in (pads[axis], pads[rank + axis])]
    if mode == "constant":
        return lambda v: functional.pad(v[0], sizes, value=np.asarray(value).item())

    def reflect(v: Sequence[Any]) -> Any:  # PyTorch pads the last axes alone
        x = v[0] if v[0].ndim > 1 else v[0][None]
        return functional.pad(x, sizes[: 2 * (x.ndim - 1)], mode=mode).reshape(
            [size + pads[i] + pads[rank + i] for i, size in enumerate(v[0].shape)]
        )

    return reflect


def _gather(row: Node) -> Call:
    axis, known = row.get("axis", 0), row.known(1)

    def call(v: Sequence[Any]) -> Any:
        if isinstance(known, int):
            return v[0].select(axis, known)
        index = v[1].long()
        index = torch.where(index < 0, index + v[0].shape[axis], index)
        found = v[0].index_select(axis, index.reshape(-1))
        place = axis % v[0].ndim
        return found.reshape([*v[0].shape[:place], *index.shape, *v[0].shape[place + 1 :]])

    return call


def _gather_nd(row: Node) -> Call:
    if row.get("batch_dims", 0):
        raise Unsupported("GatherND with batches")
    return lambda v: v[0][tuple(v[1].long().unbind(-1))]


def _split(row: Node) -> Call:
    axis, sizes = row.get("axis", 0), row.known(1)
    parts = len(row.node.output)
    return lambda v: (
        torch.split(v[0], sizes, axis) if sizes else torch.split(v[0], -(-v[0].shape[axis] // parts), axis)
    )


def _cast(row: Node) -> Call:
    kind = torch.from_numpy(np.empty(0, helper.tensor_dtype_to_np_dtype(row.get("to")))).dtype
    return lambda v: v[0].to(kind)


def _resize(row: Node) -> Call:
    if row.get("mode", b"nearest") != b"nearest" or row.known(2) is None:
        raise Unsupported("Resize of this kind")
    scales = row.known(2)[2:]
    return lambda v: functional.interpolate(v[0], scale_factor=scales, mode="nearest")


def _constant_of_shape(row: Node) -> Call:
    value = row.get("value")
    filled = numpy_helper.to_array(value) if value is not None else np.zeros(1, np.float32)
    made = torch.from_numpy(np.full(row.known(0), filled.item(), filled.dtype))
    return lambda _: made


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


def _transpose(row: Node) -> Call:
    order = row.get("perm")
    return lambda v: v[0].permute(order if order else tuple(reversed(range(v[0].ndim))))


def _concat(row: Node) -> Call:
    axis = row.get("axis")
    return lambda v: torch.cat(list(v), axis)


def _lrn(row: Node) -> Call:
    size, alpha, beta, bias = (
        row.get("size"),
        row.get("alpha", 1e-4),
        row.get("beta", 0.75),
        row.get("bias", 1.0),
    )
    return lambda v: functional.local_response_norm(v[0], size, alpha, beta, bias)


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
    "AveragePool": _pool,
    "BatchNormalization": _normalise,
    "Cast": _cast,
    "Clip": _clip,
    "Concat": _concat,
    "ConstantOfShape": _constant_of_shape,
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "Div": _binary(torch.div),
    "Equal": _binary(torch.eq),
    "Erf": _unary(torch.erf),
    "Exp": _unary(torch.exp),
    "Flatten": lambda row: lambda v: v[0].flatten(row.get("axis", 1)),
    "Gather": _gather,
    "GatherND": _gather_nd,
    "Gemm": _gemm,
    "GlobalAveragePool": _unary(lambda x: x.mean(tuple(range(2, x.ndim)), keepdim=True)),
    "GlobalMaxPool": _unary(lambda x: x.amax(tuple(range(2, x.ndim)), keepdim=True)),
    "HardSigmoid": _hard_sigmoid,
    "IsNaN": _unary(torch.isnan),
    "LRN": _lrn,
    "LayerNormalization": _layer_norm,
    "Log": _unary(torch.log),
    "MatMul": _binary(torch.matmul),
    "Max": _binary(torch.maximum),
    "MaxPool": _pool,
    "Mul": _binary(torch.mul),
    "Neg": _unary(torch.neg),
    "Pad": _pad,
    "Pow": _binary(torch.pow),
    "Reciprocal": _unary(torch.reciprocal),
    "ReduceMax": _reduce(torch.amax),
    "ReduceMean": _reduce(torch.mean),
    "ReduceMin": _reduce(torch.amin),
    "ReduceSum": _reduce(torch.sum),
    "Relu": _unary(torch.relu),
    "Reshape": _reshape,
    "Resize": _resize,
    "Sigmoid": _unary(torch.sigmoid),
    "Slice": _slice,
    "Softmax": _softmax,
    "Split": _split,
    "Sqrt": _unary(torch.sqrt),
    "Squeeze": _squeeze,
    "Sub": _binary(torch.sub),
    "Sum": _total,
    "Tanh": _unary(torch.tanh),
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
    "Where": lambda _: lambda v: torch.where(v[0], v[1], v[2]),
}
