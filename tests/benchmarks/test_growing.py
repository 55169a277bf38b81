"""A small GPT-2 of transformers, whose prompt and cache have any length: one code for all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

LONGEST = 32


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_prompts_of_any_length_are_continued_from_the_cache(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'neo-edge[torch]'")
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    from benchmarks.growing import measure
    from benchmarks.networks import SMALL_GPT2

    found = measure(transformers.GPT2Config(**SMALL_GPT2), tmp_path, LONGEST, (1, 2, 7, LONGEST - 4))
    assert found.native
    assert found.codes == 1
    assert found.difference < 1e-5
