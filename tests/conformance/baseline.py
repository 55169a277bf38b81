"""The results that are agreed on: no case may get worse than its line in baseline.txt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.conformance.outcome import CLASSES, PASSED, Outcome

PATH = Path(__file__).with_name("baseline.txt")


def read_baseline() -> dict[str, str]:
    """The result of each case by name."""
    lines = PATH.read_text(encoding="utf-8").splitlines() if PATH.exists() else []
    return dict(line.split() for line in lines if line and not line.startswith("#"))


def write_baseline(results: Mapping[str, str]) -> None:
    """Replace the file by these results."""
    lines = [f"{name} {result}" for name, result in sorted(results.items())]
    text = "# Written by `python -m tests.conformance --update`.\n" + "\n".join(lines) + "\n"
    PATH.write_text(text, encoding="utf-8")


def lost(outcomes: Iterable[Outcome], baseline: Mapping[str, str]) -> list[str]:
    """A line for each case that does worse than it did.

    Native, mixed and fallback count as better in this order; every other result is no better than refused.
    """
    return [
        f"{row.name}: {row.result}, was {before}{f' ({row.detail})' if row.detail else ''}"
        for row in outcomes
        if (before := baseline.get(row.name)) is not None and _rank(row.result) > _rank(before)
    ]


def _rank(result: str) -> int:
    return CLASSES.index(result) if result in PASSED else len(PASSED) + (result != "refused")
