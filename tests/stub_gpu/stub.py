"""The driver without a GPU as a library, and what it saw."""

from __future__ import annotations

import functools
import itertools
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@functools.cache
def _folder() -> Path:
    """Where this process keeps what it compiles; removed at its end."""
    keeper = tempfile.TemporaryDirectory(prefix="stub-gpu-")
    _KEPT.append(keeper)
    return Path(keeper.name)


_KEPT: list[tempfile.TemporaryDirectory[str]] = []


@functools.cache
def driver(*definitions: str) -> Path:
    """The library; `definitions` are e.g. WITHOUT_GRAPHS."""
    library = _folder() / ("-".join(["libcuda", *definitions]) + ".so")
    flags = ["-std=gnu17", "-O1", "-g", "-Wall", "-Wextra", "-Wno-format-zero-length", "-Werror"]
    command = ["gcc", *flags, *(f"-D{name}" for name in definitions), "-fPIC", "-shared"]
    subprocess.run([*command, HERE / "driver.c", "-o", library, "-ldl", "-lpthread"], check=True)
    return library


class Stub:
    """Settings for a process that is to find the stub, and the calls that it made.

    `execute`: kernels compute, translated from their PTX; else they do nothing.
    """

    def __init__(self, folder: Path, *definitions: str, execute: bool = True) -> None:
        self.log = folder / "calls.log"
        self.environment = {"NEO_CUDA_DRIVER": str(driver(*definitions)), "STUB_LOG": str(self.log)}
        if execute:
            python = shlex.quote(sys.executable)
            path = shlex.quote(os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]))
            self.environment["STUB_TRANSLATE"] = f"PYTHONPATH={path} {python} -m tests.stub_gpu.translate"
            self.environment["STUB_KERNELS"] = str(_folder())

    @property
    def calls(self) -> list[str]:
        """A line a call, in order."""
        return self.log.read_text(encoding="ascii").splitlines() if self.log.exists() else []

    @property
    def violations(self) -> list[str]:
        return [line for line in self.calls if line.startswith("VIOLATION")]

    @property
    def failures(self) -> list[str]:
        """The names of the calls that gave an error."""
        rows = self.calls
        return [before.split(" ")[0] for before, row in itertools.pairwise(rows) if row.startswith("  = ")]

    def count(self, name: str) -> int:
        return sum(line.split(" ")[0] == name for line in self.calls)

    def clear(self) -> None:
        self.log.unlink(missing_ok=True)
