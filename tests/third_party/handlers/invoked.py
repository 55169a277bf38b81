"""Takes bytes and gives a text."""

import logging

logging.getLogger().setLevel(logging.INFO)


def handler(event, context):
    logging.info("invoked with %s and %s", event, context.client_context.custom)
    return "taken: " + event.hex()
