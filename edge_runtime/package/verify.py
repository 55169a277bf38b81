"""Is an artifact what its manifest says, and does it fit this machine?"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Set
from pathlib import Path

from edge_runtime.device import cpu_flags, machine
from edge_runtime.errors import ArtifactError
from edge_runtime.manifest import FileEntry, Manifest, TargetNeeds
from edge_runtime.package.archive import checked_name
from edge_runtime.package.hashing import hash_file

MANIFEST = "manifest.json"


def read_manifest(folder: Path) -> Manifest:
    """Raises ArtifactError where there is none, or none that can be used."""
    try:
        return Manifest.from_json((folder / MANIFEST).read_bytes())
    except FileNotFoundError:
        raise ArtifactError("it holds no manifest.json, so it is no artifact") from None


def check_folder(
    folder: Path, extras: bool = False, needed: Callable[[Manifest], Set[str]] | None = None
) -> Manifest:
    """The manifest of an unpacked artifact, all of whose files are as it says.

    `extras`: the folder may hold other files beside them, which nobody looks at. `needed` tells those that
    have to be there, and are looked at; others that the manifest names may be missing.
    """
    manifest = read_manifest(folder)
    wanted = manifest.files.keys() if needed is None else needed(manifest)
    names = {name for name in _names(folder, manifest if extras else None) if name != MANIFEST}
    _check_listed(manifest, names | (manifest.files.keys() - wanted))
    _check_entries(manifest, {name: hash_file(folder / name) for name in sorted(wanted)})
    return manifest


def check_files(manifest: Manifest, found: Mapping[str, FileEntry]) -> None:
    """Compares what was found, without the manifest itself, with what the manifest names."""
    _check_listed(manifest, found.keys())
    _check_entries(manifest, found)


def check_fit(target: TargetNeeds) -> None:
    """Raises ArtifactError where this machine cannot run code for `target`."""
    if reason := misfit(target):
        raise ArtifactError(f"{reason}: compile the model for a target of this machine")


def misfit(target: TargetNeeds) -> str | None:
    """Why this machine cannot run code for `target`; None where it can."""
    if target.arch != machine():
        return f"it was compiled for {target.arch} (target {target.name}), this machine is {machine()}"
    if missing := sorted(set(target.requires) - cpu_flags()):
        return f"it was compiled for target {target.name}, and this CPU lacks {', '.join(missing)}"
    if target.gpu is None:
        return None
    from edge_runtime.cuda.driver import misfit as gpu_misfit

    return gpu_misfit(target.gpu)


def _check_entries(manifest: Manifest, found: Mapping[str, FileEntry]) -> None:
    for name, entry in found.items():
        expected = manifest.files[name]
        if entry.size != expected.size:
            raise ArtifactError(f"{name} is damaged: {entry.size} bytes found, {expected.size} expected")
        if entry.sha256 != expected.sha256:
            raise ArtifactError(f"{name} is damaged: its SHA-256 is {entry.sha256}, not {expected.sha256}")


def _check_listed(manifest: Manifest, found: Set[str]) -> None:
    for name in manifest.files:
        if checked_name(name) != name:
            raise ArtifactError(f"manifest.json: the file name {name!r} is not in its simplest form")
    if missing := sorted(manifest.files.keys() - found):
        raise ArtifactError(f"{', '.join(missing)} is missing")
    if unlisted := sorted(found - manifest.files.keys()):
        raise ArtifactError(f"{', '.join(unlisted)} is not in its manifest: remove it")


def _names(folder: Path, only: Manifest | None) -> list[str]:
    """The files below `folder`; of those that `only` names, where it is given."""
    if only is not None:
        return [name for name in only.files if _is_plain(folder, name)]
    names = []
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(parent, name)
            if path.is_symlink() or not (path.is_dir() or path.is_file()):
                raise ArtifactError(f"{path.relative_to(folder)} is a link or a device, which it cannot hold")
        names += [str(Path(parent, name).relative_to(folder)) for name in files]
    return names


def _is_plain(folder: Path, name: str) -> bool:
    """Whether the file is there, reached through no link."""
    path = folder / checked_name(name)
    links = any(
        one.is_symlink() for one in (path, *path.parents) if one.is_relative_to(folder) and one != folder
    )
    return path.is_file() and not links
