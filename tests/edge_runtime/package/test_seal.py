from __future__ import annotations

import gzip
import hashlib

import pytest

from edge_runtime.errors import ArtifactError
from edge_runtime.package.seal import SEAL_SIZE, SealedBytes, seal

BODY = gzip.compress(b"some content" * 50, mtime=0)


def sealed(body: bytes) -> bytes:
    return body + seal(hashlib.sha256(body).hexdigest())


def through(content: bytes, piece: int) -> SealedBytes:
    pieces = SealedBytes(content[i : i + piece] for i in range(0, len(content), piece))
    assert b"".join(pieces) == content
    return pieces


@pytest.mark.parametrize("piece", [1, 7, SEAL_SIZE - 1, SEAL_SIZE, SEAL_SIZE + 1, 1000])
@pytest.mark.parametrize("content", [BODY, sealed(BODY), b"", b"x", sealed(b"")])
def test_digest_and_content(content: bytes, piece: int) -> None:
    assert through(content, piece).digest == hashlib.sha256(content).hexdigest()


def test_gzip_passes_over_the_seal() -> None:
    assert len(seal("0" * 64)) == SEAL_SIZE
    assert gzip.decompress(sealed(BODY)) == gzip.decompress(BODY)


def test_every_flipped_bit_is_noticed() -> None:
    whole = sealed(BODY)
    for place in range(len(whole)):
        for bit in range(8):
            damaged = bytearray(whole)
            damaged[place] ^= 1 << bit
            with pytest.raises(ArtifactError, match="seal"):
                through(bytes(damaged), 64)
