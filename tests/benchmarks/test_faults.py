from __future__ import annotations

import json
import subprocess
import sys

from tests.greengrass_sim.brokers import needs_mosquitto


@needs_mosquitto
def test_no_request_is_lost_under_faults() -> None:
    options = ("--requests", "4000", "--kill-every", "0.7", "--restarts", "2", "--json")
    command = [sys.executable, "-m", "benchmarks.faults", *options]
    result = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    answer = json.loads(result.stdout)
    assert (answer["requests"], answer["answered"], answer["broker_restarts"]) == (4000, 4000, 2)
    assert answer["workers_killed"] > 0
    # What was under way when the broker ended may come again: a hundred requests and their answers each time.
    assert answer["doubled"] <= 2 * 200
