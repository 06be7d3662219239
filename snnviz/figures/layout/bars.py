"""Colour bars under a picture: beside each other where they fit, else below each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm

from snnviz.figures.layout.frame import TEXT_COLOR
from snnviz.figures.layout.text import ends_first, width_of, wrap

if TYPE_CHECKING:
    from matplotlib.colors import Colormap, Normalize
    from numpy.typing import NDArray

    from snnviz.figures.layout.frame import Frame

# Lines of small text that a bar with its numbers and a label of one line takes, the bar itself,
# what is above it, and each further line of its label.
_BAR, _THICK, _DOWN, _LINE = 3.8, 0.8, 0.6, 1.2
# A bar shorter than that says nothing.
_SHORTEST = 4.0


@dataclass(frozen=True)
class Bar:
    """A colour bar.

    Attributes:
        label: What it says, with unit.
        cmap: Its colours.
        norm: Which value has which of them.
        ticks: Values that are written at it.
        names: What is written there, where it is not the number.
        extend: "neither", "both", "min" or "max": where values go beyond its ends.
        spacing: "proportional" to the values, or "uniform": all levels alike.
    """

    label: str
    cmap: "Colormap"
    norm: "Normalize | BoundaryNorm"
    ticks: Sequence[float]
    names: Sequence[str] = ()
    extend: str = "neither"
    spacing: str = "proportional"

    @property
    def written(self) -> list[str]:
        """What is written at the ticks."""
        return list(self.names) or [f"{tick:g}" for tick in self.ticks]

    def places(self) -> "NDArray[np.float64]":
        """Where the ticks are, as shares of its length."""
        ticks = np.asarray(self.ticks, dtype=np.float64)
        if isinstance(self.norm, BoundaryNorm):
            edges = np.asarray(self.norm.boundaries, dtype=np.float64)
            shares: NDArray[np.float64]
            if self.spacing == "uniform":
                shares = np.interp(ticks, edges, np.linspace(0, 1, len(edges)))
                return shares
            shares = (ticks - edges[0]) / (edges[-1] - edges[0])
            return shares
        return np.asarray(self.norm(ticks), dtype=np.float64)


@dataclass(frozen=True)
class _Laid:
    """A bar with its place: shares of the width, lines from the top, points, its label in lines."""

    bar: Bar
    start: float
    stop: float
    down: float
    length: float
    label: str


def lay_out(bars: Sequence[Bar], points: float, room: float) -> tuple[list[_Laid], float]:
    """The bars in `room` points, and how many lines of small text they take."""
    if not bars:
        return [], 0.0
    room -= points
    columns = next(
        (
            columns
            for columns in range(len(bars), 1, -1)
            if all(_needs(bar, points) <= room / columns for bar in bars)
        ),
        1,
    )
    laid: list[_Laid] = []
    down = 0.0
    for begin in range(0, len(bars), columns):
        row = bars[begin : begin + columns]
        share = 1 / len(row)
        labels = [wrap(bar.label, points, room * share) for bar in row]
        for n, (bar, label) in enumerate(zip(row, labels, strict=True)):
            before, after = _overhang(bar, points)
            least = 0.13 * share
            start = n * share + max(least, before / room)
            stop = (n + 1) * share - max(least, after / room)
            stop = max(stop, start + 0.05 * share)
            laid.append(_Laid(bar, start, stop, down, (stop - start) * room, label))
        down += _BAR + _LINE * max(label.count("\n") for label in labels)
    return laid, down


def _overhang(bar: Bar, points: float) -> tuple[float, float]:
    """How far the first and the last number stand out at the ends, in points."""
    names, places = bar.written, bar.places()
    order = np.argsort(places)
    half = [(width_of(names[i], points) + points) / 2 for i in (order[0], order[-1])]
    return half[0], half[1]


def _needs(bar: Bar, points: float) -> float:
    """Points that the bar takes with its label in one line and its outermost numbers."""
    return max(
        width_of(bar.label, points) + points, sum(_overhang(bar, points)) + _SHORTEST * points
    )


def add_bars(frame: "Frame", laid: Sequence[_Laid]) -> None:
    """The bars under the picture."""
    points = frame.text
    for one in laid:
        bar = one.bar
        axes = frame.add_axes_below(one.start, one.stop, _DOWN + one.down, _THICK)
        drawn = frame.figure.colorbar(
            ScalarMappable(bar.norm, bar.cmap),
            cax=axes,
            orientation="horizontal",
            extend=bar.extend,
            spacing=bar.spacing,
        )
        kept = _kept(bar, points, one.length)
        names = bar.written
        drawn.set_ticks([bar.ticks[i] for i in kept], labels=[names[i] for i in kept])
        drawn.minorticks_off()
        drawn.outline.set_linewidth(0.05 * points)
        axes.tick_params(
            labelsize=points,
            length=0.3 * points,
            width=0.05 * points,
            pad=0.15 * points,
            colors=TEXT_COLOR,
        )
        axes.set_xlabel(one.label, fontsize=points, labelpad=0, color=TEXT_COLOR)


def _kept(bar: Bar, points: float, room: float) -> list[int]:
    """The ticks whose numbers do not collide: the ends first, then those between."""
    names, places = bar.written, bar.places()
    if bar.extend != "neither":
        room *= 0.9
    order = [int(i) for i in np.argsort(places, kind="stable")]
    kept: list[int] = []
    for i in (order[n] for n in ends_first(len(order))):
        half = width_of(names[i], points) / 2 + 0.25 * points
        if all(
            abs(places[i] - places[j]) * room
            >= half + width_of(names[j], points) / 2 + 0.25 * points
            for j in kept
        ):
            kept.append(i)
    return sorted(kept)
