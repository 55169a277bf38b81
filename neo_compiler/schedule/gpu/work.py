"""How much a function computes, and in what form."""

from __future__ import annotations

import math
from dataclasses import dataclass

import tvm_ffi
from tvm import tirx
from tvm.s_tir import Schedule
from tvm.s_tir.dlight.gpu.matmul import IterKind, detect_iter_traits
from tvm.s_tir.schedule import SBlockRV

from neo_compiler.schedule.blocks import blocks_of, is_reduction

_REDUCE = 2  # tirx.IterVar.CommReduce


@dataclass(frozen=True)
class Reduction:
    """A block that reduces: `outputs` values, each of `terms`."""

    block: SBlockRV
    outputs: int
    terms: int


def reductions_of(sch: Schedule) -> list[Reduction]:
    """The blocks that reduce, in program order."""
    found = []
    for block in blocks_of(sch):
        if is_reduction(sch, block):
            sizes = {True: 1, False: 1}
            for axis in sch.get(block).iter_vars:
                sizes[int(axis.iter_type) == _REDUCE] *= int(axis.dom.extent)
            found.append(Reduction(block, sizes[False], sizes[True]))
    return found


def divides(sch: Schedule, block: SBlockRV) -> bool:
    """Whether some index in the block is a quotient or a remainder."""
    found: list[tirx.PrimExpr] = []
    tvm_ffi.structural_walk(sch.get(block).body, ((tirx.FloorDiv, tirx.FloorMod), found.append))
    return bool(found)


def matrix_sizes(sch: Schedule, block: SBlockRV) -> tuple[int, int, int] | None:
    """Rows, columns and depth where the block is a matrix product, or many of them, in whatever order."""
    statement = sch.get(block)
    traits = detect_iter_traits(statement)
    if traits is None:
        return None
    kinds = [trait.kind for trait in traits[3]]
    extents = [int(axis.dom.extent) for axis in statement.iter_vars]
    rows, columns, depth = (
        math.prod(extent for extent, kind in zip(extents, kinds, strict=True) if kind is wanted)
        for wanted in (IterKind.kIter_I, IterKind.kIter_J, IterKind.kIter_K)
    )
    return rows, columns, depth
