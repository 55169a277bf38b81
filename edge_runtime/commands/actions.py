"""What each command of `edge-runtime` does and answers."""

from __future__ import annotations

import json
import logging
import math
from argparse import Namespace
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from edge_runtime.artifact import open_artifact
from edge_runtime.commands.report import (
    describe,
    describe_bench,
    describe_choice,
    describe_outputs,
    describe_selftest,
)
from edge_runtime.errors import ExitCode
from edge_runtime.model import Model, load
from edge_runtime.package.verify import misfit

if TYPE_CHECKING:
    from edge_runtime.arrays import Array

log = logging.getLogger("edge_runtime")

JSON_VERSION = 1


@dataclass(frozen=True)
class Answer:
    """What goes to stdout, as JSON or as text, and the exit status."""

    document: dict[str, Any]
    text: Iterable[str]
    code: ExitCode = ExitCode.OK

    def lines(self, as_json: bool) -> Iterable[str]:
        """A JSON answer is one line."""
        if not as_json:
            return self.text
        return [json.dumps(_plain({"schema_version": JSON_VERSION, **self.document}), ensure_ascii=False)]


def info(options: Namespace) -> Answer:
    """Shows the manifest, also of an artifact for another machine."""
    artifact = open_artifact(options.artifact, fit=False, target=options.target)
    reason = misfit(artifact.manifest.target)
    document = {**asdict(artifact.manifest), "fits": reason is None, "misfit": reason}
    rows = artifact.choice.rows() if artifact.choice else []
    artifact.close()
    return Answer(
        {**document, "targets": rows}, [*describe_choice(rows), *describe(artifact.manifest, reason)]
    )


def run(options: Namespace) -> Answer:
    """Runs the model once."""
    from edge_runtime.commands.inputs import read_inputs
    from edge_runtime.commands.outputs import summarise, write_npz
    from edge_runtime.commands.pictures import PictureOptions

    pictures = PictureOptions(options.mean, options.scale, options.layout)
    with load(options.artifact, options.threads, options.target) as model:
        outputs = model.run(read_inputs(options.inputs, model.inputs, pictures))
    if options.output:
        write_npz(options.output, outputs)
        return Answer({"written": str(options.output)}, [str(options.output)])
    rows = summarise(outputs, model.manifest)
    return Answer({"outputs": rows}, describe_outputs(rows))


def bench(options: Namespace) -> Answer:
    """Measures load time, first run, and runs thereafter."""
    from edge_runtime.commands.bench import (
        BenchOptions,
        busy_warning,
        measure,
        measure_kernels,
        timed_load,
        timed_run,
    )

    if warning := busy_warning():
        log.warning(warning)
    wanted = BenchOptions(options.threads, options.warmup, options.runs, options.seconds)
    model, load_ms = timed_load(options.artifact, wanted.threads, options.target)
    with model:
        inputs = _bench_inputs(model)
        document: dict[str, Any] = {
            "load_ms": load_ms,
            "first_run_ms": timed_run(model, inputs),
            "threads": model.threads,
            "warmup": wanted.warmup,
            "run_ms": asdict(measure(model, inputs, wanted)),
            "memory_bytes": asdict(model.memory),
        }
        if options.profile:
            document["kernels"] = [asdict(row) for row in measure_kernels(model, inputs)]
    return Answer(document, describe_bench(document))


def selftest(options: Namespace) -> Answer:
    """Runs the artifact's examples."""
    from edge_runtime.commands.selftest import selftest as run_cases

    with load(options.artifact, options.threads, options.target) as model:
        results = run_cases(model)
    rows = [{**asdict(row), "passed": row.passed} for row in results]
    passed = all(row.passed for row in results)
    code = ExitCode.OK if passed else ExitCode.MISMATCH
    document = {"passed": passed, "target": model.manifest.target.name, "cases": rows}
    return Answer(document, describe_selftest(rows), code)


def unpack(options: Namespace) -> Answer:
    """Writes an artifact as a folder, for one target."""
    from edge_runtime.commands.unpack import unpack as write

    write(options.artifact, options.folder, options.target)
    return Answer({"written": str(options.folder)}, [str(options.folder)])


COMMANDS: dict[str, Callable[[Namespace], Answer]] = {
    "info": info,
    "run": run,
    "bench": bench,
    "selftest": selftest,
    "unpack": unpack,
}


def _plain(value: Any) -> Any:
    """JSON has no infinities and NaNs: they become text."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _bench_inputs(model: Model) -> dict[str, Array]:
    """The first of the artifact's own examples, since speed may depend on values."""
    from edge_runtime.commands.bench import seeded_inputs
    from edge_runtime.commands.selftest import cases

    examples = cases(model.artifact)
    if examples:
        return examples[0].inputs
    return seeded_inputs(model.inputs, {name: row.low for name, row in model.dimensions.items()})
