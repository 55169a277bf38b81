"""Long sums of few tiles: more blocks add up parts of them, and a second launch adds the parts.

The order in which a value is added up is fixed, unlike with atomic additions: a model's outputs repeat.
"""

from __future__ import annotations

from dataclasses import replace

from tvm.s_tir import Schedule
from tvm.s_tir.dlight.gpu.matmul import auto_inline_consumer_chain, auto_inline_consumers
from tvm.s_tir.schedule import SBlockRV

from neo_compiler.schedule.blocks import name_of
from neo_compiler.schedule.gpu.direct import sum_up
from neo_compiler.schedule.gpu.product import Product, normalise


def split_sum(product: Product, parts: int, step: int) -> Product:
    """The product whose batches are the parts of the sum, each of a multiple of `step` terms."""
    if parts == 1:
        return product
    sch, block = product.sch, product.block
    sch.pad_einsum(block, [1, 1, 1, parts * step])
    name = name_of(sch, block)
    outer, _ = sch.split(sch.get_loops(block)[-1], [parts, None])
    part = sch.rfactor(outer, 0)
    *spatial, outer, inner = sch.get_loops(part)
    sch.reorder(outer, *spatial, inner)
    if product.rows_fast:
        sch.transform_layout(part, ("write", 0), lambda part, batch, row, column: (part, batch, column, row))
    normalise(sch, part)
    depth = -(-product.depth // (parts * step)) * step
    return replace(product, block=part, batch=parts * product.batch, depth=depth, total=name)


def take_result(sch: Schedule, result: SBlockRV, total: str) -> None:
    """Let `result`, a tile in registers, be followed by what follows the product, or by the sum of parts."""
    if not total:
        auto_inline_consumer_chain(sch, result)
        return
    while name_of(sch, copy := sch.get_consumers(result)[0]) != total:
        sch.reverse_compute_inline(copy)
    block = sch.get_sblock(total)
    auto_inline_consumers(sch, block)
    (reader,) = sch.get_consumers(block)
    sum_up(sch, block, reader)
