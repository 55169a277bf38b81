"""exp, sigmoid, tanh and erf over all of float32's range, against double precision."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from tests.neo_compiler.compiled import TARGETS, Case, compile_onnx

FUNCTIONS = ("Exp", "Sigmoid", "Tanh", "Erf")
LARGEST = float(np.log(np.finfo(np.float32).max))
SMALLEST = 1.2e-38  # just above the smallest normal number: results below may be zero

POINTS = np.concatenate(
    [
        np.linspace(-100, 100, 40_001),
        np.linspace(-1, 1, 40_001),
        np.geomspace(1e-30, 1e30, 10_001),
        -np.geomspace(1e-30, 1e30, 10_001),
        [0.0, -0.0, 0.625, -0.625],
    ]
).astype(np.float32)
SPECIAL = np.array([np.inf, -np.inf, np.nan], np.float32)

Results = dict[str, np.ndarray]


@pytest.fixture(params=TARGETS, scope="module")
def results(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Function → its values at POINTS and at SPECIAL."""
    count = POINTS.size + SPECIAL.size
    nodes = " ".join(f"y{name} = {name}(x)" for name in FUNCTIONS)
    outputs = ", ".join(f"float[{count}] y{name}" for name in FUNCTIONS)
    case = Case(f"(float[{count}] x) => ({outputs}) {{ {nodes} }}")
    compiled = compile_onnx(case.model(), tmp_path_factory.mktemp("functions"), request.param)
    found = compiled.run({"x": np.concatenate([POINTS, SPECIAL])})
    return {name: np.asarray(found[f"y{name}"]) for name in FUNCTIONS}


def exact(name: str) -> np.ndarray:
    """The function at POINTS in double precision."""
    functions: dict[str, Callable[[float], float]] = {"Exp": exp, "Sigmoid": sigmoid, "Tanh": math.tanh}
    return np.array([functions.get(name, math.erf)(value) for value in POINTS.tolist()])


def exp(x: float) -> float:
    """e^x, infinite where single precision is, too."""
    return math.exp(x) if x <= LARGEST else math.inf


def sigmoid(x: float) -> float:
    """1 / (1 + e^-x)."""
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


@pytest.mark.parametrize(("name", "ulps"), [("Exp", 2), ("Sigmoid", 4), ("Tanh", 4)])
def test_within_units_in_the_last_place(results: Results, name: str, ulps: int) -> None:
    expected, actual = exact(name), results[name][: POINTS.size].astype(np.float64)
    normal = (np.abs(expected) >= SMALLEST) & np.isfinite(expected)
    units = np.spacing(np.abs(expected[normal]).astype(np.float32)).astype(np.float64)
    assert (np.abs(actual[normal] - expected[normal]) / units).max() <= ulps


def test_erf_within_its_absolute_error(results: Results) -> None:
    """The formula's 1.5e-7, and the rounding of single precision."""
    assert np.abs(results["Erf"][: POINTS.size] - exact("Erf")).max() < 5e-7


@pytest.mark.parametrize("name", ["Exp", "Sigmoid"])
def test_subnormal_results_may_be_zero(results: Results, name: str) -> None:
    tiny = exact(name) < SMALLEST
    assert np.abs(results[name][: POINTS.size][tiny]).max() <= SMALLEST


def test_overflow_is_infinite(results: Results) -> None:
    assert np.isposinf(results["Exp"][: POINTS.size][np.isinf(exact("Exp"))]).all()


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Exp", [np.inf, 0, np.nan]),
        ("Sigmoid", [1, 0, np.nan]),
        ("Tanh", [1, -1, np.nan]),
        ("Erf", [1, -1, np.nan]),
    ],
)
def test_infinities_and_nan(results: Results, name: str, values: list[float]) -> None:
    np.testing.assert_array_equal(results[name][POINTS.size :], np.array(values, np.float32))
