"""DLR's interface over real artifacts: results, errors, and which of the original's bugs are left out."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_runtime.dlr import DLRError, DLRModel
from edge_runtime.manifest import TensorSpec
from neo_compiler.native.plan import Placed, Plan, Step, Where
from tests.edge_runtime import sample

X = np.random.default_rng(11).standard_normal((sample.ROWS, sample.INNER), np.float32)
MATRIX, BIAS = (sample.ROWS, sample.COLUMNS), (sample.COLUMNS,)


def sum_plan() -> Plan:
    """y = a + b, with b along the rows."""
    return Plan(
        inputs=(TensorSpec("a", "float32", MATRIX), TensorSpec("b", "float32", BIAS)),
        outputs=(TensorSpec("y", "float32", MATRIX),),
        tensors=(
            Placed(Where.INPUT, "float32", MATRIX),
            Placed(Where.INPUT, "float32", BIAS, index=1),
            Placed(Where.OUTPUT, "float32", MATRIX),
        ),
        steps=(Step("add", (0, 1, 2)),),
        results=(2,),
        arena_bytes=0,
        params_bytes=0,
        scratch_bytes=1 << 16,
    )


@pytest.fixture(scope="module")
def sum_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sample.build(tmp_path_factory.mktemp("sum") / "artifact", sum_plan())


@pytest.fixture(scope="module")
def count_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Takes one int32 without axes."""
    return sample.build(tmp_path_factory.mktemp("count") / "artifact", sample.count_plan(8))


@pytest.fixture
def sums(sum_folder: Path) -> DLRModel:
    return DLRModel(str(sum_folder))


def check_mlp(outputs: list[Any]) -> None:
    for found, expected in zip(outputs, sample.mlp_reference(X).values(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_one_array_is_the_first_input(mlp_folder: Path) -> None:
    model = DLRModel(str(mlp_folder), "cpu", 0)
    check_mlp(model.run(X))
    check_mlp(model.run({"x": X}))
    check_mlp(model.run({"x": X.astype(np.float64).tolist()}))


def test_an_archive_and_a_path_object(mlp_archive: Path) -> None:
    check_mlp(DLRModel(mlp_archive).run(X))


def test_what_the_model_says_of_itself(mlp_folder: Path) -> None:
    model = DLRModel(str(mlp_folder), dev_type=None, dev_id=None, error_log_file=None, use_default_dlr=True)
    assert (model.get_input_names(), model.get_input_dtypes()) == (["x"], ["float32"])
    assert model.get_output_names() == ["y", "linear", "same", "again"]
    assert model.get_output_dtypes() == ["float32"] * 4
    assert (model.get_input_name(0), model.get_input_dtype(0)) == ("x", "float32")
    assert (model.get_output_name(3), model.get_output_dtype(3)) == ("again", "float32")
    assert model.get_version() == "1.10.0"
    assert model.has_metadata() is False
    inner = model._impl
    assert (inner.backend, inner.num_inputs, inner.num_outputs, inner.weight_names) == ("tvm", 1, 4, [])
    assert inner._get_output_size_dim(0) == (sample.ROWS * sample.COLUMNS, 2)
    assert [shape.tolist() for shape in inner.output_shapes] == [[8, 32], [8, 32], [8, 64], [8, 32]]


@pytest.mark.parametrize("method", ["input_name", "input_dtype", "output_name", "output_dtype"])
@pytest.mark.parametrize("index", [-1, 4])
def test_an_index_out_of_range(mlp_folder: Path, method: str, index: int) -> None:
    last = 0 if method.startswith("input") else 3
    with pytest.raises(Exception, match=rf"^Index cannot be greater than {last}$"):
        getattr(DLRModel(str(mlp_folder)), f"get_{method}")(index)


def test_inputs_keep_their_values_between_runs(sums: DLRModel) -> None:
    a, b = np.ones(MATRIX, np.float32), np.arange(32, dtype=np.float32)
    (first,) = sums.run({"a": a, "b": b})
    np.testing.assert_array_equal(first, a + b)
    (second,) = sums.run({"b": 2 * b})
    np.testing.assert_array_equal(second, a + 2 * b)
    (third,) = sums.run({})
    np.testing.assert_array_equal(third, second)
    np.testing.assert_array_equal(first, a + b)


def test_what_was_set_is_the_models_own(sums: DLRModel) -> None:
    a, b = np.ones(MATRIX, np.float32), np.zeros(BIAS, np.float32)
    sums.run({"a": a, "b": b})
    a[:] = 7
    np.testing.assert_array_equal(sums.get_input("a"), np.ones(MATRIX))
    sums.get_input("a")[:] = 9
    np.testing.assert_array_equal(sums.run({})[0], np.ones(MATRIX))


def test_get_input(sums: DLRModel) -> None:
    message = (
        "Since set_input() was never called with input a, we cannot infer its shape. "
        "Shape parameter should be explicitly specified"
    )
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is compared below
        sums.get_input("a")
    assert str(caught.value) == message
    assert sums.get_input("a", (2, 128)).shape == (2, 128)
    sums.run({"a": np.ones((1, *MATRIX), np.float64), "b": np.zeros((1, 32))})
    given = sums.get_input("a")
    assert (given.shape, given.dtype) == ((1, *MATRIX), np.float32)
    assert sums.get_input("a", np.array([256])).shape == (256,)
    with pytest.raises(ValueError, match=r"^c is not a valid input name\.$"):
        sums.get_input("c", (1,))


def test_an_unknown_name(sums: DLRModel) -> None:
    with pytest.raises(ValueError, match=r"^c is not a valid input name\.$"):
        sums.run({"c": np.zeros(1)})


@pytest.mark.parametrize("values", [[np.zeros(1)], (1, 2), None, "x"])
def test_what_is_no_input(sums: DLRModel, values: Any) -> None:
    message = (
        "input_values must be of type dict (tvm model) or a np.ndarray/generic (representing treelite models)"
    )
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is compared below
        sums.run(values)
    assert str(caught.value) == message


def test_other_types_than_float32_have_to_match(count_folder: Path) -> None:
    model = DLRModel(str(count_folder))
    (counts,) = model.run(np.int32(3))
    assert (int(counts.sum()), counts.shape) == (3, (8,))
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is compared below
        model.run({"tasks": np.int64(3)})
    assert str(caught.value) == "input data with name tasks should have dtype int32 but int64 is provided"


def test_a_wrong_number_of_values(sums: DLRModel) -> None:
    with pytest.raises(DLRError, match=r"^Mismatch found in input data size\. Value read: 31, Expected: 32$"):
        sums.run({"b": np.zeros(31)})


def test_another_shape_with_as_many_values_is_refused(sums: DLRModel) -> None:
    """The original computes with mixed-up values."""
    with pytest.raises(DLRError, match=r"Value read: \[32, 8\], Expected: \[8, 32\]: the values of a"):
        sums.run({"a": np.zeros((32, 8))})


def test_an_input_that_nobody_set(sums: DLRModel) -> None:
    with pytest.raises(DLRError, match="Input b was never set"):
        sums.run({"a": np.zeros(MATRIX)})


def test_labels_beside_the_model(mlp_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for path in mlp_folder.iterdir():
        (folder / path.name).symlink_to(path) if path.is_dir() else (folder / path.name).write_bytes(
            path.read_bytes()
        )
    with pytest.raises(DLRError, match="is missing"):  # a file of the artifact's behind a link does not count
        DLRModel(str(folder))
    (folder / "selftest").unlink()
    (folder / "selftest").mkdir()
    for path in (mlp_folder / "selftest").iterdir():
        (folder / "selftest" / path.name).write_bytes(path.read_bytes())
    (folder / "synset.txt").write_text("cat\ndog\n")
    check_mlp(DLRModel(str(folder)).run(X))


def test_paths_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^model_path /no/such doesn't exist$"):
        DLRModel("/no/such")
    (tmp_path / "compiled.params").touch()
    with pytest.raises(DLRError, match=f"^Unable to determine backend from path: '{tmp_path}'\\."):
        DLRModel(str(tmp_path))


def test_a_damaged_model(mlp_folder: Path, tmp_path: Path) -> None:
    for path in mlp_folder.rglob("*"):
        if path.is_file():
            copy = tmp_path / path.relative_to(mlp_folder)
            copy.parent.mkdir(exist_ok=True)
            copy.write_bytes(path.read_bytes())
    (tmp_path / "compiled.params").write_bytes(b"")
    with pytest.raises(DLRError, match=r"compiled\.params is damaged"):
        DLRModel(str(tmp_path))


def test_devices(tmp_path: Path, mlp_folder: Path) -> None:
    with pytest.raises(KeyError, match="tpu"):
        DLRModel(str(mlp_folder), "tpu")
    folder = tmp_path / "artifact"
    folder.mkdir()
    (folder / "compiled.meta").write_text(json.dumps({"Requirements": {"TargetDeviceType": "cpu"}}))
    sample.link_library(sample.count_plan(), folder / "compiled.so")
    sample.write_manifest(folder, sample.count_plan())
    assert DLRModel(str(folder), "cpu").has_metadata()
    message = 'Compiled model requires device type "cpu" but user gave "gpu".'
    with pytest.raises(DLRError, match=message):
        DLRModel(str(folder), "gpu")


def test_threads_by_the_environment(mlp_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TVM_NUM_THREADS", "1")
    assert DLRModel(str(mlp_folder))._model.threads == 1


def test_errors_are_logged_and_written(
    sum_folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "errors.log"
    log = logging.getLogger("dlr.neologger_logger")
    before = list(log.handlers)
    try:
        model = DLRModel(str(sum_folder), error_log_file=str(path))
        DLRModel(str(sum_folder), error_log_file=str(path))
        with pytest.raises(ValueError, match="valid input name"):
            model.run({"c": X})
    finally:
        for handler in set(log.handlers) - set(before):
            log.removeHandler(handler)
            handler.close()
    assert path.read_text().count("c is not a valid input name.\n") == 2  # the line, and the traceback's
    assert "error in running inference c is not a valid input name." in caplog.text
