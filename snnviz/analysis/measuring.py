"""One coder, all families: images in a stream, accumulators out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any, Protocol

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
    from typing import Self

    from numpy.typing import NDArray

    from snnviz.analysis.coders import Coder
    from snnviz.data import ImageSet
    from snnviz.evaluation import Progress
    from snnviz.spikes import SpikeRecord

# Images that are encoded at once: 13 MB of first-spike times for 128 maps of 28 x 28.
_BATCH = 128


class Family(Protocol):
    """What every family of metrics that runs over a data set can do."""

    def update(
        self,
        record: "SpikeRecord",
        images: "NDArray[np.uint8]",
        labels: "NDArray[np.uint8] | None" = None,
    ) -> None:
        """Add a batch."""

    def merge(self, other: "Self") -> None:
        """Add what `other` has seen."""

    def result(self) -> Any:
        """What all of it comes to."""


@dataclass(frozen=True)
class Measured:
    """What the families found of a coder.

    Attributes:
        coder: The coder.
        shape: (K, H, W) of its records.
        results: Each family's result by the family's name; "rule" is the `Reconstruction` that
            was fitted, "probe" and "classes" are missing where images have no labels.
    """

    coder: "Coder"
    shape: tuple[int, int, int]
    results: Mapping[str, Any]


def measure_coder(
    coder: "Coder",
    images: "ImageSet",
    train_images: "ImageSet",
    *,
    ranks: Ranks | None = None,
    progress: "Progress | None" = None,
) -> Measured:
    """All families over `images`; what has to be fitted is fitted on `train_images`.

    Images without labels are not asked about classes.

    Args:
        coder: What makes spikes of them.
        images: The images to score on.
        train_images: Other images of the same size, with labels where `images` have them.
        ranks: Processes that share the images; each gets the whole result, which does not depend
            on how many they are.
        progress: Called as `progress(phase, done, total)`, in images.
    """
    ranks, T = ranks or Ranks(), coder.T
    shape = (coder.channels, *images.images.shape[1:])
    classes = len(images.classes) if images.labels is not None else None
    fits: dict[str, Family] = {"reconstruction": ReconstructionFit(T, shape)}
    if classes is not None and train_images.labels is not None:
        fits["probe"] = ProbeFit(T, shape, classes=classes, t=coder.t)
    _run(coder, train_images, list(fits.values()), ranks, progress, f"{coder.name}: fit")
    fitted = {name: _merged(fit, ranks).result() for name, fit in fits.items()}
    families: dict[str, Family] = {
        "activity": Activity(T, shape),
        "contours": Contours(T, shape),
        "information": Information(T, shape, classes=classes),
        "redundancy": Redundancy(T, shape, t=coder.t),
        "reconstruction": ReconstructionScore(T, shape, fitted["reconstruction"]),
    }
    if classes is not None:
        families["classes"] = Classes(T, shape, classes=classes)
    if "probe" in fitted:
        families["probe"] = ProbeScore(T, shape, fitted["probe"])
    _run(coder, images, list(families.values()), ranks, progress, coder.name)
    results = {name: _merged(family, ranks).result() for name, family in families.items()}
    return Measured(coder, shape, {**results, "rule": fitted["reconstruction"]})


def _run(
    coder: "Coder",
    images: "ImageSet",
    families: Sequence[Family],
    ranks: Ranks,
    progress: "Progress | None",
    phase: str,
) -> None:
    """Feed this rank's share of the images to all families."""
    share = ranks.share(np.arange(len(images)))
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


def _merged(family: Family, ranks: Ranks) -> Family:
    """What all ranks have seen, on every rank."""

    def merge(ours: Family, theirs: Family) -> Family:
        ours.merge(theirs)
        return ours

    return reduce(merge, ranks.gather([family]))
