"""`analyze`: an encoder and what it is compared with, measured on the same images."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from snnviz.analysis.measuring import Measured, count_classes, encode_all, measure_coder
from snnviz.data import ImageSet
from snnviz.errors import ConfigError, DataError, ShapeError
from snnviz.importance import Importance, channel_importance
from snnviz.measurement import Measurement, measure
from snnviz.metrics import Movement, alignment, movement
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
        train_images: Number of images that readouts were fitted on; 0 where there were none.
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
        left_out: What could not be measured and why, a sentence each.
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
    left_out: tuple[str, ...] = ()

    @property
    def studied(self) -> Measured:
        """The results of the encoder under study."""
        return self.measured[0]


def analyze(
    coders: "Sequence[Coder]",
    images: ImageSet,
    train_images: ImageSet | None,
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
        train_images: Other images of the same size, to fit readouts on; None leaves out
            reconstruction and probe.
        network: The whole network, for cost and importance; left out where the images have no
            labels, or another size than it takes.
        network_images: On how many of the images, the first ones, these two are measured; 0 leaves
            them out.
        alignment_images: On how many of the first images encoders are aligned, or fewer where there
            are no more; below 4 there is no alignment.
        snapshots: Kernels [K, C, kh, kw] by epoch, -1 for untrained, for the movement.
        ranks: Processes that share the images; each gets the same result as one alone would.
        progress: Called as `progress(phase, done, total)`.

    Raises:
        ConfigError: There is no coder, or two have one name.
        ShapeError: The images do not fit each other or an encoder.
        DataError: There are no images.
    """
    _check(coders, images, train_images)
    measured = tuple(
        measure_coder(coder, images, train_images, ranks=ranks, progress=progress)
        for coder in coders
    )
    labelled = count_classes(images, train_images) is not None
    sample = images.head(min(alignment_images, len(images)))
    whole = network if network_images and labelled and _fits(network, images) else None
    seen = images.head(min(max(network_images, 1), len(images)))
    epochs = tuple(sorted(snapshots or {}))
    kernels = np.stack([snapshots[epoch] for epoch in epochs]) if snapshots else None
    aligned = _alignment(coders, sample)
    return Analysis(
        images=len(images),
        train_images=len(train_images or ()),
        measured=tuple(
            replace(each, likeness=float(cka))
            for each, cka in zip(measured, aligned[0], strict=True)
        ),
        alignment=aligned,
        alignment_images=len(sample),
        cost=measure(whole, seen, progress=progress) if whole else None,
        importance=(
            channel_importance(whole, seen, ranks=ranks, progress=progress) if whole else None
        ),
        network_images=len(seen) if whole else 0,
        movement=movement(kernels) if kernels is not None else None,
        epochs=epochs,
        kernels=kernels,
        left_out=_left_out(images, train_images, network, labelled=labelled),
    )


def _check(coders: "Sequence[Coder]", images: ImageSet, train_images: ImageSet | None) -> None:
    names = [coder.name for coder in coders]
    if not names or len(set(names)) < len(names):
        raise ConfigError(f"coders need names that differ, got {', '.join(names) or 'none'}")
    if coders[0].kind == "pixels":
        raise ConfigError("pixels are no spikes to study; put an encoder first")
    if not len(images) or (train_images is not None and not len(train_images)):
        raise DataError(
            f"got {len(images)} images to score on and {len(train_images or ())} to fit on; "
            "give one or more of each"
        )
    if train_images is None:
        return
    size, train_size = images.images.shape[1:], train_images.images.shape[1:]
    if size != train_size:
        raise ShapeError(
            f"readouts would be fitted on images of {train_size} pixels and scored on {size}; "
            "give both of one size"
        )


def _left_out(
    images: ImageSet, train_images: ImageSet | None, network: ConvSNN | None, *, labelled: bool
) -> tuple[str, ...]:
    """What cannot be measured on these images."""
    size = images.images.shape[1:]
    found = []
    if not labelled:
        found.append(
            "the images have no labels: the probe, class structure, information on the class, "
            "cost and importance are left out"
        )
    elif network is not None and not _fits(network, images):
        found.append(
            f"the network takes images of {network.config.image_size} pixels, not {size}: cost "
            "and importance are left out"
        )
    if train_images is None:
        found.append(
            f"there are no training images of {size} pixels to fit on: reconstruction and the "
            "probe are left out"
        )
    return tuple(found)


def _fits(network: ConvSNN | None, images: ImageSet) -> bool:
    return network is not None and network.config.image_size == images.images.shape[1:]


def _alignment(coders: "Sequence[Coder]", images: ImageSet) -> "NDArray[np.float64]":
    if len(images) < 4:
        return np.full((len(coders), len(coders)), np.nan)
    return alignment(encode_all(coder, images.images, coder.t) for coder in coders)
