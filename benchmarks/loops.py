"""The hot loops of an object file: which they are, and how many cycles LLVM expects of them."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge_runtime.errors import EdgeError, ExitCode

ITERATIONS = 100
MULTIPLY_ADDS = re.compile(r"fml[as] v\d+\.4s|vfm[as]\.f32 q|vml[as]\.f32 q")
BY_LANE = re.compile(r"fml[as] v\d+\.4s, v\d+\.4s, v\d+\.s\[")
PLAIN = re.compile(r"f(add|sub|mul|max|min|maxnm|minnm) v\d+\.4s|v(add|sub|mul|max|min)\.f32 q")
SCALAR = re.compile(r"fn?m(add|sub) s|fmul s|vfm[as]\.f32 s|vml[as]\.f32 s|vmul\.f32 s")
STACK = re.compile(r"(ldr|ldp|ldur|str|stp|stur|vldr|vstr|vldmia|vstmia) .*\[?sp\b")
_LABEL = re.compile(r"^[0-9a-f]+ <(.+)>:$")
_LINE = re.compile(r"^\s*([0-9a-f]+):\s+(.+?)\s*$")
_JUMP = re.compile(r"^(b|b\..+|b[a-z]{2}|cbn?z|tbn?z)\s.*?(0x[0-9a-f]+)$")


class ToolMissing(EdgeError):
    """A tool of LLVM is not installed."""

    exit_code = ExitCode.TARGET


@dataclass(frozen=True)
class Loop:
    """An innermost loop, without its branch."""

    instructions: tuple[str, ...]

    @property
    def multiply_adds(self) -> int:
        """Vector multiply-adds of four lanes in one iteration."""
        return sum(bool(MULTIPLY_ADDS.match(row)) for row in self.instructions)

    @property
    def by_lane(self) -> int:
        """Those of them that take one lane of an operand: products of matrices, and of convolutions."""
        return sum(bool(BY_LANE.match(row)) for row in self.instructions)

    @property
    def operations(self) -> int:
        """Operations on four lanes; a multiply-add is two."""
        return 2 * self.multiply_adds + sum(bool(PLAIN.match(row)) for row in self.instructions)

    @property
    def scalar(self) -> int:
        """Multiplications of single values."""
        return sum(bool(SCALAR.match(row)) for row in self.instructions)

    @property
    def spills(self) -> int:
        """Loads from the stack and stores to it."""
        return sum(bool(STACK.match(row)) for row in self.instructions)

    def rate(self, cpu: str, triple: str) -> float | None:
        """Pairs of operations in a cycle, as llvm-mca predicts them; None where it lacks an instruction.

        In the hot loop of a convolution or a matrix product these are its multiply-adds.
        """
        cycles = predict("\n".join(self.instructions), cpu, triple)
        return None if cycles is None else self.operations / 2 * ITERATIONS / cycles


def predict(assembly: str, cpu: str, triple: str) -> int | None:
    """The cycles of ITERATIONS iterations; None where llvm-mca cannot tell."""
    options = (f"-mtriple={triple}", f"-mcpu={cpu}", f"-iterations={ITERATIONS}")
    done = subprocess.run(
        [tool("llvm-mca"), *options], input=assembly, capture_output=True, text=True, check=False
    )
    found = re.search(r"Total Cycles:\s+(\d+)", done.stdout)
    return int(found[1]) if found and not done.returncode else None


def busy_loops(code: Path) -> dict[str, list[Loop]]:
    """By function, the innermost loops with multiply-adds, the hottest first.

    That is the one with the most of them by lane; where none has any, the one with the most.
    """
    found: dict[str, list[Loop]] = {}
    for name, rows in _functions(code).items():
        if loops := [loop for loop in _innermost(rows) if loop.multiply_adds]:
            found[name] = sorted(loops, key=lambda loop: (-loop.by_lane, -loop.multiply_adds))
    return found


def hot_loops(code: Path) -> dict[str, Loop]:
    """By function, the hottest of its loops."""
    return {name: loops[0] for name, loops in busy_loops(code).items()}


def tool(name: str) -> str:
    """The path of an LLVM tool; raises ToolMissing with the command that installs it."""
    path = shutil.which(name)
    if path is None:
        raise ToolMissing(f"{name} is not installed: apt install llvm")
    return path


Rows = list[tuple[int, str]]


def _functions(code: Path) -> dict[str, Rows]:
    command = [tool("llvm-objdump"), "-d", "--no-show-raw-insn", str(code)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    functions: dict[str, Rows] = defaultdict(list)
    name = ""
    for line in text.splitlines():
        if label := _LABEL.match(line):
            name = label[1]
        elif found := _LINE.match(line):
            instruction = found[2].split("//")[0].split("@")[0].split(" <")[0]
            functions[name].append((int(found[1], 16), " ".join(instruction.split())))
    return functions


def _innermost(rows: Rows) -> Iterator[Loop]:
    places = {address: number for number, (address, _) in enumerate(rows)}
    spans = []
    for number, (_, text) in enumerate(rows):
        jump = _JUMP.match(text)
        start = places.get(int(jump[2], 16)) if jump else None
        if start is not None and start <= number:
            spans.append((start, number))
    for first, last in spans:
        inside = any(first <= a and b <= last for a, b in spans if (a, b) != (first, last))
        if not inside:
            body = [text for _, text in rows[first:last] if not _JUMP.match(text)]
            yield Loop(tuple(body))
