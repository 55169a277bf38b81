"""Real models on photographs and voices agree with onnxruntime."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.recordings import ALLOWED, line_detector, speech_detector, text_detector


@pytest.mark.timeout(300)
def test_speech_is_recognised_with_the_state_carried_over_a_hundred_windows(
    have: Callable[..., Any], tmp_path: Path
) -> None:
    seen = have(lambda: speech_detector(tmp_path))
    assert seen.difference < ALLOWED
    assert "speech in 67 of them" in seen.found


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_text_is_found_in_pictures_of_two_sizes_by_one_artifact(
    have: Callable[..., Any], tmp_path: Path
) -> None:
    seen = have(lambda: text_detector(tmp_path, (192, 320), (448,)))
    assert seen.difference < ALLOWED
    assert seen.inputs == "12 pictures of 2 sizes"
    assert not seen.found.startswith("text in 0")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_lines_agree_but_for_ties(have: Callable[..., Any], tmp_path: Path) -> None:
    assert have(lambda: line_detector(tmp_path)).difference < ALLOWED
