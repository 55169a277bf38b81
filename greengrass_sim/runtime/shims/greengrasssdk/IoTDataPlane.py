"""`greengrasssdk.client("iot-data")`: publish a message."""

from __future__ import annotations

from greengrasssdk.Lambda import InvocationException

from greengrass_sim.runtime.link import PublishRefused, current

_POLICIES = ("", "BestEffort", "AllOrException")
_SHADOWS = ("get_thing_shadow", "update_thing_shadow", "delete_thing_shadow")


class Client:
    """Takes keyword arguments, as the SDK does; those that it does not know are ignored there too."""

    def publish(self, **given: object) -> None:
        """Publishes `payload` (str, bytes, or a file object; empty without it) to `topic`.

        ValueError without a topic or with an unknown `queueFullPolicy`; InvocationException when no
        subscription leads from this function along the topic.
        """
        topic = given.get("topic")
        if not isinstance(topic, str) or not topic:
            raise ValueError("publish needs a topic, a str that is not empty")
        policy = given.get("queueFullPolicy", "")
        if policy not in _POLICIES:
            raise ValueError(f"queueFullPolicy must be one of {_POLICIES}, not {policy!r}")
        try:
            current().publish(topic, _as_bytes(given.get("payload", b"")))
        except PublishRefused as refused:
            raise InvocationException(
                f"Failed to invoke function due to HTTP Error 400: Bad Request ({refused})"
            ) from None

    def __getattr__(self, name: str) -> object:
        if name in _SHADOWS:
            raise AttributeError(f"{name}: greengrass-sim serves no shadows")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


def _as_bytes(payload: object) -> bytes:
    read = getattr(payload, "read", None)
    if callable(read):
        payload = read()
    if isinstance(payload, str):
        return payload.encode()
    if isinstance(payload, bytes | bytearray | memoryview):
        return bytes(payload)
    raise TypeError(f"a payload is str, bytes or a file object, not {type(payload).__name__}")
