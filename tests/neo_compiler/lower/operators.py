"""Which Relax operators a module is made of."""

from __future__ import annotations

from tvm import IRModule, ir, relax


def operators(module: IRModule) -> list[str]:
    """The operators of `main` without their prefix, each after what it reads."""
    found: list[str] = []

    def visit(expr: relax.Expr) -> None:
        if isinstance(expr, relax.Call) and isinstance(expr.op, ir.Op):
            found.append(expr.op.name.rpartition(".")[2])

    relax.analysis.post_order_visit(module["main"], visit)
    return found
