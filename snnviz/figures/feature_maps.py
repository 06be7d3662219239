"""Summed spikes of all feature maps, in a grid."""

from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize as LinearNorm
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from snnviz.errors import ConfigError
from snnviz.figures.layout.frame import TEXT_COLOR, Frame, build_frame, whole_scale
from snnviz.grid import Layout, choose_layout, compose, normalize_counts

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from snnviz.grid import Normalize

# A bluish and an orange hue: no grey map contains them, colour-blind readers tell them apart, and
# the first is dark enough that a page of silent maps does not outshine the others.
SILENT_COLOR = "#2a3f52"
SATURATED_COLOR = "#e69f00"
GAP_COLOR = "#a9bcd0"
_INCHES = 7.0
# Height of the strip for a map's channel number, as a share of the map's width.
_LABEL = 0.25


def feature_map_figure(
    counts: "NDArray[np.integer]",
    *,
    t: int,
    T: int | None = None,
    normalize: "Normalize" = "map",
    cmap: str = "gray",
    labels: bool = False,
    rows: int | None = None,
    columns: int | None = None,
    dpi: int = 200,
    most: int = 1,
) -> "Figure":
    """A figure of the spike counts of all feature maps of one image, 8 x 16 for 128 maps.

    Args:
        counts: Spike counts of steps 0..t, ints [K, H, W] in 0..(t + 1) * most:
            `SpikeRecord.count(t)[n]`, of `SpikeRecord.maps()` where neurons have another shape.
        t: The 0-based step up to which they count, for title and scale.
        T: Number of time steps, the top of the "shared" scale; None: t + 1.
        normalize: "map", "shared" or "none", see `snnviz.grid.normalize_counts`; the latter two
            come with a colorbar.
        cmap: Name of a matplotlib colour map.
        labels: Write each map's channel number above it.
        rows: Number of rows, or None.
        columns: Number of columns, or None.
        dpi: Output pixels per inch.
        most: The largest number of spikes of a neuron in one step: `SpikeRecord.most`.

    Raises:
        ShapeError: The counts have another shape or range.
        ConfigError: An option is out of range, or the maps do not fit into rows and columns.
    """
    T = t + 1 if T is None else T
    maps = normalize_counts(counts, t=t, T=T, normalize=normalize, most=most)
    strip = max(1, round(_LABEL * maps.shape[2])) if labels else 0
    layout = choose_layout(maps.shape, rows=rows, columns=columns, strip=strip)
    scale = whole_scale(layout.shape, inches=_INCHES, dpi=dpi)
    has_bar = normalize != "map"
    frame = build_frame(
        compose(maps, layout),
        scale=scale,
        dpi=dpi,
        title=rf"$\sum_{{t}} S_{{t}}$ at $t = {t}$",
        cmap=canvas_colors(cmap),
        below=2.0,
        right=5.0 if has_bar else 0.0,
    )
    _add_legend(frame, t, most)
    if has_bar:
        _add_colorbar(frame, cmap, most * (T if normalize == "shared" else t + 1))
    if labels:
        _add_labels(frame, layout, len(maps))
    return frame.figure


def canvas_colors(name: str) -> "Colormap":
    """The colour map, with the special values of `snnviz.grid` in colours of their own."""
    if name not in mpl.colormaps:
        raise ConfigError(f"no colour map {name!r}; try gray, viridis, magma or cividis")
    return mpl.colormaps[name].with_extremes(
        bad=GAP_COLOR, under=SILENT_COLOR, over=SATURATED_COLOR
    )


def _add_legend(frame: Frame, t: int, most: int) -> None:
    """What the two special colours mean, under the grid."""
    steps = "step 0" if t == 0 else f"all {t + 1} steps"
    spikes = "a spike" if most == 1 else f"{most} spikes"
    patches = [
        Patch(facecolor=SILENT_COLOR, label="silent: no spike anywhere"),
        Patch(facecolor=SATURATED_COLOR, label=f"saturated: {spikes} everywhere in {steps}"),
    ]
    frame.axes.legend(
        handles=patches,
        loc="upper right",
        bbox_to_anchor=(1, 0),
        ncols=2,
        frameon=False,
        fontsize=frame.text,
        borderaxespad=0.4,
        borderpad=0,
        handlelength=1,
        handleheight=1,
        labelcolor=TEXT_COLOR,
    )


def _add_colorbar(frame: Frame, cmap: str, top: int) -> None:
    """The scale 0..top, beside the grid."""
    box = frame.axes.get_position()
    unit = frame.text * frame.dpi / 72 / (frame.figure.get_figwidth() * frame.dpi)
    bar = frame.figure.add_axes((box.x1 + 0.8 * unit, box.y0, 0.9 * unit, box.height))
    # The plain colour map: silence and saturation are no steps of the scale.
    frame.figure.colorbar(
        ScalarMappable(LinearNorm(0, top), mpl.colormaps[cmap]),
        cax=bar,
        ticks=MaxNLocator(integer=True, nbins=8),
    )
    bar.tick_params(labelsize=frame.text, length=frame.text / 3, colors=TEXT_COLOR)
    bar.set_title("spikes", fontsize=frame.text, pad=frame.text / 2, color=TEXT_COLOR)


def _add_labels(frame: Frame, layout: Layout, count: int) -> None:
    """Each map's channel number, in the strip above it."""
    points = layout.strip * frame.scale * 72 / frame.dpi
    for k in range(count):
        top, left = layout.corner(k)
        frame.axes.text(
            left - 0.5,
            top - 0.5 - layout.strip * 0.15,
            str(k),
            fontsize=0.85 * points,
            color=TEXT_COLOR,
            ha="left",
            va="baseline",
        )
