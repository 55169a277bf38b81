"""The connectors' function, called as a worker calls it, over small compiled models."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from greengrass_sim.connectors.inference import CODE
from greengrass_sim.runtime.context import ClientContext
from tests.greengrass_sim.connectors.models import picture, save_classifier, save_detector


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_classifier(tmp_path_factory.mktemp("classifier"))


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_detector(tmp_path_factory.mktemp("detector"))


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Any:
    def imported(algorithm: str, model: Path, **variables: str) -> ModuleType:
        environment = {"AWS_GG_RESOURCE_PREFIX": str(model.parent), "MODEL_PATH": f"/{model.name}"}
        for name, value in {**environment, "ALGORITHM": algorithm, **variables}.items():
            monkeypatch.setenv(name, value)
        spec = importlib.util.spec_from_file_location("inference_connector", CODE / "inference_connector.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return imported


def call(module: ModuleType, event: bytes, content_type: str | None = "image/png") -> Any:
    custom = {} if content_type is None else {"Content-Type": content_type}
    context = SimpleNamespace(client_context=ClientContext(None, custom, {}))
    answer = json.loads(module.handler(event, context))
    assert answer["Content-Type"] == "application/json"
    return json.loads(answer["Body"])


def softmax(scores: list[float]) -> Any:
    exponents = np.exp(scores)
    return pytest.approx(exponents / exponents.sum(), abs=1e-6)


def test_scores_become_probabilities(load: Any, classifier: Path) -> None:
    module = load("image-classification", classifier)
    assert call(module, picture((200, 100, 50))) == softmax([2, 1, 0.5, 0])


def test_probabilities_stay_as_they_are(load: Any, classifier: Path) -> None:
    module = load("image-classification", classifier)
    assert call(module, picture((60, 30, 10))) == pytest.approx([0.6, 0.3, 0.1, 0], abs=1e-6)


def test_the_pictures_values_are_prepared(load: Any, classifier: Path) -> None:
    module = load("image-classification", classifier, INPUT_MEAN="100,50,0", INPUT_SCALE="2")
    assert call(module, picture((100, 100, 50))) == softmax([0, 1, 1, 0])


def test_boxes(load: Any, detector: Path) -> None:
    module = load("object-detection", detector)
    answer = call(module, picture((1, 2, 3), "JPEG"), "image/jpeg")
    assert answer == {"prediction": [[7, 0.75, 0.125, 0.25, 0.5, 1], [2, 0.25, 0, 0, 0.5, 0.5]]}


def test_a_classifier_detects_nothing(load: Any, classifier: Path) -> None:
    with pytest.raises(ValueError, match=r"has the shape \[1, 4\]; object detection needs rows"):
        call(load("object-detection", classifier), picture((1, 2, 3)))


@pytest.mark.parametrize("content_type", [None, "image/gif", "application/json"])
def test_other_content(load: Any, classifier: Path, content_type: str | None) -> None:
    with pytest.raises(ValueError, match="is none of image/jpeg, image/png"):
        call(load("image-classification", classifier), picture((1, 2, 3)), content_type)


def test_what_is_no_picture(load: Any, classifier: Path) -> None:
    with pytest.raises(ValueError, match="9 bytes: cannot be read as a picture"):
        call(load("image-classification", classifier), b"no pixels")
