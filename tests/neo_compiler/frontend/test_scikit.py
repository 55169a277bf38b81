"""Pickled models: only with trust, and then as scikit-learn computes them."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from neo_compiler.errors import ModelError
from neo_compiler.frontend import Reading, load
from neo_compiler.frontend.labels import labels_of
from neo_compiler.verify.reference import Reference

pytest.importorskip("sklearn", reason="needs scikit-learn: pip install 'neo-edge[sklearn]'")
pytest.importorskip("skl2onnx", reason="needs skl2onnx: pip install 'neo-edge[sklearn]'")

TRUST = Reading(trust=True)


class _Bomb:
    """What a hostile pickle does."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self._path,)


def _dump(path: Path, value: object) -> Path:
    path.write_bytes(pickle.dumps(value))
    return path


def test_nothing_is_unpickled_without_trust(tmp_path: Path) -> None:
    path = _dump(tmp_path / "model.pkl", _Bomb(tmp_path / "done"))
    with pytest.raises(ModelError, match="add --trust"):
        load(path)
    assert not (tmp_path / "done").exists()
    with pytest.raises(ModelError, match="not a fitted model"):
        load(path, TRUST)
    assert (tmp_path / "done").exists()


def test_a_classifier_names_its_classes(tmp_path: Path) -> None:
    from sklearn.datasets import load_iris
    from sklearn.ensemble import RandomForestClassifier

    rows, classes = load_iris(return_X_y=True)
    rows, names = rows.astype(np.float32), np.array(["setosa", "versicolor", "virginica"])
    forest = RandomForestClassifier(5, random_state=0).fit(rows, names[classes])
    model = load(_dump(tmp_path / "model.pkl", forest), TRUST)
    label, table = Reference(model).run({"X": rows}).values()
    found = labels_of(model)
    np.testing.assert_array_equal(np.array(found.values["output_label"])[label], forest.predict(rows))
    assert found.columns["output_probability"] == list(forest.classes_)
    np.testing.assert_allclose(table, forest.predict_proba(rows), atol=1e-6)


def test_boosters_go_through_their_own_format(tmp_path: Path) -> None:
    xgboost = pytest.importorskip("xgboost", reason="needs XGBoost: pip install 'neo-edge[boosting]'")
    lightgbm = pytest.importorskip("lightgbm", reason="needs LightGBM: pip install 'neo-edge[boosting]'")
    rows = np.random.default_rng(0).standard_normal((200, 4)).astype(np.float32)
    side = (rows[:, 0] > 0).astype(int)
    for estimator, classes in (
        (xgboost.XGBClassifier(n_estimators=5, n_jobs=1), side),
        (lightgbm.LGBMClassifier(n_estimators=5, n_jobs=1, verbose=-1), side * 3 + 4),
        (lightgbm.LGBMClassifier(n_estimators=5, n_jobs=1, verbose=-1), np.array(["left", "right"])[side]),
    ):
        fitted = estimator.fit(rows, classes)
        model = load(_dump(tmp_path / "model.pkl", fitted), TRUST)
        label, table = Reference(model).run({"X": rows}).values()
        names = labels_of(model).values.get("label")
        np.testing.assert_array_equal(np.array(names)[label] if names else label, fitted.predict(rows))
        np.testing.assert_allclose(table, fitted.predict_proba(rows), atol=1e-6)


def test_histogram_boosting(tmp_path: Path) -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    random = np.random.default_rng(0)
    rows = random.standard_normal((300, 4)).astype(np.float32)
    rows[random.random(rows.shape) < 0.1] = np.nan
    score = np.nan_to_num(rows).sum(axis=1)
    for classes in ((score > 0), np.array(["low", "middle", "high"])[np.digitize(score, [-1, 1])]):
        fitted = HistGradientBoostingClassifier(max_iter=8).fit(rows, classes)
        model = load(_dump(tmp_path / "model.pkl", fitted), TRUST)
        label, table = Reference(model).run({"X": rows}).values()
        names = labels_of(model).values.get("label")
        np.testing.assert_array_equal(np.array(names)[label] if names else label, fitted.predict(rows))
        np.testing.assert_allclose(table, fitted.predict_proba(rows), atol=1e-6)
    for loss, target in (("squared_error", score), ("poisson", np.exp(score / 4))):
        fitted = HistGradientBoostingRegressor(max_iter=8, loss=loss).fit(rows, target)
        model = load(_dump(tmp_path / "model.pkl", fitted), TRUST)
        values = Reference(model).run({"X": rows})["values"]
        np.testing.assert_allclose(values[:, 0], fitted.predict(rows), rtol=1e-5, atol=1e-5)


def test_what_cannot_be_converted_is_named(tmp_path: Path) -> None:
    from sklearn.cluster import DBSCAN

    rows = np.zeros((4, 2))
    with pytest.raises(ModelError, match="cannot convert this DBSCAN"):
        load(_dump(tmp_path / "model.pkl", DBSCAN().fit(rows)), TRUST)
