"""`greengrass-sim status`: what a running core does."""

from __future__ import annotations

import json
import time
from argparse import Namespace
from typing import Any

from edge_runtime.errors import ExitCode
from greengrass_sim.watch.client import status


def run(options: Namespace) -> int:
    """Prints a line for the core and one for each function, or all as JSON."""
    found = status(options.work)
    print(json.dumps(found, indent=2, ensure_ascii=False) if options.json else _table(found))
    return ExitCode.OK


def _table(found: dict[str, Any]) -> str:
    age = time.strftime("%H:%M:%S", time.gmtime(max(0.0, time.time() - found["since"])))
    head = f"{found['group']}: process {found['pid']}, broker {found['broker']}, up {age}"
    rows = [("FUNCTION", "STATE", "WAITING", "PROCESSES"), *map(_row, found["functions"])]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    failures = [f"{one['name']}: {one['failure']}" for one in found["functions"] if one["failure"]]
    return "\n".join([head, *(line.rstrip() for line in lines), *failures])


def _row(function: dict[str, Any]) -> tuple[str, str, str, str]:
    pids = " ".join(map(str, function["pids"])) or "-"
    return function["name"], function["state"], str(function["waiting"]), pids
