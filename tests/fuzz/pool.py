"""Mutants by kind, seed and number, tried in several processes."""

from __future__ import annotations

import functools
import multiprocessing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from tests.fuzz.artifacts import Files, artifact_mutant, seed_artifacts
from tests.fuzz.models import model_mutant
from tests.fuzz.trial import Limits, Trial, compile_trial, load_trial, prepare

PER_WORKER = 200  # mutants; what a worker leaks goes with it


@dataclass(frozen=True)
class Mutant:
    """`kind` is "model" or "artifact"; kind, seed and number tell all of its bytes."""

    kind: str
    seed: int
    number: int

    def content(self) -> bytes:
        """Its bytes."""
        random = Random(f"{self.kind} {self.seed} {self.number}")
        return model_mutant(random) if self.kind == "model" else artifact_mutant(_artifacts(), random)


def try_all(mutants: Sequence[Mutant], jobs: int, limits: Limits) -> Iterator[tuple[Mutant, Trial]]:
    """The trial of each mutant, in the order in which they end."""
    artifacts = _artifacts() if any(mutant.kind == "artifact" for mutant in mutants) else []
    context = multiprocessing.get_context("spawn")
    with context.Pool(jobs, _begin, (artifacts,), maxtasksperchild=PER_WORKER) as pool:
        yield from pool.imap_unordered(functools.partial(_try, limits), mutants)


def _try(limits: Limits, mutant: Mutant) -> tuple[Mutant, Trial]:
    trial = compile_trial if mutant.kind == "model" else load_trial
    return mutant, trial(mutant.content(), limits)


def _begin(artifacts: list[Files]) -> None:
    _made.extend(artifacts)
    prepare()


_made: list[Files] = []


def _artifacts() -> list[Files]:
    if not _made:
        _made.extend(seed_artifacts())
    return _made
