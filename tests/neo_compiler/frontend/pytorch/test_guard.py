from __future__ import annotations

import pytest

from neo_compiler.frontend.pytorch.guard import CHECKS


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("target", "torch.ops.aten.conv2d.default"),
        ("target", "torch.ops.aten.__and__.Tensor"),
        ("target", "torch.ops.higher_order.cond"),
        ("target", "_operator.getitem"),
        ("target", "torch.sym_max"),
        ("expr_str", "Symbol('s77', positive=True, integer=True)"),
        ("expr_str", "Add(Mul(Integer(-1), Symbol('s0', positive=True, integer=True)), Integer(7))"),
        ("expr_str", "2*s0 + 1"),
        ("expr_str", "FloorDiv(Symbol('u0', integer=True), Integer(2))"),
        ("expr_str", "Float('0.5', precision=53)"),
    ],
)
def test_what_pytorch_writes_passes(key: str, text: str) -> None:
    assert CHECKS[key](text)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("target", "torch.os.system"),
        ("target", "torch.ops.aten.conv2d.default.__class__"),
        ("target", "torch.ops.load_library"),
        ("target", "torch.ops.mine.anything"),
        ("target", "_operator.methodcaller"),
        ("target", "math.__loader__"),
        ("expr_str", "__import__('os')"),
        ("expr_str", "().__class__"),
        ("expr_str", "Symbol('s0').__class__"),
        ("expr_str", "open('x')"),
        ("expr_str", "s0 if s0 else [s0]"),
        ("expr_str", "lambda: 0"),
        ("in_spec", '{"default_factory_module": "antigravity"}'),
    ],
)
def test_what_could_run_code_does_not(key: str, text: str) -> None:
    assert not CHECKS[key](text)
