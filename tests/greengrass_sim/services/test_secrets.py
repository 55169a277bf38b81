"""The service of secrets: who gets which, and what the others are told."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import pytest

from greengrass_sim.exchange import Exchange
from greengrass_sim.group import load_group
from greengrass_sim.invocation import Invocation
from greengrass_sim.router import Router
from greengrass_sim.services.secrets import ARN, SecretsService
from tests.greengrass_sim.groups import function, function_arn, group, write_group

DATABASE = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:greengrass-database-AbCdEf"
CAMERA = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:greengrass-camera-GhIjKl"
FILE = """
[greengrass-database]
string = "swordfish"

[[greengrass-camera.versions]]
binary = "AAECAw=="
id = "11111111-2222-3333-4444-555555555555"

[[greengrass-camera.versions]]
string = "older"
stages = ["AWSPREVIOUS", "backup"]
"""


def document(folder: Path) -> dict[str, Any]:
    """`reader` may read both secrets, of the camera's `AWSPREVIOUS` too; `other` may read none."""
    path = folder / "secrets.toml"
    path.write_text(FILE)
    path.chmod(0o600)
    rights = {"ResourceAccessPolicies": [{"ResourceId": "database"}, {"ResourceId": "camera"}]}
    reader, other = (
        function("reader", "secrets.handler", Environment=rights),
        function("other", "echo.handler"),
    )
    resources = [
        ("database", {"ARN": DATABASE}),
        ("camera", {"ARN": CAMERA, "AdditionalStagingLabelsToDownload": ["AWSPREVIOUS"]}),
    ]
    return {
        **group([reader, other], [("cloud", "ask/#", "reader"), ("reader", "told/#", "cloud")]),
        "SecretsFile": str(path),
        "Resources": [
            {"Id": name, "Name": name, "ResourceDataContainer": {"SecretsManagerSecretResourceData": data}}
            for name, data in resources
        ],
    }


@pytest.fixture
def ask(tmp_path: Path) -> Any:
    loaded = load_group(write_group(tmp_path, document(tmp_path)))
    service = SecretsService(loaded, Exchange(Router(())), tmp_path)

    def call(request: Any, source: str = "reader") -> dict[str, Any]:
        payload = request if isinstance(request, bytes) else json.dumps(request).encode()

        async def asked() -> bytes:
            await service.start()
            return (await service.invoke(Invocation(ARN, payload, function_arn(source)))).payload

        answer: dict[str, Any] = json.loads(asyncio.run(asked()))
        return answer

    return call


@pytest.mark.parametrize("name", ["greengrass-database", DATABASE, DATABASE.removesuffix("-AbCdEf")])
def test_a_secret_by_name_and_by_arn(ask: Any, name: str) -> None:
    answer = ask({"SecretId": name})
    assert (answer["Name"], answer["SecretString"]) == ("greengrass-database", "swordfish")
    assert answer["VersionStages"] == ["AWSCURRENT"]
    assert answer.keys() == {"ARN", "Name", "VersionId", "SecretString", "VersionStages", "CreatedDate"}
    assert answer["CreatedDate"] > 1_600_000_000_000


def test_bytes_and_another_label(ask: Any) -> None:
    answer = ask({"SecretId": "greengrass-camera"})
    assert base64.b64decode(answer["SecretBinary"]) == b"\x00\x01\x02\x03"
    assert answer["VersionId"] == "11111111-2222-3333-4444-555555555555"
    older = ask({"SecretId": "greengrass-camera", "VersionStage": "AWSPREVIOUS"})
    assert (older["SecretString"], older["VersionStages"]) == ("older", ["AWSPREVIOUS", "backup"])


@pytest.mark.parametrize(
    ("request_", "source", "status", "message"),
    [
        ({"SecretId": "greengrass-none"}, "reader", 404, "can't find the specified secret 'greengrass-none'"),
        (
            {"SecretId": "greengrass-database"},
            "other",
            404,
            f"among the resources of {function_arn('other')}",
        ),
        (
            {"SecretId": "greengrass-camera", "VersionStage": "backup"},
            "reader",
            404,
            "for staging label: backup",
        ),
        ({"SecretId": "greengrass-database", "VersionStage": "x"}, "reader", 404, "for staging label: x"),
        (
            {"SecretId": "greengrass-database", "VersionId": "1"},
            "reader",
            400,
            "VersionId is not yet supported",
        ),
        ({}, "reader", 400, "with a SecretId"),
        (b"{", "reader", 400, "with a SecretId"),
    ],
)
def test_refusals(ask: Any, request_: Any, source: str, status: int, message: str) -> None:
    answer = ask(request_, source)
    assert answer.keys() == {"Status", "Message"}
    assert answer["Status"] == status
    assert message in answer["Message"]
