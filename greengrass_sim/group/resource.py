"""A resource of a group: a device, a folder, a machine learning model or a secret that functions may use."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from greengrass_sim.group.function import Permission


@dataclass(frozen=True)
class GroupOwnerSetting:
    auto_add_group_owner: bool = False
    group_owner: str | None = None


@dataclass(frozen=True)
class DeviceData:
    """A character or block device below `/dev`."""

    source_path: str
    group_owner_setting: GroupOwnerSetting = GroupOwnerSetting()


@dataclass(frozen=True)
class VolumeData:
    """A folder of this machine, seen by handlers at `destination_path`."""

    source_path: str
    destination_path: str
    group_owner_setting: GroupOwnerSetting = GroupOwnerSetting()


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
class SecretData:
    """A secret by its ARN; the label `AWSCURRENT` always comes along."""

    arn: str = field(metadata={"name": "ARN"})
    additional_staging_labels_to_download: tuple[str, ...] = ()


@dataclass(frozen=True)
class ResourceDataContainer:
    local_device_resource_data: DeviceData | None = None
    local_volume_resource_data: VolumeData | None = None
    s3_machine_learning_model_resource_data: ModelData | None = None
    sage_maker_machine_learning_model_resource_data: ModelData | None = None
    secrets_manager_secret_resource_data: SecretData | None = None


Data = DeviceData | VolumeData | ModelData | SecretData


@dataclass(frozen=True)
class Resource:
    """`local_path` is where a model lies here: a folder or an archive."""

    id: str
    name: str
    resource_data_container: ResourceDataContainer
    local_path: str | None = None

    @property
    def kinds(self) -> tuple[Data, ...]:
        """What the container holds; exactly one once the checks have passed."""
        container = self.resource_data_container
        found = (getattr(container, field.name) for field in fields(container))
        return tuple(one for one in found if one is not None)

    @property
    def model(self) -> ModelData | None:
        """The model's data where the resource is a model."""
        return next((one for one in self.kinds if isinstance(one, ModelData)), None)

    @property
    def volume(self) -> VolumeData | None:
        """The folder's data where the resource is a local volume."""
        return next((one for one in self.kinds if isinstance(one, VolumeData)), None)

    @property
    def device(self) -> DeviceData | None:
        """The device's data where the resource is a local device."""
        return next((one for one in self.kinds if isinstance(one, DeviceData)), None)

    @property
    def secret(self) -> SecretData | None:
        """The secret's data where the resource is a secret."""
        return next((one for one in self.kinds if isinstance(one, SecretData)), None)

    @property
    def destination_path(self) -> str | None:
        """Where handlers see the model or the volume."""
        data = self.model or self.volume
        return data.destination_path if data else None
