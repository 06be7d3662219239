"""How often channels fire."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from snnviz.errors import ConfigError, ShapeError
from snnviz.figures.feature_maps import SATURATED_COLOR, SILENT_COLOR
from snnviz.figures.layout.column import add_legend, build_column
from snnviz.figures.layout.plot import LINE_COLOR, settle_layout
from snnviz.figures.layout.tiles import check_maps

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray


def rate_histogram_figure(
    rate: "NDArray[np.floating]",
    *,
    bins: int = 20,
    title: str = "Firing rates of the channels",
    dpi: int = 300,
) -> "Figure":
    """A histogram of the channels' firing rates, silent and saturated channels set off.

    Args:
        rate: Spikes per neuron and step of each channel, floats [K] in [0, 1]: exactly 0 is
            silent, exactly 1 saturated.
        bins: Number of equal bins of [0, 1].
        title: Text above.
        dpi: Output pixels per inch, 3.3 inches wide.

    Raises:
        ShapeError: The rates have another shape or range.
        ConfigError: An option is out of range.
    """
    rate = np.asarray(rate)
    check_maps(rate, "[K]", "firing rates")
    if rate.min() < 0 or rate.max() > 1:
        raise ShapeError(f"firing rates must be in [0, 1], got {rate.min():g} to {rate.max():g}")
    if bins < 1:
        raise ConfigError(f"bins must be at least 1, got {bins}")
    silent, saturated = rate == 0, rate == 1
    others = rate[~silent & ~saturated]
    figure, axes = build_column(2.2, dpi=dpi, title=title)
    groups = {
        f"silent: {silent.sum()}": (rate[silent], SILENT_COLOR),
        f"between: {len(others)}": (others, LINE_COLOR),
        f"saturated: {saturated.sum()}": (rate[saturated], SATURATED_COLOR),
    }
    axes.hist(
        [values for values, _ in groups.values()],
        bins=bins,
        range=(0, 1),
        stacked=True,
        color=[color for _, color in groups.values()],
        label=list(groups),
        edgecolor="white",
        linewidth=0.4,
    )
    axes.axvline(
        rate.mean(), color="black", linewidth=0.9, linestyle="--", label=f"mean: {rate.mean():.3f}"
    )
    axes.set_xlim(0, 1)
    axes.set_xlabel("firing rate (spikes per neuron and step)")
    axes.set_ylabel(f"channels (of {len(rate)})")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    add_legend(axes)
    return settle_layout(figure)
