"""DLR's class, over a model of ours."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from edge_runtime.arrays import fixed_shape
from edge_runtime.dlr.errors import DLRError, log_to, logged
from edge_runtime.dlr.opening import META, open_model
from edge_runtime.errors import EdgeError
from edge_runtime.manifest import TensorSpec
from edge_runtime.shapes import is_fixed

if TYPE_CHECKING:
    from edge_runtime.arrays import Array

VERSION = "1.10.0"  # of the interface


class DLRModel:
    """A model for one thread at a time: inputs that are set keep their values from run to run.

    `model_path` is the folder of an artifact, in which other files may lie too, or its .tar.gz. `dev_type` is
    cpu, gpu or opencl, and has to be what the model was compiled for. `error_log_file` gets the errors beside
    the log. `use_default_dlr` is taken and has no effect: there is one runtime. The environment variable
    TVM_NUM_THREADS bounds the threads, else there are as many as CPUs.

    Raises ValueError where the path does not exist, KeyError for an unknown `dev_type`, DLRError where the
    artifact cannot be used.
    """

    @logged("DLRModel instantiation")
    def __init__(
        self,
        model_path: str | os.PathLike[str],
        dev_type: str | None = None,
        dev_id: int | None = None,
        error_log_file: str | None = None,
        use_default_dlr: bool = False,
    ) -> None:
        del dev_id, use_default_dlr
        log_to(error_log_file)
        self.model_path = os.fspath(model_path)
        self._model = open_model(self.model_path, "cpu" if dev_type is None else dev_type)
        self._specs = {spec.name: spec for spec in self._model.inputs}
        self._values: dict[str, Array] = {}
        self.input_shapes: dict[str, Array] = {}
        self.backend = "tvm"
        self.version = VERSION

    @logged("running inference")
    def run(self, input_values: Any) -> list[Array]:
        """The outputs in the model's order, for one array (the first input) or a dict of arrays by name.

        Inputs that are not given keep their values. Raises ValueError for a name, a type or a dtype that the
        model does not take (float32 inputs take what can be cast), DLRError for a wrong shape and for inputs
        that were never set.
        """
        if isinstance(input_values, np.ndarray | np.generic):
            given = dict.fromkeys(self.input_names[:1], input_values)
        elif isinstance(input_values, dict):
            given = input_values
        else:
            raise ValueError(
                "input_values must be of type dict (tvm model) or a np.ndarray/generic "
                "(representing treelite models)"
            )
        for name, value in given.items():
            self._set_input(name, value)
        if unset := [name for name in self._specs if name not in self._values]:
            raise DLRError(f"Input {', '.join(unset)} was never set: pass it to run()")
        try:
            return list(self._model.run(self._values).values())
        except EdgeError as error:
            raise DLRError(str(error)) from error

    @logged("getting inputs")
    def get_input(self, name: str, shape: Any = None) -> Array:
        """A copy of the value that was last set, in the shape in which it was given, or in `shape`."""
        if name not in self.input_shapes and shape is None:
            raise ValueError(
                f"Since set_input() was never called with input {name}, we cannot infer its shape. "
                "Shape parameter should be explicitly specified"
            )
        spec = self._spec(name)
        value = self._values.get(name)
        if value is None:
            value = np.zeros([size if isinstance(size, int) else 1 for size in spec.shape], spec.dtype)
        copy: Array = value.reshape(self.input_shapes[name] if shape is None else shape).copy()
        return copy

    def get_input_names(self) -> list[str]:
        return list(self._specs)

    def get_input_name(self, index: int) -> str:
        return self._at(self.input_names, index)

    def get_input_dtypes(self) -> list[str]:
        return [spec.dtype for spec in self._model.inputs]

    def get_input_dtype(self, index: int) -> str:
        return self._at(self.get_input_dtypes(), index)

    def get_output_names(self) -> list[str]:
        return [spec.name for spec in self._model.outputs]

    def get_output_name(self, index: int) -> str:
        return self._at(self.get_output_names(), index)

    def get_output_dtypes(self) -> list[str]:
        return [spec.dtype for spec in self._model.outputs]

    def get_output_dtype(self, index: int) -> str:
        return self._at(self.get_output_dtypes(), index)

    def get_version(self) -> str:
        """The version of DLR whose interface this is: `major.minor.patch`."""
        return self.version

    def has_metadata(self) -> bool:
        """Whether the artifact holds a compiled.meta; names and types are known without it too."""
        return META in self._model.manifest.files

    # What programs read from the object behind DLR's own class, which here is the same.

    @property
    def _impl(self) -> DLRModel:
        return self

    @property
    def input_names(self) -> list[str]:
        return self.get_input_names()

    @property
    def output_names(self) -> list[str]:
        return self.get_output_names()

    @property
    def num_inputs(self) -> int:
        return len(self._model.inputs)

    @property
    def num_outputs(self) -> int:
        return len(self._model.outputs)

    @property
    def weight_names(self) -> list[str]:
        return []

    @property
    def output_shapes(self) -> list[Array]:
        """-1 stands for a size that each run decides, as DLR has it for models of Relay's virtual machine."""
        return [
            np.array([size if isinstance(size, int) else -1 for size in spec.shape], np.int64)
            for spec in self._model.outputs
        ]

    def _get_output_size_dim(self, index: int) -> tuple[int, int]:
        shape = self.output_shapes[index]
        return int(shape.prod()), len(shape)

    def _set_input(self, name: str, value: Any) -> None:
        spec = self._spec(name)
        if spec.dtype != "float32" and value.dtype.name != spec.dtype:
            raise ValueError(
                f"input data with name {name} should have dtype {spec.dtype} "
                f"but {value.dtype.name} is provided"
            )
        array = np.array(value, spec.dtype, order="C")
        self._values[name] = array.reshape(_same_values(spec, array))
        self.input_shapes[name] = np.array(array.shape, np.int64)

    def _spec(self, name: str) -> TensorSpec:
        spec = self._specs.get(name)
        if spec is None:
            raise ValueError(f"{name} is not a valid input name.")
        return spec

    @staticmethod
    def _at(names: list[str], index: int) -> str:
        if not 0 <= index < len(names):
            raise Exception(f"Index cannot be greater than {len(names) - 1}")
        return names[index]


def _same_values(spec: TensorSpec, array: Array) -> tuple[int, ...]:
    """The model's shape; an array may lack axes of length 1, or have more of them."""
    if not is_fixed([spec]):
        return array.shape
    expected = fixed_shape(spec)
    if array.size != (size := int(np.prod(expected, dtype=np.int64))):
        raise DLRError(f"Mismatch found in input data size. Value read: {array.size}, Expected: {size}")
    if [n for n in array.shape if n != 1] != [n for n in expected if n != 1]:
        raise DLRError(
            f"Mismatch found in input shape. Value read: {list(array.shape)}, Expected: {list(expected)}: "
            f"the values of {spec.name} would be mixed up; transpose or reshape the array"
        )
    return expected
