"""The core: a group's functions, its services and the broker, put together around one exchange."""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from greengrass_sim.arn import parse_thing
from greengrass_sim.broker.url import BrokerUrl
from greengrass_sim.connectors.inference import with_connectors
from greengrass_sim.daemon.daemon import Daemon
from greengrass_sim.exchange import Exchange
from greengrass_sim.functions import Functions
from greengrass_sim.group import Group
from greengrass_sim.group.unenforced import unenforced
from greengrass_sim.logs import log_files
from greengrass_sim.mqtt.bridge import Bridge, BridgeOptions
from greengrass_sim.mqtt.session import Session, TlsFiles
from greengrass_sim.router import Router
from greengrass_sim.services.secrets import SecretsService
from greengrass_sim.shadow.part import ShadowPart
from greengrass_sim.watch.control import Control
from greengrass_sim.watch.metrics import Metrics
from greengrass_sim.watch.scrape import ScrapeServer
from greengrass_sim.workers.reload import CodeWatch


class Part(Protocol):
    """Something that serves in the core; its constructor attaches and registers it at the exchange."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


# Called with the group, the exchange and the folder for what must survive a restart.
MakePart = Callable[[Group, Exchange, Path], Part]

# Started in this order before the functions, stopped in the opposite order after them.
PARTS: tuple[MakePart, ...] = (ShadowPart, SecretsService)


@dataclass(frozen=True)
class CoreOptions:
    """The broker, and the folder for what the workers need and what must survive a restart.

    `metrics_port` is for Prometheus on this machine, 0 for any free one; `reload` restarts the workers of a
    function when its code changes.
    `strict` leaves out what handlers would not find on a core; `daemon_port` is explained by `Daemon`.
    """

    url: str
    work: Path
    tls: TlsFiles = field(default_factory=TlsFiles)
    bridge: BridgeOptions = field(default_factory=BridgeOptions)
    metrics_port: int | None = None
    reload: bool = False
    strict: bool = False
    daemon_port: int | None = None


class Core:
    """Runs a group between `start` and `stop`, in the running event loop.

    Raises GroupError for a connector that cannot be run.
    """

    def __init__(self, group: Group, options: CoreOptions) -> None:
        self._group = group = with_connectors(group)
        self._log = logging.getLogger("core")
        self.exchange = Exchange(Router(group.subscriptions))
        self._parts = [make(group, self.exchange, options.work) for make in PARTS]
        self._daemon = Daemon(self.exchange, options.daemon_port)
        self.functions = Functions(group, self.exchange, options.work, options.strict, self._daemon)
        self._work = options.work
        self._open = ExitStack()
        self._bridge = Bridge(group, self.exchange, _session(group, options), options.bridge)
        self._url, self._since = options.url, time.time()
        self._control = Control(options.work, self.exchange.watch, self.status)
        self._scrape = self._make_scrape(options.metrics_port)
        self._reload, self._code = options.reload, CodeWatch({}, self.functions.reload)

    async def start(self) -> None:
        """Returns when every function is subscribed and its handler imported, or known not to be importable.

        Raises BrokerError when the broker is away, GroupError when a model cannot be unpacked, StateError
        when another core uses the work folder, UnreachableError when a port for metrics or the local
        daemon is taken.
        """
        try:
            await self._control.start()
            logs = self._open.enter_context(log_files(self._work, self._group))
            self._log.info("log files are in %s", logs)
            for sentence in unenforced(self._group):
                self._log.info("%s", sentence)
            if self._scrape is not None:
                await self._scrape.start()
                self._log.info("metrics are at %s", self._scrape.url)
            await self._daemon.start()
            await self._bridge.open()
            for part in self._parts:
                await part.start()
            await self.functions.start()
            if self._reload:
                self._code = CodeWatch(self.functions.folders, self.functions.reload)
                await self._code.start()
            await self._bridge.subscribe()
            await self.functions.imported()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Ends all workers, then disconnects; what no handler has finished is left to the broker."""
        await self._code.stop()
        await self.functions.stop()
        for part in reversed(self._parts):
            await part.stop()
        await self._daemon.stop()
        await self._bridge.close()
        if self._scrape is not None:
            await self._scrape.stop()
        await self._control.stop()
        self._open.close()

    def status(self) -> dict[str, Any]:
        """What runs here, for `greengrass-sim status`; `since` is in seconds since 1970."""
        return {
            "schema_version": 1,
            "group": self._group.name,
            "broker": self._url,
            "pid": os.getpid(),
            "since": self._since,
            "metrics": self._scrape.url if self._scrape else None,
            "subscriptions": len(self._group.subscriptions),
            "functions": self.functions.status(),
        }

    def _make_scrape(self, port: int | None) -> ScrapeServer | None:
        if port is None:
            return None
        metrics = Metrics()
        self.exchange.watch.attach(metrics)
        return ScrapeServer(port, lambda: metrics.text(self.status()))

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


def _session(group: Group, options: CoreOptions) -> Session:
    """Ours at the broker, under the name of the core's thing."""
    cores = group.cores
    # Without a core, from the group's name: brokers differ in what else they take in a client id.
    thing = parse_thing(cores[0].thing_arn).name if cores else re.sub(r"[^\w-]", "-", group.name)
    return Session(BrokerUrl.parse(options.url), thing, tls=options.tls)
