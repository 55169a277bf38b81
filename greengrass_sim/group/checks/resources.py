"""Each resource by itself: its paths, and what lies there."""

from __future__ import annotations

import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from greengrass_sim.errors import Problem
from greengrass_sim.group.model import Group
from greengrass_sim.group.resource import DeviceData, ModelData, Resource, SecretData, VolumeData

_MAX_SECRET_LABELS = 20


def resource_problems(group: Group) -> Iterator[Problem]:
    """What is wrong with each resource."""
    for number, resource in enumerate(group.resources):
        path = f"$.Resources[{number}]"
        inner = f"{path}.ResourceDataContainer"
        if len(resource.kinds) != 1:
            yield inner, "must hold exactly one kind of data"
            continue
        if (destination := resource.destination_path) is not None:
            yield from _destination(f"{inner}.DestinationPath", destination)
        for kind, check in _CHECKS.items():
            if isinstance(resource.kinds[0], kind):
                yield from check(path, resource)


def _destination(path: str, destination: str) -> Iterator[Problem]:
    if not destination.startswith("/") or destination == "/" or "\0" in destination:
        yield path, f"must be an absolute path, such as '/models/classifier', not {destination!r}"
    elif ".." in PurePosixPath(destination).parts:
        yield path, "must not hold '..'"


def _model(path: str, resource: Resource) -> Iterator[Problem]:
    if resource.local_path is None:
        origin = (resource.model.s3_uri or resource.model.sage_maker_job_arn) if resource.model else None
        name = origin or resource.id
        yield path, f"its model is nowhere to be found: name a folder or an archive with --model {name}=PATH"
        return
    local = Path(resource.local_path)
    if not local.exists():
        yield f"{path}.LocalPath", f"no file and no folder at {local}"
    elif local.is_file() and not (zipfile.is_zipfile(local) or tarfile.is_tarfile(local)):
        yield f"{path}.LocalPath", f"must be a folder, a .tar.gz or a .zip archive, not {local.name}"


def _volume(path: str, resource: Resource) -> Iterator[Problem]:
    source = Path(resource.volume.source_path if resource.volume else "")
    place = f"{path}.ResourceDataContainer.SourcePath"
    if not source.is_absolute():
        yield place, f"must be an absolute path, not {str(source)!r}"
    elif source.is_relative_to("/sys"):
        yield place, "must not lie below /sys"
    elif not source.exists():
        yield place, f"no file and no folder at {source}"


def _device(path: str, resource: Resource) -> Iterator[Problem]:
    source = Path(resource.device.source_path if resource.device else "")
    place = f"{path}.ResourceDataContainer.SourcePath"
    if not source.is_relative_to("/dev"):
        yield place, f"must be a device below /dev, not {str(source)!r}"
    elif not source.exists():
        yield place, f"no device at {source}"
    elif not (stat.S_ISCHR(source.stat().st_mode) or stat.S_ISBLK(source.stat().st_mode)):
        yield place, f"{source} is neither a character nor a block device"


def _secret(path: str, resource: Resource) -> Iterator[Problem]:
    labels = resource.secret.additional_staging_labels_to_download if resource.secret else ()
    if len(labels) > _MAX_SECRET_LABELS:
        yield path, f"names {len(labels)} staging labels, a version has at most {_MAX_SECRET_LABELS}"


_CHECKS: dict[type, Callable[[str, Resource], Iterator[Problem]]] = {
    ModelData: _model,
    VolumeData: _volume,
    DeviceData: _device,
    SecretData: _secret,
}
