"""A group: which functions run, which resources they see, and along which subscriptions messages travel.

The fields are those of the AWS IoT Greengrass API of 2017-06-07, put side by side in one object. `name`, `id`
and what AWS Lambda and S3 would supply (`local_path`, `handler`, `runtime`) come on top.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from greengrass_sim.group.function import Execution, Function, RunAs
from greengrass_sim.group.resource import Resource

CLOUD = "cloud"
SHADOW_SERVICE = "GGShadowService"
DEFAULT_MEMORY_KB = 16 * 1024

LogLevel = Literal["DEBUG", "INFO", "WARN", "ERROR", "FATAL"]


@dataclass(frozen=True)
class DefaultConfig:
    execution: Execution = field(default_factory=Execution)


@dataclass(frozen=True)
class Subscription:
    id: str
    source: str
    subject: str
    target: str


@dataclass(frozen=True)
class Thing:
    """The core or a device."""

    id: str
    thing_arn: str
    certificate_arn: str | None = None
    sync_shadow: bool = False


@dataclass(frozen=True)
class Logger:
    """`space` is what the log files may take, in KB."""

    id: str
    component: Literal["GreengrassSystem", "Lambda"]
    level: LogLevel
    type: Literal["FileSystem", "AWSCloudWatch"]
    space: int = 128


@dataclass(frozen=True)
class Connector:
    id: str
    connector_arn: str
    parameters: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SpoolerSettings:
    """What waits for the cloud: on disk or in memory, and how many bytes of it (None: the default)."""

    on_disk: bool
    max_bytes: int | None


@dataclass(frozen=True)
class Group:
    """A group with what a local run adds to it.

    `default_memory_kb` limits functions that name no `MemorySize` and may run in a container. `interpreters`
    maps names of runtimes to programs, `secrets_file` holds the values of secrets.
    """

    functions: tuple[Function, ...]
    subscriptions: tuple[Subscription, ...] = ()
    resources: tuple[Resource, ...] = ()
    cores: tuple[Thing, ...] = ()
    devices: tuple[Thing, ...] = ()
    loggers: tuple[Logger, ...] = ()
    connectors: tuple[Connector, ...] = ()
    default_config: DefaultConfig = DefaultConfig()
    name: str = "group"
    id: str = "local"
    interpreters: dict[str, str] = field(default_factory=dict)
    secrets_file: str | None = None
    default_memory_kb: int | None = None
    spooler: SpoolerSettings | None = None

    @property
    def mqtt_side(self) -> frozenset[str]:
        """Sources and targets behind the broker: the cloud and every device."""
        return frozenset({CLOUD, *(device.thing_arn for device in self.devices)})

    def execution(self, function: Function) -> Execution:
        """How `function` runs: its own settings, and the group's defaults for what it leaves open."""
        own, default = function.config.environment.execution, self.default_config.execution
        user, other = own.run_as or RunAs(), default.run_as or RunAs()
        uid = other.uid if user.uid is None else user.uid
        gid = other.gid if user.gid is None else user.gid
        run_as = None if uid is None and gid is None else RunAs(uid, gid)
        return Execution(own.isolation_mode or default.isolation_mode, run_as)

    def memory_kb(self, function: Function) -> int | None:
        """The function's memory limit in KB, or None for none."""
        if function.config.memory_size is not None:
            return function.config.memory_size
        contained = self.execution(function).isolation_mode != "NoContainer"
        return self.default_memory_kb if contained else None

    def logger(self, component: Literal["GreengrassSystem", "Lambda"]) -> Logger | None:
        """The group's log files for a component; None where the group sets none up."""
        return next(
            (one for one in self.loggers if one.component == component and one.type == "FileSystem"), None
        )
