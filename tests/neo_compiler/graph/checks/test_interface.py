from __future__ import annotations

import pytest

from neo_compiler.errors import ModelError
from neo_compiler.graph import prepare
from tests.neo_compiler.models import parse


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("g (string[2] x) => (int64[1] y) { y = Shape(x) }", "input 'x' of Shape is STRING"),
        ("g (seq(float[2]) x) => (int64 y) { y = SequenceLength(x) }", "of SequenceLength is Sequence"),
    ],
)
def test_what_numpy_lacks_is_refused_with_the_operator(body: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        prepare(parse(body), {})
