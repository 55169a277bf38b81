from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge_runtime.arrays import aligned_empty
from edge_runtime.errors import ArtifactError, RunError
from edge_runtime.interface import _DIMENSION_FUNCTIONS, _FUNCTIONS, ABI_VERSION, load_library
from edge_runtime.native import NativeModel
from neo_compiler.native.toolchain.zig import compile_c, run_zig
from tests.edge_runtime import sample


@pytest.fixture
def model(mlp_folder: Path) -> Iterator[NativeModel]:
    model = NativeModel(mlp_folder / "compiled.so", mlp_folder / "compiled.params", 2)
    yield model
    model.close()


def test_python_and_c_name_the_same_functions() -> None:
    header = (sample.RUNTIME / "neo_model.h").read_text(encoding="utf-8")
    assert set(re.findall(r"NEO_API [^;]*?(neo_\w+)\(", header)) == {*_FUNCTIONS, *_DIMENSION_FUNCTIONS}
    assert f"#define NEO_ABI_VERSION {ABI_VERSION}\n" in header


def test_the_library_checks_for_itself(model: NativeModel) -> None:
    """For callers in C: Python has checked before."""
    x = np.zeros((sample.ROWS, sample.INNER), np.float32)
    y, again, linear = (aligned_empty("float32", (sample.ROWS, sample.COLUMNS)) for _ in range(3))
    session = model.session()
    with pytest.raises(ValueError, match="zip"):
        session.run([x, x], [y, linear, x.copy(), again])
    session.run([x], [y, linear, x.copy(), again])
    session.close()
    session.close()


def test_another_interface_version(tmp_path: Path) -> None:
    source = tmp_path / "other.c"
    functions = "".join(f"void {name}(void) {{}}\n" for name in _FUNCTIONS if name != "neo_abi_version")
    source.write_text(
        f"{functions}int neo_abi_version(void) {{ return {ABI_VERSION + 1}; }}\n", encoding="utf-8"
    )
    code = compile_c(source, "x86_64-linux-gnu", tmp_path, ["-fvisibility=default"])
    library = tmp_path / "other.so"
    assert run_zig(["ld.lld", "-shared", code, "-o", library], tmp_path).returncode == 0
    with pytest.raises(
        ArtifactError, match=r"has interface version 2, this edge_runtime knows 1: install a newer"
    ):
        load_library(library)


def test_missing_parameters(mlp_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="absent: No such file or directory"):
        NativeModel(mlp_folder / "compiled.so", tmp_path / "absent", 1)


def test_what_a_library_of_another_kind_lacks(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="neo_abi_version"):
        load_library(Path("libm.so.6"))
