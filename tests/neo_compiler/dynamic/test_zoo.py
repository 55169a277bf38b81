"""Real models at many sizes from one artifact."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import edge_runtime
import neo_compiler
from benchmarks import zoo
from neo_compiler.frontend import load
from neo_compiler.verify.difference import difference
from neo_compiler.verify.reference import Reference

pytestmark = pytest.mark.slow


def fetched(name: str) -> Path:
    try:
        return zoo.fetch(name)
    except zoo.ZooUnavailable as error:
        pytest.skip(str(error))


@pytest.mark.timeout(600)
def test_minilm_int8_takes_every_length(tmp_path: Path) -> None:
    source = fetched("minilm-int8")
    path = neo_compiler.compile(
        source, output=tmp_path / "minilm.tar.gz", input_shapes={"input_ids": (1, "1..512")}
    )
    assert path.stat().st_size <= 1.1 * source.stat().st_size
    reference = Reference(load(source))
    with edge_runtime.load(path, threads=1) as model:
        assert len(model.manifest.buckets) == 1
        for length in (1, 2, 9, 64, 128, 333, 512):
            random = np.random.default_rng(length)
            given = {
                "input_ids": random.integers(0, 30522, (1, length)),
                "attention_mask": (np.arange(length) < max(1, length - 2)).astype(np.int64)[None],
                "token_type_ids": np.zeros((1, length), np.int64),
            }
            expected, found = reference.run(given), model.run(given)
            assert max(difference(value, found[name]) for name, value in expected.items()) < 1e-4


@pytest.mark.timeout(300)
def test_a_speech_detector_carries_its_state_over_a_hundred_windows(tmp_path: Path) -> None:
    """The sound is made, not recorded: bursts of voiced tones between soft noise."""
    window, context, windows = 512, 64, 100
    source = fetched("silero-vad")
    shapes = {"input": (1, window + context), "state": (2, 1, 128)}
    path = neo_compiler.compile(source, output=tmp_path / "vad", input_shapes=shapes)
    random = np.random.default_rng(0)
    sound = np.concatenate([np.zeros(context), *(_burst(random, window * 10) for _ in range(windows // 10))])
    reference = Reference(load(source))
    states = [np.zeros(shapes["state"], np.float32)] * 2
    with edge_runtime.load(path, threads=1) as model:
        for number in range(windows):
            piece = sound[number * window :][: window + context].astype(np.float32)[None]
            expected = reference.run({"input": piece, "state": states[0]})
            found = model.run({"input": piece, "state": states[1]})
            states = [expected["stateN"], found["stateN"]]
            assert difference(expected["stateN"], found["stateN"]) < 1e-4
            assert np.abs(expected["output"] - found["output"]).max() < 1e-4


def _burst(random: np.random.Generator, samples: int) -> np.ndarray:
    """Half a voiced tone of moving pitch, half silence with some noise."""
    turns = np.cumsum(np.linspace(*random.uniform(90, 300, 2), samples)) / 16_000
    voice = sum(np.sin(2 * np.pi * k * turns) / k for k in range(1, 20))
    loud = (np.arange(samples) < samples // 2) * random.uniform(0.05, 0.3)
    return np.asarray(loud * voice + 0.005 * random.standard_normal(samples))
