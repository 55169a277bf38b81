"""`python -m tests.third_party DIR [NAME ...]`: runs the samples whose checkouts lie below DIR."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.third_party.run import KEPT, Report, run_sample
from tests.third_party.samples import SAMPLES, Sample
from tests.third_party.sdk import VERSION, fetch_sdk

CACHE = Path(__file__).parents[2] / ".cache"
SHOWN = 8


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints a block for each sample; 1 when one did not do what it should, 2 when one is missing."""
    parser = argparse.ArgumentParser("python -m tests.third_party", description=__doc__)
    parser.add_argument(
        "folder", metavar="DIR", type=Path, help="a folder with checkouts of the repositories"
    )
    parser.add_argument("names", metavar="NAME", nargs="*", help="only samples whose names hold one of these")
    parser.add_argument("--sdk", type=Path, metavar="DIR", help=f"default: greengrasssdk {VERSION}, fetched")
    options = parser.parse_args(arguments)
    sdk = options.sdk or fetch_sdk(CACHE)
    chosen = [one for one in SAMPLES if not options.names or any(name in one.name for name in options.names)]
    results = {one.name: _try(one, options.folder.absolute(), sdk.absolute()) for one in chosen}
    print(f"\n{sum(code == 0 for code in results.values())} of {len(results)} ran as they should")
    return max(results.values(), default=0)


def _try(sample: Sample, root: Path, sdk: Path) -> int:
    print(f"\n== {sample.name}: {sample.file}", flush=True)
    with tempfile.TemporaryDirectory(prefix="third-party-") as folder:
        try:
            report = run_sample(sample, root, sdk, Path(folder))
        except FileNotFoundError as error:
            print(f"missing    {error}")
            return 2
        except AssertionError as error:
            print(f"FAILED     it did not start:\n{error}")
            return 1
    _show(report)
    return 1 if report.missing else 0


def _show(report: Report) -> None:
    print(f"sha256     {report.sha256}, unmodified")
    published = [
        f"{topic}  {payload.decode(errors='backslashreplace')}" for topic, payload in report.published
    ]
    for head, lines in (("published", published), ("logged", report.logged), ("raised", report.raised)):
        shown = lines[: SHOWN - 1] + lines[-1:] if len(lines) > SHOWN else lines
        for line in shown:
            print(f"{head:<10} {line[:200]}")
        if len(lines) > SHOWN:
            print(f"{head:<10} ({len(lines)} in all)")
    for topic, count in report.counts.items():
        if count > KEPT:
            print(f"published  {count} on {topic}")
    for text in report.missing:
        print(f"FAILED     {text}")
    if not report.missing:
        print("ok", flush=True)


if __name__ == "__main__":
    sys.exit(main())
