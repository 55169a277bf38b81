"""Keeps a count for as long as it lives, and sleeps longer than its timeout."""

import json
import time

import greengrasssdk

client = greengrasssdk.client("iot-data")
count = 0


def handler(event, context):
    global count
    count += 1
    client.publish(topic="slow/count", payload=json.dumps({"count": count}))
    time.sleep(60)
