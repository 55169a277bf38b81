"""Into the blocked layout and back."""

from __future__ import annotations

import numpy as np
from tvm import te, tirx

from neo_compiler.lower.values import Array

# Kernels of this name write their operands one behind the other when the batch is one.
CONCAT = "concat"
# Blocks of this name hold the rows that a convolution works on, with zeros around the picture.
BORDER = "border"
# Blocks of this name take each lane from another channel.
SHUFFLE = "shuffle_channels"


def spread(array: Array, axis: int, block: int, groups: int = 1, fill: float = 0.0) -> Array:
    """Fill each of `groups` equal parts of an axis up to whole blocks."""
    shape, per_group = list(array.shape), array.shape[axis] // groups
    parts = array.reshape(*shape[:axis], groups, per_group, *shape[axis + 1 :])
    widths = [(0, 0)] * parts.ndim
    widths[axis + 1] = (0, -per_group % block)
    filled = np.pad(parts, widths, constant_values=fill)
    return filled.reshape(*shape[:axis], -1, *shape[axis + 1 :])


def pack(data: te.Tensor, block: int, groups: int = 1) -> te.Tensor:
    """(N, C, H, W) → (N, groups * ceil(C/groups/block), H, W, block); added channels are zero."""
    batch, channels, height, width = (int(extent) for extent in data.shape)
    per_group = channels // groups
    blocks = -(-per_group // block)

    def value(n: tirx.Var, c: tirx.Var, y: tirx.Var, x: tirx.Var, i: tirx.Var) -> tirx.PrimExpr:
        channel = c % blocks * block + i
        first = c // blocks * per_group
        if blocks * block == per_group:
            return data[n, first + channel, y, x]
        read = data[n, first + tirx.min(channel, per_group - 1), y, x]
        return tirx.Select(channel < per_group, read, tirx.const(0, data.dtype))

    return te.compute((batch, groups * blocks, height, width, block), value, name="pack")


def unpack(data: te.Tensor, channels: int, groups: int = 1) -> te.Tensor:
    """What `pack` made, as (N, channels, H, W) again."""
    batch, blocks, height, width, block = (int(extent) for extent in data.shape)
    per_group, blocks = channels // groups, blocks // groups

    def value(n: tirx.Var, c: tirx.Var, y: tirx.Var, x: tirx.Var) -> tirx.PrimExpr:
        channel = c % per_group
        return data[n, c // per_group * blocks + channel // block, y, x, channel % block]

    return te.compute((batch, channels, height, width), value, name="unpack")


def shuffle_channels(data: te.Tensor, channels: int, parts: int, groups: int) -> te.Tensor:
    """Channel k of part p of a blocked tensor becomes channel k * parts + p, in one group.

    `parts` divides the block, and the tensor is held in one group, or in `parts` of them.
    """
    batch, blocks, height, width, block = (int(extent) for extent in data.shape)
    start = channels // parts if groups == 1 else blocks // groups * block

    def value(n: tirx.Var, c: tirx.Var, y: tirx.Var, x: tirx.Var, i: tirx.Var) -> tirx.PrimExpr:
        source = i % parts * start + c * (block // parts) + i // parts
        read = data[n, source // block, y, x, source % block]
        return tirx.Select(c * block + i < channels, read, tirx.const(0, data.dtype))

    return te.compute((batch, -(-channels // block), height, width, block), value, name=SHUFFLE)


def pad(data: te.Tensor, before: tuple[int, int], after: tuple[int, int], fill: float) -> te.Tensor:
    """A blocked tensor with `fill` added around its height and width; a kernel of its own."""
    return _surround(data, (*before, *after), fill, "pad")


def border(data: te.Tensor, padding: tuple[int, int, int, int]) -> te.Tensor:
    """A blocked tensor with (top, left, bottom, right) zeros around; part of the kernel that reads it."""
    return _surround(data, padding, 0.0, BORDER) if any(padding) else data


def _surround(data: te.Tensor, padding: tuple[int, int, int, int], fill: float, name: str) -> te.Tensor:
    batch, blocks, height, width, block = (int(extent) for extent in data.shape)
    top, left, bottom, right = padding
    shape = (batch, blocks, height + top + bottom, width + left + right, block)

    def value(n: tirx.Var, c: tirx.Var, y: tirx.Var, x: tirx.Var, i: tirx.Var) -> tirx.PrimExpr:
        inside = tirx.all(y >= top, y < height + top, x >= left, x < width + left)
        return tirx.if_then_else(inside, data[n, c, y - top, x - left, i], tirx.const(fill, data.dtype))

    return te.compute(shape, value, name=name)


def widen(data: te.Tensor, channels: int, more: int, fill: float) -> te.Tensor:
    """A blocked tensor of so many channels with `more` of them behind, which are `fill`."""
    batch, blocks, height, width, block = (int(extent) for extent in data.shape)

    def value(n: tirx.Var, c: tirx.Var, y: tirx.Var, x: tirx.Var, i: tirx.Var) -> tirx.PrimExpr:
        read = data[n, tirx.min(c, blocks - 1), y, x, i]
        return tirx.Select(c * block + i < channels, read, tirx.const(fill, data.dtype))

    return te.compute((batch, -(-(channels + more) // block), height, width, block), value, name="widen")


def concat(*parts: te.Tensor) -> te.Tensor:
    """Blocked tensors joined along the channel blocks; every part but the last fills its blocks."""
    counts = [int(part.shape[1]) for part in parts]
    batch, _, height, width, block = (int(extent) for extent in parts[0].shape)

    def value(n: tirx.Var, c: tirx.Var, y: tirx.Var, x: tirx.Var, i: tirx.Var) -> tirx.PrimExpr:
        start, result = sum(counts[:-1]), None
        for part, count in zip(reversed(parts), reversed(counts), strict=True):
            if result is None:
                result = part[n, c - start, y, x, i]
            else:
                start -= count
                result = tirx.if_then_else(c < start + count, part[n, c - start, y, x, i], result)
        return result

    return te.compute((batch, sum(counts), height, width, block), value, name="concat")
