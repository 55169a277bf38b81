"""A small GPT-2 of transformers, whose prompt and cache have any length: one code for all of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import edge_runtime
import neo_compiler
from neo_compiler.frontend import load
from neo_compiler.verify.difference import difference
from neo_compiler.verify.reference import Reference

LONGEST, STEPS = 32, 4
HEADS, SIZE, LAYERS = 3, 16, 2


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_prompts_of_any_length_are_continued_from_the_cache(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'neo-edge[torch]'")
    pytest.importorskip("transformers", reason="transformers is not installed")
    from benchmarks.networks import NETWORKS, Growing
    from neo_compiler.frontend.memory import Examples, model_file

    module, (_, _, cache) = NETWORKS["gpt2"](True)
    vary = torch.export.Dim.DYNAMIC
    examples = Examples((torch.randint(0, 100, (1, 5)), cache), {"tokens": {1: vary}, "cache": {4: vary}})
    with model_file(Growing(module.network), examples) as path:
        reference = Reference(load(path))
        shapes = {"tokens": (1, f"1..{LONGEST}"), "cache": (LAYERS, 2, 1, HEADS, f"0..{LONGEST}", SIZE)}
        artifact = neo_compiler.compile(path, output=tmp_path / "gpt2", input_shapes=shapes)
    random = np.random.default_rng(0)
    with edge_runtime.load(artifact, threads=1) as model:
        assert {row.backend for row in model.placement} == {"native"}
        assert len(model.manifest.buckets) == 1
        for length in (1, 2, 7, LONGEST - STEPS):
            tokens, kept = (
                random.integers(0, 100, (1, length)),
                np.zeros((LAYERS, 2, 1, HEADS, 0, SIZE), "f4"),
            )
            for step in range(STEPS):
                given = {"tokens": tokens, "cache": kept}
                expected, found = reference.run(given), model.run(given)
                for name, value in expected.items():
                    assert difference(value, found[name]) < 1e-5, (length, step, name)
                logits, kept = found.values()
                assert kept.shape[4] == length + step
                tokens = logits[:, -1:].argmax(-1)
