"""`greengrass-sim invoke`: one event through one function, with neither broker nor core."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import tempfile
from argparse import Namespace
from pathlib import Path
from typing import Any

from edge_runtime.errors import ExitCode
from greengrass_sim.commands.group_options import group_of
from greengrass_sim.daemon.daemon import Daemon
from greengrass_sim.errors import UsageError
from greengrass_sim.exchange import Exchange, Message
from greengrass_sim.functions import IMPORT_S
from greengrass_sim.group import Function, Group
from greengrass_sim.limits import Limits
from greengrass_sim.router import Router
from greengrass_sim.topics import did_you_mean, name_problem
from greengrass_sim.workers.launch import make_launches
from greengrass_sim.workers.pinned import PinnedWorker
from greengrass_sim.workers.queue import WorkItems
from greengrass_sim.workers.work import Outcome, Work

SCHEMA_VERSION = 1


def run(options: Namespace) -> int:
    """Prints what the handler returned and published as JSON; exit code 1 when it failed."""
    group = group_of(options)
    function = _find(group, options.function)
    if problem := name_problem(options.topic):
        raise UsageError(f"--topic {options.topic!r}: {problem}")
    work = Work((None, {"subject": options.topic}, {}), _read(options.event), max_attempts=1)
    with tempfile.TemporaryDirectory(prefix="greengrass-sim-") as folder:
        answer = asyncio.run(invoke(group, function, work, Path(folder)))
    print(json.dumps(answer, indent=2, ensure_ascii=False))
    return ExitCode.OK if answer["error"] is None else ExitCode.BUG


async def invoke(group: Group, function: Function, work: Work, folder: Path) -> dict[str, Any]:
    """Handles `work` in a worker of its own: `returned`, `error` and `published`, ready for JSON."""
    exchange = Exchange(Router(group.subscriptions))
    published = _Published(exchange)
    for row in group.subscriptions:
        exchange.attach(row.target, published, Limits() if row.target in group.mqtt_side else None)
    daemon = Daemon(0)
    await daemon.start()
    launch = make_launches(group, folder, door=daemon)[function.function_arn]
    worker = PinnedWorker(launch, exchange, WorkItems())
    worker.start()
    try:
        outcome = await _outcome(worker, work)
    finally:
        await worker.stop()
        await daemon.stop()
    return {
        "schema_version": SCHEMA_VERSION,
        "function": function.function_arn,
        **_returned(function, outcome),
        "error": outcome.error,
        "published": published.messages,
    }


class _Published:
    """Stands for everything that subscriptions lead to, and keeps what it gets, ready for JSON."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self.messages: list[dict[str, Any]] = []

    def has_room(self, _message: Message) -> bool:
        return True

    def deliver(self, message: Message) -> None:
        targets = self._exchange.router.targets(message.source, message.topic)
        payload = _as_json("payload", message.payload)
        self.messages.append({"topic": message.topic, **payload, "targets": targets})


async def _outcome(worker: PinnedWorker, work: Work) -> Outcome:
    try:
        await asyncio.wait_for(worker.settled.wait(), IMPORT_S)
    except TimeoutError:
        return Outcome(error=f"the handler's module is still being imported after {IMPORT_S:g} s")
    if worker.failure is not None:
        return Outcome(error=worker.failure)
    return await worker.run(work)


def _returned(function: Function, outcome: Outcome) -> dict[str, Any]:
    if outcome.error is not None:
        return {"returned": None}
    if function.config.encoding_type == "json":
        return {"returned": json.loads(outcome.returned)}
    return _as_json("returned", outcome.returned)


def _as_json(name: str, data: bytes) -> dict[str, str]:
    """Text as it is; other bytes in base64, under another name."""
    try:
        return {name: data.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(data).decode()}


def _find(group: Group, name: str) -> Function:
    known: dict[str, Function] = {}
    for function in group.functions:
        arn = function.function_arn
        known |= {arn: function, arn.split(":")[-2]: function}
    known |= {function.id: function for function in group.functions}
    if name not in known:
        ids = ", ".join(function.id for function in group.functions) or "none"
        raise UsageError(f"no function {name!r} in this group{did_you_mean(name, known)} (there is: {ids})")
    return known[name]


def _read(source: str) -> bytes:
    if source == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read the event {source}: {error.strerror}") from error
