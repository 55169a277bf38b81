"""The sizes of an input as users write them: `x:1..8,3,224,224`, `x:[1,4,8],3,224,224`, `x:1,n=1..8`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from neo_compiler.errors import UsageError

_SPLIT = re.compile(r",(?![^\[\]]*\])")  # commas outside of brackets
_RANGE = re.compile(r"(\d+)\.\.(\d+)")
_LIST = re.compile(r"\[\s*(\d+(?:\s*,\s*\d+)*)\s*\]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
FORMS = "a number, a range such as 1..8, a list such as [1,4,8], or a name for one of these, such as n=1..8"


@dataclass(frozen=True)
class Sizes:
    """What a dimension may be: any size from `low` to `high`, or one of `values` if there are any."""

    low: int
    high: int
    values: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"[{','.join(map(str, self.values))}]" if self.values else f"{self.low}..{self.high}"

    def __contains__(self, size: int) -> bool:
        return size in self.values if self.values else self.low <= size <= self.high


@dataclass(frozen=True)
class Axis:
    """A dimension without a fixed size. One that has only a name has the sizes of the other of this name."""

    name: str = ""
    sizes: Sizes | None = None

    def __str__(self) -> str:
        return "=".join(filter(None, (self.name, str(self.sizes or ""))))


Size = int | Axis
Shapes = Mapping[str, Sequence[Size]]


def parse_sizes(text: str) -> int | Sizes:
    """A number, a range or a list. Raises UsageError."""
    text = text.strip()
    if text.isdecimal():
        return int(text)
    if found := _RANGE.fullmatch(text):
        return _checked(Sizes(int(found[1]), int(found[2])), text)
    if found := _LIST.fullmatch(text):
        return listed([int(size) for size in found[1].split(",")])
    raise UsageError(f"{text!r} is no size: write a number, a range such as 1..8, or a list such as [1,4,8]")


def listed(sizes: Iterable[int]) -> Sizes:
    """One of several sizes. Raises UsageError for none, and for negative ones."""
    values = tuple(sorted(set(sizes)))
    if not values:
        raise UsageError("a list of sizes has to hold one at least")
    return _checked(Sizes(values[0], values[-1], values), str(list(values)))


def parse_size(text: str) -> Size:
    """One dimension of a shape. Raises UsageError."""
    name, equals, sizes = text.strip().rpartition("=")
    if not equals and _NAME.fullmatch(sizes):
        return Axis(sizes)
    if equals and not _NAME.fullmatch(name.strip()):
        raise UsageError(f"{text!r} is no size: write {FORMS}")
    found = parse_sizes(sizes)
    if isinstance(found, int):
        return Axis(name.strip(), listed([found])) if equals else found
    return Axis(name.strip(), found)


def parse_input_shape(text: str) -> tuple[str, tuple[Size, ...]]:
    """An input's name and shape from `x:1,3,224,224`; the name may hold colons itself.

    Raises UsageError where the text has another form.
    """
    name, colon, sizes = text.rpartition(":")
    try:
        shape = tuple(map(parse_size, _SPLIT.split(sizes))) if sizes.strip() else ()
    except UsageError as error:
        raise UsageError(f"--input-shape {text!r}: {error}; for example x:1,3,224,224") from None
    if not colon or not name:
        raise UsageError(f"--input-shape {text!r}: write NAME:SIZE,SIZE,..., for example x:1,3,224,224")
    return name, shape


def parse_input_shapes(texts: Iterable[str]) -> dict[str, tuple[Size, ...]]:
    """The shapes of several options. Raises UsageError where one input is named twice."""
    shapes: dict[str, tuple[Size, ...]] = {}
    for name, shape in map(parse_input_shape, texts):
        if name in shapes:
            raise UsageError(f"--input-shape names the input {name!r} twice")
        shapes[name] = shape
    return shapes


def parse_dimensions(texts: Iterable[str]) -> dict[str, Sizes]:
    """`sequence=1..128`, several times. Raises UsageError for another form and for one name twice."""
    dimensions: dict[str, Sizes] = {}
    for text in texts:
        name, equals, sizes = text.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"--dim {text!r}: write NAME=SIZES, for example sequence=1..128 or batch=[1,4]")
        try:
            found = parse_sizes(sizes)
        except UsageError as error:
            raise UsageError(f"--dim {text!r}: {error}") from None
        if name.strip() in dimensions:
            raise UsageError(f"--dim names {name.strip()!r} twice")
        dimensions[name.strip()] = listed([found]) if isinstance(found, int) else found
    return dimensions


def fixed_shapes(shapes: Shapes) -> dict[str, tuple[int, ...]]:
    """Those of the shapes that leave nothing open."""
    whole = {name: tuple(size for size in shape if isinstance(size, int)) for name, shape in shapes.items()}
    return {name: shape for name, shape in whole.items() if len(shape) == len(shapes[name])}


def as_size(value: int | str | Iterable[int] | Axis) -> Size:
    """A size as Python code gives it: a number, the text of an option, or several numbers."""
    if isinstance(value, int | Axis):
        return value
    return parse_size(value) if isinstance(value, str) else Axis("", listed(value))


def as_sizes(value: int | str | Iterable[int] | Sizes) -> Sizes:
    """The sizes of a named dimension as Python code gives them."""
    if isinstance(value, Sizes):
        return value
    found = parse_sizes(value) if isinstance(value, str) else value
    if isinstance(found, Sizes):
        return found
    return listed([found] if isinstance(found, int) else found)


def _checked(sizes: Sizes, text: str) -> Sizes:
    if not 0 <= sizes.low <= sizes.high:
        raise UsageError(f"{text} holds no size: it goes from a smaller to a larger number")
    return sizes
