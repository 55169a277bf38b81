"""The brokers to choose from: one of our own by name, or any other by URL."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from greengrass_sim.broker.embedded import Embedded
from greengrass_sim.broker.mosquitto import Mosquitto
from greengrass_sim.broker.url import BrokerUrl
from greengrass_sim.errors import UsageError
from greengrass_sim.topics import did_you_mean


class Broker(Protocol):
    """`start` returns the URL of a broker that accepts connections; the context ends what was started.

    MQTT 5 is spoken at `url_v5`, which may be another port.
    """

    url: str
    url_v5: str

    def start(self) -> str: ...

    def stop(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Remote:
    """A broker that someone else runs: nothing is started and nothing is stopped."""

    def __init__(self, url: str) -> None:
        BrokerUrl.parse(url)
        self.url = self.url_v5 = url

    def start(self) -> str:
        return self.url

    def stop(self) -> None:
        return

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return


KINDS: dict[str, Callable[[int], Broker]] = {"embedded": Embedded, "mosquitto": Mosquitto}


def open_broker(name: str, port: int = 0) -> Broker:
    """The broker called `name`, not yet started: `embedded`, `mosquitto`, or a URL.

    `port` is for our own brokers, 0 takes any free one. Raises UsageError for an unknown name.
    """
    if name in KINDS:
        return KINDS[name](port)
    if "://" in name:
        return Remote(name)
    known = [*KINDS, "mqtt://HOST:PORT", "mqtts://HOST:PORT"]
    raise UsageError(f"no broker {name!r}{did_you_mean(name, KINDS)} (known: {', '.join(known)})")
