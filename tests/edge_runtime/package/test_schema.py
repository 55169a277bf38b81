from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from edge_runtime.package.schema import SchemaError, parse


@dataclass(frozen=True)
class Inner:
    size: int
    ratio: float = 0.5


@dataclass(frozen=True)
class Outer:
    name: str
    rows: tuple[Inner, ...]
    table: dict[str, Inner] = field(default_factory=dict)
    maybe: Inner | None = None
    mixed: tuple[int | str, ...] = ()


def test_nested() -> None:
    document = {
        "name": "a",
        "rows": [{"size": 1}, {"size": 2, "ratio": 1}],
        "table": {"k": {"size": 3}},
        "maybe": {"size": 4},
        "mixed": [1, "n"],
        "of a later version": 1,
    }
    expected = Outer("a", (Inner(1), Inner(2, 1.0)), {"k": Inner(3)}, Inner(4), (1, "n"))
    assert parse(Outer, document, "") == expected
    assert parse(Outer, {"name": "a", "rows": [], "maybe": None}, "") == Outer("a", ())


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "the document: dict expected, found []"),
        ({"rows": []}, "the document: `name` is missing"),
        ({"name": 1, "rows": []}, "name: str expected, found 1"),
        ({"name": "a", "rows": {}}, "rows: list expected, found {}"),
        ({"name": "a", "rows": [{"size": 1}, {}]}, "rows[1]: `size` is missing"),
        ({"name": "a", "rows": [{"size": True}]}, "rows[0].size: int expected, found True"),
        ({"name": "a", "rows": [{"size": 1.5}]}, "rows[0].size: int expected, found 1.5"),
        (
            {"name": "a", "rows": [{"size": 1, "ratio": "x"}]},
            "rows[0].ratio: float or int expected, found 'x'",
        ),
        ({"name": "a", "rows": [], "table": {"k": {"size": None}}}, "table.k.size: int expected, found None"),
        ({"name": "a", "rows": [], "maybe": 3}, "maybe: dict expected, found 3"),
        ({"name": "a", "rows": [], "mixed": [1, None]}, "mixed[1]: int or str expected, found None"),
    ],
)
def test_the_place_is_named(document: object, message: str) -> None:
    with pytest.raises(SchemaError) as caught:
        parse(Outer, document, "")
    assert str(caught.value) == message
