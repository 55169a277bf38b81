"""The options of `start` beyond those of its group: broker, limits, spool, devices, ports."""

from __future__ import annotations

from argparse import ArgumentParser

from greengrass_sim.commands.numbers import whole

_port = whole(0, 65535, "port")


def add_start_arguments(command: ArgumentParser) -> None:
    """Add them to `command`."""
    _add_running(command)
    _add_spool(command)
    _add_devices(command)
    _add_serving(command)


def _add_running(command: ArgumentParser) -> None:
    command.add_argument(
        "--broker",
        default="embedded",
        metavar="NAME|URL",
        help="embedded, mosquitto, or the URL of any other broker; default: %(default)s",
    )
    command.add_argument(
        "--port",
        type=_port,
        metavar="N",
        help="for embedded and mosquitto; 0 takes a free one; default: 1883",
    )
    command.add_argument(
        "--work", metavar="DIR", help="folder for logs, shadows, unpacked models; default: a temporary one"
    )
    command.add_argument(
        "--strict", action="store_true", help="handlers find nothing that a core does not have"
    )
    command.add_argument(
        "--limits",
        choices=("aws", "none"),
        default="aws",
        help="which messages are refused: those that AWS IoT refuses, or none; default: %(default)s",
    )


def _add_spool(command: ArgumentParser) -> None:
    command.add_argument(
        "--spool",
        choices=("memory", "disk"),
        help="where messages to the cloud wait; disk needs --work; default: the group's, or memory",
    )
    command.add_argument(
        "--spool-bytes",
        type=whole(262_144),
        metavar="N",
        help="the oldest are dropped when more than N bytes wait; default: the group's, or 2621440",
    )


def _add_devices(command: ArgumentParser) -> None:
    command.add_argument(
        "--pki", metavar="DIR", help="let devices in by certificate, see `greengrass-sim pki`"
    )
    command.add_argument(
        "--tls-port",
        type=_port,
        default=8883,
        metavar="N",
        help="for --pki; 0: any free one; default: %(default)s",
    )
    command.add_argument(
        "--tls-host", default="127.0.0.1", metavar="ADDRESS", help="for --pki; default: %(default)s"
    )


def _add_serving(command: ArgumentParser) -> None:
    command.add_argument(
        "--metrics-port",
        type=_port,
        metavar="N",
        help="serve /metrics for Prometheus to this machine; 0: any free one",
    )
    command.add_argument(
        "--daemon-port",
        type=_port,
        metavar="N",
        help="where SDKs without a connection of their own find the core; default: 8000, or any that is free",
    )
    command.add_argument("--reload", action="store_true", help="restart a function when its code changes")
