"""Direct convolution over blocked values: a register tile of channel blocks, rows and columns."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from tvm.s_tir import Schedule
from tvm.s_tir.schedule import SBlockRV

from neo_compiler.lower.compute.conv2d import GROUPS
from neo_compiler.schedule.blocks import divisors, extents, split_axes
from neo_compiler.schedule.choice import Choose
from neo_compiler.schedule.cpu.by_lane import has_lanes
from neo_compiler.schedule.cpu.epilogue import Vectors, find_anchor, hold_in_registers, place_border
from neo_compiler.schedule.cpu.tiles import Tile, convolution_tiles
from neo_compiler.target import Target

_TILES, _OTHERS = 6, 2  # candidates in the order of loops that seems best, and in each of the others
_SMALL_PICTURE = 64  # pixels
_PIXELS_IN_A_PIECE = 512  # whose sums stay in the second-level cache while input channels pass


class Order(StrEnum):
    """What stays in the cache while the rest passes.

    With rows outside, all weights are read again for each of them. With channels outside, a channel's
    weights stay while the picture passes. In pieces, the weights of a few input channels stay while their
    products are added to the sums of a whole piece of the picture.
    """

    ROWS = "by rows"
    CHANNELS = "by channels"
    PIECES = "in pieces"


@dataclass(frozen=True)
class Blocking:
    """A register tile, and the order of the loops around it."""

    tile: Tile
    order: Order

    def __str__(self) -> str:
        return f"{self.tile} {self.order}"


def schedule(sch: Schedule, target: Target, choose: Choose) -> bool:
    """Schedule a function whose anchor is `conv2d`; its epilogue runs on the tile in registers."""
    if (found := find_anchor(sch, "conv2d")) is None:
        return False
    anchor, last = found
    if len(sch.get_loops(last)) != 5:
        return False
    _, channel, row, column, _ = sch.get_loops(last)
    blocks, rows, columns = extents(sch, [channel, row, column])
    tiles = convolution_tiles([blocks // int(sch.get(anchor).annotations[GROUPS]), rows, columns], target)
    blocking = choose(blockings(tiles, _best_order(sch, anchor, tiles[0], target)))
    if blocking.order is Order.PIECES:
        _sum_in_cache(sch, anchor, last, blocking.tile, target)
    else:
        _sum_in_registers(sch, anchor, last, blocking, target)
    place_border(sch, anchor)
    return True


def blockings(tiles: list[Tile], order: Order) -> list[Blocking]:
    """Candidates: the best tiles in this order of loops, then a few in the others."""
    found = [Blocking(tile, order) for tile in tiles[:_TILES]]
    return found + [
        Blocking(tile, other) for other in Order if other is not order for tile in tiles[:_OTHERS]
    ]


def _best_order(sch: Schedule, anchor: SBlockRV, tile: Tile, target: Target) -> Order:
    _, _, row, column, *_ = sch.get_loops(anchor)
    weights, cache = _weight_bytes(sch, anchor, tile.blocks), target.l1 * 1024
    small = math.prod(extents(sch, [row, column])) <= _SMALL_PICTURE
    if weights > (1 if small else 2) * cache and not has_lanes(target):
        return Order.PIECES
    stays = weights <= cache or _weight_bytes(sch, anchor) > target.l2 * 1024
    return Order.CHANNELS if stays else Order.ROWS


def _sum_in_registers(
    sch: Schedule, anchor: SBlockRV, last: SBlockRV, blocking: Blocking, target: Target
) -> None:
    tile = blocking.tile
    batch, channel, row, column, lane = sch.get_loops(last)
    channel, blocks = sch.split(channel, [None, tile.blocks])
    row, rows = sch.split(row, [None, tile.rows])
    column, columns = sch.split(column, [None, tile.columns])
    outer = [batch, row, channel] if blocking.order is Order.ROWS else [batch, channel, row]
    sch.reorder(*outer, column, blocks, rows, columns, lane)
    sch.parallel(sch.fuse(*outer))
    for loop in (blocks, rows, columns):
        sch.unroll(loop)
    sch.vectorize(lane)
    hold_in_registers(sch, anchor, column, Vectors(target.lanes, by_lane=has_lanes(target)))


def _sum_in_cache(sch: Schedule, anchor: SBlockRV, last: SBlockRV, tile: Tile, target: Target) -> None:
    """LLVM keeps the sums of a tile in registers between the loops over input channels."""
    batch, channel, row, column, lane = sch.get_loops(last)
    height, width = extents(sch, [row, column])
    rows = [rows for rows in divisors(height, height) if rows % tile.rows == 0]
    fitting = [rows for rows in rows if rows * width <= _PIXELS_IN_A_PIECE]
    channel, blocks = sch.split(channel, [None, tile.blocks])
    piece, row = sch.split(row, [None, max(fitting, default=rows[0])])
    sch.reorder(batch, channel, piece, row, column, blocks, lane)
    outer = sch.fuse(batch, channel, piece)
    sch.parallel(outer)
    sch.unroll(blocks)
    sch.vectorize(lane)
    sch.compute_at(anchor, outer, preserve_unit_loops=True)
    _order_sums(sch, anchor, tile, _blocks_at_once(sch, anchor, tile, target))


def _order_sums(sch: Schedule, anchor: SBlockRV, tile: Tile, at_once: int) -> None:
    *_, channel, row, column, lane, block, down, right, inner = sch.get_loops(anchor)
    row, rows = sch.split(row, [None, tile.rows])
    column, columns = sch.split(column, [None, tile.columns])
    chunk, block = sch.split(block, [None, at_once])
    sch.reorder(chunk, row, column, block, down, right, inner, rows, columns, channel, lane)
    for loop in (rows, columns, channel):
        sch.unroll(loop)
    sch.vectorize(lane)
    sch.decompose_reduction(anchor, chunk)


def _blocks_at_once(sch: Schedule, anchor: SBlockRV, tile: Tile, target: Target) -> int:
    """Input channel blocks whose weights stay in the first-level cache, at least one."""
    *_, block, _, _, _ = sch.get_loops(anchor)
    blocks = extents(sch, [block])[0]
    fitting = target.l1 * 1024 * blocks // _weight_bytes(sch, anchor, tile.blocks)
    return max(divisors(blocks, max(1, fitting)))


def _weight_bytes(sch: Schedule, anchor: SBlockRV, blocks: int | None = None) -> int:
    """Bytes of the weights of so many blocks of output channels, or of all."""
    spatial, reductions = split_axes(sch, anchor, sch.get_loops(anchor))
    *_, every, _, _, lanes = extents(sch, spatial)
    return 4 * (blocks or every) * lanes * math.prod(extents(sch, reductions))
