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

    `rows` maps beginnings of paths, such as `$.Functions[0]`; `tails` what follows them, where that differs.
    """

    rows: Mapping[str, str] = field(default_factory=dict)
    tails: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, path: str) -> str:
        """The place in the file."""
        for end in _ends(path):
            if path[:end] in self.rows:
                return self.rows[path[:end]] + self._tail(path[end:])
        return path

    def _tail(self, tail: str) -> str:
        for end in _ends(tail):
            if tail[:end] in self.tails:
                return self.tails[tail[:end]] + tail[end:]
        return tail


@dataclass(frozen=True)
class Draft:
    """`document` is one object with the lists of the API side by side; `notes` tell what was left out."""

    document: dict[str, Any]
    places: Places = field(default_factory=Places)
    dialect: Dialect = API
    default_memory_kb: int | None = None
    notes: tuple[str, ...] = ()


def _ends(path: str) -> list[int]:
    """Where `path` may be cut, the longest beginning first."""
    cuts = [number for number, sign in enumerate(path) if sign in ".["]
    return [len(path), *reversed(cuts)]
