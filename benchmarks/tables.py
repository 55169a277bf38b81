"""The results of a speed measurement as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from benchmarks import kernels
from benchmarks.machine import counted
from benchmarks.peers import OURS
from benchmarks.results import FLOOR, Figures, Results, Row, Summary

START = ("model", "threads", "load ms", "first run ms", "peak RSS MB", "size MB", "compile s", "compile MB")


def lines(results: Results) -> Iterator[str]:
    """All tables, the summary, and what is missing."""
    peers = list(dict.fromkeys(peer for row in results.rows for peer in row.versus))
    target = f"Target {results.target} ({results.profile})"
    runs, rounds = results.turns.runs, results.turns.rounds
    yield f"{target}; medians of at least {runs} runs, in alternating blocks of the {rounds} quietest rounds."
    yield _machine(results)
    yield ""
    yield from _table(_time_headings(peers), ([*_time_cells(row, peers)] for row in results.rows))
    yield ""
    yield from (_sentence(summary) for summary in results.summaries())
    yield ""
    names = [OURS, *peers]
    yield f"Start and memory, each in a process of its own: {' / '.join(names)}."
    yield ""
    yield from _table(START, ([*_start_cells(row, names)] for row in results.rows))
    yield from _kernels(results)
    if results.missing:
        yield ""
        yield from (f"Not measured: {name}: {reason}" for name, reason in results.missing.items())


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(headings)} |"
    yield f"|---|{'---:|' * (len(headings) - 1)}"
    for cells in rows:
        yield f"| {' | '.join(cells)} |"


def _machine(results: Results) -> str:
    machine = results.machine
    versions = ", ".join(f"{name} {version}" for name, version in results.versions.items())
    governor = f", governor {machine['governor']}" if machine["governor"] else ""
    return f"{machine['cpu']}, {machine['cores']} cores{governor}; {machine['date']}; {versions}."


def _time_headings(peers: list[str]) -> list[str]:
    return [
        "model",
        "threads",
        "ours ms",
        *(head for peer in peers for head in (f"{peer} ms", "ratio [95 %]")),
    ]


def _time_cells(row: Row, peers: list[str]) -> Iterator[str]:
    yield row.model
    yield str(row.threads)
    yield f"{row.engines[OURS].median_ms:.3f}"
    for peer in peers:
        versus = row.versus.get(peer)
        if versus is None:
            yield from ("", "")
            continue
        wrong = "" if versus.comparable else " (other outputs)"
        yield f"{row.engines[peer].median_ms:.3f}"
        yield f"{versus.ratio}{wrong}"


def _sentence(summary: Summary) -> str:
    text = (
        f"{counted(summary.threads)}: {summary.peer}'s time / ours is {summary.geometric_mean:.2f} in the "
        f"geometric mean over {summary.models} of the models; "
    )
    slow = sorted(summary.below.items(), key=lambda item: item[1])
    named = ", ".join(f"{model} {value:.2f}" for model, value in slow)
    text += f"below {FLOOR}: {named}" if named else f"none is below {FLOOR}"
    if summary.differing:
        text += f"; left out, since the outputs differ: {', '.join(summary.differing)}"
    return f"{text}.  "


def _start_cells(row: Row, names: list[str]) -> Iterator[str]:
    found = [row.engines.get(name) for name in names]
    yield row.model
    yield str(row.threads)
    yield _each(found, "load_ms", 1)
    yield _each(found, "first_run_ms", 1)
    yield _each(found, "peak_rss_bytes", 1e6)
    yield _each(found, "size_bytes", 1e6)
    yield f"{row.compile_s:.1f}"
    yield f"{row.compile_rss_bytes / 1e6:.0f}"


def _each(found: Iterable[Figures | None], field: str, unit: float) -> str:
    return " / ".join("-" if row is None else f"{getattr(row, field) / unit:.1f}" for row in found)


def _kernels(results: Results) -> Iterator[str]:
    peaks = {peak.threads: peak for peak in results.peaks}
    for row in results.rows:
        if row.kernels:
            yield ""
            yield f"Kernels of {row.model}, {sum(kernel.ms for kernel in row.kernels):.3f} ms in all."
            yield from kernels.table(list(row.kernels), peaks[row.threads])
