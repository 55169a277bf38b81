"""`python -m tests.conformance`: run the cases, compare with the baseline, write the page."""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict

from tests.conformance.baseline import lost, read_baseline, write_baseline
from tests.conformance.cases import Case, load_cases
from tests.conformance.outcome import NEVER, Outcome
from tests.conformance.page import counts, write_page
from tests.conformance.pool import Limits, judge_all

SCHEMA_VERSION = 1


def main() -> int:
    """0 where no case is wrong, crashed or hung and none is lost; else 1."""
    arguments = _parser().parse_args()
    start = time.perf_counter()
    cases = _chosen(load_cases(), arguments)
    outcomes = []
    for row in judge_all(cases, arguments.jobs, Limits(arguments.seconds)):
        outcomes.append(row)
        if arguments.verbose or row.result in NEVER:
            print(f"{row.result:9}{row.seconds:6.1f} {row.name} {row.detail}"[:400], file=sys.stderr)
    outcomes.sort(key=lambda row: row.name)
    worse = lost(outcomes, read_baseline())
    if arguments.update:
        _update(outcomes, whole=arguments.only == ["*"] and arguments.every == 1)
    _report(outcomes, worse, time.perf_counter() - start, as_json=arguments.json)
    return int(bool(worse) or any(row.result in NEVER for row in outcomes))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument(
        "only", nargs="*", default=["*"], metavar="PATTERN", help="names of cases, with * and ?"
    )
    parser.add_argument("--every", type=int, default=1, metavar="N", help="take each N-th case only")
    parser.add_argument("--kind", action="append", metavar="KIND", help="node, simple, light, ...")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="worker processes")
    parser.add_argument("--seconds", type=float, default=Limits.seconds, metavar="S", help="limit of a case")
    parser.add_argument("--json", action="store_true", help="print counts and cases as JSON")
    parser.add_argument("--update", action="store_true", help="write baseline.txt and docs/conformance.md")
    parser.add_argument("--verbose", action="store_true", help="print every case as it ends")
    return parser


def _chosen(cases: Sequence[Case], arguments: argparse.Namespace) -> list[Case]:
    named = [
        case
        for case in cases
        if any(fnmatch.fnmatchcase(case.name, pattern) for pattern in arguments.only)
        and (not arguments.kind or case.kind in arguments.kind)
    ]
    return named[:: arguments.every]


def _update(outcomes: Sequence[Outcome], *, whole: bool) -> None:
    results = {row.name: row.result for row in outcomes}
    write_baseline(results if whole else read_baseline() | results)
    if whole:
        write_page(outcomes)


def _report(outcomes: Sequence[Outcome], worse: Sequence[str], seconds: float, *, as_json: bool) -> None:
    total = counts(outcomes)
    for line in worse:
        print(f"lost: {line}", file=sys.stderr)
    if as_json:
        document = {
            "schema_version": SCHEMA_VERSION,
            "counts": total,
            "seconds": round(seconds, 1),
            "lost": list(worse),
            "cases": [asdict(row) for row in outcomes],
        }
        print(json.dumps(document, indent=1))
    else:
        print(", ".join(f"{count} {result}" for result, count in total.items()), f"in {seconds:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
