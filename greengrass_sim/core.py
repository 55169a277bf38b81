"""The core: what lasts over deployments, and the group that is deployed."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Self

from greengrass_sim.connectors.inference import with_connectors
from greengrass_sim.daemon.daemon import Daemon
from greengrass_sim.deployment import Deployment, DeploymentOptions, thing_of
from greengrass_sim.errors import UsageError
from greengrass_sim.group import Group
from greengrass_sim.mqtt.bridge import BridgeOptions
from greengrass_sim.watch.control import Control
from greengrass_sim.watch.metrics import Metrics
from greengrass_sim.watch.scrape import ScrapeServer
from greengrass_sim.watch.stream import Watch


@dataclass(frozen=True)
class CoreOptions:
    """How groups are deployed, and ports of this machine.

    `metrics_port` is for Prometheus, 0 for any free one; `daemon_port` is explained by `Daemon`.
    """

    deployment: DeploymentOptions
    metrics_port: int | None = None
    daemon_port: int | None = None


class Core:
    """Runs a group between `start` and `stop`, in the running event loop.

    Raises GroupError for a connector that cannot be run.
    """

    def __init__(self, group: Group, options: CoreOptions) -> None:
        self._log = logging.getLogger("core")
        self._watch = Watch()
        self._daemon = Daemon(options.daemon_port)
        self._thing = thing_of(group)
        self._deployment = self._make(group, options.deployment)
        self._changing = asyncio.Lock()
        self._since = time.time()
        self.control = Control(options.deployment.work, self._watch, self.status)
        self._scrape = self._make_scrape(options.metrics_port)

    async def start(self) -> None:
        """Returns when every function is subscribed and its handler imported, or known not to be importable.

        Raises BrokerError when the broker is away, GroupError when a model cannot be unpacked, StateError
        when another core uses the work folder, UnreachableError when a port for metrics or the local
        daemon is taken.
        """
        async with self._changing:
            await self._start()

    async def deploy(self, group: Group, bridge: BridgeOptions) -> None:
        """Replaces the group: its functions end, then those of the new one start.

        What the broker has accepted waits in sessions that both groups have. Raises UsageError for a group of
        another core, and what `start` raises; then the group from before runs again.
        """
        if group.cores and thing_of(group) != self._thing:
            raise UsageError(f"the group is for the core {thing_of(group)}, this one is {self._thing}")
        async with self._changing:
            with_connectors(group)  # what is wrong with them is known before anything stops
            before = self._deployment
            self._log.info("the group %s is replaced by %s", before.group.name, group.name)
            sessions = before.sessions
            await before.stop()
            self._deployment = following = self._make(group, replace(before.options, bridge=bridge))
            try:
                await following.start(sessions)
            except Exception as error:
                self._log.error("the group %s is deployed again: %s", before.group.name, error)
                self._deployment = self._make(before.group, before.options)
                await self._deployment.start({**sessions, **following.sessions})
                raise

    async def stop(self) -> None:
        """Ends all workers, then disconnects; what no handler has finished is left to the broker."""
        async with self._changing:
            await self._deployment.stop()
            await self._close()

    def status(self) -> dict[str, Any]:
        """What runs here, for `greengrass-sim status`; `since` is in seconds since 1970."""
        group, functions = self._deployment.group, self._deployment.functions
        return {
            "schema_version": 1,
            "group": group.name,
            "broker": self._deployment.options.url,
            "pid": os.getpid(),
            "since": self._since,
            "metrics": self._scrape.url if self._scrape else None,
            "subscriptions": len(group.subscriptions),
            "functions": functions.status(),
        }

    async def _start(self) -> None:
        try:
            await self.control.start()
            if self._scrape is not None:
                await self._scrape.start()
                self._log.info("metrics are at %s", self._scrape.url)
            await self._daemon.start()
            await self._deployment.start()
        except BaseException:
            await self._close()
            raise

    def _make(self, group: Group, options: DeploymentOptions) -> Deployment:
        return Deployment(group, replace(options, thing=self._thing), self._watch, self._daemon)

    def _make_scrape(self, port: int | None) -> ScrapeServer | None:
        if port is None:
            return None
        metrics = Metrics()
        self._watch.attach(metrics)
        return ScrapeServer(port, lambda: metrics.text(self.status()))

    async def _close(self) -> None:
        await self._daemon.stop()
        if self._scrape is not None:
            await self._scrape.stop()
        await self.control.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
