"""What identifies us to an MQTT broker."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable
from dataclasses import dataclass, replace

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from greengrass_sim.broker.url import BrokerUrl
from greengrass_sim.errors import BrokerError


@dataclass(frozen=True)
class TlsFiles:
    """PEM files for mqtts://: the authority to trust (else the system's), our certificate and its key."""

    ca: str | None = None
    certificate: str | None = None
    key: str | None = None

    def context(self) -> ssl.SSLContext:
        """Raises BrokerError when a file cannot be used."""
        try:
            context = ssl.create_default_context(cafile=self.ca)
            if self.certificate:
                context.load_cert_chain(self.certificate, self.key)
        except (OSError, ValueError) as error:
            names = ", ".join(name for name in (self.ca, self.certificate, self.key) if name)
            raise BrokerError(f"cannot use the TLS files {names}: {error}") from error
        return context


@dataclass(frozen=True)
class Session:
    """Where to connect, as whom, and what to subscribe to; `keepalive` in seconds.

    The session persists at the broker under `client_id`, with its subscriptions and messages, unless it is
    `clean`: then it begins and ends with none. `dropped` are filters that it may have from before.
    """

    url: BrokerUrl
    client_id: str
    filters: tuple[str, ...] = ()
    tls: TlsFiles = TlsFiles()
    keepalive: int = 60
    dropped: tuple[str, ...] = ()
    clean: bool = False

    def named(self, suffix: str, filters: Iterable[str]) -> Session:
        """Another session at the same broker; what brokers may refuse in a client id is replaced."""
        name = re.sub(r"[^\w:-]", "-", suffix)
        return replace(self, client_id=f"{self.client_id}-{name}", filters=tuple(filters))

    def make_client(self) -> Client:
        """A paho client that leaves acknowledging and reconnecting to us."""
        client = Client(
            CallbackAPIVersion.VERSION2,
            self.client_id,
            clean_session=self.clean,
            manual_ack=True,
            reconnect_on_failure=False,
        )
        client.max_inflight_messages_set(0)
        if self.url.user is not None:
            client.username_pw_set(self.url.user, self.url.password)
        if self.url.tls:
            client.tls_set_context(self.tls.context())
        return client
