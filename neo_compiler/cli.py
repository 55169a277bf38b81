"""The command line `neo`. Nothing heavy is imported before the arguments are understood."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from neo_compiler.console.arguments import COMMANDS

EPILOG = """exit codes:
  0  done                         4    target unknown, or a tool is missing
  1  a bug of neo                 5    outputs differ from the reference
  2  wrong usage                  6    artifact damaged, or not for this machine
  3  model invalid, unsupported   130  interrupted
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; `argv` defaults to the program's arguments."""
    arguments = build_parser().parse_args(argv)
    try:
        from neo_compiler.shell import run

        return run(arguments, program=argv is None)
    except KeyboardInterrupt:  # while the above was imported; `run` deals with the rest
        exec("")  # as in `run`
        sys.stderr.write("neo: interrupted\n")
        return 130


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands; `command` names a module of neo_compiler.commands."""
    parser = argparse.ArgumentParser(
        prog="neo",
        description="Compile trained models for edge devices.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_to(commands)
    return parser


class _Version(argparse.Action):
    """Prints the version; it is looked up only when asked for."""

    def __init__(self, option_strings: Sequence[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="print the version and exit")

    def __call__(self, parser: argparse.ArgumentParser, *_arguments: object) -> None:
        from importlib import metadata

        print(f"neo {metadata.version('neo-edge')}")
        parser.exit()


if __name__ == "__main__":
    sys.exit(main())
