"""Trees in native code: every mode of a node, missing values, ways to combine, few rows and many."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

from neo_compiler.graph.independent import Rows, independent
from neo_compiler.graph.prepare import canonicalise
from neo_compiler.lower.ensemble import BadEnsemble, read_ensemble
from neo_compiler.verify.reference import Reference
from tests.neo_compiler.compiled import compile_onnx, on_all_targets
from tests.neo_compiler.forests import FEATURES, ML, MODES, Forest, attributes, model_of, rows

FOREST_KINDS = {
    **{mode: Forest(modes=(mode,)) for mode in MODES},
    **{f"{mode}, missing": Forest(modes=(mode,), missing=True) for mode in MODES},
    "all modes": Forest(modes=MODES, missing=True, depth=6),
    "several targets": Forest(targets=3, per_leaf=1),
    "whole leaves": Forest(targets=3, per_leaf=3, trees=40, depth=7),
    "one leaf": Forest(depth=0),
}
COMBINE = ("SUM", "AVERAGE", "MIN", "MAX")
EXACT = 1e-6  # scores are added in the same order; several threads of onnxruntime may not


def _regressors(base: bool) -> list:
    nodes = []
    for seed, forest in enumerate(FOREST_KINDS.values()):
        if base and forest.per_leaf < forest.targets:
            continue  # onnxruntime adds no base value where no leaf gives a score
        for combine in COMBINE if forest.targets > 1 or seed == 0 else COMBINE[:1]:
            more = {"base_values": [0.5] * forest.targets} if base else {}
            nodes.append(
                helper.make_node(
                    "TreeEnsembleRegressor",
                    ["x"],
                    [f"y{len(nodes)}"],
                    domain=ML,
                    n_targets=forest.targets,
                    aggregate_function=combine,
                    **attributes(forest, seed),
                    **more,
                )
            )
    return nodes


def _check(model, given, folder: Path, target: str = "host") -> None:  # type: ignore[no-untyped-def]
    expected = Reference(model).run({"x": given})
    found = compile_onnx(model, folder, target).run(
        {"x": rows(*given.shape[:1], given.dtype.name, seed=9)}, {"x": given}
    )
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=EXACT, atol=EXACT, err_msg=name)


@on_all_targets
def test_many_rows(tmp_path: Path, target: str) -> None:
    given = rows(77)
    _check(model_of(_regressors(base=True), given, {}), given, tmp_path, target)


@on_all_targets
def test_few_rows(tmp_path: Path, target: str) -> None:
    given = rows(3)
    _check(model_of(_regressors(base=False), given, {}), given, tmp_path, target)


def test_doubles_are_compared_as_doubles(tmp_path: Path) -> None:
    given = rows(40, "float64")
    given[::3] = np.nextafter(given[::3], 0)  # which would be the thresholds themselves as single precision
    nodes = _regressors(base=False)
    _check(model_of(nodes, given, {}), given, tmp_path)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"nodes_featureids": FEATURES}, "reads feature 5 of rows of 5"),
        ({"nodes_truenodeids": 999}, "has no node 999"),
        ({"nodes_truenodeids": 0}, "child of two others"),
        ({"target_ids": 7}, "target 7"),
    ],
)
def test_damaged_trees(change: dict[str, int], says: str) -> None:
    lists = attributes(Forest(), 0)
    for name, value in change.items():
        lists[name][0] = value
    with pytest.raises(BadEnsemble, match=says):
        read_ensemble(lists, FEATURES, np.dtype(np.float32))


def test_targets_without_a_score() -> None:
    """onnxruntime's answer is 0 there, and not the base value: nobody has to agree with that."""
    lists = {**attributes(FOREST_KINDS["several targets"], 1), "n_targets": 3}
    assert read_ensemble(lists, FEATURES, np.dtype(np.float32)).targets == 3
    with pytest.raises(BadEnsemble, match="no base value"):
        read_ensemble({**lists, "base_values": [1.0] * 3}, FEATURES, np.dtype(np.float32))


def test_rows_are_independent() -> None:
    """So that a batch of any size is filled up to one that was compiled."""
    given = rows(4)
    node = helper.make_node(
        "TreeEnsembleRegressor", ["x"], ["y"], domain=ML, n_targets=1, **attributes(Forest(), 0)
    )
    model = canonicalise(model_of([node], given, {}), {})
    assert independent(model, {"x": 0}, 4) == {"y": Rows(0)}


def test_version_5(tmp_path: Path) -> None:
    """x0 in {1, 2, 3} → 10; else x1 < 0.5 → 20, else 30."""
    tensor = helper.make_tensor
    node = helper.make_node(
        "TreeEnsemble",
        ["x"],
        ["y"],
        domain=ML,
        n_targets=1,
        tree_roots=[0],
        nodes_featureids=[0, 1],
        nodes_modes=tensor("m", TensorProto.UINT8, (2,), [6, 1]),
        nodes_splits=tensor("s", TensorProto.FLOAT, (2,), [0.0, 0.5]),
        nodes_truenodeids=[0, 1],
        nodes_trueleafs=[1, 1],
        nodes_falsenodeids=[1, 2],
        nodes_falseleafs=[0, 1],
        membership_values=tensor("v", TensorProto.FLOAT, (4,), [1.0, 2.0, 3.0, np.nan]),
        leaf_targetids=[0, 0, 0],
        leaf_weights=tensor("w", TensorProto.FLOAT, (3,), [10.0, 20.0, 30.0]),
    )
    given = np.zeros((4, FEATURES), np.float32)
    given[:, 0], given[:, 1] = (1, 3, 4, 4), (0, 0, 0, 1)
    model = model_of([node], given, {}, version=5)
    found = compile_onnx(model, tmp_path).run({"x": given})
    np.testing.assert_array_equal(found["y"].ravel(), [10, 10, 20, 30])
