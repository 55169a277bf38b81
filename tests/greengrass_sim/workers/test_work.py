from __future__ import annotations

from greengrass_sim.receipt import Receipt
from greengrass_sim.workers.work import Outcome, Work


def test_a_second_attempt_repeats_only_what_the_first_did_not_publish() -> None:
    work = Work(None, b"")
    assert [work.is_repetition("a", b"1"), work.is_repetition("a", b"1"), work.is_repetition("b", b"2")] == [
        False
    ] * 3
    work.again()
    assert [work.is_repetition("a", b"1"), work.is_repetition("a", b"1")] == [True, True]
    assert not work.is_repetition("a", b"1")
    assert not work.is_repetition("c", b"3")
    work.again()
    assert all(work.is_repetition("a", b"1") for _ in range(3))
    assert work.is_repetition("b", b"2")
    assert work.is_repetition("c", b"3")


def test_settling_releases_the_receipt() -> None:
    settled: list[bool] = []
    Work(None, b"", Receipt(lambda: settled.append(True))).settle(Outcome())
    assert settled == [True]


def test_an_outcome_is_read_from_a_frame() -> None:
    assert Outcome.of({"id": "1"}, b"x") == Outcome(b"x")
    assert Outcome.of({"id": "1", "error": "E: x", "trace": "t"}, b"") == Outcome(b"", "E: x", "t")
