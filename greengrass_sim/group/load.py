"""A group from a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from greengrass_sim.errors import GroupError
from greengrass_sim.group.checks import check_group
from greengrass_sim.group.function import Function
from greengrass_sim.group.jsontext import parse_json
from greengrass_sim.group.model import Group
from greengrass_sim.group.resource import Resource
from greengrass_sim.group.schema import decode

_Local = TypeVar("_Local", Function, Resource)


def load_group(path: str | Path) -> Group:
    """The group of a file, checked, with absolute `local_path`s; raises GroupError with the JSON path.

    The file is one JSON object with the lists of the API side by side. Relative paths start at its folder.
    """
    file = Path(path)
    try:
        group = _beside(decode(Group, parse_json(_read(file))[0]), file.parent.absolute())
        check_group(group)
    except GroupError as error:
        raise GroupError.of(error.problems, str(file)) from error.__cause__
    return group


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise GroupError("$", f"cannot read the group file: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise GroupError("$", f"not a JSON text: byte {error.start} is not UTF-8") from error


def _beside(group: Group, folder: Path) -> Group:
    functions = tuple(_located(one, folder) for one in group.functions)
    resources = tuple(_located(one, folder) for one in group.resources)
    return replace(group, functions=functions, resources=resources)


def _located(one: _Local, folder: Path) -> _Local:
    return one if one.local_path is None else replace(one, local_path=str(folder / one.local_path))
