"""Publishes on its own account, a second after it was asked to: how many messages, of which size."""

from __future__ import annotations

import threading
import time

import greengrasssdk

client = greengrasssdk.client("iot-data")


def publish(count: int, size: int) -> None:
    time.sleep(0.2)  # by then the request is acknowledged
    print("waits for the end of the broker")
    time.sleep(0.8)
    for number in range(count):
        client.publish(topic="spool/x", payload=b"%03d" % number + bytes(size))
    print(f"has published {count}")


def handler(event, context):
    threading.Thread(target=publish, args=map(int, event.split())).start()
