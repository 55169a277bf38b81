"""A C program of a device, linked against compiled.so and the device's own C library."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import numpy as np
import pytest

import neo_compiler.native
from benchmarks.userland import Userland
from edge_runtime.artifact import open_artifact
from neo_compiler.native.toolchain.libc import DeviceLibc, device_libc
from neo_compiler.native.toolchain.zig import compile_c, run_zig
from tests.emulated.conftest import TARGETS, port

NATIVE = Path(str(resources.files(neo_compiler.native)))
LOADERS = {"arm64": "/lib/ld-linux-aarch64.so.1", "armhf": "/lib/ld-linux-armhf.so.3"}
ARCHES = {"arm64": "aarch64", "armhf": "armv7l"}


def link(system: Userland, objects: list[Path], libraries: list[Path], output: Path) -> Path:
    starts = [system.libraries / name for name in ("crt1.o", "crti.o")]
    shared = system.folder / "lib" / system.system.triple / "libc.so.6"
    libc = [shared, *(system.libraries / name for name in ("libc_nonshared.a", "crtn.o"))]
    flags = ["-pie", f"--dynamic-linker={LOADERS[port(system)]}", "--allow-shlib-undefined", "-o", output]
    done = run_zig(["ld.lld", *flags, *starts, *objects, *libraries, *libc], output.parent)
    assert done.returncode == 0, done.stderr
    return output


@pytest.fixture
def libc(system: Userland) -> DeviceLibc:
    return device_libc(ARCHES[port(system)])


def test_one_run(system: Userland, libc: DeviceLibc, artifacts: dict[str, Path], tmp_path: Path) -> None:
    artifact = open_artifact(artifacts[TARGETS[port(system)]], fit=False)
    library = artifact.folder / "compiled.so"
    flags = [*libc.flags, f"-I{NATIVE / 'runtime'}", "-fPIE"]
    code = compile_c(NATIVE / "host" / "run_once.c", libc.triple, tmp_path, flags)
    program = link(system, [code], [library], tmp_path / "once")
    with np.load(artifact.folder / "selftest" / "0.npz") as arrays:
        arrays["input:x"].tofile(tmp_path / "in")
        expected = arrays["expected:y"]
    environment = {"LD_LIBRARY_PATH": str(artifact.folder)}
    files = (artifact.folder / "compiled.params", tmp_path / "in", tmp_path / "out")
    done = system.run(program, *files, environment=environment)
    assert done.returncode == 0, done.stderr
    found = np.fromfile(tmp_path / "out", np.float32).reshape(expected.shape)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * abs(expected).max())

    wrong = system.run(program, tmp_path / "in", *files[1:], environment=environment)
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("open: ")
