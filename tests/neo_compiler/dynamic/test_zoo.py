"""Real models at many sizes from one artifact."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import edge_runtime
import neo_compiler
from benchmarks import zoo
from neo_compiler.frontend import load
from neo_compiler.verify.difference import difference
from neo_compiler.verify.reference import Reference

pytestmark = pytest.mark.slow


def fetched(name: str) -> Path:
    try:
        return zoo.fetch(name)
    except zoo.ZooUnavailable as error:
        pytest.skip(str(error))


@pytest.mark.timeout(600)
def test_minilm_int8_takes_every_length(tmp_path: Path) -> None:
    source = fetched("minilm-int8")
    path = neo_compiler.compile(
        source, output=tmp_path / "minilm.tar.gz", input_shapes={"input_ids": (1, "1..512")}
    )
    assert path.stat().st_size <= 1.1 * source.stat().st_size
    reference = Reference(load(source))
    with edge_runtime.load(path, threads=1) as model:
        assert len(model.manifest.buckets) == 1
        for length in (1, 2, 9, 64, 128, 333, 512):
            random = np.random.default_rng(length)
            given = {
                "input_ids": random.integers(0, 30522, (1, length)),
                "attention_mask": (np.arange(length) < max(1, length - 2)).astype(np.int64)[None],
                "token_type_ids": np.zeros((1, length), np.int64),
            }
            expected, found = reference.run(given), model.run(given)
            assert max(difference(value, found[name]) for name, value in expected.items()) < 1e-4
