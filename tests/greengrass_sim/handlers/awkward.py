"""Does what the event asks for; most of it no handler should do."""

import ctypes
import os
import sys
import threading
import time
from pathlib import Path

import greengrasssdk

client = greengrasssdk.client("iot-data")
seen = []


def answer(payload):
    client.publish(topic="answer/awkward", payload=str(payload))


def returned(_):
    return {"a": [1, None, "ü"]}


def unprintable(_):
    return {1, 2}


def flooded(_):
    return "x" * (64 << 20)


def raised(_):
    raise KeyError("no such thing")


def exited(_):
    sys.exit("enough")


def died(_):
    os._exit(3)


def segfaulted(_):
    ctypes.string_at(0)


def slept(context):
    answer(f"sleeping with {context.get_remaining_time_in_millis() // 1000 + 1} s left")
    time.sleep(60)


def died_once(_):
    """Publishes, dies the first time, and is handled again."""
    client.publish(topic="answer/before", payload="before")
    marker = Path(os.environ["MARKER"])
    if not marker.exists():
        marker.touch()
        os._exit(9)
    client.publish(topic="answer/after", payload="after")


def printed(_):
    print("a line to stdout")
    print("a line to stderr", file=sys.stderr)
    os.write(1, b"written by C, perhaps\n")
    sys.stdout.write("no end of line, \N{SNOWMAN}")


def refused(_):
    try:
        client.publish(topic="nowhere", payload="x")
    except greengrasssdk.Lambda.InvocationException as error:
        answer(error)


def threaded(_):
    threads = [threading.Thread(target=answer, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def counted(_):
    seen.append(1)
    answer(len(seen))


def handler(event, context):
    what = event.decode() if isinstance(event, bytes) else event
    return globals()[what](context)
