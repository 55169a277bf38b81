from __future__ import annotations

import pytest

from neo_compiler.stages import StageEvent, Stages


def test_stages_nest_and_are_observed() -> None:
    events: list[StageEvent] = []
    stages = Stages(events.append)
    with stages("lower"), stages("fuse"):
        pass
    assert [(event.path, event.seconds is None) for event in events] == [
        (("lower",), True),
        (("lower", "fuse"), True),
        (("lower", "fuse"), False),
        (("lower",), False),
    ]
    assert list(stages.times) == [("lower",), ("lower", "fuse")]
    assert stages.times["lower",] >= stages.times["lower", "fuse"] >= 0


def test_a_stage_that_runs_twice_has_the_sum() -> None:
    seconds: list[float] = []
    stages = Stages(lambda event: seconds.append(event.seconds or 0.0))
    for _ in range(2):
        with stages("build"):
            pass
    assert stages.times["build",] == pytest.approx(sum(seconds))


def test_a_stage_that_fails_has_no_time() -> None:
    stages = Stages()
    with pytest.raises(RuntimeError), stages("build"):
        raise RuntimeError
    assert stages.times == {}
    with stages("verify"):
        pass
    assert list(stages.times) == [("verify",)]
