"""A connector in a running core, asked through the Machine Learning SDK."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.greengrass_sim.connectors.models import picture, save_classifier
from tests.greengrass_sim.connectors.test_inference import document
from tests.greengrass_sim.groups import function, function_arn, subscription
from tests.greengrass_sim.probe import Probe
from tests.greengrass_sim.simulator import Simulator


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Probe]:
    folder = tmp_path_factory.mktemp("connector")
    save_classifier(folder)
    table = document(folder, LocalInferenceServiceMemoryLimitKB=None)
    table["Functions"] = [function("pictures", EncodingType="binary")]
    arn = function_arn("pictures")
    table["Subscriptions"] = [
        subscription(0, "cloud", "picture/of/+", arn),
        subscription(1, arn, "picture/+", "cloud"),
    ]
    with Simulator(folder, table, "embedded") as simulator, Probe(simulator.port) as probe:
        probe.subscribe("picture/+")
        yield probe


def test_a_picture_is_classified(client: Probe) -> None:
    client.publish("picture/of/petClassifier", picture((60, 30, 10)))
    message = client.take()
    assert message.topic == "picture/seen"
    assert json.loads(message.payload) == pytest.approx([0.6, 0.3, 0.1, 0], abs=1e-6)


def test_an_error_of_the_service(client: Probe) -> None:
    client.publish("picture/of/petClassifier", b"no pixels")
    message = client.take()
    kind, text = json.loads(message.payload)
    assert (message.topic, kind) == ("picture/failed", "GreengrassInferenceException")
    assert "cannot be read as a picture" in text


def test_a_service_that_is_not_there(client: Probe) -> None:
    client.publish("picture/of/carClassifier", picture((1, 2, 3)))
    kind, text = json.loads(client.take().payload)
    assert kind == "GreengrassDependencyException"
    assert "404" in text
