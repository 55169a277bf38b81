"""JSON documents of a text, one after the other."""

from __future__ import annotations

import json
from typing import Any

from greengrass_sim.errors import GroupError

_SPACE = " \t\r\n"


def parse_json(text: str) -> list[Any]:
    """The documents in `text`, which may follow one another as `aws ... >> FILE` leaves them.

    Raises GroupError with line and column, also for a name given twice in one object.
    """
    decoder = json.JSONDecoder(object_pairs_hook=_unique)
    documents: list[Any] = []
    start = _skip(text, 0)
    try:
        while start < len(text) or not documents:
            document, end = decoder.raw_decode(text, start)
            documents.append(document)
            start = _skip(text, end)
    except json.JSONDecodeError as error:
        raise GroupError(
            "$", f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from error
    except RecursionError as error:
        raise GroupError("$", "nested too deeply") from error
    return documents


def _skip(text: str, start: int) -> int:
    while start < len(text) and text[start] in _SPACE:
        start += 1
    return start


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise GroupError("$", f"the name {twice!r} is given twice in one object")
    return table
