"""Works while it is imported, and never returns from that."""

import itertools
import time

import greengrasssdk

client = greengrasssdk.client("iot-data")
for number in itertools.count():
    client.publish(topic="answer/tick", payload=str(number))
    time.sleep(0.05)


def handler(event, context):
    return None
