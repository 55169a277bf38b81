"""Works from a timer that starts with the import; the handler is never called."""

import os
from threading import Timer

import greengrasssdk

client = greengrasssdk.client("iot-data")
topic = os.environ["AWS_IOT_THING_NAME"] + "/beat"


def beat():
    client.publish(topic=topic, payload="beat of " + os.environ["GROUP_ID"], queueFullPolicy="AllOrException")
    Timer(0.3, beat).start()


beat()


def handler(event, context):
    return None
