"""Tables of device profiles: ours in devices.toml, and those that users add."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, replace
from importlib import resources
from pathlib import Path
from typing import Any

from edge_runtime.package.schema import SchemaError, parse
from neo_compiler.errors import TargetError
from neo_compiler.target.gpus import gpus
from neo_compiler.target.target import Target

BASE = "base"
# Hosts of generic targets with a GPU -> what their names end in.
_HOSTS = {"x86-64-v2": "", "aarch64": "-aarch64"}
_OF_A_JOB = ("name", "precision", "exact")
_FIELDS = {field.name: field for field in fields(Target) if field.name not in _OF_A_JOB}


def profiles(file: Path | None = None) -> dict[str, Target]:
    """All profiles by name: devices.toml, then `user_table()`, then `file`; a later one of a name counts.

    Raises TargetError with the place of what is wrong in a table.
    """
    text = resources.files("neo_compiler.target").joinpath("devices.toml").read_text(encoding="utf-8")
    rows = _parse(text, "devices.toml", {})
    rows |= {row.name: row for row in _generic_gpus(rows)}
    for path in (user_table(), file):
        if path is not None and (path is file or path.is_file()):
            rows |= _parse(_read(path), str(path), rows)
    return rows


def _generic_gpus(rows: Mapping[str, Target]) -> Iterator[Target]:
    """Any host with a GPU of each architecture."""
    for gpu in gpus().values():
        for host, suffix in _HOSTS.items():
            name, about = f"cuda-{gpu.name}{suffix}", f"{gpu.about}; a host of {host}"
            yield replace(rows[host], name=name, about=about, also=(), gpu=gpu.name)


def user_table() -> Path:
    """Where a user's own profiles lie: neo-edge/devices.toml in the user's configuration folder."""
    home = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(home, "neo-edge", "devices.toml").expanduser()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise TargetError(f"cannot read the device profiles of {path}: {reason}") from None


def _parse(text: str, place: str, known: Mapping[str, Target]) -> dict[str, Target]:
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TargetError(f"{place} is not TOML: {error}") from None
    rows: dict[str, Target] = {}
    for name, table in tables.items():
        rows[name] = _profile(name, table, f"{place}, [{name}]", {**known, **rows})
    return rows


def _profile(name: str, table: object, place: str, known: Mapping[str, Target]) -> Target:
    if not isinstance(table, dict):
        raise TargetError(f"{place.replace('[', '').replace(']', '')}: a table is expected, [{name}]")
    values = _inherited(table, place, known) | {key: value for key, value in table.items() if key != BASE}
    if unknown := sorted(values.keys() - _FIELDS):
        raise TargetError(
            f"{place}: unknown keys {', '.join(unknown)}; known are {', '.join(_FIELDS)}, {BASE}"
        )
    needed = [key for key, field in _FIELDS.items() if field.default is MISSING]
    if missing := [key for key in needed if key not in values]:
        raise TargetError(f"{place}: {', '.join(missing)} is missing; `{BASE}` takes it from another profile")
    try:
        target = parse(Target, {"name": name, **values}, place)
    except SchemaError as error:
        raise TargetError(str(error)) from None
    if target.gpu and target.gpu not in gpus():
        raise TargetError(f"{place}: gpu: {target.gpu!r} is none of {', '.join(gpus())}")
    return target


def _inherited(table: Mapping[str, Any], place: str, known: Mapping[str, Target]) -> dict[str, Any]:
    """What comes from the base: all but its other names."""
    if BASE not in table:
        return {}
    if (base := known.get(table[BASE])) is None:
        raise TargetError(f"{place}: the base {table[BASE]!r} is no profile above; `neo targets` lists those")
    values = {key: getattr(base, key) for key in _FIELDS if key != "also"}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}
