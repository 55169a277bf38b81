from __future__ import annotations

import pytest

from neo_compiler.errors import ModelError
from neo_compiler.graph import prepare
from tests.neo_compiler.models import parse


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("g (bfloat16[2] x) => (bfloat16[2] y) { y = Relu(x) }", "input 'x' of Relu is BFLOAT16"),
        ("g (float[2] x) => (bfloat16[2] y) { y = Cast<to = 16>(x) }", "output 'y' of Cast is BFLOAT16"),
        ("g (string[2] x) => (int64[1] y) { y = Shape(x) }", "input 'x' of Shape is STRING"),
        ("g (seq(float[2]) x) => (int64 y) { y = SequenceLength(x) }", "of SequenceLength is Sequence"),
    ],
)
def test_what_numpy_lacks_is_refused_with_the_operator(body: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        prepare(parse(body), {})
