"""Matrix product: a tile of rows and column vectors in registers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from tvm.s_tir import Schedule
from tvm.s_tir.schedule import SBlockRV

from neo_compiler.schedule.blocks import extents, split_axes
from neo_compiler.schedule.choice import Choose
from neo_compiler.schedule.cpu.by_lane import has_lanes, weights_early
from neo_compiler.schedule.cpu.chains import longest_chain
from neo_compiler.schedule.cpu.epilogue import Vectors, find_anchor, hold_in_registers
from neo_compiler.schedule.cpu.tiles import Tile, convolution_tiles
from neo_compiler.target import Target

_TILES = 6  # candidates
_FEWEST_LANES = 4


def schedule(sch: Schedule, target: Target, choose: Choose) -> bool:
    """Schedule a function whose anchor is `dense` or `product`, whose widths fill vectors."""
    if (found := find_anchor(sch, "dense") or find_anchor(sch, "product")) is None:
        return False
    anchor, last = found
    if len(sch.get_loops(last)) != len(split_axes(sch, anchor, sch.get_loops(anchor))[0]):
        return False
    rows, columns = extents(sch, sch.get_loops(anchor))[-3:-1]
    if columns % _FEWEST_LANES:
        return False
    lanes = next(lanes for lanes in (target.lanes, target.lanes // 2, _FEWEST_LANES) if columns % lanes == 0)
    tile = choose(convolution_tiles([columns // lanes, 1, rows], target)[:_TILES])
    early = weights_early(target, tile.accumulators)
    held = Vectors(lanes, by_lane=has_lanes(target), early=early, chain=longest_chain(target))
    tile_product(sch, found, tile, held, target)
    return True


def tile_product(sch: Schedule, found: Sequence[SBlockRV], tile: Tile, held: Vectors, target: Target) -> None:
    """Compute a product's anchor tile by tile in registers; `found` are the anchor and the last block."""
    anchor, last = found
    stays = _right_bytes(sch, anchor) <= target.l2 * 1024
    *batch, row, column = sch.get_loops(last)
    row, tile_rows = sch.split(row, [None, tile.columns])
    column, tile_vectors, lane = sch.split(column, [None, tile.blocks, held.lanes])
    order = [row, column] if stays else [column, row]
    sch.reorder(*batch, *order, tile_rows, tile_vectors, lane)
    at = sch.fuse(*batch, *order)
    sch.parallel(at)
    sch.unroll(tile_rows)
    sch.unroll(tile_vectors)
    sch.vectorize(lane)
    hold_in_registers(sch, anchor, at, held)


def _right_bytes(sch: Schedule, anchor: SBlockRV) -> int:
    """Of a batch's right side; where it does not stay in the cache, its columns pass one after the other."""
    right = sch.get(anchor).reads[1].source.ty
    columns, depth = extents(sch, sch.get_loops(anchor))[-2:]
    return columns * depth * np.dtype(str(right.dtype)).itemsize
