"""The checkpoint reader on hand-made files: plain tensors, foreign code, broken storages."""

from __future__ import annotations

import os
import pickle
import struct

import numpy as np
import pytest

from benchmarks.torch_file import MAGIC, CheckpointError, load_state

VALUES = np.arange(6, dtype=np.float32)


def state(offset: int, shape: tuple[int, int], strides: tuple[int, int]) -> bytes:
    """A pickled state dict of one tensor `w` over storage "0", as the legacy writer lays it out."""
    storage = b"(S'storage'\nctorch\nFloatStorage\nS'0'\nS'cpu'\nI6\nNtQ"
    sizes = b"".join(b"(I%d\nI%d\nt" % pair for pair in (shape, strides))
    tensor = b"ctorch._utils\n_rebuild_tensor_v2\n(%sI%d\n%sI00\nNtR" % (storage, offset, sizes)
    return b"ccollections\nOrderedDict\n)RS'w'\n" + tensor + b"s."


def checkpoint(state: bytes, magic: int = MAGIC) -> bytes:
    head = pickle.dumps(magic, 2) + pickle.dumps(1001, 2) + pickle.dumps({"little_endian": True}, 2)
    return head + state + pickle.dumps(["0"], 2) + struct.pack("<q", VALUES.size) + VALUES.tobytes()


def test_a_tensor_comes_back() -> None:
    loaded = load_state(checkpoint(state(0, (2, 3), (3, 1))))
    assert list(loaded) == ["w"]
    np.testing.assert_array_equal(loaded["w"], VALUES.reshape(2, 3))


def test_a_transposed_view_comes_back() -> None:
    loaded = load_state(checkpoint(state(0, (3, 2), (1, 3))))
    np.testing.assert_array_equal(loaded["w"], VALUES.reshape(2, 3).T)


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [
        (1, (2, 3), (3, 1)),
        (0, (2, 3), (4, 1)),
        (-1, (1, 1), (1, 1)),
        (0, (2, 3), (-3, 1)),
        (0, (0, 3), (3, 1)),
    ],
    ids=["offset", "stride", "negative offset", "negative stride", "empty"],
)
def test_a_tensor_outside_its_storage_is_refused(
    offset: int, shape: tuple[int, int], strides: tuple[int, int]
) -> None:
    with pytest.raises(CheckpointError, match="tensor w leaves its storage"):
        load_state(checkpoint(state(offset, shape, strides)))


def test_foreign_code_is_refused_and_not_run() -> None:
    class Attack:
        def __reduce__(self) -> tuple[object, tuple[int]]:
            return os._exit, (66,)

    with pytest.raises(CheckpointError, match="_exit is not allowed"):
        load_state(checkpoint(pickle.dumps(Attack(), 2)))


def test_a_truncated_file_is_refused() -> None:
    with pytest.raises(CheckpointError, match="truncated"):
        load_state(checkpoint(state(0, (2, 3), (3, 1)))[:-1])


def test_another_magic_number_is_refused() -> None:
    with pytest.raises(CheckpointError, match="magic number"):
        load_state(checkpoint(state(0, (2, 3), (3, 1)), magic=1))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a zip container", b"\x80\x02"])
def test_other_files_are_refused(content: bytes) -> None:
    with pytest.raises(CheckpointError):
        load_state(content)
