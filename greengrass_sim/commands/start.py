"""`greengrass-sim start`: broker, core and workers, until SIGINT or SIGTERM."""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import FrameType

from edge_runtime.errors import ExitCode
from greengrass_sim.broker.kinds import KINDS, Broker, open_broker
from greengrass_sim.broker.url import BrokerUrl
from greengrass_sim.commands.deploying import Redeployment, bridge_options, check_topics, device_names
from greengrass_sim.commands.group_options import group_of
from greengrass_sim.core import Core, CoreOptions
from greengrass_sim.deployment import DeploymentOptions
from greengrass_sim.errors import UsageError
from greengrass_sim.gate.packets import V3, V5
from greengrass_sim.gate.server import Gate, GateOptions
from greengrass_sim.gate.tls import server_context
from greengrass_sim.group import Group
from greengrass_sim.limits import PROFILES
from greengrass_sim.mqtt.session import TlsFiles

DEFAULT_PORT = 1883
_ENDS = {signal.SIGINT: ExitCode.INTERRUPTED, signal.SIGTERM: ExitCode.OK}


def run(options: Namespace) -> int:
    """Prints `ready URL` when messages are served; 130 after SIGINT, 0 after SIGTERM."""
    group = group_of(options)
    check_topics(group, options.broker)
    if options.port is not None and options.broker not in KINDS:
        raise UsageError("--port is for the brokers embedded and mosquitto; a URL has its own port")
    port = DEFAULT_PORT if options.port is None else options.port
    tls = TlsFiles(options.ca, options.cert, options.key)
    signal.signal(signal.SIGTERM, _leave)
    with _deaf_at_the_end(), _work_folder(options.work) as work, open_broker(options.broker, port) as broker:
        gate = _gate(options, group, broker) if options.pki else None
        deployment = DeploymentOptions(
            broker.url,
            work,
            tls,
            bridge_options(options, group),
            reload=options.reload,
            strict=options.strict,
        )
        return asyncio.run(_serve(options, group, deployment, gate))


def _gate(options: Namespace, group: Group, broker: Broker) -> Gate:
    """The door for the group's devices, before a broker that listens without TLS."""
    urls = {V3: BrokerUrl.parse(broker.url), V5: BrokerUrl.parse(broker.url_v5)}
    if any(url.tls or url.user is not None for url in urls.values()):
        raise UsageError("--pki needs a broker without TLS and password behind it: let that one ask devices")
    return Gate(
        GateOptions(
            context=server_context(Path(options.pki)),
            devices=device_names(group),
            brokers=urls,
            limits=PROFILES[options.limits],
            host=options.tls_host,
            port=options.tls_port,
        )
    )


async def _serve(options: Namespace, group: Group, deployment: DeploymentOptions, gate: Gate | None) -> int:
    loop = asyncio.get_running_loop()
    core = Core(group, CoreOptions(deployment, options.metrics_port, options.daemon_port))
    core.control.requests["deploy"] = Redeployment(options, core, gate)
    end: asyncio.Future[ExitCode] = loop.create_future()
    for number, code in _ENDS.items():
        signal.signal(number, partial(_end, end, code))
    changed = asyncio.Event()
    starting = loop.create_task(_start(core, gate))
    starting.add_done_callback(lambda _: changed.set())
    end.add_done_callback(lambda _: changed.set())
    await changed.wait()
    if end.done():
        starting.cancel()
        with suppress(asyncio.CancelledError):
            await starting
        return end.result()
    starting.result()
    print(f"ready {deployment.url}{f' {gate.url}' if gate else ''}", flush=True)
    try:
        return await end
    finally:
        if gate:
            await gate.stop()
        await core.stop()


async def _start(core: Core, gate: Gate | None) -> None:
    await core.start()
    try:
        if gate:
            await gate.start()
    except BaseException:
        await core.stop()
        raise


def _end(end: asyncio.Future[ExitCode], code: ExitCode, _number: int, _frame: FrameType | None) -> None:
    """Stays when the loop is closed, unlike the loop's own: further signals break off nothing that ends."""
    if not end.done():
        end.get_loop().call_soon_threadsafe(_settle, end, code)


def _settle(end: asyncio.Future[ExitCode], code: ExitCode) -> None:
    if not end.done():
        end.set_result(code)


def _leave(_number: int, _frame: FrameType | None) -> None:
    """SIGTERM while the broker starts or ends: unwinds, so that nothing is left behind."""
    sys.exit(ExitCode.OK)


@contextmanager
def _deaf_at_the_end() -> Iterator[None]:
    """At the end: Python gives up its handlers before the process has ended."""
    try:
        yield
    finally:
        for number in _ENDS:
            signal.signal(number, signal.SIG_IGN)


@contextmanager
def _work_folder(path: str | None) -> Iterator[Path]:
    if path is None:
        with tempfile.TemporaryDirectory(prefix="greengrass-sim-") as folder:
            yield Path(folder)
        return
    folder_given = Path(path).absolute()
    try:
        folder_given.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot use the folder {path}: {error.strerror}") from error
    yield folder_given
