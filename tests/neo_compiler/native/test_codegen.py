from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from tvm import IRModule, te

from neo_compiler.graph import prepare
from neo_compiler.lower import lower
from neo_compiler.native.codegen import generate_object
from neo_compiler.native.memory import ALIGNMENT, aligned
from neo_compiler.schedule import schedule
from neo_compiler.target import find_target
from tests.neo_compiler.compiled import TARGETS, Case, check_one, on_all_targets

NETWORK = Case("""(float[1, 21, 8, 8] x, float[32, 21, 3, 3] W, float[10, 32] V) => (float[N, K] y) {
    c = Conv(x, W) p = GlobalAveragePool(c) f = Flatten(p) g = Gemm<transB=1>(f, V) y = Softmax(g)
}""")


def scheduled(case: Case, target: str) -> IRModule:
    profile = find_target(target)
    return schedule(lower(prepare(case.model(), {}), profile), profile).module


def symbols(path: Path, kind: str) -> set[str]:
    """Symbols of an object file: T are defined functions, U is what it needs."""
    table = subprocess.run(["nm", path], capture_output=True, text=True, check=True).stdout
    return set(re.findall(rf" {kind} (\S+)$", table, re.MULTILINE))


@on_all_targets
def test_each_kernel_is_a_function_of_the_object(target: str, tmp_path: Path) -> None:
    module = scheduled(NETWORK, target)
    generate_object(module, find_target(target), tmp_path / "k.o")
    names = {variable.name_hint for variable in module.functions if variable.name_hint != "main"}
    assert {f"__tvm_ffi_{name}" for name in names} <= symbols(tmp_path / "k.o", "T")


@on_all_targets
def test_nothing_of_tvm_is_needed(target: str, tmp_path: Path) -> None:
    generate_object(scheduled(NETWORK, target), find_target(target), tmp_path / "k.o")
    needed = {name for name in symbols(tmp_path / "k.o", "U") if "tvm" in name.lower()}
    assert needed <= {"TVMFFIErrorSetRaisedFromCStrParts"}


@pytest.mark.parametrize("target", TARGETS)
def test_the_same_module_gives_the_same_bytes(target: str, tmp_path: Path) -> None:
    for name in ("a.o", "b.o"):
        generate_object(scheduled(NETWORK, target), find_target(target), tmp_path / name)
    assert (tmp_path / "a.o").read_bytes() == (tmp_path / "b.o").read_bytes()


@pytest.mark.parametrize(
    ("target", "register"), [("x86-64-v2", "xmm"), ("x86-64-v3", "ymm"), ("x86-64-v4", "zmm")]
)
def test_a_convolution_multiplies_whole_vectors(target: str, register: str, tmp_path: Path) -> None:
    generate_object(scheduled(NETWORK, target), find_target(target), tmp_path / "k.o")
    text = subprocess.run(
        ["objdump", "-d", tmp_path / "k.o"], capture_output=True, text=True, check=True
    ).stdout
    products = r"vfmadd\w+ps" if target != "x86-64-v2" else "mulps"
    found = re.findall(rf"{products}\s.*%{register}\d+", text)
    assert len(found) >= 8
    wider = {"xmm": "[yz]mm", "ymm": "zmm", "zmm": "none"}[register]
    assert not re.search(rf"%{wider}\d+", text)


def two_steps(size: int) -> IRModule:
    """A kernel that keeps `size` floats between its two loops."""
    data = te.placeholder((size,), name="data")
    middle = te.compute((size,), lambda i: data[i] * data[i], name="middle")
    result = te.compute((size,), lambda i: middle[i] + middle[size - 1 - i], name="result")
    return IRModule({"two_steps": te.create_prim_func([data, result])})


def test_the_workspace_of_a_kernel_is_told(tmp_path: Path) -> None:
    assert generate_object(two_steps(5000), find_target("host"), tmp_path / "k.o") == aligned(5000 * 4)
    assert "TVMBackendAllocWorkspace" not in symbols(tmp_path / "k.o", "U")


def test_a_kernel_gets_its_workspace_on_every_thread(tmp_path: Path) -> None:
    case = Case(
        "(float[64, 3001] x) => (float[N, C] y) { e = Exp(x) s = Softmax<axis=-1>(e) y = LogSoftmax(s) }"
    )
    compiled = check_one(case, tmp_path)
    assert compiled.plan.scratch_bytes % ALIGNMENT == 0
    inputs = case.inputs()
    np.testing.assert_array_equal(compiled.run(inputs, threads=3)["y"], compiled.run(inputs)["y"])


def test_a_module_without_kernels_is_an_object_too(tmp_path: Path) -> None:
    case = Case("(float[2] x) => (float[2] y) { y = Identity(x) }")
    assert generate_object(scheduled(case, "host"), find_target("host"), tmp_path / "k.o") == 0
    assert not {name for name in symbols(tmp_path / "k.o", "T") if name.startswith("__tvm_ffi_")}
