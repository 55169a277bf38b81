"""From an archive to the files of it that this machine needs, each byte proven."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Set
from pathlib import Path
from typing import BinaryIO

from edge_runtime.manifest import Manifest
from edge_runtime.package.archive import extract
from edge_runtime.package.choice import Wish, choose
from edge_runtime.package.hashing import CHUNK
from edge_runtime.package.seal import SealedBytes
from edge_runtime.package.verify import MANIFEST, check_files, read_manifest


def needed(manifest: Manifest, wish: Wish) -> Set[str]:
    """The names of the files that what is wished for consists of; ArtifactError where there is none such."""
    return choose(manifest, wish).files if manifest.variants else manifest.files.keys()


def unpack(file: BinaryIO, folder: Path, wish: Wish) -> tuple[Manifest, str]:
    """Writes the files that are needed below the empty `folder`; gives the manifest and the archive's digest.

    The manifest lies first in archives of ours; where it does not, what came before it may be too much.
    Raises ArtifactError where anything is not as the manifest says, OSError where it cannot be written.
    """
    sealed = SealedBytes(_pieces(file))

    @functools.cache
    def known() -> Set[str]:
        return needed(read_manifest(folder), wish)

    found = extract(sealed, folder, lambda name: not (folder / MANIFEST).exists() or name in known())
    found.pop(MANIFEST, None)
    manifest = read_manifest(folder)
    check_files(manifest, found)
    for name in found.keys() - needed(manifest, wish):
        (folder / name).unlink(missing_ok=True)
    return manifest, sealed.digest


def digest_of(file: BinaryIO) -> str:
    """SHA-256 of an archive, in hexadecimal; ArtifactError where its seal does not match."""
    sealed = SealedBytes(_pieces(file))
    for _ in sealed:
        pass
    return sealed.digest


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(CHUNK):
        yield piece
