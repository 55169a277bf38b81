"""Depthwise convolution over blocked values: a row of outputs in registers, all taps unrolled."""

from __future__ import annotations

from tvm.s_tir import Schedule

from neo_compiler.schedule.blocks import divisors, extents
from neo_compiler.schedule.cpu.epilogue import find_anchor, hold_in_registers
from neo_compiler.target import Target

_ROWS = 8  # rows of a channel block in one pass: few enough for the first-level cache


def schedule(sch: Schedule, target: Target) -> bool:
    """Schedule a function whose anchor is `depthwise`."""
    if (found := find_anchor(sch, "depthwise")) is None:
        return False
    anchor, last = found
    loops = sch.get_loops(last)
    if len(loops) != 5:
        return False
    batch, channel, row, column, lane = loops
    width = divisors(extents(sch, [column])[0], target.registers // 2)[-1]
    column, columns = sch.split(column, [None, width])
    row, rows = sch.split(row, [None, divisors(extents(sch, [row])[0], _ROWS)[-1]])
    sch.reorder(batch, channel, row, rows, column, columns, lane)
    sch.parallel(sch.fuse(batch, channel, row))
    sch.unroll(columns)
    sch.vectorize(lane)
    hold_in_registers(sch, anchor, column, target.lanes, unroll_taps=True)
    return True
