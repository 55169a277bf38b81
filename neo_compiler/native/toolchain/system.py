"""A C compiler of the system, in place of ziglang: it links with the C library that it brings."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from neo_compiler.errors import NeoError, TargetError
from neo_compiler.target import Target

CFLAGS = ("-std=gnu11", "-O2", "-g0", "-fPIC", "-fvisibility=hidden", "-fno-stack-protector", "-w")
# What a compiler has to be told of an architecture, by `uname -m`'s name.
ARCHITECTURES = {"armv7l": ("-march=armv7-a", "-mfpu=neon-vfpv4", "-mfloat-abi=hard")}
LIBRARIES = ("-lm", "-lpthread", "-ldl")


def system_compiler(target: Target) -> Path:
    """Where the compiler of `target` is; raises TargetError with the command that installs it."""
    found = shutil.which(target.compiler)
    if found is None:
        raise TargetError(f"the C compiler {target.compiler} is not installed: {_advice(target.compiler)}")
    return Path(found)


def run_compiler(target: Target, arguments: Sequence[str | Path], folder: Path) -> None:
    """Runs it in `folder`; raises NeoError with what it said."""
    command = [system_compiler(target), *ARCHITECTURES.get(target.arch, ()), *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NeoError(f"{target.compiler} fails for target {target.name}:\n{done.stderr.strip()}")


def join_objects(objects: Sequence[Path], target: Target, output: Path) -> None:
    """Several object files as one."""
    run_compiler(target, ["-r", "-nostdlib", "-o", output.resolve(), *objects], output.parent)


def link_library(
    sources: Sequence[str | Path], objects: Sequence[Path], target: Target, flags: Sequence[str], output: Path
) -> None:
    """A shared library of C sources, among which may be options, and objects; `flags` are the linker's."""
    passed = [f"-Wl,{flag}" for flag in flags]
    run_compiler(
        target, ["-shared", *CFLAGS, *passed, *sources, *objects, *LIBRARIES, "-o", output], output.parent
    )


def _advice(name: str) -> str:
    """Debian calls the package of a cross compiler by its triple."""
    if "/" not in name and name.endswith("-gcc"):
        return f"apt install gcc-{name.removesuffix('-gcc')}"
    return f"apt install {name}" if name in ("gcc", "clang") else "name one that is"
