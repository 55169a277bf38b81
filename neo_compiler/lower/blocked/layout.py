"""The mutator that decides, value by value, whether a tensor is held blocked or plain."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import tvm
from tvm import relax, te
from tvm.relax.expr_functor import PyExprMutator, mutator

from neo_compiler.lower.compute import layout as compute
from neo_compiler.lower.rewrite import rebind, rewrite, used_once
from neo_compiler.lower.values import Array, dtype_of, shape_of


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
        self, builder: relax.BlockBuilder, block: int, plain: Callable[[relax.Expr], relax.Expr]
    ) -> None:
        self.block = block
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
        found = (
            isinstance(value, relax.Call) and isinstance(value.op, tvm.ir.Op) and value.op.name == operator
        )
        return value if found else None

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


@mutator
class _BlockLayouts(PyExprMutator):
    def __init__(self, module: tvm.IRModule, block: int, rules: dict[str, Rule]) -> None:
        super().__init__(module)
        self._rules = rules
        self._layouts = Layouts(self.builder_, block, self.visit_expr)
        self._layouts.used_once = used_once(module)

    def visit_var_binding_(self, binding: relax.VarBinding) -> None:
        self._layouts.define(binding.var, binding.value)
        result = self._rewrite(binding.value)
        if result is None:
            super().visit_var_binding_(binding)
        elif isinstance(result, Blocked):
            self._layouts.hold(binding.var, result)
            # The plain form is dead code unless somebody reads it.
            plain = self._layouts.unpack(result)
            rebind(self, binding.var, plain)
        else:
            rebind(self, binding.var, result)

    def _rewrite(self, value: relax.Expr) -> Blocked | relax.Expr | None:
        if not isinstance(value, relax.Call) or not isinstance(value.op, tvm.ir.Op):
            return None
        rule = self._rules.get(value.op.name)
        return rule(self._layouts, value) if rule and dtype_of(value) == "float32" else None


def block_layouts(module: tvm.IRModule, block: int, *, any_rows: bool = False) -> tvm.IRModule:
    """Rewrite `main` so that convolutions and what lies between them work on blocks of `block` channels.

    `any_rows`: nothing depends on how a number of rows can be divided.
    """
    from neo_compiler.lower.blocked.rules import ANY_ROWS, RULES

    return rewrite(_BlockLayouts(module, block, ANY_ROWS if any_rows else RULES), module)
