"""Numbers about encoders, step by step."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from snnviz.errors import ShapeError
from snnviz.figures.layout.column import LONGEST_NAME, SMALL, build_panels
from snnviz.figures.layout.frame import TEXT_COLOR
from snnviz.figures.layout.names import literals
from snnviz.figures.layout.plot import COLORS, settle_layout

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from numpy.typing import NDArray

# Inches of a panel, and of title and legend.
_PANEL, _AROUND = 1.05, 0.9
# With each colour, so that lines differ in print without colours too.
_STYLES = ("-", "--", ":", "-.")
_DOTS = 20


def over_time_figure(
    panels: Mapping[str, Mapping[str, "NDArray[np.floating]"]],
    *,
    title: str = "Over time",
    dpi: int = 300,
) -> "Figure":
    """A figure of several numbers at each time step: a panel a number, a line an encoder.

    Args:
        panels: By the name of each number, with its unit, and then by that of each encoder: floats
            [T]; NaN is left out. An encoder has the same colour in all panels.
        title: Text above.
        dpi: Output pixels per inch, 3.3 inches wide.

    Raises:
        ShapeError: There is no panel, one without a line, or a line that is not [T] with T >= 1.
        ConfigError: dpi is out of range.
    """
    if not panels or not all(panels.values()):
        raise ShapeError(f"a panel needs one line or more, got {list(panels)}")
    names = list(dict.fromkeys(name for lines in panels.values() for name in lines))
    figure, axes = build_panels(len(panels), _AROUND + _PANEL * len(panels), dpi=dpi, title=title)
    texts = literals(names, LONGEST_NAME)
    drawn: dict[str, Line2D] = {}
    for panel, (number, lines) in zip(axes, panels.items(), strict=True):
        for name, values in lines.items():
            series = np.asarray(values, np.float64)
            if series.ndim != 1 or not series.size:
                raise ShapeError(f"{number} of {name} must be [T], got {list(series.shape)}")
            place = names.index(name)
            (drawn[name],) = panel.plot(
                range(len(series)),
                series,
                color=COLORS[place % len(COLORS)],
                linestyle=_STYLES[place % len(_STYLES)],
                marker="." if len(series) <= _DOTS else "",
                linewidth=1.2,
                label=texts[name],
            )
        panel.set_title(number, fontsize=SMALL, color=TEXT_COLOR, loc="left")
        panel.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        panel.tick_params(labelbottom=panel is axes[-1])
    axes[-1].set_xlabel("time step t")
    figure.legend(
        handles=[drawn[name] for name in names],
        loc="outside lower center",
        ncols=2,
        fontsize=SMALL,
        labelcolor=TEXT_COLOR,
        frameon=False,
    )
    return settle_layout(figure)
