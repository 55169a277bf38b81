"""Opening an artifact, packed or unpacked: after that its files are proven and fit this machine."""

from __future__ import annotations

import os
import string
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from edge_runtime.errors import ArtifactError
from edge_runtime.manifest import Manifest
from edge_runtime.package.cache import UNUSABLE, Cache, find_cache, log
from edge_runtime.package.choice import Choice, Wish, check_target, choose, view
from edge_runtime.package.unpacking import digest_of, needed, unpack
from edge_runtime.package.verify import check_fit, check_folder, read_manifest

LIBRARY = "compiled.so"
PARAMS = "compiled.params"


@dataclass(frozen=True)
class Artifact:
    """What runs here of an opened artifact: `manifest` as if it were all that there is.

    `places` maps the names of `manifest.files` to those below `folder`, where they differ. `choice` is None
    for an artifact for one target. `temporary` is set where the folder goes with `close`.
    """

    folder: Path
    manifest: Manifest
    temporary: tempfile.TemporaryDirectory[str] | None = None
    places: Mapping[str, str] = field(default_factory=dict)
    choice: Choice | None = None

    def file(self, name: str) -> Path:
        """Where the file lies that the manifest calls `name`."""
        return self.folder / self.places.get(name, name)

    def close(self) -> None:
        """Removes the folder if it was made for this artifact alone."""
        if self.temporary:
            self.temporary.cleanup()


def open_artifact(
    path: str | Path, fit: bool = True, extras: bool = False, target: str | None = None
) -> Artifact:
    """The artifact at `path`, a .tar.gz or a folder, with every byte verified.

    `fit=False` leaves out the question whether this machine can run it; `extras=True` lets a folder hold
    files that do not belong to it, such as a list of labels. Of an artifact for several targets it takes the
    one called `target`, or the best for this machine, and verifies and unpacks only what belongs to that. An
    archive is unpacked to the cache, see `find_cache`. Raises ArtifactError, which names the path.
    """
    path, wish = Path(path), Wish(target, fit)
    try:
        artifact = _open_folder(path.absolute(), wish, extras) if path.is_dir() else _open_archive(path, wish)
        _check(artifact, wish)
    except ArtifactError as error:
        raise ArtifactError(f"{path}: {error}") from None
    except OSError as error:
        raise ArtifactError(f"{path}: cannot be opened: {error.strerror or error}") from error
    return artifact


def _check(artifact: Artifact, wish: Wish) -> None:
    if artifact.choice:
        name = artifact.manifest.target.name
        for reason in artifact.choice.missed() if wish.target is None else ():
            log.warning("target %s is used instead of %s", name, reason)
        log.info("target %s is used: %s", name, artifact.choice.reason)
        return
    try:
        check_target(artifact.manifest, wish)
        if wish.fit:
            check_fit(artifact.manifest.target)
    except ArtifactError:
        artifact.close()
        raise


def _opened(
    folder: Path, manifest: Manifest, wish: Wish, temporary: tempfile.TemporaryDirectory[str] | None = None
) -> Artifact:
    """Of a folder whose files are proven."""
    if not manifest.variants:
        return Artifact(folder, manifest, temporary)
    choice = choose(manifest, wish)
    variant = choice.chosen.variants[0]
    return Artifact(folder, view(manifest, variant), temporary, variant.files, choice)


def _open_folder(path: Path, wish: Wish, extras: bool = False) -> Artifact:
    manifest = check_folder(path, extras, lambda found: needed(found, wish))
    return _opened(path, manifest, wish)


def _open_archive(path: Path, wish: Wish) -> Artifact:
    with path.open("rb", buffering=0) as file:
        if file.read(2) != b"\x1f\x8b":
            raise ArtifactError("it is neither an artifact's folder nor a .tar.gz")
        if cache := find_cache():
            try:
                return _open_cached(file, cache, wish)
            except OSError as error:
                log.warning(UNUSABLE, cache.root, error)
        return _open_temporarily(file, wish)


def _open_cached(file: BinaryIO, cache: Cache, wish: Wish) -> Artifact:
    if artifact := _find_cached(file, cache, wish):
        return artifact
    with cache.locked():
        return _find_cached(file, cache, wish) or _unpack_cached(file, cache, wish)


def _find_cached(file: BinaryIO, cache: Cache, wish: Wish) -> Artifact | None:
    """The archive is hashed while what is most likely its entry is checked."""
    size = os.fstat(file.fileno()).st_size
    entries = cache.entries_of_size(size)
    if not entries:
        return None
    with ThreadPoolExecutor(1) as thread:
        checked = thread.submit(_open_folder, entries[0], wish)
        digest = digest_of(file)
    known = next((entry for entry in entries if entry.name.startswith(digest)), None)
    if known is None:
        return None
    try:
        manifest = read_manifest(known)
    except (ArtifactError, OSError) as error:
        _tell(known, error)
        return None
    entry = _entry(cache, (digest, size), manifest, wish)
    if entry not in entries:
        return None
    try:
        return checked.result() if entry == entries[0] else _open_folder(entry, wish)
    except (ArtifactError, OSError) as error:
        _tell(entry, error)
        return None


def _tell(entry: Path, error: Exception) -> None:
    """An entry is damaged, or another process is replacing it."""
    log.warning("%s: %s; unpacking again", entry, error)


def _entry(cache: Cache, key: tuple[str, int], manifest: Manifest, wish: Wish) -> Path:
    if not manifest.variants:
        return cache.entry(*key)
    name = choose(manifest, wish).chosen.target.name
    if not set(name) <= _SAFE or name.startswith("."):
        raise ArtifactError(
            f"manifest.json: the target name {name!r} holds more than letters, digits and -_."
        )
    return cache.entry(*key, name)


_SAFE = frozenset(string.ascii_letters + string.digits + "-_.")


def _unpack_cached(file: BinaryIO, cache: Cache, wish: Wish) -> Artifact:
    with cache.workplace() as folder:
        manifest, digest = unpack(file, folder, wish)
        entry = _entry(cache, (digest, os.fstat(file.fileno()).st_size), manifest, wish)
        if entry.exists():
            cache.drop(entry)
        folder.rename(entry)
    return _opened(entry, manifest, wish)


def _open_temporarily(file: BinaryIO, wish: Wish) -> Artifact:
    temporary = tempfile.TemporaryDirectory(prefix="neo-edge-")
    try:
        folder = Path(temporary.name)
        return _opened(folder, unpack(file, folder, wish)[0], wish, temporary)
    except BaseException:
        temporary.cleanup()
        raise
