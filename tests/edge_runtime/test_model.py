from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest

from edge_runtime import ArtifactError, InputError, Model, RunError, TensorSpec, load
from neo_compiler.native.plan import Placed, Plan, Where
from tests.edge_runtime import sample
from tests.waiting import BUSY_S


def some_input(seed: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).standard_normal((sample.ROWS, sample.INNER), np.float32)


def assert_right(outputs: sample.Arrays, x: np.ndarray[Any, Any]) -> None:
    expected = sample.mlp_reference(x)
    assert outputs.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_allclose(outputs[name], array, rtol=1e-5, atol=1e-5, err_msg=name)


def mapped(path: Path) -> bool:
    return str(path) in Path("/proc/self/maps").read_text(encoding="utf-8")


def test_what_it_says_of_itself(mlp: Model) -> None:
    assert mlp.inputs == (TensorSpec("x", "float32", (8, 64)),)
    assert [spec.name for spec in mlp.outputs] == ["y", "linear", "same", "again"]
    assert [(row.backend, row.nodes) for row in mlp.placement] == [("native", 3)]
    assert mlp.threads == 2
    assert mlp.memory.arena == sample.mlp_plan().arena_bytes
    assert mlp.memory.params == len(sample.params_bytes())


@pytest.mark.parametrize("threads", [1, 2, 3, 4, 16])
def test_same_bytes_on_any_number_of_threads(mlp_folder: Path, threads: int) -> None:
    with load(mlp_folder, threads=1) as alone, load(mlp_folder, threads=threads) as model:
        assert model.threads == threads
        for seed in range(20):
            x = some_input(seed)
            outputs = model.run({"x": x})
            assert_right(outputs, x)
            for name, array in alone.run({"x": x}).items():
                assert np.array_equal(outputs[name], array)


def test_all_cpus_by_default(mlp_folder: Path) -> None:
    with load(mlp_folder) as model:
        assert model.threads == len(os.sched_getaffinity(0))
    for threads in (0, -1):
        with pytest.raises(InputError, match="at least 1 expected"):
            load(mlp_folder, threads=threads)
    with pytest.raises(ArtifactError, match="1 to 1024 are possible"):
        load(mlp_folder, threads=5000)


def test_outputs_are_new_and_aligned(mlp: Model) -> None:
    x = some_input(0)
    first = mlp.run({"x": x})
    kept = {name: array.copy() for name, array in first.items()}
    second = mlp.run({"x": -x})
    for name, array in first.items():
        assert np.array_equal(array, kept[name])
        assert not np.shares_memory(array, second[name])
        assert not np.shares_memory(array, x)
        assert array.ctypes.data % 64 == 0


@pytest.mark.parametrize("offset", [0, 4, 20, 60])
def test_inputs_of_any_alignment(mlp: Model, offset: int) -> None:
    """The sample's kernels refuse addresses that are not multiples of 64."""
    x = some_input(1)
    memory = np.zeros(x.nbytes + 128, np.uint8)
    start = -memory.ctypes.data % 64 + offset
    view = memory[start : start + x.nbytes].view(np.float32).reshape(x.shape)
    view[...] = x
    assert view.ctypes.data % 64 == offset
    assert_right(mlp.run({"x": view}), x)
    assert np.array_equal(view, x)


def test_any_order_in_memory(mlp: Model) -> None:
    x = some_input(2)
    assert_right(mlp.run({"x": np.asfortranarray(x)}), x)
    assert_right(mlp.run({"x": np.repeat(x, 2, axis=1)[:, ::2]}), x)
    x.flags.writeable = False
    assert_right(mlp.run({"x": x}), x)


def test_wrong_inputs(mlp: Model) -> None:
    for wrong in (
        {},
        {"y": some_input(0)},
        {"x": some_input(0)[:4]},
        {"x": some_input(0).astype(np.float16)},
    ):
        with pytest.raises(InputError):
            mlp.run(wrong)
    x = some_input(3)
    assert_right(mlp.run({"x": x}), x)


def test_many_threads_on_one_model(mlp: Model) -> None:
    barrier = threading.Barrier(8)

    def work(seed: int) -> None:
        barrier.wait()
        for turn in range(100):
            x = some_input(seed * 1000 + turn)
            assert_right(mlp.run({"x": x}), x)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))


def test_two_models_of_two_kinds(mlp: Model, mlp_folder: Path, tmp_path: Path) -> None:
    counts = load(sample.build(tmp_path / "count", sample.count_plan()), threads=3)
    with counts, load(mlp_folder, threads=1) as other:
        for seed in range(10):
            x = some_input(seed)
            assert_right(mlp.run({"x": x}), x)
            assert_right(other.run({"x": x}), x)
            assert counts.run({"tasks": np.int32(seed + 1)})["counts"].sum() == seed + 1


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_each_task_runs_once(tmp_path: Path, threads: int) -> None:
    width = 128
    with load(sample.build(tmp_path / "count", sample.count_plan(width)), threads=threads) as model:
        for tasks in [*range(20), 127, 128, 129, 5000, 200_001]:
            found = model.run({"tasks": np.array(tasks, np.int32)})["counts"]
            expected = np.bincount(np.arange(tasks or threads) % width, minlength=width)
            assert np.array_equal(found, expected), tasks


@pytest.mark.parametrize("threads", [1, 4])
def test_an_error_in_a_task_reaches_the_caller(tmp_path: Path, threads: int) -> None:
    with load(sample.build(tmp_path / "positive", sample.unary_plan("positive")), threads=threads) as model:
        for place in (0, 100, 255):
            x = np.ones(256, np.float32)
            assert np.array_equal(model.run({"x": x})["y"], x)
            x[place] = -1
            with pytest.raises(
                RunError, match="step 1 of 1, kernel positive: ValueError: positive: a negative"
            ):
                model.run({"x": x})
        assert "y" in model.run({"x": np.ones(256, np.float32)})


def test_scratch_is_limited_and_given_back(tmp_path: Path) -> None:
    x = {"x": np.ones(256, np.float32)}
    with load(sample.build(tmp_path / "greedy", sample.unary_plan("greedy")), threads=2) as model:
        for _ in range(3):
            with pytest.raises(
                RunError, match="asks for 100000 bytes of scratch and 3072 are left: the plan's"
            ):
                model.run(x)
    with load(sample.build(tmp_path / "disorder", sample.unary_plan("disorder")), threads=2) as model:
        for _ in range(3):
            with pytest.raises(RunError, match="gives back scratch that it does not hold"):
                model.run(x)


def test_profile(mlp: Model) -> None:
    profiles = [mlp.profile({"x": some_input(0)}) for _ in range(9)]
    assert all([row.kernel for row in rows] == ["matmul", "add", "relu"] for rows in profiles)
    matmul, add, relu = (median(row.seconds for row in rows) for rows in zip(*profiles, strict=True))
    assert 0 < add < 1
    assert 0 < relu < matmul < 1


def test_after_close(mlp_folder: Path) -> None:
    model = load(mlp_folder, threads=2)
    assert mapped(mlp_folder / "compiled.so")
    model.close()
    model.close()
    for method in (model.run, model.profile):
        with pytest.raises(RunError, match="the model is closed"):
            method({"x": some_input(0)})
    assert not mapped(mlp_folder)


def test_close_while_others_run(mlp_folder: Path) -> None:
    model = load(mlp_folder, threads=2)
    running, results = threading.Barrier(5), []

    def work() -> None:
        running.wait()
        for seed in range(100_000):
            x = some_input(seed)
            try:
                outputs = model.run({"x": x})
            except RunError as error:
                results.append(str(error))
                return
            assert_right(outputs, x)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    running.wait()
    model.close()
    for thread in threads:
        thread.join()
    assert results == ["the model is closed"] * 4
    assert not mapped(mlp_folder)


def test_a_forgotten_model_is_freed(mlp_folder: Path) -> None:
    model = load(mlp_folder, threads=3)
    deadline = time.monotonic() + BUSY_S
    while threads_of_models() != 2:  # a thread gives itself its name
        assert time.monotonic() < deadline
    del model
    gc.collect()
    assert threads_of_models() == 0
    assert not mapped(mlp_folder)


def threads_of_models() -> int:
    names = [path.read_text(encoding="utf-8") for path in Path("/proc/self/task").glob("*/comm")]
    return sum(name == "neo-worker\n" for name in names)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_nothing_leaks(mlp_folder: Path) -> None:
    def resident() -> int:
        return int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1]) * os.sysconf(
            "SC_PAGESIZE"
        )

    def use(times: int) -> None:
        for seed in range(times):
            with load(mlp_folder, threads=2) as model:
                model.run({"x": some_input(seed)})

    use(20)
    files, before = open_files(), resident()
    use(200)
    assert open_files() == files
    assert threads_of_models() == 0
    assert resident() - before < 4_000_000  # 200 arenas, stacks and libraries would be far more


def test_a_forked_child_goes_on(mlp_folder: Path) -> None:
    program = (
        "import os, sys, numpy, edge_runtime\n"
        "x = {'x': numpy.ones((8, 64), numpy.float32)}\n"
        "model = edge_runtime.load(sys.argv[1], threads=4)\n"
        "before = model.run(x)['y']\n"
        "child = os.fork()\n"
        "same = all(numpy.array_equal(model.run(x)['y'], before) for _ in range(100))\n"
        "model.close()\n"
        "if child == 0:\n"
        "    os._exit(0 if same else 1)\n"
        "assert same and os.waitpid(child, 0)[1] == 0\n"
    )
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, str(mlp_folder)], check=True, timeout=BUSY_S
    )


def test_signals_reach_python_while_threads_compute(mlp_folder: Path) -> None:
    program = (
        "import os, signal, sys, numpy, edge_runtime\n"
        "model = edge_runtime.load(sys.argv[1], threads=4)\n"
        "model.run({'x': numpy.ones((8, 64), numpy.float32)})\n"
        "os.kill(os.getpid(), signal.SIGINT)\n"
        "signal.pause()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(mlp_folder)],
        capture_output=True,
        text=True,
        timeout=BUSY_S,
        check=False,
    )
    assert done.returncode != 0
    assert "KeyboardInterrupt" in done.stderr


def test_manifest_and_library_disagree(mlp_folder: Path, tmp_path: Path) -> None:
    folder = sample.build(tmp_path / "count", sample.count_plan())
    sample.write_manifest(folder, sample.mlp_plan())
    with pytest.raises(
        ArtifactError, match=r"manifest\.json and compiled\.so disagree about inputs and outputs"
    ):
        load(folder)


def test_parameters_of_another_size(tmp_path: Path) -> None:
    folder = sample.build(tmp_path / "short", sample.mlp_plan(), sample.params_bytes()[:-4])
    with pytest.raises(ArtifactError, match=r"compiled\.params: 8316 bytes found, 8320 expected"):
        load(folder)
    folder = sample.build(tmp_path / "none", sample.mlp_plan())
    with pytest.raises(ArtifactError, match="this model has parameters: name their file"):
        load(folder)


def test_a_library_that_is_none(tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "compiled.so").write_bytes(b"no library")
    sample.write_manifest(folder, sample.mlp_plan())
    with pytest.raises(ArtifactError, match=r"compiled\.so cannot be loaded"):
        load(folder)
    (folder / "compiled.so").unlink()
    sample.write_manifest(folder, sample.mlp_plan())
    with pytest.raises(ArtifactError, match=r"holds no compiled\.so"):
        load(folder)


def test_a_model_without_a_kernel(tmp_path: Path) -> None:
    """Outputs that are an input, a constant, and nothing at all."""
    x, nothing = ("float32", (16,)), ("int8", (0, 3))
    plan = Plan(
        inputs=(TensorSpec("x", *x), TensorSpec("nothing", *nothing)),
        outputs=(TensorSpec("same", *x), TensorSpec("constant", *x), TensorSpec("empty", *nothing)),
        tensors=(Placed(Where.INPUT, *x), Placed(Where.PARAMS, *x), Placed(Where.INPUT, *nothing, index=1)),
        steps=(),
        results=(0, 1, 2),
        arena_bytes=0,
        params_bytes=64,
        scratch_bytes=0,
    )
    constant = np.arange(16, dtype=np.float32)
    with load(sample.build(tmp_path / "copy", plan, constant.tobytes()), threads=2) as model:
        outputs = model.run({"x": constant * 2, "nothing": np.zeros((0, 3), np.int8)})
        assert model.profile({"x": constant, "nothing": np.zeros((0, 3), np.int8)}) == []
    assert np.array_equal(outputs["same"], constant * 2)
    assert np.array_equal(outputs["constant"], constant)
    assert outputs["empty"].shape == (0, 3)


def test_a_model_without_inputs(tmp_path: Path) -> None:
    spec = ("int64", ())
    value, result = Placed(Where.PARAMS, *spec), TensorSpec("answer", *spec)
    plan = Plan((), (result,), (value,), (), (0,), 0, 8, 0)
    with load(sample.build(tmp_path / "constant", plan, np.int64(42).tobytes())) as model:
        assert model.run({})["answer"] == 42
        with pytest.raises(InputError, match="there is no input 'x'; this model takes no inputs"):
            model.run({"x": 1})
