"""Becomes a function's program, started by `greengrass_sim.workers.polling`, within the worker's limits."""

from __future__ import annotations

import json
import os
import sys

from greengrass_sim.runtime import limits

NOT_STARTED = 127


def main() -> None:
    told = json.loads(sys.argv[1])
    limits.end_with_core()
    if told["views"]:
        _show(told["views"], told["scratch"])
    limits.limit_memory(told["data_limit_kb"])
    program, *_ = told["command"]
    try:
        os.execv(program, told["command"])
    except OSError as error:
        sys.stderr.write(f'exec: "{program}": {(error.strerror or str(error)).lower()}\n')
        sys.exit(NOT_STARTED)


def _show(views: list[list[str]], scratch: str) -> None:
    from greengrass_sim.runtime import mounts

    try:
        mounts.enter(views, scratch)
    except OSError as error:
        paths = ", ".join(destination for _, destination, _ in views)
        reason = error.strerror or error
        sys.stderr.write(f"{paths}: not there, only below AWS_GG_RESOURCE_PREFIX, as {reason}\n")
