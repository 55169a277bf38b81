"""Instructions that convert values."""

from __future__ import annotations

from collections.abc import Callable

from tests.stub_gpu.instructions.operation import Operation

_ROUND = {"rni": "rint", "rzi": "trunc", "rmi": "floor", "rpi": "ceil"}


def _cvt(op: Operation) -> str:
    if "tf32" in op.modifiers:
        return f"{op.bits(op.raw[0])} = rounded_tf32({op.bits(op.raw[1])});"
    to, source = op.types[0], op.types[1]
    if len(op.types) != 2 or "f16x2" in op.types:
        raise op.unknown()
    value = op.value(op.raw[1], source)
    how = next((name for part, name in _ROUND.items() if part in op.modifiers), None)
    if how:
        value = f"{how}((double){value})"
    if to[0] != "f" and source[0] == "f":
        return op.assign(op.raw[0], f"to_{to}({value})", to)
    if to[0] == "f":
        c = {"f16": "_Float16", "f32": "float", "f64": "double"}[to]
        if {"rz", "rm", "rp"} & set(op.modifiers) and to != source:
            raise op.unknown()
        value = f"({c}){value}"
        return op.assign(op.raw[0], f"saturated({value})" if "sat" in op.modifiers else value, to)
    if "sat" in op.modifiers:
        value = f"to_{to}((double){value})"
    return op.assign(op.raw[0], value, to)


OPERATIONS: dict[str, Callable[[Operation], str]] = {
    "cvt": _cvt,
}
