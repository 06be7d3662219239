"""What is drawn of numbers by severity."""

import numpy as np
import pytest

from snnviz.errors import ShapeError
from snnviz.figures import robustness_figure


def test_lines_bands_and_floors_stand_where_the_numbers_say():
    values = np.array([[0.8, 0.7, 0.9], [0.5, 0.4, 0.6]])
    panels = {
        "accuracy": {"noise": values, "blur": np.array([0.9, np.nan, 0.6])},
        "kept": {"blur": values},
    }
    figure = robustness_figure(panels, clean={"accuracy": 0.95}, floors={"accuracy": 0.1})
    top, below = figure.axes
    noise, blur, floor = top.lines
    assert noise.get_xydata().tolist() == [[0, 0.95], [1, 0.8], [2, 0.5]]
    np.testing.assert_array_equal(blur.get_ydata(), [0.95, 0.9, np.nan, 0.6])
    assert list(floor.get_ydata()) == [0.1, 0.1]
    (band,) = top.collections
    corners = {tuple(vertex) for vertex in band.get_paths()[0].vertices.round(6).tolist()}
    assert {(1, 0.7), (1, 0.9), (2, 0.4), (2, 0.6)} <= corners
    # The same kind in the same colour; without a clean number no line begins at 0.
    assert below.lines[0].get_color() == blur.get_color() != noise.get_color()
    assert list(below.lines[0].get_xdata()) == [1, 2]
    assert top.get_xlim() == below.get_xlim()
    assert [text.get_text() for text in figure.legends[0].texts] == ["noise", "blur", "chance"]


@pytest.mark.parametrize(
    "panels", [{}, {"accuracy": {}}, {"a": {"b": np.ones((2, 2))}}, {"a": {"b": np.ones(0)}}]
)
def test_what_is_refused(panels):
    with pytest.raises(ShapeError):
        robustness_figure(panels)
