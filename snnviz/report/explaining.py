"""Maps of what a network's answers rest on, and those without training, for a page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import nn

from snnviz.data import ImageSet, Sample
from snnviz.errors import ConfigError, DataError, ShapeError
from snnviz.report.packing import Block, Place
from snnviz.scoring.checks import check_size
from snnviz.scoring.explained import map_levels
from snnviz.scoring.explaining import GRADIENT_METHODS, SPIKE_METHODS
from snnviz.scoring.looking import Looker, possible_methods
from snnviz.scoring.worsened import Settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.report.encoding import Shown

    Floats = NDArray[np.float64]

# The page draws a map about so many pixels wide: finer ones are averaged over blocks.
_WIDE = 112
# A map of both signs: 0 is this byte, the largest size is so far from it.
_ZERO, _MOST = 128, 127


@dataclass(frozen=True, eq=False)
class Answering:
    """The network whose answers a page explains.

    Attributes:
        net: It; None where there is none.
        start: The same without training; None: nothing is shown beside its maps.
        mean: What it expects to be subtracted from pixels in [0, 1].
        std: What it expects them to be divided by.
        layer: The layer whose spikes the page shows; None: the first.
        why_not: Why there is no network, as a sentence.
    """

    net: nn.Module | None
    start: nn.Module | None = None
    mean: Sequence[float] | None = None
    std: Sequence[float] | None = None
    layer: str | None = None
    why_not: str = ""


def explanations(
    answering: Answering, groups: "Sequence[Shown]", T: int, block: Block
) -> tuple[dict[int, dict[str, Any]], str]:
    """What a page is told of each image's maps, by its place; and why there are none, or some not.

    Of each image "gradients" says where its maps lie, by method ("saliency" from its lowest value,
    0, to its highest, 255; "integrated-gradients" with 0 at 128 and the largest size at 1 or 255),
    "untrained" those of the network without training, with those of its spikes, and "of" the class
    that is explained: the image's label, or the network's answer where it has none.

    Args:
        answering: The network.
        groups: The images, those of one size together.
        T: Number of time steps.
        block: What the maps are added to.
    """
    if answering.net is None:
        return {}, answering.why_not
    found: dict[int, dict[str, Any]] = {}
    reasons = []
    for shown in groups:
        try:
            found |= dict(zip(shown.places, _explained(answering, shown, T, block), strict=True))
        except (ConfigError, DataError, ShapeError) as error:
            reasons.append(str(error.args[0]))
    return found, reasons[0] if reasons else ""


def _explained(
    answering: Answering, shown: "Shown", T: int, block: Block
) -> Iterator[dict[str, Any]]:
    """What is told of each of some images of one size."""
    if shown.samples[0].frames is not None:
        raise ConfigError("the input changes at each step, and gradients are of still images")
    net, start = answering.net, answering.start
    assert net is not None  # noqa: S101 - it was asked before
    images = ImageSet("the page", np.stack([sample.channels for sample in shown.samples]))
    check_size(net, images)
    settings = Settings(T, answering.mean, answering.std, seed=0)
    looker, black = Looker(net, settings), np.zeros_like(images.images)
    methods = possible_methods(looker, images, GRADIENT_METHODS, [])
    classes, by_label = _classes(looker, images, shown.samples)
    maps = looker.maps(images.images, black, classes, methods)
    without: dict[str, Floats] = {}
    if start is not None:
        other = Looker(start, settings, layer=answering.layer)
        other.prepare(images)
        spikes = [name for name in SPIKE_METHODS if name == "first-spike" or T > 1]
        asked = [*(spikes if shown.record.shape[2:] != (1, 1) else ()), *methods]
        without = other.maps(images.images, black, classes, asked)
    for n, sample in enumerate(shown.samples):
        yield {
            "of": _said(sample, int(classes[n]), by_label=bool(by_label[n])),
            "gradients": {name: _placed(name, each[n], block) for name, each in maps.items()},
            "untrained": {name: _placed(name, each[n], block) for name, each in without.items()},
        }


def _classes(
    looker: Looker, images: ImageSet, samples: Sequence[Sample]
) -> "tuple[NDArray[np.int64], NDArray[np.bool_]]":
    """The class of each image that is explained, and whether that is its label."""
    pixels = images.batch(range(len(images)))
    assert looker.runner is not None  # noqa: S101 - it is a network
    with looker.runner.running(pixels) as running:
        scores = running.answers(pixels)
    labels = np.array([-1 if each.label is None else each.label for each in samples])
    known = (labels >= 0) & (labels < scores.shape[1])
    return np.where(known, labels, scores.argmax(1)).astype(np.int64), known


def _said(sample: Sample, number: int, *, by_label: bool) -> dict[str, Any]:
    """The class that is explained, for people."""
    name = sample.class_name if by_label and sample.class_name else f"class {number}"
    return {"name": name, "by": "label" if by_label else "answer"}


def _placed(method: str, values: "Floats", block: Block) -> Place:
    """Where a map lies, as bytes [H, W] of blocks that the page can show."""
    small = _reduced(values)
    if method != "integrated-gradients":
        return block.add(np.ascontiguousarray(map_levels(small[np.newaxis])[0]))
    largest = np.abs(small).max()
    signed = np.rint(_MOST * small / largest) if largest > 0 else np.zeros_like(small)
    return block.add((signed + _ZERO).astype(np.uint8))


def _reduced(values: "Floats") -> "Floats":
    """A map as means of blocks, so that no side is longer than the page draws it."""
    side = -(-max(values.shape) // _WIDE)
    if side == 1:
        return values
    starts = [np.arange(0, size, side) for size in values.shape]
    sums = np.add.reduceat(np.add.reduceat(values, starts[0], axis=0), starts[1], axis=1)
    rows, columns = (np.diff(np.append(s, n)) for s, n in zip(starts, values.shape, strict=True))
    means: Floats = sums / np.outer(rows, columns)
    return means
