from __future__ import annotations

import pytest

from neo_compiler.errors import ExitCode, TargetError
from neo_compiler.target import find_target, host_target, target_names


def test_profiles_are_data() -> None:
    target = find_target("x86-64-v3")
    assert (target.arch, target.cpu, target.lanes) == ("x86_64", "x86-64-v3", 8)
    assert target.llvm() == {"kind": "llvm", "mtriple": "x86_64-linux-gnu", "mcpu": "x86-64-v3", "mattr": []}
    assert {"avx2", "fma"} <= set(target.requires)


def test_names_start_with_the_host() -> None:
    assert target_names()[0] == "host"
    assert {"x86-64-v2", "x86-64-v3", "x86-64-v4"} <= set(target_names())


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("x86-64-v33", "did you mean x86-64-v3"),
        ("x86_64_v2", "did you mean x86-64-v"),
        ("hosst", "did you mean host"),
        ("zzz", "unknown target 'zzz': `neo targets` lists all"),
    ],
)
def test_an_unknown_name_gets_the_nearest_ones(name: str, hint: str) -> None:
    with pytest.raises(TargetError, match=hint) as caught:
        find_target(name)
    assert caught.value.exit_code == ExitCode.TARGET


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("x86-64-v2", "x86-64-v2"),
        ("x86-64-v2 x86-64-v3", "x86-64-v3"),
        ("x86-64-v2 x86-64-v3 x86-64-v4", "x86-64-v4"),
    ],
)
def test_the_host_is_the_best_profile_that_fits(
    monkeypatch: pytest.MonkeyPatch, flags: str, expected: str
) -> None:
    owned = frozenset(flag for name in flags.split() for flag in find_target(name).requires)
    monkeypatch.setattr("neo_compiler.target.find.cpu_flags", lambda: owned)
    monkeypatch.setattr("neo_compiler.target.find.machine", lambda: "x86_64")
    assert host_target().name == find_target("host").name == expected


def test_a_machine_that_no_profile_fits_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neo_compiler.target.find.machine", lambda: "s390x")
    with pytest.raises(TargetError, match=r"no target fits this machine \(s390x\)"):
        host_target()


@pytest.mark.parametrize("name", ["rasp4b", "rasp3b", "x86-64-v4"])
def test_only_arm_code_changes_where_errors_grow(name: str) -> None:
    target = find_target(name)
    assert target.for_model(amplified=False) == target
    assert target.for_model(amplified=True).exact == target.arm
