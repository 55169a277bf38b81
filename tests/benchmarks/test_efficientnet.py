"""EfficientNet-Lite0 knows what real photographs show, so weights and architecture are in their places."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from PIL import Image

from benchmarks import efficientnet, zoo
from benchmarks.fetch import read_member
from benchmarks.pictures import PICTURES
from benchmarks.torch_file import load_state
from tests.benchmarks.conftest import Run


def prepare(path: Path) -> NDArray[np.float32]:
    """Centre crop to a square, bicubic to 224 x 224, (x - 127) / 128, NCHW."""
    with Image.open(path) as file:
        picture = file.convert("RGB")
    side = min(picture.size)
    left, top = ((size - side) // 2 for size in picture.size)
    square = picture.crop((left, top, left + side, top + side))
    pixels = np.asarray(square.resize((224, 224), Image.Resampling.BICUBIC), np.float32)
    return ((pixels - 127) / 128).astype(np.float32).transpose(2, 0, 1)[None]


@pytest.mark.parametrize("name", [name for name, picture in PICTURES.items() if picture.shows is not None])
def test_it_recognises_a_photograph(name: str, have: Callable[..., Any], run: Run) -> None:
    model = have(lambda: zoo.fetch("efficientnet-lite0"))
    picture = have(lambda: zoo.picture(name))
    logits = run(model, {"input": prepare(picture)})["logits"]
    assert logits.argmax() == PICTURES[name].shows


def test_conversion_is_deterministic_and_uses_every_weight(have: Callable[..., Any]) -> None:
    checkpoint = have(lambda: read_member(zoo.MODELS["efficientnet-lite0"].file))
    first = efficientnet.convert(checkpoint)
    assert first == efficientnet.convert(checkpoint)
    model = onnx.load_from_string(first)
    weights = {name for name in load_state(checkpoint) if not name.endswith("num_batches_tracked")}
    assert weights == {tensor.name for tensor in model.graph.initializer} - {"zero", "six"}
