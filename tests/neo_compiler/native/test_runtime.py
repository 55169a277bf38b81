"""The C runtime under the sanitizers, and what it may not do while it runs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from neo_compiler.native.driver import driver_source
from neo_compiler.native.plan import Plan
from tests.edge_runtime import sample

HERE = Path(__file__).parent
WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror")
PLANS = {"mlp": sample.mlp_plan(), "count": sample.count_plan()}

pytestmark = pytest.mark.skipif(not shutil.which("gcc"), reason="gcc, with its sanitizers, is not installed")


def gcc(*arguments: object) -> None:
    done = subprocess.run(["gcc", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("level", ["-O0", "-O1", "-O2", "-O3"])
def test_no_warning(tmp_path: Path, level: str) -> None:
    for source in sorted(sample.RUNTIME.rglob("*.c")):
        gcc("-std=c11", level, "-fPIC", *WARNINGS, "-c", source, "-o", tmp_path / "x.o")


@pytest.mark.parametrize("language", ["c -std=c99", "c -std=c17", "c++ -std=c++11", "c++ -std=c++17"])
def test_the_header_is_for_c_and_cpp(tmp_path: Path, language: str) -> None:
    source = tmp_path / "user"
    source.write_text(
        '#include "neo_model.h"\nint open_it(neo_model **m);\n'
        "int open_it(neo_model **m) { return neo_model_open(0, 1, m); }\n",
        encoding="utf-8",
    )
    gcc("-x", *language.split(), *WARNINGS, f"-I{sample.RUNTIME}", "-fsyntax-only", source)


def build_harness(folder: Path, plan: Plan, sanitizers: str) -> Path:
    (folder / "plan.c").write_text(driver_source(plan), encoding="ascii")
    program = folder / "harness"
    sources = [*sorted(sample.RUNTIME.glob("*.c")), folder / "plan.c", sample.KERNELS, HERE / "harness.c"]
    options = ["-std=gnu11", "-g", "-O1", f"-fsanitize={sanitizers}", "-fno-sanitize-recover=all"]
    gcc(*options, f"-I{sample.RUNTIME}", *sources, "-o", program, "-lm", "-lpthread")
    return program


@pytest.mark.parametrize("kind", PLANS)
@pytest.mark.parametrize("sanitizers", ["thread", "address,undefined"])
def test_many_callers_on_two_models(tmp_path: Path, sanitizers: str, kind: str) -> None:
    """Data races, misuse of memory, leaks, wrong values; also in a forked child."""
    program = build_harness(tmp_path, PLANS[kind], sanitizers)
    params = tmp_path / "params"
    params.write_bytes(sample.params_bytes())
    for threads, callers, runs in ((1, 3, 100), (2, 2, 1500), (2, 6, 200), (3, 2, 1000), (5, 4, 200)):
        command = [program, params if kind == "mlp" else "-", *map(str, (threads, callers, runs))]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if "unexpected memory mapping" in done.stderr:
            pytest.skip("ThreadSanitizer does not work with this kernel's address layout")
        assert (done.stdout, done.returncode) == ("ok\n", 0), done.stderr


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_no_allocation_while_running(tmp_path: Path, threads: int) -> None:
    """In the library as it is delivered, with buffers used in place and with buffers that are copied."""
    folder = sample.build_mlp(tmp_path / "artifact")
    program = tmp_path / "allocations"
    gcc(
        "-std=gnu11", "-O1", "-rdynamic", f"-I{sample.RUNTIME}", HERE / "allocations.c", "-o", program, "-ldl"
    )
    command = [program, folder / "compiled.so", folder / "compiled.params", str(threads), "500"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for line in done.stdout.splitlines():
        before, during = map(int, line.split())
        assert before > 5  # it counts
        assert during == 0


@pytest.mark.skipif(not shutil.which("valgrind"), reason="valgrind is not installed")
def test_nothing_uninitialised_reaches_the_outputs(tmp_path: Path) -> None:
    (tmp_path / "plan.c").write_text(driver_source(PLANS["mlp"]), encoding="ascii")
    (tmp_path / "params").write_bytes(sample.params_bytes())
    program = tmp_path / "harness"
    sources = [*sorted(sample.RUNTIME.glob("*.c")), tmp_path / "plan.c", sample.KERNELS, HERE / "harness.c"]
    gcc("-std=gnu11", "-g", "-O1", f"-I{sample.RUNTIME}", *sources, "-o", program, "-lm", "-lpthread")
    command = [
        "valgrind",
        "-q",
        "--error-exitcode=9",
        "--leak-check=full",
        program,
        tmp_path / "params",
        "2",
        "2",
        "5",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("ok\n", 0), done.stderr
