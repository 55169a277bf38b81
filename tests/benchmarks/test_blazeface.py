"""BlazeFace finds the face in a real portrait and none in a picture of a cup: its weights are trained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from benchmarks import zoo
from tests.benchmarks.conftest import Run


def best_score(run: Run, model: Path, picture: Path, side: int) -> float:
    """The highest probability of a face over all anchors, for the picture squeezed to a square."""
    with Image.open(picture) as file:
        pixels = np.asarray(file.convert("RGB").resize((side, side)), np.float32)
    values = run(model, {"input:0": (pixels / 127.5 - 1)[None]})
    logit = max(float(values[name].max()) for name in ("Identity:0", "Identity_1:0"))
    return float(1 / (1 + np.exp(-logit)))


@pytest.mark.parametrize(("name", "side"), [("blazeface-front", 128), ("blazeface-back", 256)])
def test_it_sees_a_face_where_one_is(name: str, side: int, have: Callable[..., Any], run: Run) -> None:
    model = have(lambda: zoo.fetch(name))
    portrait, cup = have(lambda: zoo.picture("astronaut")), have(lambda: zoo.picture("coffee"))
    assert best_score(run, model, portrait, side) > 0.8
    assert best_score(run, model, cup, side) < 0.5
