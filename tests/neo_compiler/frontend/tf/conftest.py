from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from neo_compiler.frontend.tf.convert import QUIET


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what make_models.py writes, in a process of its own as TensorFlow always is."""
    if find_spec("tensorflow") is None or find_spec("tf2onnx") is None:
        pytest.skip("TensorFlow is not installed: pip install 'neo-edge[tensorflow]'")
    folder = tmp_path_factory.mktemp("tensorflow")
    program = Path(__file__).with_name("make_models.py")
    subprocess.run(
        [sys.executable, program, folder], env={**os.environ, **QUIET}, check=True, capture_output=True
    )
    return folder
