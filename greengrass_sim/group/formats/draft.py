"""What a reader makes of a file: one document in the shapes of the API, and where its parts came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from greengrass_sim.group.schema import API, Dialect

LISTS = ("Connectors", "Cores", "Devices", "Functions", "Loggers", "Resources", "Subscriptions")


@dataclass(frozen=True)
class Places:
    """Turns a path of the common document into the one that the reader of the file will find.

    `rows` maps beginnings of paths, such as `$.Functions[0]`; `tails` what follows them, where that differs,
    for each list by itself.
    """

    rows: Mapping[str, str] = field(default_factory=dict)
    tails: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __call__(self, path: str) -> str:
        """The place in the file."""
        for end in _ends(path):
            if path[:end] in self.rows:
                tails = self.tails.get(path[2:end].partition("[")[0], {})
                return self.rows[path[:end]] + _tail(path[end:], tails)
        return path


@dataclass(frozen=True)
class Draft:
    """`document` is one object with the lists of the API side by side; `notes` tell what was left out."""

    document: dict[str, Any]
    places: Places = field(default_factory=Places)
    dialect: Dialect = API
    default_memory_kb: int | None = None
    notes: tuple[str, ...] = ()


def _tail(tail: str, table: Mapping[str, str]) -> str:
    for end in _ends(tail):
        if tail[:end] in table:
            return table[tail[:end]] + tail[end:]
    return tail


def _ends(path: str) -> list[int]:
    """Where `path` may be cut, the longest beginning first."""
    cuts = [number for number, sign in enumerate(path) if sign in ".["]
    return [len(path), *reversed(cuts)]
