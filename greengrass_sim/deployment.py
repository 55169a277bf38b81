"""A deployed group: its functions, its services and its sessions at the broker, around one exchange."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from greengrass_sim.arn import parse_thing
from greengrass_sim.broker.url import BrokerUrl
from greengrass_sim.connectors.inference import with_connectors
from greengrass_sim.errors import StateError
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
from greengrass_sim.watch.stream import Watch
from greengrass_sim.workers.guest import Door
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
class DeploymentOptions:
    """The broker, and the folder for what the workers need and what must survive a restart.

    `thing` is our name at the broker; if not given, it comes from the group. `reload` restarts the workers of
    a function when its code changes. `strict` leaves out what handlers would not find on a core.
    """

    url: str
    work: Path
    tls: TlsFiles = field(default_factory=TlsFiles)
    bridge: BridgeOptions = field(default_factory=BridgeOptions)
    thing: str | None = None
    reload: bool = False
    strict: bool = False


class Deployment:
    """Runs a group between `start` and `stop`, in the running event loop.

    What happens is told to `watch`, and processes come to the core by `door`. Raises GroupError for a
    connector that cannot be run.
    """

    def __init__(self, group: Group, options: DeploymentOptions, watch: Watch, door: Door) -> None:
        self.group = group = with_connectors(group)
        self.options = options
        self._log = logging.getLogger("core")
        exchange = Exchange(Router(group.subscriptions), watch)
        self._parts = [make(group, exchange, options.work) for make in PARTS]
        self.functions = Functions(group, exchange, options.work, options.strict, door)
        self._open = ExitStack()
        session = Session(BrokerUrl.parse(options.url), options.thing or thing_of(group), tls=options.tls)
        self._bridge = Bridge(group, exchange, session, options.bridge)
        self._code = CodeWatch({}, self.functions.reload)

    async def start(self, before: Mapping[str, tuple[str, ...]] | None = None) -> None:
        """Returns when every function is subscribed and its handler imported, or known not to be importable.

        `before` are the sessions of the group that was deployed until now. Raises BrokerError when the broker
        is away, GroupError when a model cannot be unpacked, StateError when the work folder takes no files.
        """
        try:
            logs = self._open.enter_context(log_files(self.options.work, self.group))
            self._log.info("log files are in %s", logs)
            for sentence in unenforced(self.group):
                self._log.info("%s", sentence)
            await self._bridge.open()
            for part in self._parts:
                await part.start()
            await self.functions.start()
            if self.options.reload:
                self._code = CodeWatch(self.functions.folders, self.functions.reload)
                await self._code.start()
            await self._bridge.subscribe(before or {})
            await self.functions.imported()
        except OSError as error:
            await self.stop()
            raise StateError(f"{self.options.work}: cannot be used as work folder: {error}") from error
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Ends all workers, then disconnects; what no handler has finished is left to the broker."""
        await self._code.stop()
        await self.functions.stop()
        for part in reversed(self._parts):
            await part.stop()
        await self._bridge.close()
        self._open.close()

    @property
    def sessions(self) -> dict[str, tuple[str, ...]]:
        """The sessions that hold messages for the group at the broker, by client id: their filters."""
        return self._bridge.sessions


def thing_of(group: Group) -> str:
    """The name of the core's thing; without one, one from the group's: brokers differ in what they take."""
    cores = group.cores
    return parse_thing(cores[0].thing_arn).name if cores else re.sub(r"[^\w-]", "-", group.name)
