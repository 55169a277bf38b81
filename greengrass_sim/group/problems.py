"""All that is wrong with a group, told at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from greengrass_sim.errors import GroupError, Problem

P = ParamSpec("P")
T = TypeVar("T")


class Problems:
    """Collects problems, so that one mistake does not hide the next."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def add(self, path: str, problem: str) -> None:
        """Notes that `problem` is wrong at `path`."""
        self.found.append((path, problem))

    def attempt(self, call: Callable[P, T], *args: P.args, **names: P.kwargs) -> T | None:
        """What `call` returns; None when it raised a GroupError, whose problems are noted."""
        try:
            return call(*args, **names)
        except GroupError as error:
            self.found += error.problems
            return None

    def raise_any(self, file: str = "") -> None:
        """Raises one GroupError with all that was found, if anything was."""
        if self.found:
            raise GroupError.of(self.found, file)
