from __future__ import annotations

import logging
import warnings

import onnx
import pytest

from neo_compiler.errors import ModelError
from neo_compiler.graph import prepare
from neo_compiler.tools import translate
from tests.neo_compiler.models import parse


def import_with_tvm(model: onnx.ModelProto) -> None:
    from tvm.relax.frontend.onnx import from_onnx

    with translate(model):
        from_onnx(model, keep_params_in_input=False)


def test_a_node_that_cannot_be_imported_is_named(capfd: pytest.CaptureFixture[str]) -> None:
    body = """g (float[1, 2, 4, 4] x) => (float[1, 2, 3, 3] y, int64[1, 2, 3, 3] i) {
        a = Abs(x)
        y, i = MaxPool<kernel_shape = [2, 2]>(a)
    }"""
    prepared = prepare(parse(body), {})
    with pytest.raises(ModelError) as caught:
        import_with_tvm(prepared)
    assert "operator MaxPool (opset 17) of node 'MaxPool_1' cannot be compiled as it is used: " in str(
        caught.value
    )
    assert capfd.readouterr() == ("", "")


def test_errors_of_our_own_pass_through() -> None:
    with pytest.raises(ZeroDivisionError), translate(onnx.ModelProto()):
        raise ZeroDivisionError


def test_what_tools_say_goes_to_the_log(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO, "neo_compiler")
    with translate(onnx.ModelProto()):
        print("a stray line")
        warnings.warn("a renamed input", UserWarning, stacklevel=1)
    assert capsys.readouterr().out == ""
    assert [record.message for record in caplog.records] == ["a stray line", "a renamed input"]
