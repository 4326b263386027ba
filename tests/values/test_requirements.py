"""A requirement asks one thing."""

import pytest

from harness.values.requirements import BOUNDS, Better, Bound, BoundKind, Requirement


def _required(kind: BoundKind, value: float) -> Requirement:
    versus = {"versus": "champion"} if Bound(kind=kind, value=value).is_comparison else {}
    return Requirement(metric="recall", **{kind: value}, **versus)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", BOUNDS)
def test_a_requirement_gives_the_one_thing_it_asks(kind: BoundKind) -> None:
    expected = Bound(kind=kind, value=0.25)

    actual = _required(kind, 0.25).bound

    assert (expected, f"{kind} 0.25") == (actual, str(actual))


@pytest.mark.parametrize("kind", BOUNDS)
def test_a_bound_of_nought_is_asked_all_the_same(kind: BoundKind) -> None:
    expected = Bound(kind=kind, value=0.0)

    actual = _required(kind, 0.0).bound

    assert expected == actual


@pytest.mark.parametrize(
    ("kind", "better", "expected"),
    [
        ("at_least", "higher", (0.25, "higher")),
        ("at_least", "lower", (0.25, "higher")),
        ("at_most", "higher", (0.25, "lower")),
        ("at_most", "lower", (0.25, "lower")),
        ("lose_at_most", "higher", (-0.25, "higher")),
        ("lose_at_most", "lower", (0.25, "lower")),
        ("gain_at_least", "higher", (0.25, "higher")),
        ("gain_at_least", "lower", (-0.25, "lower")),
    ],
)
def test_a_bound_says_where_the_good_values_lie(
    kind: BoundKind, better: Better, expected: tuple[float, Better]
) -> None:
    actual = _required(kind, 0.25).sought(better)

    assert expected == actual


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({}, "asks for one of at_least, at_most, lose_at_most, gain_at_least; found none of them"),
        ({"at_least": 0.1, "at_most": 0.2}, "found at_least and at_most"),
        ({"lose_at_most": 0.1}, "lose_at_most needs versus: BASELINE"),
        ({"gain_at_least": 0.1}, "gain_at_least needs versus: BASELINE"),
        ({"at_least": 0.1, "versus": "champion"}, "at_least does not go with versus: BASELINE"),
    ],
)
def test_a_requirement_that_asks_no_one_thing_is_refused(asked: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Requirement(metric="recall", **asked)  # type: ignore[arg-type]
