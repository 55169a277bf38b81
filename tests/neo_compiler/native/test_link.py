from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_runtime import load
from edge_runtime.interface import _DIMENSION_FUNCTIONS, _FUNCTIONS
from neo_compiler.errors import ExitCode, TargetError
from neo_compiler.native.link import link
from neo_compiler.native.toolchain.libc import device_libc
from neo_compiler.native.toolchain.zig import compile_c
from neo_compiler.target import find_target
from tests.edge_runtime import sample


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sample.link_library(sample.mlp_plan(), tmp_path_factory.mktemp("link") / "compiled.so")


def output_of(*command: object) -> str:
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True).stdout


def test_needs_only_the_c_library(library: Path) -> None:
    names = {line.split()[0].rpartition("/")[2] for line in output_of("ldd", library).splitlines()}
    assert names <= {"linux-vdso.so.1", "libc.so.6", "libm.so.6", "libpthread.so.0", "ld-linux-x86-64.so.2"}
    versions = re.findall(r"Name: GLIBC_(\d+)\.(\d+)", output_of("readelf", "-V", library))
    assert max((int(major), int(minor)) for major, minor in versions) <= (2, 27)


def test_exports_the_interface_and_nothing_else(library: Path) -> None:
    rows = [line.split() for line in output_of("nm", "-D", "--defined-only", library).splitlines()]
    assert {row[2] for row in rows} == {*_FUNCTIONS, *_DIMENSION_FUNCTIONS}


def test_hardened(library: Path) -> None:
    segments = output_of("readelf", "-lW", library)
    assert re.search(r"GNU_STACK .* RW ", segments)
    assert "GNU_RELRO" in segments
    assert "BIND_NOW" in output_of("readelf", "-d", library)
    assert "RWE" not in segments


def test_same_bytes_in_two_processes(library: Path, tmp_path: Path) -> None:
    """Under another path, with another hash seed, and with an empty compiler cache."""
    program = (
        "import sys; from pathlib import Path; from tests.edge_runtime import sample\n"
        "sample.link_library(sample.mlp_plan(), Path(sys.argv[1]))\n"
    )
    other = tmp_path / "elsewhere" / "other.so"
    other.parent.mkdir()
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "PYTHONHASHSEED": "77",
        "ZIG_GLOBAL_CACHE_DIR": str(tmp_path / "zig"),
    }
    root = Path(__file__).parents[3]
    subprocess.run([sys.executable, "-c", program, other], env=environment, cwd=root, check=True)
    assert other.read_bytes() == library.read_bytes()
    assert [path.name for path in other.parent.iterdir()] == ["other.so"]


def test_no_path_of_this_machine_inside(library: Path) -> None:
    content = library.read_bytes()
    for part in (str(library.parent), str(Path.home()), str(sample.RUNTIME), ".c\0"):
        assert part.encode() not in content


def test_a_function_that_the_device_lacks(tmp_path: Path) -> None:
    source = tmp_path / "kernel.c"
    source.write_text(
        "double bessel(double); int getrandom(void);\n"
        "int __tvm_ffi_odd(void) { return bessel(1) > 0 && getrandom(); }\n",
        encoding="utf-8",
    )
    kernel = compile_c(source, device_libc("x86_64").triple, tmp_path)
    output = tmp_path / "out" / "compiled.so"
    with pytest.raises(
        TargetError, match=r"the C library of target x86-64-v2 has no bessel, getrandom, which"
    ) as caught:
        link([kernel], sample.unary_plan("odd"), sample.target(), output)
    assert caught.value.exit_code == ExitCode.TARGET
    assert not list(output.parent.iterdir())


def test_a_kernel_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="__tvm_ffi_absent"):
        sample.link_library(sample.unary_plan("absent"), tmp_path / "compiled.so")
    with pytest.raises(TargetError, match="cannot link for riscv64"):
        link([], sample.mlp_plan(), replace(sample.target(), arch="riscv64"), tmp_path / "compiled.so")


def test_for_another_architecture(tmp_path: Path) -> None:
    libc = device_libc("aarch64")
    kernels = compile_c(sample.KERNELS, libc.triple, tmp_path, [f"-I{sample.RUNTIME}"])
    output = tmp_path / "compiled.so"
    link([kernels], sample.mlp_plan(), replace(sample.target(), name="pi4", arch="aarch64"), output)
    header = output_of("readelf", "-hd", output)
    assert "AArch64" in header
    assert set(re.findall(r"Shared library: \[(.*)\]", header)) == {
        "libc.so.6",
        "libm.so.6",
        "libpthread.so.0",
    }


def test_functions_of_libm(tmp_path: Path) -> None:
    folder = sample.build(tmp_path / "artifact", sample.unary_plan("exponential"))
    symbols = output_of("nm", "-D", folder / "compiled.so")
    assert "expf@GLIBC_2.27" in symbols
    x = np.linspace(-5, 5, 256, dtype=np.float32)
    with load(folder) as model:
        np.testing.assert_allclose(model.run({"x": x})["y"], np.exp(x), rtol=1e-6)


def test_kernels_made_by_tvm(tmp_path: Path) -> None:
    """Two kernels in one object, with parallel loops, scratch, libm and a wrong call."""
    tvm = pytest.importorskip("tvm")
    from tvm import te
    from tvm.s_tir import Schedule

    shape = (64, 1024)
    a = te.placeholder(shape, name="A")
    d = te.compute(shape, lambda i, j: tvm.tirx.tanh(a[i, j]) * 2.0, name="D")
    e = te.compute(shape, lambda i, j: d[i, 1023 - j] + d[63 - i, j], name="E")
    c = te.compute(shape, lambda i, j: e[i, 1023 - j] + tvm.tirx.exp(d[63 - i, j]), name="C")
    schedule = Schedule(te.create_prim_func([a, c]))
    rows = schedule.get_loops(schedule.get_sblock("C"))[0]
    schedule.parallel(rows)
    schedule.compute_at(schedule.get_sblock("E"), rows)
    kernel = schedule.mod["main"].with_attr("global_symbol", "fold")
    target = find_target("x86-64-v2")
    executable = tvm.compile(tvm.IRModule({"fold": kernel}), target=tvm.target.Target(target.llvm()))
    executable.mod.write_to_file(str(tmp_path / "kernels.o"), "o")

    plan = sample.unary_plan("fold", shape, scratch=4 * 64 * 1024 + 4 * 1024)
    folder = tmp_path / "artifact"
    link([tmp_path / "kernels.o"], plan, target, folder / "compiled.so")
    sample.write_manifest(folder, plan)
    x = np.random.default_rng(0).standard_normal(shape, np.float32)
    first = np.tanh(x) * 2
    second = first[:, ::-1] + first[::-1]
    for threads in (1, 2, 4):
        with load(folder, threads=threads) as model:
            found = model.run({"x": x})["y"]
        np.testing.assert_allclose(found, second[:, ::-1] + np.exp(first[::-1]), rtol=1e-5, atol=1e-5)


def test_for_32_bit_arm(tmp_path: Path) -> None:
    """64-bit division and the unwinder's names come from our own runtime: no library of a device has them."""
    libc = device_libc("armv7l")
    flags = [*libc.flags, f"-I{sample.RUNTIME}"]
    kernels = compile_c(sample.KERNELS, libc.triple, tmp_path, flags)
    output = tmp_path / "compiled.so"
    link([kernels], sample.mlp_plan(), find_target("rasp3b"), output)
    header = output_of("readelf", "-h", output)
    assert "hard-float ABI" in header
    undefined = {
        row.split()[7].partition("@")[0]
        for row in output_of("readelf", "-W", "--dyn-syms", output).splitlines()
        if " UND " in row and len(row.split()) > 7
    }
    assert undefined <= {name for symbols in libc.libraries.values() for name in symbols}
