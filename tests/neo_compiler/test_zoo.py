"""Real models, compiled for this machine and compared with onnxruntime on pictures, sounds and texts."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import edge_runtime
import neo_compiler
from benchmarks import zoo
from neo_compiler.frontend import load
from neo_compiler.verify.difference import difference
from neo_compiler.verify.reference import Reference

# Topologies that take long, and 240 to 575 MB of weights; light_squeezenet and light_shufflenet are left.
DEEP = frozenset({"light_densenet121", "light_inception_v1", "light_inception_v2", "light_resnet50"})
SLOW = DEEP | {"light_bvlc_alexnet", "light_vgg19", "light_zfnet512"}
NAMES = [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in zoo.MODELS]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that goes at once: the largest of these models has 575 MB."""
    with tempfile.TemporaryDirectory(prefix="neo-zoo-") as name:
        yield Path(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_real_model_compiles_and_agrees_with_onnxruntime(name: str, folder: Path) -> None:
    try:
        path = zoo.fetch(name)
    except zoo.ZooUnavailable as error:
        pytest.skip(str(error))
    artifact = neo_compiler.compile(path, output=folder / name, input_shapes=zoo.MODELS[name].shapes)
    inputs = zoo.inputs(name)
    expected = Reference(load(path)).run(inputs)
    with edge_runtime.load(artifact, threads=2) as model:
        actual = model.run(inputs)
    assert actual.keys() == expected.keys()
    assert max(difference(value, actual[key]) for key, value in expected.items()) < 1e-4
