"""One encoding, all families: images in a stream, accumulators out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from PIL import Image

from snnviz._renaming import old_attribute
from snnviz.batching import batches
from snnviz.display import Brief
from snnviz.errors import ConfigError
from snnviz.metrics import (
    Activity,
    ActivityResult,
    Classes,
    ClassesResult,
    ContourResult,
    Contours,
    Cost,
    CostResult,
    ExcitingResult,
    Information,
    InformationResult,
    OperatingPointResult,
    ProbeChoice,
    ProbeFit,
    ProbeResult,
    ProbeScore,
    ReceptiveFieldResult,
    Reconstruction,
    ReconstructionFit,
    ReconstructionResult,
    ReconstructionScore,
    Redundancy,
    RedundancyResult,
    SkeletonResult,
    SynchronyResult,
)
from snnviz.metrics.probe import RIDGE, STRENGTHS
from snnviz.ranks import Ranks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.analysis.encodings import Encoding
    from snnviz.analysis.keeping import Kept
    from snnviz.data import ImageSet
    from snnviz.metrics.accumulator import Accumulator
    from snnviz.records.spikes import SpikeRecord
    from snnviz.scoring.progress import Progress

# Images that are encoded at once: 13 MB of first-spike times for 128 maps of 28 x 28.
_BATCH = 128
# Of so many training images one decides on the probe's strength before it joins the others. Which
# ones is drawn, since the classes of a set may come in turns.
_DECIDING = 5


Result = (
    ContourResult
    | ProbeResult
    | ActivityResult
    | InformationResult
    | RedundancyResult
    | CostResult
    | ReconstructionResult
    | ClassesResult
    | Reconstruction
    | SkeletonResult
    | SynchronyResult
    | OperatingPointResult
    | ReceptiveFieldResult
    | ExcitingResult
)
FAMILIES = (
    "contours",
    "probe",
    "activity",
    "information",
    "redundancy",
    "cost",
    "reconstruction",
    "classes",
    "rule",
    "skeleton",
    "synchrony",
    "operating_point",
    "receptive_field",
    "exciting",
)
"""The attributes of `EncodingMetrics` that are results, in the order of the tables."""
Known = TypeVar("Known")


@dataclass(frozen=True, repr=False)
class EncodingMetrics(Brief):
    """What the families found of an encoding.

    Attributes:
        encoding: The encoding.
        shape: (K, H, W) of its records.
        contours: Correlations with contours and intensity.
        probe: Accuracy of the linear probe; None where images have no labels, or where there were
            none to fit on.
        activity: How often neurons fire; None for the pixels themselves, as all that follow.
        information: Bits of a neuron.
        redundancy: How alike the channels are.
        cost: Synaptic operations into as many kernels as the encoder under study has maps; None
            where those of the encoding itself are not known.
        reconstruction: Images read back; None where there were none to fit on.
        classes: Selectivity and the atlas of mean maps; None where images have no labels.
        rule: What reads images back, as it was fitted; None without it.
        skeleton: Which first spikes stay under noise; this and what follows is of what was trained
            and of what it began as alone, see `snnviz.analysis.profiling`.
        synchrony: How far neurons of a channel fire in the same steps.
        operating_point: Where on their f-I curve they work.
        receptive_field: What they see; None where that is not known.
        exciting: Which images make each channel spike most.
        cka: Debiased linear CKA with the encoder under study, in [-1, 1], see
            `snnviz.metrics.cka`; NaN where it is not known.
    """

    encoding: "Encoding"
    shape: tuple[int, int, int]
    contours: ContourResult
    probe: ProbeResult | None = None
    activity: ActivityResult | None = None
    information: InformationResult | None = None
    redundancy: RedundancyResult | None = None
    cost: CostResult | None = None
    reconstruction: ReconstructionResult | None = None
    classes: ClassesResult | None = None
    rule: Reconstruction | None = None
    skeleton: SkeletonResult | None = field(default=None, repr=False)
    synchrony: SynchronyResult | None = field(default=None, repr=False)
    operating_point: OperatingPointResult | None = field(default=None, repr=False)
    receptive_field: ReceptiveFieldResult | None = field(default=None, repr=False)
    exciting: ExcitingResult | None = field(default=None, repr=False)
    cka: float = float("nan")

    @property
    def results(self) -> "dict[str, Result]":
        """What there is of the families and the rule, by name."""
        return {name: found for name in FAMILIES if (found := getattr(self, name)) is not None}

    coder = old_attribute("coder", "encoding")
    likeness = old_attribute("likeness", "cka")


def known(result: Known | None) -> Known:
    """What is there for all encodings but the pixels, which the caller has left out."""
    assert result is not None  # noqa: S101 - says so to type checkers
    return result


def compute_metrics(
    encoding: "Encoding",
    images: "ImageSet",
    train_images: "ImageSet | None",
    *,
    outputs: int | None = None,
    ranks: Ranks | None = None,
    progress: "Progress | None" = None,
    kept: "Kept | None" = None,
) -> EncodingMetrics:
    """All families over `images`; what has to be fitted is fitted on `train_images`.

    Images without labels are not asked about classes.

    Args:
        encoding: What makes spikes of them.
        images: The images to score on.
        train_images: Other images of the same size, with labels where `images` have them; None
            leaves out what has to be fitted.
        outputs: Kernels of the next layer, for the cost; None: as many as the encoding has maps.
        ranks: Processes that share the images; each gets the whole result, which does not depend
            on how many they are.
        progress: Called as `progress(phase, done, total)`, in images.
        kept: Takes what is needed later out of the records of `images`.
    """
    classes = count_classes(images, train_images)
    stream = _Stream(encoding, ranks or Ranks(), progress)
    fitted = {} if train_images is None else _fitted(encoding, classes, train_images, stream)
    found = stream.run(
        images,
        lambda shape: _families(
            encoding, shape, classes, fitted, outputs or encoding.channels, images.shape
        ),
        kept=kept,
    )
    results = {name: family.result() for name, family in found.items()}
    rule = fitted.get("reconstruction")
    return EncodingMetrics(encoding, stream.shape, rule=rule, **results)


def _fitted(
    encoding: "Encoding", classes: int | None, train_images: "ImageSet", stream: "_Stream"
) -> dict[str, Any]:
    """What was fitted to the training images, by the family's name.

    The probe's strength is that which is best on a fifth of them when fitted to the others; then it
    is fitted to all.
    """
    decides = deciding_images(len(train_images))
    learned = stream.run(
        train_images.take(np.flatnonzero(~decides)),
        lambda shape: _fits(encoding, shape, classes),
        ": fit",
    )
    deciding = train_images.take(np.flatnonzero(decides))
    probe = learned.get("probe")
    choice = {}
    if probe and len(deciding):
        probes = probe.results(STRENGTHS)
        choice = {"choice": ProbeChoice(encoding.T, stream.shape, probes)}
    seen = stream.run(
        deciding, lambda shape: {**_fits(encoding, shape, classes), **choice}, ": choose"
    )
    for name, family in learned.items():
        family.merge(seen[name])
    strength = seen["choice"].result() if choice else RIDGE
    return {
        name: family.result(strength) if name == "probe" else family.result()
        for name, family in learned.items()
    }


def deciding_images(count: int) -> "NDArray[np.bool_]":
    """Which of so many training images decide on the probe's strength, always the same; [count]."""
    chosen = np.random.default_rng(0).permutation(count)[: count // _DECIDING]
    return np.isin(np.arange(count), chosen)


def count_classes(images: "ImageSet", train_images: "ImageSet | None") -> int | None:
    """How many classes the sets can be asked about; None where one of them has no labels."""
    sets = [each for each in (images, train_images) if each is not None]
    labels = [each.labels for each in sets if each.labels is not None]
    if len(labels) < len(sets):
        return None
    return max(len(images.classes), *(int(each.max(initial=1)) + 1 for each in labels))


def _fits(
    encoding: "Encoding", shape: tuple[int, int, int], classes: int | None
) -> "dict[str, Accumulator]":
    """What has to be fitted, by the family's name."""
    families: dict[str, Accumulator] = {}
    if encoding.kind != "pixels" and has_maps(shape):
        families["reconstruction"] = ReconstructionFit(encoding.T, shape)
    if classes is not None:
        families["probe"] = ProbeFit(encoding.T, shape, classes=classes, t=encoding.t)
    return families


def _families(
    encoding: "Encoding",
    shape: tuple[int, int, int],
    classes: int | None,
    fitted: Mapping[str, Any],
    outputs: int,
    image: tuple[int, int, int],
) -> "dict[str, Accumulator]":
    """What is scored, by the family's name."""
    T = encoding.T
    families: dict[str, Accumulator] = {"contours": Contours(T, shape)}
    if "probe" in fitted:
        families["probe"] = ProbeScore(T, shape, fitted["probe"])
    if encoding.kind == "pixels":  # they are no spikes, and have 255 steps
        return families
    families |= {
        "activity": Activity(T, shape),
        "information": Information(T, shape, classes=classes),
        "redundancy": Redundancy(T, shape, t=encoding.t),
    }
    if (macs := _macs(encoding, image)) is not None:
        families["cost"] = Cost(T, shape, outputs=outputs, macs=macs)
    if "reconstruction" in fitted:
        families["reconstruction"] = ReconstructionScore(T, shape, fitted["reconstruction"])
    if classes is not None:
        families["classes"] = Classes(T, shape, classes=classes, t=encoding.t)
    return families


def has_maps(shape: tuple[int, int, int]) -> bool:
    """Whether the channels are maps that can be compared with an image, and no single cells."""
    return shape[1] > 1 and shape[2] > 1


def _macs(encoding: "Encoding", image: tuple[int, int, int]) -> int | None:
    """Multiply-accumulates of the encoding's layer of weights for an image; 0 where it has none.

    None where it has several, or some that are not known.
    """
    if encoding.encoder is None:
        return 0
    try:
        return encoding.encoder.macs(image)
    except ConfigError:
        return None


def at_size(images: "NDArray[np.uint8]", size: tuple[int, int]) -> "NDArray[np.uint8]":
    """Grey images [n, H, W] as large as the maps: each pixel the mean of those that it covers.

    Args:
        images: The images.
        size: Height and width of the maps; images of that size are left as they are.
    """
    if images.shape[1:] == size:
        return images
    scaled = [
        np.asarray(Image.fromarray(image).resize(size[::-1], Image.Resampling.BOX))
        for image in images
    ]
    return np.stack(scaled)


class _Stream:
    """The records of one encoding, an image once, as families are fed with them.

    Args:
        encoding: What makes spikes of images.
        ranks: Processes that share the images.
        progress: Called as `progress(phase, done, total)`, in images.
    """

    def __init__(self, encoding: "Encoding", ranks: Ranks, progress: "Progress | None") -> None:
        self._encoding, self._ranks, self._progress = encoding, ranks, progress
        self._shape: tuple[int, int, int] | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """(K, H, W) of the records, once there was one."""
        assert self._shape is not None  # noqa: S101 - something was run before
        return self._shape

    def run(
        self,
        images: "ImageSet",
        families: "Callable[[tuple[int, int, int]], Mapping[Any, Accumulator]]",
        phase: str = "",
        *,
        kept: "Kept | None" = None,
    ) -> dict[Any, Any]:
        """The families with all images: this rank's share is fed to them, the others' merged in.

        Args:
            images: The images.
            families: What makes them, for records of that shape.
            phase: What the progress is called after the encoding's name.
            kept: Takes what is needed later out of the records.
        """
        made: Mapping[Any, Accumulator] | None = None
        share = self._ranks.share(np.arange(len(images)))
        for some in batches(len(share), _BATCH):
            indices = share[some]
            record = self._encoding.encode(images.images[indices])
            made = families(self._see(record)) if made is None else made
            if not made and kept is None:
                break
            pixels = at_size(images.grey[indices], self.shape[1:])  # what metrics compare with
            labels = None if images.labels is None else images.labels[indices]
            for family in made.values():
                family.update(record, pixels, labels)
            if kept is not None:
                kept.note(indices, record)
            if self._progress is not None:
                done = int(np.searchsorted(share, indices[-1])) + 1
                self._progress(self._encoding.name + phase, done, len(share))
        if self._shape is None:  # this rank has no share
            self._see(self._encoding.encode(images.images[:1]))
        made = families(self.shape) if made is None else made
        return {name: _merged(family, self._ranks) for name, family in made.items()}

    def _see(self, record: "SpikeRecord") -> tuple[int, int, int]:
        _, *sides = record.shape
        self._shape = (sides[0], sides[1], sides[2])
        return self._shape


def _merged(family: "Accumulator", ranks: Ranks) -> Any:
    """What all ranks have seen, on every rank."""

    def merge(ours: "Accumulator", theirs: "Accumulator") -> "Accumulator":
        ours.merge(theirs)
        return ours

    return reduce(merge, ranks.gather([family]))
