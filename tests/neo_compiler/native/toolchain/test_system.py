from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import edge_runtime
import neo_compiler
from edge_runtime.artifact import open_artifact
from neo_compiler.cli import main
from neo_compiler.errors import ExitCode, TargetError

SHAPES = {"x": (1, 3, 16, 16)}
CROSS = "aarch64-linux-gnu-gcc"
ADVICE = "apt install gcc-aarch64-linux-gnu"


@pytest.fixture
def _no_ziglang(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever names a compiler needs no other one."""
    monkeypatch.setattr("neo_compiler.native.toolchain.zig.find_spec", lambda _name: None)


@pytest.mark.usefixtures("_no_ziglang")
@pytest.mark.skipif(not shutil.which("gcc"), reason="gcc is missing: apt install gcc")
def test_this_machines_compiler(model_path: Path, tmp_path: Path) -> None:
    outputs = [tmp_path / name for name in ("a.tar.gz", "b.tar.gz")]
    for output in outputs:
        neo_compiler.compile(model_path, output=output, input_shapes=SHAPES, cross_compiler="gcc")
    assert outputs[0].read_bytes() == outputs[1].read_bytes()
    with edge_runtime.load(outputs[0]) as model:
        assert model.manifest.compiler.options["cross_compiler"] == "gcc"
        assert model.run({"x": np.zeros((1, 3, 16, 16), np.float32)})["y"].shape == (1, 32, 16, 16)


@pytest.mark.usefixtures("_no_ziglang")
@pytest.mark.skipif(not shutil.which(CROSS), reason=f"{CROSS} is missing: {ADVICE}")
@pytest.mark.skipif(not shutil.which("qemu-aarch64"), reason="qemu-aarch64 is missing: apt install qemu-user")
def test_a_cross_compiler(model_path: Path, tmp_path: Path) -> None:
    """From a profile of the user's; what it links is executed."""
    table = tmp_path / "boards.toml"
    table.write_text(f'[board]\nabout = "mine"\nbase = "rasp4b"\ncompiler = "{CROSS}"\n')
    path = neo_compiler.compile(
        model_path,
        target="board",
        target_file=table,
        output=tmp_path / "board",
        input_shapes=SHAPES,
        require_verified=True,
    )
    manifest = open_artifact(path, fit=False).manifest
    assert manifest.accuracy is not None
    assert manifest.accuracy.executed == "qemu-aarch64 -cpu cortex-a72"
    assert manifest.compiler.options["cross_compiler"] == CROSS
    assert (path / "compiled.so").read_bytes()[18:20] == b"\xb7\0"  # ELF's number of AArch64


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("sparc64-linux-gnu-gcc", "apt install gcc-sparc64-linux-gnu"),
        ("/opt/no/such/cc", "name one that is"),
    ],
)
def test_one_that_is_missing(model_path: Path, tmp_path: Path, name: str, advice: str) -> None:
    with pytest.raises(TargetError, match=f"{name} is not installed: {advice}"):
        neo_compiler.compile(model_path, output=tmp_path / "a.tar.gz", cross_compiler=name)
    arguments = ["compile", str(model_path), "-o", str(tmp_path / "a.tar.gz"), "--cross-compiler", name]
    assert main(arguments) == ExitCode.TARGET
    assert not list(tmp_path.iterdir())
