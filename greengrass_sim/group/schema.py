"""Strict reading of documents into frozen dataclasses; all that does not fit is named, by its path.

A field `encoding_type` is `EncodingType` in the AWS API's documents, unless its metadata holds another
`name`. Understood annotations: `str`, `int`, `bool`, `Literal[...]`, `X | None`, `tuple[X, ...]`,
`dict[str, X]`, dataclasses.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from greengrass_sim.errors import GroupError
from greengrass_sim.group.problems import Problems
from greengrass_sim.topics import did_you_mean

T = TypeVar("T")

_PLAIN = {str: "a string", int: "a whole number", bool: "true or false"}
_KINDS = {dict: "an object", list: "a list", str: "a string", bool: "true or false", type(None): "null"}
_TRUTH = {"true": True, "false": False}


def json_name(name: str) -> str:
    """The AWS API's name of a dataclass field."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


@dataclass(frozen=True)
class Dialect:
    """How a format spells.

    `names` turns a dataclass field's name into the document's. With `strings`, numbers and truth values may
    be given as strings and the other way round. With `quiet`, messages show no values.
    """

    names: Callable[[str], str] = json_name
    strings: bool = False
    quiet: bool = False


API = Dialect()
TEMPLATE = Dialect(strings=True)
OWN = Dialect(names=str)
PRIVATE = Dialect(names=str, quiet=True)


def decode(kind: type[T], value: Any, path: str = "$", dialect: Dialect = API) -> T:
    """`value` as an instance of the dataclass `kind`; raises GroupError with every misfit."""
    decoded: T = _Decoder(dialect).decode(kind, value, path)
    return decoded


class _Decoder:
    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    def decode(self, kind: Any, value: Any, path: str) -> Any:
        if kind in _PLAIN:
            return self._plain(kind, value, path)
        if is_dataclass(kind):
            return self._object(kind, value, path)
        origin, arguments = get_origin(kind), get_args(kind)
        if origin is Literal:
            return _choice(arguments, value, path)
        if origin in (UnionType, Union):
            return self.decode(next(a for a in arguments if a is not type(None)), value, path)
        problems = Problems()
        result: Any
        if origin is tuple:
            rows = enumerate(_of(list, value, path))
            result = tuple(
                problems.attempt(self.decode, arguments[0], row, f"{path}[{number}]") for number, row in rows
            )
        else:
            table = _of(dict, value, path).items()
            result = {
                name: problems.attempt(self.decode, arguments[1], item, f"{path}.{name}")
                for name, item in table
            }
        problems.raise_any()
        return result

    def _plain(self, kind: type, value: Any, path: str) -> Any:
        if type(value) is kind:
            return value
        if self._dialect.strings and isinstance(value, str | int):
            if kind is str:
                return str(value).lower() if isinstance(value, bool) else str(value)
            if kind is int and isinstance(value, str) and value.isascii() and value.isdigit():
                return int(value)
            if kind is bool and str(value).lower() in _TRUTH:
                return _TRUTH[str(value).lower()]
        found = "" if self._dialect.quiet else f", not {_describe(value)}"
        raise GroupError(path, f"must be {_PLAIN[kind]}{found}")

    def _object(self, kind: Any, value: Any, path: str) -> Any:
        table = _of(dict, value, path)
        known = {self._name(field): field for field in fields(kind)}
        problems, hints, values = Problems(), _hints(kind), {}
        for name in [name for name in table if name not in known]:
            known_here = f" (known here: {', '.join(known)})"
            problems.add(f"{path}.{name}", f"unknown field{did_you_mean(str(name), known)}{known_here}")
        for name, field in known.items():
            if name in table:
                values[field.name] = problems.attempt(
                    self.decode, hints[field.name], table[name], f"{path}.{name}"
                )
            elif _required(field):
                problems.add(path, f"the field {name!r} is missing")
        problems.raise_any()
        return kind(**values)

    def _name(self, field: Field[Any]) -> str:
        name: str = field.metadata.get("name") or self._dialect.names(field.name)
        return name


def _of(kind: type, value: Any, path: str) -> Any:
    if not isinstance(value, kind):
        raise GroupError(path, f"must be {_KINDS[kind]}, not {_describe(value)}")
    return value


def _choice(allowed: tuple[Any, ...], value: Any, path: str) -> Any:
    if value not in allowed:
        known = ", ".join(map(repr, allowed))
        raise GroupError(path, f"must be one of {known}, not {value!r}{did_you_mean(str(value), allowed)}")
    return value


def _required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _describe(value: Any) -> str:
    if type(value) in _KINDS and not isinstance(value, str | bool):
        return _KINDS[type(value)]
    return json.dumps(value, default=str)
