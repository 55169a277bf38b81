"""Symbolic dimensions: what sizes they may have, and what a run's arrays make of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from math import prod

from edge_runtime.errors import ArtifactError, InputError
from edge_runtime.manifest import Dimension, TensorSpec

_TERM = re.compile(r"[+-]?[^+-]+")

Sizes = Mapping[str, int]


def size_of(size: int | str, sizes: Sizes) -> int:
    """A dimension's size: a number, or a sum of products of numbers and names, as `2*batch+1`.

    Raises ArtifactError for a name without a size, and for text of another form.
    """
    if isinstance(size, int):
        return size
    terms = _TERM.findall(size)
    if "".join(terms) != size or not terms:
        raise ArtifactError(f"manifest.json: {size!r} is no size")
    return sum(_term(term, sizes) for term in terms)


def _term(term: str, sizes: Sizes) -> int:
    sign = -1 if term.startswith("-") else 1
    return sign * prod(_factor(factor, sizes) for factor in term.lstrip("+-").split("*"))


def _factor(factor: str, sizes: Sizes) -> int:
    if factor.isdecimal():
        return int(factor)
    if factor not in sizes:
        raise ArtifactError(f"manifest.json: nothing tells the size {factor!r}")
    return sizes[factor]


def shape_of(spec: TensorSpec, sizes: Sizes) -> tuple[int, ...]:
    """The shape of a tensor where the symbolic dimensions have these sizes."""
    return tuple(size_of(size, sizes) for size in spec.shape)


def is_fixed(specs: Iterable[TensorSpec]) -> bool:
    """Whether no dimension is symbolic."""
    return all(isinstance(size, int) for spec in specs for size in spec.shape)


def text_of(shape: Iterable[int | str]) -> str:
    """A shape for people: [batch, 3, 224, 224]."""
    return f"[{', '.join(map(str, shape))}]"


def range_text(dimension: Dimension) -> str:
    """The sizes of a dimension for people: 1..8, or 1, 4 or 8."""
    *others, last = map(str, dimension.values or (dimension.high,))
    if dimension.values or dimension.low == dimension.high:
        return f"{', '.join(others)} or {last}" if others else last
    return f"{dimension.low}..{dimension.high}"


def holds(dimension: Dimension, size: int) -> bool:
    """Whether the dimension may have this size."""
    return size in dimension.values if dimension.values else dimension.low <= size <= dimension.high


def bind(specs: Sequence[TensorSpec], shapes: Sequence[Sequence[int]]) -> dict[str, int]:
    """The sizes of the symbolic dimensions, of which each is the whole of some input's dimension.

    Raises InputError where one dimension has two sizes.
    """
    sizes: dict[str, int] = {}
    owners: dict[str, str] = {}
    for spec, shape in zip(specs, shapes, strict=True):
        for size, given in zip(spec.shape, shape, strict=True):
            if not isinstance(size, str):
                continue
            if sizes.setdefault(size, given) != given:
                raise InputError(
                    f"dimension {size!r} is {sizes[size]} in input {owners[size]!r} and {given} in "
                    f"{spec.name!r}: it has one size in a run"
                )
            owners.setdefault(size, spec.name)
    return sizes
