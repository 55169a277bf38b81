"""How SageMaker Neo names targets: TargetPlatform and CompilerOptions, resolved to our profiles."""

from __future__ import annotations

import ast
import difflib
import json
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from neo_compiler.errors import TargetError, UsageError
from neo_compiler.target.gpus import gpus
from neo_compiler.target.target import Target

# (Os, Arch) of a TargetPlatform -> the profile that every such machine runs.
PLATFORMS = {
    ("LINUX", "X86_64"): "x86-64-v2",
    ("LINUX", "ARM64"): "aarch64",
    ("LINUX", "ARM_EABIHF"): "armv7",
}
# An accelerator that a TargetPlatform may name -> what the names of targets with it look like.
ACCELERATORS = {"NVIDIA": {"X86_64": "cuda-{gpu}", "ARM64": "cuda-{gpu}-aarch64"}}
# Compiler options for GPUs; versions of TensorRT mean nothing to code that does not use it.
GPU_OPTIONS = ("gpu-code", "cuda-ver", "trt-ver")
# LLVM's features -> the CPU flags of Linux that tell of them, where code of a kernel may use them.
FLAGS = {
    "x86_64": {
        **{name: name for name in ("avx", "avx2", "bmi2", "cx16", "f16c", "fma", "movbe", "popcnt", "ssse3")},
        **{f"avx512{part}": f"avx512{part}" for part in ("f", "bw", "cd", "dq", "vl")},
        "bmi": "bmi1",
        "sse4.1": "sse4_1",
        "sse4.2": "sse4_2",
        "avx512vnni": "avx512_vnni",
        "avx512bf16": "avx512_bf16",
    },
    "aarch64": {
        "neon": "asimd",
        "dotprod": "asimddp",
        "fullfp16": "asimdhp",
        "rdm": "asimdrdm",
        "bf16": "bf16",
        "i8mm": "i8mm",
        "sve": "sve",
        "sve2": "sve2",
    },
    "armv7l": {"neon": "neon", "vfp4": "vfpv4", "hwdiv-arm": "idiva"},
}
# The widest vectors: an LLVM feature -> bytes and number of the registers; the first that is there counts.
VECTORS = {"x86_64": (("avx512vl", 64, 32), ("avx2", 32, 16), ("sse2", 16, 16))}


def platform_name(text: str, options: Mapping[str, Any] = MappingProxyType({})) -> str:
    """The profile for a TargetPlatform such as `{"Os": "LINUX", "Arch": "ARM64"}`.

    `options` are CompilerOptions, whose `gpu-code` tells the architecture of an accelerator. Raises
    UsageError where the text has another form, TargetError for what cannot be compiled for.
    """
    platform = _object(text, "--target-platform")
    if unknown := sorted(platform.keys() - {"Os", "Arch", "Accelerator"}):
        raise UsageError(
            f"--target-platform: unknown keys {', '.join(unknown)}; known: Os, Arch, Accelerator"
        )
    key = str(platform.get("Os", "")).upper(), str(platform.get("Arch", "")).upper()
    if key not in PLATFORMS:
        known = ", ".join(f"{system} {arch}" for system, arch in PLATFORMS)
        raise TargetError(f"no target for Os {key[0]!r} and Arch {key[1]!r}; there are: {known}")
    if accelerator := platform.get("Accelerator"):
        return _accelerated(str(accelerator), key[1], options)
    return PLATFORMS[key]


def _accelerated(accelerator: str, arch: str, options: Mapping[str, Any]) -> str:
    pattern = ACCELERATORS.get(accelerator.upper(), {}).get(arch)
    if pattern is None:
        raise TargetError(f"there is no code yet for the accelerator {accelerator!r} of an {arch} platform")
    if "gpu-code" not in options:
        raise UsageError(
            "--target-platform with an NVIDIA accelerator needs the GPU's architecture as well: "
            """--compiler-options '{"gpu-code": "sm_53"}'"""
        )
    return pattern.format(gpu=options["gpu-code"])


def parse_compiler_options(text: str) -> dict[str, Any]:
    """CompilerOptions such as `{"mcpu": "cortex-a72", "mattr": ["+neon"]}`; raises UsageError."""
    options = _object(text, "--compiler-options")
    if unknown := sorted(options.keys() - {"mcpu", "mattr", *GPU_OPTIONS}):
        raise UsageError(
            f"--compiler-options: {', '.join(unknown)} means nothing for these targets; "
            f"known: mcpu, mattr, {', '.join(GPU_OPTIONS)}"
        )
    for name in GPU_OPTIONS:
        if not isinstance(options.get(name, ""), str):
            raise UsageError(f'--compiler-options: {name} is text, such as "sm_53" or "10.2"')
    if not isinstance(options.get("mcpu", ""), str):
        raise UsageError("--compiler-options: mcpu is the name of a CPU, as text")
    mattr = options.get("mattr", [])
    if not isinstance(mattr, list) or not all(str(row)[:1] in ("+", "-") for row in mattr):
        raise UsageError('--compiler-options: mattr is a list such as ["+neon", "-sve"]')
    return options


def with_options(target: Target, options: Mapping[str, Any]) -> Target:
    """`target` for another CPU or with other features; what it needs of a machine follows from them.

    Raises TargetError for a CPU or a feature that LLVM does not know for this architecture.
    """
    if target.gpu:
        return _with_gpu_options(target, options)
    if foreign := sorted(options.keys() & set(GPU_OPTIONS)):
        raise UsageError(f"--compiler-options: {', '.join(foreign)}: the target {target.name} has no GPU")
    if not options:
        return target
    cpu, added = options.get("mcpu", target.cpu), tuple(options.get("mattr", ()))
    inherited = target.attrs if cpu == target.cpu else ()
    changed = replace(target, cpu=cpu, attrs=(*inherited, *added), emulate="max")
    features = _features(changed)
    flags = [flag for name, flag in FLAGS[target.arch].items() if name in features]
    rows = [row[1:] for row in VECTORS.get(target.arch, ()) if row[0] in features]
    vector, registers = rows[0] if rows else (target.vector, target.registers)
    return replace(changed, requires=tuple(flags), vector=vector, registers=registers)


def _with_gpu_options(target: Target, options: Mapping[str, Any]) -> Target:
    """`target` for another architecture; its driver is checked, and the options of the CPU mean nothing."""
    if foreign := sorted(options.keys() - set(GPU_OPTIONS)):
        raise UsageError(
            f"--compiler-options: {', '.join(foreign)} means nothing where the GPU computes; known: "
            f"{', '.join(GPU_OPTIONS)}"
        )
    gpu = gpus().get(options.get("gpu-code", target.gpu))
    if gpu is None:
        raise TargetError(
            f"no code for the GPU {options['gpu-code']!r}; there is some for {', '.join(gpus())}"
        )
    if "cuda-ver" in options and _version(options["cuda-ver"]) < gpu.cuda_for(target.precision):
        needed = ".".join(map(str, gpu.cuda_for(target.precision)))
        raise TargetError(
            f"{gpu.name} needs a driver of CUDA {needed}, and cuda-ver is {options['cuda-ver']}"
        )
    return replace(target, gpu=gpu.name)


def _version(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split("."))
    except ValueError:
        raise UsageError(
            f"--compiler-options: cuda-ver {text!r}: a version such as 10.2 is expected"
        ) from None


def _features(target: Target) -> set[str]:
    import tvm
    from tvm.target import codegen

    known = [str(name) for name in codegen.llvm_get_cpu_archlist(tvm.target.Target(target.llvm() | _PLAIN))]
    if target.cpu not in known:
        near = difflib.get_close_matches(target.cpu, known, n=3)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise TargetError(f"LLVM knows no CPU {target.cpu!r} for {target.triple}{hint}")
    plain = set(codegen.llvm_get_cpu_features(tvm.target.Target(target.llvm() | {"mattr": []})))
    found = {str(name) for name in plain}
    switched = [(row[:1], row[1:]) for row in target.attrs]
    if unknown := [name for _, name in switched if name not in found | _all_features(target, known)]:
        raise TargetError(f"LLVM knows no feature {', '.join(unknown)} for {target.triple}")
    on = {name for sign, name in switched if sign == "+"}
    return (found | on) - {name for sign, name in switched if sign == "-"}


def _all_features(target: Target, cpus: list[str]) -> set[str]:
    """Every feature that some CPU of the architecture has."""
    import tvm
    from tvm.target import codegen

    rows = (target.llvm() | {"mcpu": cpu, "mattr": []} for cpu in cpus)
    return {str(name) for row in rows for name in codegen.llvm_get_cpu_features(tvm.target.Target(row))}


_PLAIN: dict[str, Any] = {"mcpu": "generic", "mattr": []}


def _object(text: str, option: str) -> dict[str, Any]:
    """JSON, or the form with single quotes that Neo's own documentation shows."""
    for read in (json.loads, ast.literal_eval):
        try:
            value = read(text)
        except (ValueError, SyntaxError, RecursionError):
            continue
        if isinstance(value, dict):
            return value
    raise UsageError(f"{option} {text!r}: a JSON object is expected")
