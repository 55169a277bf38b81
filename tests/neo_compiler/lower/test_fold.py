from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from tvm import IRModule, relax

from neo_compiler.lower.fold import fold_constants
from neo_compiler.lower.values import array_of, is_constant

Array = NDArray[np.generic]

A = np.array([[-7.5, 2.0, 3.25], [4.0, -5.0, np.nan]], np.float32)
B = np.array([[2.0], [0.5]], np.float32)
WHOLE = np.array([-7, 7, 8], np.int64)
TRUTH = np.array([[True, False, True], [False, False, True]])

# A Relax operator over constants, and what it is.
OPERATORS: dict[str, tuple[Callable[[], relax.Expr], Array]] = {
    "add": (lambda: relax.op.add(relax.const(A), relax.const(B)), A + B),
    "subtract": (lambda: relax.op.subtract(relax.const(A), relax.const(B)), A - B),
    "multiply": (lambda: relax.op.multiply(relax.const(A), relax.const(B)), A * B),
    "divide": (lambda: relax.op.divide(relax.const(A), relax.const(B)), A / B),
    "maximum": (lambda: relax.op.maximum(relax.const(A[0]), relax.const(B)), np.maximum(A[0], B)),
    "minimum": (lambda: relax.op.minimum(relax.const(A[0]), relax.const(B)), np.minimum(A[0], B)),
    "negative": (lambda: relax.op.negative(relax.const(A)), -A),
    "sqrt": (lambda: relax.op.sqrt(relax.const(B)), np.sqrt(B)),
    "isnan": (lambda: relax.op.isnan(relax.const(A)), np.isnan(A)),
    "astype": (lambda: relax.op.astype(relax.const(WHOLE), "float32"), WHOLE.astype(np.float32)),
    "broadcast_to": (lambda: relax.op.broadcast_to(relax.const(B), (3, 2, 4)), np.broadcast_to(B, (3, 2, 4))),
    "expand_dims": (lambda: relax.op.expand_dims(relax.const(A), [0, 3]), A[None, :, :, None]),
    "squeeze": (lambda: relax.op.squeeze(relax.const(B), 1), B[:, 0]),
    "reshape": (lambda: relax.op.reshape(relax.const(A), (3, 2)), A.reshape(3, 2)),
    "permute_dims": (lambda: relax.op.permute_dims(relax.const(A), [1, 0]), A.T),
    "permute_dims, reversed": (lambda: relax.op.permute_dims(relax.const(A)), A.T),
    "where": (
        lambda: relax.op.where(relax.const(TRUTH), relax.const(A), relax.const(B)),
        np.where(TRUTH, A, B),
    ),
}


def module_of(result: Callable[[], relax.Expr], *inputs: relax.Var) -> IRModule:
    """A module whose `main` returns the expression."""
    builder = relax.BlockBuilder()
    with builder.function("main", list(inputs)):
        with builder.dataflow():
            output = builder.emit_output(builder.emit(result()))
        builder.emit_func_output(output)
    return builder.get()


def result_of(module: IRModule) -> relax.Expr:
    """What `main` returns, followed through its bindings."""
    body = module["main"].body
    bindings = {binding.var: binding.value for block in body.blocks for binding in block.bindings}
    value = body.body
    while value in bindings:
        value = bindings[value]
    return value


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_of_constants_becomes_a_constant(name: str) -> None:
    build, expected = OPERATORS[name]
    value = result_of(fold_constants(module_of(build)))
    assert is_constant(value)
    assert array_of(value).dtype == expected.dtype
    np.testing.assert_array_equal(array_of(value), expected)


def test_chains_fold_to_their_end() -> None:
    module = module_of(
        lambda: relax.op.sqrt(
            relax.op.add(relax.op.reshape(relax.const(B), (2,)), relax.const(np.float32(7)))
        )
    )
    np.testing.assert_array_equal(
        array_of(result_of(fold_constants(module))), np.sqrt(B[:, 0] + np.float32(7))
    )


def test_an_operator_of_an_input_stays() -> None:
    x = relax.Var("x", relax.TensorType((2, 3), "float32"))
    value = result_of(fold_constants(module_of(lambda: relax.op.add(x, relax.const(B)), x)))
    assert isinstance(value, relax.Call)
    assert value.op.name == "relax.add"


def test_what_would_be_huge_is_not_materialised() -> None:
    module = module_of(lambda: relax.op.broadcast_to(relax.const(B), (1 << 20, 2, 1 << 10)))
    assert not is_constant(result_of(fold_constants(module)))
