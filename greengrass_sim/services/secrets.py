"""`GGSecretManager`: secrets for the functions to which the group attaches them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from greengrass_sim.exchange import Exchange
from greengrass_sim.group import Group
from greengrass_sim.group.function import Function
from greengrass_sim.group.resource import SecretData
from greengrass_sim.invocation import Invocation, Reply
from greengrass_sim.secrets import CURRENT, Secret, SecretStore, SecretVersion, load_secrets

ARN = "arn:aws:lambda:::function:GGSecretManager:1"


class _Refused(Exception):
    """Status and text for the caller."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class SecretsService:
    """Reads the group's file of secrets when the core starts; raises GroupError where it cannot be used."""

    def __init__(self, group: Group, exchange: Exchange, _work: Path) -> None:
        self._group = group
        self._functions = {one.function_arn: one for one in group.functions}
        self._store = SecretStore()
        exchange.register(ARN, self)

    async def start(self) -> None:
        if self._group.secrets_file is not None:
            self._store = load_secrets(self._group.secrets_file)

    async def stop(self) -> None:
        """Forgets the secrets."""
        self._store = SecretStore()

    async def invoke(self, invocation: Invocation) -> Reply:
        """The secret that the payload names, or `Status` and `Message` that tell why there is none."""
        try:
            answer = self._answer(invocation.source, _request(invocation.payload))
        except _Refused as refused:
            answer = {"Status": refused.status, "Message": str(refused)}
        return Reply(json.dumps(answer).encode())

    def _answer(self, source: str, request: dict[str, Any]) -> dict[str, Any]:
        secret_id, stage = request["SecretId"], request.get("VersionStage") or CURRENT
        secret = self._store.find(secret_id)
        granted = self._granted(source, secret) if secret else None
        if secret is None or granted is None:
            raise _Refused(
                404,
                f"Secrets Manager can't find the specified secret {secret_id!r}: it has to be in the group's "
                f"file of secrets, and a secret resource with its ARN among the resources of {source}",
            )
        version = secret.version(stage)
        if version is None or stage not in (CURRENT, *granted.additional_staging_labels_to_download):
            raise _Refused(
                404,
                f"Secrets Manager can't find the specified secret value for staging label: {stage}: one "
                "version has to carry it, and AdditionalStagingLabelsToDownload of the resource to name it",
            )
        return _described(secret, version)

    def _granted(self, source: str, secret: Secret) -> SecretData | None:
        """The resource by which the function `source` may read the secret."""
        function = self._functions.get(source)
        return next((data for data in self._attached(function) if self._store.find(data.arn) is secret), None)

    def _attached(self, function: Function | None) -> list[SecretData]:
        policies = function.config.environment.resource_access_policies if function else ()
        ids = {policy.resource_id for policy in policies}
        return [one.secret for one in self._group.resources if one.id in ids and one.secret is not None]


def _request(payload: bytes) -> dict[str, Any]:
    try:
        request = json.loads(payload)
    except ValueError:
        request = None
    if not isinstance(request, dict) or not isinstance(request.get("SecretId"), str):
        raise _Refused(400, "the request has to be a JSON object with a SecretId")
    if request.get("VersionId"):
        raise _Refused(400, "Query by VersionId is not yet supported")
    return request


def _described(secret: Secret, version: SecretVersion) -> dict[str, Any]:
    if version.string is not None:
        value = {"SecretString": version.string}
    else:
        value = {"SecretBinary": version.binary or ""}
    return {
        "ARN": secret.arn,
        "Name": secret.name,
        "VersionId": version.version_id,
        **value,
        "VersionStages": list(version.stages),
        "CreatedDate": secret.created_ms,
    }
