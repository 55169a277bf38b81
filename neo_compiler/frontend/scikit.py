"""Models of scikit-learn, and of XGBoost and LightGBM in its manner, which people save as pickles."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import Any, cast

import onnx

from neo_compiler.errors import ModelError
from neo_compiler.frontend.boosted import histogram, lightgbm, xgboost
from neo_compiler.frontend.boosted.trees import with_classes
from neo_compiler.frontend.extras import require
from neo_compiler.frontend.reading import Reading

WHAT = "a pickled scikit-learn model"
INPUT = "X"
OPSETS = {"": 18, "ai.onnx.ml": 3}


def read(path: Path, reading: Reading) -> onnx.ModelProto:
    """The model in a pickle, also one that joblib wrote, with one input X of float32 (N, features).

    Raises ModelError where the pickle is not trusted, is damaged, or holds what cannot be converted, and
    MissingExtra where scikit-learn or skl2onnx is not installed.
    """
    if not reading.trust:
        raise ModelError(
            f"{path} is a Python pickle, which runs code of its own when it is opened; if you trust where "
            "the file comes from, add --trust"
        )
    require("sklearn", WHAT)
    import joblib

    try:
        found = joblib.load(path)
    except Exception as error:  # whatever the pickle does
        raise ModelError(f"{path} cannot be unpickled: {_line(error)}") from error
    try:
        return _converted(found)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error


def _converted(found: Any) -> onnx.ModelProto:
    if hasattr(found, "get_booster"):
        return _named(found, _through_file(xgboost, bytes(found.get_booster().save_raw("ubj"))))
    if hasattr(found, "booster_"):
        return _named(found, _through_file(lightgbm, found.booster_.model_to_string().encode()))
    if histogram.is_histogram(found):
        return histogram.convert(found)
    features = getattr(found, "n_features_in_", None)
    if features is None:
        raise ModelError(f"it holds a {type(found).__name__}, not a fitted model of scikit-learn")
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = to_onnx(
                found, initial_types=[(INPUT, FloatTensorType([None, features]))], target_opset=OPSETS
            )
    except Exception as error:  # of many kinds, from every converter
        raise ModelError(f"skl2onnx cannot convert this {type(found).__name__}: {_line(error)}") from error
    return cast(onnx.ModelProto, model)


def _named(found: Any, model: onnx.ModelProto) -> onnx.ModelProto:
    return with_classes(model, found.classes_) if hasattr(found, "predict_proba") else model


def _through_file(reader: Any, content: bytes) -> onnx.ModelProto:
    """A model of XGBoost or LightGBM by its own format."""
    with tempfile.TemporaryDirectory(prefix="neo-boosted-") as folder:
        path = Path(folder) / "model"
        path.write_bytes(content)
        return cast(onnx.ModelProto, reader.read(path))


def _line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
