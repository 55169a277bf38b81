from __future__ import annotations

import os
from pathlib import Path

import pytest

from neo_compiler.errors import ExitCode, NeoError, TargetError
from neo_compiler.native.toolchain import zig
from neo_compiler.native.toolchain.libc import device_libc
from neo_compiler.native.toolchain.zig import compile_c, run_zig, zig_program
from tests.edge_runtime import sample


@pytest.mark.parametrize("arch", ["x86_64", "aarch64", "armv7l"])
def test_the_runtime_compiles_without_a_warning(arch: str, tmp_path: Path) -> None:
    libc = device_libc(arch)
    for source in sorted(sample.RUNTIME.glob("*.c")):
        compile_c(source, libc.triple, tmp_path, [*libc.flags, "-Werror", "-Wpedantic", "-Wshadow"])


def test_what_the_compiler_says(tmp_path: Path) -> None:
    source = tmp_path / "wrong.c"
    source.write_text("int f(void) { return missing; }\n", encoding="utf-8")
    with pytest.raises(NeoError, match=r"(?s)wrong\.c does not compile for x86_64-linux-gnu:.*'missing'"):
        compile_c(source, "x86_64-linux-gnu", tmp_path)


@pytest.mark.parametrize("name", ["XDG_CACHE_HOME", "ZIG_GLOBAL_CACHE_DIR"])
def test_a_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv("ZIG_GLOBAL_CACHE_DIR", raising=False)
    monkeypatch.setenv(name, "/proc/no-such-place")
    source = tmp_path / "right.c"
    source.write_text("int f(void) { return 1; }\n", encoding="utf-8")
    assert compile_c(source, "x86_64-linux-gnu", tmp_path).exists()
    assert (tmp_path / "zig-cache").is_dir()


def test_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zig, "find_spec", lambda _name: None)
    with pytest.raises(TargetError, match=r"python -m pip install 'neo-edge\[compiler\]'") as caught:
        zig_program()
    assert caught.value.exit_code == ExitCode.TARGET


def test_the_caller_sees_the_status(tmp_path: Path) -> None:
    assert run_zig(["version"], tmp_path).stdout.strip()
    assert run_zig(["no-such-command"], tmp_path).returncode != 0
    assert os.access(zig_program(), os.X_OK)
