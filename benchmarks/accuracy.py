"""Compile the zoo and tell how far each compiled model is from onnxruntime.

python -m benchmarks.accuracy                        every model, target host, as a Markdown table
python -m benchmarks.accuracy blazeface-front --target x86-64-v3
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import edge_runtime
from benchmarks import zoo
from edge_runtime.errors import EdgeError, ExitCode
from neo_compiler.job import compile_model
from neo_compiler.options import CompileOptions
from neo_compiler.ort import Session
from neo_compiler.report import Report

HEADINGS = ("model", "compile", "artifact", "arena", "drawn inputs", "realistic inputs")


@dataclass(frozen=True)
class Row:
    """What was found for one model; differences are relative to the largest magnitude of an output."""

    name: str
    report: Report
    seconds: float
    realistic: float

    def cells(self) -> tuple[str, ...]:
        """The row as the table shows it."""
        manifest = self.report.manifest
        drawn = max(check.difference for check in self.report.checks)
        return (
            self.name,
            f"{self.seconds:.1f} s",
            f"{self.report.size / 1e6:.1f} MB",
            f"{manifest.memory.arena_bytes / 1e6:.1f} MB",
            f"{drawn:.0e}",
            f"{self.realistic:.0e}",
        )


def measure(name: str, target: str, folder: Path) -> Row:
    """Compile one model and compare it on inputs of its own kind."""
    options = CompileOptions(
        zoo.fetch(name), target=target, output=folder / name, input_shapes=zoo.MODELS[name].shapes
    )
    start = time.perf_counter()
    report = compile_model(options)
    seconds = time.perf_counter() - start
    feed = zoo.inputs(name, seed=1)
    with edge_runtime.load(report.path, threads=1) as model:
        outputs = model.run(feed)
    return Row(name, report, seconds, _difference(_reference(options.model, feed), outputs))


def _reference(path: Path, feed: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    session = Session(path.read_bytes())
    return dict(zip(session.outputs, session.run(session.outputs, feed), strict=True))


def _difference(expected: dict[str, np.ndarray], found: dict[str, np.ndarray]) -> float:
    return max(
        float(np.abs(found[name].astype(np.float64) - value).max() / max(np.abs(value).max(), 1e-30))
        for name, value in expected.items()
    )


def table(rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    """Markdown lines, each as soon as its row is known."""
    yield f"| {' | '.join(HEADINGS)} |"
    yield f"|{'---|' * len(HEADINGS)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; models that cannot be had here are named below it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__)
    parser.add_argument("models", nargs="*", metavar="MODEL", help="default: all of the zoo")
    parser.add_argument("--target", default="host")
    options = parser.parse_args(arguments)
    failed: list[str] = []

    def rows(folder: Path) -> Iterator[tuple[str, ...]]:
        for name in options.models or zoo.MODELS:
            try:
                yield measure(name, options.target, folder).cells()
            except EdgeError as error:
                failed.append(f"{name}: {error}")

    with tempfile.TemporaryDirectory() as folder:
        for line in table(rows(Path(folder))):
            print(line, flush=True)
    for line in failed:
        print(line, file=sys.stderr)
    return ExitCode.MISMATCH if failed else ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
