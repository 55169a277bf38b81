from __future__ import annotations

from itertools import combinations

import hypothesis.strategies as st
from hypothesis import given, settings

from neo_compiler.native.memory import ALIGNMENT, Lifetime, aligned, assign_offsets


@st.composite
def lifetimes(draw: st.DrawFn) -> Lifetime:
    first = draw(st.integers(0, 30))
    return Lifetime(draw(st.integers(1, 5000)), first, first + draw(st.integers(0, 12)))


def most_alive(values: list[Lifetime]) -> int:
    """The largest sum of aligned sizes that exists at one step: no plan can be smaller."""
    steps = {value.first for value in values}
    return max(
        (sum(aligned(v.nbytes) for v in values if v.first <= step <= v.last) for step in steps), default=0
    )


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.lists(lifetimes(), max_size=40))
def test_values_alive_at_once_never_overlap(values: list[Lifetime]) -> None:
    offsets, size = assign_offsets(values)
    assert len(offsets) == len(values)
    placed = list(zip(offsets, values, strict=True))
    assert all(offset % ALIGNMENT == 0 and offset >= 0 for offset in offsets)
    assert all(offset + value.nbytes <= size for offset, value in placed)
    for (a, one), (b, other) in combinations(placed, 2):
        if one.overlaps(other):
            assert a + one.nbytes <= b or b + other.nbytes <= a


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.lists(lifetimes(), max_size=40))
def test_the_arena_is_neither_too_small_nor_wasteful(values: list[Lifetime]) -> None:
    _, size = assign_offsets(values)
    assert most_alive(values) <= size <= sum(aligned(value.nbytes) for value in values)


@settings(deadline=None, derandomize=True)
@given(st.lists(lifetimes(), max_size=20))
def test_the_same_values_get_the_same_places(values: list[Lifetime]) -> None:
    assert assign_offsets(values) == assign_offsets(list(values))


def test_a_chain_needs_two_buffers() -> None:
    chain = [Lifetime(1000, step, step + 1) for step in range(20)]
    assert assign_offsets(chain)[1] == 2 * aligned(1000)


def test_what_fits_between_two_others_lies_there() -> None:
    large, before, after = Lifetime(4096, 0, 9), Lifetime(2048, 0, 3), Lifetime(1024, 6, 9)
    middle = Lifetime(512, 4, 5)
    offsets, size = assign_offsets([large, before, after, middle])
    assert size == 4096 + 2048
    assert offsets[3] >= 4096


def test_lifetimes_include_both_ends() -> None:
    assert Lifetime(1, 0, 3).overlaps(Lifetime(1, 3, 5))
    assert not Lifetime(1, 0, 3).overlaps(Lifetime(1, 4, 5))


def test_sizes_are_rounded_up_to_cache_lines() -> None:
    assert [aligned(nbytes) for nbytes in (0, 1, 64, 65)] == [0, 64, 64, 128]


def test_nothing_needs_nothing() -> None:
    assert assign_offsets([]) == ([], 0)
