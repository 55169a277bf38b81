from __future__ import annotations

import zlib

import numpy as np

from neo_compiler.graph import prepare
from neo_compiler.verify.inputs import seeded_inputs
from tests.neo_compiler.models import parse, with_weights

BODY = """g (float[1, 3, 64, 64] picture, float[4, 100] row, int64[1, 500] ids, int64[1, 500] mask,
    float[8, 2] table, float scale
) => (float[1, 3, 64, 64] a, float[4, 100] b, float[1, 500, 2] c, float[1, 500] d) {
    a = Div(picture, scale)
    b = Relu(row)
    c = Gather<axis=0>(table, ids)
    d = Cast<to=1>(mask)
}"""


def draw(seed: int = 0) -> dict[str, np.ndarray]:
    model = with_weights(parse(BODY), table=np.ones((8, 2)), scale=255.0)
    return seeded_inputs(prepare(model, {}), seed)


def test_names_shapes_and_dtypes_are_the_models() -> None:
    found = {name: (value.shape, value.dtype.name) for name, value in draw().items()}
    assert found == {
        "picture": ((1, 3, 64, 64), "float32"),
        "row": ((4, 100), "float32"),
        "ids": ((1, 500), "int64"),
        "mask": ((1, 500), "int64"),
    }


def test_values_fill_their_domain_and_stay_inside() -> None:
    inputs = draw()
    assert set(inputs["ids"].flat) == set(range(8))
    assert set(inputs["mask"].flat) == {0, 1}
    assert inputs["picture"].min() >= 0
    assert inputs["picture"].max() <= 255
    assert inputs["picture"].std() > 40
    assert 0.8 < inputs["row"].std() < 1.2


def test_a_seed_decides_all_values() -> None:
    first, again, other = draw(1), draw(1), draw(2)
    for name, value in first.items():
        np.testing.assert_array_equal(value, again[name])
        assert not np.array_equal(value, other[name])


def test_a_picture_has_structure_and_compresses() -> None:
    picture = draw()["picture"]
    noise = np.random.default_rng(0).standard_normal(picture.shape).astype(np.float32)
    neighbours = np.corrcoef(picture[..., :-1].ravel(), picture[..., 1:].ravel())[0, 1]
    assert neighbours > 0.3
    assert len(zlib.compress(picture.tobytes())) < 0.6 * len(zlib.compress(noise.tobytes()))
