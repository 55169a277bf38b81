"""A function whose only reduction is a matrix product, brought into one form."""

from __future__ import annotations

from dataclasses import dataclass

from tvm import tirx
from tvm.s_tir import Schedule
from tvm.s_tir.dlight.gpu.matmul import IterKind, detect_iter_traits, get_index_map
from tvm.s_tir.schedule import SBlockRV

from neo_compiler.schedule.blocks import extents
from neo_compiler.schedule.gpu.work import matrix_sizes, reductions_of


@dataclass(frozen=True)
class Product:
    """`block` is C[s, i, j] += A[s, i, k] * B[s, j, k]; the sizes are those of s, i, j and k.

    `rows_fast` tells whether neighbours in memory belong to one column of the result, as the pixels of a
    convolution's do. `total` names the block that adds up parts of sums, if `block` computes those.
    """

    sch: Schedule
    block: SBlockRV
    batch: int
    rows: int
    columns: int
    depth: int
    rows_fast: bool
    total: str = ""


def product_of(function: tirx.PrimFunc, fewest: tuple[int, int, int]) -> Product | None:
    """The product that a function is; None for another, or fewer rows, columns or terms than `fewest`."""
    sch = Schedule(function)
    reductions = reductions_of(sch)
    if len(reductions) != 1:
        return None
    block = reductions[0].block
    sizes = matrix_sizes(sch, block)
    if sizes is None or any(size < least for size, least in zip(sizes, fewest, strict=True)):
        return None
    rows_fast = _rows_are_contiguous(sch, block)
    normalise(sch, block)
    batch, *_ = extents(sch, sch.get_loops(block))
    return Product(sch, block, batch, *sizes, rows_fast)


def _rows_are_contiguous(sch: Schedule, block: SBlockRV) -> bool:
    traits = detect_iter_traits(sch.get(block))[2]
    return [trait.kind for trait in traits if int(trait.extent) > 1][-1] is IterKind.kIter_I


def normalise(sch: Schedule, block: SBlockRV) -> None:
    """Let the axes and operands of a product be those of `Product`, whatever they are."""
    read = [sch.reindex(block, ("read", number)) for number in range(2)]
    written = sch.reindex(block, ("write", 0))
    whole, *operands, result = get_index_map(sch.get(block))
    for copy, index_map in zip(read, operands, strict=True):
        sch.transform_layout(copy, ("write", 0), index_map)
    sch.transform_layout(written, ("read", 0), result)
    sch.transform_block_layout(block, whole)
