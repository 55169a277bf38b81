"""The C library that compiled.so finds on a device, as stubs for the linker; libraries.toml is the table."""

from __future__ import annotations

import functools
import tomllib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from neo_compiler.errors import NeoError, TargetError
from neo_compiler.native.toolchain.zig import compile_c, run_zig


@dataclass(frozen=True)
class DeviceLibc:
    """`triple` and `flags` for the C compiler; `libraries` maps a soname to its symbols' versions.

    `program` is the triple of programs that bring their own C library.
    """

    triple: str
    program: str
    flags: tuple[str, ...]
    libraries: Mapping[str, Mapping[str, str]]


@functools.cache
def _table() -> dict[str, Any]:
    table = resources.files("neo_compiler.native.toolchain").joinpath("libraries.toml")
    return tomllib.loads(table.read_text(encoding="utf-8"))


def device_libc(arch: str) -> DeviceLibc:
    """The row for an architecture as `uname -m` names it; raises TargetError where there is none."""
    table = _table()
    if arch not in table["arch"]:
        raise TargetError(f"cannot link for {arch}: libraries.toml knows {', '.join(table['arch'])}")
    row, since = table["arch"][arch], table["since"][arch]
    libraries = {
        row["loader"] if soname == "loader" else soname: {
            name: since.get(name, row["base"]) for name in names
        }
        for soname, names in table["symbols"].items()
    }
    return DeviceLibc(row["triple"], row["program"], tuple(row["flags"]), libraries)


def _version_script(symbols: Mapping[str, str]) -> str:
    nodes = defaultdict(list)
    for name, version in symbols.items():
        nodes[version].append(name)
    return "".join(
        f"{version} {{ global: {'; '.join(names)}; }};\n" for version, names in sorted(nodes.items())
    )


def _assembler(symbols: Mapping[str, str]) -> str:
    return "".join(f".globl {name}\n.type {name}, %function\n{name}:\n" for name in symbols)


def stub_libraries(libc: DeviceLibc, folder: Path) -> list[Path]:
    """One shared library without code per soname, written to `folder`."""
    stubs = []
    for soname, symbols in libc.libraries.items():
        source, script, stub = (folder / f"{soname}.{suffix}" for suffix in ("s", "map", "stub"))
        source.write_text(_assembler(symbols), encoding="ascii")
        script.write_text(_version_script(symbols), encoding="ascii")
        code = compile_c(source, libc.triple, folder, libc.flags)
        done = run_zig(
            ["ld.lld", "-shared", "-soname", soname, "--version-script", script, "-o", stub, code], folder
        )
        if done.returncode:
            raise NeoError(f"the stub of {soname} cannot be made:\n{done.stderr.strip()}")
        stubs.append(stub)
    return stubs
