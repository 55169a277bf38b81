"""The progress bar of a compilation, shown only on a terminal."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

from neo_compiler.stages import STAGES, Observer, StageEvent


@contextlib.contextmanager
def progress(*, hidden: bool) -> Iterator[Observer]:
    """Yields an observer of stages that draws a bar on stderr, or does nothing where that is no terminal."""
    if hidden or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda _event: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = TextColumn("{task.description:<20}"), BarColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task("starting", total=len(STAGES))

        def observe(event: StageEvent) -> None:
            if event.seconds is None:
                bar.update(task, description=": ".join(event.path))
            elif len(event.path) == 1:
                bar.advance(task)

        yield observe
