"""Walks through decision trees; see `neo_compiler.lower.ensemble` for the arrays.

Many walks are under way at a time and take their steps together, so that one need not wait for the memory of
another: those of LANES rows through one tree, or, where there are fewer rows, those of one row through LANES
trees. LLVM makes vectors of the steps where the target loads from gathered addresses. A walk takes as many
steps as its tree is deep: what it would save by stopping early is less than what a branch costs that nobody
can predict. Scores are added in the order of the trees, except where each tree has scores for one target of
several: there, equally deep trees walk together.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tvm import te, tirx
from tvm.script.ir_builder import IRBuilder
from tvm.script.ir_builder import tirx as T

from neo_compiler.lower.ensemble import EQUAL, FLAG_BITS, MISSING

LANES = 32
PARALLEL_STEPS = 1 << 15  # fewer steps in all are not worth waking another thread
PARALLEL_GROUPS = 1 << 12  # the same of a single row, where a step takes longer
Values = Any  # a buffer, which is indexed


@dataclass(frozen=True)
class Walk:
    """What is known of an ensemble beside its arrays; see Ensemble. `steps` is the sum of the depths."""

    combine: str
    flags: int
    steps: int


def trees(rows: te.Tensor, roots: te.Tensor, *tables: te.Tensor, walk: Walk) -> te.Tensor:
    """(N, features) → (N, targets); the tables are an Ensemble's arrays behind `roots`, in their order."""
    count, targets = int(rows.shape[0]), int(tables[-1].shape[0])
    schedule = _by_row if count >= LANES // 2 else _by_tree

    def body(ins: list[tirx.Buffer], outs: list[tirx.Buffer]) -> tirx.Stmt:
        with IRBuilder() as builder:
            schedule(_Kernel(ins, outs[0], walk))
            return builder.get()

    return te.extern([(count, targets)], [rows, roots, *tables], body, dtype=[str(rows.dtype)], name="trees")


class _Kernel:
    """The buffers of a kernel, and the pieces of its loops."""

    def __init__(self, ins: list[tirx.Buffer], out: tirx.Buffer, walk: Walk) -> None:
        proxies = [T.buffer_proxy(buffer) for buffer in ins]
        self.rows, self.roots, self.depths, self.spans = proxies[:4]
        self._nodes, self._thresholds, self._first = proxies[4:7]
        self.leaf_rows, self.scores, self._base = proxies[7:]
        self.out = T.buffer_proxy(out)
        self.dtype, self.walk = str(out.dtype), walk
        self.count = int(out.shape[0])
        self.trees, self.groups = int(ins[1].shape[0]), int(ins[3].shape[0]) - 1
        self.width = int(ins[8].shape[1])  # scores of a leaf
        self.parallel = self.count * walk.steps >= PARALLEL_STEPS

    def step(self, node: tirx.PrimExpr, row: tirx.PrimExpr) -> tirx.PrimExpr:
        """The next node of a walk."""
        what, threshold = self._nodes[node], self._thresholds[node]
        flags = self.walk.flags
        value = self.rows[row, what >> FLAG_BITS if flags else what]
        taken = value <= threshold
        if flags & EQUAL:
            taken = tirx.Select((what & EQUAL) != 0, value == threshold, taken)
        if flags & MISSING:
            taken = tirx.Or(taken, tirx.And((what & MISSING) != 0, tirx.isnan(value)))
        return self._first[node] + tirx.Select(taken, tirx.const(0, "int32"), tirx.const(1, "int32"))

    def combined(self, total: tirx.PrimExpr, score: tirx.PrimExpr) -> tirx.PrimExpr:
        """Two scores as one."""
        return _COMBINE.get(self.walk.combine, operator.add)(total, score)

    @property
    def start(self) -> tirx.PrimExpr:
        """What the first score is combined with."""
        return tirx.const(_EMPTY.get(self.walk.combine, 0.0), self.dtype)

    def finished(self, total: tirx.PrimExpr, target: tirx.PrimExpr) -> tirx.PrimExpr:
        """The result of a row."""
        if self.walk.combine == "AVERAGE":
            total = tirx.div(total, tirx.const(self.trees, self.dtype))
        if self.walk.combine in _EMPTY:  # where no leaf had a score
            total = tirx.Select(total == self.start, tirx.const(0.0, self.dtype), total)
        return total + self._base[target]


_COMBINE = {"MIN": tirx.min, "MAX": tirx.max}
_EMPTY = {"MIN": float("inf"), "MAX": float("-inf")}


def _by_row(kernel: _Kernel) -> None:
    """LANES rows walk through one tree after the other."""
    blocks, width, last = -(-kernel.count // LANES), kernel.width, kernel.count - 1
    outer: Callable[..., Any] = T.parallel if kernel.parallel else T.serial
    with outer(0, blocks) as block, T.serial(0, kernel.groups) as group:
        node = T.buffer_proxy(T.alloc_buffer((LANES,), "int32", scope="local"))
        total = T.buffer_proxy(T.alloc_buffer((LANES, width), kernel.dtype, scope="local"))
        with T.serial(0, LANES) as lane, T.serial(0, width) as place:
            total[lane, place] = kernel.start
        with T.serial(0, kernel.spans[group + 1] - kernel.spans[group]) as number:
            tree = kernel.spans[group] + number
            with T.serial(0, LANES) as lane:
                node[lane] = kernel.roots[tree]
            with T.serial(0, kernel.depths[tree]), T.serial(0, LANES) as lane:
                row = tirx.min(block * LANES + lane, last)
                node[lane] = kernel.step(node[lane], row)
            with T.serial(0, LANES) as lane, T.serial(0, width) as place:
                score = kernel.scores[kernel.leaf_rows[node[lane]], place]
                total[lane, place] = kernel.combined(total[lane, place], score)
        inside = tirx.min(kernel.count - block * LANES, LANES)
        with T.serial(0, inside) as lane, T.serial(0, width) as place:
            target = group * width + place
            kernel.out[block * LANES + lane, target] = kernel.finished(total[lane, place], target)


def _by_tree(kernel: _Kernel) -> None:
    """One row after the other walks through LANES trees at a time."""
    width, last = kernel.width, kernel.trees - 1
    wide = kernel.groups > 1 and kernel.walk.steps >= PARALLEL_GROUPS
    outer: Callable[..., Any] = T.parallel if wide else T.serial
    with T.serial(0, kernel.count) as row, outer(0, kernel.groups) as group:
        node = T.buffer_proxy(T.alloc_buffer((LANES,), "int32", scope="local"))
        depth = T.buffer_proxy(T.alloc_buffer((1,), "int32", scope="local"))
        total = T.buffer_proxy(T.alloc_buffer((width,), kernel.dtype, scope="local"))
        with T.serial(0, width) as place:
            total[place] = kernel.start
        count = kernel.spans[group + 1] - kernel.spans[group]
        with T.serial(0, tirx.floordiv(count + LANES - 1, LANES)) as chunk:
            first = kernel.spans[group] + chunk * LANES
            depth[0] = 0
            with T.serial(0, LANES) as lane:
                tree = tirx.min(first + lane, last)
                node[lane] = kernel.roots[tree]
                depth[0] = tirx.max(depth[0], kernel.depths[tree])
            with T.serial(0, depth[0]), T.serial(0, LANES) as lane:
                node[lane] = kernel.step(node[lane], row)
            inside = tirx.min(kernel.spans[group + 1] - first, LANES)
            with T.serial(0, inside) as lane, T.serial(0, width) as place:
                score = kernel.scores[kernel.leaf_rows[node[lane]], place]
                total[place] = kernel.combined(total[place], score)
        with T.serial(0, width) as place:
            target = group * width + place
            kernel.out[row, target] = kernel.finished(total[place], target)
