"""Connectors become functions; what is wrong with one is told with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from greengrass_sim.connectors.inference import CODE, with_connectors
from greengrass_sim.errors import GroupError
from greengrass_sim.group import Group, load_group
from tests.greengrass_sim.groups import function, group, write_group

CLASSIFIER = "arn:aws:greengrass:eu-central-1::/connectors/ImageClassificationx86-64/versions/2"
LIMIT = "LocalInferenceService"
DETECTOR = "arn:aws:greengrass:eu-central-1::/connectors/ObjectDetectionARMv7/versions/1"


def document(folder: Path, arn: str = CLASSIFIER, **changes: str | None) -> dict[str, Any]:
    """A group with a function, a model and a connector, whose parameters are changed."""
    (folder / "model").mkdir(exist_ok=True)
    parameters = {
        "MLModelDestinationPath": "/models/pets",
        "MLModelResourceId": "pets",
        "LocalInferenceServiceName": "petClassifier",
        "LocalInferenceServiceTimeoutSeconds": "20",
        "LocalInferenceServiceMemoryLimitKB": "500000",
        **changes,
    }
    given = {name: value for name, value in parameters.items() if value is not None}
    data = {"S3MachineLearningModelResourceData": {"DestinationPath": "/models/pets"}}
    return {
        **group([function("client")], []),
        "Resources": [
            {"Id": "pets", "Name": "pets", "ResourceDataContainer": data, "LocalPath": str(folder / "model")}
        ],
        "Connectors": [{"Id": "pet-connector", "ConnectorArn": arn, "Parameters": given}],
    }


def expanded(folder: Path, **given: Any) -> Group:
    return with_connectors(load_group(write_group(folder, document(folder, **given))))


@pytest.mark.parametrize(
    ("arn", "algorithm"), [(CLASSIFIER, "image-classification"), (DETECTOR, "object-detection")]
)
def test_a_connector_is_a_function(tmp_path: Path, arn: str, algorithm: str) -> None:
    made = expanded(tmp_path, arn=arn, InputMean="127", InputScale="0.0078125").functions[-1]
    name = f"GG-ML-INF-{algorithm}-petClassifier"
    assert made.function_arn == f"arn:aws:lambda:eu-central-1:aws:function:{name}:1"
    assert (made.id, made.local_path, made.executable) == (
        "pet-connector",
        str(CODE),
        "inference_connector.handler",
    )
    config = made.config
    assert (config.pinned, config.encoding_type, config.timeout, config.memory_size) == (
        True,
        "binary",
        20,
        500000,
    )
    assert [one.resource_id for one in config.environment.resource_access_policies] == ["pets"]
    assert config.environment.variables == {
        "ALGORITHM": algorithm,
        "MODEL_PATH": "/models/pets",
        "INPUT_MEAN": "127",
        "INPUT_SCALE": "0.0078125",
    }


def test_a_group_without_connectors_stays_as_it_is(tmp_path: Path) -> None:
    plain = load_group(write_group(tmp_path, group([function("client")], [])))
    assert with_connectors(plain) is plain


@pytest.mark.parametrize(
    ("changes", "place", "problem"),
    [
        ({"arn": "arn:aws:greengrass:x::/connectors/SNS/versions/4"}, ".ConnectorArn", "is no connector"),
        ({"MLModelResourceId": None}, ".Parameters", "MLModelResourceId is missing"),
        ({"MLModelDestinationPath": None}, ".Parameters", "MLModelDestinationPath is missing"),
        ({"LocalInferenceServiceName": None}, ".Parameters", "LocalInferenceServiceName is missing"),
        ({"LocalInferenceServiceName": "a b"}, ".Parameters.LocalInferenceServiceName", "must match"),
        ({"MLModelResourceId": "cats"}, ".Parameters.MLModelResourceId", "is no machine learning model"),
        ({"MLModelDestinationPath": "/models/cats"}, ".Parameters.MLModelDestinationPath", "is not below"),
        ({f"{LIMIT}TimeoutSeconds": "0"}, f".Parameters.{LIMIT}TimeoutSeconds", "from 1"),
        ({f"{LIMIT}MemoryLimitKB": "x"}, f".Parameters.{LIMIT}MemoryLimitKB", "from 1"),
        ({"GPUAcceleration": "GPU"}, ".Parameters.GPUAcceleration", "on the CPU only"),
    ],
)  # fmt: skip
def test_what_cannot_be_run(tmp_path: Path, changes: dict[str, Any], place: str, problem: str) -> None:
    with pytest.raises(GroupError) as caught:
        expanded(tmp_path, **changes)
    assert caught.value.path == f"$.Connectors[0]{place}"
    assert problem in caught.value.problem
