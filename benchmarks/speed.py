"""How fast compiled models are beside other engines, on this machine.

python -m benchmarks.speed [MODEL ...] [--threads 1,2] [--target host] [--json FILE] [--kernels]
python -m benchmarks.speed compare old.json new.json --fail-above 5%

The engines run in alternating blocks of one process (`benchmarks.timing`); load time, first run and memory
are those of fresh processes (`benchmarks.startup`). The ratio of a peer is its time / ours.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks import compare, machine, tables, zoo
from benchmarks.fetch import publish
from benchmarks.measuring import measure, prepare, profile
from benchmarks.peers import ENGINES, OURS, PEERS
from benchmarks.results import Results, Row
from benchmarks.roofline import measure_peaks
from benchmarks.startup import stdout_to_stderr
from benchmarks.timing import Turns
from edge_runtime.commands.bench import busy_warning
from edge_runtime.errors import EdgeError, ExitCode
from neo_compiler.sources import source_hash
from neo_compiler.target import find_target

ALWAYS = "onnxruntime"
DISTRIBUTIONS = ("numpy", "apache-tvm", "ziglang")


@dataclass(frozen=True)
class Options:
    """What to measure, and how."""

    models: tuple[str, ...]
    threads: tuple[int, ...]
    target: str
    peers: tuple[str, ...]
    turns: Turns
    kernels: bool


def run(options: Options) -> tuple[Results, ExitCode]:
    """Measure everything; the exit code is that of the first model that failed.

    Raises TargetError for an unknown target.
    """
    profile = find_target(options.target).name
    results = Results(options.target, profile, options.turns, _machine(), _versions(options.peers))
    if options.kernels:
        results.peaks.extend(measure_peaks(threads) for threads in options.threads)
    code = ExitCode.OK
    for name in options.models:
        try:
            _measure_model(name, options, results)
        except EdgeError as error:
            code = code or error.exit_code
            results.missing[name] = str(error)
            _say(f"{name}: {error}")
    return results, code


def _measure_model(name: str, options: Options, results: Results) -> None:
    _say(f"{name}: compiling for {options.target}, unless the cache has it")
    subject = prepare(name, options.target, options.peers, results.missing)
    for number, threads in enumerate(options.threads):
        row = measure(subject, threads, options.turns, results.missing)
        if options.kernels:
            row = replace(row, kernels=profile(subject, results.peaks[number]))
        results.rows.append(row)
        _say(_line(row))


def _line(row: Row) -> str:
    ours = row.engines[OURS].median_ms
    ratios = "; ".join(f"{peer} / ours {versus.ratio}" for peer, versus in row.versus.items())
    return f"{row.model}, {machine.counted(row.threads)}: {ours:.3f} ms; {ratios}"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _machine() -> dict[str, Any]:
    return {**machine.describe(), "load_average_before": machine.load_average()}


def _versions(peers: Sequence[str]) -> dict[str, str]:
    engines = {name: ENGINES[name].version for name in (OURS, *peers)}
    others = {name: importlib.metadata.version(name) for name in DISTRIBUTIONS}
    own = {"python": platform.python_version(), "compiler sources": source_hash()[:12]}
    return {**engines, **others, **own}


def _warn_of_others(rows: Sequence[Row]) -> None:
    """Say on stderr where too few rounds of a measurement were quiet."""
    used = {f"{row.model}, {machine.counted(row.threads)}": row.others_cpus or 0.0 for row in rows}
    disturbed = {name: cpus for name, cpus in used.items() if cpus > machine.BUSY_CPUS}
    if disturbed:
        worst = max(disturbed, key=lambda name: disturbed[name])
        _say(
            f"warning: others used this machine during all of {len(disturbed)} of {len(used)} measurements, "
            f"{disturbed[worst]:.1f} CPUs during {worst}: believe the ratios, not the times"
        )


def _model(name: str) -> str:
    # argparse's own `choices` refuses the empty list of a positional with nargs="*".
    if name not in zoo.MODELS:
        raise argparse.ArgumentTypeError(f"no model {name!r} in the zoo; it has {', '.join(zoo.MODELS)}")
    return name


def _counts(text: str) -> tuple[int, ...]:
    return tuple(_count(part) for part in text.split(","))


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of at least 1")
    return int(text)


def _runs(text: str) -> Turns:
    return Turns(runs=_count(text), rounds=min(_count(text), Turns.rounds))


def _writable(text: str) -> Path:
    """Known before minutes of measuring, not after."""
    path = Path(text)
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise argparse.ArgumentTypeError(f"{text} cannot be written")
    return path


def _peers(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys((ALWAYS, *text.split(","))))
    for name in names:
        if name not in PEERS:
            raise argparse.ArgumentTypeError(f"{name}: known are {', '.join(PEERS)}")
        if not ENGINES[name].installed:
            raise argparse.ArgumentTypeError(
                f"{name} is not installed; it needs the modules {', '.join(ENGINES[name].modules)}"
            )
    return names


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    installed = tuple(name for name in PEERS if ENGINES[name].installed)
    parser.add_argument("models", nargs="*", metavar="MODEL", type=_model, help="default: the zoo")
    parser.add_argument("--threads", type=_counts, default=(1, 2), metavar="1,2", help="default: 1,2")
    parser.add_argument("--target", default="host", help="default: %(default)s")
    parser.add_argument("--runs", type=_runs, default=Turns(), metavar="30", help="of each engine, at least")
    parser.add_argument(
        "--peers", type=_peers, default=installed, metavar="A,B", help=f"default here: {','.join(installed)}"
    )
    parser.add_argument("--json", type=_writable, metavar="FILE", help="write the results there too")
    parser.add_argument("--kernels", action="store_true", help="show the kernels beside the machine's peaks")
    return parser


def _main(arguments: Sequence[str]) -> int:
    if arguments[:1] == ["compare"]:
        return compare.main(arguments[1:])
    given = _parser().parse_args(arguments)
    if warning := busy_warning():
        _say(f"warning: {warning}")
    models = tuple(given.models or zoo.MODELS)
    options = Options(models, given.threads, given.target, given.peers, given.runs, given.kernels)
    with stdout_to_stderr():
        results, code = run(options)
    _warn_of_others(results.rows)
    print("\n".join(tables.lines(results)))
    if given.json:
        document = results.to_json(machine.load_average())
        publish(given.json, f"{json.dumps(document, indent=1)}\n".encode())
    return code


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, or compare two measurements; return an exit code."""
    try:
        return _main(sys.argv[1:] if arguments is None else arguments)
    except EdgeError as error:
        _say(f"error: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        _say("interrupted")
        return ExitCode.INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
