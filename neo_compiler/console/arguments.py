"""The commands of `neo` and their arguments."""

from __future__ import annotations

from neo_compiler.console.command import Argument, Command

FORMATS = """MODEL, recognised by its content, not by its name:
  ONNX
  PyTorch, as torch.export.save writes it        pip install 'neo-edge[torch]'
  PyTorch, pickled (.pt, .pth): with --trust     pip install 'neo-edge[torch]'
  TensorFlow SavedModel, Keras, TensorFlow Lite  pip install 'neo-edge[tensorflow]'
  XGBoost (.json, .ubj), LightGBM (.txt)
  scikit-learn, pickled: with --trust            pip install 'neo-edge[sklearn]'
Where the packages are missing, the exit code is 4.
"""

TRUST = Argument(
    "--trust",
    action="store_true",
    help="open the model even if its format can run code of its own, as pickled PyTorch files do",
)
TARGET_FILE = Argument(
    "--target-file",
    metavar="FILE",
    help="a TOML table of further targets; those of ~/.config/neo-edge/devices.toml are always there",
)
JSON = Argument("--json", action="store_true", help="print JSON")

TARGET = (
    Argument(
        "--target",
        action="append",
        metavar="NAME",
        help="see `neo targets`; default: host; repeated, one artifact is for several targets",
    ),
    Argument(
        "--target-platform",
        metavar="JSON",
        help='a platform as SageMaker Neo names it, for example \'{"Os": "LINUX", "Arch": "ARM64"}\'',
    ),
    Argument(
        "--compiler-options",
        default="{}",
        metavar="JSON",
        help='mcpu and mattr of the target, for example \'{"mcpu": "cortex-a73", "mattr": ["+neon"]}\'',
    ),
    Argument(
        "--cross-compiler",
        default="",
        metavar="CC",
        help="a C compiler of this system that links for the target instead of ziglang, for example "
        "aarch64-linux-gnu-gcc; the device's C library must not be older than the compiler's",
    ),
    TARGET_FILE,
)

SIZES = (
    Argument(
        "--input-shape",
        action="append",
        default=[],
        metavar="NAME:SIZES",
        help="the shape of an input, for example x:1,3,224,224; a size may be a range, x:1..8,3,224,224, or "
        "a list, x:[1,4,8],3,224,224; may be repeated",
    ),
    Argument(
        "--dim",
        action="append",
        default=[],
        metavar="NAME=SIZES",
        help="the sizes of a dimension that the model names, for example sequence=1..128; may be repeated",
    ),
)

FALLBACK = (
    Argument(
        "--fallback",
        choices=("never", "parts", "whole"),
        default="parts",
        help="what onnxruntime may run on the device where no native code exists: nothing, parts of the "
        "model, or even all of it; default: parts",
    ),
    Argument("--no-fallback", action="store_const", const="never", dest="fallback", help="= never"),
)

PRECISION = Argument(
    "--precision",
    choices=("fp32", "tf32", "fp16"),
    default="fp32",
    help="what a GPU may round the factors of products and convolutions to, for its tensor cores; default: "
    "fp32, which is exact",
)

DUMP = Argument(
    "--dump",
    metavar="DIR",
    help="write the model after each step of its preparation to DIR/NN-<step>.onnx",
)

PAGE = Argument("--page", metavar="FILE", help="write the report as an HTML page, too")

COMPARISON = (
    Argument(
        "--tolerance",
        type=float,
        metavar="X",
        help="largest difference from onnxruntime, relative to an output's largest magnitude; default: 1e-4, "
        "1e-2 with --precision tf32 or fp16",
    ),
    Argument("--seed", type=int, default=0, metavar="N", help="of the inputs to compare on; default: 0"),
)

VERBOSITY = (
    Argument("--json", action="store_true", help="print the report as JSON"),
    Argument("--quiet", action="store_true", help="print nothing but the answer and errors"),
)

COMMANDS = (
    Command(
        "compile",
        "compile a model into an artifact",
        "Compile MODEL, compare it with onnxruntime, and write the artifact.",
        (
            Argument("model", metavar="MODEL", help="a model of a format that is listed below"),
            TRUST,
            *TARGET,
            *SIZES,
            Argument(
                "-o",
                "--output",
                metavar="OUT",
                help="a .tar.gz file or a new folder; default: <model>-<target>.tar.gz in the current folder",
            ),
            Argument(
                "--require-verified",
                action="store_true",
                help="write nothing where the code can be executed neither here nor in an emulator",
            ),
            Argument(
                "--tune",
                type=float,
                metavar="SECONDS",
                help="measure kernels on this machine for so long and keep the records; "
                "0: use earlier records",
            ),
            PRECISION,
            FALLBACK,
            *COMPARISON,
            DUMP,
            PAGE,
            *VERBOSITY,
        ),
        FORMATS,
    ),
    Command("targets", "list the targets", "List the targets.", (TARGET_FILE, JSON)),
    Command(
        "inspect",
        "show what is in a model or an artifact",
        "Show inputs, outputs, operators and sizes of a model or of an artifact.",
        (Argument("path", metavar="MODEL|ARTIFACT"), TRUST, JSON),
    ),
    Command(
        "verify",
        "compare an artifact with its model again",
        "Run ARTIFACT and, in onnxruntime, MODEL on the same seeded inputs and compare.",
        (
            Argument("artifact", metavar="ARTIFACT"),
            Argument("model", metavar="MODEL"),
            TRUST,
            Argument(
                "--layers",
                action="store_true",
                help="where results differ, compile parts of the model until the first node that differs "
                "is found",
            ),
            TARGET_FILE,
            *COMPARISON,
            *VERBOSITY,
        ),
    ),
)
