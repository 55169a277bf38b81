"""Direct convolution over blocked values: a register tile of channel blocks, rows and columns."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tvm.s_tir import Schedule
from tvm.s_tir.schedule import SBlockRV

from neo_compiler.schedule.blocks import extents, split_axes
from neo_compiler.schedule.choice import Choose
from neo_compiler.schedule.cpu.epilogue import find_anchor, hold_in_registers
from neo_compiler.schedule.cpu.tiles import Tile, convolution_tiles
from neo_compiler.target import Target

_TILES, _TURNED = 6, 2  # candidates in the better order of loops, and in the other one


@dataclass(frozen=True)
class Blocking:
    """A register tile, and which loop is the outer one: over rows, or over channels.

    With rows outside, all weights are read again for each of them; with channels outside, a channel's weights
    stay in the cache while the picture passes.
    """

    tile: Tile
    rows_outside: bool

    def __str__(self) -> str:
        return f"{self.tile} {'by rows' if self.rows_outside else 'by channels'}"


def schedule(sch: Schedule, target: Target, choose: Choose) -> bool:
    """Schedule a function whose anchor is `conv2d`; its epilogue runs on the tile in registers."""
    if (found := find_anchor(sch, "conv2d")) is None:
        return False
    anchor, last = found
    loops = sch.get_loops(last)
    if len(loops) != 5:
        return False
    batch, channel, row, column, lane = loops
    fits = _weight_bytes(sch, anchor) <= target.l2 * 1024
    blocking = choose(blockings(extents(sch, [channel, row, column]), target, rows_outside=fits))
    tile = blocking.tile
    channel, blocks = sch.split(channel, [None, tile.blocks])
    row, rows = sch.split(row, [None, tile.rows])
    column, columns = sch.split(column, [None, tile.columns])
    outer = [batch, row, channel] if blocking.rows_outside else [batch, channel, row]
    sch.reorder(*outer, column, blocks, rows, columns, lane)
    sch.parallel(sch.fuse(*outer))
    for loop in (blocks, rows, columns):
        sch.unroll(loop)
    sch.vectorize(lane)
    hold_in_registers(sch, anchor, column, target.lanes)
    return True


def blockings(output: list[int], target: Target, *, rows_outside: bool) -> list[Blocking]:
    """Candidates for an output of so many channel blocks, rows and columns; `rows_outside` seems better."""
    tiles = convolution_tiles(output, target)
    found = [Blocking(tile, rows_outside) for tile in tiles[:_TILES]]
    return found + [Blocking(tile, not rows_outside) for tile in tiles[:_TURNED]]


def _weight_bytes(sch: Schedule, anchor: SBlockRV) -> int:
    spatial, reductions = split_axes(sch, anchor, sch.get_loops(anchor))
    _, blocks, _, _, lanes = extents(sch, spatial)
    return 4 * blocks * lanes * math.prod(extents(sch, reductions))
