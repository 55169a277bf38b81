from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from neo_compiler.ort import OrtError, Session
from tests.neo_compiler.models import RELU, parse


def test_a_session_runs_a_model() -> None:
    session = Session(parse(RELU).SerializeToString())
    assert session.outputs == ("y",)
    (y,) = session.run(["y"], {"x": np.array([[-1, 0, 1, 2]], np.float32)})
    np.testing.assert_array_equal(y, np.array([[0, 0, 1, 2]], np.float32))


def test_what_onnxruntime_refuses_is_one_kind_of_error() -> None:
    with pytest.raises(OrtError):
        Session(b"no model")
    with pytest.raises(OrtError):
        Session(parse(RELU).SerializeToString()).run(["y"], {"x": np.zeros((1, 5), np.float32)})


def test_no_telemetry_is_set_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is on, onnxruntime writes an identifier into the temporary folder when it is imported."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY", raising=False)
    model = parse(RELU).SerializeToString()
    script = f"from neo_compiler.ort import Session; Session({model!r})"
    subprocess.run([sys.executable, "-c", script], check=True)
    assert list(tmp_path.iterdir()) == []
