"""One coder, all families: images in a stream, accumulators out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from snnviz.metrics import (
    Activity,
    Classes,
    Contours,
    Information,
    ProbeFit,
    ProbeScore,
    ReconstructionFit,
    ReconstructionScore,
    Redundancy,
)
from snnviz.ranks import Ranks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.analysis.coders import Coder
    from snnviz.data import ImageSet
    from snnviz.evaluation import Progress
    from snnviz.metrics.accumulator import Accumulator

# Images that are encoded at once: 13 MB of first-spike times for 128 maps of 28 x 28.
_BATCH = 128


@dataclass(frozen=True)
class Measured:
    """What the families found of a coder.

    Attributes:
        coder: The coder.
        shape: (K, H, W) of its records.
        results: Each family's result by the family's name; "rule" is the `Reconstruction` that
            was fitted. "probe" and "classes" are missing where images have no labels,
            "reconstruction" and "probe" where there were none to fit on, all but "contours" and
            "probe" for the pixels themselves.
        likeness: Debiased linear CKA with the encoder under study, in [-1, 1], see
            `snnviz.metrics.cka`; NaN where it is not known.
    """

    coder: "Coder"
    shape: tuple[int, int, int]
    results: Mapping[str, Any]
    likeness: float = float("nan")


def measure_coder(
    coder: "Coder",
    images: "ImageSet",
    train_images: "ImageSet | None",
    *,
    ranks: Ranks | None = None,
    progress: "Progress | None" = None,
) -> Measured:
    """All families over `images`; what has to be fitted is fitted on `train_images`.

    Images without labels are not asked about classes.

    Args:
        coder: What makes spikes of them.
        images: The images to score on.
        train_images: Other images of the same size, with labels where `images` have them; None
            leaves out what has to be fitted.
        ranks: Processes that share the images; each gets the whole result, which does not depend
            on how many they are.
        progress: Called as `progress(phase, done, total)`, in images.
    """
    ranks = ranks or Ranks()
    shape = (coder.channels, *images.images.shape[1:])
    classes = count_classes(images, train_images)
    fits: dict[str, Accumulator] = {}
    if train_images is not None:
        fits = _fits(coder, shape, classes)
        _run(coder, train_images, list(fits.values()), ranks, progress, f"{coder.name}: fit")
    fitted = {name: _merged(fit, ranks).result() for name, fit in fits.items()}
    families = _families(coder, shape, classes, fitted)
    _run(coder, images, list(families.values()), ranks, progress, coder.name)
    results = {name: _merged(family, ranks).result() for name, family in families.items()}
    rule = {"rule": fitted["reconstruction"]} if "reconstruction" in fitted else {}
    return Measured(coder, shape, {**results, **rule})


def count_classes(images: "ImageSet", train_images: "ImageSet | None") -> int | None:
    """How many classes the sets can be asked about; None where one of them has no labels."""
    sets = [each for each in (images, train_images) if each is not None]
    labels = [each.labels for each in sets if each.labels is not None]
    if len(labels) < len(sets):
        return None
    return max(len(images.classes), *(int(each.max(initial=1)) + 1 for each in labels))


def encode_all(
    coder: "Coder", images: "NDArray[np.uint8]", t: int
) -> "NDArray[np.unsignedinteger]":
    """Spike counts of steps 0..t of images [n, H, W], [n, K, H, W]; encoded in parts."""
    parts = [coder.encode(images[some]).count(t) for some in _batches(np.arange(len(images)))]
    return np.concatenate(parts)


def _fits(
    coder: "Coder", shape: tuple[int, int, int], classes: int | None
) -> "dict[str, Accumulator]":
    """What has to be fitted, by the family's name."""
    families: dict[str, Accumulator] = {}
    if coder.kind != "pixels":
        families["reconstruction"] = ReconstructionFit(coder.T, shape)
    if classes is not None:
        families["probe"] = ProbeFit(coder.T, shape, classes=classes, t=coder.t)
    return families


def _families(
    coder: "Coder", shape: tuple[int, int, int], classes: int | None, fitted: Mapping[str, Any]
) -> "dict[str, Accumulator]":
    """What is scored, by the family's name."""
    T = coder.T
    families: dict[str, Accumulator] = {"contours": Contours(T, shape)}
    if "probe" in fitted:
        families["probe"] = ProbeScore(T, shape, fitted["probe"])
    if coder.kind == "pixels":  # they are no spikes, and have 255 steps
        return families
    families |= {
        "activity": Activity(T, shape),
        "information": Information(T, shape, classes=classes),
        "redundancy": Redundancy(T, shape, t=coder.t),
    }
    if "reconstruction" in fitted:
        families["reconstruction"] = ReconstructionScore(T, shape, fitted["reconstruction"])
    if classes is not None:
        families["classes"] = Classes(T, shape, classes=classes)
    return families


def _run(
    coder: "Coder",
    images: "ImageSet",
    families: "Sequence[Accumulator]",
    ranks: Ranks,
    progress: "Progress | None",
    phase: str,
) -> None:
    """Feed this rank's share of the images to all families."""
    share = ranks.share(np.arange(len(images) if families else 0))
    for indices in _batches(share):
        pixels = images.images[indices]
        labels = None if images.labels is None else images.labels[indices]
        record = coder.encode(pixels)
        for family in families:
            family.update(record, pixels, labels)
        if progress is not None:
            done = int(np.searchsorted(share, indices[-1])) + 1
            progress(phase, done, len(share))


def _batches(indices: "NDArray[np.intp]") -> "Iterator[NDArray[np.intp]]":
    for start in range(0, len(indices), _BATCH):
        yield indices[start : start + _BATCH]


def _merged(family: "Accumulator", ranks: Ranks) -> Any:
    """What all ranks have seen, on every rank."""

    def merge(ours: "Accumulator", theirs: "Accumulator") -> "Accumulator":
        ours.merge(theirs)
        return ours

    return reduce(merge, ranks.gather([family]))
