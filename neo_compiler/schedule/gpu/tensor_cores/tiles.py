"""Tiles of matrix products for tensor cores: shared memory for operands, registers for the result.

A block computes a tile, each of its warps a part of that, 16 x 8 values an instruction. The loops are those
of single threads, as if each multiplied its own values; `fragments` then puts the instruction in their place.
"""

from __future__ import annotations

from dataclasses import dataclass

from tvm import tirx
from tvm.s_tir import Schedule
from tvm.s_tir.dlight.gpu.matmul import auto_inline_consumer_chain, auto_inline_producers
from tvm.s_tir.schedule import LoopRV, SBlockRV

from neo_compiler.schedule.blocks import name_of
from neo_compiler.schedule.gpu.product import Product, product_of
from neo_compiler.schedule.gpu.tensor_cores.fragments import MARK, ROUND, place_units, simplify
from neo_compiler.schedule.gpu.tensor_cores.units import COLUMNS, GROUPS, MEMBERS, ROWS, Unit, unit_of
from neo_compiler.target import Target

_FEWEST = (8, 8, 16)  # rows, columns, terms: below these, most of a tile would be nothing
_FEWEST_BLOCKS = 32  # as many keep a small GPU busy; a larger one has work for more
_THREADS = ("threadIdx.z", "threadIdx.y", "threadIdx.x")


@dataclass(frozen=True)
class Tiling:
    """A block's tile and, along both sides, the warps that share it."""

    rows: int
    columns: int
    depth: int
    warps: tuple[int, int]

    @property
    def threads(self) -> tuple[int, int, int]:
        """Along z, y and x: the warps of a block, and the lanes of a warp."""
        return self.warps[0] * self.warps[1], GROUPS, MEMBERS


# Rows, columns and warps: the larger, the fewer values are read for each that is computed.
_TILES = ((128, 64, (4, 2)), (64, 64, (2, 2)), (64, 32, (4, 1)), (32, 32, (2, 2)))


def schedule(function: tirx.PrimFunc, target: Target) -> Schedule | None:
    """Schedule a function whose only reduction is a product of float32 matrices; None for another."""
    unit = unit_of(target)
    product = product_of(function, _FEWEST) if unit else None
    if unit is None or product is None:
        return None
    tiling = _tiling(product)
    names = _by_lanes(product, tiling)
    sch = Schedule(simplify(product.sch.mod["main"]))
    _tile(sch, names, (product, tiling, unit))
    return Schedule(place_units(sch.mod["main"], unit))


def _tiling(product: Product) -> Tiling:
    """The largest tile that leaves enough blocks."""

    def blocks(rows: int, columns: int) -> int:
        return product.batch * -(-product.rows // rows) * -(-product.columns // columns)

    chosen = next((tile for tile in _TILES if blocks(*tile[:2]) >= _FEWEST_BLOCKS), _TILES[-1])
    return Tiling(*chosen[:2], 32 if product.depth > 64 else 16, chosen[2])


def _lanes(batch: tirx.PrimExpr, row: tirx.PrimExpr, column: tirx.PrimExpr) -> tuple[tirx.PrimExpr, ...]:
    """Where a value of the result lies: which tile of an instruction, which lane, which of the lane's."""
    tile = row // ROWS, column // COLUMNS
    lane = row % GROUPS, column % COLUMNS // 2
    return batch, *tile, *lane, row % ROWS // GROUPS, column % 2


def _by_lanes(product: Product, tiling: Tiling) -> tuple[str, str]:
    """Let the axes be those of tiles, lanes and a lane's values; the names of the product and its writer."""
    sch, block = product.sch, product.block
    sch.pad_einsum(block, [1, tiling.rows, tiling.columns, tiling.depth])
    result = sch.cache_write(block, 0, "local")
    sch.transform_layout(block, ("write", 0), _lanes)
    sch.transform_block_layout(block, lambda batch, row, column, term: (*_lanes(batch, row, column), term))
    sch.transform_block_layout(result, _lanes)
    return name_of(sch, block), name_of(sch, result)


def _tile(sch: Schedule, names: tuple[str, str], plan: tuple[Product, Tiling, Unit]) -> None:
    product, tiling, unit = plan
    block, result = map(sch.get_sblock, names)
    batch, row, column, group, member, below, beside, term = sch.get_loops(block)
    down, across = tiling.warps
    row_block, row_warp, row_tile = sch.split(row, [None, down, tiling.rows // ROWS // down])
    column_block, column_warp, column_tile = sch.split(
        column, [None, across, tiling.columns // COLUMNS // across]
    )
    step, part, inner = sch.split(term, [None, tiling.depth // unit.terms, unit.terms])
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
    auto_inline_consumer_chain(sch, result)
    sch.decompose_reduction(block, step)


def _bind(sch: Schedule, loops: tuple[LoopRV, LoopRV, LoopRV]) -> None:
    for loop, axis in zip(loops, _THREADS, strict=True):
        sch.bind(loop, axis)


def _fetch(sch: Schedule, place: tuple[SBlockRV, int, LoopRV], plan: tuple[Product, Tiling, Unit]) -> None:
    """Copy an operand's tile in the unit's precision, with neighbouring threads at neighbours in memory.

    These are terms of one row, or rows of one term. Shared memory has them in that order too, terms that
    share a register together; its lines are so long that the lanes' loads fall into different banks.
    """
    (block, operand, step), (product, tiling, unit) = place, plan
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
    each, *threads = sch.split(fused, [None, *tiling.threads])
    _bind(sch, tuple(threads))
    sch.unroll(each)
    odd = GROUPS if turned else MEMBERS  # lines of an odd multiple of this begin in different banks
    sch.storage_align(copy, 0, axis=1, factor=2 * odd * pack, offset=odd * pack)
    if unit.rounding:
        sch.annotate(copy, ROUND, unit.rounding)
    auto_inline_producers(sch, copy)
