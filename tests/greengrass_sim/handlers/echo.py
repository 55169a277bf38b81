"""Answers each request on the topic of the same name under `answer/`."""

import greengrasssdk

client = greengrasssdk.client("iot-data")


def handler(event, context):
    topic = context.client_context.custom["subject"].replace("request", "answer", 1)
    client.publish(topic=topic, payload=event)
