"""All tests for a GPU on this machine, with a report.

    python -m tests.device CASES [-o report.json]

CASES is a folder made by `python -m benchmarks.gpu.prepare`; nothing else is needed than numpy and pytest.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.machine import describe
from tests.device.conftest import CASES

HERE = Path(__file__).parent
SCHEMA_VERSION = 1


class Report:
    """A pytest plugin that collects outcomes and what tests record."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.outcome != "passed":
            reason = "" if report.passed else _reason(report)
            row = {
                "test": report.nodeid.partition("tests/device/")[2] or report.nodeid,
                "outcome": report.outcome,
            }
            self.rows.append(
                row | {"reason": reason, "seconds": report.duration} | dict(report.user_properties)
            )

    def document(self, cases: Path) -> dict[str, Any]:
        counts = {
            kind: sum(row["outcome"] == kind for row in self.rows) for kind in ("passed", "failed", "skipped")
        }
        document = {"schema_version": SCHEMA_VERSION, "machine": describe(), "cases": str(cases)}
        return document | counts | {"tests": self.rows}


def _reason(report: pytest.TestReport) -> str:
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext
    return str(text)[-2000:]


def main(arguments: list[str] | None = None) -> int:
    """Return pytest's exit status; 1 also where nothing was tested."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.device", description="Test models on this machine's GPU."
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--output", type=Path, metavar="REPORT.json")
    options = parser.parse_args(arguments)
    os.environ[CASES] = str(options.folder.absolute())
    report = Report()
    # -p no:cacheprovider: the checkout may be read-only
    code = pytest.main(["-q", "-p", "no:cacheprovider", str(HERE)], plugins=[report])
    document = report.document(options.folder)
    if options.output:
        options.output.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(f"{document['passed']} passed, {document['failed']} failed, {document['skipped']} skipped")
    return int(code) or int(document["passed"] == 0)


if __name__ == "__main__":
    sys.exit(main())
