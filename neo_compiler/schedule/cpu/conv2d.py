"""Direct convolution over blocked values: a register tile of channel blocks, rows and columns."""

from __future__ import annotations

import math

from tvm.s_tir import Schedule
from tvm.s_tir.schedule import SBlockRV

from neo_compiler.lower.compute.conv2d import GROUPS
from neo_compiler.schedule.blocks import extents, split_axes
from neo_compiler.schedule.choice import Choose
from neo_compiler.schedule.cpu.blocking import Blocking, Extents, Order, blockings
from neo_compiler.schedule.cpu.by_lane import LANES, has_lanes, weights_early
from neo_compiler.schedule.cpu.chains import longest_chain
from neo_compiler.schedule.cpu.epilogue import Vectors, find_anchor, hold_in_registers, place_border
from neo_compiler.schedule.cpu.pieces import sum_in_cache
from neo_compiler.schedule.cpu.tiles import Tile
from neo_compiler.target import Target

# Lets TVM take the last pass of a loop out of it, so that only that one asks where the row ends.
_APART = "pragma_loop_partition_hint"


def schedule(sch: Schedule, target: Target, choose: Choose) -> bool:
    """Schedule a function whose anchor is `conv2d`; its epilogue runs on the tile in registers."""
    if (found := find_anchor(sch, "conv2d")) is None:
        return False
    anchor, last = found
    if len(sch.get_loops(last)) != 5:
        return False
    of = _extents(sch, anchor)
    blocking = choose(blockings(of, target))
    if of.rows * of.columns < math.prod(extents(sch, sch.get_loops(last)[2:4])):
        _sum_for_all_pixels(sch, anchor, last, blocking.tile, target)
        return True
    if blocking.order is Order.PIECES:
        _place_pieces(sch, anchor, last, blocking.tile, of.piece(blocking.tile))
        sum_in_cache(sch, anchor, blocking.tile, target)
    else:
        _sum_in_registers(sch, (anchor, last), blocking, of, target)
    return True


def _sum_in_registers(
    sch: Schedule, blocks: tuple[SBlockRV, SBlockRV], blocking: Blocking, of: Extents, target: Target
) -> None:
    (anchor, last), tile = blocks, blocking.tile
    batch, channel, row, column, lane = sch.get_loops(last)
    channel, tile_blocks = sch.split(channel, [None, tile.blocks])
    row, rows = sch.split(row, [None, tile.rows])
    stretch, column, columns = sch.split(column, [None, of.stretch(tile), tile.columns])
    outer = [batch, row, channel] if blocking.order is Order.ROWS else [batch, channel, row]
    sch.reorder(*outer, stretch, column, tile_blocks, rows, columns, lane)
    sch.parallel(sch.fuse(*outer, stretch))
    if of.columns % (of.stretch(tile) * tile.columns):
        sch.annotate(column, _APART, True)
    for loop in (tile_blocks, rows, columns):
        sch.unroll(loop)
    sch.vectorize(lane)
    early = weights_early(target, tile.accumulators)
    held = Vectors(target.lanes, by_lane=has_lanes(target), early=early, chain=longest_chain(target))
    hold_in_registers(sch, anchor, column, held)


def _sum_for_all_pixels(sch: Schedule, anchor: SBlockRV, last: SBlockRV, tile: Tile, target: Target) -> None:
    """Compute channels once for a whole picture that they scale, as squeeze-and-excite does.

    Inside the loops over pixels LLVM would have to find out that they do not change; it does not always.
    """
    batch, channel, row, column, lane = sch.get_loops(last)
    channel, blocks = sch.split(channel, [None, tile.blocks])
    sch.reorder(batch, channel, blocks, row, column, lane)
    outer = sch.fuse(batch, channel)
    sch.parallel(outer)
    sch.unroll(blocks)
    sch.vectorize(lane)
    early = weights_early(target, tile.accumulators)
    hold_in_registers(sch, anchor, outer, Vectors(target.lanes, by_lane=has_lanes(target), early=early))


def _place_pieces(sch: Schedule, anchor: SBlockRV, last: SBlockRV, tile: Tile, rows: int) -> None:
    """Compute whole pieces of so many rows; what follows a convolution comes after all input channels."""
    batch, channel, row, column, lane = sch.get_loops(last)
    channel, blocks = sch.split(channel, [None, tile.blocks])
    piece, row = sch.split(row, [None, rows])
    sch.reorder(batch, channel, piece, row, column, blocks, lane)
    outer = sch.fuse(batch, channel, piece)
    sch.parallel(outer)
    sch.unroll(blocks)
    sch.vectorize(lane)
    sch.compute_at(anchor, outer, preserve_unit_loops=True)
    place_border(sch, anchor, outer)


def _extents(sch: Schedule, anchor: SBlockRV) -> Extents:
    spatial, reductions = split_axes(sch, anchor, sch.get_loops(anchor))
    _, blocks, rows, columns, lanes = extents(sch, spatial)
    counts = extents(sch, reductions)
    groups, weights = int(sch.get(anchor).annotations[GROUPS]), 4 * lanes * math.prod(counts)
    return Extents(blocks, groups, rows, columns, weights, vectors=counts[-1] % LANES == 0)
