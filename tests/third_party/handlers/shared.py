"""Takes files from a folder at an absolute path, as they appear."""

import os
from threading import Timer

import greengrasssdk

client = greengrasssdk.client("iot-data")


def look():
    if os.path.exists("/roottmp/shared/in.txt"):
        with open("/roottmp/shared/in.txt") as stream:
            client.publish(topic="shared/found", payload=stream.read())
        os.remove("/roottmp/shared/in.txt")
    Timer(0.2, look).start()


look()


def handler(event, context):
    return None
