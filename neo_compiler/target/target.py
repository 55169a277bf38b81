"""Targets: what code generation needs to know of a device, read from devices.toml."""

from __future__ import annotations

import difflib
import functools
import tomllib
from dataclasses import dataclass, fields
from importlib import resources
from typing import Any

from edge_runtime.device import cpu_flags, machine
from neo_compiler.errors import TargetError


@dataclass(frozen=True)
class Target:
    """A device profile; `vector` in bytes, `l1` and `l2` in KiB per core."""

    name: str
    about: str
    triple: str
    arch: str
    cpu: str
    attrs: tuple[str, ...]
    requires: tuple[str, ...]
    vector: int
    registers: int
    l1: int
    l2: int

    @property
    def lanes(self) -> int:
        """How many float32 values a vector register holds."""
        return self.vector // 4

    def llvm(self) -> dict[str, Any]:
        """The target as TVM's `llvm` target dictionary."""
        return {"kind": "llvm", "mtriple": self.triple, "mcpu": self.cpu, "mattr": list(self.attrs)}


@functools.cache
def _profiles() -> dict[str, Target]:
    text = resources.files("neo_compiler.target").joinpath("devices.toml").read_text(encoding="utf-8")
    known = {field.name for field in fields(Target)}
    rows = {}
    for name, row in tomllib.loads(text).items():
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in row.items()
        }
        if unknown := values.keys() - known:
            raise TargetError(f"devices.toml, [{name}]: unknown keys {sorted(unknown)}")
        rows[name] = Target(name=name, **values)
    return rows


def target_names() -> list[str]:
    """All target names, `host` first."""
    return ["host", *_profiles()]


def find_target(name: str) -> Target:
    """The profile called `name`; `host` resolves to the best profile that this machine supports.

    Raises TargetError with the nearest names when there is none.
    """
    if name == "host":
        return host_target()
    try:
        return _profiles()[name]
    except KeyError:
        near = difflib.get_close_matches(name, target_names(), n=2, cutoff=0.4)
        hint = f"did you mean {' or '.join(near)}? " if near else ""
        raise TargetError(f"unknown target {name!r}: {hint}`neo targets` lists all") from None


def host_target() -> Target:
    """The most capable profile whose architecture and CPU flags this machine has."""
    flags, arch = cpu_flags(), machine()
    fitting = [row for row in _profiles().values() if row.arch == arch and set(row.requires) <= flags]
    if not fitting:
        raise TargetError(f"no target fits this machine ({arch}); name one of: {', '.join(_profiles())}")
    return max(fitting, key=lambda row: (row.vector, len(row.requires)))
