from __future__ import annotations

import ctypes
import platform
import re
import subprocess
from pathlib import Path

import pytest

from neo_compiler.errors import TargetError
from neo_compiler.native.toolchain.libc import device_libc, stub_libraries

ARCHITECTURES = ["x86_64", "aarch64", "armv7l"]
FLOOR = (2, 27)


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_nothing_is_younger_than_the_oldest_system(arch: str) -> None:
    for symbols in device_libc(arch).libraries.values():
        for name, version in symbols.items():
            found = re.fullmatch(r"GLIBC_(\d+)\.(\d+)(\.\d+)?", version)
            assert found, (name, version)
            assert (int(found[1]), int(found[2])) <= FLOOR, (name, version)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="compares with the C library of this machine")
def test_the_table_is_right_for_this_machine() -> None:
    for soname, symbols in device_libc("x86_64").libraries.items():
        ctypes.CDLL(soname)
        maps = Path("/proc/self/maps").read_text(encoding="utf-8")
        real = next(line.split()[-1] for line in maps.splitlines() if line.endswith(f"/{soname}"))
        table = subprocess.run(
            ["readelf", "-W", "--dyn-syms", real], capture_output=True, text=True, check=True
        )
        found = set(re.findall(r" (\w+)@@?(GLIBC_[\d.]+)", table.stdout))
        if soname in ("libpthread.so.0", "libdl.so.2"):  # empty since glibc 2.34, whose libc.so.6 has it all
            found |= {
                (name, version) for name, version in symbols.items() if hasattr(ctypes.CDLL(None), name)
            }
        assert set(symbols.items()) <= found, soname


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_stubs_hold_what_the_table_says(arch: str, tmp_path: Path) -> None:
    libc = device_libc(arch)
    for stub, (soname, symbols) in zip(stub_libraries(libc, tmp_path), libc.libraries.items(), strict=True):
        assert stub.name == f"{soname}.stub"
        text = subprocess.run(
            ["readelf", "-dW", "--dyn-syms", stub], capture_output=True, text=True, check=True
        )
        assert f"soname: [{soname}]" in text.stdout
        found = dict(re.findall(r" (\w+)@@(GLIBC_[\d.]+)", text.stdout))
        assert found == symbols


def test_unknown_architecture() -> None:
    with pytest.raises(
        TargetError, match=r"cannot link for sparc64: libraries\.toml knows x86_64, aarch64, armv7l"
    ):
        device_libc("sparc64")
