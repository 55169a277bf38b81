"""What the Relax passes share: running a mutator over a module, and naming its results."""

from __future__ import annotations

import tvm
from tvm import relax
from tvm.relax.expr_functor import PyExprMutator

from neo_compiler.lower.values import operator_of


def rewrite(pass_: PyExprMutator, module: tvm.IRModule) -> tvm.IRModule:
    """Every Relax function of `module` as `pass_` rewrites it, without aliases and dead code."""
    for name, function in module.functions.items():
        if isinstance(function, relax.Function):
            pass_.builder_.update_func(name, pass_.visit_expr(function))
    module = relax.transform.CanonicalizeBindings()(pass_.builder_.get())
    return relax.transform.DeadCodeElimination()(module)


def definition(pass_: PyExprMutator, expr: relax.Expr) -> relax.Expr | None:
    """What a variable of the new function is bound to; any other expression as it is."""
    return pass_.lookup_binding(expr) if isinstance(expr, relax.Var) else expr


def producer(pass_: PyExprMutator, expr: relax.Expr, operator: str) -> relax.Call | None:
    """The call of `operator` that an expression of the new function is, if it is one."""
    value = definition(pass_, expr)
    return value if operator_of(value) == operator else None


def rebind(pass_: PyExprMutator, var: relax.Var, value: relax.Expr) -> None:
    """Let `value`, already emitted, stand for the original `var`, which may be a result of its block."""
    if not isinstance(var, relax.DataflowVar):
        value = pass_.builder_.emit_output(value)
    pass_.set_var_remap(var, value)


def used_once(module: tvm.IRModule) -> set[relax.Var]:
    """The intermediate values of `main` that exactly one operator reads."""
    found: set[relax.Var] = set()
    for block in module["main"].body.blocks:
        if isinstance(block, relax.DataflowBlock):
            users = relax.analysis.udchain(block)
            found |= {var for var, by in users.items() if len(by) == 1 and isinstance(var, relax.DataflowVar)}
    return found
