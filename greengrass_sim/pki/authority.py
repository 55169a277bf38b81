"""A local certificate authority in a folder, for the core's MQTT server and for the things of a group.

ca.pem, ca.key                      the authority; devices trust `ca.pem`
server.pem, server.key              what the core shows to devices
things/NAME.pem, things/NAME.key    a thing's; its common name is the thing's name
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from greengrass_sim.errors import UsageError
from greengrass_sim.pki import certificates
from greengrass_sim.pki.pair import Pair

HOSTS = ("localhost", "127.0.0.1", "::1")
_THING = re.compile(r"[a-zA-Z0-9:_-]{1,128}")
_NAME_BYTES = 64  # of a common name, RFC 5280


@dataclass(frozen=True)
class Issuing:
    """How long new certificates hold, and whether those of the server and of things are made anew."""

    days: int = 825
    renew: bool = False


class Authority:
    """The authority in `folder`, made where there is none; what is there already is kept, or UsageError.

    `made` lists the files that were written.
    """

    def __init__(self, folder: Path, issuing: Issuing = Issuing()) -> None:
        self.folder = folder
        self.made: list[Path] = []
        self._issuing = issuing
        self._pair = Pair.at(folder, "ca")
        folder.mkdir(parents=True, exist_ok=True)
        if not self._pair.exists():
            self._write(self._pair, certificates.authority("greengrass-sim local authority", issuing.days))
        self._signer = self._pair.load()

    def server(self, hosts: Iterable[str] = ()) -> Pair:
        """The server's pair, for `hosts` (names and addresses) beside those of this machine."""
        pair, names = Pair.at(self.folder, "server"), (*HOSTS, *hosts)
        if self._is_kept(pair):
            self._check_hosts(pair, names)
            return pair
        try:
            signed = certificates.server(
                self._signer, "greengrass-core", dict.fromkeys(names), self._issuing.days
            )
        except ValueError as error:
            raise UsageError(f"cannot make a certificate for {', '.join(hosts)}: {error}") from error
        return self._write(pair, signed)

    def thing(self, name: str) -> Pair:
        """The pair of the thing `name`."""
        if not _THING.fullmatch(name) or len(name) > _NAME_BYTES:
            raise UsageError(
                f"no certificate for the thing {name!r}: its name must be 1 to {_NAME_BYTES} letters, "
                "digits, ':', '_' or '-'"
            )
        (self.folder / "things").mkdir(exist_ok=True)
        pair = Pair.at(self.folder / "things", name)
        if self._is_kept(pair):
            return pair
        return self._write(pair, certificates.client(self._signer, name, self._issuing.days))

    def _is_kept(self, pair: Pair) -> bool:
        """Raises UsageError for a certificate that is there and of no use."""
        if not pair.exists() or self._issuing.renew:
            return False
        certificate, _ = pair.load()
        try:
            certificate.verify_directly_issued_by(self._signer[0])
        except (InvalidSignature, ValueError, TypeError) as error:
            raise UsageError(
                f"{pair.certificate} is not signed by {self._pair.certificate}; --renew makes it anew"
            ) from error
        if certificate.not_valid_after_utc < datetime.now(UTC):
            raise UsageError(f"{pair.certificate} has expired; --renew makes it anew")
        return True

    def _check_hosts(self, pair: Pair, hosts: Iterable[str]) -> None:
        extensions = pair.load()[0].extensions
        held = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        if missing := [str(one.value) for one in certificates.general_names(hosts) if one not in set(held)]:
            raise UsageError(f"{pair.certificate} is not for {', '.join(missing)}; --renew makes it anew")

    def _write(self, pair: Pair, signed: certificates.Signer) -> Pair:
        try:
            pair.write(*signed)
        except OSError as error:
            raise UsageError(f"cannot write {pair.certificate}: {error.strerror}") from error
        self.made += [pair.certificate, pair.key]
        return pair
