"""The command line `neo`. Nothing heavy is imported before the arguments are understood."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

EPILOG = """exit codes:
  0  done                         4    target unknown, or a tool is missing
  1  a bug of neo                 5    outputs differ from the reference
  2  wrong usage                  6    artifact damaged, or not for this machine
  3  model invalid, unsupported   130  interrupted
"""

FORMATS = """MODEL, recognised by its content, not by its name:
  ONNX
  PyTorch, as torch.export.save writes it        pip install 'neo-edge[torch]'
  PyTorch, pickled (.pt, .pth): with --trust     pip install 'neo-edge[torch]'
  TensorFlow SavedModel, Keras, TensorFlow Lite  pip install 'neo-edge[tensorflow]'
  XGBoost (.json, .ubj), LightGBM (.txt)
  scikit-learn, pickled: with --trust            pip install 'neo-edge[sklearn]'
Where the packages are missing, the exit code is 4.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; `argv` defaults to the program's arguments."""
    arguments = build_parser().parse_args(argv)
    try:
        from neo_compiler.shell import run

        return run(arguments, program=argv is None)
    except KeyboardInterrupt:  # while the above was imported; `run` deals with the rest
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
    _add_compile(commands)
    _add_targets(commands)
    _add_inspect(commands)
    _add_verify(commands)
    return parser


def _add_compile(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser(
        "compile",
        help="compile a model into an artifact",
        description="Compile MODEL, compare it with onnxruntime, and write the artifact.",
        epilog=FORMATS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("model", metavar="MODEL", help="a model of a format that is listed below")
    _add_trust(command)
    _add_target(command)
    command.add_argument(
        "--input-shape",
        action="append",
        default=[],
        metavar="NAME:SIZES",
        help="the shape of an input, for example x:1,3,224,224; a size may be a range, x:1..8,3,224,224, or "
        "a list, x:[1,4,8],3,224,224; may be repeated",
    )
    command.add_argument(
        "--dim",
        action="append",
        default=[],
        metavar="NAME=SIZES",
        help="the sizes of a dimension that the model names, for example sequence=1..128; may be repeated",
    )
    command.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        help="a .tar.gz file or a new folder; default: <model>-<target>.tar.gz in the current folder",
    )
    command.add_argument(
        "--require-verified",
        action="store_true",
        help="write nothing where the code can be executed neither here nor in an emulator",
    )
    command.add_argument(
        "--tune",
        type=float,
        metavar="SECONDS",
        help="measure kernels on this machine for so long and keep the records; 0: use earlier records",
    )
    choice = command.add_mutually_exclusive_group()
    choice.add_argument(
        "--fallback",
        choices=("never", "parts", "whole"),
        default="parts",
        help="what onnxruntime may run on the device where no native code exists: nothing, parts of the "
        "model, or even all of it; default: parts",
    )
    choice.add_argument("--no-fallback", action="store_const", const="never", dest="fallback", help="= never")
    _add_comparison(command)
    _add_verbosity(command)


def _add_targets(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("targets", help="list the targets", description="List the targets.")
    _add_target_file(command)
    command.add_argument("--json", action="store_true", help="print JSON")


def _add_target(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--target",
        action="append",
        metavar="NAME",
        help="see `neo targets`; default: host; repeated, one artifact is for several targets",
    )
    command.add_argument(
        "--target-platform",
        metavar="JSON",
        help='a platform as SageMaker Neo names it, for example \'{"Os": "LINUX", "Arch": "ARM64"}\'',
    )
    command.add_argument(
        "--compiler-options",
        default="{}",
        metavar="JSON",
        help='mcpu and mattr of the target, for example \'{"mcpu": "cortex-a73", "mattr": ["+neon"]}\'',
    )
    command.add_argument(
        "--cross-compiler",
        default="",
        metavar="CC",
        help="a C compiler of this system that links for the target instead of ziglang, for example "
        "aarch64-linux-gnu-gcc; the device's C library must not be older than the compiler's",
    )
    _add_target_file(command)


def _add_trust(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--trust",
        action="store_true",
        help="open the model even if its format can run code of its own, as pickled PyTorch files do",
    )


def _add_target_file(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--target-file",
        metavar="FILE",
        help="a TOML table of further targets; those of ~/.config/neo-edge/devices.toml are always there",
    )


def _add_inspect(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser(
        "inspect",
        help="show what is in a model or an artifact",
        description="Show inputs, outputs, operators and sizes of a model or of an artifact.",
    )
    command.add_argument("path", metavar="MODEL|ARTIFACT")
    _add_trust(command)
    command.add_argument("--json", action="store_true", help="print JSON")


def _add_verify(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser(
        "verify",
        help="compare an artifact with its model again",
        description="Run ARTIFACT and, in onnxruntime, MODEL on the same seeded inputs and compare.",
    )
    command.add_argument("artifact", metavar="ARTIFACT")
    command.add_argument("model", metavar="MODEL")
    _add_trust(command)
    command.add_argument(
        "--layers",
        action="store_true",
        help="where results differ, compile parts of the model until the first node that differs is found",
    )
    _add_target_file(command)
    _add_comparison(command)
    _add_verbosity(command)


def _add_comparison(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--tolerance",
        type=float,
        default=1e-4,
        metavar="X",
        help="largest difference from onnxruntime, relative to an output's largest magnitude; default: 1e-4",
    )
    command.add_argument(
        "--seed", type=int, default=0, metavar="N", help="of the inputs to compare on; default: 0"
    )


def _add_verbosity(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print the report as JSON")
    command.add_argument("--quiet", action="store_true", help="print nothing but the answer and errors")


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
