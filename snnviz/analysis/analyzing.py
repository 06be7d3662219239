"""`analyze`: an encoder and what it is compared with, measured on the same images."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from snnviz._renaming import old_attribute, renamed
from snnviz.analysis.checks import ALIGNABLE, check_names, check_sets, further_images, not_measured
from snnviz.analysis.computing import count_classes
from snnviz.analysis.encodings import as_encodings
from snnviz.analysis.folding import folded
from snnviz.analysis.html import analysis_html
from snnviz.analysis.keeping import Shown
from snnviz.analysis.measuring import Measuring
from snnviz.analysis.paired import compared
from snnviz.analysis.results import EncodingMetrics
from snnviz.analysis.within import in_networks
from snnviz.data import ImageSet
from snnviz.display import quantity
from snnviz.metrics import (
    FoldedChange,
    WeightChange,
    folded_change,
    weight_change,
)
from snnviz.ranks import Ranks
from snnviz.scoring.progress import as_progress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from snnviz.analysis.differing import Beside
    from snnviz.analysis.encodings import Encoding, Given
    from snnviz.analysis.paired import Against
    from snnviz.analysis.within import InNetwork, Network
    from snnviz.figures.scorecard import Scorecard
    from snnviz.scoring.progress import Progress


@dataclass(frozen=True, eq=False, repr=False)
class Analysis:
    """What was found of an encoder.

    Attributes:
        images: Number of images that everything was scored on.
        train_images: Number of images that readouts were fitted on; 0 where there were none.
        measured: Every encoding's results; the encoder under study comes first.
        alignment: Debiased linear CKA between counts at the step at which each is read, of the
            encodings that are measured by all families, in their order: float64 [E, E].
        alignment_images: Number of images it is from.
        networks: What was found of whole networks, by their encoding's name; empty for encoders
            alone.
        network_images: Number of images that this is from.
        weight_change: How far the kernels are from the first of the snapshots; None without any.
        epochs: The epoch of each snapshot, -1 for untrained.
        kernels: The kernels of each snapshot, float32 [E, K, C, kh, kw]; None without any.
        shown: What figures show of the encoder under study.
        first_images: The images that this is of.
        folded: How far the encoder is from its initialization with batch normalization folded in;
            None where that is not among the encodings.
        paired: The encoder under study less each other that has a number for each image, by name.
        cost_steps: Number of time steps that costs are of.
        left_out: What could not be measured and why, a sentence each.
        beside: The encoder under study beside each of the others of kind "compared" whose maps are
            as large, channel by channel.

    Example:
        >>> encodings = [snnviz.encoding_of("mine", snnviz.load_encoder(), T=4)]
        >>> analysis = snnviz.analyze(encodings, snnviz.garments(8), None)
        >>> len(analysis.measured), analysis.left_out[0][:32]
        (1, 'there are no training images of ')
    """

    images: int
    train_images: int
    measured: tuple[EncodingMetrics, ...]
    alignment: "NDArray[np.float64]"
    alignment_images: int
    networks: "Mapping[str, InNetwork]"
    network_images: int
    weight_change: WeightChange | None
    epochs: tuple[int, ...]
    kernels: "NDArray[np.float32] | None"
    shown: Shown
    first_images: ImageSet
    folded: FoldedChange | None = None
    paired: "Mapping[str, Against]" = field(default_factory=dict)
    cost_steps: int | None = None
    left_out: tuple[str, ...] = ()
    beside: "tuple[Beside, ...]" = ()

    movement = old_attribute("movement", "weight_change")

    @property
    def studied(self) -> EncodingMetrics:
        """The results of the encoder under study."""
        return self.measured[0]

    @property
    def scorecard(self) -> "Scorecard":
        """What `snnviz.scorecard_figure` draws of it."""
        from snnviz.analysis.scorecard_picture import scorecard  # noqa: PLC0415 - slow, and figures alone

        return scorecard(self)

    def __repr__(self) -> str:
        """What it is of, and how many numbers can be asked for."""
        of = f"{self.studied.encoding.name!r}, T={self.studied.encoding.T}"
        return (
            f"<Analysis of {of}, on {quantity(self.images, 'image')}, beside "
            f"{quantity(len(self.measured) - 1, 'other')}>"
        )

    def _repr_html_(self) -> str:
        """What a notebook shows: the scorecard, what was left out, and the mean counts."""
        return analysis_html(self)


@renamed(coders="encodings")
def analyze(
    encodings: "Given | Sequence[Given]",
    images: ImageSet,
    train_images: ImageSet | None = None,
    *,
    T: int | None = None,
    networks: "Mapping[str, Network] | None" = None,
    probe_images: ImageSet | None = None,
    cost_steps: int | None = None,
    network_images: int = 500,
    alignment_images: int = 500,
    snapshots: "Mapping[int, NDArray[np.float32]] | None" = None,
    ranks: Ranks | None = None,
    progress: "Progress | Literal[True] | None" = None,
    left_out: "Sequence[str]" = (),
) -> Analysis:
    """Everything that can be said of an encoder, beside what it is compared with.

    Args:
        encodings: The encoder under study, then what it is compared with: encodings, whose names
            differ, encoders, or networks, whose first layer of neurons is taken. An encoder or a
            network alone is compared with codes of the pixels.
        images: Images to score on.
        train_images: Other images of the same size, to fit readouts on; None leaves out
            reconstruction and probe.
        T: Number of time steps of encoders and networks; None: as many as the first says.
        networks: Whole networks by the name of the encoding that is their encoder, for the
            network's cost and its channels' importance. Left out where the images have no
            labels, labels that it has no output for, or another size than it takes.
        probe_images: Images to score probes on, which begin with `images`: with more of them, two
            encoders can be told apart that are closer. Untrained encoders are scored on `images`
            alone. None: on `images`.
        cost_steps: Number of time steps that costs are of, such as those that the network was
            trained with; None, or more than T: T.
        network_images: On how many of the images, the first ones, networks are measured; 0 leaves
            them out.
        alignment_images: On how many of the first images encoders are aligned, or fewer where there
            are no more; below 4 there is no alignment.
        snapshots: Kernels [K, C, kh, kw] by epoch, -1 for untrained, for the weight_change.
        ranks: Processes that share the images; each gets the same result as one alone would.
        progress: Called as `progress(phase, done, total)`; True draws a bar.
        left_out: What the caller knows to be missing, a sentence each.

    Raises:
        ConfigError: There is no encoding, two have one name, a network cannot be run so, or
            `probe_images` begin with other images.
        ShapeError: The images do not fit each other or an encoder.
        DataError: There are no images.

    Example:
        >>> encodings = [snnviz.encoding_of("mine", snnviz.load_encoder(), T=4)]
        >>> analysis = snnviz.analyze(encodings, snnviz.garments(8), snnviz.garments(16, "train"))
        >>> analysis.images, analysis.train_images
        (8, 16)
    """
    check_sets(images, train_images)
    encodings, progress = as_encodings(encodings, images, T), as_progress(progress)
    check_names(encodings)
    ranks = ranks or Ranks()
    sample = images.take(np.arange(min(alignment_images, len(images))))
    measuring = Measuring(
        encodings, images, train_images, further_images(images, probe_images),
        aligned=len(sample) if len(sample) >= ALIGNABLE else 0, cost_steps=cost_steps,
        ranks=ranks, progress=progress,
    )  # fmt: skip
    measuring.run()
    measured, shown = measuring.measured, measuring.shown
    labelled = count_classes(images, train_images) is not None
    seen = images.head(min(max(network_images, 1), len(images)))
    asked = networks if networks and labelled and network_images else {}
    channels = {each.encoding.name: each.shape[0] for each in measured}
    in_whole, unknown = in_networks(asked, channels, seen, ranks=ranks, progress=progress)
    missing = not_measured(images, train_images, sample, measured[0].shape, labelled=labelled)
    return Analysis(
        images=len(images),
        train_images=len(train_images or ()),
        measured=measuring.results(),
        alignment=measuring.alignment,
        alignment_images=len(sample),
        networks=in_whole,
        network_images=len(seen) if in_whole else 0,
        **_history(snapshots or {}),
        folded=_folded_change(encodings),
        paired=compared(measured),
        cost_steps=min(cost_steps or encodings[0].T, encodings[0].T),
        shown=shown,
        first_images=images.take(np.arange(shown.images)),
        left_out=(*left_out, *missing, *unknown, *measuring.left_out),
        beside=measuring.differing.result(),
    )


def _history(snapshots: "Mapping[int, NDArray[np.float32]]") -> dict[str, Any]:
    """What an analysis says of the snapshots of kernels, by epoch."""
    epochs = tuple(sorted(snapshots))
    kernels = np.stack([snapshots[epoch] for epoch in epochs]) if snapshots else None
    change = weight_change(kernels) if kernels is not None else None
    return {"weight_change": change, "epochs": epochs, "kernels": kernels}


def _folded_change(encodings: "Sequence[Encoding]") -> FoldedChange | None:
    """How far the encoder under study is from its initialization, normalization folded in."""
    start = next((encoding.encoder for encoding in encodings if encoding.kind == "start"), None)
    both = [folded(encoder) for encoder in (start, encodings[0].encoder) if encoder is not None]
    before, after = both if len(both) == 2 else (None, None)
    return folded_change(before, after) if before and after else None
