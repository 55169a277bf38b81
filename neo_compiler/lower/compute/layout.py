"""Into the blocked layout and back."""

from __future__ import annotations

from tvm import te, tirx

# Kernels of this name write their operands one behind the other when the batch is one.
CONCAT = "concat"


def pack(data: te.Tensor, block: int) -> te.Tensor:
    """(N, C, H, W) → (N, ceil(C/block), H, W, block); added channels are zero."""
    batch, channels, height, width = (int(extent) for extent in data.shape)
    blocks = -(-channels // block)
    exact = blocks * block == channels

    def value(n: tirx.Var, c: tirx.Var, y: tirx.Var, x: tirx.Var, i: tirx.Var) -> tirx.PrimExpr:
        channel = c * block + i
        read = data[n, tirx.min(channel, channels - 1), y, x] if not exact else data[n, channel, y, x]
        return read if exact else tirx.Select(channel < channels, read, tirx.const(0, data.dtype))

    return te.compute((batch, blocks, height, width, block), value, name="pack")


def unpack(data: te.Tensor, channels: int) -> te.Tensor:
    """(N, C/block, H, W, block) → (N, channels, H, W); channels beyond `channels` are dropped."""
    batch, _, height, width, block = (int(extent) for extent in data.shape)
    return te.compute(
        (batch, channels, height, width),
        lambda n, c, y, x: data[n, c // block, y, x, c % block],
        name="unpack",
    )


def pad(data: te.Tensor, before: tuple[int, int], after: tuple[int, int], fill: float) -> te.Tensor:
    """A blocked tensor with `fill` added around its height and width."""
    batch, blocks, height, width, block = (int(extent) for extent in data.shape)
    top, left = before
    shape = (batch, blocks, height + top + after[0], width + left + after[1], block)

    def value(n: tirx.Var, c: tirx.Var, y: tirx.Var, x: tirx.Var, i: tirx.Var) -> tirx.PrimExpr:
        inside = tirx.all(y >= top, y < height + top, x >= left, x < width + left)
        return tirx.if_then_else(inside, data[n, c, y - top, x - left, i], tirx.const(fill, data.dtype))

    return te.compute(shape, value, name="pad")


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
