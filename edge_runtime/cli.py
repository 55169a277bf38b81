"""`edge-runtime info|run|bench|selftest|unpack ARTIFACT`."""

from __future__ import annotations

import argparse
import logging
import math
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from edge_runtime.commands.actions import COMMANDS
from edge_runtime.errors import EdgeError, ExitCode

N = TypeVar("N", int, float)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; the answer goes to stdout, everything else to stderr."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.INFO, format="edge-runtime: %(levelname)s: %(message)s", stream=sys.stderr
    )
    try:
        answer = COMMANDS[options.command](options)
        _print(answer.lines(options.json))
        return answer.code
    except EdgeError as error:
        print(f"edge-runtime: error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        # Forgets an interruption of an `exec`, as dataclasses use: `python -m` would end by the signal.
        exec("")
        print("edge-runtime: interrupted", file=sys.stderr)
        return ExitCode.INTERRUPTED


def _print(lines: Iterable[str]) -> None:
    try:
        print(*lines, sep="\n", flush=True)
    except BrokenPipeError:  # e.g. `edge-runtime info ... | head -1`: the reader has what it wanted
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("edge-runtime", description="Run compiled models on this machine.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add(commands, "info", "show what an artifact is, and whether it fits this machine")
    run = _add(commands, "run", "run a model on files")
    run.add_argument(
        "inputs", nargs="*", metavar="[NAME=]FILE", help=".npy, .npz (arrays by input name), picture"
    )
    run.add_argument(
        "-o", "--output", type=Path, metavar="FILE.npz", help="write the outputs instead of a summary"
    )
    run.add_argument("--mean", type=_numbers, default=(0.0,), metavar="N[,N,N]", help=_PIXELS)
    run.add_argument("--scale", type=_numbers, default=(1.0,), metavar="N[,N,N]", help=_PIXELS)
    run.add_argument(
        "--layout", choices=["NCHW", "NHWC"], help="for pictures; else seen from the input's shape"
    )
    bench = _add(commands, "bench", "measure how fast a model is on this machine")
    bench.add_argument(
        "--runs", type=_count, default=0, metavar="N", help="timed runs; default: for --seconds"
    )
    bench.add_argument("--seconds", type=_seconds, default=3.0, metavar="S", help="default: %(default)s")
    bench.add_argument(
        "--warmup", type=_count, default=5, metavar="N", help="runs before; default: %(default)s"
    )
    bench.add_argument("--profile", action="store_true", help="show also the time of each kernel")
    selftest = _add(commands, "selftest", "run the artifact's own examples; exit status 5 where one differs")
    unpack = _add(commands, "unpack", "write an artifact as a folder, for one target, for programs in C")
    unpack.add_argument("folder", type=Path, metavar="FOLDER", help="a new folder")
    for command in (run, bench, selftest):
        command.add_argument(
            "--threads", type=_positive, metavar="N", help="default: all CPUs of this process"
        )
    return parser


_PIXELS = "for pictures: a value is (pixel - mean) * scale"


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, text: str
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    command.add_argument("artifact", type=Path, metavar="ARTIFACT", help="a .tar.gz or a folder")
    command.add_argument(
        "--target",
        metavar="NAME",
        help="of an artifact for several targets; default: the best for this machine",
    )
    command.add_argument("--json", action="store_true", help="print JSON instead of text")
    return command


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(_number(part, float, -math.inf) for part in text.split(","))


def _seconds(text: str) -> float:
    return _number(text, float, 0)


def _count(text: str) -> int:
    return _number(text, int, 0)


def _positive(text: str) -> int:
    return _number(text, int, 1)


def _number(text: str, kind: Callable[[str], N], least: float) -> N:
    """Of this kind, finite, and not below `least`; argparse's own text would name a Python function."""
    what = "a whole number" if kind is int else "a number"
    try:
        number = kind(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not {what}") from None
    if not least <= number < math.inf:
        bound = f", {least} or more" if math.isfinite(least) else ""
        raise argparse.ArgumentTypeError(f"{text}: {what} is expected{bound}")
    return number


if __name__ == "__main__":
    sys.exit(main())
