"""Machine learning models where handlers look for them: below the folder that `AWS_GG_RESOURCE_PREFIX` names.

A handler opens `os.environ["AWS_GG_RESOURCE_PREFIX"] + DestinationPath`. That path is a symbolic link to the
folder that the resource's `LocalPath` names, or to the folder into which its archive was unpacked.
"""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from pathlib import Path

from greengrass_sim.errors import GroupError
from greengrass_sim.group import Function, Group, Resource


class ResourceTree:
    """Makes the folders of a group's functions inside `work`; archives are unpacked once each."""

    def __init__(self, group: Group, work: Path) -> None:
        self._resources = {resource.id: (number, resource) for number, resource in enumerate(group.resources)}
        self._work = work

    def prefix(self, function: Function) -> Path:
        """The folder for `AWS_GG_RESOURCE_PREFIX`; GroupError for an archive that cannot be unpacked."""
        root = self._work / "resources" / function.id
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        for policy in function.config.environment.resource_access_policies:
            number, resource = self._resources[policy.resource_id]
            destination = resource.destination_path or ""
            link = root / destination.lstrip("/")
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(self._folder(resource, f"$.Resources[{number}].LocalPath"))
        return root

    def _folder(self, resource: Resource, place: str) -> Path:
        source = Path(resource.local_path or "")
        if source.is_dir():
            return source
        target = self._work / "models" / resource.id
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            _unpack(source, target, place)
        return target


def _unpack(archive: Path, target: Path, place: str) -> None:
    """Unpacks beside `target` and renames, so that a half-unpacked model never stands at `target`."""
    half = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}-"))
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                _check(member, archive, place)
                _write(tar, member, half / member.name)
        half.rename(target)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise GroupError(place, f"cannot unpack {archive}: {error}") from error
    finally:
        shutil.rmtree(half, ignore_errors=True)


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    folder = path if member.isdir() else path.parent
    folder.mkdir(parents=True, exist_ok=True)
    if source := tar.extractfile(member):
        with source, path.open("wb") as target:
            shutil.copyfileobj(source, target)


def _check(member: tarfile.TarInfo, archive: Path, place: str) -> None:
    parts = Path(member.name).parts
    if Path(member.name).is_absolute() or ".." in parts:
        raise GroupError(place, f"{archive} holds {member.name!r}, which leads out of its folder")
    if not (member.isfile() or member.isdir()):
        raise GroupError(place, f"{archive} holds {member.name!r}, which is neither a file nor a folder")
