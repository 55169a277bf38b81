"""The package `dlr`, in a process of its own with the shims on its path, as in a worker."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import greengrass_sim.runtime.shims
import neo_compiler
from tests.greengrass_sim.test_image_classifier import save_small_classifier

SHIMS = Path(greengrass_sim.runtime.shims.__file__).parent


def run(program: str, home: Path, *arguments: object) -> str:
    """What `program` prints; it finds no network, so that nothing could be sent unseen."""
    guard = (
        "import sys, socket; sys.path.append(sys.argv.pop(1))\n"
        "def refuse(*_): raise AssertionError('network')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", guard + program, SHIMS, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home / "settings")},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_program_written_for_dlr(tmp_path: Path) -> None:
    save_small_classifier(tmp_path / "small.onnx")
    neo_compiler.compile(tmp_path / "small.onnx", target="host", output=tmp_path / "model")
    program = """
import numpy as np
import dlr
from dlr import DLRModel
from dlr.api import DLRModel as same
from dlr.counter.phone_home import PhoneHome
from dlr.dlr_model import DLRError
PhoneHome.disable_feature()
model = DLRModel(sys.argv[1], 'cpu', 0)
(scores,) = model.run({'input': np.ones((1, 3, 224, 224))})
try:
    model.run(np.zeros(3))
except DLRError as error:
    print(dlr.__version__, model.get_input_names(), scores.shape, model.has_metadata(), same is DLRModel)
    print(error)
"""
    assert run(program, tmp_path, tmp_path / "model") == (
        "1.10.0 ['input'] (1, 1000) True True\n"
        "Mismatch found in input data size. Value read: 3, Expected: 150528\n"
    )


def test_the_switch_of_the_report(tmp_path: Path) -> None:
    program = """
from dlr.counter.phone_home import ENABLE_PHONE_HOME_CONFIG, PhoneHome, call_phone_home
import json, os
path = PhoneHome.get_config_path()
seen = [PhoneHome.is_enabled(), PhoneHome.get_instance(), os.path.exists(path)]
PhoneHome.enable_feature()
PhoneHome.get_instance().send_model_loaded('/model')
PhoneHome.get_instance().send_runtime_loaded()
seen += [PhoneHome.is_enabled(), PhoneHome.get_config()[ENABLE_PHONE_HOME_CONFIG]]
PhoneHome.disable_feature()
seen += [PhoneHome.is_enabled(), PhoneHome.get_instance(), call_phone_home(run := lambda model: model)('x')]
print(json.dumps(seen))
"""
    seen = json.loads(run(program, tmp_path))
    assert seen == [False, None, False, True, True, False, None, "x"]
    stored = json.loads((tmp_path / "settings" / "neo-edge" / "ccm_config.json").read_text())
    assert stored == {"enable_phone_home": False}
