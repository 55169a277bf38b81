"""Matrix products of open rows or columns: register tiles of falling sizes, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce

import tvm
import tvm_ffi
from tvm import tirx
from tvm.ir.expr import TensorLoad
from tvm.s_tir import Schedule
from tvm.s_tir.schedule import SBlockRV

from neo_compiler.schedule.blocks import blocks_of, split_axes
from neo_compiler.schedule.cpu import dense, generic
from neo_compiler.schedule.cpu.epilogue import Vectors, find_anchor
from neo_compiler.schedule.cpu.open.pieces import (
    Run,
    cut,
    joined,
    last_tile,
    moved,
    runs,
    single_places,
)
from neo_compiler.schedule.cpu.tiles import Tile, convolution_tiles
from neo_compiler.target import Target

_ROWS, _VECTORS = 8, 4  # of the largest tile


def schedule(function: tirx.PrimFunc, target: Target) -> tirx.PrimFunc | None:
    """A product of open rows or columns, scheduled; None of other functions.

    The rows are those of as many tiles as fit, then of tiles half as high, and so on to single rows. Columns
    that fill no vectors end with a vector that ends where they do; where they are fewer than a vector has
    lanes, each is computed by itself.
    """
    sch = Schedule(tvm.IRModule({"main": function}))
    generic.inline_chains(sch)  # such as a mask, which is computed before the product that it is added to
    found = find_anchor(sch, "dense") or find_anchor(sch, "product")
    if found is None or not _in_step(sch, *found):
        return None
    row, column = (sch.get(loop).extent for loop in sch.get_loops(found[1])[-2:])
    lanes, vectors = _vectors(column, target)
    if not vectors or (isinstance(row, tirx.IntImm) and _fills(column, lanes)):
        return None
    depth, whole = len(sch.get_loops(found[1])), sch.mod["main"]
    bodies = []
    for rows, columns, tile, width in _tiles((row, column), vectors, lanes, target):
        tiled = {depth - 2: rows} | ({} if columns is None else {depth - 1: columns})
        piece = Schedule(tvm.IRModule({"main": cut(whole, tiled)}))
        anchor, last = blocks_of(piece)
        # Not by lane: a piece cannot move the copies of operands that this makes.
        dense.tile_product(piece, (anchor, last), tile, Vectors(width), target)
        exists = reduce(tirx.And, (run.exists for run in tiled.values()))
        bodies.append((exists, moved(piece.mod["main"], tiled)))
    return joined(function, bodies)


def _in_step(sch: Schedule, anchor: SBlockRV, last: SBlockRV) -> bool:
    """Whether nothing but these blocks is left, and the last one takes the anchor's values as they come."""
    blocks = blocks_of(sch)
    if len(blocks) != 2 or len(sch.get_loops(last)) != len(split_axes(sch, anchor, sch.get_loops(anchor))[0]):
        return False
    written, body = sch.get(anchor).writes[0].source, sch.get(last)
    reads: list[TensorLoad] = []
    tvm_ffi.structural_walk(body.body, (TensorLoad, reads.append))
    axes = [axis.var for axis in body.iter_vars]
    return all(
        all(index.same_as(axis) for index, axis in zip(read.indices, axes, strict=True))
        for read in reads
        if read.source.same_as(written)
    )


def _vectors(column: tirx.PrimExpr, target: Target) -> tuple[int, int]:
    """The lanes of a vector, and how many vectors the columns have, or a tile of open ones at most."""
    if not isinstance(column, tirx.IntImm):
        return target.lanes, _VECTORS
    width, sizes = int(column), [lanes for lanes in (target.lanes, target.lanes // 2, 4) if lanes >= 4]
    for lanes in sizes:
        if width % lanes == 0:
            return lanes, width // lanes
    lanes = next((lanes for lanes in sizes if width > lanes), 4)
    return lanes, min(_VECTORS, width // lanes)


def _fills(column: tirx.PrimExpr, lanes: int) -> bool:
    return isinstance(column, tirx.IntImm) and int(column) % lanes == 0


def _tiles(
    extents: tuple[tirx.PrimExpr, tirx.PrimExpr], vectors: int, lanes: int, target: Target
) -> Iterator[tuple[Run, Run | None, Tile, int]]:
    """Each run of rows with each of columns, None for all of them; their tile, and its vectors' lanes."""
    row, column = extents
    high = convolution_tiles([vectors, 1, _ROWS], target)[0]
    heights = [high.columns >> half for half in range(high.columns.bit_length())]
    for rows in runs(row, heights):
        if _fills(column, lanes):
            fitting = convolution_tiles([vectors, 1, rows.size], target)
            yield rows, None, next(tile for tile in fitting if tile.columns == rows.size), lanes
            continue
        sizes = sorted({high.blocks * lanes, lanes}, reverse=True)
        for columns in (*runs(column, sizes), *last_tile(column, lanes)):
            yield rows, columns, Tile(columns.size // lanes, 1, rows.size), lanes
    # Where rows are as many as columns, higher tiles never meet so few columns; TVM fails at contradictions.
    for rows in runs(row, [height for height in heights if height < lanes]):
        for columns in single_places(column, lanes):
            yield rows, columns, Tile(1, 1, rows.size), 1
