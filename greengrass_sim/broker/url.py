"""Where a broker is: `mqtt://[user:password@]host[:port]`, or `mqtts://` for TLS."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self
from urllib.parse import unquote, urlsplit

from greengrass_sim.errors import UsageError
from greengrass_sim.topics import did_you_mean

PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True)
class BrokerUrl:
    """The parts of a broker's URL; `str()` gives it back without the password."""

    scheme: str
    host: str
    port: int
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises UsageError when `text` is no broker URL."""
        try:
            parts = urlsplit(text)
            port = parts.port
            (parts.hostname or "").encode("idna")
        except ValueError as error:
            raise UsageError(f"{text!r} is no broker URL: {error}") from error
        if parts.scheme not in PORTS:
            known = [f"{scheme}://" for scheme in PORTS]
            hint = did_you_mean(f"{parts.scheme}://", known)
            raise UsageError(f"{text!r} is no broker URL: it must start with mqtt:// or mqtts://{hint}")
        if not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
            raise UsageError(f"{text!r} is no broker URL: it must look like mqtt://HOST:PORT")
        user = unquote(parts.username) if parts.username is not None else None
        password = unquote(parts.password) if parts.password is not None else None
        return cls(parts.scheme, parts.hostname, port or PORTS[parts.scheme], user, password)

    @property
    def tls(self) -> bool:
        return self.scheme == "mqtts"

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"
