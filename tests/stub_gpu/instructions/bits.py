"""Instructions on bits."""

from __future__ import annotations

from collections.abc import Callable

from tests.stub_gpu.instructions.operation import Operation


def logic(template: str) -> Callable[[Operation], str]:
    def make(op: Operation) -> str:
        kind = op.type.replace("b", "u") if op.type != "pred" else op.type
        values = [op.value(operand, kind) for operand in op.raw[1:]]
        return op.assign(op.raw[0], template.format(*values), kind)

    return make


def _not(op: Operation) -> str:
    return logic("!{0}" if op.type == "pred" else "~{0}")(op)


def _shift(op: Operation) -> str:
    kind = op.type.replace("b", "u")
    bits, a = int(kind[1:]), op.value(op.raw[1], kind)
    by = f"(uint32_t)({op.bits(op.raw[2])})"
    if op.name == "shl":
        return op.assign(op.raw[0], f"{by} >= {bits} ? 0 : {a} << ({by})", kind)
    far = f"{a} >> {bits - 1}" if kind[0] == "s" else "0"
    return op.assign(op.raw[0], f"{by} >= {bits} ? {far} : {a} >> ({by})", kind)


def _bfe(op: Operation) -> str:
    """Of unsigned values."""
    if op.type[0] == "s":
        raise op.unknown()
    a, start, length = (op.bits(operand) for operand in op.raw[1:4])
    return op.assign(op.raw[0], f"extracted((uint{op.type[1:]}_t)({a}), {start}, {length})", op.type)


def _popc(op: Operation) -> str:
    return op.assign(op.raw[0], f"__builtin_popcountll({op.value(op.raw[1], 'u' + op.type[1:])})", "u32")


def _clz(op: Operation) -> str:
    bits = op.type[1:]
    a = op.value(op.raw[1], f"u{bits}")
    return op.assign(op.raw[0], f"{a} ? __builtin_clzll({a}) - {64 - int(bits)} : {bits}", "u32")


OPERATIONS: dict[str, Callable[[Operation], str]] = {
    "and": logic("({0} & {1})"),
    "or": logic("({0} | {1})"),
    "xor": logic("({0} ^ {1})"),
    "not": _not,
    "shl": _shift,
    "shr": _shift,
    "bfe": _bfe,
    "popc": _popc,
    "clz": _clz,
}
