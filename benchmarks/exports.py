"""Networks with random weights, exported from PyTorch and compiled: what is native, how exact, how long.

python -m benchmarks.exports                  whole sizes, as a Markdown table
python -m benchmarks.exports --small gpt2     a few layers only
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.networks import NETWORKS
from edge_runtime.errors import EdgeError, ExitCode
from neo_compiler.frontend.memory import Examples, model_file
from neo_compiler.job import compile_model
from neo_compiler.options import CompileOptions
from neo_compiler.report import Report

HEADINGS = ("network", "native nodes", "of", "difference", "export", "compile")


def measure(name: str, *, small: bool, folder: Path, target: str = "host") -> tuple[Report, float, float]:
    """The report of a network's compilation, and the seconds that export and compilation took."""
    module, inputs = NETWORKS[name](small)
    options = CompileOptions(Path(), target=target, output=folder / name)
    start = time.perf_counter()
    with model_file(module, Examples(inputs)) as path:
        exported = time.perf_counter()
        report = compile_model(replace(options, model=path))
    return report, exported - start, time.perf_counter() - exported


def native_nodes(report: Report) -> tuple[int, int]:
    """How many nodes of the prepared model are compiled, and how many it has."""
    rows = report.manifest.placement
    return sum(row.nodes for row in rows if row.backend == "native"), sum(row.nodes for row in rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.exports", description=__doc__)
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help=f"of {', '.join(NETWORKS)}")
    parser.add_argument("--small", action="store_true", help="a few layers only")
    parser.add_argument("--target", default="host")
    options = parser.parse_args(arguments)
    failed = False
    print(f"| {' | '.join(HEADINGS)} |\n|{'---|' * len(HEADINGS)}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in options.networks or NETWORKS:
            try:
                report, export, seconds = measure(
                    name, small=options.small, folder=Path(folder), target=options.target
                )
            except EdgeError as error:
                failed = True
                print(f"{name}: {error}", file=sys.stderr)
                continue
            native, total = native_nodes(report)
            worst = max((check.difference for check in report.checks), default=float("nan"))
            print(
                f"| {name} | {native} | {total} | {worst:.1e} | {export:.1f} s | {seconds:.1f} s |",
                flush=True,
            )
    return ExitCode.MISMATCH if failed else ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
