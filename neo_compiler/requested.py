"""The targets that options ask for."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from edge_runtime.errors import ArtifactError
from edge_runtime.package.verify import check_fit
from neo_compiler.errors import TargetError, UsageError
from neo_compiler.native.toolchain.system import system_compiler
from neo_compiler.options import CompileOptions
from neo_compiler.package.variants import preference
from neo_compiler.parts.describe import target_needs
from neo_compiler.target import Precision, Target, find_target
from neo_compiler.target.neo import with_options


def requested_target(options: CompileOptions) -> Target:
    """The first target, as the other options change it.

    Raises TargetError for an unknown one, a missing compiler, and code to be tuned that this machine cannot
    run; UsageError for a precision that the target does not have.
    """
    target = with_options(find_target(options.target, options.target_file), options.compiler_options)
    if options.cross_compiler:
        target = replace(target, compiler=options.cross_compiler)
    if target.compiler:
        system_compiler(target)
    if options.precision is not Precision.FP32:
        if not target.gpu:
            raise UsageError(
                f"--precision {options.precision} is for targets with a GPU, and {target.name} has none: "
                "leave it out, CPUs compute in fp32"
            )
        target = replace(target, precision=options.precision)
    if options.tune is not None:
        _require_here(target)
    return target


def requested_targets(options: CompileOptions) -> list[Target]:
    """All of them, the most demanding first; raises as `requested_target`.

    UsageError also where a target is named twice, or compiler options are given, which are for one CPU.
    """
    if options.compiler_options or options.cross_compiler:
        raise UsageError(
            "compiler options and a cross compiler are for one CPU: give one target, or a target file"
        )
    names = (options.target, *options.further_targets)
    targets = [requested_target(replace(options, target=name)) for name in names]
    for name, count in Counter(target.name for target in targets).items():
        if count > 1:
            raise UsageError(f"target {name} is named {count} times")
        if not re.fullmatch(r"[A-Za-z0-9_][-A-Za-z0-9_.]*", name):
            raise UsageError(
                f"target {name!r}: beside others its name may hold letters, digits, -, _ and . only"
            )
    return sorted(targets, key=preference)


def _require_here(target: Target) -> None:
    if target.gpu:
        raise TargetError("kernels for GPUs are not tuned yet: leave out --tune")
    try:
        check_fit(target_needs(target))
    except ArtifactError as error:
        raise TargetError(f"the code cannot be tuned on this machine: {error}") from error
