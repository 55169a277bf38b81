"""One artifact for many sizes, compiled as a user does it and compared with onnxruntime."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

import edge_runtime
import neo_compiler
from edge_runtime.manifest import Dimension
from neo_compiler.dynamic import ranges
from neo_compiler.errors import ModelError, UsageError
from neo_compiler.graph.prepare import Prepared
from neo_compiler.parts.task import Task
from neo_compiler.verify.difference import difference
from neo_compiler.verify.reference import Reference
from tests.neo_compiler.conftest import convolution
from tests.neo_compiler.models import parse, save, with_weights

# One head of attention with its mask, a normalisation and a table of positions, as encoders have them.
ATTENTION = """g (int64[1, n] ids, int64[1, n] mask) => (float[1, n, 8] y) {
    x = Gather(Words, ids)
    shape = Shape(ids)
    zero = Constant<value = int64[1] {0}>()
    one = Constant<value = int64[1] {1}>()
    length = Gather(shape, one)
    places = Slice(Numbers, zero, length, zero)
    position = Gather(Places, places)
    a = Add(x, position)
    k = Transpose<perm = [0, 2, 1]>(a)
    s = MatMul(a, k)
    wide = Unsqueeze(mask, one)
    keep = Cast<to = 1>(wide)
    scale = Constant<value = float {1000.0}>()
    b0 = Mul(keep, scale)
    b1 = Add(s, b0)
    p = Softmax<axis = -1>(b1)
    c = MatMul(p, a)
    d = MatMul(c, W)
    y = LayerNormalization<axis = -1>(d, G, B)
}"""


def attention() -> onnx.ModelProto:
    random = np.random.default_rng(0)
    return with_weights(
        parse(
            ATTENTION.replace(
                "int64[1, n] mask)",
                "int64[1, n] mask, float[50, 8] Words, float[64, 8] Places, "
                "int64[64] Numbers, float[8, 8] W, float[8] G, float[8] B)",
            )
        ),
        Words=random.standard_normal((50, 8)),
        Places=random.standard_normal((64, 8)),
        Numbers=np.arange(64),
        W=random.standard_normal((8, 8)),
        G=np.ones(8),
        B=np.zeros(8),
    )


def sentence(n: int) -> dict[str, Any]:
    random = np.random.default_rng(n)
    return {"ids": random.integers(0, 50, (1, n)), "mask": random.integers(0, 2, (1, n))}


@pytest.fixture(scope="module")
def sequence(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, onnx.ModelProto]:
    folder = tmp_path_factory.mktemp("sequence")
    model = attention()
    path = save(model, folder)
    return neo_compiler.compile(path, output=folder / "out.tar.gz", dimensions={"n": "1..64"}), model


def test_a_range_is_one_code_that_takes_every_size(sequence: tuple[Path, onnx.ModelProto]) -> None:
    path, original = sequence
    reference = Reference(original)
    with edge_runtime.load(path, threads=1) as model:
        assert model.dimensions == {"n": Dimension(1, 64)}
        assert [spec.shape for spec in model.inputs] == [(1, "n"), (1, "n")]
        assert [spec.shape for spec in model.outputs] == [(1, "n", 8)]
        assert len(model.manifest.buckets) == 1
        for n in (1, 2, 3, 16, 37, 63, 64, 5):
            given = sentence(n)
            found, expected = model.run(given), reference.run(given)
            assert found["y"].shape == (1, n, 8)
            assert difference(expected["y"], found["y"]) < 1e-5
        assert len(model.profile(sentence(7))) > 3


@pytest.mark.parametrize("n", [0, 65])
def test_what_lies_outside_of_the_range_is_refused(sequence: tuple[Path, onnx.ModelProto], n: int) -> None:
    with edge_runtime.load(sequence[0], threads=1) as model:
        given = {name: np.zeros((1, n), np.int64) for name in ("ids", "mask")}
        with pytest.raises(edge_runtime.InputError, match=rf"compiled for n {n}; this model takes n 1\.\.64"):
            model.run(given)


def test_what_fails_while_a_point_is_prepared_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no reason to compile in another way, at whatever point it comes."""
    prepare, seen = ranges.prepared_at, set[int]()

    def failing(task: Task, asked: ranges.Ranges, sizes: Mapping[str, int], *rest: Any) -> Prepared:
        seen.add(sizes["n"])
        if len(seen) > 3:  # the first three are prepared together
            raise ModelError("not at this size")
        return prepare(task, asked, sizes, *rest)

    monkeypatch.setattr(ranges, "prepared_at", failing)
    with pytest.raises(ModelError, match="not at this size"):
        neo_compiler.compile(save(attention(), tmp_path), output=tmp_path / "out", dimensions={"n": "1..64"})
    assert len(seen) > 3


def test_one_dimension_has_one_size_in_a_run(sequence: tuple[Path, onnx.ModelProto]) -> None:
    with edge_runtime.load(sequence[0], threads=1) as model:
        given = {"ids": np.zeros((1, 3), np.int64), "mask": np.zeros((1, 4), np.int64)}
        with pytest.raises(edge_runtime.InputError, match="'n' is 3 in input 'ids' and 4 in 'mask'"):
            model.run(given)


def test_results_are_written_where_the_caller_wants_them(sequence: tuple[Path, onnx.ModelProto]) -> None:
    with edge_runtime.load(sequence[0], threads=1) as model:
        place = np.empty((1, 6, 8), np.float32)
        assert model.run(sentence(6), {"y": place})["y"] is place
        assert np.array_equal(place, model.run(sentence(6))["y"])
        with pytest.raises(edge_runtime.InputError, match="expected"):
            model.run(sentence(7), {"y": place})


def test_the_artifact_tests_itself_and_is_the_same_each_time(
    sequence: tuple[Path, onnx.ModelProto], tmp_path: Path
) -> None:
    from edge_runtime.commands.selftest import selftest

    with edge_runtime.load(sequence[0], threads=1) as model:
        assert all(row.passed for row in selftest(model))
        assert model.manifest.accuracy is not None
        assert model.manifest.accuracy.samples == 3
    again = neo_compiler.compile(
        save(sequence[1], tmp_path), output=tmp_path / "again.tar.gz", dimensions={"n": "1..64"}
    )
    assert again.read_bytes() == sequence[0].read_bytes()


def test_listed_sizes_are_compilations_that_share_their_weights(tmp_path: Path) -> None:
    path = save(convolution(), tmp_path)
    steps = tmp_path / "steps"
    shapes = {"x": ([1, 4], 3, 16, 16)}
    out = neo_compiler.compile(path, output=tmp_path / "out", input_shapes=shapes, dump=steps)
    assert {folder.name for folder in steps.iterdir()} == {"1x3x16x16", "4x3x16x16"}
    reference = Reference(convolution())
    with edge_runtime.load(out, threads=1) as model:
        assert model.memory.arena == 0  # nothing is opened before it is needed
        assert model.outputs[0].shape == ("N", 32, 16, 16)
        for n in (4, 1):
            given = {"x": np.random.default_rng(n).standard_normal((n, 3, 16, 16)).astype(np.float32)}
            assert difference(reference.run(given)["y"], model.run(given)["y"]) < 1e-5
        with pytest.raises(edge_runtime.InputError, match="compiled for N 2; this model takes N 1 or 4"):
            model.run({"x": np.zeros((2, 3, 16, 16), np.float32)})
        files = model.manifest.files
        assert [name for name in files if name.endswith(".params")] == ["compiled.params"]
        assert files["compiled.params"].size == model.manifest.memory.params_bytes < 4 * (32 * 27 + 32) + 128


def test_where_no_code_covers_a_range_smaller_inputs_are_filled_up(tmp_path: Path) -> None:
    path = save(convolution(), tmp_path)  # three sizes are too few to see what they have in common
    out = neo_compiler.compile(path, output=tmp_path / "out", dimensions={"N": "1..4"})
    reference = Reference(convolution())
    with edge_runtime.load(out, threads=1) as model:
        assert model.dimensions == {"N": Dimension(1, 4, (), padded=True)}
        assert [bucket.dimensions["N"].high for bucket in model.manifest.buckets] == [1, 2, 4]
        for n in (3, 4, 1):
            given = {"x": np.random.default_rng(n).standard_normal((n, 3, 16, 16)).astype(np.float32)}
            found = model.run(given)["y"]
            assert found.shape == (n, 32, 16, 16)
            assert found.flags.c_contiguous
            assert difference(reference.run(given)["y"], found) < 1e-5


def test_where_filling_up_is_not_exact_every_size_is_compiled(tmp_path: Path) -> None:
    model = parse("g (float[n, 4] x) => (float[n, 4] y) { y = Softmax<axis = 0>(x) }")
    out = neo_compiler.compile(save(model, tmp_path), output=tmp_path / "out", dimensions={"n": "1..4"})
    with edge_runtime.load(out, threads=1) as loaded:
        assert loaded.dimensions == {"n": Dimension(1, 4)}
        assert len(loaded.manifest.buckets) == 4
        given = {"x": np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)}
        assert difference(Reference(model).run(given)["y"], loaded.run(given)["y"]) < 1e-5


def test_a_wide_range_that_no_code_covers_is_refused_with_the_reason(tmp_path: Path) -> None:
    model = parse(
        "g (float[n, 4] x) => (float[m, 4] y) { r = Constant<value = float[2] {0.5, 1.0}>() "
        'y = Resize<mode = "nearest">(x, , r) }'
    )
    with pytest.raises(UsageError, match=r"'n' cannot be left open from 1 to 100: .*list the sizes"):
        neo_compiler.compile(save(model, tmp_path), output=tmp_path / "out", dimensions={"n": "1..100"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.onnx"]
