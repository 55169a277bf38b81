"""Secrets of a local file, in place of those that a core fetches from AWS Secrets Manager.

The file is TOML or JSON: one table for each secret, under its name or its ARN, with `string` or `binary`
(base64). Other versions, each with its staging labels, stand in a list `versions`:

    [greengrass-database]
    string = '{"user": "edge", "password": "..."}'

    [[greengrass-camera.versions]]
    stages = ["AWSCURRENT"]
    binary = "AAECAw=="

Only its owner may read it (permission 0600); another file is refused.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import stat
import tomllib
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from greengrass_sim.errors import GroupError
from greengrass_sim.group.problems import Problems
from greengrass_sim.group.schema import PRIVATE, decode

CURRENT = "AWSCURRENT"
_ARN = re.compile(r"arn:aws[\w-]*:secretsmanager:[\w-]*:\d*:secret:([\w/+=.@-]+)")
_SUFFIX = re.compile(r"-[A-Za-z0-9]{6}")


@dataclass(frozen=True)
class SecretVersion:
    """One value of a secret, either `string` or `binary` (base64), and its staging labels."""

    string: str | None = field(default=None, repr=False)
    binary: str | None = field(default=None, repr=False)
    stages: tuple[str, ...] = (CURRENT,)
    id: str | None = None

    @property
    def version_id(self) -> str:
        """The id that was given, or one that depends on the value alone."""
        return self.id or str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self.string}\0{self.binary}"))


@dataclass(frozen=True)
class Secret:
    """A secret with all its versions; `created_ms` is in milliseconds since 1970."""

    arn: str
    name: str
    versions: tuple[SecretVersion, ...]
    created_ms: int

    def version(self, stage: str = CURRENT) -> SecretVersion | None:
        """The version that carries the label `stage`."""
        return next((one for one in self.versions if stage in one.stages), None)


@dataclass(frozen=True)
class _Entry:
    string: str | None = field(default=None, repr=False)
    binary: str | None = field(default=None, repr=False)
    stages: tuple[str, ...] = (CURRENT,)
    id: str | None = None
    arn: str | None = None
    versions: tuple[SecretVersion, ...] = ()


@dataclass(frozen=True)
class SecretStore:
    """The secrets of a file, found by name, by ARN, or by ARN without the six characters that AWS appends."""

    secrets: tuple[Secret, ...] = field(default=(), repr=False)

    def find(self, secret_id: str) -> Secret | None:
        """The secret of that name or ARN."""
        names = _names(secret_id)
        exact = next((one for one in self.secrets if secret_id in (one.arn, one.name)), None)
        return exact or next((one for one in self.secrets if names & _names(one.arn)), None)


def load_secrets(path: str | Path) -> SecretStore:
    """The secrets of a file; GroupError when it is readable for others, or not as described above."""
    file = Path(path)
    try:
        text, created_ms = _read_private(file)
        entries = _parse(text, file.suffix == ".json")
        problems = Problems()
        secrets = [problems.attempt(_secret, name, entry, created_ms) for name, entry in entries.items()]
        problems.raise_any()
    except GroupError as error:
        raise GroupError.of(error.problems, str(file)) from error
    return SecretStore(tuple(one for one in secrets if one is not None))


def _read_private(file: Path) -> tuple[str, int]:
    try:
        with file.open("rb") as stream:
            status = os.fstat(stream.fileno())
            data = stream.read()
    except OSError as error:
        raise GroupError("$", f"cannot read the secrets: {error.strerror or error}") from error
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o177:
        raise GroupError("$", f"has the permissions {mode:04o}, secrets need 0600: chmod 600 {file}")
    try:
        return data.decode(), status.st_mtime_ns // 1_000_000
    except UnicodeDecodeError as error:
        raise GroupError("$", f"byte {error.start} is not UTF-8") from None


def _parse(text: str, as_json: bool) -> dict[str, _Entry]:
    """Errors of the parsers are not chained: they would show the text, and secrets stay out of logs."""
    try:
        table: Any = json.loads(text) if as_json else tomllib.loads(text)
    except json.JSONDecodeError as error:
        raise GroupError("$", f"not JSON at line {error.lineno}, column {error.colno}") from None
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at [^)]*\)", str(error))
        raise GroupError("$", f"not TOML {place[0] if place else ''}".rstrip()) from None
    return decode(dict[str, _Entry], table, "$", PRIVATE)


def _secret(name: str, entry: _Entry, created_ms: int) -> Secret:
    path = f"$.{name}"
    own = SecretVersion(entry.string, entry.binary, entry.stages, entry.id)
    single = entry.string is not None or entry.binary is not None
    versions = (*([own] if single else []), *entry.versions)
    if not versions:
        raise GroupError(path, "holds no value: give it `string`, `binary` or `versions`")
    for version in versions:
        _check_value(path, version)
    labels = [stage for version in versions for stage in version.stages]
    if twice := sorted({label for label in labels if labels.count(label) > 1}):
        raise GroupError(path, f"the label {twice[0]} is on two versions")
    match = _ARN.fullmatch(name)
    plain = _without_suffix(match[1]) if match else name
    arn = entry.arn or (name if match else f"arn:aws:secretsmanager:local:000000000000:secret:{name}")
    return Secret(arn, plain, versions, created_ms)


def _check_value(path: str, version: SecretVersion) -> None:
    if (version.string is None) == (version.binary is None):
        raise GroupError(path, "each version has either `string` or `binary`")
    try:
        base64.b64decode(version.binary or "", validate=True)
    except binascii.Error:
        raise GroupError(path, "`binary` is not base64") from None


def _names(secret_id: str) -> set[str]:
    match = _ARN.fullmatch(secret_id)
    name = match[1] if match else secret_id
    return {name, _without_suffix(name)} if match else {name}


def _without_suffix(name: str) -> str:
    stem, last = name[:-7], name[-7:]
    return stem if stem and _SUFFIX.fullmatch(last) else name
