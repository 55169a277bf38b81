"""Transposed convolution as one dense convolution for every output phase, then a shuffle into place.

With stride s, output row y takes only the kernel rows r, r+s, r+2s, … where r = (y + padding) mod s: each
phase r is an ordinary convolution with ceil(K/s) rows (Shi et al., "Is the deconvolution layer the same as a
convolutional layer?", 2016).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tvm import te, tirx


@dataclass(frozen=True)
class Phases:
    """The phases of a transposed convolution: strides, (top, left) padding, channels of a phase."""

    strides: tuple[int, int]
    padding: tuple[int, int]
    channels: int


def phase_weights(weight: NDArray[np.float32], phases: Phases) -> NDArray[np.float32]:
    """(I, O, KH, KW) → (SH*SW*channels, I, ceil(KH/SH), ceil(KW/SW)) of an ordinary convolution."""
    inputs, outputs, *size = weight.shape
    (down, right), taps = phases.strides, [-(-k // s) for k, s in zip(size, phases.strides, strict=True)]
    full = np.zeros((inputs, phases.channels, taps[0] * down, taps[1] * right), weight.dtype)
    full[:, :outputs, : size[0], : size[1]] = weight
    split = full.reshape(inputs, phases.channels, taps[0], down, taps[1], right)[:, :, ::-1, :, ::-1]
    return np.ascontiguousarray(split.transpose(3, 5, 1, 0, 2, 4).reshape(-1, inputs, *taps))


def shuffle(data: te.Tensor, phases: Phases, size: tuple[int, int], block: int) -> te.Tensor:
    """Phases side by side in blocked channels → (N, channels/block, *size, block)."""
    batch, inner = int(data.shape[0]), int(data.shape[4])
    (down, right), (top, left) = phases.strides, phases.padding

    def value(n: tirx.Var, c: tirx.Var, y: tirx.Var, x: tirx.Var, i: tirx.Var) -> tirx.PrimExpr:
        phase = (y + top) % down * right + (x + left) % right
        if phases.channels % inner == 0:
            return data[n, phase * (phases.channels // inner) + c, (y + top) // down, (x + left) // right, i]
        channel = phase * phases.channels + c * block + i
        return data[n, channel // inner, (y + top) // down, (x + left) // right, channel % inner]

    return te.compute((batch, phases.channels // block, *size, block), value, name="shuffle")
