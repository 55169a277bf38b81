"""The mutator that decides, value by value, whether a tensor is held blocked or plain."""

from __future__ import annotations

import tvm
from tvm import relax
from tvm.relax.expr_functor import PyExprMutator, mutator

from neo_compiler.lower.blocked.layout import Blocked, Layouts, Rule
from neo_compiler.lower.blocked.rules import ANY_ROWS, RULES
from neo_compiler.lower.rewrite import rebind, rewrite, used_once
from neo_compiler.lower.values import dtype_of, operator_of
from neo_compiler.target import Target


@mutator
class _BlockLayouts(PyExprMutator):
    def __init__(self, module: tvm.IRModule, target: Target, rules: dict[str, Rule]) -> None:
        super().__init__(module)
        self._rules = rules
        self._layouts = Layouts(self.builder_, target, self.visit_expr)
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
        rule = self._rules.get(operator_of(value))
        return rule(self._layouts, value) if rule and dtype_of(value) == "float32" else None


def block_layouts(module: tvm.IRModule, target: Target, *, any_rows: bool = False) -> tvm.IRModule:
    """Rewrite `main` so that convolutions and what lies between them work on blocks of channels,
    as many as the target's vectors have lanes.

    `any_rows`: nothing depends on how a number of rows can be divided.
    """
    return rewrite(_BlockLayouts(module, target, ANY_ROWS if any_rows else RULES), module)
