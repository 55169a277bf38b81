"""`neo targets`"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from neo_compiler.commands.table import print_table
from neo_compiler.errors import TargetError
from neo_compiler.target import Target, host_target
from neo_compiler.target.profiles import profiles

SCHEMA_VERSION = 1


def run(arguments: argparse.Namespace) -> None:
    """List every target on stdout, as a table or as JSON."""
    host = _host_name()
    file = Path(arguments.target_file) if arguments.target_file else None
    targets = list(profiles(file).values())
    if arguments.json:
        rows = [asdict(target) for target in targets]
        print(json.dumps({"schema_version": SCHEMA_VERSION, "host": host, "targets": rows}, indent=1))
        return
    table = [("host", f"this machine: {host or 'no target fits'}")]
    print_table([*table, *((target.name, _text(target)) for target in targets)], sys.stdout)


def _text(target: Target) -> str:
    also = f"; also {', '.join(target.also)}" if target.also else ""
    return f"{target.about}: {target.gpu or ' '.join((target.cpu, *target.attrs))}{also}"


def _host_name() -> str | None:
    try:
        return host_target().name
    except TargetError:
        return None
