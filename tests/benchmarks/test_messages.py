from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.greengrass_sim.brokers import KINDS


def run(kind: str, *options: str) -> str:
    command = [sys.executable, "-m", "benchmarks.messages", "--broker", kind, "--requests", "500", *options]
    result = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


def test_the_table() -> None:
    assert run("embedded", "--cold", "1").startswith("embedded: 500 QoS 1 requests each")


@pytest.mark.parametrize("kind", KINDS)
def test_a_short_run_is_complete(kind: str) -> None:
    answer = json.loads(run(kind, "--seconds", "1", "--cold", "2", "--json"))
    assert (answer["schema_version"], answer["broker"]) == (2, kind)
    for name in ("bare", "device", "cloud"):
        row = answer[name]
        assert (row["requests"], row["lost"], row["doubled"]) == (500, 0, 0)
        assert 0 < row["median_ms"] <= row["p90_ms"] <= row["p99_ms"]
        assert row["rate"] > 0
    assert answer["bare"]["rate_ratio"] == 1
    assert len(answer["cold_ms"]) == 2
    assert min(answer["cold_ms"]) > answer["device"]["median_ms"]
    sustained = answer["sustained"]
    assert (sustained["lost"], sustained["doubled"]) == (0, 0)
    assert sustained["requests"] > 100
