"""The part of the Greengrass SDK for Python that the simulator serves; a function's own copy wins."""

from __future__ import annotations

from greengrasssdk.IoTDataPlane import Client as IoTDataClient

__all__ = ["client"]
INTERFACE_VERSION = "1.5"

_NOT_SERVED = ("lambda", "secretsmanager", "streammanager")


def client(client_type: str) -> IoTDataClient:
    """The client for `iot-data`; NotImplementedError for the other services of a core."""
    if client_type == "iot-data":
        return IoTDataClient()
    if client_type in _NOT_SERVED:
        raise NotImplementedError(
            f"greengrass-sim serves client('iot-data') only, not client({client_type!r})"
        )
    raise Exception(f"Client type {client_type!r} is not recognized; the one to use is 'iot-data'")
