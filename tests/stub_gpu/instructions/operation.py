"""An instruction of PTX, split, and its operands as C; registers hold bits, so that each names its types."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class Unknown(Exception):
    """PTX that is not translated, with its line."""


@dataclass(frozen=True)
class Line:
    """One line of a body; `params` numbers the parameters of its kernel by name."""

    number: int
    text: str
    kernel: Any
    params: Mapping[str, int]
    functions: Mapping[str, Any]


SPECIAL = {
    **{f"%tid.{axis}": f"self->tid[{i}]" for i, axis in enumerate("xyz")},
    **{f"%ctaid.{axis}": f"self->ctaid[{i}]" for i, axis in enumerate("xyz")},
    **{f"%ntid.{axis}": f"self->launch->block[{i}]" for i, axis in enumerate("xyz")},
    **{f"%nctaid.{axis}": f"self->launch->grid[{i}]" for i, axis in enumerate("xyz")},
    "%laneid": "(self->number % WARP)",
}


_TYPES = re.compile(r"[busf](8|16|32|64)$|pred$|f16x2$")


def c_type(kind: str) -> str:
    letter, bits = kind[0], kind[1:]
    return f"{'int' if letter == 's' else 'uint'}{bits}_t"


def plain(name: str) -> str:
    """A PTX name as one of C."""
    return re.sub(r"\W", "_", name)


class Operation:
    """An instruction, split: opcode, modifiers, types, operands as C."""

    def __init__(self, row: Line, text: str) -> None:
        self.row = row
        head, _, rest = text.partition(" ")
        self.parts = head.split(".")
        self.name = self.parts[0]
        self.types = [part for part in self.parts[1:] if _TYPES.match(part)]
        self.modifiers = [part for part in self.parts[1:] if not _TYPES.match(part)]
        self.raw = operands(rest.rstrip(";").strip())

    @property
    def type(self) -> str:
        return self.types[-1]

    def unknown(self) -> Unknown:
        return Unknown(f"line {self.row.number}: {self.row.text}")

    def bits(self, operand: str) -> str:
        """The operand as an expression of unsigned bits."""
        operand = operand.strip()
        if operand in SPECIAL:
            return SPECIAL[operand]
        if operand.startswith("%"):
            return "r_" + plain(operand[1:])
        if found := re.match(r"0[fF]([0-9a-fA-F]{8})$", operand):
            return f"0x{found[1]}u"
        if found := re.match(r"0[dD]([0-9a-fA-F]{16})$", operand):
            return f"0x{found[1]}ull"
        if found := re.match(r"(-?)(0x[0-9a-fA-F]+|\d+)U?$", operand):
            return (
                f"({found[1]}{found[2]}ll)" if not found[2].startswith("0x") else f"({found[1]}{found[2]}ull)"
            )
        if operand in self.row.kernel.shared:
            offset, _ = self.row.kernel.shared[operand]
            return f"((uint64_t)(uintptr_t)self->shared + {offset})"
        if operand in self.row.kernel.local:
            return f"((uint64_t)(uintptr_t)l_{plain(operand)})"
        if re.match(r"[A-Za-z_$]", operand):
            return f"((uint64_t)(uintptr_t)v_{plain(operand)})"
        raise self.unknown()

    def value(self, operand: str, kind: str) -> str:
        """The operand as a value of type `kind`."""
        bits = self.bits(operand)
        if kind == "f32":
            return f"F({bits})"
        if kind == "f64":
            return f"D({bits})"
        if kind == "f16":
            return f"H({bits})"
        if kind == "pred":
            return f"({bits})"
        return f"(({c_type(kind)})({bits}))"

    def assign(self, operand: str, value: str, kind: str) -> str:
        packed = {"f32": f"FB({value})", "f64": f"DB({value})", "f16": f"HB({value})"}.get(kind)
        if packed is None and kind != "pred":
            # signed results fill wider registers with their sign
            packed = f"({c_type(kind)})({value})"
        return f"{self.bits(operand)} = {packed or f'({value}) ? 1 : 0'};"


def operands(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for i, letter in enumerate(text):
        depth += letter in "{[("
        depth -= letter in "}])"
        if letter == "," and depth == 0:
            parts.append(text[start:i].strip())
            start = i + 1
    return [*parts, text[start:].strip()] if text else []


def registers_of(operand: str) -> list[str]:
    return operands(operand[1:-1]) if operand.startswith("{") else [operand]


def predicate(op: Operation, operand: str) -> str:
    return f"(!{op.bits(operand[1:])})" if operand.startswith("!") else op.bits(operand)
