"""The device package where nothing but numpy is installed, also with the oldest versions that it promises."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import edge_runtime
from tests.edge_runtime import sample

PROGRAM = """
import sys, numpy, edge_runtime
for path in sys.argv[1:3]:
    with edge_runtime.load(path, threads=2) as model:
        numpy.save(sys.argv[4], model.run({"x": numpy.load(sys.argv[3])})["y"])
from edge_runtime.dlr import DLRModel
assert (DLRModel(sys.argv[2]).run(numpy.load(sys.argv[3]))[0] == numpy.load(sys.argv[4])).all()
print(sys.version_info[:2], numpy.__version__)
"""


def make_environment(python: str, folder: Path, numpy_version: str) -> Path:
    """A virtual environment with numpy and a copy of the package, as its wheel would install it."""
    subprocess.run([python, "-m", "venv", folder], check=True)
    pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [*pip, "--only-binary=:all:", f"numpy{numpy_version}"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"numpy{numpy_version} cannot be installed here: {done.stderr.strip()[-200:]}")
    (site,) = folder.glob("lib/python3*/site-packages")
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(edge_runtime.__file__).parent, site / "edge_runtime", ignore=ignore)
    return folder / "bin" / "python"


def oldest_python() -> str:
    names = [
        shutil.which("python3.10"),
        *sorted(map(str, Path("~/.pyenv/versions").expanduser().glob("3.10.*/bin/python"))),
    ]
    for name in filter(None, names):
        if subprocess.run([name, "-c", ""], capture_output=True, check=False).returncode == 0:
            return str(name)
    pytest.skip("there is no Python 3.10 here")


@pytest.mark.parametrize("oldest", [False, True], ids=["this Python", "Python 3.10 and numpy 1.21"])
def test_numpy_alone(tmp_path: Path, mlp_archive: Path, mlp_folder: Path, oldest: bool) -> None:
    base = oldest_python() if oldest else sys.executable
    python = make_environment(base, tmp_path / "environment", "==1.21.*" if oldest else f"=={np.__version__}")
    x, y = tmp_path / "x.npy", tmp_path / "y.npy"
    np.save(x, np.random.default_rng(5).standard_normal((sample.ROWS, sample.INNER), np.float32))
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [python, "-W", "error", "-c", PROGRAM, mlp_archive, mlp_folder, x, y],
        capture_output=True, text=True, env=environment, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("(3, 10) 1.21." if oldest else f"{sys.version_info[:2]} ")
    np.testing.assert_allclose(np.load(y), sample.mlp_reference(np.load(x))["y"], rtol=1e-5, atol=1e-5)
    for command in (["info"], ["run", x], ["bench", "--runs", "3", "--profile"], ["selftest"]):
        arguments = [python, "-W", "error", "-m", "edge_runtime.cli", command[0], mlp_archive, *command[1:]]
        subprocess.run(arguments, env=environment, cwd=tmp_path, check=True, capture_output=True)


def test_import_takes_nothing_but_numpy_and_the_standard_library() -> None:
    program = (
        "import sys, numpy\n"
        "before = {name.split('.')[0] for name in sys.modules}\n"
        "import edge_runtime\n"
        "after = {name.split('.')[0] for name in sys.modules}\n"
        "print(*sorted(after - before - sys.stdlib_module_names))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["edge_runtime"]
