"""The tables of an image, read back out of a compiled library."""

from __future__ import annotations

import ctypes
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest

from neo_compiler.native.cuda.image import Geometry, Image, Launch
from neo_compiler.native.cuda.source import image_source
from neo_compiler.native.toolchain.zig import compile_c, run_zig

TEXT = '// "quoted" \\ ??= 1\n.version 4.2\n.target sm_53\n\n// no newline at the end'
IMAGE = Image(
    TEXT,
    53,
    (7, 5),
    ("first", "second"),
    (Launch(1, Geometry((2, 3, 4), (32, 8, 1))), Launch(0, Geometry((1, 1, 1), (7, 1, 1), 512))),
)
SHOWN = '__attribute__((visibility("default"))) const void *shown(void) { return &neo_cuda; }'


class _Geometry(ctypes.Structure):
    _fields_ = (
        ("grid", ctypes.c_uint32 * 3),
        ("block", ctypes.c_uint32 * 3),
        ("shared", ctypes.c_uint32),
    )


class _Launch(ctypes.Structure):
    _fields_ = (("kernel", ctypes.c_uint32), ("geometry", _Geometry))


class _Tables(ctypes.Structure):
    _fields_ = (
        ("ptx", ctypes.c_char_p),
        ("ptx_bytes", ctypes.c_uint64),
        ("arch", ctypes.c_uint32),
        ("version", ctypes.c_uint32),
        ("names", ctypes.POINTER(ctypes.c_char_p)),
        ("n_kernels", ctypes.c_uint32),
        ("launches", ctypes.POINTER(_Launch)),
    )


def test_tables_hold_what_the_image_says(tmp_path: Path) -> None:
    source = tmp_path / "cuda.c"
    source.write_text(image_source(IMAGE) + SHOWN, encoding="ascii")
    with resources.as_file(resources.files("neo_compiler.native") / "runtime") as headers:
        made = compile_c(source, "x86_64-linux-gnu", tmp_path, [f"-I{headers}"])
    library = tmp_path / "cuda.so"
    assert run_zig(["ld.lld", "-shared", "-o", library, made], tmp_path).returncode == 0
    shown = ctypes.CDLL(str(library)).shown
    shown.restype = ctypes.POINTER(_Tables)
    tables = shown().contents
    assert tables.ptx.decode() == TEXT
    assert tables.ptx_bytes == len(TEXT) + 1
    assert (tables.arch, tables.version) == (53, 7050)
    assert [tables.names[number] for number in range(tables.n_kernels)] == [b"first", b"second"]
    rows = [tables.launches[number] for number in range(2)]
    assert [row.kernel for row in rows] == [1, 0]
    assert [(*row.geometry.grid, *row.geometry.block, row.geometry.shared) for row in rows] == [
        (2, 3, 4, 32, 8, 1, 0),
        (1, 1, 1, 7, 1, 1, 512),
    ]


def test_a_launch_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="launch 0: there is no kernel 2"):
        image_source(replace(IMAGE, launches=(Launch(2, Geometry((1, 1, 1), (1, 1, 1))),)))
