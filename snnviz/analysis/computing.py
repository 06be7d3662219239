"""One encoding, all families: images in a stream, accumulators out."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial, reduce
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from PIL import Image

from snnviz._renaming import old_attribute
from snnviz.analysis.each_image import EachImage, ImageNotes
from snnviz.analysis.encodings import BRIEF, Encoding
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
    NeuronInformation,
    NeuronInformationResult,
    OperatingPointResult,
    ProbeChoice,
    ProbeFit,
    ProbeResult,
    ReceptiveFieldResult,
    Reconstruction,
    ReconstructionFit,
    ReconstructionResult,
    ReconstructionScore,
    Redundancy,
    RedundancyResult,
    SkeletonResult,
    SynchronyResult,
    edge_with_intensity,
)
from snnviz.metrics.probe import RIDGE, STRENGTHS
from snnviz.ranks import Ranks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.analysis.keeping import Kept
    from snnviz.data import ImageSet
    from snnviz.metrics.accumulator import Accumulator
    from snnviz.records.spikes import SpikeRecord
    from snnviz.scoring.progress import Progress

# Images that are encoded at once: so many for 128 maps, 13 MB of first-spike times of 28 x 28, and
# more of fewer maps, since each call has a cost of its own.
_BATCH, _MOST = 128, 512
# Of so many training images one decides on the probe's strength before it joins the others, and as
# many parts tell how its accuracy spreads. Which ones are in which is drawn, since the classes of a
# set may come in turns.
_DECIDING = 5


# What is said of the spikes themselves, whatever readouts see of them.
_OF_SPIKES = ("activity", "information", "neurons", "cost")

Result = (
    ContourResult
    | ProbeResult
    | ActivityResult
    | InformationResult
    | NeuronInformationResult
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
    "neurons",
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
    "whole",
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
        information: Bits of a channel's first spikes, wherever in the map they come from.
        neurons: Bits of a neuron's first spike.
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
        whole: Accuracy of the linear probe on all images that probes are scored on; None without a
            probe, and where others were not looked at.
        each: What it came to for each image; None where it is measured by some families alone.
        between: Pearson's r of the strength of contours with intensity over the same pixels, NaN
            where it is not known.
        cka: Debiased linear CKA with the encoder under study, in [-1, 1], see
            `snnviz.metrics.cka`; NaN where it is not known.
    """

    encoding: Encoding
    shape: tuple[int, int, int]
    contours: ContourResult
    probe: ProbeResult | None = None
    activity: ActivityResult | None = None
    information: InformationResult | None = None
    neurons: NeuronInformationResult | None = None
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
    whole: ProbeResult | None = None
    each: EachImage | None = None
    between: float = float("nan")
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
    encoding: Encoding,
    images: "ImageSet",
    train_images: "ImageSet | None",
    *,
    further: "ImageSet | None" = None,
    outputs: int | None = None,
    cost_steps: int | None = None,
    strength: float | None = None,
    ranks: Ranks | None = None,
    progress: "Progress | None" = None,
    kept: "Kept | None" = None,
) -> EncodingMetrics:
    """The encoding's families over `images`; what has to be fitted is so on `train_images`.

    Images without labels are not asked about classes.

    Args:
        encoding: What makes spikes of them.
        images: The images to score on.
        train_images: Other images of the same size, with labels where `images` have them; None
            leaves out what has to be fitted.
        further: More images like `images`, on which the probe is scored as well, for `whole`.
        outputs: Kernels of the next layer, for the cost; None: as many as the encoding has maps.
        cost_steps: Number of time steps that the cost is of; None, or more: those of the encoding.
        strength: The probe's penalty; None chooses one on a fifth of the training images.
        ranks: Processes that share the images; each gets the whole result, which does not depend
            on how many they are.
        progress: Called as `progress(phase, done, total)`, in images.
        kept: Takes what is needed later out of the records of `images`.
    """
    ranks = ranks or Ranks()
    classes = count_classes(images, train_images)
    stream = _Stream(encoding, ranks, progress)
    fitted: dict[str, Any] = {}
    if train_images is not None:
        fitted = _fitted(encoding, classes, train_images, stream, strength)
    probe, rule = fitted.get("probe"), fitted.get("reconstruction")
    notes = ImageNotes(len(images), encoding.t, rule, probe, fitted.get("without", ()))
    steps = min(cost_steps or encoding.T, encoding.T)
    found = stream.run(
        images,
        lambda shape: _families(
            encoding, shape, classes, fitted, outputs or encoding.channels, steps, images.shape
        ),
        kept=kept,
        notes=None if encoding.families == BRIEF else notes,
    )
    results = {name: family.result() for name, family in found.items()}
    if probe is not None and further is not None:
        stream.run(further, lambda _: {}, ": probe", notes=notes, first=len(images))
    each = None if encoding.families == BRIEF else notes.result(ranks)
    between = float("nan")
    if each is not None:
        between = float(edge_with_intensity(each.moments.sum(axis=0)))
    if each is not None and each.right is not None and probe is not None:
        results["probe"] = each.probe_result(probe, len(images))
        if len(each.right) > len(images):
            results["whole"] = each.probe_result(probe)
    return EncodingMetrics(encoding, stream.shape, rule=rule, each=each, between=between, **results)


def _fitted(
    encoding: Encoding,
    classes: int | None,
    train_images: "ImageSet",
    stream: "_Stream",
    strength: float | None = None,
) -> dict[str, Any]:
    """What was fitted to the training images, by the family's name.

    The probe's strength, where none is given, is that which is best on a fifth of them when fitted
    to the others; then it is fitted to all. Under "without" are probes of that strength, each
    fitted to all but a fifth; not of untrained encoders, which have spread over seeds.
    """
    if not any(map(encoding.asks, ("reconstruction", "probe"))):
        return {}
    decides, *others = training_parts(len(train_images))
    parts = [
        stream.run(train_images.take(part), lambda shape: _fits(encoding, shape, classes), ": fit")
        for part in others
    ]
    learned = {name: _sum([part[name] for part in parts]) for name in parts[0]}
    probe = learned.get("probe")
    choice = {}
    if probe and len(decides) and strength is None:
        probes = probe.results(STRENGTHS)
        choice = {"choice": ProbeChoice(encoding.T, stream.shape, probes)}
    seen = stream.run(
        train_images.take(decides),
        lambda shape: {**_fits(encoding, shape, classes), **choice},
        ": choose",
    )
    if strength is None:
        strength = seen["choice"].result() if choice else RIDGE
    found: dict[str, Any] = {}
    if probe and len(parts) > 1 and encoding.kind != "untrained":
        folds = [part["probe"] for part in (seen, *parts)]
        found["without"] = [
            _sum([fold for fold in folds if fold is not left]).result(strength) for left in folds
        ]
    for name, family in learned.items():
        family.merge(seen[name])
        found[name] = family.result(strength) if name == "probe" else family.result()
    return found


def _sum(families: "Sequence[Accumulator]") -> Any:
    """A new accumulator of all that some of a kind have seen."""
    total = deepcopy(families[0])
    for family in families[1:]:
        total.merge(family)
    return total


def training_parts(count: int) -> "list[NDArray[np.intp]]":
    """The places of so many training images in fifths, always the same ones, each in rising order.

    The first of them decides on the probe's strength; where there are fewer than five images, it is
    empty, and all others are in the second.
    """
    order = np.random.default_rng(0).permutation(count)
    size = count // _DECIDING
    if not size:
        return [order[:0], np.arange(count)]
    return [np.sort(part) for part in (order[:size], *np.array_split(order[size:], _DECIDING - 1))]


def count_classes(images: "ImageSet", train_images: "ImageSet | None") -> int | None:
    """How many classes the sets can be asked about; None where one of them has no labels."""
    sets = [each for each in (images, train_images) if each is not None]
    labels = [each.labels for each in sets if each.labels is not None]
    if len(labels) < len(sets):
        return None
    return max(len(images.classes), *(int(each.max(initial=1)) + 1 for each in labels))


def _fits(
    encoding: Encoding, shape: tuple[int, int, int], classes: int | None
) -> "dict[str, Accumulator]":
    """What has to be fitted, by the family's name."""
    families: dict[str, Accumulator] = {}
    if encoding.asks("reconstruction") and has_maps(shape):
        families["reconstruction"] = ReconstructionFit(encoding.T, shape)
    if classes is not None and encoding.asks("probe"):
        families["probe"] = ProbeFit(encoding.T, shape, classes=classes, t=encoding.t)
    return families


def _families(
    encoding: Encoding,
    shape: tuple[int, int, int],
    classes: int | None,
    fitted: Mapping[str, Any],
    outputs: int,
    cost_steps: int,
    image: tuple[int, int, int],
) -> "dict[str, Accumulator]":
    """What is scored, by the family's name; the probe is scored image by image."""
    T, t = encoding.T, encoding.t
    families: dict[str, Callable[[], Accumulator]] = {
        "contours": lambda: Contours(T, shape),
        "activity": lambda: Activity(T, shape),
        "information": lambda: Information(T, shape, classes=classes),
        "neurons": lambda: NeuronInformation(T, shape, classes=classes),
        "redundancy": lambda: Redundancy(T, shape, t=t),
    }
    macs = _macs(encoding, image) if encoding.asks("cost") else None
    if macs is not None:
        families["cost"] = lambda: Cost(cost_steps, shape, outputs=outputs, macs=macs)
    if "reconstruction" in fitted:
        families["reconstruction"] = lambda: ReconstructionScore(T, shape, fitted["reconstruction"])
    if classes is not None:
        families["classes"] = lambda: Classes(T, shape, classes=classes, t=t)
    return {name: make() for name, make in families.items() if encoding.asks(name)}


def has_maps(shape: tuple[int, int, int]) -> bool:
    """Whether the channels are maps that can be compared with an image, and no single cells."""
    return shape[1] > 1 and shape[2] > 1


def _macs(encoding: Encoding, image: tuple[int, int, int]) -> int | None:
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

    def __init__(self, encoding: Encoding, ranks: Ranks, progress: "Progress | None") -> None:
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
        notes: "ImageNotes | None" = None,
        first: int = 0,
    ) -> dict[Any, Any]:
        """The families with all images: this rank's share is fed to them, the others' merged in.

        Args:
            images: The images.
            families: What makes them, for records of that shape.
            phase: What the progress is called after the encoding's name.
            kept: Takes what is needed later out of the records.
            notes: Takes what is kept of each image.
            first: The place at which these images begin, for `notes`.
        """
        made: Mapping[Any, Accumulator] | None = None
        share = self._ranks.share(np.arange(len(images)))
        size = min(max(_BATCH, _BATCH * 128 // self._encoding.channels), _MOST)
        with ThreadPoolExecutor(torch.get_num_threads()) as pool:
            for some in batches(len(share), size):
                indices = share[some]
                record = self._encoding.encode(images.images[indices])
                made = families(self._see(record)) if made is None else made
                if not made and kept is None and notes is None:
                    break
                readout = self._encoding.readout(record)
                pixels = at_size(images.grey[indices], self.shape[1:])  # what metrics compare with
                labels = None if images.labels is None else images.labels[indices]
                # What sees the batch: none of them changes it, or knows of the others.
                tasks: list[Callable[[], None]] = []
                if notes is not None:
                    tasks.append(partial(notes.note, indices + first, readout, pixels, labels))
                for name, family in made.items():
                    seen = record if name in _OF_SPIKES else readout
                    if family.T < record.T:
                        seen = self._encoding.shortened(images.images[indices], record, family.T)
                    tasks.append(partial(family.update, seen, pixels, labels))
                if kept is not None:
                    tasks.append(partial(kept.note, indices, record))
                for done in [pool.submit(task) for task in tasks]:
                    done.result()
                if self._progress is not None:
                    count = int(np.searchsorted(share, indices[-1])) + 1
                    self._progress(self._encoding.name + phase, count, len(share))
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
