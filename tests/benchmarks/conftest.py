"""What the zoo's tests share: real files where they can be had, else a skip that says why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from benchmarks import zoo

Run = Callable[[Path | bytes, Mapping[str, NDArray[Any]]], dict[str, NDArray[Any]]]


@pytest.fixture
def have() -> Callable[[Callable[[], Any]], Any]:
    """Call a function that fetches something; skip the test where it cannot be fetched."""

    def call(fetch: Callable[[], Any]) -> Any:
        try:
            return fetch()
        except zoo.ZooUnavailable as error:
            pytest.skip(str(error))

    return call


@pytest.fixture
def run() -> Run:
    """Run a model in onnxruntime: output name → array."""

    def call(model: Path | bytes, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        source = str(model) if isinstance(model, Path) else model
        session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        return {
            name: np.asarray(value)
            for name, value in zip(names, session.run(names, dict(inputs)), strict=True)
        }

    return call
