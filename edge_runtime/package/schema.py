"""JSON → frozen dataclasses, strictly: what is wrong is named by its place in the document."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

T = TypeVar("T")


class SchemaError(ValueError):
    """A value that does not fit; the message begins with its place, e.g. `inputs[0].shape`."""


def parse(kind: type[T], value: object, place: str) -> T:
    """`value`, as the json module gives it, as an instance of `kind`.

    `kind` is a dataclass, `tuple[X, ...]`, `dict[str, X]`, one of bool, int, float, str, or a union of those
    and None, or of a dataclass and None. Keys that a dataclass does not know are left aside, since later
    versions add some. Raises SchemaError.
    """
    return typing.cast("T", _parse(kind, value, place))


def _parse(kind: Any, value: object, place: str) -> Any:
    origin = typing.get_origin(kind)
    if kind is Any:
        return value
    if dataclasses.is_dataclass(kind):
        return _parse_dataclass(kind, value, place)
    if origin is tuple:
        item = typing.get_args(kind)[0]
        rows = _expect(list, value, place)
        return tuple(_parse(item, row, f"{place}[{i}]") for i, row in enumerate(rows))
    if origin is dict:
        item = typing.get_args(kind)[1]
        return {key: _parse(item, row, f"{place}.{key}") for key, row in _expect(dict, value, place).items()}
    if origin in (types.UnionType, typing.Union):
        return _parse_union(typing.get_args(kind), value, place)
    return float(_expect((float, int), value, place)) if kind is float else _expect(kind, value, place)


def _parse_union(kinds: tuple[Any, ...], value: object, place: str) -> Any:
    rich = [kind for kind in kinds if dataclasses.is_dataclass(kind)]
    return _parse(rich[0], value, place) if rich and value is not None else _expect(kinds, value, place)


@functools.cache
def _hints(kind: type) -> Mapping[str, Any]:
    return typing.get_type_hints(kind)


def _parse_dataclass(kind: Any, value: object, place: str) -> Any:
    row = _expect(dict, value, place)
    hints, values = _hints(kind), {}
    for field in dataclasses.fields(kind):
        if field.name in row:
            inner = f"{place}.{field.name}" if place else field.name
            values[field.name] = _parse(hints[field.name], row[field.name], inner)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise SchemaError(f"{place or 'the document'}: `{field.name}` is missing")
    try:
        return kind(**values)
    except ValueError as error:
        raise SchemaError(f"{place or 'the document'}: {error}") from None


def _expect(kinds: Any, value: Any, place: str) -> Any:
    kinds = kinds if isinstance(kinds, tuple) else (kinds,)
    if isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool)):
        return value
    names = " or ".join("null" if kind is type(None) else kind.__name__ for kind in kinds)
    raise SchemaError(f"{place or 'the document'}: {names} expected, found {value!r:.60}")
