"""Tensors that stay on the device: given, made, shared and let go."""

from __future__ import annotations

import ctypes
import gc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edge_runtime
from edge_runtime.cuda import dlpack
from edge_runtime.errors import InputError, RunError
from tests.edge_runtime import sample
from tests.stub_gpu import sample as gpu_sample
from tests.stub_gpu.stub import Stub


def picture(seed: int = 0) -> Any:
    return np.random.default_rng(seed).standard_normal((sample.ROWS, sample.INNER), np.float32)


def check(outputs: dict[str, Any], x: Any) -> None:
    for name, expected in sample.mlp_reference(x).items():
        np.testing.assert_allclose(np.asarray(outputs[name]), expected, rtol=1e-5, atol=1e-5)


def uploads(stub: Stub) -> int:
    return stub.count("cuMemcpyHtoDAsync_v2") + stub.count("cuMemcpyDtoHAsync_v2")


def test_a_chain_on_the_device(mlp_for_gpu: Path, stub: Stub) -> None:
    """An output is an input again with no copy through the host, and is what the kernels read."""
    with edge_runtime.load(mlp_for_gpu) as model:
        first = model.run({"x": picture()}, outputs="device")
        check(first, picture())
        copies = uploads(stub)
        second = model.run({"x": first["same"]}, outputs="device")
        assert uploads(stub) == copies
        check(second, picture())
        assert second["y"].address != first["y"].address
        del first, second
        gc.collect()


def test_what_a_tensor_tells(mlp_for_gpu: Path, stub: Stub) -> None:
    with edge_runtime.load(mlp_for_gpu) as model:
        tensor = model.run({"x": picture()}, outputs="device")["y"]
    assert (tensor.shape, tensor.dtype, tensor.nbytes) == ((8, 32), np.dtype("float32"), 1024)
    assert tensor.__dlpack_device__() == (2, 0)
    assert tensor.__cuda_array_interface__["data"] == (tensor.address, False)
    assert np.asarray(tensor, np.float64).dtype == np.float64
    with pytest.raises(BufferError, match=r"\.numpy\(\) copies them"):
        tensor.__dlpack__(dl_device=(1, 0))
    assert repr(tensor) == "DeviceTensor(float32, [8, 32], device (2, 0))"


def test_memory_is_used_again_and_freed_in_the_end(mlp_for_gpu: Path, stub: Stub) -> None:
    model = edge_runtime.load(mlp_for_gpu)
    for _ in range(5):
        model.run({"x": picture()}, outputs="device")
        gc.collect()
    assert stub.count("cuMemAlloc_v2") == 3 + 4  # parameters, arena, buffers; one block an output
    kept = model.run({"x": picture()}, outputs="device")["linear"]
    model.close()
    assert stub.count("cuModuleUnload") == 0
    np.testing.assert_allclose(kept.numpy(), sample.mlp_reference(picture())["linear"], rtol=1e-5, atol=1e-5)
    del kept
    gc.collect()
    assert stub.count("cuModuleUnload") == 1


def test_a_capsule_keeps_its_memory(mlp_for_gpu: Path, stub: Stub) -> None:
    with edge_runtime.load(mlp_for_gpu) as model:
        unused = model.run({"x": picture()}, outputs="device")["y"].__dlpack__(stream=1)
        used = model.run({"x": picture()}, outputs="device")["y"].__dlpack__()
        gc.collect()
        assert len(dlpack._exported) == 2
        del unused
        assert len(dlpack._exported) == 1
        # as a consumer does: take the struct, rename the capsule, call the deleter when done
        struct = ctypes.cast(dlpack._get(used, b"dltensor"), ctypes.POINTER(dlpack._Managed))
        rename = ctypes.pythonapi.PyCapsule_SetName
        rename.argtypes = (ctypes.py_object, ctypes.c_char_p)
        assert rename(used, b"used_dltensor") == 0
        del used
        assert len(dlpack._exported) == 1
        struct.contents.deleter(ctypes.addressof(struct.contents))
        assert not dlpack._exported


def test_outputs_into_given_memory(mlp_for_gpu: Path, stub: Stub) -> None:
    """Arrays and tensors of the device, some of the outputs; the rest are new arrays."""
    with edge_runtime.load(mlp_for_gpu) as model:
        tensor = model.run({"x": picture(1)}, outputs="device")["linear"]
        array = np.empty((sample.ROWS, sample.COLUMNS), np.float32)
        found = model.run({"x": picture(2)}, outputs={"linear": tensor, "y": array})
        assert found["linear"] is tensor
        assert found["y"] is array
        check(found, picture(2))
        del found, tensor
        gc.collect()


def test_a_graph_for_those_who_keep_their_tensors(mlp_for_gpu: Path, stub: Stub) -> None:
    with edge_runtime.load(mlp_for_gpu) as model:
        kept = model.run({"x": picture()}, outputs="device")
        x = kept.pop("same")
        for _ in range(4):
            model.run({"x": x}, outputs=kept | {"same": kept["linear"]} if "same" in kept else kept)
        assert stub.count("cuGraphLaunch") == 3
        other = model.run({"x": picture(5)}, outputs="device")["same"]
        check(model.run({"x": other}), picture(5))
        del kept, x, other
        gc.collect()


class Foreign:
    """A tensor on the device as another library would describe it, over memory of ours."""

    def __init__(self, tensor: Any, **changes: Any) -> None:
        self.tensor, self.changes = tensor, changes
        self.streams: list[int | None] = []

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.changes.get("device", (2, 0))

    def __dlpack__(self, *, stream: int | None = None) -> object:
        self.streams.append(stream)
        tensor, changes = self.tensor, self.changes
        dtype, shape = changes.get("dtype", tensor.dtype.name), changes.get("shape", tensor.shape)
        capsule = dlpack.export(tensor, tensor.address, dtype, shape, self.__dlpack_device__())
        if strides := changes.get("strides"):
            managed = ctypes.cast(dlpack._get(capsule, b"dltensor"), ctypes.POINTER(dlpack._Managed)).contents
            self.kept = (ctypes.c_int64 * len(strides))(*strides)
            managed.tensor.strides = ctypes.cast(self.kept, ctypes.POINTER(ctypes.c_int64))
        return capsule


def test_the_producer_hears_of_our_stream(mlp_for_gpu: Path, stub: Stub) -> None:
    with edge_runtime.load(mlp_for_gpu) as model:
        foreign = Foreign(model.run({"x": picture()}, outputs="device")["same"], strides=(64, 1))
        check(model.run({"x": foreign}), picture())
        assert foreign.streams[0] not in (None, 0, 1, 2)
        del foreign
        gc.collect()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"dtype": "int32"}, "input 'x': int32 given, float32 expected"),
        ({"shape": (4, 128)}, r"input 'x': shape \[4, 128\] given, \[8, 64\] expected"),
        ({"strides": (1, 8)}, r"input 'x': its values do not lie in order"),
    ],
)
def test_tensors_that_do_not_fit(mlp_for_gpu: Path, stub: Stub, changes: dict[str, Any], said: str) -> None:
    with edge_runtime.load(mlp_for_gpu) as model:
        tensor = model.run({"x": picture()}, outputs="device")["same"]
        with pytest.raises(InputError, match=said):
            model.run({"x": Foreign(tensor, **changes)})
        del tensor
        gc.collect()


class Refusing:
    """As torch's tensors that require a gradient."""

    def __dlpack_device__(self) -> tuple[int, int]:
        return 2, 0

    def __dlpack__(self, *, stream: int | None = None) -> object:
        raise BufferError("use tensor.detach()")


def test_a_tensor_that_is_not_given_away(mlp_for_gpu: Path, stub: Stub) -> None:
    with (
        edge_runtime.load(mlp_for_gpu) as model,
        pytest.raises(InputError, match=r"input 'x' cannot be taken: use tensor\.detach\(\)"),
    ):
        model.run({"x": Refusing()})


def test_a_tensor_on_another_gpu(mlp_for_gpu: Path, stub: Stub) -> None:
    with edge_runtime.load(mlp_for_gpu) as model:
        tensor = model.run({"x": picture()}, outputs="device")["same"]
        with pytest.raises(RunError, match="input 'x' is on another GPU than the model"):
            model.run({"x": Foreign(tensor, device=(2, 1))})
        del tensor
        gc.collect()


def test_a_model_for_a_cpu_takes_none(mlp: edge_runtime.Model, mlp_for_gpu: Path, stub: Stub) -> None:
    with edge_runtime.load(mlp_for_gpu) as model:
        tensor = model.run({"x": picture()}, outputs="device")["same"]
        with pytest.raises(InputError, match="'x' is on a GPU, and this model runs in host memory"):
            mlp.run({"x": tensor})
        check(mlp.run({"x": tensor.numpy()}), picture())
        del tensor
        gc.collect()
    with pytest.raises(InputError, match="there is no device that they could stay on"):
        mlp.run({"x": picture()}, outputs="device")


def test_the_sample_is_for_a_gpu() -> None:
    assert gpu_sample.target().gpu == gpu_sample.NEEDS
