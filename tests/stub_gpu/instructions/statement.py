"""A line of a kernel's body as a C statement."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.stub_gpu.instructions import arithmetic, bits, comparison, control, conversion, memory, warp
from tests.stub_gpu.instructions.control import label
from tests.stub_gpu.instructions.operation import Line, Operation, Unknown

FAMILIES = (arithmetic, bits, comparison, control, conversion, memory, warp)
OPERATIONS: dict[str, Callable[[Operation], str]] = {
    name: make for family in FAMILIES for name, make in family.OPERATIONS.items()
}


def statement(row: Line) -> str:
    """The C statement of a line; raises Unknown."""
    text = row.text
    if found := re.match(r"([\w$]+):$", text):
        return f"{label(found[1])}:;"
    if text in ("{", "}") or text.startswith("{ //"):
        return text
    if text.startswith(".param"):  # of a call
        found = re.match(r"\.param\s+(?:\.align\s+\d+\s+)?\.(\w+)\s+([\w$]+)(?:\[(\d+)\])?;", text)
        if not found:
            raise Unknown(f"line {row.number}: {text}")
        return f"uint64_t p_{found[2]}[{max(int(found[3] or 8), 8) // 8}];"
    guard = ""
    if found := re.match(r"@(!?)%(\w+)\s+(.*)$", text):
        guard, text = f"if ({found[1]}r_{found[2]}) ", found[3]
    op = Operation(row, re.sub(r"\s+", " ", text.rstrip(";")))
    if op.name not in OPERATIONS:
        raise op.unknown()
    return guard + OPERATIONS[op.name](op)
