"""What the user wants of a model's inputs: which dimensions stay open, and what sizes they may have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import onnx

from neo_compiler.errors import UsageError
from neo_compiler.sizes import Axis, Shapes, Size, Sizes

Declared = Mapping[str, Sequence[int | str | None]]


@dataclass(frozen=True)
class Request:
    """`shapes` are those of inputs that are not fixed in the model, where a str names one of `dimensions`."""

    shapes: Mapping[str, tuple[int | str, ...]]
    dimensions: Mapping[str, Sizes]

    def at(self, sizes: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
        """The shapes where the dimensions have these sizes."""
        return {
            name: tuple(size if isinstance(size, int) else sizes[size] for size in shape)
            for name, shape in self.shapes.items()
        }


def resolve(model: onnx.ModelProto, shapes: Shapes, dimensions: Mapping[str, Sizes]) -> Request:
    """Bring together what was asked for inputs and for named dimensions.

    A dimension without a name of the user's has that of the model, or of the input and its place. Raises
    UsageError for names that nothing explains and for a dimension with two kinds of sizes.
    """
    declared = {value.name: list(_declared(value)) for value in model.graph.input}
    symbols = {symbol for shape in declared.values() for symbol in shape if isinstance(symbol, str)}
    if unknown := [name for name in dimensions if _plain(name) not in symbols]:
        raise UsageError(_unknown(unknown[0], symbols))
    known = {_plain(name): sizes for name, sizes in dimensions.items()}
    named = {
        name: [_name(name, place, size, declared.get(name, ())) for place, size in enumerate(shape)]
        for name, shape in shapes.items()
    }
    for name, shape in shapes.items():
        for size, label in zip(shape, named[name], strict=True):
            if isinstance(size, Axis) and size.sizes is not None:
                _define(str(label), size.sizes, known)
    _check_defined(named, known)
    _complete(named, declared, known)
    fixed = {name: sizes.low for name, sizes in known.items() if sizes.low == sizes.high}
    full = {
        name: tuple(fixed.get(size, size) if isinstance(size, str) else size for size in shape)
        for name, shape in named.items()
    }
    used = {size for shape in full.values() for size in shape if isinstance(size, str)}
    return Request(full, {name: sizes for name, sizes in sorted(known.items()) if name in used})


def _declared(value: onnx.ValueInfoProto) -> Iterator[int | str | None]:
    for size in value.type.tensor_type.shape.dim:
        if size.dim_value > 0:
            yield size.dim_value
        elif any(character.isalnum() for character in size.dim_param):
            yield _plain(size.dim_param)
        else:
            yield None


def _plain(name: str) -> str:
    """A dimension's name without the signs of sums and products, which sizes of outputs are made of."""
    return re.sub(r"[^A-Za-z0-9_.]", "_", name)


def _name(name: str, place: int, size: Size, declared: Sequence[int | str | None]) -> int | str:
    if isinstance(size, int):
        return size
    if size.name:
        return size.name
    own = declared[place] if place < len(declared) else None
    return own if isinstance(own, str) else f"{_plain(name)}_{place}"


def _define(name: str, sizes: Sizes, known: dict[str, Sizes]) -> None:
    if known.setdefault(name, sizes) != sizes:
        raise UsageError(f"the dimension {name!r} is given two kinds of sizes, {known[name]} and {sizes}")


def _check_defined(named: Mapping[str, Sequence[int | str]], known: Mapping[str, Sizes]) -> None:
    for name, shape in named.items():
        for size in shape:
            if isinstance(size, str) and size not in known:
                raise UsageError(
                    f"--input-shape for {name!r} names the dimension {size!r}, but nothing tells its sizes: "
                    f"write for example {size}=1..8 there, or --dim {size}=1..8 where the model names it"
                )


def _complete(named: dict[str, list[int | str]], declared: Declared, known: Mapping[str, Sizes]) -> None:
    """Inputs that share a dimension of the model with what was asked for have its sizes too."""
    for name, shape in declared.items():
        if name in named or all(isinstance(size, int) for size in shape):
            continue
        if all(isinstance(size, int) or size in known for size in shape):
            named[name] = [size for size in shape if size is not None]


def _unknown(name: str, symbols: set[str]) -> str:
    there = ", ".join(sorted(symbols)) or "none"
    return f"--dim: no input of the model has a dimension {name!r}; the dimensions that it names: {there}"
