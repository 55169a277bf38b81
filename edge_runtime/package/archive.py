"""Reading `.tar.gz` as a stream: each byte is read, decompressed and hashed once, in big pieces.

Only what an artifact needs is accepted: regular files and folders under relative names. Links, devices and
names that lead out of the folder are refused, whatever wrote the archive.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath

from edge_runtime.errors import ArtifactError
from edge_runtime.manifest import FileEntry
from edge_runtime.package.hashing import Hash

_BLOCK = 512
_GZIP = 31  # zlib's largest window, plus 16: a gzip header and trailer are expected
_MOST_AT_ONCE = 4 << 20  # decompressed bytes, so that a small file cannot take all memory
_MOST_MEMBERS = 1000
_MOST_PAX = 1 << 16
_REFUSED = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a device",
    b"4": "a device",
    b"6": "a pipe",
    b"L": "a name of more than 100 bytes",
    b"S": "a sparse file",
}


def extract(
    pieces: Iterable[bytes], folder: Path, needed: Callable[[str], bool] = lambda _name: True
) -> dict[str, FileEntry]:
    """Writes the files of a .tar.gz, given as its bytes in order, under `folder`; returns what it holds.

    Files that are not `needed` are hashed like the others, but not written. Raises ArtifactError where the
    archive is damaged or holds what an artifact may not hold.
    """
    found: dict[str, FileEntry] = {}
    for name, content in _tar_files(_Stream(_gunzip(pieces))):
        if name in (*found, "."):
            raise ArtifactError(f"the archive holds {name} twice, or a file without a name")
        found[name] = _write(folder / name, content) if needed(name) else _hash(content)
    return found


def checked_name(name: str) -> str:
    """A file's name inside an artifact, without a leading `./`; ArtifactError where it leads out of it."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not name.isprintable() or "\\" in name:
        raise ArtifactError(f"the file name {name!r} leads out of the artifact's folder")
    return str(path)


def _write(path: Path, content: Iterable[memoryview]) -> FileEntry:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb", buffering=0) as file, Hash() as digest:
        for piece in content:
            digest.update(piece)
            while len(piece):
                piece = piece[file.write(piece) :]
    return FileEntry(digest.finish(), digest.size)


def _hash(content: Iterable[memoryview]) -> FileEntry:
    with Hash() as digest:
        for piece in content:
            digest.update(piece)
    return FileEntry(digest.finish(), digest.size)


def _gunzip(pieces: Iterable[bytes]) -> Iterator[bytes]:
    members, decoder = 0, zlib.decompressobj(_GZIP)
    fresh = True
    for piece in pieces:
        while piece:
            try:
                yield decoder.decompress(piece, _MOST_AT_ONCE)
            except zlib.error as error:
                raise ArtifactError(f"the archive is damaged: {error}") from None
            fresh = decoder.eof
            piece = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
            if decoder.eof:
                members, decoder = members + 1, zlib.decompressobj(_GZIP)
            if members > _MOST_MEMBERS:
                raise ArtifactError(f"the archive consists of more than {_MOST_MEMBERS} gzip members")
    if not fresh or not members:
        raise ArtifactError("the archive is truncated")


class _Stream:
    """Bytes that come in pieces, taken in counted amounts."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def take(self, size: int) -> Iterator[memoryview]:
        """Yields `size` bytes; raises ArtifactError where fewer are left."""
        while size > 0:
            if not len(self._rest):
                self._rest = self._next()
            piece, self._rest = self._rest[:size], self._rest[size:]
            size -= len(piece)
            yield piece

    def read(self, size: int) -> bytes:
        return b"".join(self.take(size))

    def rest(self) -> Iterator[memoryview]:
        yield self._rest
        yield from (memoryview(piece) for piece in self._pieces)

    def _next(self) -> memoryview:
        for piece in self._pieces:
            if piece:
                return memoryview(piece)
        raise ArtifactError("the archive is truncated")


def _tar_files(stream: _Stream) -> Iterator[tuple[str, Iterator[memoryview]]]:
    """Each regular file's name and content; a content has to be used up before the next file is asked for."""
    while any(header := stream.read(_BLOCK)):
        name, size, kind = _parse_header(header)
        content = stream.take(size)
        if kind in (b"0", b"\0"):
            yield checked_name(name), content
        elif kind in (b"x", b"g"):
            _check_pax(name, b"".join(content) if size <= _MOST_PAX else b"")
        elif kind != b"5" or size:
            raise ArtifactError(
                f"{name!r} is {_REFUSED.get(kind, 'no regular file')}, which an artifact cannot hold"
            )
        else:
            checked_name(name)
        stream.read(-size % _BLOCK)
    if any(bytes(piece).strip(b"\0") for piece in stream.rest()):
        raise ArtifactError("the archive goes on after its end")


def _parse_header(header: bytes) -> tuple[str, int, bytes]:
    try:
        checksum = int(header[148:156].rstrip(b" \0"), 8)
        size = int(header[124:136].rstrip(b" \0"), 8)
        name = header[:100].rstrip(b"\0").decode()
        prefix = header[345:500].rstrip(b"\0").decode() if header[257:263] == b"ustar\0" else ""
    except ValueError:
        raise ArtifactError("the archive holds no tar file, or a damaged one") from None
    if checksum != sum(header) - sum(header[148:156]) + 8 * ord(" "):
        raise ArtifactError("the archive holds no tar file, or a damaged one")
    return f"{prefix}/{name}" if prefix else name, size, header[156:157]


def _check_pax(name: str, records: bytes) -> None:
    """Extended headers may tell times and owners, which are of no concern; not names, sizes or links."""
    keys = {line.partition(b" ")[2].partition(b"=")[0] for line in records.split(b"\n")}
    if not records or keys & {b"path", b"linkpath", b"size"} or any(key.startswith(b"GNU") for key in keys):
        raise ArtifactError(f"{name!r}: this extended tar header is not supported")
