"""What the rules of convolutions and matrix products share: the element-wise functions behind them."""

from __future__ import annotations

from dataclasses import dataclass

from tvm.s_tir import Schedule
from tvm.s_tir.schedule import LoopRV, SBlockRV

from neo_compiler.lower.compute.layout import BORDER
from neo_compiler.schedule.blocks import blocks_of, extents, name_of, split_axes
from neo_compiler.schedule.cpu.by_lane import load_vectors


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
    vectors whose lanes are multiplied one after another, and `early` their weights before that.
    """

    lanes: int
    blocks: int = 1
    unroll_taps: int = 0
    by_lane: bool = False
    early: bool = False


def hold_in_registers(sch: Schedule, anchor: SBlockRV, at: LoopRV, held: Vectors) -> None:
    """Compute the anchor's tile under `at`: reductions outside, the tile unrolled, vectors inside.

    The axis `held.blocks`, channel blocks or vectors of columns, goes innermost: every other axis then needs
    one broadcast value at a time. In the other order LLVM keeps a broadcast for each row and column alive and
    spills the accumulators.
    """
    sch.compute_at(anchor, at, preserve_unit_loops=True)
    sch.set_scope(anchor, 0, "local")  # the stack, where LLVM can turn it into registers
    place_border(sch, anchor, sch.get_loops(anchor)[0])
    depth = [str(sch.get(loop).loop_var) for loop in sch.get_loops(anchor)].index(str(sch.get(at).loop_var))
    loops = sch.get_loops(anchor)[depth + 1 :]
    spatial, reductions = split_axes(sch, anchor, loops)
    *outer, vector = spatial
    if extents(sch, [vector])[0] > held.lanes:
        vectors, vector = sch.split(vector, [None, held.lanes])
        outer.append(vectors)
    blocks = held.blocks
    tile = [*outer[:blocks], *outer[blocks + 1 :], *outer[blocks : blocks + 1]]
    sch.reorder(*reductions, *tile, vector)
    for loop in tile:
        sch.unroll(loop)
    for loop in reductions[len(reductions) - held.unroll_taps :]:
        sch.unroll(loop)
    sch.vectorize(vector)
    if held.by_lane:
        reductions[-1] = load_vectors(sch, anchor, reductions[-1], held.early)
    sch.decompose_reduction(anchor, reductions[0])


def place_border(sch: Schedule, reader: SBlockRV, at: LoopRV) -> None:
    """Where `reader` reads a border, compute it, a copy with zeros around, for one pass of the loop `at`.

    The reader's reduction may be decomposed afterwards, not before: TensorIR then finds no compact dataflow.
    """
    for border in sch.get_producers(reader):
        if name_of(sch, border) == BORDER:
            sch.compute_at(border, at, preserve_unit_loops=True)
            sch.vectorize(sch.get_loops(border)[-1])
