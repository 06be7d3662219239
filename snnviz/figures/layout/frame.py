"""A figure around one array of pixels, in which every pixel becomes a square block of whole size.

No pyplot: a `Figure` made here belongs to the caller and to no global list.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.transforms import ScaledTranslation, blended_transform_factory

from snnviz.figures.fonts import fit_fonts
from snnviz.figures.layout.blocks import BlockImage
from snnviz.figures.layout.shown import ShownFigure
from snnviz.figures.layout.text import wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import SubFigure
    from matplotlib.legend import Legend
    from matplotlib.transforms import Transform
    from numpy.typing import NDArray

    from snnviz.figures.layout.place import Place
    from snnviz.figures.layout.sizes import Sizes

# Not black: with the colours of the grid, the 256 greys of black letters' edges would be more than
# the palette of a PNG holds.
TEXT_COLOR = "#1a1a1a"
# Room for the title, in lines of its size, and for each further line of it.
_TOP, _LINE = 2.6, 1.3


@dataclass(frozen=True)
class Frame:
    """A figure with its picture and what is needed to put more around it.

    Attributes:
        figure: The figure.
        axes: Its axes, whose data coordinates are the picture's pixels.
        sizes: How large all is.
        place: Where it is drawn.
    """

    figure: "Figure | SubFigure"
    axes: "Axes"
    sizes: "Sizes"
    place: "Place"

    @property
    def text(self) -> float:
        """Font size of small text, in points."""
        return self.sizes.text

    def add_axes_below(self, start: float, stop: float, down: float, height: float) -> "Axes":
        """Axes under the picture.

        Args:
            start: Where they begin, as a share of the width.
            stop: Where they end.
            down: Lines of small text between them and the picture.
            height: Their height in such lines.
        """
        line = self.text / 72
        if self.place.ax is not None:
            where = (start, -line * (down + height), stop - start, line * height)
            return self.axes.inset_axes(where, transform=self._from_corner(0))
        width, tall = self._inches()
        low = self.axes.get_position().y0 - line * (down + height) / tall
        inside = 1 - line / width
        return self._root.add_axes(
            (
                0.5 * line / width + start * inside,
                low,
                (stop - start) * inside,
                line * height / tall,
            )
        )

    def add_axes_beside(self, away: float, width: float) -> "Axes":
        """Axes to the right of the picture and as high, in lines of small text."""
        line = self.text / 72
        if self.place.ax is not None:
            inches = self._translated(1)
            transform = blended_transform_factory(inches, self.axes.transAxes)
            return self.axes.inset_axes((line * away, 0, line * width, 1), transform=transform)
        box, (whole, _) = self.axes.get_position(), self._inches()
        where = (box.x1 + away * line / whole, box.y0, width * line / whole, box.height)
        return self._root.add_axes(where)

    def add_legend_below(
        self, handles: "Sequence[Artist]", down: float, columns: int, handler_map: object = None
    ) -> "Legend":
        """A legend under the picture, so many lines of small text below it."""
        line = self.text / 72
        host: Axes | Figure
        if self.place.ax is not None:
            host, anchor = self.axes, (0.5, -line * down)
            transform = self._from_corner(0)
        else:
            host, transform = self._root, self._root.transFigure
            anchor = (0.5, self.axes.get_position().y0 - line * down / self._inches()[1])
        return host.legend(
            handles=list(handles),
            handler_map=handler_map,
            loc="upper center",
            bbox_to_anchor=anchor,
            bbox_transform=transform,
            ncols=columns,
            frameon=False,
            fontsize=self.text,
            borderaxespad=0,
            borderpad=0,
            labelspacing=0.3,
            handlelength=1,
            handleheight=1,
            handletextpad=0.4,
            columnspacing=1.2,
            labelcolor=TEXT_COLOR,
        )

    @property
    def _root(self) -> Figure:
        assert isinstance(self.figure, Figure)  # noqa: S101 - one of its own
        return self.figure

    def _inches(self) -> tuple[float, float]:
        width, height = self._root.get_size_inches()
        return float(width), float(height)

    def _translated(self, x: float) -> "Transform":
        """Inches from the axes' lower left corner (x = 0) or lower right one (1)."""
        corner = ScaledTranslation(x, 0, self.axes.transAxes)  # type: ignore[arg-type]
        return self.figure.dpi_scale_trans + corner

    def _from_corner(self, x: float) -> "Transform":
        return blended_transform_factory(self.axes.transAxes, self._translated(x))


def build_frame(
    pixels: "NDArray[np.floating] | NDArray[np.uint8]",
    sizes: "Sizes",
    place: "Place",
    *,
    title: str,
    cmap: "Colormap | None" = None,
    below: float = 0.0,
    right: float = 0.0,
    left: float = 0.0,
    above: float = 0.0,
    top: float = _TOP,
) -> Frame:
    """A figure that shows `pixels` [H, W] at a whole scale under a title, or axes that show them.

    Args:
        pixels: Values in [0, 1]; what lies outside, or is not a number, takes the extremes of
            `cmap`. Or colours, bytes [H, W, 3].
        sizes: What `measure` found.
        place: What is drawn on.
        title: Text above the picture, broken into lines where it is long; empty: no room for one.
        cmap: Colour map of values.
        below: Free room under the picture, in lines of small text.
        right: Free room to its right, in the same unit.
        left: Free room to its left, in the same unit.
        above: Free room between picture and title, in the same unit.
        top: Room for the title's first line, in lines of its size.
    """
    height, width = (round(side * sizes.scale) for side in pixels.shape[:2])
    text, heading = sizes.text * sizes.dpi / 72, sizes.heading * sizes.dpi / 72
    margin, room = round(0.5 * text), round(above * text)
    sides = (margin + round(left * text), margin + round(right * text))
    whole = width + sum(sides)
    if sizes.fixed:
        whole = round(sizes.room * sizes.dpi / 72)
        rest = max(0, whole - width - sum(sides)) // 2
        sides = (sides[0] + rest, whole - width - sides[0] - rest)
    # The title is over the middle of the picture.
    title = wrap(title, sizes.heading, (width + 2 * min(sides)) * 72 / sizes.dpi)
    figure: Figure | SubFigure
    if place.ax is None:
        lines = round((top + _LINE * title.count("\n")) * heading) if title else margin
        title_room = lines + room
        bottom = margin + round(below * text)
        tall = height + title_room + bottom
        figure = ShownFigure(
            figsize=(whole / sizes.dpi, tall / sizes.dpi), dpi=sizes.dpi, facecolor="white"
        )
        axes = figure.add_axes((sides[0] / whole, bottom / tall, width / whole, height / tall))
    else:
        axes = place.one_axes()
        figure = axes.figure
    _show(axes, pixels, cmap, aspect="auto" if place.ax is None else "equal")
    axes.set_title(
        title,
        fontsize=sizes.heading,
        # From what hangs below the line of its letters, as the index of a sum does.
        va="bottom",
        pad=(0.15 * heading + room) * 72 / sizes.dpi,
        color=TEXT_COLOR,
    )
    fit_fonts(axes if place.ax is not None else figure)
    return Frame(figure, axes, sizes, place)


def _show(
    axes: "Axes",
    pixels: "NDArray[np.floating] | NDArray[np.uint8]",
    cmap: "Colormap | None",
    *,
    aspect: Literal["auto", "equal"],
) -> None:
    """Show the pixels as blocks, and no axis."""
    # "none" would hand the array to vector formats at its own size, which PDF viewers blur when
    # they enlarge it; "nearest" embeds it enlarged.
    picture = BlockImage(
        axes, cmap=cmap, norm=Normalize(0, 1), origin="upper", interpolation="nearest"
    )
    picture.set_data(pixels)
    picture.set_clip_path(axes.patch)
    axes.set_aspect(aspect)
    picture.set_extent(picture.get_extent())
    axes.add_image(picture)
    axes.set_axis_off()
    # Ticks would be measured when the title is placed, although they are not drawn.
    axes.yaxis.set_visible(False)
