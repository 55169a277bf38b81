"""MQTT load: QoS 1 requests through the simulator to an echo handler, next to a bare client that echoes.

    python -m benchmarks.messages [--broker mosquitto|embedded] [--requests 10000] [--seconds 60] [--json]

All go through the same broker in the same run, in turns, so that their ratios mean something on a busy
machine. The handler is that of `examples/echo`: once between devices, once from and to the cloud, where a
core has one message under way. `--seconds` adds a sustained load between devices. Exit code 1 when an answer
is missing or came twice.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.caller import Answered, Caller
from benchmarks.echo import DEVICE, bare_peer, group, simulator
from greengrass_sim.broker.kinds import KINDS, open_broker

SCHEMA_VERSION = 2
ENDS = {"device": DEVICE, "cloud": "cloud"}
NAMES = {"bare": "client to client", "device": "function, device", "cloud": "function, cloud"}
UNDER_WAY = 100
TURNS = 5


@dataclass(frozen=True)
class Measured:
    """There and back: `rate` in requests a second with UNDER_WAY at a time, times in ms one at a time.

    `rate_ratio` and `above_ms` compare rate and median with the bare client's.
    """

    requests: int
    lost: int
    doubled: int
    rate: float
    median_ms: float
    p90_ms: float
    p99_ms: float
    rate_ratio: float = 1.0
    above_ms: float = 0.0


@dataclass(frozen=True)
class Extra:
    """What is measured once: first requests to on-demand functions, in ms, and a load that goes on."""

    cold_ms: list[float]
    sustained: Answered | None


def measure(callers: dict[str, Caller], requests: int) -> dict[str, Measured]:
    """All kinds in turns; ends early when an answer is missing."""
    each = max(1, requests // TURNS)
    alone: dict[str, list[float]] = {kind: [] for kind in callers}
    loaded: dict[str, list[Answered]] = {kind: [] for kind in callers}
    for caller in callers.values():
        caller.run(iter(range(200)), UNDER_WAY)
    for turn in range(TURNS):
        for kind, caller in callers.items():
            caller.run(iter(range(each // 10 + 1)), 1)
            alone[kind] += caller.times
            loaded[kind].append(caller.run(iter(range(turn * each, (turn + 1) * each)), UNDER_WAY))
        if any(turns[-1].lost for turns in loaded.values()):
            break  # the figures are worth nothing, and every turn would wait
    rows = {kind: _summary(loaded[kind], alone[kind]) for kind in callers}
    return {kind: _compared(row, rows["bare"]) for kind, row in rows.items()}


def _summary(turns: list[Answered], alone: list[float]) -> Measured:
    cuts = statistics.quantiles(alone, n=100)
    return Measured(
        requests=sum(one.requests for one in turns),
        lost=sum(one.lost for one in turns),
        doubled=sum(one.doubled for one in turns),
        rate=round(statistics.median(one.rate for one in turns), 1),
        median_ms=round(cuts[49] * 1000, 3),
        p90_ms=round(cuts[89] * 1000, 3),
        p99_ms=round(cuts[98] * 1000, 3),
    )


def _compared(row: Measured, bare: Measured) -> Measured:
    table = asdict(row)
    table["rate_ratio"] = round(row.rate / bare.rate, 3)
    table["above_ms"] = round(row.median_ms - bare.median_ms, 3)
    return Measured(**table)


def sustain(caller: Caller, seconds: float) -> Answered:
    """UNDER_WAY requests at a time for so long."""
    return caller.run(_until(time.perf_counter() + seconds), UNDER_WAY)


def cold_starts(url: str, count: int) -> list[float]:
    """Milliseconds from the first request to each of `count` on-demand functions until its answer."""
    kinds = {f"cold{number}": DEVICE for number in range(count)}
    with tempfile.TemporaryDirectory() as folder, simulator(url, Path(folder), group(kinds, pinned=False)):
        callers = [Caller(url, kind) for kind in kinds]
        for caller in callers:
            caller.run(iter(range(1)), 1)
            caller.close()
    return [1000 * time for caller in callers for time in caller.times]


def _until(deadline: float) -> Iterator[int]:
    for number in itertools.count():
        if time.perf_counter() > deadline:
            return
        yield number


def _table(broker: str, results: dict[str, Measured], extra: Extra) -> str:
    heads = ("lost", "doubled", "per second", "of bare", "median ms", "above bare", "p90 ms", "p99 ms")
    requests = results["bare"].requests
    lines = [
        f"{broker}: {requests} QoS 1 requests each, {UNDER_WAY} under way; times are for one at a time",
        f"{'':17}" + "".join(f"{head:>11}" for head in heads),
    ]
    for kind, one in results.items():
        rate = f"{one.lost:11}{one.doubled:11}{one.rate:11.0f}{one.rate_ratio:11.2f}"
        times = f"{one.median_ms:11.2f}{one.above_ms:11.2f}{one.p90_ms:11.2f}{one.p99_ms:11.2f}"
        lines.append(f"{NAMES[kind]:17}{rate}{times}")
    if extra.cold_ms:
        median, longest = statistics.median(extra.cold_ms), max(extra.cold_ms)
        lines.append(f"on-demand, first request: {median:.0f} ms, {longest:.0f} ms at most")
    if sustained := extra.sustained:
        lines.append(
            f"sustained, device: {sustained.rate:.0f} requests a second for {sustained.took:.0f} s, "
            f"{sustained.requests} in all, {sustained.lost} lost, {sustained.doubled} doubled"
        )
    return "\n".join(lines)


def _document(broker: str, results: dict[str, Measured], extra: Extra) -> dict[str, object]:
    kinds = {kind: asdict(one) for kind, one in results.items()}
    cold_ms = [round(one, 1) for one in extra.cold_ms]
    document = {"schema_version": SCHEMA_VERSION, "broker": broker, **kinds, "cold_ms": cold_ms}
    if sustained := extra.sustained:
        document["sustained"] = {**asdict(sustained), "rate": round(sustained.rate, 1)}
    return document


def main() -> int:
    parser = argparse.ArgumentParser("python -m benchmarks.messages", description=__doc__.splitlines()[0])
    parser.add_argument("--broker", choices=sorted(KINDS), default="mosquitto", help="default: %(default)s")
    parser.add_argument("--requests", type=int, default=10_000, help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=0.0, help="of sustained load; default: none")
    parser.add_argument("--cold", type=int, default=10, help="on-demand functions; default: %(default)s")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        open_broker(options.broker) as broker,
        bare_peer(broker.url, "bare"),
        simulator(broker.url, Path(folder), group(ENDS)),
    ):
        callers = {kind: Caller(broker.url, kind) for kind in NAMES}
        results = measure(callers, options.requests)
        sustained = sustain(callers["device"], options.seconds) if options.seconds else None
        for caller in callers.values():
            caller.close()
        extra = Extra(cold_starts(broker.url, options.cold), sustained)
    if options.json:
        print(json.dumps(_document(options.broker, results, extra), indent=2))
    else:
        print(_table(options.broker, results, extra))
    wrong = [one.lost + one.doubled for one in results.values()]
    return int(any(wrong) or bool(sustained and sustained.lost + sustained.doubled))


if __name__ == "__main__":
    sys.exit(main())
