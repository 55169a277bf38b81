"""Convolutions with parameters that nobody chose, against onnxruntime."""

from __future__ import annotations

import tempfile
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings

from tests.neo_compiler.compiled import Case, check

ACTIVATIONS = ("Relu", "Sigmoid", "HardSwish", "Identity", "Neg")
MODELS = 6  # one link serves them all


@st.composite
def convolutions(draw: st.DrawFn) -> Case:
    """A convolution, an activation, a pooling or another convolution."""
    groups = draw(st.sampled_from([1, 1, 1, 2, 3, 8]))
    per_group, outputs = draw(st.integers(1, 12)), draw(st.integers(1, 12)) * groups
    if draw(st.booleans()) and groups > 1:
        per_group = 1
    kernel, strides, gaps = (draw(st.tuples(st.integers(1, n), st.integers(1, n))) for n in (5, 3, 2))
    pads = draw(st.tuples(*[st.integers(0, 3)] * 4))
    reach = [(taps - 1) * gap + 1 for taps, gap in zip(kernel, gaps, strict=True)]
    size = [
        max(1, extent - pads[axis] - pads[axis + 2]) + draw(st.integers(0, 12))
        for axis, extent in enumerate(reach)
    ]
    batch, second = draw(st.sampled_from([1, 1, 2])), draw(st.integers(1, 20))
    attributes = f"group={groups}, strides={list(strides)}, dilations={list(gaps)}, pads={list(pads)}"
    return Case(f"""(
        float{[batch, per_group * groups, *size]} x, float{[outputs, per_group, *kernel]} W,
        float[{outputs}] B, float{[second, outputs, 1, 1]} V
    ) => (float[N, C, H, U] y, float[N, D, H, U] z) {{
        c = Conv<{attributes}>(x, W, B)
        y = {draw(st.sampled_from(ACTIVATIONS))}(c)
        z = Conv(y, V)
    }}""")


@settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.lists(convolutions(), min_size=MODELS, max_size=MODELS), st.sampled_from(["host", "x86-64-v2"]))
def test_random_convolutions(models: list[Case], target: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        check({str(number): case for number, case in enumerate(models)}, Path(folder), target)
