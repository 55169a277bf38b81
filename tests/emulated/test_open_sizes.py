"""One artifact for a range of sizes, run on ARM at several of them and compared with onnxruntime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import neo_compiler
from benchmarks.userland import Userland
from edge_runtime.errors import ExitCode
from neo_compiler.verify.difference import difference
from neo_compiler.verify.reference import Reference
from tests.emulated.conftest import TARGETS, port
from tests.neo_compiler.dynamic.test_compile import attention, sentence
from tests.neo_compiler.models import save

SIZES = (1, 37, 64)
SCRIPT = """import sys, edge_runtime, numpy as np
given = np.load(sys.argv[2])
with edge_runtime.load(sys.argv[1], threads=1) as model:
    found = {n: model.run({name: given[name + n] for name in ("ids", "mask")})["y"] for n in sys.argv[4:]}
np.savez(sys.argv[3], **found)
"""


@pytest.mark.slow
def test_a_range_of_sizes(system: Userland, tmp_path: Path) -> None:
    original, target = attention(), TARGETS[port(system)]
    path = neo_compiler.compile(
        save(original, tmp_path),
        target=target,
        output=tmp_path / "out.tar.gz",
        dimensions={"n": "1..64"},
        require_verified=True,
    )
    given = {f"{name}{n}": value for n in SIZES for name, value in sentence(n).items()}
    np.savez(tmp_path / "in.npz", **given)
    files = (path, tmp_path / "in.npz", tmp_path / "found.npz")
    done = system.python("-c", SCRIPT, *files, *map(str, SIZES))
    assert done.returncode == ExitCode.OK, done.stderr
    reference = Reference(original)
    with np.load(tmp_path / "found.npz") as found:
        for n in SIZES:
            assert difference(reference.run(sentence(n))["y"], found[str(n)]) < 1e-5, n
