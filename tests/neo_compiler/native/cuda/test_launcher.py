"""The C runtime for CUDA devices, over a driver that has none: calls, memory, errors, results."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest

from edge_runtime.errors import RunError
from edge_runtime.native import NativeModel
from neo_compiler.native.cuda.source import image_source
from neo_compiler.native.driver import driver_source
from neo_compiler.native.link import link, runtime_sources
from neo_compiler.target import find_target
from tests.edge_runtime import sample
from tests.stub_gpu import sample as gpu_sample
from tests.stub_gpu.stub import Stub, driver

HARNESS = Path(__file__).parents[1] / "harness.c"


def opened(folder: Path) -> NativeModel:
    return NativeModel(folder / "compiled.so", folder / "compiled.params", 1)


def picture(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((sample.ROWS, sample.INNER), np.float32)


def check(outputs: list[np.ndarray], x: np.ndarray) -> None:
    for found, expected in zip(outputs, sample.mlp_reference(x).values(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def use(folder: Path, runs: int = 3) -> None:
    """One session, some runs; every output is checked, everything is closed."""
    model = opened(folder)
    try:
        session = model.session()
        try:
            for number in range(runs):
                check(session.compute([picture(number)]), picture(number))
        finally:
            session.close()
    finally:
        model.close()


@pytest.mark.parametrize("definition", ["", "OLD_GRAPHS", "WITHOUT_GRAPHS"])
def test_runs(mlp_for_gpu: Path, stub: Stub, monkeypatch: pytest.MonkeyPatch, definition: str) -> None:
    """First each kernel, then a graph where the driver has graphs; every driver gives the same."""
    if definition:
        monkeypatch.setenv("NEO_CUDA_DRIVER", str(driver(definition)))
    use(mlp_for_gpu, runs=4)
    graphs = definition != "WITHOUT_GRAPHS"
    assert stub.count("cuGraphLaunch") == (3 if graphs else 0)
    assert stub.count("cuLaunchKernel") == (6 if graphs else 12)
    assert not stub.failures


def test_graphs_can_be_declined(mlp_for_gpu: Path, stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEO_CUDA_GRAPHS", "0")
    use(mlp_for_gpu)
    assert stub.count("cuGraphLaunch") == 0


@pytest.mark.parametrize("order", [1, 2, 3])
def test_the_order_of_threads_does_not_matter(
    mlp_for_gpu: Path, stub: Stub, monkeypatch: pytest.MonkeyPatch, order: int
) -> None:
    monkeypatch.setenv("STUB_ORDER", str(order))
    use(mlp_for_gpu, runs=1)


def test_launches_are_those_of_the_table(mlp_for_gpu: Path, stub: Stub) -> None:
    use(mlp_for_gpu, runs=1)
    launches = [line for line in stub.calls if line.startswith("cuLaunchKernel")]
    assert launches == [
        f"cuLaunchKernel {name} grid 8,1,1 block 32,1,1 shared 0" for name in ("matmul", "add", "relu")
    ]


def test_arrays_at_any_address(mlp_for_gpu: Path, stub: Stub) -> None:
    """The device never sees the caller's memory: it may lie anywhere."""
    x = picture()
    memory = np.empty(x.nbytes + 4, np.uint8)
    odd = memory[4:].view(np.float32).reshape(x.shape)
    odd[:] = x
    model = opened(mlp_for_gpu)
    session = model.session()
    check(session.compute([odd]), x)
    session.close()
    model.close()


def test_profile(mlp_for_gpu: Path, stub: Stub) -> None:
    model = opened(mlp_for_gpu)
    session = model.session()
    assert model.steps == ["matmul", "add", "relu"]
    assert session.time([picture()]) == [2_000_000] * 3  # the stub's clock: a launch and the event behind it
    session.close()
    model.close()


def test_weights_and_kernels_are_shared(mlp_for_gpu: Path, stub: Stub) -> None:
    """By sessions: one copy of the parameters, one module, a stream and an arena each."""
    model = opened(mlp_for_gpu)
    second = opened(mlp_for_gpu)
    sessions = [model.session(), model.session(), second.session()]
    assert (stub.count("cuModuleLoadDataEx"), stub.count("cuDevicePrimaryCtxRetain")) == (1, 1)
    assert (stub.count("cuMemcpyHtoD_v2"), stub.count("cuStreamCreate")) == (2, 3)
    together = Barrier(len(sessions))

    def work(number: int) -> None:
        together.wait()
        for run in range(5):
            x = picture(10 * number + run)
            check(sessions[number].compute([x]), x)

    with ThreadPoolExecutor(len(sessions)) as threads:
        list(threads.map(work, range(len(sessions))))
    for session in sessions:
        session.close()
    model.close()
    second.close()
    assert stub.count("cuModuleUnload") == 1


def test_the_callers_context_is_left_alone(mlp_for_gpu: Path, stub: Stub) -> None:
    use(mlp_for_gpu)
    assert ctypes.CDLL(str(driver())).stub_depth() == 0


CLEANUP = ("Destroy", "CtxPop")  # their errors leave nothing to do


def test_whatever_fails_is_told_and_nothing_leaks(
    mlp_for_gpu: Path, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each call of a life fails once: an error with the driver's number, or, for graphs, another way."""
    use(mlp_for_gpu)
    calls = [line.split(" ")[0] for line in stub.calls]
    calls = calls[: calls.index("cuGraphExecDestroy") - 2]  # what comes then is the end, which asks nobody
    seen: dict[str, int] = {}
    tried = 0
    for name in calls:
        seen[name] = seen.get(name, 0) + 1
        if any(part in name for part in CLEANUP):
            continue
        stub.clear()
        ctypes.CDLL(str(driver())).stub_reset()
        monkeypatch.setenv("STUB_FAIL", f"{name}:{seen[name]}:999")
        into_graph = name == "cuLaunchKernel" and seen[name] > 3
        if into_graph or name.startswith(("cuStreamBegin", "cuStreamEnd", "cuGraphInstantiate")):
            use(mlp_for_gpu)
        else:
            with pytest.raises(RunError, match=r"999"):
                use(mlp_for_gpu)
        assert stub.failures == [name]
        assert not stub.violations, (name, seen[name], stub.calls)
        tried += 1
    assert tried > 30


def refusal(folder: Path) -> str:
    with pytest.raises(RunError) as caught:
        use(folder)
    return str(caught.value)


@pytest.mark.usefixtures("no_driver")
def test_no_driver(mlp_for_gpu: Path) -> None:
    assert re.search(r"needs an NVIDIA GPU.*no CUDA driver here.*/nowhere/libcuda", refusal(mlp_for_gpu))


def test_a_library_that_is_no_driver(mlp_for_gpu: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEO_CUDA_DRIVER", "libm.so.6")
    assert "it has no cuInit" in refusal(mlp_for_gpu)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("STUB_VERSION", "8000", r"CUDA 8\.0; this model's kernels, for sm_53, need 9\.0 or later"),
        ("STUB_CAPABILITY", "50", r"this GPU, Stub GPU, is an sm_50, and the model was compiled for sm_53"),
        ("STUB_DEVICES", "0", r"CUDA_ERROR_NO_DEVICE.*CUDA_VISIBLE_DEVICES"),
        (
            "STUB_MEMORY",
            "9000",
            r"no GPU memory for 2048 bytes of a session's .*680 of 9000 are free.*out of memory",
        ),
        ("STUB_TRANSLATE", "false", r"driver's compiler says: ptxas stub, line 1"),
    ],
)
def test_refusals(
    mlp_for_gpu: Path, stub: Stub, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    if name == "STUB_TRANSLATE":
        monkeypatch.setenv("STUB_KERNELS", str(stub.log.parent))
    monkeypatch.setenv(name, value)
    assert re.search(said, refusal(mlp_for_gpu))


def test_a_kernel_that_goes_astray(tmp_path: Path, stub: Stub) -> None:
    """The error names the failure; the session and the model still close."""
    found = gpu_sample.build(tmp_path / "artifact")
    image = gpu_sample.image()
    wrong = image.ptx.replace("setp.lt.u32 %p1, %r4, 64;", "setp.lt.u32 %p1, %r4, 6400;")
    link(
        [],
        gpu_sample.plan(),
        sample.target(),
        found / "compiled.so",
        type(image)(**{**vars(image), "ptx": wrong}),
    )
    assert "700" in refusal(found)
    assert "this process cannot use the device any more" in refusal(found)
    assert len(stub.violations) >= 1
    assert "shared address misaligned or outside" in stub.violations[0]
    stub.clear()


def _in_child(session: object, ready: object) -> None:
    try:
        session.compute([picture()])  # type: ignore[attr-defined]
    except RunError as error:
        ready.send(str(error))  # type: ignore[attr-defined]
    os._exit(0)


def test_a_forked_child_is_refused(mlp_for_gpu: Path, stub: Stub) -> None:
    model = opened(mlp_for_gpu)
    session = model.session()
    check(session.compute([picture()]), picture())
    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.get_context("fork").Process(target=_in_child, args=(session, theirs))
    child.start()
    assert ours.poll(60)
    assert "was forked" in ours.recv()
    child.join()
    check(session.compute([picture(1)]), picture(1))
    session.close()
    model.close()


def test_the_library_for_aarch64(tmp_path: Path) -> None:
    """The same sources and tables link there, and need the C library alone."""
    library = tmp_path / "compiled.so"
    link([], gpu_sample.plan(), find_target("aarch64"), library, gpu_sample.image())
    assert library.read_bytes()[18] == 183  # EM_AARCH64
    names = set(re.findall(rb"lib[\w.-]+\.so\.\d", library.read_bytes()))
    assert names == {b"libc.so.6", b"libdl.so.2", b"libcuda.so.1"}  # the last by name, when it is opened


@pytest.mark.parametrize("sanitizers", ["thread", "address,undefined"])
def test_many_callers_on_two_models(tmp_path: Path, stub: Stub, sanitizers: str) -> None:
    """Data races, misuse of memory, leaks; kernels do nothing here, since sanitizers know no fibers."""
    (tmp_path / "plan.c").write_text(driver_source(gpu_sample.plan(), launched=True), encoding="ascii")
    (tmp_path / "image.c").write_text(image_source(gpu_sample.image()), encoding="ascii")
    (tmp_path / "params").write_bytes(sample.params_bytes())
    (tmp_path / "leaks").write_text("leak:libcuda\n", encoding="ascii")  # the driver for tests keeps its own
    sources = [
        *runtime_sources(sample.RUNTIME, cuda=True),
        tmp_path / "plan.c",
        tmp_path / "image.c",
        HARNESS,
    ]
    options = ["-std=gnu11", "-g", "-O1", "-DNO_FORK", f"-I{sample.RUNTIME}", "-fno-sanitize-recover=all"]
    program = tmp_path / "harness"
    subprocess.run(
        ["gcc", *options, f"-fsanitize={sanitizers}", *sources, "-o", program, "-ldl", "-lpthread"],
        check=True,
    )
    environment = dict(os.environ, LSAN_OPTIONS=f"suppressions={tmp_path / 'leaks'}:print_suppressions=0")
    del environment["STUB_TRANSLATE"]
    command = [program, tmp_path / "params", "1", "4", "20"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    if "unexpected memory mapping" in done.stderr:
        pytest.skip("ThreadSanitizer does not work with this kernel's address layout")
    assert (done.stdout, done.returncode) == ("ok\n", 0), done.stderr
