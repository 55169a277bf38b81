"""A part of the conformance cases, and that the pool survives what cases may do to it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import onnx
import pytest

from tests.conformance import judge, pool
from tests.conformance.baseline import lost
from tests.conformance.cases import Case
from tests.conformance.outcome import Outcome
from tests.conformance.parameters import with_parameters
from tests.neo_compiler.models import parse

EVERY = 40  # of about 2,000 cases, spread over all operators


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.conformance", "--jobs", "2", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=1500, check=False)


def test_a_part_of_the_cases_gives_what_the_baseline_says() -> None:
    done = run("--every", str(EVERY), "--kind", "node", "--kind", "simple", "--kind", "pytorch-operator")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_all_cases_give_what_the_baseline_says() -> None:
    done = run()
    assert done.returncode == 0, done.stdout + done.stderr


def case(name: str) -> Case:
    model = parse("g (float[2] x) => (float[2] y) { y = Relu(x) }")
    return Case(name, "node", "Relu", model, {}, {}, 1e-3, 1e-7)


def outcome(row: Case) -> Outcome:
    return Outcome(row.name, row.kind, row.operator, "native")


def crash(row: Case) -> Outcome:
    if row.name == "bad":
        os.kill(os.getpid(), signal.SIGSEGV)
    return outcome(row)


def hang(row: Case) -> Outcome:
    if row.name == "bad":
        time.sleep(600)
    return outcome(row)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize(("behave", "result"), [(crash, "crash"), (hang, "hang")])
def test_the_pool_goes_on_after_a_bad_case(
    behave: Callable[[Case], Outcome], result: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "judge", behave)
    cases = [case(name) for name in ("first", "bad", "last")]
    rows = list(pool.judge_all(cases, 1, pool.Limits(seconds=5, memory=1 << 40)))
    assert [(row.name, row.result) for row in rows] == [
        ("first", "native"),
        ("bad", result),
        ("last", "native"),
    ]


def test_whatever_the_compiler_raises_is_judged() -> None:
    model = onnx.ModelProto.FromString(case("").model.SerializeToString())
    model.graph.node[0].op_type = "Nothing"
    row = judge.judge(Case("broken", "node", "Nothing", model, {}, {}, 1e-3, 1e-7))
    assert (row.result, row.detail.partition(":")[0]) == ("refused", "ModelError")


def test_a_case_that_does_worse_is_lost() -> None:
    rows = [Outcome(name, "node", "Relu", name) for name in ("native", "fallback", "refused", "wrong")]
    before = {"native": "fallback", "fallback": "native", "refused": "refused", "wrong": "refused"}
    assert [line.partition(":")[0] for line in lost(rows, before)] == ["fallback", "wrong"]


def test_parameters_become_weights() -> None:
    model = parse("g (float[4] x, int64[2] shape) => (float[2, 2] y) { y = Reshape(x, shape) }")
    values = {"x": onnx.numpy_helper.to_array(onnx.helper.make_tensor("x", 1, [4], [1.0, 2, 3, 4]))}
    values["shape"] = onnx.numpy_helper.to_array(onnx.helper.make_tensor("s", 7, [2], [2, 2]))
    baked, names = with_parameters(model, values)
    assert names == ("shape",)
    assert [value.name for value in baked.graph.input] == ["x"]
    assert [tensor.name for tensor in baked.graph.initializer] == ["shape"]
