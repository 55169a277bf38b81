"""`greengrass-sim start|deploy|invoke|pub|sub|pki`: the answer goes to stdout, the log to stderr."""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Sequence
from functools import partial

from greengrass_sim.commands.client_options import add_client_arguments, add_connection_arguments
from greengrass_sim.commands.group_options import add_group_arguments
from greengrass_sim.commands.numbers import whole
from greengrass_sim.commands.start_options import add_start_arguments
from greengrass_sim.lines import ConsoleFormatter
from greengrass_sim.watch.arguments import add_watch_commands

EPILOG = """exit codes:
  0  done                          7    no broker or core answers, or a port is taken
  1  a handler failed, or a bug    130  interrupted
  2  wrong usage or group file
"""
_GROUP = "the group: TOML, the API's JSON, a CloudFormation template, greengo.yaml, or a folder with one"
# Packages that are no part of the base installation -> the extras of neo-edge that bring them.
_EXTRAS = {"cryptography": "pki", "h11": "sim,broker", "paho": "sim,broker"}
_LEVELS = ("debug", "info", "warning", "error")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and gives its exit code."""
    options = _parser().parse_args(arguments)
    _log_to_stderr(options.log_level)
    try:
        return _run(options)
    except KeyboardInterrupt:
        # Forgets an interruption of an `exec`, as dataclasses use: `python -m` would end by the signal.
        exec("")
        print("greengrass-sim: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `greengrass-sim sub ... | head -1`: the reader has what it wanted
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(options: argparse.Namespace) -> int:
    from edge_runtime.errors import EdgeError, ExitCode

    try:
        command = importlib.import_module(f"greengrass_sim.commands.{options.command}")
        code: int = command.run(options)
    except EdgeError as error:
        print(f"greengrass-sim: error: {error}", file=sys.stderr)
        return error.exit_code
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _EXTRAS:
            raise
        extras = _EXTRAS[package]
        text = f"{options.command} needs the package {package}: pip install 'neo-edge[{extras}]'"
        print(f"greengrass-sim: error: {text}", file=sys.stderr)
        return ExitCode.USAGE
    return code


def _log_to_stderr(level: str) -> None:
    """Lines laid out as on a Greengrass core: `[time][LEVEL]-source,text`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(ConsoleFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler])
    logging.getLogger("asyncio").setLevel(logging.WARNING)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "greengrass-sim",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="A Greengrass core without AWS: runs Lambda-style handlers on MQTT messages.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_start(commands)
    _add_deploy(commands)
    _add_invoke(commands)
    _add_pub(commands)
    _add_sub(commands)
    _add_pki(commands)
    add_watch_commands(partial(_add, commands))
    return parser


_Commands = argparse._SubParsersAction


def _add(commands: _Commands[argparse.ArgumentParser], name: str, text: str) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    command.add_argument("--log-level", choices=_LEVELS, default="info", help="default: %(default)s")
    return command


def _add_start(commands: _Commands[argparse.ArgumentParser]) -> None:
    start = _add(commands, "start", "run a group until interrupted")
    start.add_argument("group", metavar="GROUP", help=_GROUP)
    add_start_arguments(start)
    add_group_arguments(start)
    add_connection_arguments(start)


def _add_deploy(commands: _Commands[argparse.ArgumentParser]) -> None:
    deploy = _add(commands, "deploy", "check a group, show what runs, and give it to a running core")
    deploy.add_argument("group", metavar="GROUP", help=_GROUP)
    deploy.add_argument("--check", action="store_true", help="only check and show")
    deploy.add_argument(
        "--work", metavar="DIR", help="the core's; default: the only core that was started without"
    )
    deploy.add_argument("--json", action="store_true", help="one JSON object")
    add_group_arguments(deploy)


def _add_invoke(commands: _Commands[argparse.ArgumentParser]) -> None:
    invoke = _add(commands, "invoke", "run a function's handler once, without a broker")
    invoke.add_argument("function", metavar="FUNCTION", help="its Id, its name or its ARN")
    invoke.add_argument("-e", "--event", required=True, metavar="FILE|-", help="the event; - reads stdin")
    invoke.add_argument(
        "-g", "--group", default=".", metavar="GROUP", help="default: the group in this folder"
    )
    add_group_arguments(invoke)
    invoke.add_argument(
        "--topic", default="invoke", help="what the handler sees as subject; default: %(default)s"
    )


def _add_pub(commands: _Commands[argparse.ArgumentParser]) -> None:
    pub = _add(commands, "pub", "publish one message")
    pub.add_argument("topic", metavar="TOPIC")
    pub.add_argument("payload", metavar="PAYLOAD|-|@FILE", help="the text, stdin, or the bytes of a file")
    pub.add_argument("--qos", type=int, choices=(0, 1), default=1, help="default: %(default)s")
    pub.add_argument("--retain", action="store_true", help="keep it for later subscribers")
    add_client_arguments(pub)


def _add_sub(commands: _Commands[argparse.ArgumentParser]) -> None:
    sub = _add(commands, "sub", "print messages as they arrive")
    sub.add_argument("topic", metavar="FILTER", help="a topic, or a filter with + and #")
    sub.add_argument("--count", type=whole(0), metavar="N", help="end after N messages; default: never")
    sub.add_argument("--json", action="store_true", help="one JSON object a line")
    add_client_arguments(sub)


def _add_pki(commands: _Commands[argparse.ArgumentParser]) -> None:
    pki = _add(commands, "pki", "make certificates for the core's MQTT server and for things")
    pki.add_argument("group", metavar="GROUP", nargs="?", help="a group file, for its core and its devices")
    pki.add_argument("-o", "--output", default="pki", metavar="DIR", help="default: %(default)s")
    pki.add_argument("--thing", action="append", default=[], metavar="NAME", help="another thing; repeatable")
    pki.add_argument(
        "--host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name or address by which devices find the core, beside localhost; repeatable",
    )
    pki.add_argument(
        "--days", type=whole(1), default=825, metavar="N", help="how long they hold; default: %(default)s"
    )
    pki.add_argument("--renew", action="store_true", help="make anew what is there, except the authority")


if __name__ == "__main__":
    sys.exit(main())
