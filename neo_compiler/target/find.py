"""Targets by name."""

from __future__ import annotations

import difflib
from pathlib import Path

from edge_runtime.device import cpu_flags, machine
from neo_compiler.errors import TargetError
from neo_compiler.target.profiles import profiles
from neo_compiler.target.target import Target

HOST = "host"


def target_names(file: Path | None = None) -> list[str]:
    """All target names, `host` first, without other names of the same device."""
    return [HOST, *profiles(file)]


def find_target(name: str, file: Path | None = None) -> Target:
    """The profile called `name`; `host` resolves to the best generic profile that this machine supports.

    `file` is a table of further profiles. Raises TargetError with the nearest names when there is none.
    """
    if name == HOST:
        return host_target()
    rows = profiles(file)
    others = {other: row for row in rows.values() for other in row.also}
    if (found := rows.get(name) or others.get(name)) is not None:
        return found
    near = difflib.get_close_matches(name, [HOST, *rows, *others], n=2, cutoff=0.4)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    raise TargetError(f"unknown target {name!r}: {hint}`neo targets` lists all")


def host_target() -> Target:
    """The most capable generic profile whose architecture and CPU flags this machine has."""
    flags, arch = cpu_flags(), machine()
    rows = [row for row in profiles().values() if row.generic and not row.gpu]
    fitting = [row for row in rows if row.arch == arch and set(row.requires) <= flags]
    if not fitting:
        names = ", ".join(row.name for row in rows)
        raise TargetError(f"no target fits this machine ({arch}); name one of: {names}")
    return max(fitting, key=lambda row: (row.vector, len(row.requires)))
