"""The seal of an archive: a last, empty gzip member whose comment is the SHA-256 of all bytes before it.

Other programs pass over it; here it makes every byte count, also those that no checksum of gzip covers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from edge_runtime.errors import ArtifactError
from edge_runtime.package.hashing import Hash

_HEAD = b"\x1f\x8b\x08\x10\0\0\0\0\0\xff" + b"neo-edge sha256 "
_TAIL = b"\0\x03\0" + bytes(8)
_DIGEST = slice(len(_HEAD), len(_HEAD) + 64)

SEAL_SIZE = len(_HEAD) + 64 + len(_TAIL)


def seal(digest: str) -> bytes:
    """What to append to an archive whose bytes so far have this SHA-256 (hexadecimal)."""
    return _HEAD + digest.encode("ascii") + _TAIL


class SealedBytes:
    """Passes on a file's pieces; `digest` is the SHA-256 of all of them once they are used up.

    Raises ArtifactError at the end where there is a seal and it does not match. An archive without one, as
    made by repacking an artifact, is accepted: the manifest vouches for its content.
    """

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces
        self.digest = ""

    def __iter__(self) -> Iterator[bytes]:
        held = b""  # the last bytes seen: they may be the seal, which does not cover itself
        with Hash() as hashed:
            for piece in self._pieces:
                if len(piece) < SEAL_SIZE:
                    held += piece
                    hashed.update(held[:-SEAL_SIZE])
                else:
                    hashed.update(held)
                    hashed.update(memoryview(piece)[:-SEAL_SIZE])
                    held = piece
                held = held[-SEAL_SIZE:]
                yield piece
            _check(held, hashed.finish())
            self.digest = hashed.finish(held)


def _check(last: bytes, digest: str) -> None:
    expected = seal(digest)
    looks_sealed = last.startswith(_HEAD) or last[_DIGEST] == expected[_DIGEST]
    if looks_sealed and last != expected:
        raise ArtifactError("the archive is damaged: its bytes do not match its seal")
