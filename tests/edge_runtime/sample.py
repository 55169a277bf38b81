"""Small real artifacts: kernels.c, compiled and linked as the compiler links its own kernels."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

import neo_compiler.native
from edge_runtime.manifest import (
    Accuracy,
    CompilerIdentity,
    Manifest,
    Memory,
    ModelIdentity,
    Placement,
    TargetNeeds,
    TensorSpec,
)
from edge_runtime.package.hashing import hash_file
from neo_compiler.native.link import link
from neo_compiler.native.plan import Placed, Plan, Step, Where
from neo_compiler.native.toolchain.libc import device_libc
from neo_compiler.native.toolchain.zig import compile_c
from neo_compiler.package.archive import write_archive
from neo_compiler.target import Target, find_target

KERNELS = Path(__file__).with_name("kernels.c")
RUNTIME = Path(str(resources.files(neo_compiler.native))) / "runtime"
TARGET = "x86-64-v2"

ROWS, INNER, COLUMNS = 8, 64, 32

Arrays = dict[str, "np.ndarray[Any, Any]"]


def target() -> Target:
    return find_target(TARGET)


def parameters() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    random = np.random.default_rng(7)
    return (
        random.standard_normal((INNER, COLUMNS), np.float32),
        random.standard_normal(COLUMNS, np.float32),
    )


def params_bytes() -> bytes:
    return b"".join(part.tobytes() for part in parameters())


def mlp_plan() -> Plan:
    """relu(x @ w + b), and outputs whose values live in the arena, in the input and in another output."""
    x, h = (ROWS, INNER), (ROWS, COLUMNS)
    size = 4 * ROWS * COLUMNS
    return Plan(
        inputs=(TensorSpec("x", "float32", x),),
        outputs=(
            TensorSpec("y", "float32", h),
            TensorSpec("linear", "float32", h),
            TensorSpec("same", "float32", x),
            TensorSpec("again", "float32", h),
        ),
        tensors=(
            Placed(Where.INPUT, "float32", x),
            Placed(Where.PARAMS, "float32", (INNER, COLUMNS)),
            Placed(Where.PARAMS, "float32", (COLUMNS,), offset=4 * INNER * COLUMNS),
            Placed(Where.ARENA, "float32", h),
            Placed(Where.ARENA, "float32", h, offset=size),
            Placed(Where.OUTPUT, "float32", h),
        ),
        steps=(Step("matmul", (0, 1, 3)), Step("add", (3, 2, 4)), Step("relu", (4, 5))),
        results=(5, 4, 0, 5),
        arena_bytes=2 * size,
        params_bytes=len(params_bytes()),
        scratch_bytes=4 * INNER * COLUMNS + 4 * COLUMNS,
    )


def mlp_reference(x: np.ndarray[Any, Any]) -> Arrays:
    w, b = parameters()
    linear = x @ w + b
    y = np.maximum(linear, 0)
    return {"y": y, "linear": linear, "same": x, "again": y}


def unary_plan(kernel: str, shape: tuple[int, ...] = (256,), scratch: int = 1024) -> Plan:
    """One kernel from input x to output y."""
    spec = ("float32", shape)
    return Plan(
        inputs=(TensorSpec("x", *spec),),
        outputs=(TensorSpec("y", *spec),),
        tensors=(Placed(Where.INPUT, *spec), Placed(Where.OUTPUT, *spec)),
        steps=(Step(kernel, (0, 1)),),
        results=(1,),
        arena_bytes=0,
        params_bytes=0,
        scratch_bytes=scratch,
    )


def count_plan(width: int = 128) -> Plan:
    """int32 number of tasks → int32 [width]: how often each task ran."""
    return Plan(
        inputs=(TensorSpec("tasks", "int32", ()),),
        outputs=(TensorSpec("counts", "int32", (width,)),),
        tensors=(Placed(Where.INPUT, "int32", ()), Placed(Where.OUTPUT, "int32", (width,))),
        steps=(Step("count", (0, 1)),),
        results=(1,),
        arena_bytes=0,
        params_bytes=0,
        scratch_bytes=0,
    )


@functools.cache
def kernel_object() -> bytes:
    libc = device_libc(target().arch)
    with tempfile.TemporaryDirectory() as name:
        return compile_c(KERNELS, libc.triple, Path(name), [f"-I{RUNTIME}"]).read_bytes()


def link_library(plan: Plan, output: Path) -> Path:
    kernels = output.with_suffix(".o")
    kernels.write_bytes(kernel_object())
    link([kernels], plan, target(), output)
    kernels.unlink()
    return output


def build(folder: Path, plan: Plan, params: bytes = b"", cases: Mapping[str, Arrays] | None = None) -> Path:
    """An unpacked artifact; `cases` are the arrays of each file in selftest/."""
    folder.mkdir(parents=True)
    link_library(plan, folder / "compiled.so")
    if params:
        (folder / "compiled.params").write_bytes(params)
    for name, arrays in (cases or {}).items():
        (folder / "selftest").mkdir(exist_ok=True)
        np.savez(folder / "selftest" / f"{name}.npz", **arrays)  # type: ignore[arg-type]  # numpy's own stub
    write_manifest(folder, plan)
    return folder


def manifest_of(folder: Path, plan: Plan, **changes: Any) -> Manifest:
    found = target()
    files = {
        path.relative_to(folder).as_posix(): hash_file(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "manifest.json"
    }
    values: dict[str, Any] = {
        "model": ModelIdentity("sample", "0" * 64, "onnx", 17),
        "compiler": CompilerIdentity("neo", "0.1.0", "0.27.0", "22.1", {"target": TARGET}),
        "target": TargetNeeds(found.name, found.triple, found.arch, found.cpu, found.requires),
        "inputs": plan.inputs,
        "outputs": plan.outputs,
        "memory": Memory(plan.arena_bytes, plan.params_bytes, plan.scratch_bytes),
        "accuracy": Accuracy("onnxruntime 1.31", 2, 1e-7, 1e-6, 1e-4),
        "placement": (Placement("native", 3, {"MatMul": 1, "Add": 1, "Relu": 1}),),
        "files": files,
    }
    return Manifest(**{**values, **changes})


def write_manifest(folder: Path, plan: Plan, **changes: Any) -> None:
    text = manifest_of(folder, plan, **changes).to_json()
    (folder / "manifest.json").write_text(text, encoding="utf-8")


def build_mlp(folder: Path) -> Path:
    x = np.random.default_rng(3).standard_normal((ROWS, INNER), np.float32)
    case = {"input:x": x, **{f"expected:{name}": array for name, array in mlp_reference(x).items()}}
    return build(folder, mlp_plan(), params_bytes(), {"0": case})


def pack(folder: Path, path: Path) -> Path:
    write_archive(folder, path)
    return path
