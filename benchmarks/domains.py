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

DOT = 4  # pixels a dot: glyphs of 20 x 28 pixels are what text recognisers are trained on
GLYPH_ROWS, GLYPH_COLUMNS = 7, 5


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
    """int64 numbers from `low` to `high`, both included."""

    low: int
    high: int

    def draw(self, rng: np.random.Generator, shape: Shape) -> NDArray[np.int64]:
        return rng.integers(self.low, self.high, shape, dtype=np.int64, endpoint=True)


@dataclass(frozen=True)
class Constant:
    """The same int64 everywhere: a mask without padding, the first of two segments."""

    value: int

    def draw(self, rng: np.random.Generator, shape: Shape) -> NDArray[np.int64]:
        del rng
        return np.full(shape, self.value, np.int64)


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


@dataclass(frozen=True)
class Print:
    """float32 pictures [N, C, H, W] in [low, high] of dark dot-matrix glyphs on light paper, in lines.

    The glyphs belong to no script, yet text detectors and recognisers see writing in them.
    """

    low: float
    high: float

    def draw(self, rng: np.random.Generator, shape: Shape) -> NDArray[np.float32]:
        images, channels, height, width = shape
        pages = np.stack([_page(rng, height, width) for _ in range(images)])
        grainy = pages[:, None] + 0.02 * rng.standard_normal((images, channels, height, width))
        return (self.low + (self.high - self.low) * np.clip(grainy, 0, 1)).astype(np.float32)


def _page(rng: np.random.Generator, height: int, width: int) -> NDArray[np.float64]:
    page = np.ones((height, width))
    for top in range(2 * DOT, height - GLYPH_ROWS * DOT + 1, (GLYPH_ROWS + 4) * DOT):
        for left in range(DOT, width - GLYPH_COLUMNS * DOT + 1, (GLYPH_COLUMNS + 1) * DOT):
            glyph = rng.random((GLYPH_ROWS, GLYPH_COLUMNS)) < 0.45
            if rng.random() < 0.85:
                dots = glyph.repeat(DOT, axis=0).repeat(DOT, axis=1)
                page[top : top + dots.shape[0], left : left + dots.shape[1]] -= 0.8 * dots
    return page


@dataclass(frozen=True)
class TextFile:
    """int32 bytes [1, N] of a text of invented words, then `padding` up to the end."""

    padding: int

    def draw(self, rng: np.random.Generator, shape: Shape) -> NDArray[np.int32]:
        words = [
            bytes(rng.integers(ord("a"), ord("z") + 1, size).tolist()) for size in rng.integers(1, 9, 60)
        ]
        gaps = (b" ", b" ", b" ", b"\n", b", ", b"(", b") ", b" = ")
        pairs = zip(
            rng.integers(len(words), size=shape[1]), rng.integers(len(gaps), size=shape[1]), strict=True
        )
        text = b"".join(words[word] + gaps[gap] for word, gap in pairs)
        length = int(rng.integers(shape[1] // 2, shape[1]))
        content = np.full(shape, self.padding, np.int32)
        content[0, :length] = np.frombuffer(text, np.uint8)[:length]
        return content
