"""Attributes → arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neo_compiler.lower.ensemble.arrays import Ensemble
from neo_compiler.lower.ensemble.layout import Layout
from neo_compiler.lower.ensemble.node import BadEnsemble
from neo_compiler.lower.ensemble.table import Table, numbers


def read_ensemble(attributes: Mapping[str, Any], features: int, dtype: np.dtype[Any]) -> Ensemble:
    """The trees in the attributes of an ai.onnx.ml TreeEnsembleRegressor, for inputs of `features` columns.

    `dtype` is float32 or float64: onnxruntime compares and adds in the type of the input. Raises BadEnsemble
    where a node is missing, is reached twice, or reads a feature beyond the input.
    """
    table = Table(attributes, features, dtype)
    flat, targets = Layout(table, dtype), int(attributes.get("n_targets", 1))
    groups = table.groups(targets)
    for root in (root for group in groups for root in group):
        flat.add(root)
    spans = np.cumsum([0, *map(len, groups)], dtype=np.int32)
    base = np.asarray(numbers(attributes, "base_values"), dtype)
    if base.size not in (0, targets):
        raise BadEnsemble(f"{base.size} base values for {targets} targets")
    if base.any() and targets > 1 and not table.scores_all(targets):
        raise BadEnsemble("onnxruntime gives no base value where no leaf gives a score")
    scores = table.scores(flat.leaves, targets, single=len(groups) > 1)
    return flat.finish(
        spans,
        scores,
        base if base.size else np.zeros(targets, dtype),
        str(attributes.get("aggregate_function", "SUM")),
    )
