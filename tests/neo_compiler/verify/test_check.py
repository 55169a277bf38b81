from __future__ import annotations

import numpy as np
import pytest

from neo_compiler.errors import ExitCode, MismatchError
from neo_compiler.verify import Sample, compare


def test_what_is_within_the_tolerance_passes_and_is_measured() -> None:
    sample = Sample({}, {"y": np.array([1.0, 2.0])}, {"y": 1e-3})
    (check,) = compare(sample, {"y": np.array([1.0, 2.001])})
    assert check.name == "y"
    assert check.difference == pytest.approx(5e-4)
    assert check.absolute == pytest.approx(1e-3)


@pytest.mark.parametrize("wrong", [2.1, np.nan, np.inf])
def test_what_is_beyond_the_tolerance_is_a_mismatch(wrong: float) -> None:
    sample = Sample({}, {"a": np.ones(2), "y": np.array([1.0, 2.0])}, {"a": 1e-4, "y": 1e-4}, "onnxruntime")
    with pytest.raises(MismatchError, match="1 of 2 outputs differ from onnxruntime") as caught:
        compare(sample, {"a": np.ones(2), "y": np.array([1.0, wrong])})
    assert "  y: " in str(caught.value)
    assert "allowed 0.0001" in str(caught.value)
    assert caught.value.exit_code == ExitCode.MISMATCH
