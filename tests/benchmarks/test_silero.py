"""The 16 kHz network taken out of Silero VAD answers exactly as the published model does at 16 kHz."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx

from benchmarks import silero, zoo
from benchmarks.fetch import read_member
from tests.benchmarks.conftest import Run


def test_the_branch_equals_the_model_at_16_khz(have: Callable[..., Any], run: Run) -> None:
    published = have(lambda: read_member(zoo.MODELS["silero-vad"].file))
    fixed = silero.fix_rate(published)
    inputs = zoo.inputs("silero-vad", seed=3)
    expected = run(published, {**inputs, "sr": np.array(16_000)})
    found = run(fixed, inputs)
    assert set(found) == set(expected) == {"output", "stateN"}
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value)


def test_neither_the_choice_nor_the_other_network_is_left(have: Callable[..., Any]) -> None:
    graph = onnx.load(have(lambda: zoo.fetch("silero-vad"))).graph
    assert {value.name for value in graph.input} == {"input", "state"}
    assert all(node.op_type != "If" for node in graph.node)
    assert not any(tensor.name.startswith("model_8k.") for tensor in graph.initializer)
