"""Kinds of figures, each drawn by matplotlib once and then only given new pictures.

A template is made from the figures of `snnviz.figures` and shows what they show, pixel for pixel.
What a kind's frame does not allow goes the slow way, through `snnviz.export.rendering`. Which way
it is depends on the kind, never on the maps: the same maps give the same bytes. A legend explains
only what occurs, so that a kind has a few frames, each of them drawn when it is first needed.
"""

from abc import ABC, abstractmethod
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from snnviz.errors import ShapeError
from snnviz.export.rendering import let_go, render, settled
from snnviz.export.templates.colors import CountColors, ImageColors
from snnviz.export.templates.kind import Kind, pattern_of
from snnviz.export.templates.pdf import build_pdf
from snnviz.export.templates.pixels import MapGrid
from snnviz.export.templates.png import build_png
from snnviz.export.templates.svg import build_svg
from snnviz.figures import feature_map_figure, input_figure
from snnviz.figures.feature_maps import regular_counts
from snnviz.figures.layout.choice import check_channels
from snnviz.grid import Layout, choose_layout

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from snnviz.export.templates.colors import ColorTables
    from snnviz.export.templates.kind import Writer
    from snnviz.export.templates.pixels import Bytes

    Frame = dict[str, Any]

# A larger figure would have to be kept in memory several times.
_LARGEST = 1 << 25
# A count is to fit into a byte.
_HIGHEST = 255


class _Template(ABC):
    """A kind of figure, ready for pictures."""

    def __init__(self, *, svg_text: bool) -> None:
        """Nothing is drawn before a format is asked for."""
        self._svg_text = svg_text
        self._kind: Kind | None = None
        # The figure that settled the kind, for the first writer with such a frame.
        self._first: dict[str, Figure] = {}
        self._writers: dict[tuple[str, str], Writer | None] = {}

    def is_fast(self, form: str) -> bool:
        """Whether this kind is written without matplotlib in that format.

        Args:
            form: "png", "svg" or "pdf".
        """
        return self._writer(form, {}) is not None

    @abstractmethod
    def _draw(self, maps: "Bytes", **frame: Any) -> "Figure":
        """The figure of maps [K, H, W], as matplotlib draws it.

        Args:
            maps: What it shows.
            frame: What is around them, see `_frame`.
        """

    def _frame(self, maps: "Bytes", keys: list[int]) -> "Frame":  # noqa: ARG002
        """What depends on the maps around them: options of the figure. There are few such frames.

        Args:
            maps: What is shown.
            keys: The tables that they are drawn by.
        """
        return {}

    def _begin(self, maps: "Bytes", **frame: Any) -> "Figure":
        """The figure that settles the kind, kept for the first writer with that frame."""
        with settled():
            figure = self._first[repr(frame)] = self._draw(maps, **frame)
        return figure

    def _writer(self, form: str, frame: "Frame") -> "Writer | None":
        key = form, repr(frame)
        if key in self._writers:
            return self._writers[key]
        with settled():
            if key not in self._writers:  # nor was it made by another thread meanwhile
                self._writers[key] = (
                    None if self._kind is None else self._build(self._kind, form, frame)
                )
                if self._kind is not None:
                    let_go(prod(self._kind.grid.layout.shape))
            return self._writers[key]

    def _write(self, maps: "Bytes", form: str) -> bytes:
        if self._kind is not None:
            prepared, keys = self._kind.color_tables.prepare(maps)
            writer = self._writer(form, self._frame(maps, keys))
            if writer is not None:
                return writer(prepared, keys)
        with settled():
            return render(self._draw(maps), form, svg_text=self._svg_text)

    def _build(self, kind: Kind, form: str, frame: "Frame") -> "Writer | None":
        figure = self._first.pop(repr(frame), None)
        self._first.clear()
        if figure is None:
            let_go(kind.pattern.size)
            figure = self._draw(kind.pattern, **frame)
        if form == "svg":
            return build_svg(kind, figure, text=self._svg_text)
        return {"png": build_png, "pdf": build_pdf}[form](kind, figure)

    def _describe(
        self, figure: "Figure", layout: Layout, count: int, color_tables: "ColorTables", top: int
    ) -> Kind | None:
        """What the template's figures have in common; None where it is too much to keep."""
        size = round(figure.bbox.width * figure.bbox.height)
        if size > _LARGEST:
            self._first.clear()
            return None
        scale = round(figure.axes[0].bbox.width / layout.shape[1])
        return Kind(MapGrid(layout, count), color_tables, scale, top)


class FeatureMapTemplate(_Template):
    """The figures of `snnviz.feature_map_figure` for one shape, step and set of options."""

    def __init__(
        self, shape: tuple[int, int, int], *, t: int, svg_text: bool = False, **options: Any
    ) -> None:
        """Settle the kind.

        Args:
            shape: (K, H, W) of the counts.
            t: The 0-based step up to which they count.
            svg_text: See `snnviz.export.render`.
            options: See `snnviz.feature_map_figure`.

        Raises:
            ConfigError: As `snnviz.feature_map_figure` does.
        """
        super().__init__(svg_text=svg_text)
        self._shape = shape
        self._t = t
        self._options = options
        self._channels = check_channels(options.get("channels"), shape[0])
        count = len(self._channels)
        if t + 1 > _HIGHEST:
            self._draw(np.zeros((count, *shape[1:]), dtype=np.uint8))  # says what is wrong
            return
        frame: Frame = {} if "legend" in options else {"legend": []}
        if options.get("normalize", "map") != "map":
            frame["levels"] = regular_counts(t)
        figure = self._begin(pattern_of(count, *shape[1:], t + 1), **frame)
        image = figure.axes[0].images[0]
        layout = choose_layout(
            (count, *shape[1:]), rows=options.get("rows"), columns=options.get("columns")
        )
        # What the canvas has beyond the maps and their gaps are the strips for labels.
        strip = (image.get_size()[0] - layout.shape[0]) // layout.rows
        color_tables = CountColors(
            image,
            t=t,
            T=options.get("T") or t + 1,
            normalize=options.get("normalize", "map"),
        )
        self._kind = self._describe(
            figure, replace(layout, strip=strip), count, color_tables, t + 1
        )

    def render(self, counts: "NDArray[np.integer]", form: str) -> bytes:
        """The figure of these counts as a file.

        Args:
            counts: Spike counts of steps 0..t, ints [K, H, W] in 0..t+1.
            form: "png", "svg" or "pdf".

        Raises:
            ShapeError: The counts have another shape or range.
        """
        counts = np.asarray(counts)
        if counts.shape != self._shape:
            raise ShapeError(
                f"this template is for counts {list(self._shape)}, got {list(counts.shape)}"
            )
        if not (
            np.issubdtype(counts.dtype, np.integer)
            and counts.min() >= 0
            and counts.max() <= self._t + 1
        ):
            feature_map_figure(counts, t=self._t)  # says what is wrong
        dtype = np.uint8 if self._t + 1 <= _HIGHEST else counts.dtype
        if "channels" in self._options:
            counts = counts[self._channels]
        return self._write(np.ascontiguousarray(counts, dtype=dtype), form)

    def _draw(self, maps: "Bytes", **frame: Any) -> "Figure":
        if "channels" in self._options:  # the figure takes all, and names those that it shows
            every = np.zeros(self._shape, maps.dtype)
            every[self._channels] = maps
            maps = every
        figure: Figure = feature_map_figure(maps, t=self._t, **{**self._options, **frame})
        return figure

    def _frame(self, maps: "Bytes", keys: list[int]) -> "Frame":
        """The legend's entries, and the bar's where there is one."""
        there = {"silent": 0 in keys, "saturated": (self._t + 1) * 257 in keys}
        frame: Frame = {}
        if "legend" not in self._options:
            frame["legend"] = [name for name, occurs in there.items() if occurs]
        if self._options.get("normalize", "map") != "map":
            # Of bytes without the regular ones: a fifth of the time of NumPy's search.
            regular = not maps.tobytes().translate(None, bytes(regular_counts(self._t)))
            levels = regular_counts(self._t) if regular else range(self._t + 2)
            frame["levels"] = list(levels)
        return frame


class InputTemplate(_Template):
    """The figures of `snnviz.input_figure` for one shape and class."""

    def __init__(
        self,
        shape: tuple[int, int],
        label: str | None = None,
        dpi: int = 200,
        *,
        svg_text: bool = False,
        **options: Any,
    ) -> None:
        """Settle the kind.

        Args:
            shape: (H, W) of the image.
            label: The name of its class, for the title.
            dpi: Output pixels per inch.
            svg_text: See `snnviz.export.render`.
            options: See `snnviz.input_figure`.

        Raises:
            ConfigError: As `snnviz.input_figure` does.
        """
        super().__init__(svg_text=svg_text)
        self._shape = shape
        self._options: dict[str, Any] = {"label": label, "dpi": dpi, **options}
        figure = self._begin(pattern_of(1, *shape, 255))
        color_tables = ImageColors(figure.axes[0].images[0])
        layout = Layout(rows=1, columns=1, height=shape[0], width=shape[1], gap=0)
        self._kind = self._describe(figure, layout, 1, color_tables, 255)

    def render(self, image: "Bytes", form: str) -> bytes:
        """The figure of this image as a file.

        Args:
            image: Grey levels, uint8 [H, W].
            form: "png", "svg" or "pdf".

        Raises:
            ShapeError: The image has another shape or type.
        """
        image = np.asarray(image)
        if image.shape != self._shape or image.dtype != np.uint8:
            raise ShapeError(
                f"this template is for an image of bytes {list(self._shape)}, "
                f"got {image.dtype} {list(image.shape)}"
            )
        return self._write(np.ascontiguousarray(image[np.newaxis]), form)

    def _draw(self, maps: "Bytes", **frame: Any) -> "Figure":
        figure: Figure = input_figure(maps[0], **self._options, **frame)
        return figure
