"""Direct convolutions over blocked values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from tvm import te

from neo_compiler.lower.compute.layout import border
from neo_compiler.lower.values import Array

# Annotation of the convolution's block: a tile of channel blocks must lie within one of so many groups.
GROUPS = "groups"


@dataclass(frozen=True)
class Window:
    """How a kernel moves over height and width; `padding` is (top, left, bottom, right), still to be done."""

    strides: tuple[int, int]
    padding: tuple[int, int, int, int]
    dilation: tuple[int, int]

    def output(self, size: tuple[int, int], kernel: tuple[int, int]) -> tuple[int, int]:
        """The output's height and width for an already padded input of `size`."""
        rows, columns = (
            (extent - (taps - 1) * gap - 1) // step + 1
            for extent, taps, gap, step in zip(size, kernel, self.dilation, self.strides, strict=True)
        )
        return rows, columns


def pack_weight(weight: Array, inner: int, outer: int) -> Array:
    """(O, I, KH, KW), both multiples of their blocks → (O/outer, I/inner, KH, KW, inner, outer)."""
    out_channels, in_channels, *taps = weight.shape
    blocked = weight.reshape(out_channels // outer, outer, in_channels // inner, inner, *taps)
    return np.ascontiguousarray(blocked.transpose(0, 2, 4, 5, 3, 1))


def pack_depthwise_weight(weight: Array, block: int) -> Array:
    """(C, 1, KH, KW), C a multiple of the block → (C/block, KH, KW, block)."""
    channels, _, *taps = weight.shape
    return np.ascontiguousarray(weight.reshape(channels // block, block, *taps).transpose(0, 2, 3, 1))


def conv2d(
    data: te.Tensor, weight: te.Tensor, window: Window, groups: int = 1, stride: int | None = None
) -> te.Tensor:
    """(N, C/b, H, W, b) with (O/o, I/groups/i, KH, KW, i, o) → (N, O/o, OH, OW, o).

    Each of the groups reads whole blocks of b = i channels or, with i = 1, single channels, the first of them
    `stride` behind that of the group before.
    """
    data = border(data, window.padding)
    batch, _, height, width, lanes = (int(extent) for extent in data.shape)
    out_blocks, in_blocks, *taps, inner, outer = (int(extent) for extent in weight.shape)
    rows, columns = window.output((height, width), (taps[0], taps[1]))
    (down, right), (down_gap, right_gap) = window.strides, window.dilation
    per_group, stride = out_blocks // groups, in_blocks * inner if stride is None else stride
    block = te.reduce_axis((0, in_blocks), "block")
    ky, kx = te.reduce_axis((0, taps[0]), "ky"), te.reduce_axis((0, taps[1]), "kx")
    lane = te.reduce_axis((0, inner), "lane")

    def channel(c: te.Var) -> tuple[te.Expr, te.Expr]:
        group = c // per_group if groups > 1 else 0
        if inner == lanes:
            return group * (stride // lanes) + block, lane
        found = group * stride + block
        return found // lanes, found % lanes

    def value(n: te.Var, c: te.Var, y: te.Var, x: te.Var, o: te.Var) -> te.Expr:
        run, place = channel(c)
        read = data[n, run, y * down + ky * down_gap, x * right + kx * right_gap, place]
        return te.sum(read * weight[c, block, ky, kx, lane, o], axis=[block, ky, kx, lane])

    shape = batch, out_blocks, rows, columns, outer
    return te.compute(shape, value, name="conv2d", attrs={GROUPS: groups})


def depthwise(data: te.Tensor, weight: te.Tensor, window: Window) -> te.Tensor:
    """(N, C/b, H, W, b) with (C/b, KH, KW, b) → (N, C/b, OH, OW, b)."""
    data = border(data, window.padding)
    batch, blocks, height, width, block = (int(extent) for extent in data.shape)
    taps = int(weight.shape[1]), int(weight.shape[2])
    rows, columns = window.output((height, width), taps)
    (down, right), (down_gap, right_gap) = window.strides, window.dilation
    ky, kx = te.reduce_axis((0, taps[0]), "ky"), te.reduce_axis((0, taps[1]), "kx")

    def value(n: te.Var, c: te.Var, y: te.Var, x: te.Var, i: te.Var) -> te.Expr:
        read = data[n, c, y * down + ky * down_gap, x * right + kx * right_gap, i]
        return te.sum(read * weight[c, ky, kx, i], axis=[ky, kx])

    return te.compute((batch, blocks, rows, columns, block), value, name="depthwise")


def trim(data: te.Tensor, blocks: int) -> te.Tensor:
    """(N, more, H, W, b) → (N, blocks, H, W, b), the first ones."""
    batch, _, *rest = data.shape
    return te.compute((batch, blocks, *rest), lambda n, c, y, x, i: data[n, c, y, x, i], name="trim")
