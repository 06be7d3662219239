"""How much room text takes, and how it is made to fit: wrapped, smaller, or left out."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from matplotlib.cbook import is_math_text
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from matplotlib.transforms import Affine2D

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text
    from matplotlib.transforms import BboxBase

SMALLEST = 5.0
"""Points below which no text is set: less is refused by publishers and read by nobody."""

# A word, in which mathematics between dollars is one piece.
_WORD = re.compile(r"(?:\\\$|\$(?:\\.|[^$\\])+\$|[^\s])+")
# Outlines are scaled, pixels' letters are fitted to whole pixels.
_SAFETY = 1.04
# From here on letters are as wide as high; the font that measures lacks them.
_WIDE = 0x1100


@lru_cache(4096)
def width_of(text: str, points: float, *, bold: bool = False) -> float:
    """Points that a text of one line takes from left to right."""
    wide = sum(ord(letter) >= _WIDE for letter in text)
    plain = "".join(letter for letter in text if ord(letter) < _WIDE)
    font = FontProperties(size=points, weight="bold" if bold else "normal")
    math = is_math_text(plain)
    shown = plain if math else plain.replace(r"\$", "$")
    width, _, _ = text_to_path.get_text_width_height_descent(shown, font, bool(math))
    return _SAFETY * (float(width) + wide * points)


def widest(texts: Iterable[str], points: float, *, bold: bool = False) -> float:
    """Points that the widest line of `texts` takes; 0 without any."""
    lines = (line for text in texts for line in text.splitlines())
    return max((width_of(line, points, bold=bold) for line in lines), default=0.0)


def wrap(text: str, points: float, room: float, *, bold: bool = False) -> str:
    """The text in as few lines as fit into `room` points, about equally long.

    A word that is wider than the room, such as a path, is broken where it has to be.
    """
    broken = "\n".join(_break(line, points, room, bold=bold) for line in text.splitlines())
    return broken or text


def _break(line: str, points: float, room: float, *, bold: bool) -> str:
    words = [
        part for word in _WORD.findall(line) for part in _pieces(word, points, room, bold=bold)
    ]
    fewest = len(_fill(words, points, room, bold=bold))
    low, high = 0.0, room
    if fewest > 1:
        for _ in range(8):  # the narrowest room that takes no more lines, to a 256th
            middle = (low + high) / 2
            fits = len(_fill(words, points, middle, bold=bold)) <= fewest
            low, high = (low, middle) if fits else (middle, high)
    return "\n".join(_fill(words, points, high, bold=bold))


def _fill(words: Sequence[str], points: float, room: float, *, bold: bool) -> list[str]:
    lines: list[str] = []
    for word in words:
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width_of(longer, points, bold=bold) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _pieces(word: str, points: float, room: float, *, bold: bool) -> list[str]:
    if "$" in word or width_of(word, points, bold=bold) <= room:
        return [word]
    pieces = [""]
    for letter in word:
        if pieces[-1] and width_of(pieces[-1] + letter, points, bold=bold) > room:
            pieces.append("")
        pieces[-1] += letter
    return pieces


def fitting_size(
    texts: Sequence[str], points: float, room: float, smallest: float = SMALLEST
) -> tuple[float, int]:
    """The size in which texts fit beside each other, and every which of them is shown.

    They shrink down to `smallest` points; where that is not enough, only every second, third and
    so on fits.

    Args:
        texts: What stands beside each other.
        points: The size in which they would be set.
        room: Points from one to the next.
        smallest: Points below which they do not shrink.
    """
    widths = [widest([text], points) / _SAFETY for text in texts]
    for step in range(1, len(widths) + 1):
        shown = widths[::step]
        # Half of each neighbour and a space; at the ends they may stand out a little.
        needed = [(a + b) / 2 + 0.3 * points for a, b in pairwise(shown)]
        wide = max([*needed, shown[0] - points, shown[-1] - points])
        size = points * min(1.0, step * room / max(wide, 1e-9))
        if size >= min(points, smallest):
            return size, step
    return min(points, smallest), max(1, len(widths))


def keep_apart(texts: Sequence["Text"], *, gap: float = 1.0) -> None:
    """Make the later ones of texts that overlap as they stand invisible.

    Args:
        texts: The more important first, all at one angle; their figure is laid out.
        gap: Pixels that stay free between two of them.
    """
    kept: list[BboxBase] = []
    for text in texts:
        if not text.get_visible() or not text.get_text():
            continue
        box = _extent(text).padded(gap / 2)
        if any(box.overlaps(other) for other in kept):
            text.set_visible(False)
        else:
            kept.append(box)


def _extent(text: "Text") -> "BboxBase":
    """Where a text stands, in pixels; of one at an angle, in pixels that are turned as it is.

    The upright box around a long text at an angle holds most of its neighbour's as well.
    """
    angle = text.get_rotation()
    if angle == 0 or text.get_rotation_mode() != "anchor":
        return text.get_window_extent()
    text.set_rotation(0)
    box = text.get_window_extent()
    text.set_rotation(angle)
    place = text.get_transform().transform(text.get_position())
    turned = Affine2D().rotate_deg(-angle).transform(place)
    return box.translated(*(turned - place))


def thin_ticks(axes: "Axes") -> None:
    """Keep only some of the axes' numbers and names where they overlap, the ends among them."""
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        ticks = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
        for side in ("label1", "label2"):
            labels = [getattr(tick, side) for tick in ticks]
            keep_apart([labels[n] for n in ends_first(len(labels))])


def ends_first(count: int) -> list[int]:
    """0..count-1, those first that stay where not all can: the ends, then halves of halves."""
    order = [count - 1, 0][:count]
    spans = [(0, count - 1)]
    while len(order) < count:
        halves = []
        for low, high in spans:
            middle = (low + high) // 2
            if middle not in {low, high}:
                order.append(middle)
            halves += [(low, middle), (middle, high)]
        spans = [(low, high) for low, high in halves if high - low > 1]
        if not spans:
            break
    return [*order, *(n for n in range(count) if n not in order)]


def shorten(text: str, points: float, room: float) -> str:
    """The text with as much of its middle left out as it takes to fit into `room` points."""
    kept = len(text)
    shown = text
    while kept > 1 and width_of(shown, points) > room:
        kept -= 1
        end = kept // 2
        shown = f"{text[: kept - end]}\N{HORIZONTAL ELLIPSIS}{text[-end:] if end else ''}"
    return shown
