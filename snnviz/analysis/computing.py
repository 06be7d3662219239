"""One encoding, all families: which ones, what they are fitted to, and what they found."""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np

from snnviz.analysis.each_image import ImageNotes
from snnviz.analysis.encodings import BRIEF, Encoding
from snnviz.analysis.results import EncodingMetrics
from snnviz.analysis.streaming import Stream
from snnviz.errors import ConfigError
from snnviz.metrics import (
    Activity,
    Classes,
    Contours,
    Cost,
    Information,
    NeuronInformation,
    ProbeChoice,
    ProbeFit,
    ReconstructionFit,
    ReconstructionScore,
    Redundancy,
    edge_with_intensity,
)
from snnviz.metrics.probe import RIDGE, STRENGTHS
from snnviz.ranks import Ranks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.analysis.keeping import Kept
    from snnviz.data import ImageSet
    from snnviz.metrics.accumulator import Accumulator
    from snnviz.scoring.progress import Progress

# Of so many training images one decides on the probe's strength before it joins the others, and as
# many parts tell how its accuracy spreads. Which ones are in which is drawn, since the classes of a
# set may come in turns.
_DECIDING = 5


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
    stream = Stream(encoding, ranks, progress)
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
    stream: Stream,
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
