"""The Greengrass SDK for Python, for functions that bring none; a function's own copy wins."""

from __future__ import annotations

from typing import Any

from greengrasssdk.Lambda import StreamingBody

__all__ = ["StreamingBody", "client"]
INTERFACE_VERSION = "1.5"


def client(client_type: str, *args: Any, **kwargs: Any) -> Any:
    """The client for `iot-data`, `lambda` or `secretsmanager`; there is no stream manager."""
    if client_type == "lambda":
        from greengrasssdk.Lambda import Client as LambdaClient

        return LambdaClient(*args, **kwargs)
    if client_type == "iot-data":
        from greengrasssdk.IoTDataPlane import Client as DataClient

        return DataClient(*args, **kwargs)
    if client_type == "secretsmanager":
        from greengrasssdk.SecretsManager import Client as SecretsClient

        return SecretsClient(*args, **kwargs)
    if client_type == "streammanager":
        raise NotImplementedError(
            "greengrass-sim runs no stream manager: client('streammanager') is not served"
        )
    raise Exception(f"Client type {client_type!r} is not recognized.")
