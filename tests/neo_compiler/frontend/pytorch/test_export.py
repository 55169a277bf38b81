from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

import edge_runtime
import neo_compiler
from neo_compiler.errors import ModelError, UsageError
from neo_compiler.frontend.memory import Examples, model_file
from neo_compiler.frontend.pytorch.export import program_of, to_onnx
from neo_compiler.ort import Session
from tests.neo_compiler.frontend.pytorch.small import Small, torch


def test_a_module_compiles_and_answers_as_in_pytorch(small: Small, tmp_path: Path) -> None:
    x = torch.randn(1, 3, 8, 8)
    path = neo_compiler.compile(small, example_inputs=(x,), output=tmp_path / "artifact")
    with edge_runtime.load(path, threads=1) as model:
        assert {row.backend for row in model.placement} == {"native"}
        (found,) = model.run({"x": x.numpy()}).values()
    np.testing.assert_allclose(found, small.eval()(x).detach().numpy(), rtol=1e-4, atol=1e-5)


def test_the_module_stays_in_the_mode_that_it_was_in(small: Small) -> None:
    small.convolution.eval()
    program_of(small, Examples((torch.randn(1, 3, 8, 8),)))
    assert [module.training for module in small.modules()] == [True, False, True]


def test_dynamic_shapes_become_symbolic_dimensions(small: Small) -> None:
    shapes = {"x": {0: torch.export.Dim("batch", min=1, max=8)}}
    program = program_of(small, Examples((torch.randn(2, 3, 8, 8),), shapes))
    batch, *others = to_onnx(program).graph.input[0].type.tensor_type.shape.dim
    assert batch.dim_param
    assert [dimension.dim_value for dimension in others] == [3, 8, 8]


def test_the_model_file_holds_no_trace_of_the_source(small: Small) -> None:
    with model_file(small, Examples((torch.randn(1, 3, 8, 8),))) as path:
        assert path.name == "Small.onnx"
        assert str(Path(__file__).parent).encode() not in path.read_bytes()
    assert not path.exists()


def test_what_is_wrong_with_the_call_is_said(small: Small) -> None:
    with pytest.raises(UsageError, match="give example_inputs"):
        program_of(small, Examples())
    with pytest.raises(UsageError, match="a Tensor is no torch"):
        program_of(torch.zeros(1), Examples())


def test_a_program_in_training_mode_is_refused(small: Small) -> None:
    program = torch.export.export(small.train(), (torch.randn(1, 3, 8, 8),))
    with pytest.raises(ModelError, match=r"training mode: dropout .* call \.eval\(\)"):
        to_onnx(program)


class Branching(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + 1 if x.sum() > 0 else x - 1


def test_what_pytorch_cannot_trace_is_explained() -> None:
    with pytest.raises(ModelError, match=r"PyTorch cannot export this model: .*data-dependent"):
        program_of(Branching(), Examples((torch.randn(4),)))


class Recurrent(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = torch.nn.LSTM(8, 16, 2, batch_first=True, bidirectional=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x)[0]


def test_an_lstm_becomes_matrix_products() -> None:
    from neo_compiler.graph.prepare import prepare

    torch.manual_seed(0)
    model = to_onnx(program_of(Recurrent(), Examples((torch.randn(1, 5, 8),))))
    plain = prepare(model, {})
    assert "LSTM" not in {node.op_type for node in plain.graph.node}
    x = {"x": np.random.default_rng(0).standard_normal((1, 5, 8)).astype(np.float32)}
    np.testing.assert_allclose(_run(plain, x), _run(model, x), rtol=1e-5, atol=1e-6)


def _run(model: onnx.ModelProto, inputs: dict[str, np.ndarray]) -> np.ndarray:
    session = Session(model.SerializeToString())
    (result,) = session.run(session.outputs, inputs)
    return result
