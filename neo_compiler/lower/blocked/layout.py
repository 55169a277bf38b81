"""Values held in blocks of channels, and what a layout rule may ask for."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

from tvm import relax, te

from neo_compiler.lower.compute import layout as compute
from neo_compiler.lower.values import Array, operator_of, shape_of
from neo_compiler.target import Target


@dataclass(frozen=True)
class Blocked:
    """An (N, C, H, W) value held as (N, blocks, H, W, b); `channels` is C.

    Each of `groups` equal runs of channels starts a new block, as a grouped convolution needs it.
    """

    expr: relax.Expr
    channels: int
    groups: int = 1

    @property
    def block(self) -> int:
        """Channels in a block."""
        return shape_of(self.expr)[4]

    @property
    def filled(self) -> bool:
        """Whether there are channels that only fill up blocks."""
        return shape_of(self.expr)[1] * self.block != self.channels

    def spread(self, array: Array, axis: int, fill: float = 0.0) -> Array:
        """A constant whose `axis` counts this value's channels, filled up as the value is."""
        return compute.spread(array, axis, self.block, self.groups, fill)

    @property
    def shape(self) -> tuple[int, ...]:
        """The logical shape (N, C, H, W)."""
        batch, _, height, width, _ = shape_of(self.expr)
        return batch, self.channels, height, width


class Layouts:
    """What a layout rule may ask for while one operator is rewritten."""

    def __init__(
        self, builder: relax.BlockBuilder, target: Target, plain: Callable[[relax.Expr], relax.Expr]
    ) -> None:
        self.block = target.lanes
        self.target = target
        self._builder = builder
        self._plain = plain
        self._held: dict[relax.Expr, Blocked] = {}
        self._definitions: dict[relax.Expr, relax.Expr] = {}
        self.used_once: set[relax.Var] = set()

    def define(self, var: relax.Var, value: relax.Expr) -> None:
        """Remember what an original variable is bound to."""
        self._definitions[var] = value

    def definition(self, expr: relax.Expr, operator: str) -> relax.Call | None:
        """The call of `operator` that an original expression is, if it is one."""
        value = self._definitions.get(expr, expr)
        return value if operator_of(value) == operator else None

    def hold(self, expr: relax.Expr, value: Blocked) -> None:
        """Remember that the original expression now exists in blocked form."""
        self._held[expr] = value

    def held(self, expr: relax.Expr) -> Blocked | None:
        """The blocked form of an original expression, where one exists already."""
        return self._held.get(expr)

    def plain(self, expr: relax.Expr) -> relax.Expr:
        """The value of an original expression in its own layout."""
        return self._plain(expr)

    def pack(self, expr: relax.Expr, groups: int | None = None) -> Blocked:
        """The blocked form of an original expression, in `groups` runs or as it is; packed now if need be."""
        value = self._held.get(expr)
        if value is None or groups not in (None, value.groups):
            channels, groups = shape_of(expr)[1], groups or 1
            block = min(self.block, channels)
            packed = self.emit(compute.pack, self._plain(expr), block=block, groups=groups)
            value = self._held[expr] = Blocked(packed, channels, groups)
        return value

    def unpack(self, value: Blocked) -> relax.Expr:
        """A blocked value in the layout that the operator declared."""
        return self.emit(compute.unpack, value.expr, channels=value.channels, groups=value.groups)

    def emit(self, compute: Callable[..., te.Tensor], *args: relax.Expr, **options: object) -> relax.Expr:
        """Add a kernel: `compute(*args, **options)` with the arguments as tensors of an expression."""
        kernel = functools.partial(compute, **options)
        return self._builder.emit_te(kernel, *args, primfunc_name_hint=compute.__name__)

    def call(self, call: relax.Call) -> relax.Expr:
        """Add a Relax operator."""
        return self._builder.emit(call)


Rule = Callable[[Layouts, relax.Call], "Blocked | relax.Expr | None"]
