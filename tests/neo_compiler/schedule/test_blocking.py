"""What the model of direct convolutions says of usual ones."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from neo_compiler.schedule.cpu.blocking import Extents, Order, blockings
from neo_compiler.target import find_target

TARGET = find_target("x86-64-v4")


def convolution(blocks: int, side: int, inputs: int, taps: int = 1, groups: int = 1) -> Extents:
    """A square picture of channel blocks of 16, with so many input channels and taps."""
    return Extents(blocks, groups, side, side, 4 * 16 * inputs * taps)


@pytest.mark.parametrize(
    ("of", "order"),
    [
        (
            convolution(16, 56, 64),
            Order.CHANNELS,
        ),  # 64 to 256: a tile's weights stay in the first-level cache
        (convolution(4, 56, 64, taps=9), Order.PIECES),
        (convolution(128, 7, 512), Order.PIECES),
        (convolution(72, 7, 192), Order.PIECES),
        (convolution(64, 14, 256), Order.PIECES),
        (convolution(4, 28, 240), Order.ROWS),
    ],
)
def test_order_of_loops(of: Extents, order: Order) -> None:
    assert blockings(of, TARGET)[0].order is order


def test_pieces_of_small_pictures_have_high_tiles() -> None:
    small, large = (blockings(convolution(32, side, 512), TARGET)[0] for side in (14, 28))
    assert small.order is large.order is Order.PIECES
    assert (small.tile.rows, small.tile.columns) == (large.tile.columns, large.tile.rows) == (7, 1)


def test_pieces_keep_four_threads_busy() -> None:
    of = convolution(7, 14, 672)  # all channels are one tile: only rows are left to share
    best = blockings(of, TARGET)[0]
    tasks = of.blocks // best.tile.blocks * (of.rows // of.piece(best.tile))
    assert best.order is Order.PIECES
    assert tasks >= 7


@pytest.mark.parametrize("columns", [21922, 10961, 10960, 2011])
def test_a_long_row_is_cut_evenly_for_threads(columns: int) -> None:
    of = Extents(1, 1, 1, columns, 4 * 16 * 256, vectors=False)
    best = blockings(of, TARGET)[0]
    tiles, stretch = -(-columns // best.tile.columns), of.stretch(best.tile)
    assert best.tile.efficiency() >= 0.65
    assert tiles % stretch == 0
    assert tiles // stretch >= 4


def test_a_short_row_is_left_whole() -> None:
    of = Extents(1, 1, 1, 28, 4 * 16 * 9)
    assert of.stretch(blockings(of, TARGET)[0].tile) == 1


@settings(deadline=None, derandomize=True)
@given(st.integers(1, 8), st.integers(1, 9), st.integers(1, 60), st.integers(1, 2048))
def test_tiles_stay_within_a_group(groups: int, per_group: int, side: int, inputs: int) -> None:
    of = convolution(groups * per_group, side, inputs, groups=groups)
    candidates = blockings(of, TARGET)
    assert not any(per_group % blocking.tile.blocks for blocking in candidates)
    assert not any(side % of.piece(blocking.tile) for blocking in candidates)
    assert len(set(map(str, candidates))) == len(candidates)
