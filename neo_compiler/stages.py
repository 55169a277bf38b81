"""Named, timed stages of a job, and the events that a progress bar or a log listens to."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

# The stages of a compilation, each of which may have parts.
STAGES = ("load", "prepare", "reference", "lower", "schedule", "build", "verify", "package")


@dataclass(frozen=True)
class StageEvent:
    """A stage began (`seconds` is None) or ended well; `path` holds the names of its parents and its own."""

    path: tuple[str, ...]
    seconds: float | None = None


Observer = Callable[[StageEvent], None]


class Stages:
    """Times whatever runs inside `with stages("name"):`; stages nest, and `times` keeps the order of start.

    `times` maps a stage's path to the seconds that it took; a stage that failed or still runs is not in it.
    """

    def __init__(self, observer: Observer | None = None) -> None:
        self._observer = observer or (lambda _event: None)
        self._path: tuple[str, ...] = ()
        self._seconds: dict[tuple[str, ...], float | None] = {}

    @contextlib.contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Run the body as the stage `name`, a part of the stage that is running now."""
        outer, self._path = self._path, (*self._path, name)
        path, start = self._path, time.perf_counter()
        self._seconds.setdefault(path, None)
        self._observer(StageEvent(path))
        try:
            yield
        finally:
            self._path = outer
        seconds = time.perf_counter() - start
        self._seconds[path] = (self._seconds[path] or 0.0) + seconds
        self._observer(StageEvent(path, seconds))

    @property
    def times(self) -> dict[tuple[str, ...], float]:
        """Seconds of each finished stage; a stage that ran several times has their sum."""
        return {path: seconds for path, seconds in self._seconds.items() if seconds is not None}
