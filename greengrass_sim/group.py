"""A group file: which functions run, which resources they see, and along which subscriptions messages travel.

The file is one JSON document. Its lists have the shapes of the AWS IoT Greengrass API of 2017-06-07 (`Cores`,
`Devices`, `Functions`, `Resources`, `Subscriptions`, `Loggers`, `DefaultConfig`), put side by side in one
object. A local run needs three fields that the API does not have:

- `Name` and `Id` of the group (optional; `Id` becomes the environment variable `GROUP_ID`);
- `LocalPath` of a function: the folder with its code;
- `LocalPath` of a machine learning model resource: a folder, or a `.tar.gz` archive that is unpacked.

Relative paths start at the folder of the group file. Only pinned functions run; sources and targets are
`cloud`, a device's `ThingArn` or a function's `FunctionArn`. What AWS knows and the simulator does not act on
is either refused (`Connectors`, secrets, volumes, ...) or named by `group_checks.unenforced`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, Literal

from greengrass_sim.errors import GroupError
from greengrass_sim.schema import decode, parse_json

Permission = Literal["ro", "rw"]
CLOUD = "cloud"
SHADOW_SERVICE = "GGShadowService"


@dataclass(frozen=True)
class RunAs:
    uid: int
    gid: int


@dataclass(frozen=True)
class Execution:
    isolation_mode: Literal["GreengrassContainer", "NoContainer"] | None = None
    run_as: RunAs | None = None


@dataclass(frozen=True)
class DefaultConfig:
    execution: Execution = Execution()


@dataclass(frozen=True)
class ResourceAccessPolicy:
    resource_id: str
    permission: Permission = "ro"


@dataclass(frozen=True)
class Environment:
    access_sysfs: bool = False
    execution: Execution = Execution()
    resource_access_policies: tuple[ResourceAccessPolicy, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FunctionConfiguration:
    """How a function runs; `timeout` is in seconds for each invocation, `memory_size` in KB."""

    NOT_RUN: ClassVar[tuple[str, ...]] = ("FunctionRuntimeOverride",)
    executable: str
    encoding_type: Literal["json", "binary"] = "json"
    environment: Environment = field(default_factory=Environment)
    exec_args: str | None = None
    memory_size: int | None = None
    pinned: bool = False
    timeout: int = 3


@dataclass(frozen=True)
class Function:
    id: str
    function_arn: str
    function_configuration: FunctionConfiguration
    local_path: str

    @property
    def config(self) -> FunctionConfiguration:
        return self.function_configuration


@dataclass(frozen=True)
class OwnerSetting:
    group_owner: str
    group_permission: Permission


@dataclass(frozen=True)
class ModelData:
    """A machine learning model, seen by handlers at `destination_path`; its resource says where it lies."""

    destination_path: str
    owner_setting: OwnerSetting | None = None
    s3_uri: str | None = None
    sage_maker_job_arn: str | None = None


@dataclass(frozen=True)
class ResourceDataContainer:
    NOT_RUN: ClassVar[tuple[str, ...]] = (
        "LocalDeviceResourceData",
        "LocalVolumeResourceData",
        "SecretsManagerSecretResourceData",
    )
    s3_machine_learning_model_resource_data: ModelData | None = None
    sage_maker_machine_learning_model_resource_data: ModelData | None = None


@dataclass(frozen=True)
class Resource:
    id: str
    name: str
    resource_data_container: ResourceDataContainer
    local_path: str

    @property
    def model(self) -> ModelData | None:
        """The one model of the container; None until the checks have seen that there is exactly one."""
        data = self.resource_data_container
        return (
            data.s3_machine_learning_model_resource_data
            or data.sage_maker_machine_learning_model_resource_data
        )


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
    id: str
    component: Literal["GreengrassSystem", "Lambda"]
    level: Literal["DEBUG", "INFO", "WARN", "ERROR", "FATAL"]
    type: Literal["FileSystem", "AWSCloudWatch"]
    space: int = 128


@dataclass(frozen=True)
class Group:
    NOT_RUN: ClassVar[tuple[str, ...]] = ("Connectors",)
    functions: tuple[Function, ...]
    subscriptions: tuple[Subscription, ...] = ()
    resources: tuple[Resource, ...] = ()
    cores: tuple[Thing, ...] = ()
    devices: tuple[Thing, ...] = ()
    loggers: tuple[Logger, ...] = ()
    default_config: DefaultConfig = DefaultConfig()
    name: str = "group"
    id: str = "local"

    @property
    def mqtt_side(self) -> frozenset[str]:
        """Sources and targets behind the broker: the cloud and every device."""
        return frozenset({CLOUD, *(device.thing_arn for device in self.devices)})


def load_group(path: str | Path) -> Group:
    """The group of a file, checked, with absolute `local_path`s; raises GroupError with the JSON path."""
    from greengrass_sim.group_checks import check_group

    file = Path(path)
    try:
        group = _beside(decode(Group, parse_json(_read(file))), file.parent.absolute())
        check_group(group)
    except GroupError as error:
        raise GroupError(error.path, error.problem, str(file)) from error.__cause__
    return group


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise GroupError("$", f"cannot read the group file: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise GroupError("$", f"not a JSON text: byte {error.start} is not UTF-8") from error


def _beside(group: Group, folder: Path) -> Group:
    functions = tuple(replace(one, local_path=str(folder / one.local_path)) for one in group.functions)
    resources = tuple(replace(one, local_path=str(folder / one.local_path)) for one in group.resources)
    return replace(group, functions=functions, resources=resources)
