"""Instructions that compare, and that choose by a predicate."""

from __future__ import annotations

from collections.abc import Callable

from tests.stub_gpu.instructions.operation import Operation, predicate

_COMPARE = {
    "eq": "==",
    "ne": "!=",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
    "lo": "<",  # the same for unsigned values
    "ls": "<=",
    "hi": ">",
    "hs": ">=",
}


_BOOLEAN = {"and": "&&", "or": "||", "xor": "!="}


def _comparison(op: Operation, a: str, b: str) -> str:
    name = op.modifiers[0]
    kind = op.type.replace("b", "u") if op.type[0] == "b" else op.type
    x, y = op.value(a, kind), op.value(b, kind)
    if name == "num":
        return f"({x} == {x} && {y} == {y})"
    if name == "nan":
        return f"({x} != {x} || {y} != {y})"
    if name not in _COMPARE and name.endswith("u") and name[:-1] in _COMPARE:
        return f"({x} != {x} || {y} != {y} || {x} {_COMPARE[name[:-1]]} {y})"
    if name == "ne" and kind[0] == "f":
        return f"({x} == {x} && {y} == {y} && {x} != {y})"
    if name not in _COMPARE:
        raise op.unknown()
    return f"({x} {_COMPARE[name]} {y})"


def _setp(op: Operation) -> str:
    value = _comparison(op, op.raw[1], op.raw[2])
    how = next((_BOOLEAN[part] for part in op.modifiers[1:] if part in _BOOLEAN), None)
    targets = op.raw[0].split("|")
    other = f" {how} {predicate(op, op.raw[3])}" if how else ""
    lines = [op.assign(targets[0], f"{value}{other}", "pred")]
    if len(targets) > 1:
        lines.append(op.assign(targets[1], f"!{value}{other}", "pred"))
    return " ".join(lines)


def _selp(op: Operation) -> str:
    kind = f"u{op.type[1:]}"
    a, b = (op.value(operand, kind) for operand in op.raw[1:3])
    return op.assign(op.raw[0], f"{predicate(op, op.raw[3])} ? {a} : {b}", kind)


def _slct(op: Operation) -> str:
    kind = f"u{op.types[0][1:]}"
    a, b = (op.value(operand, kind) for operand in op.raw[1:3])
    return op.assign(op.raw[0], f"{op.value(op.raw[3], op.types[1])} >= 0 ? {a} : {b}", kind)


OPERATIONS: dict[str, Callable[[Operation], str]] = {
    "setp": _setp,
    "selp": _selp,
    "slct": _slct,
}
