"""One case through the compiler and the runtime, as a user would do it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from edge_runtime.errors import EdgeError, ExitCode
from neo_compiler.graph.nodes import all_nodes
from neo_compiler.graph.small_types import restored, stored
from tests.conformance.cases import Case, Value
from tests.conformance.outcome import Outcome

ROUNDING = 2e-6  # of an output's largest magnitude: sixteen units in the last place of a float32
# Two units in the last place: nothing more exact can be asked of a 16-bit float.
NARROW_RTOL = {"bfloat16": 2**-6, "float16": 2**-9}


def judge(case: Case) -> Outcome:
    """Compile, load and run a case, and compare with what it expects."""
    start = time.perf_counter()
    result, detail = _result(case)
    seconds = time.perf_counter() - start
    return Outcome(case.name, case.kind, case.operator, result, detail, seconds, case.fixed)


def _result(case: Case) -> tuple[str, str]:
    with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
        try:
            found, placement = _run(case, Path(folder))
        except EdgeError as error:
            return _refused(error, case)
        except MemoryError:
            return "crash", "out of memory"
        except Exception as error:  # noqa: BLE001 - whatever else comes out of the compiler is a bug of it
            return "crash", f"{type(error).__name__}: {_line(error)}"
    wrong = [name for name, value in case.expected.items() if not _agrees(found[name], value, case)]
    return ("wrong", f"output {', '.join(wrong)}") if wrong else (placement, "")


def _refused(error: EdgeError, case: Case) -> tuple[str, str]:
    """A refusal that names no operator of the model does not help: it counts as a crash."""
    text = f"{type(error).__name__}: {_line(error)}"
    operators = {node.op_type for node in all_nodes(case.model.graph)} | {case.operator.rpartition(".")[2]}
    if error.exit_code is ExitCode.BUG or not any(name in str(error) for name in operators):
        return "crash", text
    return "refused", text


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


def _run(case: Case, folder: Path) -> tuple[dict[str, Any], str]:
    import edge_runtime
    from neo_compiler.job import compile_model
    from neo_compiler.options import CompileOptions, Fallback

    path = folder / "model.onnx"
    onnx.save(case.model, path)
    options = CompileOptions(
        path, output=folder / "artifact", input_shapes=_shapes(case), fallback=Fallback.WHOLE
    )
    compile_model(options)
    with edge_runtime.load(folder / "artifact", threads=1) as model:
        inputs = {name: stored(value) for name, value in case.inputs.items()}
        return dict(model.run(inputs)), _placement([row.backend for row in model.placement])


def _placement(backends: Sequence[str]) -> str:
    if set(backends) == {"native"}:
        return "native"
    return "mixed" if "native" in backends else "fallback"


def _shapes(case: Case) -> dict[str, tuple[int, ...]]:
    """The shapes of those inputs that the model leaves open."""
    shapes = {}
    for value in case.model.graph.input:
        given, kind = case.inputs.get(value.name), value.type.tensor_type
        if not isinstance(given, np.ndarray) or not value.type.HasField("tensor_type"):
            continue
        if not kind.HasField("shape") or not all(size.dim_value for size in kind.shape.dim):
            shapes[value.name] = given.shape
    return shapes


def _agrees(found: Value, expected: Value, case: Case) -> bool:
    if isinstance(expected, list):
        return len(found) == len(expected) and all(
            _agrees(*pair, case) for pair in zip(found, expected, strict=True)
        )
    expected = np.asarray(expected)
    found = restored(np.asarray(found), expected)
    if found.shape != expected.shape or found.dtype != expected.dtype:
        return False
    if expected.dtype.kind in "OSU":
        return bool((found == expected).all())
    atol = _atol(expected, case, NARROW_RTOL.get(expected.dtype.name, ROUNDING))
    rtol = max(case.rtol, NARROW_RTOL.get(expected.dtype.name, 0))
    if expected.dtype.name in NARROW_RTOL:
        found, expected = found.astype(np.float32), expected.astype(np.float32)
    return bool(np.allclose(found, expected, rtol=rtol, atol=atol, equal_nan=True))


def _atol(expected: np.ndarray, case: Case, unit: float) -> float:
    """A sum's rounding errors are as large as its largest terms allow, also where the terms cancel."""
    if expected.dtype.kind != "f":
        return case.atol
    largest = np.abs(expected[np.isfinite(expected)]).max(initial=0.0)
    return max(case.atol, unit * float(largest))
