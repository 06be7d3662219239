"""Curves over the epochs of trainings, several runs in one figure."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from snnviz.errors import ConfigError, ShapeError
from snnviz.figures.layout.frame import TEXT_COLOR
from snnviz.figures.layout.names import literals
from snnviz.figures.layout.place import Place, squeezed
from snnviz.figures.layout.plot import COLORS, POINTS, build_plot, check_size
from snnviz.figures.layout.text import SMALLEST, wrap

if TYPE_CHECKING:
    from matplotlib.figure import SubFigure
    from numpy.typing import NDArray

    from snnviz.figures.layout.place import On

Points = (
    tuple["NDArray[np.integer]", "NDArray[np.floating]"]
    | tuple["NDArray[np.integer]", "NDArray[np.floating]", "NDArray[np.floating]"]
)

# Each run has a style, or a marker, besides its colour: it is told from the next one in grey, too.
_STYLES = ("-", "--", ":", "-.")
_MARKERS = ("", "s", "^", "v")
_SET_STYLES = {"train": "-", "test": "--", "val": ":"}
_SIZE = (6.8, 4.2)
# Letters of a run's name, and inches of a line, in the legend.
_LONGEST = 66
_ENTRY = 0.19
# Points of such a line at the usual size, and its size beside that of other text; sizes of its font
# that an entry takes besides its text.
_LEGEND, _NUMBER, _HANDLE = 8.33, 0.833, 4.0
# Up to so many epochs each one gets a dot, so that one epoch alone shows.
_DOTS = 20
# So many markers on a longer line.
_MARKED = 10


def accuracy_figure(
    runs: Mapping[str, Points | None],
    *,
    title: str,
    marked: Mapping[str, int] | None = None,
    note: str = "highest",
    unit: str = "epoch",
    dpi: int = 200,
    width: float | None = None,
    font_size: float | None = None,
    ax: "On | None" = None,
) -> "On":
    """A figure of accuracy over epochs, a line a run, with one epoch of each marked.

    Args:
        runs: For each run's name its epochs, ints [n], and accuracies in [0, 1], floats [n]; where
            they are means of several runs, with a standard deviation of each, floats [n], which is
            drawn as a band. A run with None is left out and keeps its colour in other figures of
            the same runs.
        title: Text above.
        marked: For each run the index (not the epoch) to mark with epoch and value; where a run
            has none, its highest accuracy, the first of several.
        note: What the marked epoch is, for the legend.
        unit: What the epochs are called.
        dpi: Output pixels per inch.
        width: Inches of the figure; None: its usual width. Text keeps its points at any width.
        font_size: Points of text, from 5; None: 7.1 where `width` or `ax` is given, else as usual.
        ax: Axes, or a SubFigure, to draw on instead of a figure of its own, and to get back.

    Raises:
        ShapeError: A run has no epoch, or epochs and values of different number, or an accuracy
            outside [0, 1].
        ConfigError: The index to mark is none of the run's.

    Example:
        >>> runs = {"seed 1": (np.arange(3), np.array([0.7, 0.8, 0.9]))}
        >>> figure = snnviz.accuracy_figure(runs, title="Accuracy on the test images")
        >>> figure.axes[0].get_title()
        'Accuracy on the test images'
    """
    place = Place(ax, width, font_size, dpi)
    figure, axes = _axes(place, title, "accuracy", unit)
    names = literals(runs, _LONGEST)
    for index, (name, points) in enumerate(runs.items()):
        if points is None:
            continue
        color, style = COLORS[index % len(COLORS)], _STYLES[index % len(_STYLES)]
        epochs, values, spread = _check(name, points)
        _check_shares(name, values)
        best = int(np.argmax(values)) if marked is None or name not in marked else marked[name]
        if not 0 <= best < len(values):
            raise ConfigError(f"cannot mark entry {best} of {name}: it has {len(values)} epochs")
        height = f"{values[best]:.2%}"
        if spread is not None:
            height = f"{100 * values[best]:.2f} ± {100 * spread[best]:.2f}%"
        text = f"{names[name]}: {height} at {unit} {epochs[best]} ({note})"
        _line(axes, epochs, values, color, style, text, spread=spread)
        axes.plot(
            epochs[best],
            values[best],
            "o",
            markersize=9,
            markerfacecolor="none",
            markeredgecolor=color,
            markeredgewidth=1.6,
        )
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=None))
    _add_legend(figure, axes, place)
    return place.finish(ax, figure)


def loss_figure(
    runs: Mapping[str, Mapping[str, Points]],
    *,
    title: str = "Loss",
    quantity: str = "mean squared error",
    unit: str = "epoch",
    dpi: int = 200,
    width: float | None = None,
    font_size: float | None = None,
    ax: "On | None" = None,
) -> "On":
    """A figure of losses over epochs: a colour a run, a style a set of images.

    Args:
        runs: For each run's name and each set's ("train", "val", "test") its epochs, ints [n], and
            losses, floats [n]; with a standard deviation of each where they are means.
        title: Text above.
        quantity: What the losses are.
        unit: What the epochs are called.
        dpi: Output pixels per inch.
        width: Inches of the figure; None: its usual width. Text keeps its points at any width.
        font_size: Points of text, from 5; None: 7.1 where `width` or `ax` is given, else as usual.
        ax: Axes, or a SubFigure, to draw on instead of a figure of its own, and to get back.

    Raises:
        ShapeError: A curve has no epoch, or epochs and values of different number.
        ConfigError: A set is called otherwise.

    Example:
        >>> runs = {"seed 1": {"test": (np.arange(3), np.array([0.08, 0.05, 0.04]))}}
        >>> snnviz.loss_figure(runs).axes[0].get_ylabel()
        'mean squared error'
    """
    place = Place(ax, width, font_size, dpi)
    figure, axes = _axes(place, title, quantity, unit)
    _draw_sets(axes, runs)
    axes.set_ylim(bottom=0)
    _add_legend(figure, axes, place)
    return place.finish(ax, figure)


def accuracies_figure(
    runs: Mapping[str, Mapping[str, Points]],
    *,
    title: str = "Accuracy",
    unit: str = "epoch",
    dpi: int = 200,
    width: float | None = None,
    font_size: float | None = None,
    ax: "On | None" = None,
) -> "On":
    """A figure of accuracies on several sets over epochs: a colour a run, a style a set of images.

    Args:
        runs: For each run's name and each set's ("train", "val", "test") what `accuracy_figure`
            takes of a run.
        title: Text above.
        unit: What the epochs are called.
        dpi: Output pixels per inch.
        width: Inches of the figure; None: its usual width. Text keeps its points at any width.
        font_size: Points of text, from 5; None: 7.1 where `width` or `ax` is given, else as usual.
        ax: Axes, or a SubFigure, to draw on instead of a figure of its own, and to get back.

    Raises:
        ShapeError: As `accuracy_figure`.
        ConfigError: A set is called otherwise.

    Example:
        >>> epochs = np.arange(3)
        >>> train, test = np.array([0.8, 0.9, 0.95]), np.array([0.7, 0.8, 0.9])
        >>> runs = {"seed 1": {"train": (epochs, train), "test": (epochs, test)}}
        >>> figure = snnviz.accuracies_figure(runs, width=3.3)
        >>> figure.axes[0].get_ylabel()
        'accuracy'
    """
    for name, curves in runs.items():
        for kind, points in curves.items():
            _check_shares(f"{name}, {kind}", np.asarray(points[1]))
    place = Place(ax, width, font_size, dpi)
    figure, axes = _axes(place, title, "accuracy", unit)
    _draw_sets(axes, runs)
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=None))
    _add_legend(figure, axes, place)
    return place.finish(ax, figure)


def _draw_sets(axes: "Axes", runs: Mapping[str, Mapping[str, Points]]) -> None:
    """A line a run and set."""
    names = literals(runs, _LONGEST)
    for index, (name, curves) in enumerate(runs.items()):
        for kind, points in curves.items():
            if kind not in _SET_STYLES:
                raise ConfigError(f"no set {kind!r}; choose from {', '.join(_SET_STYLES)}")
            epochs, values, spread = _check(f"{name}, {kind}", points)
            color, style = COLORS[index % len(COLORS)], _SET_STYLES[kind]
            marker = _MARKERS[index % len(_MARKERS)]
            text = f"{names[name]}, {kind}"
            _line(axes, epochs, values, color, style, text, marker, spread=spread)


def _axes(
    place: Place, title: str, quantity: str, unit: str
) -> tuple["Figure | SubFigure", "Axes"]:
    inches = place.width or _SIZE[0]
    figure, axes = build_plot(place, (inches, squeezed(_SIZE[1], inches, _SIZE[0])), title=title)
    axes.set_xlabel(unit)
    axes.set_ylabel(quantity)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.grid(alpha=0.3)
    return figure, axes


def _add_legend(figure: "Figure | SubFigure", axes: "Axes", place: Place) -> None:
    """The legend below the axes, and the figure as much higher as that needs."""
    points = max(SMALLEST, _NUMBER * place.text(POINTS))
    handles, names = axes.get_legend_handles_labels()
    inches = place.width or (_SIZE[0] if place.ax is None else place.width_of_axes())
    room = 72 * inches - _HANDLE * points
    labels = [wrap(str(name), points, room) for name in names]
    if isinstance(place.ax, Axes):
        # Under the axes' own label, which is a line and a half below its ticks.
        axes.legend(handles, labels, loc="upper center", bbox_to_anchor=(0.5, -0.2),
                    fontsize=points, frameon=False, labelcolor=TEXT_COLOR)  # fmt: skip
        return
    if isinstance(figure, Figure) and place.ax is None:
        lines = sum(label.count("\n") + 1 for label in labels)
        height = figure.get_figheight() + _ENTRY * points / _LEGEND * lines
        check_size(inches, height, place.dpi)
        figure.set_figheight(height)
    figure.legend(handles, labels, loc="outside lower center", fontsize=points, frameon=False)


def _line(
    axes: "Axes",
    epochs: "NDArray[np.integer]",
    values: "NDArray[np.floating]",
    color: str,
    style: str,
    label: str,
    marker: str = "",
    *,
    spread: "NDArray[np.floating] | None",
) -> None:
    marker = marker or ("." if len(epochs) <= _DOTS else "")
    axes.plot(epochs, values, style, color=color, marker=marker, markersize=4, linewidth=1.4,
              markevery=max(1, len(epochs) // _MARKED),
              label=label)  # fmt: skip
    if spread is not None:
        axes.fill_between(epochs, values - spread, values + spread, color=color, alpha=0.2, lw=0)


def _check(
    name: str, points: Points
) -> "tuple[NDArray[np.integer], NDArray[np.floating], NDArray[np.floating] | None]":
    epochs, values = np.asarray(points[0]), np.asarray(points[1])
    if epochs.ndim != 1 or epochs.shape != values.shape or not len(epochs):
        raise ShapeError(
            f"the curve of {name} needs one value for each of its epochs, got "
            f"{list(values.shape)} values for {list(epochs.shape)} epochs"
        )
    if len(points) == 2:
        return epochs, values, None
    spread = np.asarray(points[2])
    if spread.shape != values.shape or not (spread >= 0).all():
        raise ShapeError(
            f"the curve of {name} needs one standard deviation, 0 or more, for each of its "
            f"{len(values)} values, got {list(spread.shape)}"
        )
    return epochs, values, spread


def _check_shares(name: str, values: "NDArray[np.floating]") -> None:
    if values.size and not ((values >= 0) & (values <= 1)).all():
        raise ShapeError(
            f"accuracies must be in [0, 1], {name} has {values.min()} to {values.max()}"
        )
