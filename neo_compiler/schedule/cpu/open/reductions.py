"""Reductions of so many values as each run decides: in the lanes of a vector, then what does not fill one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

import tvm_ffi
from tvm import tirx
from tvm.ir.expr import TensorLoad
from tvm.s_tir.stmt import SBlockRealize

_SERIAL, _VECTOR = tirx.ForKind.SERIAL, tirx.ForKind.VECTORIZED
_COMBINE = tirx.Add, tirx.Max, tirx.Min

Node = TypeVar("Node")


def in_lanes(function: tirx.PrimFunc, lanes: int) -> tirx.PrimFunc:
    """A scheduled function whose open loops have `lanes` partial results, where they reduce neighbours.

    TensorIR's own `rfactor` of an open loop forgets that its last vector is not full: in 0.27, the sum takes
    in what lies behind the values.
    """

    def visit(loop: tirx.For) -> tirx.Stmt:
        found = _reduction(loop)
        return loop if found is None else tirx.SeqStmt(list(_steps(found, lanes)))

    return function.with_body(tvm_ffi.structural_map(function.body, (tirx.For, visit)))


@dataclass(frozen=True)
class _Reduction:
    """A loop that only combines what a place holds with `term`, in the way of `store.value`."""

    loop: tirx.For
    store: tirx.BufferStore

    @property
    def own(self) -> tirx.PrimExpr:
        return tirx.BufferLoad(self.store.buffer, self.store.indices)

    def term(self, place: tirx.PrimExpr) -> tirx.PrimExpr:
        return _replaced(self.store.value.b, {self.loop.loop_var: place})

    def combined(self, held: tirx.PrimExpr, term: tirx.PrimExpr) -> tirx.PrimExpr:
        return type(self.store.value)(held, term)

    def kept(self, term: tirx.PrimExpr) -> tirx.Stmt:
        return tirx.BufferStore(self.store.buffer, self.combined(self.own, term), self.store.indices)

    def start(self) -> tirx.PrimExpr:
        """What a partial result begins with: the largest of values stays the largest if one comes twice."""
        value = self.store.value
        return tirx.const(0, value.ty.dtype) if isinstance(value, tirx.Add) else self.own


def _reduction(loop: tirx.For) -> _Reduction | None:
    realize = loop.body
    if isinstance(loop.extent, tirx.IntImm) or loop.kind != _SERIAL or not isinstance(realize, SBlockRealize):
        return None
    block = realize.block
    if block.init is not None or not isinstance(block.body, tirx.BufferStore) or not _always(realize):
        return None
    axes = [axis.var for axis in block.iter_vars]
    store = _replaced(block.body, dict(zip(axes, realize.iter_values, strict=True)))
    value = store.value
    if not isinstance(value, _COMBINE) or not isinstance(value.a, TensorLoad):
        return None
    same = value.a.source.same_as(store.buffer) and tvm_ffi.structural_equal(value.a.indices, store.indices)
    if not same or any(_uses(index, loop.loop_var) for index in store.indices):
        return None
    return _Reduction(loop, store) if _reads_neighbours(value.b, loop.loop_var) else None


def _always(realize: SBlockRealize) -> bool:
    return isinstance(realize.predicate, tirx.IntImm) and bool(int(realize.predicate))


def _replaced(node: Node, values: Mapping[tirx.Var, tirx.PrimExpr]) -> Node:
    found: Node = tvm_ffi.structural_map(node, (tirx.Var, lambda var: values.get(var, var)))
    return found


def _uses(node: tirx.PrimExpr, var: tirx.Var) -> bool:
    found: list[bool] = []
    tvm_ffi.structural_walk(node, (tirx.Var, lambda other: found.append(other.same_as(var))))
    return any(found)


def _reads_neighbours(term: tirx.PrimExpr, var: tirx.Var) -> bool:
    """Whether all that a term reads along a loop lies one behind the other."""
    reads: list[TensorLoad] = []
    tvm_ffi.structural_walk(term, (TensorLoad, reads.append))
    along = [list(read.indices) for read in reads if any(_uses(index, var) for index in read.indices)]
    return bool(along) and all(
        last.same_as(var) and not any(_uses(index, var) for index in others) for *others, last in along
    )


def _steps(of: _Reduction, lanes: int) -> Iterator[tirx.Stmt]:
    """All whole vectors, then their lanes by halves, then the values behind the last vector."""
    partial = tirx.decl_buffer((lanes,), of.store.value.ty.dtype, "partial", scope="local")
    whole = tirx.floordiv(of.loop.extent, lanes)

    def at(place: tirx.PrimExpr) -> tirx.PrimExpr:
        return tirx.BufferLoad(partial, [place])

    yield tirx.AllocBuffer(partial)
    lane, vector = tirx.Var("lane", "int64"), tirx.Var("vector", "int64")
    yield _loop(lane, lanes, tirx.BufferStore(partial, of.start(), [lane]), _VECTOR)
    added = of.combined(at(lane), of.term(vector * lanes + lane))
    yield _loop(vector, whole, _loop(lane, lanes, tirx.BufferStore(partial, added, [lane]), _VECTOR))
    half = lanes
    while (half := half // 2) > 0:
        lane = tirx.Var("lane", "int64")
        folded = of.combined(at(lane), at(lane + half))
        yield _loop(lane, half, tirx.BufferStore(partial, folded, [lane]), _VECTOR if half > 1 else _SERIAL)
    yield of.kept(at(tirx.const(0, "int64")))
    last = tirx.Var("last", "int64")
    yield _loop(last, tirx.floormod(of.loop.extent, lanes), of.kept(of.term(whole * lanes + last)))


def _loop(
    var: tirx.Var, extent: int | tirx.PrimExpr, body: tirx.Stmt, kind: tirx.ForKind = _SERIAL
) -> tirx.Stmt:
    count = tirx.const(extent, "int64") if isinstance(extent, int) else extent
    return tirx.For(var, tirx.const(0, "int64"), count, kind, body)
