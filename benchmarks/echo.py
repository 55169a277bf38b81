"""Who answers: a bare MQTT client, or the echo function of `examples/echo` in a simulator."""

from __future__ import annotations

import json
import multiprocessing
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.caller import subscribe
from greengrass_sim.mqtt.wire import confirm_at_once

START_S = 20.0
HANDLER = Path(__file__).parents[1] / "examples" / "echo" / "function"
DEVICE = "arn:aws:iot:eu-central-1:123456789012:thing/device"


def group(ends: dict[str, str], pinned: bool = True) -> dict[str, Any]:
    """A group that echoes `KIND/request/#` on `KIND/answer/#` for each kind; the values are their ends."""
    config = {"Executable": "echo.handler", "EncodingType": "binary", "Pinned": pinned}
    functions, subscriptions = [], []
    for kind, end in ends.items():
        arn = f"arn:aws:lambda:eu-central-1:123456789012:function:{kind}:1"
        functions.append(
            {"Id": kind, "FunctionArn": arn, "LocalPath": str(HANDLER), "FunctionConfiguration": config}
        )
        for name, source, target in (("request", end, arn), ("answer", arn, end)):
            route = {"Source": source, "Subject": f"{kind}/{name}/#", "Target": target}
            subscriptions.append({"Id": f"{kind}-{name}", **route})
    return {
        "Name": f"echo-{next(iter(ends))}",  # its client ids come from this
        "Devices": [{"Id": "device", "ThingArn": DEVICE}],
        "Functions": functions,
        "Subscriptions": subscriptions,
    }


@contextmanager
def simulator(url: str, folder: Path, document: dict[str, Any]) -> Iterator[subprocess.Popen[str]]:
    """`greengrass-sim start` with the group, until the context ends; its log is in `folder`."""
    file = folder / "group.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    command = [sys.executable, "-m", "greengrass_sim.cli", "start", str(file), "--broker", url]
    with (
        (folder / "log").open("w", encoding="utf-8") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        try:
            if process.stdout is None or not process.stdout.readline().startswith("ready "):
                raise SystemExit(f"the simulator did not start: {(folder / 'log').read_text()}")
            yield process
        finally:
            process.terminate()


@contextmanager
def bare_peer(url: str, kind: str) -> Iterator[None]:
    """A client in a process of its own that answers without any simulator."""
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=_answer, args=(url, kind, ready), daemon=True)
    process.start()
    try:
        if not ready.wait(START_S):
            raise SystemExit("the bare peer did not start")
        yield
    finally:
        process.terminate()
        process.join()


def _answer(url: str, kind: str, ready: Any) -> None:
    def on_message(client: Any, _data: object, message: Any) -> None:
        confirm_at_once(client.socket())
        client.publish(f"{kind}/answer/load", message.payload, 1)

    client: Any = Client(CallbackAPIVersion.VERSION2, "peer")
    client.on_subscribe = lambda *_: ready.set()
    client.on_message = on_message
    subscribe(client, url, f"{kind}/request/#")
    client.loop_forever()
