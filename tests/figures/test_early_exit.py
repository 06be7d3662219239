"""Accuracy by mean number of steps."""

import numpy as np
import pytest

from snnviz.errors import ShapeError
from snnviz.figures import early_exit_figure


def test_the_lines_are_the_numbers_in_the_order_of_steps():
    exits = np.array([[2.5, 0.9, 0.8, 0.95], [1.5, 0.7, 0.6, 0.8]])
    fixed, sure = early_exit_figure(np.array([0.5, 0.8, 0.9]), exits).axes[0].lines
    assert fixed.get_xydata().tolist() == [[1, 0.5], [2, 0.8], [3, 0.9]]
    assert sure.get_xydata().tolist() == [[1.5, 0.7], [2.5, 0.9]]


@pytest.mark.parametrize(
    ("accuracy", "exits"),
    [
        (np.ones((2, 2)), np.ones((1, 2))),
        (np.ones(2), np.ones(2)),
        (np.ones(2) * 1.1, np.ones((1, 2))),
        (np.ones(2), np.array([[1, np.nan]])),
    ],
)
def test_what_is_refused(accuracy, exits):
    with pytest.raises(ShapeError):
        early_exit_figure(accuracy, exits)
