"""The connectors for machine learning inference, as functions of ours beside those of the group.

On a core too a connector is a Lambda function, one that AWS wrote. Ours has a worker like every other
function and answers calls of `arn:aws:lambda:REGION:aws:function:GG-ML-INF-ALGORITHM-SERVICE`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from greengrass_sim.arn import parse_lambda
from greengrass_sim.errors import GroupError
from greengrass_sim.group import Connector, Function, FunctionConfiguration, Group
from greengrass_sim.group.function import Environment, ResourceAccessPolicy

CODE = Path(__file__).parent / "code"
DEFAULT_TIMEOUT_S = 10

_ARN = re.compile(r"arn:aws[\w-]*:greengrass:([\w-]+):\w*:/connectors/([\w-]+)/versions/\d+")
_ALGORITHMS = {"ImageClassification": "image-classification", "ObjectDetection": "object-detection"}
_SERVICE = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9-]{1,62}")

# Ours: how a picture becomes the model's input. Parameter of the connector → variable of the function.
_PREPARATION = {"InputMean": "INPUT_MEAN", "InputScale": "INPUT_SCALE", "InputLayout": "INPUT_LAYOUT"}


def with_connectors(group: Group) -> Group:
    """The group with a function more for each connector; GroupError where one cannot be run."""
    made = [_function(group, number, one) for number, one in enumerate(group.connectors)]
    return replace(group, functions=(*group.functions, *made)) if made else group


def _function(group: Group, number: int, connector: Connector) -> Function:
    path = f"$.Connectors[{number}]"
    match = _ARN.fullmatch(connector.connector_arn)
    algorithm = next((a for kind, a in _ALGORITHMS.items() if match and match[2].startswith(kind)), None)
    if match is None or algorithm is None:
        known = " and ".join(_ALGORITHMS)
        raise GroupError(
            f"{path}.ConnectorArn",
            f"{connector.connector_arn!r} is no connector that runs here: {known} do, as in "
            "'arn:aws:greengrass:REGION::/connectors/ImageClassificationx86-64/versions/2'",
        )
    parameters = _Parameters(f"{path}.Parameters", connector.parameters)
    service = parameters.service()
    region = parse_lambda(group.functions[0].function_arn).region if group.functions else match[1]
    config = FunctionConfiguration(
        encoding_type="binary",
        executable="inference_connector.handler",
        pinned=True,
        timeout=parameters.number("LocalInferenceServiceTimeoutSeconds") or DEFAULT_TIMEOUT_S,
        memory_size=parameters.number("LocalInferenceServiceMemoryLimitKB"),
        environment=Environment(
            resource_access_policies=(ResourceAccessPolicy(parameters.model(group)),),
            variables={
                "ALGORITHM": algorithm,
                "MODEL_PATH": parameters.required("MLModelDestinationPath"),
                **parameters.preparation(),
            },
        ),
    )
    arn = f"arn:aws:lambda:{region}:aws:function:GG-ML-INF-{algorithm}-{service}:1"
    return Function(connector.id, arn, config, local_path=str(CODE))


class _Parameters:
    """The parameters of one connector; everything raises GroupError with its place."""

    def __init__(self, path: str, given: dict[str, str]) -> None:
        self._path = path
        self._given = given
        if given.get("GPUAcceleration", "CPU") != "CPU":
            raise GroupError(f"{path}.GPUAcceleration", "the connector runs on the CPU only: leave it out")

    def required(self, name: str) -> str:
        if not self._given.get(name):
            raise GroupError(self._path, f"{name} is missing")
        return self._given[name]

    def service(self) -> str:
        name = self.required("LocalInferenceServiceName")
        if not _SERVICE.fullmatch(name):
            raise GroupError(
                f"{self._path}.LocalInferenceServiceName", f"{name!r} must match {_SERVICE.pattern}"
            )
        return name

    def number(self, name: str) -> int | None:
        text = self._given.get(name)
        if text is None:
            return None
        if not text.isdecimal() or int(text) < 1:
            raise GroupError(f"{self._path}.{name}", f"{text!r} is no whole number from 1 on")
        return int(text)

    def model(self, group: Group) -> str:
        """The id of the model's resource, at the place that the other parameter names."""
        wanted, place = self.required("MLModelResourceId"), self.required("MLModelDestinationPath")
        resource = next((one for one in group.resources if one.id == wanted), None)
        if resource is None or resource.model is None:
            raise GroupError(
                f"{self._path}.MLModelResourceId", f"{wanted!r} is no machine learning model of this group"
            )
        if not Path(place).is_relative_to(resource.model.destination_path):
            raise GroupError(
                f"{self._path}.MLModelDestinationPath",
                f"{place!r} is not below {resource.model.destination_path!r}, where {wanted!r} is",
            )
        return wanted

    def preparation(self) -> dict[str, str]:
        return {
            variable: self._given[name] for name, variable in _PREPARATION.items() if self._given.get(name)
        }
