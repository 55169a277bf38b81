"""Every input gets one static shape: the model's own, the user's, or what a shared symbol implies."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence

import onnx_ir as ir

from neo_compiler.errors import ModelError, UsageError
from neo_compiler.graph.values import is_static, spec

_TOO_MANY = 2**40  # values


def fix_shapes(model: ir.Model, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Give each graph input a static shape; a symbol fixed at one input is fixed at all.

    Raises UsageError for an unknown name, a wrong rank or size, a symbol with two sizes, and for inputs that
    stay symbolic, with the option to add; ModelError for an input of 2^40 values or more.
    """
    inputs = {str(value.name): value for value in model.graph.inputs}
    for value in inputs.values():
        if not isinstance(value.type, ir.TensorType) or value.dtype == ir.DataType.STRING:
            raise ModelError(f"input {value.name!r} is {value.type}: only tensors of numbers can be compiled")
        _mark_unknown_sizes(value)
    sizes: dict[str, int] = {}
    for name, shape in shapes.items():
        if name not in inputs:
            raise UsageError(_unknown(name, inputs))
        _fix(inputs[name], shape, sizes)
    for value in inputs.values():
        _fill_in(value, sizes)
    if symbolic := [value for value in inputs.values() if not is_static(value)]:
        raise UsageError(_missing(symbolic))
    for value in inputs.values():
        if value.shape is not None and math.prod(value.shape.numpy()) >= _TOO_MANY:
            raise ModelError(f"input {spec(value)} is larger than any memory")


def _mark_unknown_sizes(value: ir.Value) -> None:
    """Exporters write an unknown size as nothing, 0, -1 or a symbol such as `?`: give it no name."""
    if value.shape is not None:
        value.shape = ir.Shape([size if _says_something(size) else None for size in value.shape])


def _says_something(size: int | ir.SymbolicDim) -> bool:
    if isinstance(size, int):
        return size > 0
    return any(character.isalnum() for character in size.value or "")


def _fix(value: ir.Value, shape: tuple[int, ...], sizes: dict[str, int]) -> None:
    declared = list(value.shape) if value.shape is not None else [ir.SymbolicDim(None)] * len(shape)
    if len(shape) != len(declared):
        raise UsageError(f"--input-shape gives {value.name!r} {len(shape)} dimensions, but {_has(value)}")
    for given, own in zip(shape, declared, strict=True):
        if given < 0:
            raise UsageError(f"--input-shape {_option(value.name, shape)}: a dimension must be at least 0")
        if isinstance(own, int) and own != given:
            raise UsageError(f"--input-shape {_option(value.name, shape)} does not fit: {_has(value)}")
        symbol = own.value if isinstance(own, ir.SymbolicDim) else None
        if symbol and sizes.setdefault(symbol, given) != given:
            raise UsageError(
                f"--input-shape gives the dimension {symbol!r} two sizes, {sizes[symbol]} and {given}: "
                f"it is one symbol in the model ({_has(value)})"
            )
    value.shape = ir.Shape(shape)


def _fill_in(value: ir.Value, sizes: Mapping[str, int]) -> None:
    if value.shape is not None and not is_static(value):
        value.shape = ir.Shape([_known(size, sizes) for size in value.shape])


def _known(size: int | ir.SymbolicDim, sizes: Mapping[str, int]) -> int | ir.SymbolicDim:
    return sizes.get(size.value or "", size) if isinstance(size, ir.SymbolicDim) else size


def _unknown(name: str, inputs: Mapping[str, ir.Value]) -> str:
    near = difflib.get_close_matches(name, inputs, n=1)
    hint = f" did you mean {near[0]!r}?" if near else ""
    specs = ", ".join(map(spec, inputs.values()))
    return f"--input-shape: the model has no input {name!r};{hint} its inputs are: {specs}"


def _missing(symbolic: Sequence[ir.Value]) -> str:
    options = " ".join(f"--input-shape {_option(value.name, _sketch(value))}" for value in symbolic)
    names = ", ".join(map(spec, symbolic))
    return (
        f"the shape of {'these inputs is' if len(symbolic) > 1 else 'this input is'} not fixed: {names}\n"
        f"add: {options}   (a number in place of each ?)"
    )


def _sketch(value: ir.Value) -> list[int | str]:
    """The shape to suggest: a leading symbolic dimension is most often the batch."""
    if value.shape is None:
        return ["?", "..."]
    rest: list[int | str] = [size if isinstance(size, int) else "?" for size in value.shape]
    return [1, *rest[1:]] if len(rest) > 1 and rest[0] == "?" else rest


def _option(name: str | None, shape: Sequence[int | str]) -> str:
    return f"{name}:{','.join(map(str, shape))}"


def _has(value: ir.Value) -> str:
    return f"the model declares {spec(value)}"
