from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest

import neo_compiler
from benchmarks.conversions import ConversionError, converted
from benchmarks.peers import ENGINES, OURS, PEERS, Feed, difference
from tests.neo_compiler.models import parse, save, with_weights

# Two inputs and two outputs, in an order that is not that of their names; nothing symmetrical.
NETWORK = """g (float[1, 3, 12, 8] second, float[1, 16, 12, 8] first, float[16, 3, 3, 3] w, float[16] b)
    => (float[1, 16, 12, 8] z, float[1, 16, 6, 4] a) {
    c = Conv<pads = [1, 1, 1, 1]>(second, w, b)
    r = Relu(c)
    z = Add(r, first)
    a = MaxPool<kernel_shape = [2, 2], strides = [2, 2]>(z)
}"""

STRANGE_HEAD = '<ir_version: 8, opset_import: ["" : 17, "nowhere" : 1]>'
STRANGE = "g (float[1, 4] x) => (float[1, 4] y) { y = nowhere.Unheard(x) }"


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    random = np.random.default_rng(0)
    weights = {"w": random.standard_normal((16, 3, 3, 3)), "b": random.standard_normal(16)}
    return save(with_weights(parse(NETWORK), **weights), tmp_path_factory.mktemp("network"), "network.onnx")


@pytest.fixture(scope="module")
def feed() -> Feed:
    random = np.random.default_rng(1)
    shapes = {"second": (1, 3, 12, 8), "first": (1, 16, 12, 8)}
    return {name: random.standard_normal(shape, np.float32) for name, shape in shapes.items()}


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEO_CACHE", str(tmp_path))


@pytest.mark.usefixtures("own_cache")
@pytest.mark.parametrize("name", ENGINES)
def test_every_engine_computes_the_same(name: str, network: Path, feed: Feed, tmp_path: Path) -> None:
    if not ENGINES[name].installed:
        pytest.skip(f"{ENGINES[name].modules} are not installed")
    if name == OURS:
        model = neo_compiler.compile(network, output=tmp_path / "artifact")
    else:
        model = converted(name, network, feed)
        assert converted(name, network, feed) == model
    ENGINES[name].prepare()
    expected = ENGINES["onnxruntime"].engine(network, feed, 1).run()
    for threads in (1, 2):
        engine = ENGINES[name].engine(model, feed, threads)
        for _ in range(2):
            found = engine.run()
            assert [array.size for array in found] == [array.size for array in expected]
            assert difference(found, expected) < 1e-4


@pytest.mark.usefixtures("own_cache")
@pytest.mark.parametrize("name", ["mnn", "ncnn"])
def test_a_model_that_a_converter_refuses(name: str, feed: Feed, tmp_path: Path) -> None:
    if not ENGINES[name].installed:
        pytest.skip(f"{ENGINES[name].modules} are not installed")
    path = save(parse(STRANGE, STRANGE_HEAD), tmp_path, "strange.onnx")
    with pytest.raises(ConversionError, match="its converter does not take the model"):
        converted(name, path, {"x": np.zeros((1, 4), np.float32)})
    assert list(tmp_path.rglob(f"*{name}*")) == []


def test_nothing_is_reported_over_the_network() -> None:
    ENGINES["onnxruntime"].prepare()
    assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"
    with pytest.raises(ImportError):
        __import__("openvino_telemetry")


def test_versions() -> None:
    import onnxruntime

    assert ENGINES["onnxruntime"].version == onnxruntime.__version__
    assert ENGINES[OURS].installed
    assert OURS not in PEERS
    assert "openvino_telemetry" not in PEERS
    assert sys.modules["onnxruntime"] is onnxruntime


def test_difference() -> None:
    one = [np.array([1.0, -4.0], np.float32), np.array([10, 20])]
    assert difference(one, one) == 0
    assert difference([one[0], np.array([10, 21])], one) == pytest.approx(0.05)
    assert difference([one[0].reshape(2, 1), one[1]], one) == 0
    assert np.isnan(difference([one[0], np.array([np.nan, 20])], one))
    assert np.isnan(difference([np.array([np.nan, 20]), one[1]], one))
    assert difference([np.zeros((0, 3))], [np.zeros((0, 3))]) == 0
    assert difference([np.array([1e-3])], [np.array([0.0])]) > 1e6
    assert difference([np.array([True, False])], [np.array([True, True])]) == 1
    with pytest.raises(ValueError, match=r"shorter|longer"):
        difference(one, one[:1])
