"""Sums that stay in the cache while the products of one group of input channels after the other are added."""

from __future__ import annotations

import math

from tvm.s_tir import Schedule
from tvm.s_tir.schedule import SBlockRV

from neo_compiler.schedule.blocks import divisors, extents, split_axes
from neo_compiler.schedule.cpu.tiles import Tile
from neo_compiler.target import Target


def sum_in_cache(sch: Schedule, anchor: SBlockRV, tile: Tile, target: Target) -> None:
    """Add the products of as many input channels at a time as have their weights in the first-level cache.

    The anchor's innermost loops are a tile's channel blocks, rows, columns, lanes and the reductions; the
    first of these goes over blocks of input channels. LLVM keeps the sums of a tile in registers meanwhile.
    """
    spatial, (block, *taps, inner) = split_axes(sch, anchor, sch.get_loops(anchor))
    *_, channel, row, column, lane = spatial
    count, *rest = extents(sch, [block, *taps, inner])
    weights = 4 * tile.blocks * extents(sch, [lane])[0] * math.prod(rest)  # bytes, for a block of them
    row, rows = sch.split(row, [None, tile.rows])
    column, columns = sch.split(column, [None, tile.columns])
    chunk, block = sch.split(block, [None, max(divisors(count, max(1, target.l1 * 1024 // weights)))])
    sch.reorder(chunk, row, column, block, *taps, inner, rows, columns, channel, lane)
    for loop in (rows, columns, channel):
        sch.unroll(loop)
    sch.vectorize(lane)
    sch.decompose_reduction(anchor, chunk)
