"""What the rules of convolutions and matrix products share: the element-wise functions behind them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tvm.s_tir import Schedule
from tvm.s_tir.schedule import LoopRV, SBlockRV

from neo_compiler.lower.compute.layout import BORDER
from neo_compiler.schedule.blocks import blocks_of, extents, loops_below, name_of, split_axes
from neo_compiler.schedule.cpu.by_lane import load_vectors
from neo_compiler.schedule.cpu.chains import split_chain


def find_anchor(sch: Schedule, name: str) -> tuple[SBlockRV, SBlockRV] | None:
    """The block called `name`, first but for its border, and the last block; all between is inlined.

    Where nothing follows the anchor, a write-back block is added, so that the anchor's results can be held
    in registers; padding behind it becomes a fill with the padding's value and a write into the middle.
    None when the function has no such block, or other blocks before it.
    """
    blocks = [block for block in blocks_of(sch) if name_of(sch, block) != BORDER]
    if name_of(sch, blocks[0]) != name:
        return None
    for block in blocks[1:-1]:
        sch.compute_inline(block)
    anchor, last = blocks[0], blocks[-1]
    if len(blocks) == 1:
        return anchor, sch.cache_write(anchor, 0, "global")
    fill_padding(sch, last)
    return anchor, last


def fill_padding(sch: Schedule, block: SBlockRV) -> None:
    """Where a block pads, let it write only the middle, after another one that writes the padding's value."""
    if name_of(sch, block) != "pad":
        return
    *outer, last = sch.get_loops(sch.decompose_padding(block, sch.get_loops(block)[0]))
    sch.vectorize(last)
    sch.parallel(sch.fuse(*outer))


@dataclass(frozen=True)
class Vectors:
    """How a tile is held: in vectors of `lanes`, with the axis numbered `blocks` innermost.

    `unroll_taps` counts the reductions that are unrolled, from the innermost. `by_lane` loads inputs as
    vectors whose lanes are multiplied one after another, and `early` their weights before that. Sums of more
    than `chain` products are added up from shorter ones, unless it is 0.
    """

    lanes: int
    blocks: int = 1
    unroll_taps: int = 0
    by_lane: bool = False
    early: bool = False
    chain: int = 0


def hold_in_registers(sch: Schedule, anchor: SBlockRV, at: LoopRV, held: Vectors) -> None:
    """Compute the anchor's tile under `at`: reductions outside, the tile unrolled, vectors inside.

    The axis `held.blocks`, channel blocks or vectors of columns, goes innermost: every other axis then needs
    one broadcast value at a time. In the other order LLVM keeps a broadcast for each row and column alive and
    spills the accumulators.
    """
    sums = split_chain(sch, anchor, held.chain)
    if sums is None:
        _hold_sum(sch, anchor, at, held)
        return
    # LLVM keeps those of the anchor on the stack while it adds up the others.
    (chain,) = _tile(sch, anchor, at, held)
    _hold_sum(sch, sums, chain, replace(held, blocks=held.blocks + 1))
    sch.decompose_reduction(anchor, chain)


def _hold_sum(sch: Schedule, anchor: SBlockRV, at: LoopRV, held: Vectors) -> None:
    reductions = _tile(sch, anchor, at, held)
    place_border(sch, anchor, sch.get_loops(anchor)[0])
    for loop in reductions[len(reductions) - held.unroll_taps :]:
        sch.unroll(loop)
    if held.by_lane:
        reductions[-1] = load_vectors(sch, anchor, reductions[-1], held.early)
    sch.decompose_reduction(anchor, reductions[0])


def _tile(sch: Schedule, anchor: SBlockRV, at: LoopRV, held: Vectors) -> list[LoopRV]:
    """Place the anchor under `at`, its tile in vectors inside the reductions, which are returned."""
    sch.compute_at(anchor, at, preserve_unit_loops=True)
    sch.set_scope(anchor, 0, "local")  # the stack, where LLVM can turn it into registers
    spatial, reductions = split_axes(sch, anchor, loops_below(sch, anchor, at))
    *outer, vector = spatial
    if extents(sch, [vector])[0] > held.lanes:
        vectors, vector = sch.split(vector, [None, held.lanes])
        outer.append(vectors)
    blocks = held.blocks
    tile = [*outer[:blocks], *outer[blocks + 1 :], *outer[blocks : blocks + 1]]
    sch.reorder(*reductions, *tile, vector)
    for loop in tile:
        sch.unroll(loop)
    sch.vectorize(vector)
    return reductions


def place_border(sch: Schedule, reader: SBlockRV, at: LoopRV) -> None:
    """Where `reader` reads a border, compute it, a copy with zeros around, for one pass of the loop `at`.

    The reader's reduction may be decomposed afterwards, not before: TensorIR then finds no compact dataflow.
    """
    for border in sch.get_producers(reader):
        if name_of(sch, border) == BORDER:
            sch.compute_at(border, at, preserve_unit_loops=True)
            sch.vectorize(sch.get_loops(border)[-1])
