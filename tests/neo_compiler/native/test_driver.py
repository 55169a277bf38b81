from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from edge_runtime.interface import DTYPES as RUNTIME_DTYPES
from edge_runtime.manifest import TensorSpec
from neo_compiler.native.driver import driver_source
from neo_compiler.native.plan import Placed, Plan, Step, Where
from neo_compiler.native.storage import DTYPES, byte_size
from tests.edge_runtime import sample

PLAN = sample.mlp_plan()


def test_the_same_plan_gives_the_same_text() -> None:
    assert driver_source(PLAN) == driver_source(sample.mlp_plan())
    assert driver_source(PLAN) != driver_source(replace(PLAN, scratch_bytes=PLAN.scratch_bytes + 64))


def test_names_of_any_kind() -> None:
    """Trigraphs, quotes and digits after an escape change nothing."""
    spec = TensorSpec('a"\\??=\n\x011é', "float32", (256,))
    text = driver_source(replace(sample.unary_plan("relu"), inputs=(spec,)))
    assert '"a\\042\\134\\077\\077=\\012\\0011\\303\\251"' in text
    assert text.isascii()


@pytest.mark.parametrize(
    ("dtype", "shape", "size"),
    [
        ("float32", (), 4),
        ("bool", (3,), 3),
        ("float16", (2, 3), 12),
        ("int64", (0, 5), 0),
        ("bfloat16", (7,), 14),
    ],
)
def test_sizes(dtype: str, shape: tuple[int, ...], size: int) -> None:
    assert byte_size(dtype, shape) == size


def test_device_and_compiler_agree_about_types() -> None:
    assert {name: code for code, name in RUNTIME_DTYPES.items()}.items() <= DTYPES.items()


def placed(**changes: Any) -> Plan:
    """The sample with its last tensor, the output, changed."""
    return replace(PLAN, tensors=(*PLAN.tensors[:-1], replace(PLAN.tensors[-1], **changes)))


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (placed(index=4), "tensor 5: there is no output 4"),
        (placed(where=Where.INPUT, index=1), "tensor 5: there is no input 1"),
        (placed(offset=64), "tensor 5: .* reaches beyond the 1024 bytes"),
        (placed(offset=-64), "tensor 5: .* reaches beyond"),
        (placed(where=Where.ARENA, offset=4), "tensor 5: offset 4 is no multiple of 64"),
        (placed(shape=(8, 33)), "tensor 5: .* reaches beyond"),
        (placed(dtype="int32"), r"output 0 \(y\): .* is given by"),
        (replace(PLAN, arena_bytes=2047), "tensor 4: .* reaches beyond the 2047 bytes"),
        (replace(PLAN, params_bytes=8000), "tensor 1: .* reaches beyond the 8000 bytes"),
        (replace(PLAN, steps=(Step("relu", (4, 6)),)), r"step 0 \(relu\): an argument is no tensor"),
        (replace(PLAN, results=(5,)), "1 results for 4 outputs"),
    ],
)
def test_contradictions(plan: Plan, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        driver_source(plan)


def test_outputs_may_not_swap_places() -> None:
    spec = ("float32", (16,))
    plan = Plan(
        inputs=(),
        outputs=(TensorSpec("a", *spec), TensorSpec("b", *spec)),
        tensors=(Placed(Where.OUTPUT, *spec, index=0), Placed(Where.OUTPUT, *spec, index=1)),
        steps=(),
        results=(1, 0),
        arena_bytes=0,
        params_bytes=0,
        scratch_bytes=0,
    )
    with pytest.raises(ValueError, match="output 0: its value lives in output 1, which is overwritten"):
        driver_source(plan)
    assert driver_source(replace(plan, results=(0, 0)))
