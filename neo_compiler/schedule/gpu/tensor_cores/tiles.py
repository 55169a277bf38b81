"""Tiles of matrix products for tensor cores: shared memory for operands, registers for the result.

A block computes a tile, each of its warps a part of that, 16 x 8 values an instruction. The loops are those
of single threads, as if each multiplied its own values; `fragments` then puts the instruction in their place.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from tvm import tirx
from tvm.s_tir import Schedule
from tvm.s_tir.dlight.gpu.matmul import auto_inline_producers
from tvm.s_tir.schedule import LoopRV, SBlockRV

from neo_compiler.schedule.blocks import name_of
from neo_compiler.schedule.gpu.occupancy import Tile, fastest
from neo_compiler.schedule.gpu.parts import split_sum, take_result
from neo_compiler.schedule.gpu.product import Product, product_of
from neo_compiler.schedule.gpu.tensor_cores.fragments import MARK, ROUND, place_units, simplify
from neo_compiler.schedule.gpu.tensor_cores.units import COLUMNS, GROUPS, MEMBERS, ROWS, Unit, unit_of
from neo_compiler.target import Target
from neo_compiler.target.gpus import gpus

_FEWEST = (8, 8, 16)  # rows, columns, terms: below these, most of a tile would be nothing
_REGISTERS = 96  # of a thread, as ptxas counts them
_SPEED = 4  # of an instruction beside the cores, at least
_THREADS = ("threadIdx.z", "threadIdx.y", "threadIdx.x")


# Rows and columns of a tile, and the warps along both: the larger, the fewer values are read for each that is
# computed.
_WARPS = {(128, 64): (4, 2), (64, 64): (2, 2), (64, 32): (4, 1), (32, 32): (2, 2)}


def schedule(function: tirx.PrimFunc, target: Target) -> Schedule | None:
    """Schedule a function whose only reduction is a product of float32 matrices; None for another."""
    unit = unit_of(target)
    product = product_of(function, _FEWEST) if unit else None
    if unit is None or product is None:
        return None
    tile, parts = fastest(gpus()[target.gpu], product, _tiles(product, unit))
    product = split_sum(product, parts, tile.depth)
    names = _by_lanes(product, tile)
    sch = Schedule(simplify(product.sch.mod["main"]))
    _tile(sch, names, (product, tile, unit))
    return Schedule(place_units(sch.mod["main"], unit))


def _tiles(product: Product, unit: Unit) -> Iterator[Tile]:
    depth = 32 if product.depth > 64 else 16
    width = 4 // unit.packed  # bytes of a value
    for (rows, columns), warps in _WARPS.items():
        shared = width * (depth + 2 * MEMBERS) * (rows + columns + 2 * GROUPS)
        yield Tile(rows, columns, depth, math.prod(warps) * GROUPS * MEMBERS, _REGISTERS, shared, _SPEED)


def _lanes(batch: tirx.PrimExpr, row: tirx.PrimExpr, column: tirx.PrimExpr) -> tuple[tirx.PrimExpr, ...]:
    """Where a value of the result lies: which tile of an instruction, which lane, which of the lane's."""
    tile = row // ROWS, column // COLUMNS
    lane = row % GROUPS, column % COLUMNS // 2
    return batch, *tile, *lane, row % ROWS // GROUPS, column % 2


def _by_lanes(product: Product, tile: Tile) -> tuple[str, str]:
    """Let the axes be those of tiles, lanes and a lane's values; the names of the product and its writer."""
    sch, block = product.sch, product.block
    sch.pad_einsum(block, [1, tile.rows, tile.columns, tile.depth])
    result = sch.cache_write(block, 0, "local")
    sch.transform_layout(block, ("write", 0), _lanes)
    sch.transform_block_layout(block, lambda batch, row, column, term: (*_lanes(batch, row, column), term))
    sch.transform_block_layout(result, _lanes)
    return name_of(sch, block), name_of(sch, result)


def _tile(sch: Schedule, names: tuple[str, str], plan: tuple[Product, Tile, Unit]) -> None:
    product, tile, unit = plan
    block, result = map(sch.get_sblock, names)
    batch, row, column, group, member, below, beside, term = sch.get_loops(block)
    down, across = _WARPS[tile.rows, tile.columns]
    row_block, row_warp, row_tile = sch.split(row, [None, down, tile.rows // ROWS // down])
    column_block, column_warp, column_tile = sch.split(
        column, [None, across, tile.columns // COLUMNS // across]
    )
    step, part, inner = sch.split(term, [None, tile.depth // unit.terms, unit.terms])
    slow, fast = (column_block, row_block) if product.rows_fast else (row_block, column_block)
    threads = row_warp, column_warp, group, member
    sch.reorder(batch, slow, fast, *threads, step, part, row_tile, column_tile, inner, below, beside)
    grid = zip((batch, slow, fast), ("blockIdx.z", "blockIdx.y", "blockIdx.x"), strict=True)
    _bind(sch, (sch.fuse(row_warp, column_warp), group, member))
    for loop, axis in grid:
        sch.bind(loop, axis)
    for loop in (part, row_tile, column_tile):
        sch.unroll(loop)
    sch.annotate(inner, MARK, unit.function)
    sch.reverse_compute_at(result, member, preserve_unit_loops=True)
    for operand in range(2):
        _fetch(sch, (block, operand, step), plan)
    for loop in sch.get_loops(result)[-7:]:
        sch.unroll(loop)
    take_result(sch, result, product.total)
    sch.decompose_reduction(block, step)


def _bind(sch: Schedule, loops: tuple[LoopRV, LoopRV, LoopRV]) -> None:
    for loop, axis in zip(loops, _THREADS, strict=True):
        sch.bind(loop, axis)


def _fetch(sch: Schedule, place: tuple[SBlockRV, int, LoopRV], plan: tuple[Product, Tile, Unit]) -> None:
    """Copy an operand's tile in the unit's precision, with neighbouring threads at neighbours in memory.

    These are terms of one row, or rows of one term. Shared memory has them in that order too, terms that
    share a register together; its lines are so long that the lanes' loads fall into different banks.
    """
    (block, operand, step), (product, tile, unit) = place, plan
    turned = (operand == 0) == product.rows_fast
    copy = sch.cache_read(block, operand, "shared")
    if unit.dtype != "float32":
        sch.unsafe_set_dtype(copy, 0, unit.dtype)
    pack = unit.packed
    if turned:
        sch.transform_layout(
            copy, ("write", 0), lambda batch, row, term: (batch, term // pack, row, term % pack)
        )
    sch.compute_at(copy, step, preserve_unit_loops=True)
    row, term = sch.get_loops(copy)[-2:]
    if turned:
        sch.reorder(term, row)
    fused = sch.fuse(*sch.get_loops(copy)[-2:])
    each, *threads = sch.split(fused, [None, math.prod(_WARPS[tile.rows, tile.columns]), GROUPS, MEMBERS])
    _bind(sch, tuple(threads))
    sch.unroll(each)
    odd = GROUPS if turned else MEMBERS  # lines of an odd multiple of this begin in different banks
    sch.storage_align(copy, 0, axis=1, factor=2 * odd * pack, offset=odd * pack)
    if unit.rounding:
        sch.annotate(copy, ROUND, unit.rounding)
    auto_inline_producers(sch, copy)
