"""`greengrass-sim start`: broker, core and workers, until SIGINT or SIGTERM."""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from edge_runtime.errors import ExitCode
from greengrass_sim.broker.kinds import KINDS, open_broker
from greengrass_sim.core import Core, CoreOptions
from greengrass_sim.errors import UsageError
from greengrass_sim.group import Group, load_group
from greengrass_sim.mqtt.session import TlsFiles

DEFAULT_PORT = 1883
_ENDS = {signal.SIGINT: ExitCode.INTERRUPTED, signal.SIGTERM: ExitCode.OK}


def run(options: Namespace) -> int:
    """Prints `ready URL` when messages are served; 130 after SIGINT, 0 after SIGTERM."""
    group = load_group(options.group)
    _check_topics(group, options.broker)
    if options.port is not None and options.broker not in KINDS:
        raise UsageError("--port is for the brokers embedded and mosquitto; a URL has its own port")
    port = DEFAULT_PORT if options.port is None else options.port
    tls = TlsFiles(options.ca, options.cert, options.key)
    signal.signal(signal.SIGTERM, _leave)
    with _work_folder(options.work) as work, open_broker(options.broker, port) as broker:
        return asyncio.run(_serve(group, CoreOptions(broker.url, work, tls, options.wait)))


def _check_topics(group: Group, broker: str) -> None:
    """iotcore ends the connection of a client that names a topic of the system, such as a shadow's."""
    if broker != "embedded":
        return
    for number, row in enumerate(group.subscriptions):
        if row.subject.startswith("$") and not group.mqtt_side.isdisjoint((row.source, row.target)):
            raise UsageError(
                f"the embedded broker takes no topics that begin with $, such as {row.subject} in "
                f"$.Subscriptions[{number}]: use --broker mosquitto"
            )


async def _serve(group: Group, options: CoreOptions) -> int:
    loop = asyncio.get_running_loop()
    end: asyncio.Future[ExitCode] = loop.create_future()
    for number, code in _ENDS.items():
        loop.add_signal_handler(number, _settle, end, code)
    core, changed = Core(group, options), asyncio.Event()
    starting = loop.create_task(core.start())
    starting.add_done_callback(lambda _: changed.set())
    end.add_done_callback(lambda _: changed.set())
    await changed.wait()
    if end.done():
        starting.cancel()
        with suppress(asyncio.CancelledError):
            await starting
        return end.result()
    starting.result()
    print(f"ready {options.url}", flush=True)
    try:
        return await end
    finally:
        await core.stop()


def _settle(end: asyncio.Future[ExitCode], code: ExitCode) -> None:
    if not end.done():
        end.set_result(code)


def _leave(_number: int, _frame: FrameType | None) -> None:
    """SIGTERM while the broker starts or ends: unwinds, so that nothing is left behind."""
    sys.exit(ExitCode.OK)


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
