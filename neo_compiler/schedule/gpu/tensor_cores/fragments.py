"""Loops over a thread's own values → the tensor cores' instruction, which computes a warp's together.

In a schedule for single threads, a lane multiplies the rows and columns of its own four values, term by
term. The instruction computes the same for all lanes at once, each of which brings a part of both operands:
of the first, its group's row and that 8 rows below; of the second, its group's column; of both, the terms
that belong to its place in the group (PTX ISA 7.8, 9.7.14.5, figures of mma.m16n8k8 and mma.m16n8k16).
"""

from __future__ import annotations

from collections.abc import Mapping

import tvm
import tvm_ffi
from tvm import tirx
from tvm.ir import TensorLoad
from tvm.s_tir.stmt import SBlock, SBlockRealize

from neo_compiler.schedule.gpu.tensor_cores.units import MEMBERS, Unit

MARK = "neo.mma"  # of the loop over an instruction's terms
ROUND = "neo.round"  # of the block that copies an operand

_GROUP, _MEMBER, _BELOW, _BESIDE, _TERM = 3, 4, 5, 6, 7  # axes of the block, see tiles


def simplify(function: tirx.PrimFunc) -> tirx.PrimFunc:
    """The function with indices as simple as the extents of its blocks' axes let them be."""

    def block(statement: SBlock) -> SBlock:
        analyzer = tvm.sym.Analyzer()
        for axis in statement.iter_vars:
            analyzer.bind(axis.var, axis.dom)

        def index(value: tirx.PrimExpr) -> tirx.PrimExpr:
            return analyzer.simplify(value) if str(value.ty.dtype).startswith("int") else value

        return tvm_ffi.structural_map(statement, ((tirx.FloorDiv, tirx.FloorMod, tirx.Add), index))

    def leaf(statement: SBlock) -> SBlock:
        return block(statement) if len(statement.iter_vars) else statement

    return function.with_body(tvm_ffi.structural_map(function.body, (SBlock, leaf)))


def place_units(function: tirx.PrimFunc, unit: Unit) -> tirx.PrimFunc:
    """The function with the unit's instruction for each loop that is marked, and with rounded operands.

    Raises ValueError where a marked loop does anything but multiply and add.
    """

    def loop(statement: tirx.For) -> tirx.Stmt:
        return _instruction(statement, unit) if MARK in statement.annotations else statement

    def copy(statement: SBlock) -> SBlock:
        return (
            _rounded(statement, str(statement.annotations[ROUND]))
            if ROUND in statement.annotations
            else statement
        )

    return function.with_body(tvm_ffi.structural_map(function.body, ((tirx.For, loop), (SBlock, copy))))


def _rounded(block: SBlock, rounding: str) -> SBlock:
    def store(statement: tirx.BufferStore) -> tirx.BufferStore:
        value = tirx.call_extern("float32", rounding, statement.value)
        return tirx.BufferStore(statement.buffer, value, statement.indices)

    return tvm_ffi.structural_map(block, (tirx.BufferStore, store))


def _instruction(loop: tirx.For, unit: Unit) -> tirx.Stmt:
    nest = loop.body
    while isinstance(nest, tirx.For):
        nest = nest.body
    if not isinstance(nest, SBlockRealize):
        raise ValueError("a product with more than one statement")
    axes = [axis.var for axis in nest.block.iter_vars]
    places = dict(zip(axes, nest.iter_values, strict=True))
    result, first, second = _operands(nest.block.body, unit.dtype)
    group, member = places[axes[_GROUP]], places[axes[_MEMBER]]
    zero = tirx.const(0, "int64")

    def term(part: int, packed: int) -> tirx.PrimExpr:
        own = member * unit.packed + packed + part * MEMBERS * unit.packed
        return tvm_ffi.structural_map(places[axes[_TERM]], (tirx.Var, _when(loop.loop_var, own)))

    def brought(load: TensorLoad, rows: list[dict[tirx.Var, tirx.PrimExpr]]) -> list[TensorLoad]:
        return [
            _load(load, places | row | {axes[_TERM]: term(part, packed)})
            for part in range(unit.parts)
            for row in rows
            for packed in range(unit.packed)
        ]

    below = [{axes[_BELOW]: tirx.const(number, "int64")} for number in range(2)]
    column = {axes[_MEMBER]: group // 2, axes[_BESIDE]: group % 2}
    sums = _load(result, places | {axes[_BELOW]: zero, axes[_BESIDE]: zero})
    arguments = [tirx.address_of(sums), *brought(first, below), *brought(second, [column])]
    return tirx.Evaluate(tirx.call_extern("void", unit.function, *arguments))


def _when(wanted: tirx.Var, value: tirx.PrimExpr) -> object:
    return lambda variable: value if variable.same_as(wanted) else variable


def _load(load: TensorLoad, places: Mapping[tirx.Var, tirx.PrimExpr]) -> TensorLoad:
    def place(variable: tirx.Var) -> tirx.PrimExpr:
        return next((value for key, value in places.items() if key.same_as(variable)), variable)

    return tvm_ffi.structural_map(load, (tirx.Var, place))


def _operands(body: tirx.Stmt, dtype: str) -> tuple[TensorLoad, TensorLoad, TensorLoad]:
    """What is added to, and both factors; converted values stand for what they were converted from."""
    total = body.value if isinstance(body, tirx.BufferStore) else None
    if isinstance(total, tirx.Add) and isinstance(total.b, tirx.Mul):
        loads = [_plain(value) for value in (total.a, total.b.a, total.b.b)]
        kinds = [str(load.ty.dtype) for load in loads if isinstance(load, TensorLoad)]
        if kinds == ["float32", dtype, dtype]:
            return loads[0], loads[1], loads[2]
    raise ValueError(f"no product of float32 values: {body}")


def _plain(value: tirx.PrimExpr) -> tirx.PrimExpr:
    return value.value if isinstance(value, tirx.Cast) else value
