"""How often channels fire."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from snnviz.errors import ConfigError, ShapeError
from snnviz.figures.layout.column import SMALL, add_legend, build_column
from snnviz.figures.layout.place import Place
from snnviz.figures.layout.plot import LINE_COLOR
from snnviz.figures.layout.tiles import check_maps
from snnviz.grid import SATURATED_COLOR, SILENT_COLOR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.figures.layout.place import On


def rate_histogram_figure(
    rate: "NDArray[np.floating]",
    *,
    most: int = 1,
    bins: int = 20,
    title: str = "Firing rates of the channels",
    dpi: int = 300,
    width: float | None = None,
    font_size: float | None = None,
    ax: "On | None" = None,
) -> "On":
    """A histogram of the channels' firing rates, silent and saturated channels set off.

    Args:
        rate: Spikes per neuron and step of each channel, floats [K] in [0, most]: exactly 0 is
            silent, exactly 1 saturated where neurons fire at most once in a step.
        most: The largest number of spikes of a neuron in one step.
        bins: Number of equal bins of [0, 1], or up to the largest rate where that is larger.
        title: Text above.
        dpi: Output pixels per inch.
        width: Inches of the figure; None: its usual width. Text keeps its points at any width.
        font_size: Points of text, from 5; None: 7.1 where `width` or `ax` is given, else as usual.
        ax: Axes, or a SubFigure, to draw on instead of a figure of its own, and to get back.

    Raises:
        ShapeError: The rates have another shape or range.
        ConfigError: An option is out of range.

    Example:
        >>> encoder = snnviz.load_encoder()
        >>> record = encoder.encode(snnviz.garments(1).batch([0]), T=4)
        >>> rates = record.count(3)[0].mean(axis=(1, 2)) / 4
        >>> snnviz.rate_histogram_figure(rates).axes[0].get_title()
        'Firing rates of the channels'
    """
    rate = np.asarray(rate)
    check_maps(rate, "[K]", "firing rates")
    if rate.min() < 0 or rate.max() > most:
        raise ShapeError(
            f"firing rates must be in [0, {most}], got {rate.min():g} to {rate.max():g}"
        )
    if bins < 1:
        raise ConfigError(f"bins must be at least 1, got {bins}")
    silent, saturated = rate == 0, (rate == 1) & (most == 1)
    top = max(1.0, float(rate.max()))
    others = rate[~silent & ~saturated]
    place = Place(ax, width, font_size, dpi)
    figure, axes = build_column(place, 2.2, title=title)
    groups = [
        (f"silent: {silent.sum()}", rate[silent], SILENT_COLOR, "///"),
        (f"between: {len(others)}", others, LINE_COLOR, ""),
        (f"saturated: {saturated.sum()}", rate[saturated], SATURATED_COLOR, "xxx"),
    ]
    groups = [group for group in groups if len(group[1])]
    names, values, colors, hatches = zip(*groups, strict=True)
    axes.hist(
        values,
        bins=bins,
        range=(0, top),
        stacked=True,
        color=colors,
        label=names,
        hatch=hatches,
        edgecolor="white",
        linewidth=0.4,
    )
    axes.axvline(
        rate.mean(), color="black", linewidth=0.9, linestyle="--", label=f"mean: {rate.mean():.3f}"
    )
    axes.set_xlim(0, top)
    axes.set_xlabel("firing rate (spikes per neuron and step)")
    axes.set_ylabel(f"channels (of {len(rate)})")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    add_legend(axes, place.text(SMALL))
    return place.finish(ax, figure)
