"""The C compiler and the linker: the `zig` program that the ziglang package brings."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from neo_compiler.errors import NeoError, TargetError

# Baseline code for every CPU of the architecture; no path, date or debug information in the result.
CFLAGS = (
    "-std=c11",
    "-O2",
    "-g0",
    "-fPIC",
    "-fvisibility=hidden",
    "-fno-stack-protector",
    "-fno-sanitize=all",
    "-Wall",
    "-Wextra",
)

_CACHE = "ZIG_GLOBAL_CACHE_DIR"


def zig_program() -> Path:
    """Where the program is; raises TargetError with the command that installs it."""
    spec = find_spec("ziglang")
    program = Path(spec.origin).parent / "zig" if spec and spec.origin else None
    if program is None or not program.exists():
        raise TargetError(
            "the package ziglang, which compiles and links for every target, is not installed: "
            "python -m pip install 'neo-edge[compiler]'"
        )
    return program


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def _environment(folder: Path) -> dict[str, str]:
    """With a cache that can be written, else in `folder`: without one zig fails, or waits for ever."""
    environment = dict(os.environ)
    home = environment.get("XDG_CACHE_HOME") or "~/.cache"
    cache = environment.setdefault(_CACHE, str(Path(home, "zig").expanduser()))
    if not _writable(Path(cache)):
        environment[_CACHE] = str(folder / "zig-cache")
    return environment


def run_zig(arguments: Sequence[str | Path], folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs zig in `folder`, which exists and may be written; the caller looks at the exit status."""
    command = [zig_program(), *arguments]
    return subprocess.run(
        command, cwd=folder, env=_environment(folder), capture_output=True, text=True, check=False
    )


def compile_c(source: Path, triple: str, folder: Path, flags: Sequence[str] = ()) -> Path:
    """`source` (C or assembler) as an object in `folder`; raises NeoError with what the compiler said."""
    output = folder / f"{source.name}.o"
    done = run_zig(["cc", "-c", "-target", triple, *CFLAGS, *flags, source, "-o", output], folder)
    if done.returncode:
        raise NeoError(f"{source.name} does not compile for {triple}:\n{done.stderr.strip()}")
    return output
