"""Instructions that decide what a thread executes next, and when."""

from __future__ import annotations

from collections.abc import Callable

from tests.stub_gpu.instructions.operation import Operation, operands, plain


def _bra(op: Operation) -> str:
    return f"goto {label(op.raw[0])};"


def label(name: str) -> str:
    return "L_" + plain(name)


def _barrier(op: Operation) -> str:
    if op.raw not in (["0"], []):
        raise op.unknown()
    return f"give_way(self, WAITING, {op.row.number});"


def _call(op: Operation) -> str:
    """call.uni (result), function, (parameters);"""
    raw = [part for part in op.raw if part]
    result = raw.pop(0)[1:-1].strip() if raw[0].startswith("(") else None
    name = raw.pop(0)
    given = operands(raw.pop(0)[1:-1]) if raw else []
    if name not in op.row.functions:
        raise op.unknown()
    values = ", ".join(f"*(uint64_t *)p_{one}" for one in given) or "0"
    to = f"p_{result}" if result else "0"
    return f"{{ uint64_t given_[] = {{{values}}}; func_{name}(self, {to}, given_); }}"


OPERATIONS: dict[str, Callable[[Operation], str]] = {
    "bra": _bra,
    "bar": _barrier,
    "barrier": _barrier,
    "call": _call,
    "ret": lambda _: "return;",
    "exit": lambda _: "return;",
    "trap": lambda op: f'{{ fail(self, "trap", {op.row.number}, 0); return; }}',
    "membar": lambda _: ";",
    "fence": lambda _: ";",
}
