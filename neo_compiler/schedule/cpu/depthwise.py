"""Depthwise convolution over blocked values: a row of outputs in registers, all taps unrolled."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tvm.s_tir import Schedule

from neo_compiler.schedule.blocks import divisors, extents, split_axes
from neo_compiler.schedule.choice import Choose
from neo_compiler.schedule.cpu.by_lane import has_lanes
from neo_compiler.schedule.cpu.epilogue import Vectors, find_anchor, hold_in_registers
from neo_compiler.target import Target

_ROWS = 8  # rows of a channel block in one pass: few enough for the first-level cache
_WIDTHS = 3  # candidates
_MOST_TAPS = 9  # whose weights stay in registers while a strip passes, where there are 32 of them


@dataclass(frozen=True)
class Strip:
    """How many columns are computed at once, and how many rows one after the other."""

    rows: int
    columns: int

    def __str__(self) -> str:
        return f"{self.rows}x{self.columns}"


def schedule(sch: Schedule, target: Target, choose: Choose) -> bool:
    """Schedule a function whose anchor is `depthwise`."""
    if (found := find_anchor(sch, "depthwise")) is None:
        return False
    anchor, last = found
    loops = sch.get_loops(last)
    if len(loops) != 5:
        return False
    batch, channel, row, column, lane = loops
    taps = extents(sch, split_axes(sch, anchor, sch.get_loops(anchor))[1])
    unrolled = 1 if has_lanes(target) and math.prod(taps) > _MOST_TAPS else len(taps)
    held = math.prod(taps[-unrolled:]) + taps[-1] if has_lanes(target) else 0
    strip = choose(strips(extents(sch, [row, column]), (target.registers - held) // 2))
    column, columns = sch.split(column, [None, strip.columns])
    row, rows = sch.split(row, [None, strip.rows])
    sch.reorder(batch, channel, row, rows, column, columns, lane)
    sch.parallel(sch.fuse(batch, channel, row))
    sch.unroll(columns)
    sch.vectorize(lane)
    hold_in_registers(sch, anchor, column, Vectors(target.lanes, unroll_taps=unrolled))
    return True


def strips(picture: list[int], widest: int) -> list[Strip]:
    """Candidates for so many rows and columns: narrower and narrower ones, then fewer rows, then all."""
    rows, columns = picture
    widths = divisors(columns, widest)[::-1]
    counts = divisors(rows, _ROWS)[::-1]
    found = [Strip(counts[0], width) for width in widths[:_WIDTHS]]
    return found + [
        Strip(count, widths[0]) for count in dict.fromkeys([*counts[1:2], rows]) if count != counts[0]
    ]
