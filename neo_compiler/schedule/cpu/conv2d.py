"""Direct convolution over blocked values: a register tile of channel blocks, rows and columns."""

from __future__ import annotations

import math

from tvm.s_tir import Schedule
from tvm.s_tir.schedule import SBlockRV

from neo_compiler.schedule.blocks import extents, split_axes
from neo_compiler.schedule.cpu.epilogue import find_anchor, hold_in_registers
from neo_compiler.schedule.cpu.tiles import convolution_tile
from neo_compiler.target import Target


def schedule(sch: Schedule, target: Target) -> bool:
    """Schedule a function whose anchor is `conv2d`; its epilogue runs on the tile in registers.

    Weights that fit into the second-level cache are read again for each row of the picture, larger ones stay
    while the picture passes.
    """
    if (found := find_anchor(sch, "conv2d")) is None:
        return False
    anchor, last = found
    loops = sch.get_loops(last)
    if len(loops) != 5:
        return False
    batch, channel, row, column, lane = loops
    fits = _weight_bytes(sch, anchor) <= target.l2 * 1024
    tile = convolution_tile(extents(sch, [channel, row, column]), target)
    channel, blocks = sch.split(channel, [None, tile.blocks])
    row, rows = sch.split(row, [None, tile.rows])
    column, columns = sch.split(column, [None, tile.columns])
    outer = [batch, row, channel] if fits else [batch, channel, row]
    sch.reorder(*outer, column, blocks, rows, columns, lane)
    sch.parallel(sch.fuse(*outer))
    for loop in (blocks, rows, columns):
        sch.unroll(loop)
    sch.vectorize(lane)
    hold_in_registers(sch, anchor, column, target.lanes)
    return True


def _weight_bytes(sch: Schedule, anchor: SBlockRV) -> int:
    spatial, reductions = split_axes(sch, anchor, sch.get_loops(anchor))
    _, blocks, _, _, lanes = extents(sch, spatial)
    return 4 * blocks * lanes * math.prod(extents(sch, reductions))
