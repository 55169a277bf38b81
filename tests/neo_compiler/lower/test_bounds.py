from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from tests.neo_compiler.compiled import Case, check, compile_onnx

FAR = 10**12


class Selection(NamedTuple):
    """A node over a 4x3 tensor x: indices inside it, others beyond it, and the border these stand for."""

    node: str
    inputs: str
    inside: list[list[int]] | list[int]
    beyond: list[list[int]] | list[int]
    border: list[list[int]] | list[int]
    result: str = "N, M"

    def case(self, index: str = "int64") -> Case:
        """The node with the indices inside."""
        body = f"({index}{self.inputs}, float[4, 3] x) => (float[{self.result}] y) {{ y = {self.node} }}"
        return Case(body, {"i": self.inside})


PAIR, PAIRS, ROWS = "[2] i", "[2, 2] i", "[2, 1] i"
SELECTIONS = {
    "rows": Selection("Gather(x, i)", PAIR, [-1, 2], [FAR, -FAR], [3, 0]),
    "columns": Selection("Gather<axis=1>(x, i)", PAIR, [-3, 2], [3, -4], [2, 0]),
    "elements of columns": Selection(
        "GatherElements(x, i)", PAIRS, [[-1, 0], [2, -3]], [[FAR, -5], [4, -FAR]], [[3, 0], [3, 0]]
    ),
    "elements of rows": Selection(
        "GatherElements<axis=1>(x, i)", PAIRS, [[-1, 0], [2, -3]], [[FAR, -4], [3, -FAR]], [[2, 0], [2, 0]]
    ),
    "places": Selection(
        "GatherND(x, i)", PAIRS, [[-1, 0], [3, -3]], [[FAR, 3], [0, -FAR]], [[3, 2], [0, 0]], "N"
    ),
    "places of rows": Selection("GatherND(x, i)", ROWS, [[-4], [3]], [[4], [-5]], [[3], [0]]),
    "places of batches": Selection(
        "GatherND<batch_dims=1>(x, i)",
        "[4, 1] i",
        [[-1], [0], [2], [1]],
        [[3], [-4], [FAR], [0]],
        [[2], [0], [2], [0]],
        "N",
    ),
    "written elements": Selection(
        "ScatterElements(x, i, u)", "[1, 3] i, float[1, 3] u", [[-1, 0, 2]], [[FAR, -5, 4]], [[3, 0, 3]]
    ),
    "written places": Selection(
        "ScatterND(x, i, u)",
        "[2, 2] i, float[2] u",
        [[-1, 0], [3, -1]],
        [[FAR, 0], [0, -FAR]],
        [[3, 0], [0, 0]],
    ),
    "written rows": Selection(
        "ScatterND(x, i, u)", "[2, 1] i, float[2, 3] u", [[-1], [0]], [[4], [-FAR]], [[3], [0]]
    ),
}


def test_indices_count_from_either_end(tmp_path: Path) -> None:
    check({name: selection.case() for name, selection in SELECTIONS.items()}, tmp_path)


def test_int32_indices(tmp_path: Path) -> None:
    names = ("rows", "columns", "elements of rows", "written elements")
    check({name: SELECTIONS[name].case("int32") for name in names}, tmp_path)


@pytest.mark.parametrize("name", SELECTIONS)
def test_an_index_beyond_the_tensor_stands_for_its_border(name: str, tmp_path: Path) -> None:
    """It would reach into foreign memory else: a caller's wrong index must not end its process."""
    selection = SELECTIONS[name]
    compiled, values = compile_onnx(selection.case().model(), tmp_path), selection.case().inputs()
    beyond, border = (
        compiled.run({**values, "i": np.array(index)})["y"] for index in (selection.beyond, selection.border)
    )
    np.testing.assert_array_equal(beyond, border)


def test_regions_lie_in_pictures_that_there_are(tmp_path: Path) -> None:
    body = """(float[2, 1, 4, 4] x, float[2, 4] r, int64[2] i) => (float[2, 1, 2, 2] y) {
        y = RoiAlign<output_height = 2, output_width = 2>(x, r, i) }"""
    case = Case(body, {"r": [[0.0, 0, 3, 3]] * 2, "i": [0, 1]})
    compiled, inputs = compile_onnx(case.model(), tmp_path), case.inputs()
    expected = compiled.run(inputs)["y"]
    far = {**inputs, "i": np.array([-FAR, FAR])}
    np.testing.assert_array_equal(compiled.run(far)["y"], expected)
