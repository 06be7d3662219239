"""Colours and what they mean, in as few rows as fit under a picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from matplotlib.legend_handler import HandlerPatch
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from snnviz.figures.layout.frame import TEXT_COLOR
from snnviz.figures.layout.text import widest, wrap
from snnviz.figures.levels import LINES, NOTCH_COLOR

if TYPE_CHECKING:
    from matplotlib.artist import Artist

    from snnviz.figures.layout.frame import Frame

# Lines of small text that a row of swatches takes, and each further line of a label.
_ROW, _LINE = 1.5, 1.2
# Sizes of its font that an entry takes besides its text, and the space to the next one.
_HANDLE, _SPACE = 1.4, 1.2
# No label is broken into lines shorter than so many sizes of its font.
_SHORTEST = 6.0


@dataclass(frozen=True)
class Swatch:
    """A colour and what it means.

    Attributes:
        color: The colour.
        label: What it means.
        mark: "silent" or "saturated", whose maps are crossed; or a "|" for each notch.
    """

    color: str
    label: str
    mark: str = ""


@dataclass(frozen=True)
class Entries:
    """Swatches laid out.

    Attributes:
        swatches: Their labels broken into lines where they are too long.
        columns: How many stand beside each other.
        lines: Lines of small text that all take.
    """

    swatches: tuple[Swatch, ...] = ()
    columns: int = 1
    lines: float = 0.0


def lay_out(swatches: Sequence[Swatch], points: float, room: float) -> Entries:
    """As many swatches beside each other as fit into `room` points, read column by column."""
    if not swatches:
        return Entries()
    tries = [
        _in_columns(swatches, columns, points, room) for columns in range(len(swatches), 0, -1)
    ]

    def cost(found: Entries) -> float:
        # A broken label reads worse than half a line more.
        return found.lines + 0.5 * sum("\n" in swatch.label for swatch in found.swatches)

    return min((found for found in tries if found is not None), key=cost)


def _in_columns(
    swatches: Sequence[Swatch], columns: int, points: float, room: float
) -> Entries | None:
    """The swatches in so many columns, long labels in two lines; None where that is too wide."""
    rows = -(-len(swatches) // columns)
    columns = -(-len(swatches) // rows)
    free = room - points - (columns - 1) * _SPACE * points
    label = free / columns - _HANDLE * points
    if columns > 1 and label < _SHORTEST * points:
        return None
    whole = [widest([swatch.label], points) for swatch in swatches]
    parts = [slice(start, start + rows) for start in range(0, len(swatches), rows)]
    if sum(max(whole[part]) + _HANDLE * points for part in parts) <= free:
        return Entries(tuple(swatches), columns, _ROW * rows)
    labels = [wrap(swatch.label, points, label) for swatch in swatches]
    more = [text.count("\n") for text in labels]
    if columns > 1 and max(more) > 1:
        return None
    broken = (Swatch(s.color, text, s.mark) for s, text in zip(swatches, labels, strict=True))
    lines = max(_ROW * rows + _LINE * sum(more[part]) for part in parts)
    return Entries(tuple(broken), columns, lines)


def add_swatches(frame: "Frame", entries: Entries, down: float) -> None:
    """The swatches under the picture, so many lines of small text below it."""
    if not entries.swatches:
        return
    width = 0.05 * frame.text
    patches = [
        _Marked(facecolor=swatch.color, edgecolor=TEXT_COLOR, linewidth=width, label=swatch.label)
        for swatch in entries.swatches
    ]
    for patch, swatch in zip(patches, entries.swatches, strict=True):
        patch.mark = swatch.mark
    frame.add_legend_below(patches, down, entries.columns, {_Marked: _MarkedHandler()})


class _Marked(Patch):
    """A patch that is crossed as the maps are that it stands for."""

    mark = ""


class _MarkedHandler(HandlerPatch):
    """Draws such a patch in a legend."""

    def create_artists(
        self,
        legend: Any,
        orig_handle: Any,
        xdescent: float,
        ydescent: float,
        width: float,
        height: float,
        fontsize: float,
        trans: Any,
    ) -> "list[Artist]":
        """The patch, and the lines across it."""
        box = Rectangle((-xdescent, -ydescent), width, height)
        self.update_prop(box, orig_handle, legend)
        box.set_transform(trans)
        artists: list[Artist] = [box]
        width_of_line = (0.13 if orig_handle.mark in LINES else 0.07) * fontsize
        for color, (x0, x1), (y0, y1) in _lines(orig_handle.mark):
            # Without grey edges: a PNG's palette has no room for them.
            line = Line2D(
                [x0 * width - xdescent, x1 * width - xdescent],
                [y0 * height - ydescent, y1 * height - ydescent],
                color=color,
                linewidth=width_of_line,
                antialiased=False,
                solid_capstyle="butt",
            )
            line.set_transform(trans)
            artists.append(line)
        return artists


def _lines(mark: str) -> list[tuple[str, tuple[float, float], tuple[float, float]]]:
    """The lines across a patch: colour, ends in x, ends in y, as shares of it."""
    if mark in LINES:
        color, times = LINES[mark]
        return [(color, (0, 1), ends) for ends in ((0, 1), (1, 0))[:times]]
    places = [(n + 1) / (len(mark) + 1) for n in range(len(mark))]
    return [(NOTCH_COLOR, (x, x), (0, 1)) for x in places]
