"""A report as a page for a browser: one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path

from edge_runtime.manifest import Manifest, Part
from neo_compiler.package.output import write_whole
from neo_compiler.package_report import PackageReport
from neo_compiler.report import Report

STYLE = """body { font: 15px/1.5 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; color: #222 }
table { border-collapse: collapse; margin: 1em 0 }
td, th { border-bottom: 1px solid #ddd; padding: .3em 1em .3em 0; text-align: left; vertical-align: top }
ol { list-style: none; display: flex; flex-wrap: wrap; gap: 2em; padding: 0 }
li { border: 2px solid; border-radius: .5em; padding: .6em 1em; max-width: 20em; position: relative }
li + li::before { content: "\\2192"; position: absolute; left: -1.7em; top: .5em; color: #222 }
.native { border-color: #2a7d46; background: #eef8f1 }
.onnxruntime { border-color: #b4691f; background: #fdf4ea }
"""


def write_page(report: Report | PackageReport, path: Path) -> None:
    """Write the page; until it is whole, nothing is at `path`. Raises OutputError."""
    write_whole(path, page(report).encode("utf-8", errors="replace"))


def page(report: Report | PackageReport) -> str:
    """The HTML of a report: what was made, which part runs where and why, differences, times."""
    reports = report.reports if isinstance(report, PackageReport) else (report,)
    title = escape(report.path.name)
    body = "\n".join(line for one in reports for line in _sections(one))
    return (
        f'<!DOCTYPE html>\n<html lang="en"><meta charset="utf-8"><title>{title}</title>\n'
        f"<style>\n{STYLE}</style>\n<h1>{title}</h1>\n{body}\n</html>\n"
    )


def _sections(report: Report) -> Iterator[str]:
    manifest = report.manifest
    yield f"<h2>{escape(manifest.model.name)} for {escape(manifest.target.name)}</h2>"
    yield _table((), report.rows())
    yield "<h3>Which node runs where</h3>"
    yield f"<ol>{''.join(_boxes(manifest))}</ol>"
    reasons = [(part.path, name, why) for part in manifest.parts for name, why in part.reasons.items()]
    if reasons:
        yield _table(("part", "operator", "why it is not native"), reasons)
    if report.checks:
        yield "<h3>Outputs beside the reference</h3>"
        rows = [(row.name, f"{row.difference:.1e}", f"{row.tolerance:.1e}") for row in report.checks]
        yield _table(("output", "difference", "allowed"), rows)
    yield "<h3>Time</h3>"
    times = [(" / ".join(stage), f"{seconds:.2f} s") for stage, seconds in report.seconds.items()]
    yield _table(("stage", ""), times)


def _boxes(manifest: Manifest) -> Iterator[str]:
    """The parts in the order in which they run; a model that is not cut is one."""
    for part in manifest.parts:
        yield _box(part.backend, part.nodes, part.operators, _tensors(part))
    for row in manifest.placement if not manifest.parts else ():
        yield _box(row.backend, row.nodes, row.operators, "")


def _box(backend: str, nodes: int, operators: Mapping[str, int], tensors: str) -> str:
    names = ", ".join(f"{name} {count}" for name, count in operators.items())
    lines = (f"<b>{escape(backend)}</b>, {nodes} node{'s' if nodes != 1 else ''}", escape(names), tensors)
    return f'<li class="{escape(backend)}">{"<br>".join(filter(None, lines))}</li>'


def _tensors(part: Part) -> str:
    names = (", ".join(spec.name for spec in specs) for specs in (part.inputs, part.outputs))
    return escape(" → ".join(names))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [_row("th", head)] if head else []
    return f"<table>{''.join([*lines, *(_row('td', row) for row in rows)])}</table>"


def _row(cell: str, texts: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{cell}>{escape(text)}</{cell}>' for text in texts)}</tr>"
