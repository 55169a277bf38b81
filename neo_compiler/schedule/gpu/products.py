"""Matrix products, and convolutions as such: tiles in shared memory, smaller ones in registers.

A block computes a tile of the result, a thread 4 x 4 values of it. In steps of a few terms, all threads of
the block copy what they need of both operands to shared memory (Volkov and Demmel, "Benchmarking GPUs to
tune dense linear algebra", 2008). Convolutions are products without an image of columns: the copies gather.
"""

from __future__ import annotations

from dataclasses import dataclass

from tvm import tirx
from tvm.s_tir import Schedule
from tvm.s_tir.dlight.gpu.matmul import auto_inline_consumer_chain, auto_inline_producers
from tvm.s_tir.schedule import LoopRV, SBlockRV

from neo_compiler.schedule.gpu.product import product_of
from neo_compiler.target import Target

_FEWEST = (8, 8, 8)  # rows, columns, terms: below these, most of a tile would be nothing
_MICRO = 4  # values along each side of a thread's tile: one load of four from shared memory
_TILES = ((64, 64), (64, 32), (32, 32))
_FEWEST_BLOCKS = 32  # as many keep a small GPU busy; a larger one has work for more
_BANKS = 32  # of shared memory, four bytes wide


@dataclass(frozen=True)
class Tiling:
    """A tile of a block: values along the axis that memory is contiguous in, along the other, and terms."""

    fast: int
    slow: int
    depth: int

    @property
    def threads(self) -> tuple[int, int]:
        """Along the fast and the slow axis."""
        return self.fast // _MICRO, self.slow // _MICRO


def schedule(function: tirx.PrimFunc, _target: Target) -> Schedule | None:
    """Schedule a function whose only reduction is a matrix product that fills tiles."""
    product = product_of(function, _FEWEST)
    if product is None:
        return None
    fast, slow = product.columns, product.rows
    if product.rows_fast:
        fast, slow = slow, fast
    _tile(product.sch, product.block, _tiling(product.batch, fast, slow, product.depth), product.rows_fast)
    return product.sch


def _tiling(batch: int, fast: int, slow: int, depth: int) -> Tiling:
    """The largest tile that leaves enough blocks."""

    def blocks(tile: tuple[int, int]) -> int:
        return batch * -(-fast // tile[0]) * -(-slow // tile[1])

    chosen = next((tile for tile in _TILES if blocks(tile) >= _FEWEST_BLOCKS), _TILES[-1])
    return Tiling(*chosen, 16 if depth >= 64 else 8)


def _tile(sch: Schedule, block: SBlockRV, tiling: Tiling, rows_fast: bool) -> None:
    sides = (tiling.fast, tiling.slow) if rows_fast else (tiling.slow, tiling.fast)
    sch.pad_einsum(block, [1, *sides, tiling.depth])
    batch, row, column, term = sch.get_loops(block)
    fast, slow = (row, column) if rows_fast else (column, row)
    columns, rows = tiling.threads
    fast_block, x, fast_micro = sch.split(fast, [None, columns, _MICRO])
    slow_block, y, slow_micro = sch.split(slow, [None, rows, _MICRO])
    step, inner = sch.split(term, [None, tiling.depth])
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
        _fetch(sch, block, operand, (step, tiling), turned=(operand == 0) == rows_fast)
    auto_inline_consumer_chain(sch, result)
    sch.decompose_reduction(block, step)


def _fetch(sch: Schedule, block: SBlockRV, operand: int, place: tuple[LoopRV, Tiling], turned: bool) -> None:
    """Copy an operand's tile, with neighbouring threads at neighbours in memory.

    These are terms of one row, or rows of one term where the operand is `turned`. In shared memory, rows are
    neighbours, and lines begin in different banks.
    """
    step, tiling = place
    copy = sch.cache_read(block, operand, "shared")
    sch.transform_layout(copy, ("write", 0), lambda batch, row, term: (batch, term, row))
    sch.compute_at(copy, step, preserve_unit_loops=True)
    _, row, term = sch.get_loops(copy)[-3:]
    if turned:
        sch.reorder(term, row)
    columns, rows = tiling.threads
    fused = sch.fuse(*sch.get_loops(copy)[-2:])
    each, y, x = sch.split(fused, [None, rows, columns])
    sch.bind(y, "threadIdx.y")
    sch.bind(x, "threadIdx.x")
    sch.unroll(each)
    sch.storage_align(copy, 0, axis=1, factor=_BANKS, offset=_MICRO)
    auto_inline_producers(sch, copy)
