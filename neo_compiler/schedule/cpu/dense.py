"""Matrix product with packed weights: a tile of rows and column vectors in registers."""

from __future__ import annotations

from tvm.s_tir import Schedule

from neo_compiler.schedule.blocks import extents
from neo_compiler.schedule.choice import Choose
from neo_compiler.schedule.cpu.by_lane import has_lanes
from neo_compiler.schedule.cpu.epilogue import Vectors, find_anchor, hold_in_registers
from neo_compiler.schedule.cpu.tiles import convolution_tiles
from neo_compiler.target import Target

_TILES = 6  # candidates


def schedule(sch: Schedule, target: Target, choose: Choose) -> bool:
    """Schedule a function whose anchor is `dense`, where its width fills vectors."""
    if (found := find_anchor(sch, "dense")) is None:
        return False
    anchor, last = found
    loops = sch.get_loops(last)
    if len(loops) != 2:
        return False
    row, column = loops
    rows, columns = extents(sch, loops)
    lanes = next(lanes for lanes in (target.lanes, target.lanes // 2, 4) if columns % lanes == 0)
    tile = choose(convolution_tiles([columns // lanes, 1, rows], target)[:_TILES])
    row, tile_rows = sch.split(row, [None, tile.columns])
    column, tile_vectors, lane = sch.split(column, [None, tile.blocks, lanes])
    sch.reorder(row, column, tile_rows, tile_vectors, lane)
    at = sch.fuse(row, column)
    sch.parallel(at)
    sch.unroll(tile_rows)
    sch.unroll(tile_vectors)
    sch.vectorize(lane)
    hold_in_registers(sch, anchor, at, Vectors(lanes, by_lane=has_lanes(target)))
    return True
