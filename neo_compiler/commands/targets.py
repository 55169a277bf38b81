"""`neo targets`"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

from neo_compiler.commands.table import print_table
from neo_compiler.errors import TargetError
from neo_compiler.target import find_target, host_target, target_names

SCHEMA_VERSION = 1


def run(arguments: argparse.Namespace) -> None:
    """List every target on stdout, as a table or as JSON."""
    host = _host_name()
    targets = [find_target(name) for name in target_names() if name != "host"]
    if arguments.json:
        rows = [asdict(target) for target in targets]
        print(json.dumps({"schema_version": SCHEMA_VERSION, "host": host, "targets": rows}, indent=1))
        return
    table = [("host", f"this machine: {host or 'no target fits'}")]
    print_table([*table, *((target.name, target.about) for target in targets)], sys.stdout)


def _host_name() -> str | None:
    try:
        return host_target().name
    except TargetError:
        return None
