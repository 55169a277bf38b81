"""Worker processes that survive nothing but well-behaved cases: each has a time and a memory limit."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import resource
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess

from tests.conformance.cases import Case
from tests.conformance.judge import judge
from tests.conformance.outcome import Outcome

LIGHT_FACTOR = 8  # whole networks take that much longer than one operator
MOST_CASES = 200  # of one worker: what the tools leak goes with it

_fork = multiprocessing.get_context("fork")


@dataclass(frozen=True)
class Limits:
    """Seconds that one case may take; bytes of address space that a worker may take."""

    seconds: float = 60.0
    memory: int = 12 << 30


class _Worker:
    """One process, which judges a case at a time; cases reach it through the fork."""

    def __init__(self, cases: Sequence[Case], limits: Limits) -> None:
        self.pipe, inner = _fork.Pipe()
        self.process: ForkProcess = _fork.Process(target=_serve, args=(cases, limits, inner), daemon=True)
        self.process.start()
        inner.close()
        self.done = 0
        self.place: int | None = None
        self.deadline = 0.0

    def start(self, place: int, seconds: float) -> None:
        self.place, self.deadline = place, time.monotonic() + seconds
        self.pipe.send(place)

    def stop(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


def judge_all(cases: Sequence[Case], jobs: int, limits: Limits) -> Iterator[Outcome]:
    """The outcome of each case, in the order in which they end."""
    waiting = deque(range(len(cases)))
    workers = [_Worker(cases, limits) for _ in range(min(jobs, len(cases)))]
    try:
        while waiting or any(worker.place is not None for worker in workers):
            for number, worker in enumerate(workers):
                if worker.place is None and waiting:
                    if worker.done >= MOST_CASES:
                        worker.stop()
                        worker = workers[number] = _Worker(cases, limits)
                    place = waiting.popleft()
                    worker.start(place, _seconds(cases[place], limits, fresh=not worker.done))
            for number, outcome in _step(cases, workers, limits):
                if outcome.result in ("crash", "hang"):
                    workers[number].stop()
                    workers[number] = _Worker(cases, limits)
                yield outcome
    finally:
        for worker in workers:
            worker.stop()


def _seconds(case: Case, limits: Limits, *, fresh: bool) -> float:
    factor = LIGHT_FACTOR if case.kind == "light" else 1
    return limits.seconds * (factor + fresh)  # a fresh worker has to load its tools first


def _step(cases: Sequence[Case], workers: Sequence[_Worker], limits: Limits) -> Iterator[tuple[int, Outcome]]:
    """Wait for something to happen; the workers, by number, that ended a case or were ended."""
    busy = {worker.pipe: number for number, worker in enumerate(workers) if worker.place is not None}
    first = min(workers[number].deadline for number in busy.values())
    ready = wait(list(busy), max(0.0, first - time.monotonic()))
    for pipe, number in busy.items():
        worker = workers[number]
        if worker.place is None:
            continue
        case, outcome = cases[worker.place], None
        if pipe in ready:
            outcome = _received(worker, case)
        elif time.monotonic() >= worker.deadline:
            outcome = Outcome(case.name, case.kind, case.operator, "hang", "no end within the time limit")
        if outcome is not None:
            worker.place, worker.done = None, worker.done + 1
            yield number, outcome


def _received(worker: _Worker, case: Case) -> Outcome:
    try:
        outcome = worker.pipe.recv()
        if isinstance(outcome, Outcome):
            return outcome
    except EOFError:
        worker.process.join()
    code = worker.process.exitcode
    return Outcome(case.name, case.kind, case.operator, "crash", f"the process ended with status {code}")


def _serve(cases: Sequence[Case], limits: Limits, pipe: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - a device, not a file
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    with contextlib.suppress(EOFError, KeyboardInterrupt):
        while True:
            pipe.send(judge(cases[pipe.recv()]))
