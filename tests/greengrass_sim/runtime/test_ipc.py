from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greengrass_sim.runtime.ipc import MAX_BYTES, Decoder, Frame, FrameError, Kind, encode

FRAMES = st.lists(
    st.tuples(
        st.sampled_from(Kind),
        st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=5) | st.none(), max_size=3),
        st.binary(max_size=40),
    ),
    max_size=5,
)


@given(frames=FRAMES, piece=st.integers(1, 50))
def test_frames_survive_any_cutting_of_the_stream(frames: list[tuple], piece: int) -> None:
    stream = b"".join(encode(*frame) for frame in frames)
    decoder = Decoder()
    received = [
        frame
        for start in range(0, len(stream), piece)
        for frame in decoder.feed(stream[start : start + piece])
    ]
    assert received == [Frame(*frame) for frame in frames]


@pytest.mark.parametrize(
    "head",
    [
        struct.pack(">IBI", MAX_BYTES + 1, 1, 2),
        struct.pack(">IBI", 10, 1, 20),
        struct.pack(">IBI", 7, 200, 2) + b"{}",
    ],
)
def test_bytes_that_are_no_frame(head: bytes) -> None:
    with pytest.raises(ValueError, match=r"frame|Kind"):
        list(Decoder().feed(head))


def test_a_frame_that_is_too_large() -> None:
    with pytest.raises(FrameError, match="more than"):
        encode(Kind.INVOKE, {}, bytes(MAX_BYTES))
