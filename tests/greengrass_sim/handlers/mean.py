"""Binary in, bytes out."""


def handler(event, context):
    return {b"text": "ü", b"bytes": b"\xff", b"none": None}.get(event, 1.5)
