"""One sample: deployed, fed, and watched until it has done what it should, or too long."""

from __future__ import annotations

import hashlib
import queue
import re
import socket
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from greengrass_sim.broker.child import free_port
from tests.greengrass_sim.groups import function_arn, subscription, thing_arn
from tests.greengrass_sim.probe import Probe
from tests.greengrass_sim.simulator import Simulator
from tests.third_party.samples import SECRET, THING, WATCHER, Sample

PATIENCE_S = 25.0
KEPT = 3
_ERROR = re.compile(r"\[(ERROR|FATAL|CRITICAL)\]")
_LINE = re.compile(r"\[\d{4}-")


@dataclass
class Report:
    """What came of a sample; of many messages on a topic the first are kept, and their count.

    `missing` is empty when it did all that it should.
    """

    sha256: str
    published: list[tuple[str, bytes]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    logged: list[str] = field(default_factory=list)
    raised: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def run_sample(sample: Sample, root: Path, sdk: Path | None, folder: Path) -> Report:
    """Runs the sample from the checkouts below `root`, with the SDK in the folder `sdk` or with ours.

    Files of the run go to `folder`.

    Raises FileNotFoundError for a sample that is not there, AssertionError when the core does not start.
    """
    file = find(root, sample.file)
    before = _digest(file)
    report = Report(before)
    port = free_port()
    document = _document(sample, root, sdk, folder, port)
    options = ["--limits", "none"]
    if sample.secret is not None:
        options += ["--secrets", str(_secrets(sample.secret, folder))]
    with Simulator(folder, document, "mosquitto", *options) as simulator:
        with Probe(simulator.port) as probe:
            for topic in ("#", "$aws/#"):
                probe.subscribe(topic)
            _fill(sample, folder)
            for topic, payload in sample.feed:
                probe.publish(topic, payload)
            _watch(sample, simulator, probe, report, port)
        simulator.stop()
    _read_log(report, simulator.log)
    if _digest(file) != before:
        report.missing.append(f"{file} was changed")
    return report


def find(root: Path, path: str) -> Path:
    """The file below `root` whose path ends so."""
    for candidate in (
        root,
        *(one for one in sorted(root.rglob("*")) if one.is_dir() and one.name[:1] != "."),
    ):
        if (candidate / path).is_file():
            return candidate / path
    raise FileNotFoundError(f"no {path} below {root}")


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _document(sample: Sample, root: Path, sdk: Path | None, folder: Path, port: int) -> dict[str, Any]:
    # The files of others stay as they are, and find the SDK as an installed package would be found.
    path = {} if sdk is None else {"PYTHONPATH": str(sdk)}
    variables = {"PYTHONDONTWRITEBYTECODE": "1", **path, **sample.variables}
    if sample.socket_variable is not None:
        variables[sample.socket_variable] = str(port)
    resources = _resources(sample, folder)
    policies = [{"ResourceId": one["Id"], "Permission": "rw"} for one in resources]
    functions = [
        {
            "Id": name,
            "FunctionArn": function_arn(name),
            "LocalPath": str(find(root, file).parent),
            "FunctionConfiguration": {
                "Executable": f"{Path(file).stem}.{handler}",
                "Pinned": True,
                "Environment": {"Variables": variables, "ResourceAccessPolicies": policies},
                **sample.config,
            },
        }
        for name, (file, handler) in {"self": (sample.file, sample.handler), **sample.others}.items()
    ]
    names = {WATCHER: thing_arn(WATCHER), **{one["Id"]: one["FunctionArn"] for one in functions}}
    rows = [
        subscription(number, str(names.get(source, source)), subject, str(names.get(target, target)))
        for number, (source, subject, target) in enumerate(sample.subscriptions)
    ]
    cores = [{"Id": "core", "ThingArn": thing_arn(THING)}]
    devices = [{"Id": WATCHER, "ThingArn": thing_arn(WATCHER)}]
    return {
        "Cores": cores,
        "Devices": devices,
        "Functions": functions,
        "Resources": resources,
        "Subscriptions": rows,
    }


def _resources(sample: Sample, folder: Path) -> list[dict[str, Any]]:
    resources: list[dict[str, Any]] = []
    if sample.volume is not None:
        (folder / "volume").mkdir()
        data = {"SourcePath": str(folder / "volume"), "DestinationPath": sample.volume[0]}
        container: dict[str, Any] = {"LocalVolumeResourceData": data}
        resources.append({"Id": "volume", "Name": "volume", "ResourceDataContainer": container})
    if sample.secret is not None:
        arn = f"arn:aws:secretsmanager:eu-central-1:123456789012:secret:{sample.secret}"
        container = {"SecretsManagerSecretResourceData": {"ARN": arn}}
        resources.append({"Id": "secret", "Name": "secret", "ResourceDataContainer": container})
    return resources


def _fill(sample: Sample, folder: Path) -> None:
    """Files that the sample waits for come when what it makes of them can be seen."""
    for name, text in sample.volume[1].items() if sample.volume else ():
        (folder / "half").write_text(text)
        (folder / "half").rename(folder / "volume" / name)


def _secrets(name: str, folder: Path) -> Path:
    path = folder / "secrets.toml"
    path.touch(0o600)
    path.write_text(f'[{name}]\nstring = "{SECRET}"\n')
    return path


def _watch(sample: Sample, simulator: Simulator, probe: Probe, report: Report, port: int) -> None:
    """Until all that is expected has come; a benchmark may publish faster than we could keep."""
    deadline, looked = time.monotonic() + PATIENCE_S, 0.0
    fed, awaited = {topic for topic, _ in sample.feed}, list(sample.published)
    spoken, absent = sample.socket_variable is None, list(sample.logged)
    while (awaited or absent) and time.monotonic() < deadline:
        try:
            message = probe.messages.get(timeout=0.2)
        except queue.Empty:
            spoken = spoken or _speak(port)
        else:
            if message.topic not in fed:
                _keep(report, awaited, message.topic, message.payload)
        if time.monotonic() - looked > 0.2:
            looked, log = time.monotonic(), simulator.log
            absent = [part for part in absent if part not in log]
    report.missing = [f"nothing with {part!r} on {topic}" for topic, part in awaited]
    report.missing += [f"no log line with {part!r}" for part in absent]


def _keep(report: Report, awaited: list[tuple[str, str]], topic: str, payload: bytes) -> None:
    text = payload.decode(errors="replace")
    found = [one for one in awaited if one[0] == topic and one[1] in text]
    for one in found:
        awaited.remove(one)
    report.counts[topic] += 1
    if found or report.counts[topic] <= KEPT:
        report.published.append((topic, payload))


def _speak(port: int) -> bool:
    """Whether the sample's socket server has taken our bytes; it listens when it is ready."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"over a socket")
    except OSError:
        return False
    return True


def _read_log(report: Report, log: str) -> None:
    error = False
    for line in log.splitlines():
        if _LINE.match(line):
            error = bool(_ERROR.search(line))
        if error:
            report.raised.append(line)
        elif "function." in line or "lambda" in line:
            report.logged.append(line)
