"""Operators of ai.onnx.ml, each as native code against onnxruntime."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import TensorProto, helper

from neo_compiler.graph.prepare import canonicalise
from neo_compiler.verify.reference import Reference
from tests.neo_compiler.compiled import compile_onnx
from tests.neo_compiler.forests import FEATURES, ML, Forest, attributes, model_of, rows

TRANSFORMS = ("NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO")
LABELS = {2: [5, 7], 3: [10, 30, 20]}
ROWS = 24


def _node(operator: str, number: int, results: int = 1, source: str = "x", **given: Any) -> onnx.NodeProto:
    outputs = [f"r{number}_{place}" for place in range(results)]
    return helper.make_node(operator, [source], outputs, domain=ML, **given)


def _tree_classifiers() -> Iterator[onnx.NodeProto]:
    """The classes and scores that exporters write, and what onnxruntime makes of them."""
    forms = [
        (2, Forest(trees=4), {}),  # one score for two classes
        (2, Forest(trees=4, low=0.0), {}),  # the same as a probability
        (2, Forest(trees=4), {"base_values": [0.25]}),
        (2, Forest(trees=4, targets=2, per_leaf=2), {}),
        (2, Forest(trees=4, targets=2, per_leaf=2), {"base_values": [0.25]}),
        (3, Forest(trees=4, targets=3, per_leaf=3), {}),
        (3, Forest(trees=4, targets=3, per_leaf=1), {"base_values": [0.5, -0.5, 0.25]}),
        (3, Forest(trees=4, targets=3, per_leaf=1, low=0.0), {}),
    ]
    for seed, (count, forest, more) in enumerate(forms):
        for how in TRANSFORMS if seed in (0, 1, 3, 5) else TRANSFORMS[:2]:
            lists = attributes(forest, seed, "class")
            yield _node(
                "TreeEnsembleClassifier",
                seed * 10 + TRANSFORMS.index(how),
                2,
                classlabels_int64s=LABELS[count],
                post_transform=how,
                **lists,
                **more,
            )


def _linear() -> Iterator[onnx.NodeProto]:
    random = np.random.default_rng(0)
    for place, count in enumerate((1, 2, 3)):
        for how in (*TRANSFORMS, "PROBIT") if count == 3 else TRANSFORMS:
            yield _node(
                "LinearClassifier",
                200 + place * 10 + len(how),
                2,
                coefficients=random.standard_normal(count * FEATURES),
                intercepts=random.standard_normal(count),
                classlabels_ints=LABELS[max(count, 2)],
                post_transform=how,
            )
    yield _node("LinearRegressor", 230, coefficients=random.standard_normal(2 * FEATURES), targets=2)
    yield _node("LinearRegressor", 231, coefficients=random.standard_normal(FEATURES), intercepts=[0.5])


def _vectors() -> Iterator[onnx.NodeProto]:
    random = np.random.default_rng(1)
    for place, kernel in enumerate(("LINEAR", "POLY", "RBF", "SIGMOID")):
        shared = {"kernel_type": kernel, "kernel_params": [0.3, 0.5, 2.0]}
        yield _node(
            "SVMRegressor",
            300 + place,
            coefficients=random.standard_normal(6),
            support_vectors=random.standard_normal(6 * FEATURES),
            n_supports=6,
            rho=[0.25],
            one_class=int(kernel == "RBF"),
            **shared,
        )
        for count in (2, 3):
            yield _node(
                "SVMClassifier",
                310 + place * 10 + count,
                2,
                coefficients=random.standard_normal((count - 1) * 3 * count),
                support_vectors=random.standard_normal(3 * count * FEATURES),
                vectors_per_class=[3] * count,
                rho=random.standard_normal(count * (count - 1) // 2),
                classlabels_ints=LABELS[count],
                **shared,
            )


def _features() -> Iterator[onnx.NodeProto]:
    yield _node("Scaler", 400, offset=[1.0, 2.0, 3.0, 4.0, 5.0], scale=[0.5, 1.0, 2.0, 3.0, 4.0])
    yield _node("Scaler", 401, offset=[1.0], scale=[0.5])
    for place, norm in enumerate(("MAX", "L1", "L2")):
        yield _node("Normalizer", 410 + place, norm=norm)
    yield _node("Imputer", 420, imputed_value_floats=[1.0, 2.0, 3.0, 4.0, 5.0], replaced_value_float=0.5)
    yield _node("Imputer", 421, imputed_value_floats=[7.0], replaced_value_float=float("nan"))
    yield _node("Binarizer", 430, source="r421_0", threshold=0.5)  # onnxruntime takes no NaN here
    yield _node("LabelEncoder", 440, keys_floats=[0.5, float("nan"), 1.0], values_int64s=[4, 5, 6])
    yield _node("LabelEncoder", 441, keys_floats=[0.5, 1.0], values_floats=[4.0, 5.0], default_float=9.0)
    yield helper.make_node("FeatureVectorizer", ["x", "x"], ["r450_0"], domain=ML, inputdimensions=[5, 5])


def _check(nodes: list[onnx.NodeProto], given: np.ndarray, folder: Path) -> None:
    whole = {node.output[0]: TensorProto.INT64 for node in nodes if _gives_labels(node)}
    model = model_of(nodes, given, whole)
    found, expected = compile_onnx(model, folder).run({"x": given}), Reference(model).run({"x": given})
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=2e-5, atol=2e-6, err_msg=name)


def _gives_labels(node: onnx.NodeProto) -> bool:
    return node.op_type.endswith("Classifier") or any(row.name == "values_int64s" for row in node.attribute)


FAMILIES = {"tree classifiers": _tree_classifiers, "linear": _linear, "vectors": _vectors}


@pytest.mark.parametrize("family", FAMILIES)
def test_models(tmp_path: Path, family: str) -> None:
    given = np.random.default_rng(3).standard_normal((ROWS, FEATURES)).astype(np.float32)
    _check(list(FAMILIES[family]()), given, tmp_path)


def test_features(tmp_path: Path) -> None:
    given = rows(ROWS)
    given[~np.isfinite(given)] = np.nan
    given[0] = 0  # whose norm is zero
    _check(list(_features()), given, tmp_path)


def test_categories(tmp_path: Path) -> None:
    given = np.random.default_rng(4).integers(0, 6, (ROWS, 2))
    nodes = [
        _node("OneHotEncoder", 0, cats_int64s=[1, 3, 4]),
        _node("LabelEncoder", 1, keys_int64s=[3, 1, 5], values_int64s=[30, 10, 50], default_int64=-7),
        _node("LabelEncoder", 2, keys_int64s=[3, 1], values_floats=[0.5, 1.5]),
        _node("Imputer", 3, imputed_value_int64s=[9], replaced_value_int64=3),
    ]
    model = model_of(nodes, given, {"r1_0": TensorProto.INT64, "r3_0": TensorProto.INT64})
    found, expected = compile_onnx(model, tmp_path).run({"x": given}), Reference(model).run({"x": given})
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)


@pytest.mark.parametrize(
    ("forest", "more"),
    [
        (Forest(targets=3, per_leaf=1), {}),  # a class without a score may not be chosen
        (Forest(), {"base_values": [0.5, 0.25]}),
        (Forest(), {"post_transform": "PROBIT"}),
    ],
)
def test_forms_left_to_the_fallback(forest: Forest, more: dict[str, Any]) -> None:
    labels = LABELS[3 if forest.targets == 3 else 2]
    lists = attributes(forest, 0, "class")
    node = _node("TreeEnsembleClassifier", 0, 2, classlabels_int64s=labels, **lists, **more)
    graph = canonicalise(model_of([node], rows(2), {"r0_0": TensorProto.INT64}), {})
    assert isinstance(graph, ir.Model)
    assert [node.op_type for node in graph.graph] == ["TreeEnsembleClassifier"]
