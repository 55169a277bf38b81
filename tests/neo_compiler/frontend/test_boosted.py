"""Files of XGBoost and LightGBM, read without them, against what they themselves predict."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from neo_compiler.errors import ModelError
from neo_compiler.frontend import load
from neo_compiler.frontend.boosted import lightgbm as lightgbm_files
from neo_compiler.frontend.boosted import ubjson
from neo_compiler.frontend.boosted import xgboost as xgboost_files
from neo_compiler.verify.reference import Reference

xgboost = pytest.importorskip(
    "xgboost", reason="needs XGBoost to train with: pip install 'neo-edge[boosting]'"
)
lightgbm = pytest.importorskip(
    "lightgbm", reason="needs LightGBM to train with: pip install 'neo-edge[boosting]'"
)

TOLERANCE = 2e-6  # of the largest value
RNG = np.random.default_rng(0)
ROWS = RNG.standard_normal((400, 6)).astype(np.float32)
ROWS[RNG.random(ROWS.shape) < 0.1] = np.nan
SCORE = np.nan_to_num(ROWS).sum(axis=1)
TARGETS: dict[str, NDArray[Any]] = {
    "two": (SCORE > 0).astype(int),
    "three": np.digitize(SCORE, [-1, 1]),
    "number": SCORE,
    "positive": np.exp(SCORE / 4),
    "share": 1 / (1 + np.exp(-SCORE)),
}


def _outputs(model: onnx.ModelProto) -> list[NDArray[Any]]:
    return list(Reference(model).run({"X": ROWS}).values())


def _check(model: onnx.ModelProto, expected: NDArray[Any]) -> None:
    *labels, values = _outputs(model)
    if values.shape[1] == 2 and expected.ndim == 1:
        expected = np.stack([1 - expected, expected], axis=1)
    expected = expected.reshape(values.shape)
    assert np.abs(values - expected).max() <= TOLERANCE * max(1, np.abs(expected).max())
    for label in labels:
        np.testing.assert_array_equal(label, expected.argmax(axis=1))


XGBOOST = {
    "binary:logistic": ("two", {}),
    "binary:logitraw": ("two", {}),
    "multi:softprob": ("three", {"num_class": 3}),
    "reg:squarederror": ("number", {"num_parallel_tree": 2}),
    "reg:logistic": ("share", {}),
    "count:poisson": ("positive", {}),
    "reg:absoluteerror": ("number", {"booster": "dart", "rate_drop": 0.5}),
}


@pytest.mark.parametrize("suffix", ["json", "ubj"])
@pytest.mark.parametrize("objective", XGBOOST)
def test_xgboost(tmp_path: Path, objective: str, suffix: str) -> None:
    target, options = XGBOOST[objective]
    data = xgboost.DMatrix(ROWS, TARGETS[target])
    booster = xgboost.train({"objective": objective, "max_depth": 4, "nthread": 1, **options}, data, 12)
    path = tmp_path / f"model.{suffix}"
    booster.save_model(path)
    _check(load(path), booster.predict(xgboost.DMatrix(ROWS)))


def test_xgboost_after_early_stopping(tmp_path: Path) -> None:
    """The interface of scikit-learn uses the best rounds only; so does the file that it saved."""
    noise = np.random.default_rng(1).integers(0, 2, len(ROWS))
    model = xgboost.XGBClassifier(n_estimators=40, early_stopping_rounds=3, n_jobs=1)
    model.fit(ROWS[:200], noise[:200], eval_set=[(ROWS[200:], noise[200:])], verbose=False)
    assert model.best_iteration < model.get_booster().num_boosted_rounds() - 1
    path = tmp_path / "model.json"
    model.save_model(path)
    _check(load(path), model.predict_proba(ROWS))


LIGHTGBM = {
    "binary": ("two", {"sigmoid": 0.7}),
    "multiclass": ("three", {"num_class": 3}),
    "multiclassova": ("three", {"num_class": 3}),
    "regression": ("number", {}),
    "cross_entropy": ("share", {}),
    "poisson": ("positive", {}),
    "regression_l1": (
        "number",
        {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.7, "feature_fraction": 0.7},
    ),
    "huber": ("number", {"use_missing": False}),
}


@pytest.mark.parametrize("objective", LIGHTGBM)
def test_lightgbm(tmp_path: Path, objective: str) -> None:
    target, options = LIGHTGBM[objective]
    given = {"objective": objective, "verbose": -1, "num_threads": 1, "min_data_in_leaf": 5, **options}
    booster = lightgbm.train(given, lightgbm.Dataset(ROWS, TARGETS[target]), 12)
    path = tmp_path / "model.bin"  # the name says nothing
    booster.save_model(path)
    _check(load(path), booster.predict(ROWS))


def test_what_is_not_supported_is_named(tmp_path: Path) -> None:
    categories = np.random.default_rng(2).integers(0, 8, (400, 1)).astype(np.float32)
    data = lightgbm.Dataset(categories, (categories[:, 0] % 2), categorical_feature=[0])
    path = tmp_path / "model.txt"
    lightgbm.train({"objective": "binary", "verbose": -1, "min_data_per_group": 1}, data, 3).save_model(path)
    with pytest.raises(ModelError, match="splits by category are not supported"):
        load(path)
    xgboost.train({"booster": "gblinear"}, xgboost.DMatrix(ROWS, SCORE), 2).save_model(
        tmp_path / "linear.json"
    )
    with pytest.raises(ModelError, match="gblinear has no trees"):
        load(tmp_path / "linear.json")


@pytest.mark.parametrize("suffix", ["json", "ubj", "txt"])
def test_damaged_files_are_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"model.{suffix}"
    if suffix == "txt":
        data = lightgbm.Dataset(ROWS, TARGETS["two"])
        lightgbm.train({"objective": "binary", "verbose": -1}, data, 2).save_model(path)
    else:
        xgboost.train({}, xgboost.DMatrix(ROWS, SCORE), 2).save_model(path)
    whole, random = path.read_bytes(), np.random.default_rng(3)
    readers: dict[str, Callable[[Path], object]] = {"txt": lightgbm_files.read}
    read = readers.get(suffix, xgboost_files.read)
    for _ in range(150):
        damaged = bytearray(whole[: random.integers(1, len(whole) + 1)])
        for place in random.integers(0, len(damaged), 4):
            damaged[place] = random.integers(256)
        path.write_bytes(damaged)
        with contextlib.suppress(ModelError):  # any other error is a mistake; some damage does not show
            read(path)


@pytest.mark.parametrize(
    "value", [{"a": [1, 2.5, "text", None, True, {"b": []}]}, {"learner": {"n": -3, "big": 1 << 40}}]
)
def test_ubjson(value: dict[str, Any]) -> None:
    assert ubjson.loads(_encoded(value)) == json.loads(json.dumps(value))


def test_ubjson_of_typed_arrays() -> None:
    floats = np.array([1.5, -2.0], ">f4")
    data = b"{L" + (1).to_bytes(8, "big") + b"a[$d#L" + (2).to_bytes(8, "big") + floats.tobytes() + b"}"
    np.testing.assert_array_equal(ubjson.loads(data)["a"], floats)
    with pytest.raises(ubjson.UbjsonError, match="breaks off"):
        ubjson.loads(data[:-4])
    with pytest.raises(ubjson.UbjsonError, match="nested"):
        ubjson.loads(b"[" * 100)


def _encoded(value: Any) -> bytes:
    if value is None or isinstance(value, bool):
        return {None: b"Z", True: b"T", False: b"F"}[value]
    if isinstance(value, int):
        return b"L" + value.to_bytes(8, "big", signed=True)
    if isinstance(value, float):
        return b"D" + np.array(value, ">f8").tobytes()
    if isinstance(value, str):
        return b"SL" + len(value).to_bytes(8, "big") + value.encode()
    if isinstance(value, list):
        return b"[" + b"".join(map(_encoded, value)) + b"]"
    return b"{" + b"".join(_encoded(key)[1:] + _encoded(row) for key, row in value.items()) + b"}"
