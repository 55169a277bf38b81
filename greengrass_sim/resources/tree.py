"""Where functions find their code, their models and their volumes.

A handler opens `os.environ["AWS_GG_RESOURCE_PREFIX"] + DestinationPath`. That path is a symbolic link to the
volume, to the model's folder, or to the folder into which the model's archive was unpacked. Older handlers
open the destination path itself: `views` tells what has to be shown there.
"""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from greengrass_sim.group import Function, Group, Resource
from greengrass_sim.group.function import Permission
from greengrass_sim.resources.archive import unpack
from greengrass_sim.runtimes import is_node

SCRATCH = ".root"


class View(NamedTuple):
    """The file or folder `source` of this machine is to be seen at the absolute path `destination`."""

    source: str
    destination: str
    permission: Permission


class ResourceTree:
    """Makes the folders of a group's functions inside `work`; archives are unpacked once each.

    What an earlier tree has unpacked there is unpacked anew: its archive may have been replaced.
    """

    def __init__(self, group: Group, work: Path) -> None:
        self._group = group
        self._resources = {resource.id: (number, resource) for number, resource in enumerate(group.resources)}
        self._work = work
        self._unpacked: set[str] = set()

    def code(self, function: Function) -> Path:
        """The folder with the function's code; GroupError for an archive that cannot be unpacked."""
        target = self._work / "code" / function.id
        shutil.rmtree(target, ignore_errors=True)
        if function.inline_code is not None:
            target.mkdir(parents=True)
            module = function.executable.replace("/", ".").partition(".")[0]
            suffix = "js" if is_node(function.lambda_runtime) else "py"
            (target / f"{module}.{suffix}").write_text(function.inline_code, encoding="utf-8")
            return target
        source = Path(function.local_path or "")
        if source.is_dir():
            return source
        number = self._group.functions.index(function)
        unpack(source, target, f"$.Functions[{number}].LocalPath")
        return target

    def prefix(self, function: Function) -> Path:
        """The folder for `AWS_GG_RESOURCE_PREFIX`; GroupError for an archive that cannot be unpacked."""
        root = self._work / "resources" / function.id
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        (root / SCRATCH).mkdir()
        if self._group.execution(function).run_as is not None:
            # Another user has to come through to its resources; what else lies here it cannot list.
            self._work.chmod(stat.S_IMODE(self._work.stat().st_mode) | 0o011)
        for view in self._all(function):
            link = root / view.destination.lstrip("/")
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(view.source)
        return root

    def views(self, function: Function) -> tuple[View, ...]:
        """What the function is to see at absolute paths: nothing without container, as on a core.

        A volume that is where it is to be seen needs no view.
        """
        if self._group.execution(function).isolation_mode == "NoContainer":
            return ()
        return tuple(view for view in self._all(function) if Path(view.source) != Path(view.destination))

    def _all(self, function: Function) -> Iterator[View]:
        for policy in function.config.environment.resource_access_policies:
            number, resource = self._resources[policy.resource_id]
            destination = resource.destination_path
            if destination is not None:
                source = self._source(resource, f"$.Resources[{number}].LocalPath")
                yield View(str(source), destination, policy.permission)

    def _source(self, resource: Resource, place: str) -> Path:
        if resource.volume is not None:
            return Path(resource.volume.source_path)
        source = Path(resource.local_path or "")
        if source.is_dir():
            return source
        target = self._work / "models" / resource.id
        if resource.id not in self._unpacked:
            shutil.rmtree(target, ignore_errors=True)
            unpack(source, target, place)
            self._unpacked.add(resource.id)
        return target
