from __future__ import annotations

import pytest

from neo_compiler.errors import TargetError, UsageError
from neo_compiler.target import find_target
from neo_compiler.target.neo import parse_compiler_options, platform_name, with_options


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('{"Os": "LINUX", "Arch": "ARM64"}', "aarch64"),
        ('{"Os": "LINUX", "Arch": "ARM_EABIHF", "Accelerator": null}', "armv7"),
        ("{'Os': 'Linux', 'Arch': 'x86_64'}", "x86-64-v2"),
    ],
)
def test_target_platforms(text: str, name: str) -> None:
    assert platform_name(text) == name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"Os": "LINUX", "Arch": "ARM64", "Accelerator": "MALI"}', "no code yet for the accelerator 'MALI'"),
        (
            '{"Os": "ANDROID", "Arch": "ARM64"}',
            "no target for Os 'ANDROID' and Arch 'ARM64'; there are: LINUX",
        ),
        ('{"Os": "LINUX", "Arch": "ARM_EABI"}', "no target for Os 'LINUX' and Arch 'ARM_EABI'"),
    ],
)
def test_platforms_that_cannot_be_compiled_for(text: str, message: str) -> None:
    with pytest.raises(TargetError, match=message):
        platform_name(text)


@pytest.mark.parametrize("text", ["ARM64", "[1]", '{"Os": "LINUX", "arch": "ARM64"}'])
def test_what_is_no_platform(text: str) -> None:
    with pytest.raises(UsageError, match="--target-platform"):
        platform_name(text)


@pytest.mark.parametrize(
    "text", ['{"gpu-code": 53}', '{"mcpu": 3}', '{"mattr": "+neon"}', '{"mattr": ["neon"]}']
)
def test_what_are_no_compiler_options(text: str) -> None:
    with pytest.raises(UsageError, match="--compiler-options"):
        parse_compiler_options(text)


def test_platforms_with_a_gpu() -> None:
    platform = '{"Os": "LINUX", "Arch": "ARM64", "Accelerator": "NVIDIA"}'
    options = parse_compiler_options('{"gpu-code": "sm_53", "trt-ver": "5.1.6", "cuda-ver": "10.0"}')
    name = platform_name(platform, options)
    assert name == "cuda-sm_53-aarch64"
    assert with_options(find_target(name), options).gpu == "sm_53"
    with pytest.raises(UsageError, match="needs the GPU's architecture"):
        platform_name(platform)


@pytest.mark.parametrize(
    ("target", "options", "kind", "message"),
    [
        (
            "jetson_orin",
            '{"cuda-ver": "10.2"}',
            TargetError,
            "sm_87 needs a driver of CUDA 11.4, and cuda-ver",
        ),
        ("jetson_orin", '{"cuda-ver": "new"}', UsageError, "a version such as 10.2 is expected"),
        (
            "jetson_nano",
            '{"gpu-code": "sm_54"}',
            TargetError,
            "no code for the GPU 'sm_54'; there is some for",
        ),
        ("jetson_nano", '{"mcpu": "cortex-a57"}', UsageError, "mcpu means nothing where the GPU computes"),
        ("rasp4b", '{"gpu-code": "sm_53"}', UsageError, "gpu-code: the target rasp4b has no GPU"),
    ],
)
def test_options_that_do_not_fit_a_gpu(
    target: str, options: str, kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        with_options(find_target(target), parse_compiler_options(options))


def test_compiler_options_decide_what_the_device_must_have() -> None:
    plain = find_target("aarch64")
    assert with_options(plain, {}) is plain
    newer = with_options(plain, parse_compiler_options("{'mcpu': 'cortex-a76', 'mattr': ['-dotprod']}"))
    assert (newer.cpu, newer.attrs, newer.lanes, newer.registers) == ("cortex-a76", ("-dotprod",), 4, 32)
    assert {"asimd", "asimdhp"} <= set(newer.requires)
    assert "asimddp" not in newer.requires


def test_wide_vectors_of_x86() -> None:
    plain = find_target("x86-64-v2")
    wide = with_options(plain, {"mcpu": "skylake-avx512"})
    assert (wide.vector, wide.registers) == (64, 32)
    assert {"avx512f", "avx512vl", "fma"} <= set(wide.requires)
    assert (with_options(plain, {"mcpu": "haswell"}).vector, plain.vector) == (32, 16)
    assert with_options(plain, {"mcpu": "core-avx2"}).vector == 32


def test_names_that_llvm_does_not_know() -> None:
    target = find_target("aarch64")
    with pytest.raises(TargetError, match=r"no CPU 'cortex-a27' for aarch64-linux-gnu; did you mean"):
        with_options(target, {"mcpu": "cortex-a27"})
    with pytest.raises(TargetError, match="no feature turbo"):
        with_options(target, {"mattr": ["+turbo", "+dotprod"]})
