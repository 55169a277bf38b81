"""A function in pieces: axes whose extents each run decides are cut into runs of tiles of constant sizes.

Each piece is scheduled as if its tiles were all there is, starting at zero. Afterwards it is moved to where
it belongs, and the pieces follow each other in one function.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import tvm_ffi
from tvm import tirx
from tvm.s_tir.stmt import SBlock, SBlockRealize
from tvm.sym import Analyzer


@dataclass(frozen=True)
class Run:
    """`tiles` tiles of `size` places each, one behind the other, from `first` on, where `exists` holds."""

    first: tirx.PrimExpr
    tiles: tirx.PrimExpr
    size: int
    exists: tirx.PrimExpr

    @functools.cached_property
    def count(self) -> tirx.PrimExpr:
        """Stands for `tiles` while a piece is scheduled, where quotients would only disturb."""
        return self.tiles if isinstance(self.tiles, tirx.IntImm) else tirx.Var("tiles", "int64")


def runs(extent: tirx.PrimExpr, sizes: Sequence[int]) -> list[Run]:
    """Runs that cover `extent` but for what is smaller than the last of the descending `sizes`.

    As many of the largest tiles as fit, then of the next. Runs that never exist are left out.
    """
    analyzer, found = Analyzer(), []
    first, rest = tirx.const(0, "int64"), extent
    for size in sizes:
        tiles = analyzer.simplify(tirx.floordiv(rest, size))
        # The first comparison follows from the other one; local buffers get their sizes from it.
        exists = analyzer.simplify(tirx.And(extent >= size, tiles > 0))
        found.append(Run(first, tiles, size, exists))
        rest = analyzer.simplify(tirx.floormod(rest, size))
        first = analyzer.simplify(extent - rest)
    return [run for run in found if _possible(run.exists)]


def last_tile(extent: tirx.PrimExpr, size: int) -> list[Run]:
    """A tile that ends where `extent` ends, if whole ones leave something: some places are computed twice."""
    exists = Analyzer().simplify(tirx.And(extent >= size, tirx.floormod(extent, size) > 0))
    run = Run(extent - size, tirx.const(1, "int64"), size, exists)
    return [run] if _possible(exists) else []


def single_places(extent: tirx.PrimExpr, size: int) -> list[Run]:
    """Tiles of one place each, where `extent` is smaller than `size`."""
    exists = Analyzer().simplify(extent < size)
    return [Run(tirx.const(0, "int64"), extent, 1, exists)] if _possible(exists) else []


def _possible(condition: tirx.PrimExpr) -> bool:
    return not (isinstance(condition, tirx.IntImm) and int(condition) == 0)


def cut(function: tirx.PrimFunc, tiled: Mapping[int, Run]) -> tirx.PrimFunc:
    """The function whose loops over the numbered axes are as long as the runs, and begin at zero."""
    root = function.body.block
    nests = root.body.seq if isinstance(root.body, tirx.SeqStmt) else [root.body]
    extents = {axis: run.count * run.size for axis, run in tiled.items()}
    body = tirx.SeqStmt([_resized(nest, extents) for nest in nests])
    whole = SBlock([], [], [], root.name_hint, body, None, root.alloc_buffers)
    counts = [run.count for run in tiled.values() if isinstance(run.count, tirx.Var)]
    parameters = [*function.params, *counts]
    return tirx.PrimFunc(parameters, SBlockRealize([], True, whole), function.ret_type, function.attrs)


def _resized(nest: tirx.Stmt, extents: Mapping[int, tirx.PrimExpr], depth: int = 0) -> tirx.Stmt:
    if not isinstance(nest, tirx.For):
        return nest
    inner = _resized(nest.body, extents, depth + 1)
    return tirx.For(nest.loop_var, nest.min, extents.get(depth, nest.extent), nest.kind, inner)


def moved(function: tirx.PrimFunc, tiled: Mapping[int, Run]) -> tirx.Stmt:
    """The body of a scheduled piece, its axes beginning where the runs do.

    Conditions that keep tiles inside of the whole function's extents are dropped: a run lies inside of them.
    """

    def visit(realize: SBlockRealize) -> SBlockRealize:
        if not realize.iter_values:
            return realize
        values = [
            value + tiled[place].first if place in tiled else value
            for place, value in enumerate(realize.iter_values)
        ]
        return SBlockRealize(values, True, realize.block)

    counts = {run.count: run.tiles for run in tiled.values() if isinstance(run.count, tirx.Var)}
    body = tvm_ffi.structural_map(function.body, (SBlockRealize, visit))
    return tvm_ffi.structural_map(body, (tirx.Var, lambda var: counts.get(var, var)))


def joined(function: tirx.PrimFunc, bodies: Sequence[tuple[tirx.PrimExpr, tirx.Stmt]]) -> tirx.PrimFunc:
    """`function` with these bodies, one after the other, each only where its condition holds."""
    steps = [tirx.IfThenElse(condition, body, None) for condition, body in bodies]
    return function.with_body(SBlockRealize([], True, SBlock([], [], [], "root", tirx.SeqStmt(steps))))
