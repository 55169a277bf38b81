"""What a model's inputs look like in use, so that seeded reference inputs exercise it as real ones would.

White noise is a poor picture: it has no edges and no areas, and a trained network answers "nothing" to
all of it. Every domain draws from a given generator, so the same seed gives the same array.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Shape = tuple[int, ...]


class Domain(Protocol):
    """A distribution of arrays."""

    def draw(self, rng: np.random.Generator, shape: Shape) -> NDArray[Any]: ...


@dataclass(frozen=True)
class Picture:
    """float32 pictures with values in [low, high]: blots of four-fold growing size over one another.

    `shape` is [N, C, H, W], or [N, H, W, C] with `channels_last`.
    """

    low: float
    high: float
    channels_last: bool = False

    def draw(self, rng: np.random.Generator, shape: Shape) -> NDArray[np.float32]:
        channel_axis = 3 if self.channels_last else 1
        planes = (shape[0], shape[channel_axis], *(shape[i] for i in (1, 2, 3) if i != channel_axis))
        picture = np.sum([_blots(rng, planes, cell) for cell in (1, 4, 16, 64)], axis=0)
        unit = (picture - picture.min()) / np.ptp(picture)
        values = np.moveaxis(self.low + (self.high - self.low) * unit, 1, channel_axis)
        return np.ascontiguousarray(values, np.float32)


def _blots(rng: np.random.Generator, shape: Shape, cell: int) -> NDArray[np.float64]:
    images, channels, height, width = shape
    coarse = rng.standard_normal((images, channels, -(-height // cell), -(-width // cell)))
    return coarse.repeat(cell, axis=2).repeat(cell, axis=3)[:, :, :height, :width]


@dataclass(frozen=True)
class Integers:
    """Whole numbers from `low` to `high`, both included."""

    low: int
    high: int
    dtype: str = "int64"

    def draw(self, rng: np.random.Generator, shape: Shape) -> NDArray[Any]:
        return rng.integers(self.low, self.high, shape, dtype=self.dtype, endpoint=True)


@dataclass(frozen=True)
class Constant:
    """The same whole number everywhere: a mask without padding, the first of two segments."""

    value: int
    dtype: str = "int64"

    def draw(self, rng: np.random.Generator, shape: Shape) -> NDArray[Any]:
        del rng
        return np.full(shape, self.value, self.dtype)


@dataclass(frozen=True)
class Uniform:
    """float32 values spread evenly over [low, high)."""

    low: float
    high: float

    def draw(self, rng: np.random.Generator, shape: Shape) -> NDArray[np.float32]:
        return rng.uniform(self.low, self.high, shape).astype(np.float32)


@dataclass(frozen=True)
class Sound:
    """float32 sound in [-1, 1]: three harmonics of a random tone over soft noise.

    The samples lie along the longest axis of `shape`; `rate` is in samples per second.
    """

    rate: int

    def draw(self, rng: np.random.Generator, shape: Shape) -> NDArray[np.float32]:
        samples = max(shape)
        turns = rng.uniform(90, 400) * np.arange(samples) / self.rate
        tone = sum(np.sin(2 * np.pi * (k * turns + rng.uniform())) / k for k in (1, 2, 3))
        rows = int(np.prod(shape)) // samples
        noisy = 0.3 * tone + 0.02 * rng.standard_normal((rows, samples))
        return np.clip(noisy, -1, 1).reshape(shape).astype(np.float32)
