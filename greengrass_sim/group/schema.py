"""Strict reading of JSON into frozen dataclasses; what does not fit is named by its JSON path.

A field `encoding_type` is `EncodingType` in the document, the way the AWS API spells its shapes, unless the
field's metadata holds another `name`. Understood annotations: `str`, `int`, `bool`, `Literal[...]`,
`X | None`, `tuple[X, ...]`, `dict[str, str]`, dataclasses.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from greengrass_sim.errors import GroupError
from greengrass_sim.topics import did_you_mean

T = TypeVar("T")

_PLAIN = {str: "a string", int: "a whole number", bool: "true or false"}
_KINDS = {dict: "an object", list: "a list", str: "a string", bool: "true or false", type(None): "null"}


def parse_json(text: str) -> Any:
    """The document; raises GroupError with line and column, also for a name given twice in one object."""
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise GroupError(
            "$", f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from error
    except RecursionError as error:
        raise GroupError("$", "nested too deeply") from error


def decode(kind: type[T], value: Any, path: str = "$") -> T:
    """`value` as an instance of the dataclass `kind`; raises GroupError for the first misfit."""
    decoded: T = _decode(kind, value, path)
    return decoded


def json_name(name: str) -> str:
    """The document's name of a dataclass field."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise GroupError("$", f"the name {twice!r} is given twice in one object")
    return table


def _decode(kind: Any, value: Any, path: str) -> Any:
    if kind in _PLAIN:
        return _plain(kind, value, path)
    if is_dataclass(kind):
        return _object(kind, value, path)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return _choice(arguments, value, path)
    if origin in (UnionType, Union):
        return _decode(next(a for a in arguments if a is not type(None)), value, path)
    if origin is tuple:
        rows = _of(list, value, path)
        return tuple(_decode(arguments[0], row, f"{path}[{number}]") for number, row in enumerate(rows))
    table = _of(dict, value, path)
    return {name: _plain(str, item, f"{path}.{name}") for name, item in table.items()}


def _plain(kind: type, value: Any, path: str) -> Any:
    if type(value) is not kind:
        raise GroupError(path, f"must be {_PLAIN[kind]}, not {_describe(value)}")
    return value


def _of(kind: type, value: Any, path: str) -> Any:
    if not isinstance(value, kind):
        raise GroupError(path, f"must be {_KINDS[kind]}, not {_describe(value)}")
    return value


def _choice(allowed: tuple[Any, ...], value: Any, path: str) -> Any:
    if value not in allowed:
        known = ", ".join(map(repr, allowed))
        raise GroupError(path, f"must be one of {known}, not {value!r}{did_you_mean(str(value), allowed)}")
    return value


def _object(kind: Any, value: Any, path: str) -> Any:
    table = _of(dict, value, path)
    known = {field.metadata.get("name", json_name(field.name)): field for field in fields(kind)}
    for name in table:
        if name not in known:
            known_here = f" (known here: {', '.join(known)})"
            raise GroupError(f"{path}.{name}", f"unknown field{did_you_mean(name, known)}{known_here}")
    hints = _hints(kind)
    values = {}
    for name, field in known.items():
        if name in table:
            values[field.name] = _decode(hints[field.name], table[name], f"{path}.{name}")
        elif _required(field):
            raise GroupError(path, f"the field {name!r} is missing")
    return kind(**values)


def _required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _describe(value: Any) -> str:
    if type(value) in _KINDS and not isinstance(value, str | bool):
        return _KINDS[type(value)]
    return json.dumps(value)
