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
    "text", ['{"gpu-code": "sm_53"}', '{"mcpu": 3}', '{"mattr": "+neon"}', '{"mattr": ["neon"]}']
)
def test_what_are_no_compiler_options(text: str) -> None:
    with pytest.raises(UsageError, match="--compiler-options"):
        parse_compiler_options(text)


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
