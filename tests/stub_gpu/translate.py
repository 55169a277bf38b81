"""PTX → C that computes the same on a CPU, for the part of PTX that our kernels use (PTX ISA 7.8, chapter 9).

python -m tests.stub_gpu.translate KERNELS.ptx KERNELS.so
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.stub_gpu.instructions import Line, Unknown, plain, statement

HERE = Path(__file__).parent
SIZES = {"8": 1, "16": 2, "32": 4, "64": 8}
_REGISTER_C = {"pred": "uint8_t", "8": "uint8_t", "16": "uint16_t", "32": "uint32_t", "64": "uint64_t"}


@dataclass
class Kernel:
    """One .entry or .func; `memory` maps its .shared and .local symbols to offset and size."""

    name: str
    entry: bool
    params: list[tuple[str, int]] = field(default_factory=list)
    results: list[tuple[str, int]] = field(default_factory=list)
    most_threads: int = 0
    registers: dict[str, str] = field(default_factory=dict)
    shared: dict[str, tuple[int, int]] = field(default_factory=dict)
    local: dict[str, int] = field(default_factory=dict)
    body: list[tuple[int, str]] = field(default_factory=list)

    @property
    def shared_bytes(self) -> int:
        return max((offset + size for offset, size in self.shared.values()), default=0)


def _statements(ptx: str) -> Iterator[tuple[int, str]]:
    """Line number and text of each statement, directive and brace; comments are left out."""
    for number, line in enumerate(ptx.splitlines(), 1):
        text = line.split("//")[0].strip()
        if text:
            yield number, text


def _width(kind: str) -> int:
    return SIZES[re.sub(r"\D", "", kind)]


_ARRAY = re.compile(r"\.align\s+(\d+)\s+\.b8\s+([\w$]+)\[(\d+)\]")
_PARAM = re.compile(
    r"\.param\s+(?:\.align\s+\d+\s+)?\.(\w+)\s+(?:\.ptr[\w. ]*?\s)?([\w$]+)(?:\[(\d+)\])?\s*[,)]?$"
)
_HEAD = re.compile(r"\.(entry|func)\b")


class Reader:
    """The kernels of a module, as their text describes them."""

    def __init__(self, ptx: str) -> None:
        self.kernels: list[Kernel] = []
        self.shared: dict[str, tuple[int, int]] = {}  # alignment and size
        self.constants: list[str] = []
        self._rows = list(_statements(ptx))
        self._at = 0
        while self._at < len(self._rows):
            self._read_top()

    def _read_top(self) -> None:
        number, text = self._rows[self._at]
        if _HEAD.search(text):
            self._read_function()
            return
        self._at += 1
        if ".shared" in text:
            self._declare_shared(text, number)
        elif re.search(r"\.(global|const)\b", text):
            self._constant(number, text)
        elif not re.match(r"\.(version|target|address_size|extern|weak|visible|file|section)\b", text):
            raise Unknown(f"line {number}: {text}")

    def _declare_shared(self, text: str, number: int) -> None:
        found = _ARRAY.search(text)
        if not found:
            raise Unknown(f"line {number}: {text}")
        self.shared[found[2]] = int(found[1]), int(found[3])

    def _constant(self, number: int, text: str) -> None:
        found = re.search(r"\.align\s+(\d+)\s+\.(\w+)\s+([\w$]+)(?:\[(\d+)\])?\s*=\s*\{?([^};]*)", text)
        if not found or not found[5].strip():
            raise Unknown(f"line {number}: {text}")
        kind = _REGISTER_C[re.sub(r"\D", "", found[2])]
        size = found[4] or "1"
        self.constants.append(
            f"static _Alignas({found[1]}) const {kind} v_{plain(found[3])}[{size}] = {{{found[5]}}};"
        )

    def _read_function(self) -> None:
        head = ""
        first = self._at
        while "{" not in self._rows[self._at][1]:
            text = self._rows[self._at][1]
            head += " " + text
            self._at += 1
            if text.endswith(";"):  # a declaration
                raise Unknown(f"line {self._rows[first][0]}: a function without a body: {head.strip()}")
        kernel = _kernel(head)
        self._at += 1
        depth = 1
        while depth:
            number, text = self._rows[self._at]
            self._at += 1
            depth += text.count("{") - text.count("}")
            if depth:
                self._read_line(kernel, number, text)
        self.kernels.append(kernel)

    def _read_line(self, kernel: Kernel, number: int, text: str) -> None:
        while text[-1] not in ";:{}":  # a call takes several lines
            text += " " + self._rows[self._at][1]
            self._at += 1
        if text.startswith(".reg"):
            found = re.match(r"\.reg\s+\.(\w+)\s+(.+);", text)
            assert found, text
            kind = "pred" if found[1] == "pred" else re.sub(r"\D", "", found[1])
            for name in found[2].split(","):
                kernel.registers[name.strip()] = _REGISTER_C[kind]
        elif text.startswith(".shared"):
            self._declare_shared(text, number)
        elif text.startswith(".local"):
            array = _ARRAY.search(text)
            assert array, text
            kernel.local[array[2]] = int(array[3])
        elif re.match(r"\.(loc|pragma|file)\b", text):
            return
        else:
            kernel.body.append((number, text))


def _kernel(head: str) -> Kernel:
    found = re.search(r"\.(entry|func)\s*(\([^)]*\))?\s*([\w$]+)\s*(\(.*\))?", head)
    assert found, head
    kernel = Kernel(found[3], found[1] == "entry")
    most = re.search(r"\.(?:maxntid|reqntid)\s+([\d, ]+)", head)
    if most:
        kernel.most_threads = 1
        for part in most[1].split(","):
            kernel.most_threads *= int(part)
    for group, rows in ((found[4], kernel.params), (found[2], kernel.results)):
        listed = (group or "").strip()
        listed = listed[1 : listed.rindex(")")] if listed else ""
        for text in filter(None, (part.strip() for part in listed.split(","))):
            param = _PARAM.search(text)
            if not param:
                raise Unknown(f"parameter: {text}")
            rows.append((param[2], int(param[3]) if param[3] else _width(param[1])))
    return kernel


def translate(ptx: str) -> str:
    """The C source, which includes threads.h; raises Unknown with what is beyond it."""
    reader = Reader(ptx)
    lines = ['#include "threads.h"', *reader.constants]
    functions = {kernel.name: kernel for kernel in reader.kernels}
    for kernel in reader.kernels:
        text = "\n".join(row for _, row in kernel.body)
        for name, (align, size) in reader.shared.items():
            if re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", text):
                kernel.shared[name] = -(-kernel.shared_bytes // align) * align, size
        lines += _function(kernel, functions)
    entries = [kernel for kernel in reader.kernels if kernel.entry]
    lines.append("static const stub_kernel table[] = {")
    for kernel in entries:
        widths = ", ".join(str(size) for _, size in kernel.params) or "0"
        lines.append(
            f'  {{"{kernel.name}", {len(kernel.params)}, {kernel.shared_bytes}, {kernel.most_threads}, '
            f"(const uint8_t[]){{{widths}}}, run_{kernel.name}}},"
        )
    lines += ["};", "const stub_kernel *stub_kernels(uint32_t *count) {"]
    lines += [f"  *count = {len(entries)};", "  return table;", "}"]
    return "\n".join(lines) + "\n"


def _function(kernel: Kernel, functions: dict[str, Kernel]) -> Iterator[str]:
    params = {name: number for number, (name, _) in enumerate(kernel.params)}
    yielding = False
    if kernel.entry:
        yield f"static void body_{kernel.name}(thread *self) {{"
        yield "  const uint64_t *params = self->launch->params; (void)params;"
    else:
        yield f"static void func_{kernel.name}(thread *self, uint64_t *results, const uint64_t *params) {{"
        yield "  (void)results; (void)params;"
    for name, kind in kernel.registers.items():
        ranged = re.match(r"%(\w+)<(\d+)>$", name)
        names = [f"{ranged[1]}{i}" for i in range(int(ranged[2]))] if ranged else [name.lstrip("%")]
        if names:
            yield f"  {kind} " + ", ".join(f"r_{plain(one)} = 0" for one in names) + ";"
    for name, size in kernel.local.items():
        yield f"  _Alignas(16) uint8_t l_{plain(name)}[{size}];"
    for number, text in kernel.body:
        row = Line(number, text, kernel, params, functions)
        yielding = yielding or re.search(r"\bbar(rier)?\.|\b(shfl|mma)\.", text) is not None
        yield f"  {statement(row)}"
    yield "  return;"
    yield "}"
    if kernel.entry:
        yield f"static void run_{kernel.name}(const stub_launch *launch) {{"
        yield f"  run_grid(launch, body_{kernel.name}, {kernel.shared_bytes}, {int(yielding)});"
        yield "}"


def build(ptx: Path, library: Path) -> None:
    """Writes the shared library with the kernels of a PTX file."""
    source = library.with_suffix(".c")
    source.write_text(translate(ptx.read_text(encoding="ascii").rstrip("\0")), encoding="ascii")
    command = [
        "gcc",
        "-std=gnu17",
        "-O1",
        "-march=native",
        "-ffp-contract=off",
        "-fwrapv",
        "-fPIC",
        "-shared",
        "-w",
    ]
    temporary = library.with_suffix(".new")
    subprocess.run([*command, f"-I{HERE}", source, "-o", temporary, "-lm"], check=True)
    temporary.replace(library)


if __name__ == "__main__":
    build(Path(sys.argv[1]), Path(sys.argv[2]))
