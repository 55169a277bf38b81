"""A folder as one `.tar.gz` whose bytes depend on nothing but the files' names and contents."""

from __future__ import annotations

import gzip
import hashlib
import itertools
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from edge_runtime.package.seal import seal

LARGE = 1 << 20  # bytes: smaller files are always compressed
HUGE = 1 << 26  # bytes: beyond, more than the quickest compression takes minutes for a sixth of the size
SAMPLE = 1 << 16
SAMPLES = 16
WORTH_IT = 0.85  # of its size: float weights shrink to about 0.93, and unpacking them would only take time
CHUNK = 1 << 20
FIRST = "manifest.json"  # a reader that wants to know what this is finds it at the start


def write_archive(folder: Path, path: Path) -> None:
    """Write the files of `folder` to `path`.

    The gzip stream has several members, which every reader takes as one: files that do not compress lie in a
    stored member, so that a device unpacks them as fast as it can copy. The last member is the seal over all
    bytes before it (edge_runtime.package.seal).
    """
    files = [file for file in folder.rglob("*") if file.is_file()]
    files.sort(key=lambda file: _order(file, folder))
    with path.open("w+b") as out:
        for level, group in itertools.groupby(files, key=compression_level):
            with _member(out, level) as member:
                for file in group:
                    _add(member, file, file.relative_to(folder).as_posix())
        with _member(out, 9) as member:
            member.write(bytes(2 * tarfile.BLOCKSIZE))
        out.seek(0)
        digest = hashlib.file_digest(out, "sha256").hexdigest()
        out.write(seal(digest))


def compression_level(file: Path) -> int:
    """0 for files that do not compress, judged by slices spread over the file; large ones are not worth 9.

    Huge ones, as the examples of a model whose inputs are, are worth no more than 1.
    """
    size = file.stat().st_size
    if size < LARGE:
        return 9
    slices = list(_slices(file, size))
    packed = sum(len(zlib.compress(piece, 1)) for piece in slices)
    if packed >= WORTH_IT * sum(map(len, slices)):
        return 0
    return 6 if size <= HUGE else 1


def _slices(file: Path, size: int) -> Iterator[bytes]:
    with file.open("rb") as source:
        for index in range(SAMPLES):
            source.seek(index * (size - SAMPLE) // (SAMPLES - 1))
            yield source.read(SAMPLE)


def _order(file: Path, folder: Path) -> tuple[bool, str]:
    name = file.relative_to(folder).as_posix()
    return name != FIRST, name


def _member(out: BinaryIO, level: int) -> gzip.GzipFile:
    return gzip.GzipFile(filename="", mode="wb", compresslevel=level, fileobj=out, mtime=0)


def _add(member: gzip.GzipFile, file: Path, name: str) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = file.stat().st_size, 0o644
    member.write(info.tobuf(tarfile.USTAR_FORMAT))
    with file.open("rb") as source:
        while chunk := source.read(CHUNK):
            member.write(chunk)
    member.write(bytes(-info.size % tarfile.BLOCKSIZE))
