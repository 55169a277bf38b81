"""How near to the machine's roofs each kernel of a model comes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.machine import counted
from benchmarks.roofline import Peaks
from edge_runtime.commands.bench import KernelTime

SHOWN = 0.95  # of the time; kernels beyond are one row


@dataclass(frozen=True)
class KernelRow:
    """All calls of a kernel in one run: milliseconds, its share of them all, and its rates.

    `of_peak` and `of_copy` are shares of what the machine could do in that time; None where a kernel has no
    operations, or none that can be counted. The larger of the two tells how near to the roof it is.
    """

    kernel: str
    rule: str
    calls: int
    ms: float
    share: float
    gflops: float | None
    of_peak: float | None
    gbps: float
    of_copy: float


def kernel_rows(
    times: Iterable[KernelTime], work: Mapping[str, Mapping[str, Any]], peaks: Peaks
) -> list[KernelRow]:
    """The kernels of `times`, in their order; `work` as `benchmarks.work` has it."""
    return [_row(time, work[time.kernel], peaks) for time in times]


def _row(time: KernelTime, work: Mapping[str, Any], peaks: Peaks) -> KernelRow:
    billions = time.calls / max(time.ms * 1e6, 1.0)  # of calls a second; the clock has nanoseconds
    gflops = work["flops"] * billions if work["flops"] else None
    gbps = work["bytes"] * billions
    return KernelRow(
        time.kernel,
        work["rule"],
        time.calls,
        time.ms,
        time.share,
        gflops,
        None if gflops is None else gflops / peaks.gflops,
        gbps,
        gbps / peaks.gbps(work["bytes"]),
    )


HEADINGS = ("kernel", "rule", "calls", "ms", "time", "GFLOP/s", "of peak", "GB/s", "of copy")


def table(rows: list[KernelRow], peaks: Peaks) -> Iterator[str]:
    """Markdown lines: the kernels that take nearly all of the time, and the rest in a line."""
    copies = ", ".join(f"{gbps:.0f} GB/s of {size / 1e6:.0f} MB" for size, gbps in peaks.copies)
    yield f"{counted(peaks.threads)}: at most {peaks.gflops:.0f} GFLOP/s; copies: {copies}"
    yield ""
    yield f"| {' | '.join(HEADINGS)} |"
    yield f"|{'---|' * 3}{'---:|' * (len(HEADINGS) - 3)}"
    before = 0.0
    rest: list[KernelRow] = []
    for row in rows:
        if before < SHOWN:
            yield f"| {' | '.join(_cells(row))} |"
        else:
            rest.append(row)
        before += row.share
    if rest:
        calls, ms = sum(row.calls for row in rest), sum(row.ms for row in rest)
        yield f"| {len(rest)} more |  | {calls} | {ms:.3f} | {sum(row.share for row in rest):.1%} | | | | |"


def _cells(row: KernelRow) -> tuple[str, ...]:
    return (
        row.kernel,
        row.rule,
        str(row.calls),
        f"{row.ms:.3f}",
        f"{row.share:.1%}",
        "" if row.gflops is None else f"{row.gflops:.1f}",
        "" if row.of_peak is None else f"{row.of_peak:.0%}",
        f"{row.gbps:.1f}",
        f"{row.of_copy:.0%}",
    )
