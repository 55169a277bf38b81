"""QoS 1 requests under faults: the worker is killed every few seconds, the broker restarted in between.

    python -m benchmarks.faults [--requests 100000] [--kill-every 5] [--restarts 2] [--json]

A device with a persistent session asks the echo function through mosquitto, 100 requests under way. What
comes twice is counted, what does not come is lost: exit code 1.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.asker import Asker
from benchmarks.echo import DEVICE, group, simulator
from greengrass_sim.broker.mosquitto import Mosquitto

SCHEMA_VERSION = 1
UNDER_WAY = 100
GIVE_UP_S = 60.0
WORKER = b"greengrass_sim.runtime.worker"


@dataclass(frozen=True)
class Survived:
    """What happened: `marked` answers had the DUP flag, `doubled` ones came once more; `seconds` in all."""

    requests: int
    answered: int
    doubled: int
    marked: int
    workers_killed: int
    broker_restarts: int
    seconds: float


class Killer(threading.Thread):
    """Kills the workers below `parent` every `every` seconds, until it is stopped."""

    def __init__(self, parent: int, every: float) -> None:
        super().__init__(daemon=True)
        self.killed = 0
        self._parent = parent
        self._every = every
        self._end = threading.Event()

    def run(self) -> None:
        while not self._end.wait(self._every):
            for pid in workers_of(self._parent):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    self.killed += 1

    def stop(self) -> None:
        self._end.set()
        self.join()


def workers_of(parent: int) -> list[int]:
    """The processes of workers whose parent is `parent` (Linux)."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[1]) == parent and WORKER in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
    return found


def survive(requests: int, kill_every: float, restarts: int, folder: Path) -> Survived:
    """One run; returns when all is answered, or nothing was for GIVE_UP_S."""
    (folder / "broker").mkdir()
    with (
        Mosquitto(folder=folder / "broker") as broker,
        simulator(broker.url, folder, group({"device": DEVICE})) as core,
    ):
        started = time.monotonic()
        asker = Asker(broker.url, "device", requests, UNDER_WAY)
        killer = Killer(core.pid, kill_every)
        killer.start()
        for number in range(restarts):
            asker.wait_for(requests * (number + 1) // (restarts + 1), GIVE_UP_S)
            broker.stop()
            broker.start()
        asker.wait_for(requests, GIVE_UP_S)
        killer.stop()
        took = time.monotonic() - started
        asker.close()
    return Survived(
        requests=requests,
        answered=asker.answered,
        doubled=asker.doubled,
        marked=asker.marked,
        workers_killed=killer.killed,
        broker_restarts=restarts,
        seconds=round(took, 1),
    )


def _text(one: Survived) -> str:
    return (
        f"{one.answered} of {one.requests} QoS 1 requests answered in {one.seconds:.0f} s, with "
        f"{one.workers_killed} workers killed and {one.broker_restarts} restarts of the broker; "
        f"{one.doubled} answers came again, {one.marked} were marked as sent again"
    )


def main() -> int:
    parser = argparse.ArgumentParser("python -m benchmarks.faults", description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=100_000, help="default: %(default)s")
    parser.add_argument("--kill-every", type=float, default=5.0, metavar="S", help="default: %(default)g")
    parser.add_argument("--restarts", type=int, default=2, help="of the broker; default: %(default)s")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a sentence")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = survive(options.requests, options.kill_every, options.restarts, Path(folder))
    if options.json:
        print(json.dumps({"schema_version": SCHEMA_VERSION, **asdict(result)}, indent=2))
    else:
        print(_text(result))
    return int(result.answered != result.requests)


if __name__ == "__main__":
    sys.exit(main())
