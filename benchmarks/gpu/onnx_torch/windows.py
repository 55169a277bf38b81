"""Convolutions and poolings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn import functional

from benchmarks.gpu.onnx_torch.node import Call, Node, Unsupported


def _pads(row: Node, rank: int) -> tuple[list[int], list[int] | None]:
    """Symmetric padding for the operator, and what functional.pad has to do before it, where it is not."""
    pads = row.get("pads", [0] * 2 * rank)
    begin, end = list(pads[:rank]), list(pads[rank:])
    if begin == end:
        return begin, None
    return [0] * rank, [size for pair in zip(reversed(begin), reversed(end), strict=True) for size in pair]


def conv(row: Node) -> Call:
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


def conv_transpose(row: Node) -> Call:
    padding, before = _pads(row, 2)
    if before or row.get("output_padding") or row.get("output_shape"):
        raise Unsupported("ConvTranspose with an output of its own size")
    strides, groups = row.get("strides", [1, 1]), row.get("group", 1)
    return lambda v: functional.conv_transpose2d(
        v[0], v[1], v[2] if len(v) > 2 else None, strides, padding, 0, groups
    )


def pool(row: Node) -> Call:
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


def lrn(row: Node) -> Call:
    size, alpha, beta, bias = (
        row.get("size"),
        row.get("alpha", 1e-4),
        row.get("beta", 0.75),
        row.get("bias", 1.0),
    )
    return lambda v: functional.local_response_norm(v[0], size, alpha, beta, bias)
