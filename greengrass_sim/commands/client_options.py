"""The command line of whoever connects to a broker; it imports nothing heavy."""

from __future__ import annotations

from argparse import ArgumentParser

from greengrass_sim.commands.numbers import real

_LOCAL = "mqtt://127.0.0.1:1883"


def add_client_arguments(command: ArgumentParser) -> None:
    """Where a client connects to, and as whom."""
    command.add_argument("--broker", default=_LOCAL, metavar="URL", help="default: %(default)s")
    command.add_argument(
        "--client-id", default="", metavar="NAME", help="a core's devices need their thing name; default: any"
    )
    add_connection_arguments(command)


def add_connection_arguments(command: ArgumentParser) -> None:
    """How long to try, and what proves who is who."""
    command.add_argument(
        "--wait",
        type=real("number of seconds"),
        default=10.0,
        metavar="S",
        help="wait so long for the broker; default: %(default)g",
    )
    command.add_argument(
        "--ca", metavar="FILE", help="mqtts: the authority to trust (PEM); default: the system's"
    )
    command.add_argument("--cert", metavar="FILE", help="mqtts: our certificate (PEM)")
    command.add_argument("--key", metavar="FILE", help="mqtts: its key (PEM)")
