"""A command and its arguments as data, from which argparse's parsers are made."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


class Argument:
    """What `ArgumentParser.add_argument` takes."""

    def __init__(self, *names: str, **options: Any) -> None:
        self._names, self._options = names, options

    def add_to(self, parser: argparse._ActionsContainer) -> None:
        parser.add_argument(*self._names, **self._options)


@dataclass(frozen=True)
class Command:
    """A command; arguments that exclude each other stand in a tuple."""

    name: str
    help: str
    description: str
    arguments: Sequence[Argument | tuple[Argument, ...]]
    epilog: str | None = None

    def add_to(self, commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
        parser = commands.add_parser(
            self.name,
            help=self.help,
            description=self.description,
            epilog=self.epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        for row in self.arguments:
            if isinstance(row, Argument):
                row.add_to(parser)
                continue
            group = parser.add_mutually_exclusive_group()
            for argument in row:
                argument.add_to(group)
