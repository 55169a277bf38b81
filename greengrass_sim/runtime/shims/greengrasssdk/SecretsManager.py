"""`greengrasssdk.client("secretsmanager")`: secrets of the resources that are attached to the function."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from greengrass_common.env_vars import SECRETS_MANAGER_FUNCTION_ARN
from greengrasssdk import Lambda


class SecretsManagerError(Exception):
    """The secrets service gave no secret."""


class Client:
    def __init__(self) -> None:
        self.lambda_client = Lambda.Client()

    def get_secret_value(self, **given: Any) -> dict[str, Any]:
        """The secret `SecretId` (name or ARN), of `VersionStage` where given."""
        if "SecretId" not in given:
            raise ValueError("the argument SecretId is missing")
        if "VersionId" in given:
            raise SecretsManagerError("VersionId is not supported on a core: use VersionStage")
        request = {name: given[name] for name in ("SecretId", "VersionStage") if given.get(name)}
        arn = SECRETS_MANAGER_FUNCTION_ARN or ""
        answer = self.lambda_client._invoke_internal(arn, json.dumps(request).encode(), b"")
        if answer["FunctionError"]:
            raise SecretsManagerError(f"{answer['FunctionError']}: {answer['Payload']!r}")
        secret: dict[str, Any] = json.loads(answer["Payload"].read())
        if "Status" in secret and "Message" in secret:
            raise SecretsManagerError(
                f"Request for secret value returned error code {secret['Status']} "
                f"with message {secret['Message']}"
            )
        if "CreatedDate" in secret:
            secret["CreatedDate"] = datetime.fromtimestamp(secret["CreatedDate"] / 1000)
        return secret
