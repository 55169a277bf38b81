from __future__ import annotations

from greengrass_sim.receipt import Receipt


def test_the_last_release_settles_once() -> None:
    settled: list[bool] = []
    receipt = Receipt(lambda: settled.append(True))
    assert receipt.hold() is receipt
    receipt.release()
    assert settled == []
    receipt.release()
    assert settled == [True]
