"""A model's output on the device, for torch, CuPy and other users of DLPack."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from edge_runtime.arrays import aligned_empty
from edge_runtime.cuda.dlpack import export

if TYPE_CHECKING:
    from edge_runtime.arrays import Array
    from edge_runtime.cuda.memory import Block


class DeviceTensor:
    """Compact values on a GPU, complete when `Model.run` gives them: `torch.from_dlpack(tensor)` shares them.

    The memory lives as long as this object or anything that was made of it, also after the model is closed.
    """

    def __init__(self, block: Block, dtype: str, shape: tuple[int, ...], device: tuple[int, int]) -> None:
        self._block = block
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        self.shape = shape
        self.device = device

    @property
    def address(self) -> int:
        """On the device."""
        return self._block.address

    @property
    def nbytes(self) -> int:
        return prod(self.shape) * self.dtype.itemsize

    def numpy(self) -> Array:
        """A copy in host memory."""
        array = aligned_empty(self.dtype.name, self.shape)
        self._block.read(array.__array_interface__["data"][0], self.address, self.nbytes)
        return array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if copy is False:
            raise ValueError("an array of values on a GPU is a copy")
        array = self.numpy()
        return array if dtype is None else array.astype(dtype, copy=False)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.device

    def __dlpack__(
        self,
        *,
        stream: int | None = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> object:
        """`stream` has nothing to wait for: the values are there. BufferError where a copy is wanted."""
        del stream, max_version
        if copy or dl_device not in (None, self.device):
            raise BufferError("the values are shared where they are; .numpy() copies them to host memory")
        return export(self, self.address, self.dtype.name, self.shape, self.device)

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return {
            "shape": self.shape,
            "typestr": self.dtype.str,
            "data": (self.address, False),
            "strides": None,
            "stream": None,
            "version": 3,
        }

    def __repr__(self) -> str:
        return f"DeviceTensor({self.dtype}, {list(self.shape)}, device {self.device})"
