"""The arrays of an ensemble of trees."""

from __future__ import annotations

from dataclasses import dataclass

from neo_compiler.lower.values import Array


@dataclass(frozen=True)
class Ensemble:
    """Trees over rows of features.

    A node has a number; its second child follows its first. The first child is `first[node]`, and it is taken
    where the feature is at most the threshold, or equal to it where the flag EQUAL is set, or NaN where the
    flag MISSING is set. No number is at most NaN: the threshold of a leaf is NaN, and its second child is the
    leaf itself, so that a walk of `depths[tree]` steps ends at a leaf and stays there.

    `spans[group]` and `spans[group + 1]` bound the trees of a group. There is one group where a leaf may have
    scores for several targets; else each target is a group, and a leaf has one score.
    `scores[leaf_rows[node]]` has the scores of a leaf; `combine` is "SUM", "AVERAGE", "MIN" or "MAX".
    """

    roots: Array
    depths: Array
    spans: Array
    nodes: Array
    thresholds: Array
    first: Array
    leaf_rows: Array
    scores: Array
    base: Array
    combine: str
    flags: int

    @property
    def targets(self) -> int:
        """Scores that each row gets."""
        return int(self.scores.shape[1]) * (len(self.spans) - 1)
