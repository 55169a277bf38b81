from __future__ import annotations

from pathlib import Path

import onnx.parser
import pytest

import neo_compiler
from neo_compiler.errors import ModelError

BRANCHES = """<ir_version: 8, opset_import: ["": 17]>
g (float[2] x, bool c) => (float[2] y) {
    y = If(c) <
        then_branch = named () => (float[2] a) { a = Neg(x) },
        else_branch = other () => (float[2] b) { b = Abs(x) }
    >
}"""


def test_the_name_of_a_nested_graph_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    content = onnx.parser.parse_model(BRANCHES).SerializeToString()
    assert content.count(b"named") == 1
    path.write_bytes(content.replace(b"named", b"\xf4amed"))
    with pytest.raises(ModelError, match="holds a name that is no text"):
        neo_compiler.compile(path, output=tmp_path / "out")
    assert not (tmp_path / "out").exists()
