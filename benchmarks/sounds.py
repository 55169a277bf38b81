"""Recorded voices, as samples at the rate that a speech detector listens at."""

from __future__ import annotations

import io
import wave

import numpy as np
from numpy.typing import NDArray

from benchmarks.fetch import Member, Package, read_member

ALSA = Package(
    "debian", "alsa-utils", "1.2.8-1", "fb24eb1a318228b974efbef726190dd90c6106a208814a3ee8f5d69b91ee0ba4"
)
ALSA_LICENCE = "GPL-2.0"

# A woman and a man say where a loudspeaker stands: name -> SHA-256 of the file.
VOICES = {
    "Front_Center": "0d61518bcd3f13b0c709a5298e939caf698b80d31d71d50475365ee0e5536cc9",
    "Front_Left": "9f97e8458785da2f0aa0ec60bf9cc81520cbf80a4683e83eca9cb5f2958e9fef",
    "Front_Right": "1fdea4d7003f1f7d3e48d3521aaab0a112c4ac570b02ddf1813abacac3070f6f",
    "Rear_Center": "9343207e3298813fdc4d26b7948e15a38533c37a9f232c3eff809b565398b330",
    "Rear_Left": "1679e0557701864d55b742a0abd3fe5f50d95b1bfcb55ffad4b597dcc7e3c7b8",
    "Rear_Right": "12828d125f692faa75c7445d52125dcc2c36f82c4f7a3ef49b8ae6afd74ada9d",
    "Side_Left": "03dc7c641d7825417d2a261831715e945e95d87343fb037db910e7ce4f87a2a1",
    "Side_Right": "ecdd0329945f355960796a56f8126d5080ed93fdd2437c7eaddbbbd56137d7e9",
}

RATE = 16_000  # samples per second
TAPS = 97  # of the low-pass filter


def speech() -> NDArray[np.float32]:
    """All voices after one another, in [-1, 1], at RATE. Raises as `read_member` does."""
    return np.concatenate([_resampled(*_recording(name)) for name in VOICES])


def _recording(name: str) -> tuple[NDArray[np.float64], int]:
    content = read_member(Member(ALSA, f"usr/share/sounds/alsa/{name}.wav", VOICES[name]))
    with wave.open(io.BytesIO(content)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return samples / 2**15, file.getframerate()


def _resampled(samples: NDArray[np.float64], rate: int) -> NDArray[np.float32]:
    """Each n-th sample, after a windowed-sinc low-pass at the new rate's half."""
    step, rest = divmod(rate, RATE)
    if rest:
        raise ValueError(f"{rate} samples a second are no multiple of {RATE}")
    taps = np.sinc((np.arange(TAPS) - TAPS // 2) / step) * np.hanning(TAPS + 2)[1:-1]
    return np.convolve(samples, taps / taps.sum(), "same")[::step].astype(np.float32)
