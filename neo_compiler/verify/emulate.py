"""Running code for another CPU on this machine: user-mode emulation by QEMU."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge_runtime.manifest import TensorSpec
from neo_compiler.errors import MismatchError
from neo_compiler.target import Target

# Architectures as `uname -m` names them -> QEMU's name.
SYSTEMS = {"x86_64": "x86_64", "aarch64": "aarch64", "armv7l": "arm"}
INSTALL = "apt install qemu-user"


@dataclass(frozen=True)
class Emulator:
    """QEMU's user-mode `program` for `cpu`, a CPU with no instruction that the target lacks."""

    program: Path
    cpu: str

    def __str__(self) -> str:
        return f"{self.program.name.removesuffix('-static')} -cpu {self.cpu}"

    def run(self, *command: str | Path) -> None:
        """Run a program for the other CPU; raises MismatchError where it fails, with what it said."""
        emulated = [self.program, "-cpu", self.cpu, *command]
        done = subprocess.run(emulated, capture_output=True, text=True, check=False)
        if done.returncode:
            said = done.stderr.strip() or f"it ended with status {done.returncode}"
            raise MismatchError(f"the compiled code does not run under {self}: {said}")


def find_emulator(target: Target) -> Emulator | None:
    """What runs code for `target` here; None where it is missing, has no such CPU, or a GPU computes."""
    if target.arch not in SYSTEMS or not target.emulate or target.gpu:
        return None
    name = f"qemu-{SYSTEMS[target.arch]}"
    program = shutil.which(name) or shutil.which(f"{name}-static")
    return Emulator(Path(program), target.emulate) if program else None


def run_emulated(
    emulator: Emulator,
    program: Path,
    params: Path,
    inputs: Mapping[str, np.ndarray],
    outputs: tuple[TensorSpec, ...],
    shaped: bool = False,
) -> dict[str, np.ndarray]:
    """The outputs of `program`, as `link_program` makes it; `inputs` are in the model's order.

    Shapes are handed over where the program has open dimensions: then `outputs` are those of this run.
    """
    given, made = program.with_suffix(".in"), program.with_suffix(".out")
    given.write_bytes(b"".join(np.ascontiguousarray(value).tobytes() for value in inputs.values()))
    shapes = [value.shape for value in inputs.values()] + [spec.shape for spec in outputs]
    texts = [",".join(map(str, shape)) for shape in shapes] if shaped else []
    emulator.run(program, params, given, made, *texts)
    content, arrays, start = made.read_bytes(), {}, 0
    for spec in outputs:
        shape = tuple(map(int, spec.shape))
        count = int(np.prod(shape, dtype=np.int64))
        arrays[spec.name] = np.frombuffer(content, spec.dtype, count, start).reshape(shape)
        start += arrays[spec.name].nbytes
    return arrays
