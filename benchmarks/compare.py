"""Two speed measurements side by side: did ours become slower?

What is compared is a peer's time / ours, since both were timed in turns on one machine: that machine's speed,
and how busy it was, cancel.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.results import SCHEMA_VERSION
from edge_runtime.errors import EdgeError, ExitCode

PROGRAM = "python -m benchmarks.speed compare"
SLOWER = 1
Ratio = Mapping[str, float]


class ResultsError(EdgeError):
    """A file holds no results of a speed measurement."""

    exit_code = ExitCode.USAGE


@dataclass(frozen=True)
class Change:
    """A model on a number of threads, then and now; either may be missing."""

    model: str
    threads: int
    old: Ratio | None
    new: Ratio | None

    @property
    def slower(self) -> float:
        """By which share ours takes longer than it did, beside the peer: 0.05 is 5 %, negative is faster."""
        return self.old["value"] / self.new["value"] - 1 if self.old and self.new else 0.0

    def verdict(self, limit: float) -> str:
        """What to say of it where `limit` is the most that is let pass; empty where nothing is wrong."""
        if self.new is None:
            return "MISSING"
        if self.slower > limit:
            return "SLOWER"
        return "new" if self.old is None else ""

    def cells(self, limit: float) -> Iterator[str]:
        """The change as the table shows it."""
        yield self.model
        yield str(self.threads)
        yield _ratio(self.old)
        yield _ratio(self.new)
        yield f"{self.slower:+.1%}" if self.old and self.new else ""
        yield self.verdict(limit)


def _ratio(ratio: Ratio | None) -> str:
    return f"{ratio['value']:.2f} [{ratio['low']:.2f}, {ratio['high']:.2f}]" if ratio else ""


@dataclass(frozen=True)
class Measured:
    """What a file says: ratios by model and number of threads, and what they depend on beside our code."""

    ratios: Mapping[tuple[str, int], Ratio]
    conditions: Mapping[str, Any]


def read(path: Path, peer: str) -> Measured:
    """The results in a file. Raises ResultsError where it holds none, or none beside `peer`."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["schema_version"] != SCHEMA_VERSION:
            raise ResultsError(
                f"{path} has schema version {document['schema_version']}, not {SCHEMA_VERSION}"
            )
        measured = Measured(dict(_ratios(document, peer)), _conditions(document, peer))
    except (OSError, ValueError) as error:
        raise ResultsError(f"{path}: {error}") from error
    except (LookupError, TypeError, AttributeError) as error:
        raise ResultsError(f"{path} holds no results of `python -m benchmarks.speed --json`") from error
    if not measured.ratios:
        raise ResultsError(f"{path} has no measurement beside {peer}")
    return measured


def _ratios(document: Mapping[str, Any], peer: str) -> Iterator[tuple[tuple[str, int], Ratio]]:
    for row in document["rows"]:
        if peer in row["versus"]:
            yield (row["model"], row["threads"]), row["versus"][peer]["ratio"]


def _conditions(document: Mapping[str, Any], peer: str) -> dict[str, Any]:
    return {
        "target": f"{document['target']} ({document['profile']})",
        "CPU": document["machine"]["cpu"],
        peer: document["versions"].get(peer),
    }


def _notes(old: Measured, new: Measured) -> Iterator[str]:
    for name, before in old.conditions.items():
        if before != (now := new.conditions[name]):
            yield f"not the same {name}: {before} before, {now} now"


def _table(changes: list[Change], peer: str, limit: float) -> Iterator[str]:
    yield f"| model | threads | {peer} / ours before | now | time of ours |  |"
    yield "|---|---:|---:|---:|---:|---|"
    for change in changes:
        yield f"| {' | '.join(change.cells(limit))} |"


def _share(text: str) -> float:
    try:
        return float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no share: write 5% or 0.05") from None


def main(arguments: Sequence[str]) -> int:
    """Print a table; return 1 where a model became slower than allowed, or is missing."""
    parser = argparse.ArgumentParser(prog=PROGRAM, description=__doc__.splitlines()[0])
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--fail-above", type=_share, default=0.05, metavar="5%", help="default: 5%%")
    parser.add_argument("--peer", default="onnxruntime", help="default: %(default)s")
    options = parser.parse_args(arguments)
    old, new = read(options.old, options.peer), read(options.new, options.peer)
    changes = [
        Change(model, threads, old.ratios.get((model, threads)), new.ratios.get((model, threads)))
        for model, threads in dict.fromkeys([*old.ratios, *new.ratios])
    ]
    for line in (*_notes(old, new), *_table(changes, options.peer, options.fail_above)):
        print(line)
    return SLOWER if any(change.verdict(options.fail_above).isupper() for change in changes) else ExitCode.OK
