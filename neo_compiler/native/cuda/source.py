"""An image as C: the tables that runtime/cuda.h declares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from neo_compiler.native.cuda.image import Image, Launch
from neo_compiler.native.literal import c_string


def image_source(image: Image) -> str:
    """The C source that defines `neo_cuda`; the same image gives the same text.

    Raises ValueError where a launch names no kernel, which is a mistake of the compiler.
    """
    for number, launch in enumerate(image.launches):
        if not 0 <= launch.kernel < len(image.kernels):
            raise ValueError(f"launch {number}: there is no kernel {launch.kernel}")
    major, minor = image.cuda
    numbers = f"{image.arch}, {1000 * major + 10 * minor}, names, {len(image.kernels)}, launches"
    lines = [
        '#include "cuda.h"',
        "static const char ptx[] =",
        *(f"    {c_string(line)}" for line in image.ptx.splitlines(keepends=True) or [""]),
        "    ;",
        "static const char *const names[] = {",
        *(f"    {c_string(name)}," for name in image.kernels or [""]),
        "};",
        "static const neo_cuda_launch launches[] = {",
        *(_rows(image.launches) if image.launches else ["    {0},"]),
        "};",
        "const neo_cuda_tables neo_cuda = {",
        f"    ptx, sizeof ptx, {numbers},",
        "};",
    ]
    return "\n".join(lines) + "\n"


def _rows(launches: Iterable[Launch]) -> Iterator[str]:
    for launch in launches:
        geometry = launch.geometry
        grid, block = (", ".join(map(str, extent)) for extent in (geometry.grid, geometry.block))
        yield f"    {{{launch.kernel}, {{{{{grid}}}, {{{block}}}, {geometry.shared_bytes}}}}},"
