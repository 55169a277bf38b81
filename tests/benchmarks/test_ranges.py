from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.ranges import FIXED, HEADINGS, PEER, RANGE, Ranged, measure
from benchmarks.timing import Turns
from tests.neo_compiler.models import parse, save, with_weights

EMBEDDING = """g (int64[1, n] ids, float[30, 16] T, float[16, 16] W) => (float[1, n, 16] y) {
    x = Gather(T, ids)
    y = MatMul(x, W)
}"""


def test_a_range_is_measured_beside_its_sizes(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    weights = {"T": random.standard_normal((30, 16)), "W": random.standard_normal((16, 16))}
    model = save(with_weights(parse(EMBEDDING), **weights), tmp_path)
    of = Ranged(model, {"ids": (1, "n")}, "1..64", 30)
    turns = Turns(runs=2, rounds=2, pause_s=0, warm_s=0, block_s=0)
    (row,) = measure(of, (5,), turns, tmp_path)
    assert row.size == 5
    assert row.ms.keys() == {RANGE, FIXED, PEER}
    assert min(row.ms.values()) > 0
    assert row.difference < 1e-5
    assert len(row.cells()) == len(HEADINGS)
