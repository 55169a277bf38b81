"""What an archive of torch.export may hold so that opening it runs no code of its own.

PyTorch resolves operators by their dotted names, evaluates symbolic sizes as Python, and unpickles what is
marked so. Everything is refused here that is not known to be harmless.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from neo_compiler.errors import ModelError

MEMBER = re.compile(
    r"(?:[^/]+/)?(?:archive_format|archive_version|byteorder|version|\.format_version|\.storage_alignment"
    r"|\.data/\w+|models/[\w.-]+\.json|data/weights/[\w.-]+|data/constants/[\w.-]+|data/sample_inputs/[\w.-]+"
    r"|extra/.*)"
)
OPERATOR = re.compile(
    r"torch\.ops\.(?:aten|prims|higher_order|quantized_decomposed|torchvision)\.(?!__)\w+(?:\.(?!__)\w+)?"
    r"|torch\.ops\.aten\.__(?:and|or|xor|lshift|rshift)__\.\w+"
    r"|_operator\.(?:add|sub|mul|floordiv|truediv|mod|neg|pow|eq|ne|lt|le|gt|ge|getitem|and_|or_|not_|pos|index)"
    r"|math\.(?!_)\w+|torch\.sym_\w+|torch\._sym_sqrt"
)
WORD = re.compile(r"'[^']*'|[A-Za-z_]\w*")
SYMBOL = re.compile(r"'?z?u?f?[suf]\d+'?")
FUNCTIONS = """
Add And CeilDiv CeilToInt CleanDiv Eq Equality Float FloatPow FloatTrueDiv FloorDiv FloorToInt Ge GreaterThan
Gt Identity IntTrueDiv Integer Le LessThan Lt Max Min Mod ModularIndexing Mul Ne Not Or Pow PowByNatural
PythonMod Rational RoundToInt StrictGreaterThan StrictLessThan Symbol ToFloat TruncToInt Unequality Where
ceiling floor
"""
FLAGS = "True False commutative integer negative nonnegative positive precision real"
WORDS = frozenset(f"{FUNCTIONS} {FLAGS}".split())
SIGNS = re.compile(r"[\d\s(),=+*/<>%-]*")
NUMBER = re.compile(r"\d+\.\d*(?:e[+-]?\d+)?|'-?\d+\.\d*(?:e[+-]?\d+)?'")


def check_harmless(path: Path) -> None:
    """Raise ModelError naming the first thing in the archive `path` that could run code or is unknown."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if not MEMBER.fullmatch(name):
                raise _refusal(path, f"its member {name}")
            if name.endswith(".json"):
                for reason in _suspects(_parsed(path, archive.read(name))):
                    raise _refusal(path, reason)


def _refusal(path: Path, reason: str) -> ModelError:
    return ModelError(
        f"{path} is refused: {reason} may run code when it is opened; if you trust where the file comes "
        "from, add --trust"
    )


def _parsed(path: Path, content: bytes) -> Any:
    try:
        return json.loads(content)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ModelError(f"{path} is damaged: it is an archive of PyTorch with unreadable JSON") from error


def _suspects(content: Any) -> Iterator[str]:
    """What is not known to be harmless, each as a phrase."""
    stack = [content]
    while stack:
        entry = stack.pop()
        if isinstance(entry, list):
            stack.extend(entry)
        elif isinstance(entry, dict):
            stack.extend(entry.values())
            for key, value in entry.items():
                if key in CHECKS and isinstance(value, str) and not CHECKS[key](value):
                    yield f"its {key} {value[:80]!r}"
            if entry.get("use_pickle") and "path_name" in entry:
                yield f"its pickled tensor {entry['path_name']!r}"


def _is_operator(text: str) -> bool:
    return OPERATOR.fullmatch(text) is not None


def _is_size(text: str) -> bool:
    words = WORD.findall(NUMBER.sub("", text))
    rest = WORD.sub("", NUMBER.sub("", text))
    return (
        all(word in WORDS or SYMBOL.fullmatch(word) for word in words) and SIGNS.fullmatch(rest) is not None
    )


def _is_plain_structure(text: str) -> bool:
    return "default_factory" not in text and "__enum__" not in text


CHECKS = {
    "target": _is_operator,
    "as_operator": _is_operator,
    "expr_str": _is_size,
    "in_spec": _is_plain_structure,
    "out_spec": _is_plain_structure,
}
