"""Answers each request `request/...` with the same bytes on `answer/...`."""

import json

import greengrasssdk

client = greengrasssdk.client("iot-data")


def handler(event, context):
    topic = context.client_context.custom["subject"].replace("request", "answer", 1)
    payload = event if isinstance(event, bytes) else json.dumps(event)
    client.publish(topic=topic, payload=payload)


def deep(event, context):
    """Answers on a topic with more levels than AWS IoT allows."""
    client.publish(topic="answer/2/3/4/5/6/7/8/9", payload=event)
