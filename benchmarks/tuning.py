"""What `neo compile --tune` gains over the analytic choice, on this machine.

    python -m benchmarks.tuning MODEL [MODEL ...] [--seconds 120] [--threads 1,2]

Both artifacts of a model run in alternating blocks of one process. A gain of 1.10 means 1.10 times as fast.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import edge_runtime
from benchmarks import machine, zoo
from benchmarks.timing import Turns, ratio, take_turns
from edge_runtime.commands.bench import busy_warning
from edge_runtime.errors import EdgeError, ExitCode
from neo_compiler.errors import NeoError

TURNS = Turns(runs=40, rounds=20, pause_s=0.01)  # both are ours, and no thread of ours spins for long
HEADINGS = ("model", "threads", "analytic", "tuned", "gain", "kernels changed", "tuning")


def rows(name: str, seconds: float, threads: Sequence[int], folder: Path) -> Iterator[tuple[str, ...]]:
    """The table's rows of one model. Raises NeoError where it does not compile."""
    _compile(name, folder / "analytic")
    tuning = _compile(name, folder / "tuned", "--tune", str(seconds))["tuning"]
    kernels = tuning["measured"] + tuning["reused"]
    for count in threads:
        medians, gain = _compare([folder / "analytic", folder / "tuned"], zoo.inputs(name), count)
        times = (f"{ms:.2f} ms" for ms in medians)
        changed = f"{len(tuning['changed'])} of {kernels}"
        yield name, str(count), *times, gain, changed, f"{tuning['seconds']:.0f} s"


def _compare(paths: list[Path], inputs: Mapping[str, Any], threads: int) -> tuple[list[float], str]:
    models = [edge_runtime.load(path, threads) for path in paths]
    try:
        runs = {path.name: partial(model.run, inputs) for path, model in zip(paths, models, strict=True)}
        times = take_turns(runs, TURNS).times
    finally:
        for model in models:
            model.close()
    before, after = times.values()
    return [float(np.median(row)) * 1e3 for row in (before, after)], str(ratio(before, after))


def _compile(name: str, output: Path, *options: str) -> dict[str, Any]:
    """The report of `neo compile` in a process of its own: TVM stays out of the one that measures."""
    shapes = (f"{name}:{','.join(map(str, shape))}" for name, shape in zoo.MODELS[name].shapes.items())
    given = (part for shape in shapes for part in ("--input-shape", shape))
    command = [sys.executable, "-m", "neo_compiler.cli", "compile", str(zoo.fetch(name)), "-o", str(output)]
    done = subprocess.run(
        [*command, "--quiet", "--json", *given, *options], stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise NeoError(f"{name} does not compile")
    return dict(json.loads(done.stdout))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; return an exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.tuning",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("models", nargs="+", metavar="MODEL", choices=list(zoo.MODELS))
    parser.add_argument("--seconds", type=float, default=120, help="for each model; default: %(default)s")
    parser.add_argument("--threads", default="1,2", help="default: %(default)s")
    given = parser.parse_args(arguments)
    if warning := busy_warning():
        print(f"warning: {warning}", file=sys.stderr)
    print(f"{machine.describe()['cpu']}\n\n| {' | '.join(HEADINGS)} |\n|---|{'---:|' * (len(HEADINGS) - 1)}")
    try:
        for name in given.models:
            with tempfile.TemporaryDirectory(prefix="neo-tuning-") as folder:
                for row in rows(
                    name, given.seconds, [int(n) for n in given.threads.split(",")], Path(folder)
                ):
                    print(f"| {' | '.join(row)} |", flush=True)
    except EdgeError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
