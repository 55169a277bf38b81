"""Every domain: shape, dtype, range, and the same array for the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.domains import Constant, Domain, Integers, Picture, Print, Shape, Sound, TextFile, Uniform

CASES: list[tuple[Domain, Shape, str, float, float]] = [
    (Picture(-1, 1), (2, 3, 40, 70), "float32", -1, 1),
    (Picture(0, 255, channels_last=True), (1, 40, 70, 3), "float32", 0, 255),
    (Print(-1, 1), (1, 3, 48, 320), "float32", -1, 1),
    (Integers(5, 9), (1, 64), "int64", 5, 9),
    (Constant(1), (1, 64), "int64", 1, 1),
    (Uniform(-0.5, 0.5), (2, 1, 128), "float32", -0.5, 0.5),
    (Sound(16_000), (1, 576), "float32", -1, 1),
    (Sound(22_050), (1, 4000, 1), "float32", -1, 1),
    (TextFile(padding=256), (1, 2048), "int32", 0, 256),
]
IDS = [f"{type(case[0]).__name__}{case[1]}" for case in CASES]


@pytest.mark.parametrize(("domain", "shape", "dtype", "low", "high"), CASES, ids=IDS)
def test_values_lie_in_the_domain(domain: Domain, shape: Shape, dtype: str, low: float, high: float) -> None:
    values = domain.draw(np.random.default_rng(0), shape)
    assert values.shape == shape
    assert values.dtype == dtype
    assert low <= values.min() <= values.max() <= high
    assert values.flags.c_contiguous


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_the_seed_decides(case: tuple[Domain, Shape, str, float, float]) -> None:
    domain, shape = case[:2]
    first, again, other = (domain.draw(np.random.default_rng(seed), shape) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert isinstance(domain, Constant) or not np.array_equal(first, other)


def test_pictures_use_their_whole_range_and_have_areas() -> None:
    picture = Picture(-1, 1).draw(np.random.default_rng(0), (1, 3, 64, 64))
    assert (picture.min(), picture.max()) == (-1, 1)
    neighbours = np.corrcoef(picture[..., :-1].ravel(), picture[..., 1:].ravel())[0, 1]
    assert neighbours > 0.5


def test_a_text_file_ends_in_padding() -> None:
    content = TextFile(padding=256).draw(np.random.default_rng(0), (1, 2048))[0]
    text = content[content != 256]
    assert (content[text.size :] == 256).all()
    assert bytes(text.tolist()).decode("ascii").split()
