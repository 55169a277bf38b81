"""One model, all engines: compiled, started, timed in turns, compared."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import edge_runtime
from benchmarks import builds, zoo
from benchmarks.conversions import ConversionError, converted
from benchmarks.kernels import KernelRow, kernel_rows
from benchmarks.peers import ENGINES, OURS, Feed, difference
from benchmarks.results import Figures, Row, Versus
from benchmarks.roofline import Peaks
from benchmarks.startup import Startup, measure_startup
from benchmarks.timing import Turns, ratio, take_turns
from edge_runtime.commands.bench import measure_kernels
from edge_runtime.errors import EdgeError

Times = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Subject:
    """A model, ready to be measured: what each engine loads, and the inputs of every run."""

    build: builds.Build
    files: Mapping[str, Path]
    feed: Feed


def prepare(name: str, target: str, peers: tuple[str, ...], missing: dict[str, str]) -> Subject:
    """Fetch, compile, and convert for the peers, as `measure`. Raises EdgeError where that fails for ours."""
    built, source, feed = builds.build(name, target), builds.fixed_shapes(name), zoo.inputs(name)
    files = {OURS: built.artifact}
    for peer in peers:
        try:
            files[peer] = converted(peer, source, feed)
        except ConversionError as error:
            missing[f"{name}, {peer}"] = str(error)
    return Subject(built, files, feed)


def measure(subject: Subject, threads: int, turns: Turns, missing: dict[str, str]) -> Row:
    """One row; a peer that cannot run the model is named in `missing`. Raises EdgeError where ours cannot."""
    starts = _start_all(subject, threads, missing)
    engines = {name: ENGINES[name].engine(subject.files[name], subject.feed, threads) for name in starts}
    outputs = {name: engine.run() for name, engine in engines.items()}
    measured = take_turns({name: engine.run for name, engine in engines.items()}, turns)
    times = measured.times
    versus = {
        peer: Versus(ratio(times[peer], times[OURS]), difference(outputs[OURS], outputs[peer]))
        for peer in engines
        if peer != OURS
    }
    compiled, figures = subject.build.report, _figures(subject, starts, times)
    spent = compiled["compile_s"], compiled["peak_rss_bytes"]
    return Row(subject.build.name, threads, *spent, figures, versus, measured.others_cpus, measured.rounds)


def profile(subject: Subject, peaks: Peaks) -> tuple[KernelRow, ...]:
    """The kernels of our artifact on as many threads as `peaks` are for, the slowest first."""
    work = subject.build.work()
    with edge_runtime.load(subject.build.artifact, threads=peaks.threads) as model:
        model.run(subject.feed)
        return tuple(kernel_rows(measure_kernels(model, subject.feed, runs=30), work, peaks))


def _start_all(subject: Subject, threads: int, missing: dict[str, str]) -> dict[str, Startup]:
    with tempfile.TemporaryDirectory(prefix="neo-speed-") as folder:
        inputs = Path(folder) / "inputs.npz"
        np.savez(inputs, allow_pickle=False, **subject.feed)
        return dict(_starts(subject, inputs, threads, missing))


def _starts(
    subject: Subject, inputs: Path, threads: int, missing: dict[str, str]
) -> Iterator[tuple[str, Startup]]:
    for name, file in subject.files.items():
        ENGINES[name].prepare()
        try:
            yield name, measure_startup(name, file, inputs, threads)
        except EdgeError as error:
            if name == OURS:
                raise
            missing[f"{subject.build.name}, {name}"] = str(error)


def _figures(subject: Subject, starts: Mapping[str, Startup], times: Times) -> dict[str, Figures]:
    return {
        name: Figures(
            median_ms=float(np.median(times[name])) * 1e3,
            runs=times[name].size,
            size_bytes=_size(subject.files[name]),
            **vars(start),
        )
        for name, start in starts.items()
    }


def _size(path: Path) -> int:
    files = [path] if path.is_file() else path.rglob("*")
    return sum(file.stat().st_size for file in files if file.is_file())
