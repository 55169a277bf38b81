"""Models trained on scikit-learn's own data sets, from end to end: labels and probabilities."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

import edge_runtime
from benchmarks.forest_models import MODELS
from edge_runtime.commands.outputs import summarise
from neo_compiler.job import compile_model
from neo_compiler.options import CompileOptions, Fallback

pytest.importorskip("skl2onnx", reason="needs skl2onnx: pip install 'neo-edge[sklearn]'")
pytest.importorskip("xgboost", reason="needs XGBoost to train with: pip install 'neo-edge[boosting]'")
pytest.importorskip("lightgbm", reason="needs LightGBM to train with: pip install 'neo-edge[boosting]'")

ROWS = 120
TOLERANCE = 1e-4


@pytest.mark.parametrize("name", MODELS)
def test_labels_and_probabilities(tmp_path: Path, name: str) -> None:
    trained = MODELS[name]()
    path = tmp_path / "model.onnx"
    path.write_bytes(trained.model)
    given = trained.rows[:: max(1, len(trained.rows) // ROWS)][:ROWS]
    options = CompileOptions(
        path, output=tmp_path / "artifact", input_shapes={"X": given.shape}, fallback=Fallback.NEVER
    )
    compile_model(options)
    label, table = onnxruntime.InferenceSession(trained.model).run(None, {"X": given})
    with edge_runtime.load(tmp_path / "artifact", threads=1) as model:
        assert [row.backend for row in model.placement] == ["native"]
        found_label, found_table = model.run({"X": given}).values()
    np.testing.assert_array_equal(found_label, label)
    assert np.abs(found_table - table).max() <= TOLERANCE


def test_a_pickled_pipeline_is_one_artifact(tmp_path: Path) -> None:
    """Missing values filled in, scaled, classified; the classes have names."""
    from sklearn.datasets import load_iris
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows, classes = load_iris(return_X_y=True)
    rows = rows.astype(np.float32)
    rows[::7, 2] = np.nan
    names = np.array(["setosa", "versicolor", "virginica"])[classes]
    pipeline = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression()).fit(rows, names)
    path = tmp_path / "pipeline.pkl"
    path.write_bytes(pickle.dumps(pipeline))
    options = CompileOptions(
        path,
        output=tmp_path / "artifact",
        input_shapes={"X": rows.shape},
        fallback=Fallback.NEVER,
        trust=True,
    )
    compile_model(options)
    with edge_runtime.load(tmp_path / "artifact", threads=1) as model:
        outputs = model.run({"X": rows})
        found, manifest = model.named(outputs), model.manifest
    np.testing.assert_array_equal(found["output_label"], pipeline.predict(rows))
    assert np.abs(found["output_probability"] - pipeline.predict_proba(rows)).max() <= TOLERANCE
    assert manifest.model.format == "pickle"
    label, table = summarise(outputs, manifest)
    assert label["top"][0]["name"] == "virginica"
    assert table["top"][0]["name"] in manifest.columns["output_probability"]
