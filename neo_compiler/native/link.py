"""Kernel objects, plan and C runtime → compiled.so, which needs nothing but the device's C library."""

from __future__ import annotations

import functools
import re
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from importlib import resources
from pathlib import Path

from neo_compiler.errors import NeoError, TargetError
from neo_compiler.native.cuda.image import Image
from neo_compiler.native.cuda.source import image_source
from neo_compiler.native.driver import driver_source
from neo_compiler.native.plan import Plan
from neo_compiler.native.toolchain.libc import device_libc, stub_libraries
from neo_compiler.native.toolchain.system import link_library, system_compiler
from neo_compiler.native.toolchain.zig import compile_c, run_zig, zig_program
from neo_compiler.target import Target

EXPORTS = "{ global: neo_*; local: *; };\n"

# Sources of the runtime that do not know where a model computes.
_COMMON = ("check.c", "entry.c", "error.c", "futex.c", "info.c", "memory.c", "params.c", "spin.c")

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


def link(
    objects: Sequence[Path], plan: Plan, target: Target, output: Path, image: Image | None = None
) -> None:
    """Writes the shared library of a model; the same input gives the same bytes.

    `image` is what a GPU executes, in place of `objects`. Raises TargetError where ziglang, or the target's
    own compiler, is missing, the architecture is unknown, or a kernel calls what the device's C library does
    not have; ValueError where the plan contradicts itself.
    """
    system_compiler(target) if target.compiler else zig_program()
    libc = device_libc(target.arch)
    sources = {"plan.c": driver_source(plan, launched=image is not None)}
    if image is not None:
        sources["image.c"] = image_source(image)
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{output.name}.", dir=output.parent) as name:
        folder = Path(name)
        library = folder / output.name
        if target.compiler:
            _link_with_system(sources, objects, target, library)
            library.replace(output)
            return
        common = _model_independent(target.arch, image is not None)
        runtime, stubs = ([_written(*row, folder) for row in rows] for rows in common)
        with _runtime() as headers:
            for file, text in sources.items():
                source = folder / file
                source.write_text(text, encoding="ascii")
                runtime.append(compile_c(source, libc.triple, folder, [*libc.flags, f"-I{headers}"]))
        _link_shared([*runtime, *(path.resolve() for path in objects)], stubs, library, target)
        library.replace(output)


def _link_with_system(
    sources: Mapping[str, str], objects: Sequence[Path], target: Target, library: Path
) -> None:
    """With a C compiler of the system, and with its C library: the device's must not be older."""
    folder = library.parent
    script = _written("exports.map", EXPORTS.encode(), folder)
    written = [_written(name, text.encode("ascii"), folder) for name, text in sources.items()]
    with _runtime() as headers:
        own = runtime_sources(headers, "image.c" in sources)
        flags = [*LDFLAGS[1:], f"--version-script={script}"]
        code: list[str | Path] = [f"-I{headers}", *own, *written]
        link_library(code, [path.resolve() for path in objects], target, flags, library)


# Names and contents of object files.
_Files = tuple[tuple[str, bytes], ...]


@functools.cache
def _model_independent(arch: str, cuda: bool) -> tuple[_Files, _Files]:
    """The runtime's objects and the device's libraries: the same for all models that a process compiles."""
    libc = device_libc(arch)
    with tempfile.TemporaryDirectory(prefix="neo-runtime-") as name, ThreadPoolExecutor() as threads:
        folder = Path(name)
        with _runtime() as headers:
            flags = [*libc.flags, f"-I{headers}"]
            sources = runtime_sources(headers, cuda)
            objects = list(threads.map(lambda path: compile_c(path, libc.triple, folder, flags), sources))
        return _contents(objects), _contents(stub_libraries(libc, folder))


def runtime_sources(folder: Path, cuda: bool) -> list[Path]:
    """The sources in the runtime's `folder` that a model for a CPU, or for a CUDA device, is linked with."""
    if not cuda:
        return sorted(folder.glob("*.c"))
    return [*(folder / name for name in _COMMON), *sorted((folder / "cuda").glob("*.c"))]


def _runtime() -> AbstractContextManager[Path]:
    """The folder of the runtime's sources."""
    return resources.as_file(resources.files("neo_compiler.native").joinpath("runtime"))


def _contents(paths: Sequence[Path]) -> _Files:
    return tuple((path.name, path.read_bytes()) for path in paths)


def _written(name: str, content: bytes, folder: Path) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


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
            f"call; if glibc 2.27 has it, add it to neo_compiler/native/toolchain/libraries.toml"
        )
    raise NeoError(f"{library.name} cannot be linked:\n{done.stderr.strip()}")
