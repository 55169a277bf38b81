"""The best of a few schedules for each kernel, by measuring, within a given time."""

from __future__ import annotations

import time
from functools import partial

import tvm

from neo_compiler.stages import Stages
from neo_compiler.target import Target
from neo_compiler.tune.circumstances import circumstances
from neo_compiler.tune.judge import contest
from neo_compiler.tune.measure import Measurer, TimeUp
from neo_compiler.tune.outcome import Found, Tuning
from neo_compiler.tune.records import Records, open_records
from neo_compiler.tune.survey import Kernel, footprint, survey
from neo_compiler.tune.trial import Subject
from neo_compiler.tune.verdict import Verdict


def tune(module: tvm.IRModule, target: Target, seconds: float, stages: Stages | None = None) -> Tuning:
    """Choose a schedule for each kernel of the unscheduled `module`, measuring for at most `seconds`.

    Kernels that have a record are not measured again; each new record is on disk before the next kernel.
    With 0 seconds, records alone decide.
    """
    start, stages = time.monotonic(), stages or Stages()
    kernels, washed = survey(module, target), footprint(module)
    found: list[Found] = []
    with open_records(circumstances(target)) as records, Measurer(target, start + seconds) as measurer:
        for number, kernel in enumerate(kernels, 1):
            with stages(f"{number} of {len(kernels)}: {kernel.name}"):
                row = _look_up(kernel, records) or _measure(kernel, washed, records, measurer)
            found += [row] if row else []
        taken = time.monotonic() - start
        return Tuning(tuple(found), len(kernels) - len(found), taken, str(records.path), tuple(records.notes))


def _look_up(kernel: Kernel, records: Records) -> Found | None:
    """What is known: just before it would be measured, since others may have done that meanwhile."""
    verdict = records.find(kernel.key, kernel.shapes)
    if verdict is None or verdict.chosen not in kernel.candidates:
        return None
    return _found(kernel, verdict, measured=False)


def _measure(kernel: Kernel, washed: int, records: Records, measurer: Measurer) -> Found | None:
    """What measuring finds, or None where the time is up."""
    subject = Subject(tvm.ir.save_json(kernel.function), kernel.weights, washed)
    try:
        verdict = contest(partial(measurer, subject), kernel.candidates)
    except TimeUp:
        return None
    if verdict.chosen_ms is not None:  # else the fault may be the machine's, and gone the next time
        records.keep(kernel.key, kernel.shapes, verdict)
    return _found(kernel, verdict, measured=True)


def _found(kernel: Kernel, verdict: Verdict, *, measured: bool) -> Found:
    return Found(
        kernel=kernel.name,
        calls=kernel.calls,
        analytic=kernel.candidates[0],
        chosen=verdict.chosen,
        analytic_ms=verdict.analytic_ms,
        chosen_ms=verdict.chosen_ms,
        measured=measured,
    )
