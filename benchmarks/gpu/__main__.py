"""Time the cases of a folder on this machine's GPU.

    python -m benchmarks.gpu CASES [MODEL …] [-o RESULTS.json]

Engines take turns (see benchmarks.timing); medians of wall time until the results are there, with the 95 %
interval of the ratio to ours. Device time is the sum of the times between events around our kernels, and that
between events around a run of PyTorch. The
floor is the larger of bytes over bandwidth and operations over peak, both of which are measured first.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

import edge_runtime
from benchmarks.gpu.cases import Case, cases
from benchmarks.gpu.measure import Run, onnxruntime_runs, ours, peaks, torch_device_seconds, torch_runs
from benchmarks.machine import describe
from benchmarks.timing import Turns, ratio, take_turns
from edge_runtime.commands.selftest import cases as examples
from edge_runtime.commands.selftest import selftest
from edge_runtime.errors import EdgeError, ExitCode

SCHEMA_VERSION = 1
PROFILES = 10
OURS, OURS_ON_DEVICE = "ours, host", "ours, device"
# The engine of ours that does what each other one does: arrays to arrays, or tensors to tensors.
COUNTERPART = {"torch eager": OURS_ON_DEVICE, "torch.compile": OURS_ON_DEVICE}


def measure(case: Case, turns: Turns) -> dict[str, Any]:
    """One model as a row of the results; raises EdgeError where it cannot be run."""
    with edge_runtime.load(case.artifact) as model:
        row: dict[str, Any] = {"model": case.name, "work": asdict(case.work), "missing": {}}
        row["selftest"] = [asdict(found) for found in selftest(model)]
        feed = examples(model.artifact)[0].inputs
        profiles = [model.profile(feed) for _ in range(PROFILES)]
        kernels = float(np.median([sum(step.seconds for step in steps) for steps in profiles]))
        others = dict(_others(case, feed, row["missing"]))
        on_device = {"ours": kernels} | torch_device_seconds(others)
        row["device_ms"] = {name: seconds * 1e3 for name, seconds in on_device.items()}
        runs = ours(model, feed) | others
        times = take_turns(runs, turns).times
        del runs, others
    row["median_ms"] = {name: float(np.median(rows)) * 1e3 for name, rows in times.items()}
    row["ratio"] = {
        name: asdict(ratio(rows, times[COUNTERPART.get(name, OURS)]))
        for name, rows in times.items()
        if name not in (OURS, OURS_ON_DEVICE)
    }
    return row


def _others(case: Case, feed: Any, missing: dict[str, str]) -> Iterator[tuple[str, Run]]:
    """Those that are here and work; `missing` gets the reasons of the rest."""
    for kind, make in (("torch", torch_runs), ("onnxruntime", _onnxruntime)):
        try:
            made = make(case, feed)
        except (ImportError, ValueError, RuntimeError) as error:
            missing[kind] = " ".join(str(error).split())
            continue
        for name, run in made.items():
            try:
                run()
            except Exception as error:  # noqa: BLE001  # torch.compile raises whatever its parts raise
                missing[name] = " ".join(str(error).split())[:300]
                continue
            yield name, run


def _onnxruntime(case: Case, feed: Any) -> dict[str, Run]:
    if case.model is None:
        raise ImportError("the model was not taken along")
    return onnxruntime_runs(case.model, feed)


def _peaks(missing: dict[str, str]) -> dict[str, float]:
    try:
        return peaks()
    except (ImportError, RuntimeError, AssertionError) as error:
        missing["floor"] = " ".join(str(error).split())
        return {}


def _floor(row: dict[str, Any], found: dict[str, float]) -> None:
    if found:
        work = row["work"]
        seconds = max(work["bytes"] / found["bytes_per_s"], work["flops"] / found["flops_per_s"])
        row["floor_ms"] = seconds * 1e3


def _versions() -> dict[str, str]:
    names = ("numpy", "torch", "onnxruntime", "onnxruntime-gpu")
    found = {}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def table(document: dict[str, Any]) -> Iterator[str]:
    """The results as Markdown."""
    rows = document["rows"]
    names = list(dict.fromkeys(name for row in rows for name in row["median_ms"]))
    timed = list(dict.fromkeys(name for row in rows for name in row["device_ms"]))
    headings = ["model", *(f"{name} ms" for name in names), *(f"{name}, device ms" for name in timed)]
    headings += ["floor ms", "differs by"]
    yield f"| {' | '.join(headings)} |"
    yield f"|---|{'---:|' * (len(headings) - 1)}"
    for row in rows:
        cells = [_figure(row["median_ms"].get(name)) for name in names]
        worst = max(one["difference"] for one in row["selftest"])
        cells += [_figure(row["device_ms"].get(name)) for name in timed]
        cells += [_figure(row.get("floor_ms")), f"{worst:.1e}"]
        yield f"| {' | '.join([row['model'], *cells])} |"


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def main(arguments: list[str] | None = None) -> int:
    """Return an exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description="Time models on a GPU.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("models", nargs="*", metavar="MODEL")
    parser.add_argument("-o", "--output", type=Path, help="write the results as JSON")
    parser.add_argument("--runs", type=int, default=30, help="of each engine at least; default: %(default)s")
    parser.add_argument("--rounds", type=int, default=10, help="of turns; default: %(default)s")
    options = parser.parse_args(arguments)
    turns = Turns(runs=options.runs, rounds=options.rounds)
    document: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "machine": describe(),
        "versions": _versions(),
    }
    document |= {"turns": asdict(turns), "missing": {}, "rows": []}
    document["peaks"] = _peaks(document["missing"])
    for case in cases(options.folder):
        if options.models and case.name not in options.models:
            continue
        try:
            row = measure(case, turns)
        except EdgeError as error:
            document["missing"][case.name] = str(error)
            print(f"{case.name}: {error}", file=sys.stderr)
            continue
        _floor(row, document["peaks"])
        document["rows"].append(row)
        if options.output:  # also where the run is cut off
            options.output.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(*table(document), sep="\n")
    return ExitCode.ARTIFACT if not document["rows"] else ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
