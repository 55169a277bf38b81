"""Instructions that move values between registers and memory."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.stub_gpu.instructions.operation import Operation, c_type, operands, registers_of


def _mov(op: Operation) -> str:
    to, source = op.raw
    if to.startswith("{"):
        parts = operands(to[1:-1])
        width = int(op.type[1:]) // len(parts)
        whole = op.bits(source)
        rows = [f"uint64_t whole_ = {whole};"]
        rows += [
            f"{op.bits(p)} = (uint{width}_t)(whole_ >> {i * width});" for i, p in enumerate(parts) if p != "_"
        ]
        return "{ " + " ".join(rows) + " }"
    if source.startswith("{"):
        parts = operands(source[1:-1])
        width = int(op.type[1:]) // len(parts)
        terms = [f"((uint64_t)(uint{width}_t){op.bits(p)} << {i * width})" for i, p in enumerate(parts)]
        return f"{op.bits(to)} = {' | '.join(terms)};"
    if op.type == "pred":
        return op.assign(to, op.bits(source), "pred")
    return op.assign(to, op.bits(source), f"u{op.type[1:]}")


def _address(op: Operation, operand: str) -> str:
    found = re.match(r"\[\s*([^\]+]+?)\s*(?:\+\s*(-?\d+))?\s*\]$", operand)
    if not found:
        raise op.unknown()
    return f"((uint64_t)({op.bits(found[1])}) + ({found[2] or 0}ll))"


_SPACES = ("global", "shared", "local", "param", "const")


def _place(op: Operation, address: str, width: int) -> str:
    """A pointer to `width` bytes at an address of the instruction's space."""
    space = next((part for part in op.modifiers if part in _SPACES), "")
    line = op.row.number
    if space == "global":
        return f"global_at(self, {address}, {width}, {line})"
    if space == "shared":
        total = f"{op.row.kernel.shared_bytes} + self->launch->dynamic_shared"
        return f"shared_at(self, {address}, {width}, {total}, {line})"
    if space == "":
        return f"generic_at(self, {address}, {width}, {line})"
    return f"(void *)(uintptr_t){address}"


def _param(op: Operation, operand: str) -> tuple[str, int] | None:
    """The name and offset of a parameter between brackets."""
    found = re.match(r"\[\s*([\w$]+)\s*(?:\+\s*(\d+))?\s*\]$", operand)
    return (found[1], int(found[2] or 0)) if found else None


def _ld(op: Operation) -> str:
    registers = registers_of(op.raw[0])
    kind = op.type if op.type[0] == "s" else f"u{op.type[1:]}"
    base = _pointer(op, op.raw[1], int(kind[1:]) // 8 * len(registers))
    rows = [f"const {c_type(kind)} *from_ = (const void *)({base});"]
    rows += [f"{op.bits(name)} = from_[{i}];" for i, name in enumerate(registers) if name != "_"]
    return "{ " + " ".join(rows) + " }"


def _pointer(op: Operation, operand: str, width: int) -> str:
    """Where an operand's `width` bytes are read or written."""
    if "param" in op.modifiers:
        return _param_place(op, operand)
    return _place(op, _address(op, operand), width)


def _param_place(op: Operation, operand: str) -> str:
    found = _param(op, operand)
    if found is None:
        raise op.unknown()
    name, offset = found
    if name in op.row.params:
        return f"(const char *)&params[{op.row.params[name]}] + {offset}"
    if name in {result for result, _ in op.row.kernel.results}:
        return f"(char *)results + {offset}"
    return f"(char *)p_{name} + {offset}"  # of a call


def _st(op: Operation) -> str:
    registers = registers_of(op.raw[1])
    kind = f"u{op.type[1:]}"
    base = _pointer(op, op.raw[0], int(kind[1:]) // 8 * len(registers))
    rows = [f"{c_type(kind)} *to_ = (void *)({base});"]
    rows += [f"to_[{i}] = {op.bits(name)};" for i, name in enumerate(registers)]
    return "{ " + " ".join(rows) + " }"


def _cvta(op: Operation) -> str:
    return op.assign(op.raw[0], op.bits(op.raw[1]), "u64")


OPERATIONS: dict[str, Callable[[Operation], str]] = {
    "mov": _mov,
    "ld": _ld,
    "st": _st,
    "ldu": _ld,
    "cvta": _cvta,
}
