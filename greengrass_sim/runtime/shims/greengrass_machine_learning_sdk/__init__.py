"""The Greengrass Machine Learning SDK: inference by a connector of the group; a function's own copy wins."""

from __future__ import annotations

from typing import Any

from greengrass_machine_learning_sdk.exception import GreengrassDependencyException
from greengrass_machine_learning_sdk.inference import Client, GreengrassInferenceException

__all__ = ["GreengrassDependencyException", "GreengrassInferenceException", "client"]
__version__ = "1.1.0"


def client(client_type: str, *_: Any) -> Client:
    """The client for `inference`; there is no other one yet."""
    if client_type == "inference":
        return Client()
    if client_type == "feedback":
        raise NotImplementedError(
            "greengrass-sim runs no ML Feedback connector: leave client('feedback') out"
        )
    raise Exception(f"Client type {client_type!r} is not recognized; the one to use is 'inference'")
