from __future__ import annotations

import json
import math

import pytest

from benchmarks import tables
from benchmarks.kernels import KernelRow
from benchmarks.results import Figures, Results, Row, Versus
from benchmarks.roofline import Peaks
from benchmarks.timing import Ratio, Turns

MACHINE = {"cpu": "A CPU", "cores": 2, "governor": "powersave", "date": "2026-01-02T03:04:05+00:00"}
PEAKS = Peaks(1, 100.0, ((1000, 80.0),))
KERNEL = KernelRow("conv", "conv2d", 1, 0.5, 1.0, 50.0, 0.5, 1.0, 0.1)


def row(model: str, threads: int, difference: float = 0.0, **ratios: float) -> Row:
    engines = {
        name: Figures(value, 30, 1.0, 2.0, 3.0, 40e6, 5_000_000)
        for name, value in (("ours", 1.0), *ratios.items())
    }
    versus = {
        peer: Versus(Ratio(value, value - 0.1, value + 0.1), difference) for peer, value in ratios.items()
    }
    return Row(model, threads, 6.5, 400_000_000, engines, versus, 0.05, 10)


def results(*rows: Row) -> Results:
    return Results("host", "x86-64-v4", Turns(), MACHINE, {"ours": "1.0"}, list(rows))


def test_summaries() -> None:
    found = results(
        row("a", 1, onnxruntime=2.0, openvino=3.0),
        row("b", 1, onnxruntime=0.5),
        row("a", 2, onnxruntime=1.0),
        row("c", 1, difference=0.5, onnxruntime=100.0),
        row("d", 1, difference=math.nan, onnxruntime=100.0),
    ).summaries()
    one, vino, two = found
    assert (one.threads, one.peer, one.models) == (1, "onnxruntime", 2)
    assert one.geometric_mean == pytest.approx(1)
    assert one.below == {"b": 0.5}
    assert one.differing == ("c", "d")
    assert (vino.peer, vino.models, vino.geometric_mean, vino.below) == ("openvino", 1, pytest.approx(3), {})
    assert (two.threads, two.geometric_mean, two.differing) == (2, 1, ())


def test_json_holds_everything() -> None:
    found = results(row("a", 1, difference=math.nan, onnxruntime=2.0))
    found.missing["b"] = "no"
    found.peaks.append(PEAKS)
    document = found.to_json(load_after=1.5)
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["schema_version"] == 1
    assert document["machine"]["load_average_after"] == 1.5
    assert document["rows"][0]["versus"]["onnxruntime"] == {
        "ratio": {"value": 2.0, "low": 1.9, "high": 2.1},
        "difference": None,
    }
    assert document["summaries"][0]["geometric_mean"] is None
    assert (document["missing"], document["peaks"][0]["gflops"]) == ({"b": "no"}, 100.0)
    assert document["turns"]["runs"] == 30


def test_table() -> None:
    found = results(row("a", 1, onnxruntime=2.0, openvino=3.0), row("b", 1, difference=0.5, onnxruntime=0.5))
    found.missing["c"] = "it does not compile"
    text = "\n".join(tables.lines(found))
    assert "A CPU, 2 cores, governor powersave; 2026-01-02T03:04:05+00:00; ours 1.0." in text
    assert (
        "| model | threads | ours ms | onnxruntime ms | ratio [95 %] | openvino ms | ratio [95 %] |" in text
    )
    assert "| a | 1 | 1.000 | 2.000 | 2.00 [1.90, 2.10] | 3.000 | 3.00 [2.90, 3.10] |" in text
    assert "| b | 1 | 1.000 | 0.500 | 0.50 [0.40, 0.60] (other outputs) |  |  |" in text
    assert "1 thread: onnxruntime's time / ours is 2.00 in the geometric mean over 1 of the models; " in text
    assert "none is below 0.95; left out, since the outputs differ: b.  " in text
    assert "| b | 1 | 2.0 / 2.0 / - | 3.0 / 3.0 / - | 40.0 / 40.0 / - | 5.0 / 5.0 / - | 6.5 | 400 |" in text
    assert "Not measured: c: it does not compile" in text
    assert "Kernels" not in text


def test_models_below_the_floor_are_named_worst_first() -> None:
    text = "\n".join(tables.lines(results(row("a", 1, onnxruntime=0.9), row("b", 1, onnxruntime=0.5))))
    assert "below 0.95: b 0.50, a 0.90.  " in text


def test_kernels_follow() -> None:
    measured = row("a", 1, onnxruntime=2.0)
    found = results(Row(**{**vars(measured), "kernels": (KERNEL,)}))
    found.peaks.append(PEAKS)
    text = "\n".join(tables.lines(found))
    assert "Kernels of a, 0.500 ms in all." in text
    assert "| conv | conv2d | 1 | 0.500 | 100.0% | 50.0 | 50% | 1.0 | 10% |" in text
