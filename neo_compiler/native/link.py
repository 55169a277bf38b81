"""Kernel objects, plan and C runtime → compiled.so, which needs nothing but the device's C library."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path

from neo_compiler.errors import NeoError, TargetError
from neo_compiler.native.driver import driver_source
from neo_compiler.native.libc import DeviceLibc, device_libc, stub_libraries
from neo_compiler.native.plan import Plan
from neo_compiler.native.zig import compile_c, run_zig, zig_program
from neo_compiler.target import Target

EXPORTS = "{ global: neo_*; local: *; };\n"

LDFLAGS = (
    "-shared",
    "--no-undefined",
    "--as-needed",
    "--gc-sections",
    "--strip-all",
    "--build-id=sha1",
    "--hash-style=gnu",
    "-z",
    "relro",
    "-z",
    "now",
    "-z",
    "noexecstack",
)


def link(objects: Sequence[Path], plan: Plan, target: Target, output: Path) -> None:
    """Writes the shared library of a model; the same input gives the same bytes.

    Raises TargetError where ziglang is missing, the architecture is unknown, or a kernel calls what the
    device's C library does not have; ValueError where the plan contradicts itself.
    """
    zig_program()
    libc = device_libc(target.arch)
    source = driver_source(plan)
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{output.name}.", dir=output.parent) as name:
        folder = Path(name)
        compiled = [*_runtime_objects(source, libc, folder), *(path.resolve() for path in objects)]
        library = folder / output.name
        _link_shared(compiled, stub_libraries(libc, folder), library, target)
        library.replace(output)


def _runtime_objects(source: str, libc: DeviceLibc, folder: Path) -> list[Path]:
    runtime = resources.files("neo_compiler.native").joinpath("runtime")
    with resources.as_file(runtime) as headers, ThreadPoolExecutor(os.cpu_count()) as threads:
        plan = folder / "plan.c"
        plan.write_text(source, encoding="ascii")
        sources = [*sorted(headers.glob("*.c")), plan]
        flags = [*libc.flags, f"-I{headers}"]
        return list(threads.map(lambda path: compile_c(path, libc.triple, folder, flags), sources))


def _link_shared(objects: Sequence[Path], stubs: Sequence[Path], library: Path, target: Target) -> None:
    script = library.with_suffix(".map")
    script.write_text(EXPORTS, encoding="ascii")
    arguments: list[str | Path] = ["--version-script", script, "-o", library, *objects, *stubs]
    done = run_zig(["ld.lld", *LDFLAGS, *arguments], library.parent)
    if not done.returncode:
        return
    if missing := sorted(set(re.findall(r"undefined symbol: (\S+)", done.stderr))):
        raise TargetError(
            f"the C library of target {target.name} has no {', '.join(missing)}, which kernels of this model "
            f"call; if glibc 2.27 has it, add it to neo_compiler/native/libraries.toml"
        )
    raise NeoError(f"{library.name} cannot be linked:\n{done.stderr.strip()}")
