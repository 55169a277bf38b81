"""Photographs open as pictures; class names are those of ImageNet-1k in its order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from benchmarks import zoo
from benchmarks.pictures import PICTURES

SCANS = {"text", "page"}


@pytest.mark.parametrize("name", PICTURES)
def test_a_photograph_opens(name: str, have: Callable[..., Any]) -> None:
    with Image.open(have(lambda: zoo.picture(name))) as picture:
        assert picture.mode == ("L" if name in SCANS else "RGB")
        assert min(picture.size) >= (170 if name in SCANS else 300)


def test_labels_are_imagenet_s(have: Callable[..., Any]) -> None:
    names = have(zoo.labels)
    assert len(names) == 1000
    assert (names[0], names[285], names[967], names[999]) == (
        "tench",
        "Egyptian cat",
        "espresso",
        "toilet tissue",
    )
