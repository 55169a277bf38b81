"""Where a rule has several good schedules: it ranks them, and whoever called it chooses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

Candidate = TypeVar("Candidate")


class Choose(Protocol):
    """Chooses one of a rule's candidates, of which there is at least one.

    They are ranked by the rule's analytic model, the best first. Their texts are all different, and made for
    people. A rule asks at most once, and only when it is sure to match.
    """

    def __call__(self, candidates: Sequence[Candidate], /) -> Candidate: ...


def best(candidates: Sequence[Candidate], /) -> Candidate:
    """What the analytic model says."""
    return candidates[0]


class ByName:
    """Chooses the candidate whose text is `name`, or the best where there is none."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, candidates: Sequence[Candidate], /) -> Candidate:
        return next((candidate for candidate in candidates if str(candidate) == self._name), candidates[0])


class Listing:
    """Chooses the best, and keeps all candidates' texts in `names`."""

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()

    def __call__(self, candidates: Sequence[Candidate], /) -> Candidate:
        self.names = tuple(map(str, candidates))
        return candidates[0]
