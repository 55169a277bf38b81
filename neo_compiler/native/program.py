"""A compiled model as a program without need of a C library, for an emulator: the same kernels, static."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from neo_compiler.errors import NeoError
from neo_compiler.native.driver import driver_source
from neo_compiler.native.plan import Plan
from neo_compiler.native.toolchain.libc import device_libc
from neo_compiler.native.toolchain.system import CFLAGS as SYSTEM_CFLAGS
from neo_compiler.native.toolchain.system import LIBRARIES, run_compiler
from neo_compiler.native.toolchain.zig import CFLAGS, run_zig
from neo_compiler.target import Target


def link_program(objects: Sequence[Path], plan: Plan, target: Target, output: Path) -> None:
    """Write a program that runs the model once, see host/run_once.c for its arguments.

    Its C library is musl, which zig builds when it is first asked for an architecture: that takes a minute.
    A C compiler of the system brings its own.
    """
    libc = device_libc(target.arch)
    source = output.with_suffix(".c")
    source.write_text(driver_source(plan), encoding="ascii")
    native = resources.files("neo_compiler.native")
    with (
        resources.as_file(native.joinpath("runtime")) as runtime,
        resources.as_file(native.joinpath("host")) as host,
    ):
        sources = [source, *sorted(runtime.glob("*.c")), host / "run_once.c"]
        if target.compiler:
            rest: list[str | Path] = [
                "-static",
                "-s",
                *SYSTEM_CFLAGS,
                f"-I{runtime}",
                *sources,
                *objects,
                *LIBRARIES,
            ]
            run_compiler(target, [*rest, "-o", output], output.parent)
            return
        flags = ["-target", libc.program, "-static", "-s", *CFLAGS, *libc.flags, f"-I{runtime}"]
        done = run_zig(["cc", *flags, *sources, *objects, "-lm", "-lpthread", "-o", output], output.parent)
    if done.returncode:
        raise NeoError(f"a program for the emulator cannot be linked:\n{done.stderr.strip()}")
