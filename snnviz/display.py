"""What a notebook shows of a value: its facts, and a picture of some of it, as HTML."""

import io
from base64 import b64encode
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, is_dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageColor

from snnviz.grid import (
    GAP_COLOR,
    SATURATED,
    SATURATED_COLOR,
    SILENT,
    SILENT_COLOR,
    choose_layout,
    compose,
    normalize_counts,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]

# Kernels: weights above and below 0.
_ABOVE, _BELOW = np.array([213, 94, 0]), np.array([0, 114, 178])
# Letters of what is told of a value in a line.
_LONG = 60
# A thumbnail is about so many pixels wide on the screen.
_WIDE = 480


def quantity(count: int, thing: str) -> str:
    """So many things in words.

    Example:
        >>> quantity(1, "image"), quantity(1200, "image")
        ('1 image', '1,200 images')
    """
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def aligned(rows: "Sequence[Sequence[str]]", left: "Collection[int]") -> list[str]:
    """Rows of cells as lines whose columns stand below each other.

    Args:
        rows: Cells of text, as many in each.
        left: The columns whose cells begin below each other; those of the others end so.

    Example:
        >>> aligned([("layer", "neurons"), ("conv.4", "8")], left={0})
        ['layer   neurons', 'conv.4        8']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if place in left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def brief(value: object) -> str:
    """A value in at most some 60 letters: an array by its type and shape, long ones by their size.

    Example:
        >>> brief(np.zeros((2, 3))), brief(0.93000000001), brief((1, 2))
        ('float64 [2, 3]', '0.93', '(1, 2)')
    """
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {list(value.shape)}"
    if isinstance(value, (float, np.floating)):
        return f"{value:.4g}"
    text = repr(value)
    if len(text) <= _LONG:
        return text
    if isinstance(value, (Mapping, Sequence)) and not isinstance(value, str):
        return f"{type(value).__name__} of {len(value)}"
    return f"{text[: _LONG - 3]}..."


class Brief:
    """For dataclasses (`repr=False`) of arrays: their repr has arrays by type and shape."""

    def __repr__(self) -> str:
        """Its class and fields."""
        assert is_dataclass(self)  # noqa: S101 - see above
        shown = (each.name for each in fields(self) if each.repr)
        told = (f"{name}={brief(getattr(self, name))}" for name in shown)
        return f"{type(self).__name__}({', '.join(told)})"


def summary(title: str, facts: Mapping[str, object], *pictures: str) -> str:
    """A table of facts beside pictures, as HTML; texts are escaped, pictures are taken as they are.

    Args:
        title: What it is.
        facts: Names and values.
        pictures: What `thumbnail` gave.

    Example:
        >>> summary("A <b>", {"T": 8})[:25]
        '<div><b>A &lt;b&gt;</b><t'
    """
    rows = "".join(
        f'<tr><th style="text-align:left">{escape(name)}</th>'
        f'<td style="text-align:left">{escape(str(value))}</td></tr>'
        for name, value in facts.items()
    )
    return f"<div><b>{escape(title)}</b><table>{rows}</table>{''.join(pictures)}</div>"


def count_picture(counts: "NDArray[np.integer]", *, t: int, T: int, most: int = 1) -> "Bytes":
    """Maps of spike counts beside each other, RGB uint8 [h, w, 3], each on its own range of grey.

    Args:
        counts: Of steps 0..t, ints [K, H, W].
        t: The 0-based step up to which they count.
        T: Number of time steps.
        most: The largest number of spikes of a neuron in one step.
    """
    maps = normalize_counts(counts, t=t, T=T, most=most)
    canvas = compose(maps, choose_layout(maps.shape))
    grey = np.nan_to_num(canvas).clip(0, 1)
    picture = np.repeat((grey * 255).round().astype(np.uint8)[..., np.newaxis], 3, axis=2)
    for places, colour in (
        (canvas == SILENT, SILENT_COLOR),
        (canvas == SATURATED, SATURATED_COLOR),
        (np.isnan(canvas), GAP_COLOR),
    ):
        picture[places] = ImageColor.getrgb(colour)
    return picture


def image_picture(images: "Bytes") -> "Bytes":
    """Images beside each other, RGB uint8 [h, w, 3].

    Args:
        images: Grey levels, uint8 [n, H, W], or colours [n, 3, H, W].
    """
    colours = images if images.ndim == 4 else np.repeat(images[:, np.newaxis], 3, axis=1)
    n, _, height, width = colours.shape
    layout = choose_layout((n, height, width))
    picture = np.empty((*layout.shape, 3), np.uint8)
    picture[:] = ImageColor.getrgb(GAP_COLOR)
    for k, image in enumerate(colours):
        top, left = layout.corner(k)
        picture[top : top + height, left : left + width] = image.transpose(1, 2, 0)
    return picture


def kernel_picture(kernels: "NDArray[np.floating]") -> "Bytes":
    """Kernels beside each other, RGB uint8 [h, w, 3]: blue below 0, orange above, 0 white.

    All are on one scale, which ends at the largest magnitude. Input channels are averaged.

    Args:
        kernels: Weights, floats [K, C, kh, kw].
    """
    means = kernels.mean(axis=1, dtype=float)
    strength = (means / (np.abs(means).max() or 1.0))[..., np.newaxis]
    toward = np.where(strength > 0, _ABOVE, _BELOW)
    colours = 255 - np.abs(strength) * (255 - toward)
    return image_picture(colours.round().astype(np.uint8).transpose(0, 3, 1, 2))


def thumbnail(picture: "Bytes", caption: str) -> str:
    """A picture with its caption as HTML that needs no file.

    Args:
        picture: RGB, uint8 [h, w, 3].
        caption: What it shows; its alternative text too.
    """
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    width = picture.shape[1] * max(1, _WIDE // picture.shape[1])
    text = escape(caption, quote=True)
    return (
        f'<figure style="margin:.5em 0"><img alt="{text}" width="{width}" '
        'style="image-rendering:pixelated;max-width:100%" '
        f'src="data:image/png;base64,{b64encode(file.getvalue()).decode()}">'
        f"<figcaption>{text}</figcaption></figure>"
    )
