from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.greengrass_sim.brokers import KINDS


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("as_json", [True, False])
def test_a_short_run_is_complete(kind: str, as_json: bool) -> None:
    command = [sys.executable, "-m", "benchmarks.messages", "--broker", kind, "--requests", "500"]
    result = subprocess.run(
        [*command, *["--json"] * as_json], capture_output=True, text=True, timeout=100, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")
    if not as_json:
        assert result.stdout.startswith(f"{kind}: 500 QoS 1 requests each")
        return
    answer = json.loads(result.stdout)
    assert (answer["schema_version"], answer["broker"]) == (1, kind)
    for name in ("bare", "simulator"):
        row = answer[name]
        assert (row["requests"], row["lost"], row["doubled"]) == (500, 0, 0)
        assert 0 < row["median_ms"] <= row["p90_ms"] <= row["p99_ms"]
        assert row["rate"] > 0
