"""Opening an artifact, packed or unpacked: after that its files are proven and fit this machine."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from edge_runtime.archive import extract
from edge_runtime.cache import Cache, find_cache, log
from edge_runtime.errors import ArtifactError
from edge_runtime.hashing import CHUNK
from edge_runtime.manifest import Manifest
from edge_runtime.seal import SealedBytes
from edge_runtime.verify import MANIFEST, check_files, check_fit, check_folder, read_manifest

LIBRARY = "compiled.so"
PARAMS = "compiled.params"


@dataclass(frozen=True)
class Artifact:
    """`folder` holds the files that `manifest` names; `temporary` is set where it goes with `close`."""

    folder: Path
    manifest: Manifest
    temporary: tempfile.TemporaryDirectory[str] | None = None

    def close(self) -> None:
        """Removes the folder if it was made for this artifact alone."""
        if self.temporary:
            self.temporary.cleanup()


def open_artifact(path: str | Path, fit: bool = True, extras: bool = False) -> Artifact:
    """The artifact at `path`, a .tar.gz or a folder, with every byte verified.

    `fit=False` leaves out the question whether this machine can run it; `extras=True` lets a folder hold
    files that do not belong to it, such as a list of labels. An archive is unpacked to the cache, see
    `find_cache`. Raises ArtifactError, which names the path.
    """
    path = Path(path)
    try:
        artifact = _open_folder(path, extras) if path.is_dir() else _open_archive(path)
        if fit:
            _check_fit(artifact)
    except ArtifactError as error:
        raise ArtifactError(f"{path}: {error}") from None
    except OSError as error:
        raise ArtifactError(f"{path}: cannot be opened: {error.strerror or error}") from error
    return artifact


def _check_fit(artifact: Artifact) -> None:
    try:
        check_fit(artifact.manifest.target)
    except ArtifactError:
        artifact.close()
        raise


def _open_folder(path: Path, extras: bool) -> Artifact:
    return Artifact(path.absolute(), check_folder(path, extras))


def _open_archive(path: Path) -> Artifact:
    with path.open("rb", buffering=0) as file:
        if file.read(2) != b"\x1f\x8b":
            raise ArtifactError("it is neither an artifact's folder nor a .tar.gz")
        cache = find_cache()
        return _open_cached(file, cache) if cache else _open_temporarily(file)


def _open_cached(file: BinaryIO, cache: Cache) -> Artifact:
    if artifact := _find_cached(file, cache):
        return artifact
    with cache.locked():
        return _find_cached(file, cache) or _unpack_cached(file, cache)


def _find_cached(file: BinaryIO, cache: Cache) -> Artifact | None:
    """The archive is hashed while what is most likely its entry is checked."""
    entries = cache.entries_of_size(os.fstat(file.fileno()).st_size)
    if not entries:
        return None
    with ThreadPoolExecutor(1) as thread:
        checked = thread.submit(check_folder, entries[0])
        entry = cache.entry(_digest(file), os.fstat(file.fileno()).st_size)
    if entry not in entries:
        return None
    try:
        return Artifact(entry, checked.result() if entry == entries[0] else check_folder(entry))
    except ArtifactError as error:
        log.warning("%s: %s; unpacking again", entry, error)
        return None


def _unpack_cached(file: BinaryIO, cache: Cache) -> Artifact:
    with cache.workplace() as folder:
        manifest, digest = _unpack(file, folder)
        entry = cache.entry(digest, os.fstat(file.fileno()).st_size)
        if entry.exists():
            cache.drop(entry)
        folder.rename(entry)
    return Artifact(entry, manifest)


def _open_temporarily(file: BinaryIO) -> Artifact:
    temporary = tempfile.TemporaryDirectory(prefix="neo-edge-")
    try:
        folder = Path(temporary.name)
        return Artifact(folder, _unpack(file, folder)[0], temporary)
    except BaseException:
        temporary.cleanup()
        raise


def _unpack(file: BinaryIO, folder: Path) -> tuple[Manifest, str]:
    sealed = SealedBytes(_pieces(file))
    found = extract(sealed, folder)
    found.pop(MANIFEST, None)
    manifest = read_manifest(folder)
    check_files(manifest, found)
    return manifest, sealed.digest


def _digest(file: BinaryIO) -> str:
    sealed = SealedBytes(_pieces(file))
    for _ in sealed:
        pass
    return sealed.digest


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(CHUNK):
        yield piece
