"""Matrix products, and convolutions as such: tiles in shared memory, smaller ones in registers.

A block computes a tile of the result, a thread 4 x 4 values of it. In steps of a few terms, all threads of
the block copy what they need of both operands to shared memory (Volkov and Demmel, "Benchmarking GPUs to
tune dense linear algebra", 2008). Convolutions are products without an image of columns: the copies gather.
"""

from __future__ import annotations

from collections.abc import Iterator

from tvm import tirx
from tvm.s_tir import Schedule
from tvm.s_tir.dlight.gpu.matmul import auto_inline_producers
from tvm.s_tir.schedule import LoopRV, SBlockRV

from neo_compiler.schedule.gpu.occupancy import Tile, fastest
from neo_compiler.schedule.gpu.parts import split_sum, take_result
from neo_compiler.schedule.gpu.product import Product, product_of
from neo_compiler.target import Target
from neo_compiler.target.gpus import gpus

_FEWEST = (8, 8, 8)  # rows, columns, terms: below these, most of a tile would be nothing
_MICRO = 4  # values along each side of a thread's tile: one load of four from shared memory
_TILES = ((64, 64), (64, 32), (32, 32))  # along the axis that memory is contiguous in, and the other
_Place = tuple[LoopRV, int, int]  # a step's loop, and the threads along the fast and the slow axis
_BANKS = 32  # of shared memory, four bytes wide
_REGISTERS = 72  # of a thread, as ptxas counts them
_SPEED = 0.67  # of the cores: shared memory is read for every other multiplication


def schedule(function: tirx.PrimFunc, target: Target) -> Schedule | None:
    """Schedule a function whose only reduction is a matrix product that fills tiles."""
    product = product_of(function, _FEWEST)
    if product is None:
        return None
    tile, parts = fastest(gpus()[target.gpu], product, _tiles(product))
    _tile(split_sum(product, parts, tile.depth), tile)
    return product.sch


def _tiles(product: Product) -> Iterator[Tile]:
    depth = 16 if product.depth >= 64 else 8
    for fast, slow in _TILES:
        rows, columns = (fast, slow) if product.rows_fast else (slow, fast)
        shared = 4 * depth * (rows + columns + 2 * _BANKS)
        yield Tile(rows, columns, depth, rows * columns // _MICRO**2, _REGISTERS, shared, _SPEED)


def _tile(product: Product, tile: Tile) -> None:
    sch, block, rows_fast = product.sch, product.block, product.rows_fast
    sch.pad_einsum(block, [1, tile.rows, tile.columns, tile.depth])
    batch, row, column, term = sch.get_loops(block)
    fast, slow = (row, column) if rows_fast else (column, row)
    threads = _threads(product, tile)
    fast_block, x, fast_micro = sch.split(fast, [None, threads[0], _MICRO])
    slow_block, y, slow_micro = sch.split(slow, [None, threads[1], _MICRO])
    step, inner = sch.split(term, [None, tile.depth])
    sch.reorder(batch, slow_block, fast_block, y, x, step, inner, slow_micro, fast_micro)
    sch.bind(batch, "blockIdx.z")
    sch.bind(slow_block, "blockIdx.y")
    sch.bind(fast_block, "blockIdx.x")
    sch.bind(y, "threadIdx.y")
    sch.bind(x, "threadIdx.x")
    for loop in (inner, slow_micro, fast_micro):
        sch.unroll(loop)
    result = sch.cache_write(block, 0, "local")
    sch.reverse_compute_at(result, x, preserve_unit_loops=True)
    for operand in range(2):
        _fetch(sch, block, operand, (step, *threads), turned=(operand == 0) == rows_fast)
    take_result(sch, result, product.total)
    sch.decompose_reduction(block, step)


def _threads(product: Product, tile: Tile) -> tuple[int, int]:
    """Along the fast and the slow axis."""
    along = tile.rows // _MICRO, tile.columns // _MICRO
    return along if product.rows_fast else (along[1], along[0])


def _fetch(
    sch: Schedule, block: SBlockRV, operand: int, place: tuple[LoopRV, int, int], turned: bool
) -> None:
    """Copy an operand's tile, with neighbouring threads at neighbours in memory.

    These are terms of one row, or rows of one term where the operand is `turned`. In shared memory, rows are
    neighbours, and lines begin in different banks.
    """
    step, columns, rows = place
    copy = sch.cache_read(block, operand, "shared")
    sch.transform_layout(copy, ("write", 0), lambda batch, row, term: (batch, term, row))
    sch.compute_at(copy, step, preserve_unit_loops=True)
    _, row, term = sch.get_loops(copy)[-3:]
    if turned:
        sch.reorder(term, row)
    fused = sch.fuse(*sch.get_loops(copy)[-2:])
    each, y, x = sch.split(fused, [None, rows, columns])
    sch.bind(y, "threadIdx.y")
    sch.bind(x, "threadIdx.x")
    sch.unroll(each)
    sch.storage_align(copy, 0, axis=1, factor=_BANKS, offset=_MICRO)
    auto_inline_producers(sch, copy)
