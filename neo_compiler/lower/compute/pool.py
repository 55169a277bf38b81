"""Pooling over blocked values."""

from __future__ import annotations

from tvm import te, tirx

from neo_compiler.lower.compute.conv2d import Window


def max_pool(data: te.Tensor, kernel: tuple[int, int], window: Window) -> te.Tensor:
    """The largest value under each window of an already padded blocked tensor."""
    ky, kx, read, shape = _taps(data, kernel, window)
    return te.compute(shape, lambda *at: te.max(read(*at), axis=[ky, kx]), name="max_pool")


def sum_pool(data: te.Tensor, kernel: tuple[int, int], window: Window) -> te.Tensor:
    """The sum under each window of an already padded blocked tensor."""
    ky, kx, read, shape = _taps(data, kernel, window)
    return te.compute(shape, lambda *at: te.sum(read(*at), axis=[ky, kx]), name="sum_pool")


def global_sum(data: te.Tensor) -> te.Tensor:
    """The sum over height and width: (N, C/b, H, W, b) → (N, C/b, 1, 1, b)."""
    batch, blocks, height, width, block = (int(extent) for extent in data.shape)
    ry, rx = te.reduce_axis((0, height), "ry"), te.reduce_axis((0, width), "rx")
    return te.compute(
        (batch, blocks, 1, 1, block),
        lambda n, c, _y, _x, i: te.sum(data[n, c, ry, rx, i], axis=[ry, rx]),
        name="global_sum",
    )


def _taps(data: te.Tensor, kernel: tuple[int, int], window: Window):  # type: ignore[no-untyped-def]
    batch, blocks, height, width, block = (int(extent) for extent in data.shape)
    rows, columns = window.output((height, width), kernel)
    (down, right), (down_gap, right_gap) = window.strides, window.dilation
    ky, kx = te.reduce_axis((0, kernel[0]), "ky"), te.reduce_axis((0, kernel[1]), "kx")

    def read(n: tirx.Var, c: tirx.Var, y: tirx.Var, x: tirx.Var, i: tirx.Var) -> tirx.PrimExpr:
        return data[n, c, y * down + ky * down_gap, x * right + kx * right_gap, i]

    return ky, kx, read, (batch, blocks, rows, columns, block)
