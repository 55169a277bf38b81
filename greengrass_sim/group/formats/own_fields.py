"""The tables and keys of our own format."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from greengrass_sim.group.function import IsolationMode, Permission
from greengrass_sim.group.model import LogLevel

# What stands in ARNs that are made from names.
REGION, ACCOUNT = "us-east-1", "123456789012"


@dataclass(frozen=True)
class OwnFunction:
    code: str | None = None
    handler: str | None = None
    arn: str | None = None
    version: str = "1"
    runtime: str | None = None
    pinned: bool = False
    encoding: Literal["json", "binary"] = "json"
    timeout: int = 3
    memory_kb: int | None = None
    exec_args: str | None = None
    isolation: IsolationMode | None = None
    uid: int | None = None
    gid: int | None = None
    sysfs: bool = False
    variables: dict[str, str] = field(default_factory=dict)
    resources: dict[str, Permission] = field(default_factory=dict)


@dataclass(frozen=True)
class OwnResource:
    model: str | None = None
    volume: str | None = None
    device: str | None = None
    secret: str | None = None
    destination: str | None = None
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class OwnDevice:
    arn: str | None = None
    sync_shadow: bool = False


@dataclass(frozen=True)
class OwnConnector:
    arn: str
    parameters: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class OwnSubscription:
    source: str
    subject: str
    target: str


@dataclass(frozen=True)
class OwnLogger:
    component: Literal["GreengrassSystem", "Lambda"]
    level: LogLevel = "INFO"
    space_kb: int = 128


@dataclass(frozen=True)
class OwnDefaults:
    isolation: IsolationMode | None = None
    uid: int | None = None
    gid: int | None = None


@dataclass(frozen=True)
class OwnGroup:
    name: str = "group"
    id: str = "local"
    core: str | None = None
    region: str = REGION
    account: str = ACCOUNT
    secrets: str | None = None
    runtimes: dict[str, str] = field(default_factory=dict)
    defaults: OwnDefaults = field(default_factory=OwnDefaults)
    functions: dict[str, OwnFunction] = field(default_factory=dict)
    resources: dict[str, OwnResource] = field(default_factory=dict)
    devices: dict[str, OwnDevice] = field(default_factory=dict)
    connectors: dict[str, OwnConnector] = field(default_factory=dict)
    loggers: tuple[OwnLogger, ...] = ()
    subscriptions: tuple[OwnSubscription, ...] = ()
