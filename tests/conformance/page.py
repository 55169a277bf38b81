"""docs/conformance.md: what became of the cases, operator by operator."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from importlib import metadata
from pathlib import Path

from tests.conformance.outcome import CLASSES, Outcome
from tests.conformance.parameters import PARAMETERS

PATH = Path(__file__).parents[2] / "docs" / "conformance.md"
SHOWN = ("native", "mixed", "fallback", "refused")


def counts(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """How many cases have each result, all results named."""
    found = Counter(row.result for row in outcomes)
    return {result: found[result] for result in CLASSES}


def write_page(outcomes: Sequence[Outcome]) -> None:
    """Replace the page."""
    PATH.write_text("\n".join(_lines(outcomes)) + "\n", encoding="utf-8")


def _lines(outcomes: Sequence[Outcome]) -> Iterator[str]:
    total = counts(outcomes)
    yield "# ONNX conformance"
    yield ""
    yield f"Written by `python -m tests.conformance --update`: the {len(outcomes)} backend cases of onnx"
    yield f"{metadata.version('onnx')} (training operators left out) compiled for this machine and run;"
    yield f"the reference and the fallback are onnxruntime {metadata.version('onnxruntime')}."
    yield ""
    yield "| result | cases | meaning |"
    yield "|---|---|---|"
    for result, meaning in _MEANINGS.items():
        yield f"| {result} | {total[result]} | {meaning} |"
    yield ""
    yield from _operators(outcomes)
    yield from _parameters(outcomes)
    yield from _refusals(outcomes)


_MEANINGS = {
    "native": "all of it is compiled",
    "mixed": "some parts are compiled, onnxruntime runs the others",
    "fallback": "onnxruntime runs all of it",
    "refused": "the compiler says clearly why it does not take the model",
    "wrong": "other values than expected",
    "crash": "the process ended, or the error is a bug of ours",
    "hang": "no end within the time limit",
}


def _operators(outcomes: Iterable[Outcome]) -> Iterator[str]:
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    for row in outcomes:
        rows[row.operator][row.result] += 1
    yield "## By operator"
    yield ""
    yield "Cases of operators that ONNX defines as functions appear twice, as they are and expanded."
    yield ""
    yield f"| operator | cases | {' | '.join(SHOWN)} | other |"
    yield f"|---|---{'|---' * (len(SHOWN) + 1)}|"
    for operator, found in sorted(rows.items(), key=lambda row: row[0].lower()):
        others = found.total() - sum(found[result] for result in SHOWN)
        numbers = " | ".join(str(found[result] or "") for result in SHOWN)
        yield f"| {operator} | {found.total()} | {numbers} | {others or ''} |"
    yield ""


def _parameters(outcomes: Iterable[Outcome]) -> Iterator[str]:
    fixed = [row for row in outcomes if row.fixed]
    yield "## Inputs made constant"
    yield ""
    yield f"In {len(fixed)} cases inputs that exported models hold as constants became initializers; these"
    yield "inputs, numbered from 0, of these operators:"
    yield ""
    yield ", ".join(f"{name} {list(places)}" for name, places in sorted(PARAMETERS.items()) if places) + "."
    yield ""


def _refusals(outcomes: Iterable[Outcome]) -> Iterator[str]:
    yield "## Refused"
    yield ""
    for row in sorted(outcomes, key=lambda row: row.name):
        if row.result not in ("native", "mixed", "fallback"):
            yield f"- `{row.name}`: {_plain(row.detail)}"


def _plain(text: str) -> str:
    """Fit for a table, and the same in each run: without the addresses of objects."""
    return re.sub(r" at 0x[0-9a-f]+", "", text).replace("|", "\\|").replace("<", "&lt;")[:160]
