"""`analyze`: an encoder and what it is compared with, measured on the same images."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from snnviz.analysis.measuring import Measured, measure_coder
from snnviz.data import ImageSet
from snnviz.errors import ConfigError
from snnviz.importance import Importance, channel_importance
from snnviz.measurement import Measurement, measure
from snnviz.metrics import Movement, cka, movement
from snnviz.network import ConvSNN
from snnviz.ranks import Ranks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from snnviz.analysis.coders import Coder
    from snnviz.evaluation import Progress


@dataclass(frozen=True, eq=False)
class Analysis:
    """What was found of an encoder.

    Attributes:
        images: Number of images that everything was scored on.
        train_images: Number of images that readouts were fitted on.
        measured: Every coder's results; the encoder under study comes first.
        alignment: Debiased linear CKA between the coders' counts at their last step, float64
            [E, E] in their order.
        alignment_images: Number of images it is from.
        cost: What the whole network does and spends; None for an encoder alone.
        importance: Accuracy without each channel; None for an encoder alone.
        network_images: Number of images that these two are from.
        movement: How far the kernels are from the first of the snapshots; None without any.
        epochs: The epoch of each snapshot, -1 for untrained.
        kernels: The kernels of each snapshot, float32 [E, K, C, kh, kw]; None without any.
    """

    images: int
    train_images: int
    measured: tuple[Measured, ...]
    alignment: "NDArray[np.float64]"
    alignment_images: int
    cost: Measurement | None
    importance: Importance | None
    network_images: int
    movement: Movement | None
    epochs: tuple[int, ...]
    kernels: "NDArray[np.float32] | None"

    @property
    def studied(self) -> Measured:
        """The results of the encoder under study."""
        return self.measured[0]


def analyze(
    coders: "Sequence[Coder]",
    images: ImageSet,
    train_images: ImageSet,
    *,
    network: ConvSNN | None = None,
    network_images: int = 500,
    alignment_images: int = 500,
    snapshots: "Mapping[int, NDArray[np.float32]] | None" = None,
    ranks: Ranks | None = None,
    progress: "Progress | None" = None,
) -> Analysis:
    """Everything that can be said of an encoder, beside what it is compared with.

    Args:
        coders: The encoder under study, then what it is compared with; names differ.
        images: Images to score on.
        train_images: Other images of the same size, to fit readouts on.
        network: The whole network, for cost and importance; it takes labelled images of that size.
        network_images: On how many of the images, the first ones, these two are measured; 0 leaves
            them out.
        alignment_images: On how many of the first images encoders are aligned, >= 4 or fewer where
            there are no more.
        snapshots: Kernels [K, C, kh, kw] by epoch, -1 for untrained, for the movement.
        ranks: Processes that share the images; each gets the same result as one alone would.
        progress: Called as `progress(phase, done, total)`.

    Raises:
        ConfigError: There is no coder, or two have one name.
        ShapeError: The images do not fit each other or an encoder.
        DataError: There are no images.
    """
    names = [coder.name for coder in coders]
    if not names or len(set(names)) < len(names):
        raise ConfigError(f"coders need names that differ, got {', '.join(names) or 'none'}")
    measured = tuple(
        measure_coder(coder, images, train_images, ranks=ranks, progress=progress)
        for coder in coders
    )
    sample = images.head(min(alignment_images, len(images)))
    seen = images.head(min(network_images, len(images))) if network_images else None
    whole = network is not None and seen is not None and images.labels is not None
    epochs = tuple(sorted(snapshots or {}))
    kernels = np.stack([snapshots[epoch] for epoch in epochs]) if snapshots else None
    return Analysis(
        images=len(images),
        train_images=len(train_images),
        measured=measured,
        alignment=_alignment(coders, sample),
        alignment_images=len(sample),
        cost=measure(network, seen, progress=progress) if whole and network and seen else None,
        importance=(
            channel_importance(network, seen, progress=progress)
            if whole and network and seen
            else None
        ),
        network_images=len(seen) if whole and seen else 0,
        movement=movement(kernels) if kernels is not None else None,
        epochs=epochs,
        kernels=kernels,
    )


def _alignment(coders: "Sequence[Coder]", images: ImageSet) -> "NDArray[np.float64]":
    result = np.full((len(coders), len(coders)), np.nan)
    if len(images) < 4:
        return result
    counts = [coder.encode(images.images).count(coder.t) for coder in coders]
    for i, ours in enumerate(counts):
        for j, theirs in enumerate(counts[: i + 1]):
            result[i, j] = result[j, i] = cka(ours, theirs)
    return result
