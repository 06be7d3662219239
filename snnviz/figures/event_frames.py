"""Event frames as a figure: both polarities in one picture."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, Normalize

from snnviz.data import OFF_COLOUR, ON_COLOUR, draw_frames
from snnviz.data.frames import check_frames
from snnviz.errors import DataError, ShapeError
from snnviz.figures.layout.names import literal
from snnviz.figures.layout.place import Place
from snnviz.figures.layout.tiles import Around, Bar, Swatch, build_tiles, pixel_of
from snnviz.figures.levels import NOTCH_COLOR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.figures.layout.place import On

    Pixels = NDArray[np.uint8]

# Code values above which a dot is dark: either dot has a contrast of 4 or more to its pixel.
_LIGHT = 118.0
_PALE_DOT = "#ffffff"


def frames_figure(
    frames: "NDArray[np.generic]",
    *,
    each_step: bool = False,
    label: str | None = None,
    columns: int | None = None,
    dpi: int = 200,
    width: float | None = None,
    font_size: float | None = None,
    ax: "On | None" = None,
) -> "On":
    """A figure of event frames, summed over all steps or step by step, and what its colours mean.

    Off events are orange and on events blue, see `snnviz.data.draw_frames`. Each pixel with more on
    events than off has a dot as well, so that both are told apart in grey.

    Args:
        frames: Counts of events >= 0, [T, C, H, W]; of two channels the first are off events.
        each_step: A picture a step instead of one of their sum, all on one range.
        label: The name of its class, for the title.
        columns: Steps in a row; None chooses.
        dpi: Output pixels per inch.
        width: Inches of the figure; None: its usual width. Text keeps its points at any width.
        font_size: Points of text, from 5; None: 7.1 where `width` or `ax` is given, else as usual.
        ax: Axes, or a SubFigure, to draw on instead of a figure of its own, and to get back.

    Raises:
        ShapeError: The frames have another shape, or a value that is no count.
        ConfigError: An option is out of range.
    """
    frames = np.asarray(frames)
    try:
        check_frames(frames, "[T, C, H, W]", "input")
    except DataError as error:
        raise ShapeError(str(error)) from error
    T, C = frames.shape[:2]
    values = frames.astype(np.float64)
    counts = values if each_step else values.sum(0, keepdims=True)
    pictures, top = draw_frames(counts)
    shown = counts if C in (1, 2, 3) else counts.sum(1)
    clipped = bool(shown.max() > top)
    both = counts.min(axis=1) > 0
    pictures = np.ascontiguousarray(pictures.transpose(0, 2, 3, 1))
    if C == 2:
        pictures = _dotted(pictures, counts[:, 1] > counts[:, 0])
    title = "Event frames" if label is None else f"Event frames: {literal(label)}"
    steps = f"step by step, T = {T}" if each_step else f"sum of {T} step{'s' * (T > 1)}"
    around = Around(
        title=f"{title}, {steps}",
        labels=[str(t) for t in range(T)] if each_step else (),
        bars=_bars(C, top, clipped=clipped),
        swatches=[Swatch("black", "many of both")] if C == 2 and both.any() else (),
    )
    place = Place(ax, width, font_size, dpi)
    frame, _ = build_tiles(pictures, around, place, columns=columns)
    return place.finish(ax, frame.figure)


def _dotted(pictures: "Pixels", on: "NDArray[np.bool_]") -> "Pixels":
    """The pictures three times as large, with a dot in the middle of each of those pixels.

    Args:
        pictures: Colours, bytes [n, H, W, 3].
        on: Which pixels get one, bools [n, H, W].
    """
    large = pictures.repeat(3, axis=1).repeat(3, axis=2)
    light = pictures @ np.array([0.2126, 0.7152, 0.0722]) > _LIGHT
    dots = np.where(light[..., None], pixel_of(NOTCH_COLOR), pixel_of(_PALE_DOT)).astype(np.uint8)
    middle = large[:, 1::3, 1::3]
    middle[on] = dots[on]
    return large


def _bars(C: int, top: float, *, clipped: bool) -> list[Bar]:
    """What each colour means."""
    if C == 2:
        named = [("off events", "white", OFF_COLOUR), ("on events (dotted)", "white", ON_COLOUR)]
    elif C == 3:
        named = [(f"{name} channel", "black", name) for name in ("red", "lime", "blue")]
        named[1] = ("green channel", "black", "lime")
    else:
        of = f", {C} channels added up" if C > 1 else ""
        named = [(f"events{of}", "white", ON_COLOUR)]
    extend = "max" if clipped else "neither"
    return [
        Bar(
            f"{name} a pixel",
            LinearSegmentedColormap.from_list(name, [begin, end]),
            Normalize(0, top),
            (0, top),
            ("0", f"{top:.3g}"),
            extend,
        )
        for name, begin, end in named
    ]
