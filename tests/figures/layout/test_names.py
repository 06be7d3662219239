"""Names in figures: short, told apart, and taken letter by letter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snnviz.figures.layout.names import literal, literals


@given(st.lists(st.text(max_size=40), unique=True, max_size=8), st.integers(8, 30))
def test_names_that_differ_stay_distinct_and_short(names, longest):
    found = literals(names, longest)
    assert list(found) == names
    assert len(set(found.values())) == len(names)
    assert all(
        len(text.replace(r"\$", "$")) <= longest + text.startswith(" _") for text in found.values()
    )


def test_short_names_are_kept_and_long_ones_lose_their_middle():
    long = "a" * 20 + "b" * 20
    assert literals(["run", long], 11) == {"run": "run", long: "aaaaa…bbbbb"}


@pytest.mark.parametrize("place", [0, 20, 45, 70, 89])
def test_where_they_differ_is_seen(place):
    first = ["-"] * 90
    second = list(first)
    first[place], second[place] = "x", "y"
    names = ["".join(first), "".join(second)]
    shown = literals(names, 30)
    assert "x" in shown[names[0]]
    assert "y" in shown[names[1]]
    assert all(len(text) <= 30 for text in shown.values())


def test_three_names_of_which_two_are_alike_for_longer():
    names = [f"/data/experiments/2026/{run}/checkpoint_max.pth" for run in ("a/1", "a/2", "b/1")]
    shown = literals(names, 20)
    assert len(set(shown.values())) == 3


def test_what_matplotlib_would_take_for_something_else():
    assert literal("_x$y$\n") == r" _x\$y\$ "
    assert literals(["_x", "$"], 5) == {"_x": " _x", "$": r"\$"}
