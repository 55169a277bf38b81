"""Trees and linear models that are trained on scikit-learn's own data sets in a second or two each."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Trained:
    """A model as ONNX, whose input is `X`, and rows of its data set."""

    model: bytes
    rows: NDArray[np.float32]


def _data(name: str) -> tuple[NDArray[Any], NDArray[Any]]:
    from sklearn import datasets

    found = getattr(datasets, f"load_{name}")(return_X_y=True)
    return found[0], found[1]


def _sklearn(estimator: Any, name: str) -> Trained:
    from skl2onnx import to_onnx

    rows, classes = _data(name)
    rows = rows.astype(np.float32)
    options = {"zipmap": False} if hasattr(estimator, "predict_proba") else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = estimator.fit(rows, classes)
        model = to_onnx(fitted, rows[:1], options=options, target_opset={"": 18, "ai.onnx.ml": 3})
    return Trained(model.SerializeToString(), rows)


def random_forest() -> Trained:
    """100 trees for two classes."""
    from sklearn.ensemble import RandomForestClassifier

    return _sklearn(RandomForestClassifier(100, random_state=0), "breast_cancer")


def random_forest_digits() -> Trained:
    """100 deep trees for ten classes."""
    from sklearn.ensemble import RandomForestClassifier

    return _sklearn(RandomForestClassifier(100, random_state=0), "digits")


def gradient_boosting() -> Trained:
    """100 trees of depth 3."""
    from sklearn.ensemble import GradientBoostingClassifier

    return _sklearn(GradientBoostingClassifier(random_state=0), "breast_cancer")


def logistic_regression() -> Trained:
    """A scaler before it."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return _sklearn(make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)), "breast_cancer")


def xgboost() -> Trained:
    """100 trees, read from XGBoost's own file."""
    from xgboost import XGBClassifier

    from neo_compiler.frontend.boosted.xgboost import read

    rows, classes = _data("breast_cancer")
    fitted = XGBClassifier(n_estimators=100, max_depth=6, n_jobs=1).fit(rows, classes)
    return _saved(fitted.save_model, "model.ubj", read, rows)


def lightgbm() -> Trained:
    """100 trees of up to 31 leaves for each of ten classes, read from LightGBM's own file."""
    from lightgbm import LGBMClassifier

    from neo_compiler.frontend.boosted.lightgbm import read

    rows, classes = _data("digits")
    fitted = LGBMClassifier(n_estimators=100, n_jobs=1, verbose=-1).fit(rows, classes)
    return _saved(fitted.booster_.save_model, "model.txt", read, rows)


def _saved(
    save: Callable[[Path], object], name: str, read: Callable[[Path], Any], rows: NDArray[Any]
) -> Trained:
    with tempfile.TemporaryDirectory(prefix="neo-boosted-") as folder:
        path = Path(folder) / name
        save(path)
        return Trained(read(path).SerializeToString(), rows.astype(np.float32))


MODELS: dict[str, Callable[[], Trained]] = {
    "random forest": random_forest,
    "random forest, digits": random_forest_digits,
    "gradient boosting": gradient_boosting,
    "scaler, logistic regression": logistic_regression,
    "XGBoost": xgboost,
    "LightGBM, digits": lightgbm,
}
