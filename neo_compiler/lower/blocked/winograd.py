"""Where Winograd's convolution pays, by an estimate of cycles and of what its weights cost."""

from __future__ import annotations

import math
from dataclasses import dataclass

from neo_compiler.lower.compute.conv2d import Window
from neo_compiler.lower.compute.winograd import TAPS, transforms
from neo_compiler.lower.values import Array
from neo_compiler.target import Target

# Of an x86 core with AVX-512, measured on kernels alone; only their ratios matter.
_FMA_PER_CYCLE = 2
_DIRECT_SHARE, _PRODUCT_SHARE = 0.7, 0.8  # of the multiply-add peak
_TRANSFORM_CYCLES = 12  # for a vector at a point of a patch, there and back
_BYTES_PER_CYCLE = 6  # of weights, from the third-level cache

# The transformed weights are 16/9 or 4 times as large; the artifact grows only where much time is saved.
_LEAST_GAIN = 1.25
_BYTES_PER_SAVED_CYCLE = 2.0

# Tiles of 2 by 2 outputs have two to three times smaller rounding errors, and 1.8 times as many products.
_TILES, _EXACT_TILES = (2, 4), (2,)


@dataclass(frozen=True)
class _Work:
    """A convolution of 3x3 taps: the output's height and width, and its channels, filled up to blocks."""

    size: tuple[int, int]
    inputs: int
    outputs: int
    lanes: int

    def direct_cycles(self) -> float:
        multiplications = TAPS * TAPS * math.prod(self.size) * self.inputs * self.outputs
        return multiplications / self.lanes / _FMA_PER_CYCLE / _DIRECT_SHARE

    def points(self, tile: int) -> int:
        """Of all patches that tiles of so many rows and columns need."""
        tiles = math.prod(-(-extent // tile) for extent in self.size)
        return tiles * transforms(tile).patch ** 2

    def weight_bytes(self, side: int) -> int:
        return 4 * side * side * self.inputs * self.outputs

    def cycles(self, tile: int) -> float:
        points = self.points(tile)
        product = points * self.inputs * self.outputs / self.lanes / _FMA_PER_CYCLE / _PRODUCT_SHARE
        moved = points * (self.inputs + self.outputs) / self.lanes * _TRANSFORM_CYCLES
        return product + moved + self.weight_bytes(transforms(tile).patch) / _BYTES_PER_CYCLE

    def pays(self, tile: int) -> bool:
        """Whether a tile of this size saves enough for what the artifact grows by."""
        saved = self.direct_cycles() - self.cycles(tile)
        growth = self.weight_bytes(transforms(tile).patch) - self.weight_bytes(TAPS)
        return (
            self.direct_cycles() > _LEAST_GAIN * self.cycles(tile) and growth < _BYTES_PER_SAVED_CYCLE * saved
        )


def winograd_tile(taps: Array, window: Window, size: tuple[int, int], target: Target) -> int | None:
    """The tile to compute an output of `size` by, or None where the direct sum is better or the only way.

    `taps` is (O, I, KH, KW), its channels filled up to blocks of the target's lanes.
    """
    outputs, inputs, *kernel = taps.shape
    if kernel != [TAPS, TAPS] or window.strides != (1, 1) or window.dilation != (1, 1):
        return None
    if inputs % target.lanes:
        return None
    work = _Work(size, inputs, outputs, target.lanes)
    tiles = _EXACT_TILES if target.exact else _TILES
    return min(filter(work.pays, tiles), key=work.cycles, default=None)
