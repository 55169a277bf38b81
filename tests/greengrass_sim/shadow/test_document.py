"""Merge, difference and metadata, over all JSON that hypothesis can think of."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greengrass_sim.shadow.document import Document, Section, difference, pick, stamp

SETTINGS = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
NAMES = st.sampled_from(["a", "b", "timestamp", "é"])
LEAVES = st.one_of(
    st.booleans(),
    st.integers(-2, 2),
    st.floats(-2, 2),
    st.text(max_size=2),
    st.lists(st.integers(0, 1), max_size=2),
)


def trees(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        st.dictionaries(NAMES, leaves, max_size=3),
        lambda inner: st.dictionaries(NAMES, leaves | inner, max_size=3),
        max_leaves=12,
    )


STATES = trees(LEAVES)
PATCHES = trees(LEAVES | st.none())


def section(state: dict[str, Any], now: int = 1) -> Section:
    return Section().merge(state, now)


def paths(tree: Any, prefix: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """Every leaf, and every empty object, by its path."""
    if isinstance(tree, dict) and tree:
        return {
            path: leaf for key, inner in tree.items() for path, leaf in paths(inner, (*prefix, key)).items()
        }
    return {prefix: tree}


@SETTINGS
@given(STATES, STATES)
def test_the_delta_applied_to_reported_gives_desired(
    desired: dict[str, Any], reported: dict[str, Any]
) -> None:
    delta = difference(desired, reported)
    merged = section(reported).merge(delta, 2).state
    assert difference(desired, merged) == {}
    untouched = {path: leaf for path, leaf in paths(reported).items() if not covers(desired, path)}
    assert all(at(merged, path) == leaf for path, leaf in untouched.items())


def covers(tree: Any, path: tuple[str, ...]) -> bool:
    """Whether `tree` says anything at `path` or on the way to it."""
    for key in path:
        if not isinstance(tree, dict):
            return True
        if key not in tree:
            return False
        tree = tree[key]
    return True


@SETTINGS
@given(STATES)
def test_equal_states_have_no_delta(state: dict[str, Any]) -> None:
    assert difference(state, state) == {}
    assert Document(section(state), section(state)).delta is None


@SETTINGS
@given(STATES, PATCHES)
def test_an_update_is_idempotent_and_leaves_no_null(state: dict[str, Any], patch: dict[str, Any]) -> None:
    once = section(state).merge(patch, 2)
    assert once.merge(patch, 2) == once
    assert None not in paths(once.state).values()


@SETTINGS
@given(STATES, PATCHES)
def test_what_the_patch_does_not_name_stays(state: dict[str, Any], patch: dict[str, Any]) -> None:
    merged = section(state).merge(patch, 2)
    assert {key: merged.state[key] for key in state.keys() - patch.keys()} == {
        key: state[key] for key in state.keys() - patch.keys()
    }
    before = section(state).metadata
    assert all(merged.metadata[key] == before[key] for key in state.keys() - patch.keys())


@SETTINGS
@given(STATES, PATCHES)
def test_metadata_has_the_shape_of_the_state(state: dict[str, Any], patch: dict[str, Any]) -> None:
    merged = section(state).merge(patch, 2)
    assert shape(merged.state, stamped=False) == shape(merged.metadata, stamped=True, like=merged.state)
    for path, leaf in paths(patch).items():
        if leaf is not None and leaf != {}:
            assert stamp(leaf, 2) == at(merged.metadata, path)


def shape(tree: Any, stamped: bool, like: Any = None) -> Any:
    """Objects and arrays without their values; `like`, the state, tells what of the metadata is a value's."""
    like = tree if like is None else like
    if isinstance(like, dict):
        assert tree.keys() == like.keys()
        return {key: shape(tree[key], stamped, like[key]) for key in like}
    if isinstance(like, list):
        return [shape(one, stamped, other) for one, other in zip(tree, like, strict=True)]
    assert not stamped or tree.keys() == {"timestamp"}
    return "value"


def at(tree: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        tree = tree[key]
    return tree


@SETTINGS
@given(STATES, STATES)
def test_the_deltas_metadata_is_that_of_desired(desired: dict[str, Any], reported: dict[str, Any]) -> None:
    document = Document(section(desired, 7), section(reported, 8))
    if document.delta is None:
        assert difference(desired, reported) == {}
        return
    state, metadata = document.delta
    assert metadata == pick(document.desired.metadata, state) == stamp(state, 7)


def test_numbers_are_compared_by_value_and_never_with_booleans() -> None:
    assert difference({"a": 1, "b": [1.0]}, {"a": 1.0, "b": [1]}) == {}
    assert difference({"a": True, "b": [0]}, {"a": 1, "b": [False]}) == {"a": True, "b": [0]}
    assert difference({"a": [{"x": 1}]}, {"a": [{"x": True}]}) == {"a": [{"x": 1}]}


def test_arrays_are_replaced_whole() -> None:
    merged = section({"colours": ["red", "green"]}).merge({"colours": ["blue"]}, 5)
    assert merged == Section({"colours": ["blue"]}, {"colours": [{"timestamp": 5}]})


def test_a_value_and_an_object_take_each_others_place() -> None:
    value = section({"a": {"timestamp": 3}}).merge({"a": 4}, 5)
    assert value == Section({"a": 4}, {"a": {"timestamp": 5}})
    assert value.merge({"a": {"b": 6}}, 7) == Section({"a": {"b": 6}}, {"a": {"b": {"timestamp": 7}}})


def test_sections_are_updated_apart_and_emptied_by_null() -> None:
    first = Document().update({"desired": {"on": True}, "reported": {"on": False}}, 1)
    assert first.delta == ({"on": True}, {"on": {"timestamp": 1}})
    second = first.update({"desired": None}, 2)
    assert (second.state, second.version) == ({"reported": {"on": False}}, 2)
    assert second.delta is None
    assert second.update(None, 3).state == {}
