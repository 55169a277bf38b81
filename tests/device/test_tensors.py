"""Tensors of PyTorch and CuPy on the GPU, taken and given without a copy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import edge_runtime

# Written by a stream some milliseconds after a model is given it: long enough that luck is no explanation.
DELAY_CYCLES = 50_000_000


@pytest.fixture
def torch() -> Any:
    module = pytest.importorskip("torch", reason="PyTorch is not installed")
    if not module.cuda.is_available():
        pytest.skip("this PyTorch cannot use the GPU")
    return module


@pytest.fixture
def given(torch: Any, feed: dict[str, Any]) -> dict[str, Any]:
    return {name: torch.from_numpy(array).cuda() for name, array in feed.items()}


def test_torch_tensors(model: edge_runtime.Model, feed: Any, given: Any, torch: Any) -> None:
    expected = model.run(feed)
    for name, tensor in model.run(given, outputs="device").items():
        shared = torch.from_dlpack(tensor)
        assert shared.data_ptr() == tensor.address
        np.testing.assert_array_equal(shared.cpu().numpy(), expected[name])


def test_torch_tensors_outlive_the_model(model: edge_runtime.Model, feed: Any, torch: Any) -> None:
    expected = model.run(feed)
    kept = {name: torch.from_dlpack(tensor) for name, tensor in model.run(feed, outputs="device").items()}
    model.close()
    for name, tensor in kept.items():
        np.testing.assert_array_equal(tensor.cpu().numpy(), expected[name])


def test_outputs_into_torch_tensors(model: edge_runtime.Model, feed: Any, given: Any, torch: Any) -> None:
    expected = model.run(feed)
    made = {name: torch.from_numpy(np.zeros_like(array)).cuda() for name, array in expected.items()}
    for _ in range(3):  # the last by a graph
        found = model.run(given, outputs=made)
    for name, tensor in found.items():
        assert tensor is made[name]
        np.testing.assert_array_equal(tensor.cpu().numpy(), expected[name])


def test_what_another_stream_still_writes(
    model: edge_runtime.Model, feed: Any, given: Any, torch: Any
) -> None:
    """The model waits for the stream on which its input is being made."""
    expected = model.run(feed)
    late = {name: torch.zeros_like(tensor) for name, tensor in given.items()}
    torch.cuda.synchronize()
    with torch.cuda.stream(torch.cuda.Stream()):
        torch.cuda._sleep(DELAY_CYCLES)
        for name, tensor in late.items():
            tensor.copy_(given[name])
        found = model.run(late)
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array)


def test_cupy_arrays(model: edge_runtime.Model, feed: Any) -> None:
    cupy = pytest.importorskip("cupy", reason="CuPy is not installed")
    expected = model.run(feed)
    found = model.run({name: cupy.asarray(array) for name, array in feed.items()}, outputs="device")
    for name, tensor in found.items():
        np.testing.assert_array_equal(cupy.asnumpy(cupy.from_dlpack(tensor)), expected[name])
        np.testing.assert_array_equal(cupy.asnumpy(cupy.asarray(tensor)), expected[name])


def test_nothing_leaks(case: Any, feed: Any, torch: Any) -> None:
    """Free memory of the GPU is what it was, after models that were opened, used and closed."""

    def use() -> int:
        with edge_runtime.load(case.artifact) as model:
            for _ in range(3):
                model.run(feed, outputs="device")
        torch.cuda.synchronize()
        return int(torch.cuda.mem_get_info()[0])

    first = use()
    assert min(use() for _ in range(3)) >= first - (1 << 20)
