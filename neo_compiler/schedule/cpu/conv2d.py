"""Direct convolution over blocked values: a register tile of channel blocks, rows and columns."""

from __future__ import annotations

from tvm.s_tir import Schedule

from neo_compiler.schedule.blocks import extents
from neo_compiler.schedule.cpu.epilogue import find_anchor, hold_in_registers
from neo_compiler.schedule.cpu.tiles import convolution_tile
from neo_compiler.target import Target


def schedule(sch: Schedule, target: Target) -> bool:
    """Schedule a function whose anchor is `conv2d`; its epilogue runs on the tile in registers."""
    if (found := find_anchor(sch, "conv2d")) is None:
        return False
    anchor, last = found
    loops = sch.get_loops(last)
    if len(loops) != 5:
        return False
    batch, channel, row, column, lane = loops
    tile = convolution_tile(extents(sch, [channel, row, column]), target)
    channel, blocks = sch.split(channel, [None, tile.blocks])
    row, rows = sch.split(row, [None, tile.rows])
    column, columns = sch.split(column, [None, tile.columns])
    sch.reorder(batch, channel, row, column, blocks, rows, columns, lane)
    sch.parallel(sch.fuse(batch, channel, row))
    for loop in (blocks, rows, columns):
        sch.unroll(loop)
    sch.vectorize(lane)
    hold_in_registers(sch, anchor, column, target.lanes)
    return True
