"""How well a network, or its encoder, does on images and spikes that were made worse."""

from typing import TYPE_CHECKING, Literal

import numpy as np

from snnviz.adapters.encoder import Encoder
from snnviz.batching import batches
from snnviz.data import ImageSet
from snnviz.errors import DataError, check_integer
from snnviz.scoring.checks import check_labels, check_size
from snnviz.scoring.outcomes import FAMILIES, Robustness
from snnviz.scoring.progress import Progress, as_progress
from snnviz.scoring.worsened import CLEAN, UNTRAINED, Answered, Encoded, Settings, Tallies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

    Numbers = Sequence[float]

ATTACKED = 100
"""Images that are attacked where nobody says how many: gradients take long."""

# Images that everything is done with before the next: their records are kept meanwhile. So many
# maps of 28 x 28 are worth the compiled pass.
_BATCH = 128
_ANSWERED = "accuracy, other numbers of steps, edited spikes and attacks"


def robustness(
    net: "nn.Module | Encoder",
    images: ImageSet,
    *,
    T: int | None = None,
    mean: "Numbers | None" = None,
    std: "Numbers | None" = None,
    encoder: Encoder | None = None,
    start: "nn.Module | Encoder | None" = None,
    attacked: int = ATTACKED,
    seed: int = 0,
    progress: "Progress | Literal[True] | None" = None,
) -> Robustness:
    """How `net` does on images that were made worse, in accuracy, first spikes and reconstruction.

    Images are corrupted in five ways at five severities (`snnviz.metrics.corrupt`); the network
    runs over other numbers of steps; the spikes of its first layer are deleted, jittered and
    reversed in time before the rest of it sees them (`snnviz.metrics.edit_trains`); and it is
    attacked through its surrogate gradients (`snnviz.scoring.attacks`). All of that is compared
    with the same images as they are. What needs labels or a network that answers is left out where
    there is none, which `notes` says.

    Args:
        net: A network that returns a row of scores for each image; or an encoder, of which
            first spikes and reconstruction are measured alone.
        images: Images as the network takes them.
        T: Number of time steps; None: as many as the network says, or 4.
        mean: What the network expects to be subtracted from images, a number a channel, or None.
        std: What it expects them to be divided by, or None.
        encoder: The network's encoder, where there is a faster one than `snnviz.split_encoder`'s.
        start: The same network or encoder without training, to be compared with.
        attacked: How many images, the first ones, are attacked; 0: none.
        seed: Of all random numbers.
        progress: Called as `progress("robustness", done, total)`, in images; True draws a bar.

    Raises:
        ConfigError: The network cannot be run so, or gives no scores of classes.
        DataError: There are no images, or labels that the network has no output for.
        ShapeError: The images do not suit it.

    Example:
        >>> found = snnviz.robustness(snnviz.load_encoder(), snnviz.garments(8), T=4)
        >>> worst = found.outcome("noise", 5)
        >>> 0 < worst.kept.low < worst.kept.value < found.outcome("noise", 1).kept.value < 1
        True
    """
    check_integer("attacked", attacked, 0)
    check_integer("seed", seed, 0)
    if len(images) == 0:
        raise DataError(f"{images.name} holds no images; name a set that does")
    check_size(net, images)
    told = as_progress(progress)
    settings = Settings(T, mean, std, seed)
    encoding = Encoded(net if isinstance(net, Encoder) else encoder, net, start, settings)
    notes, tallies = encoding.prepare(images), Tallies(images)
    answering = None
    if isinstance(net, Encoder):
        notes.append(f"an encoder gives no answers: {_ANSWERED} are left out")
    elif images.labels is None:
        notes.append(f"{images.name} has no labels: {_ANSWERED} are left out")
    else:
        answering = Answered(net, start, settings, attacked, notes)
        answering.prepare(images)
    for some in batches(len(images), _BATCH):
        for part in (encoding, answering):
            if part is not None:
                part.add(tallies, some)
        if told is not None:
            told("robustness", min(some.stop, len(images)), len(images))
    return _result(tallies, encoding, answering, notes)


def _result(
    tallies: Tallies, encoding: Encoded, answering: Answered | None, notes: list[str]
) -> Robustness:
    images, clean = tallies.images, tallies[CLEAN]
    order = sorted(tallies, key=lambda change: FAMILIES.index(change.family))
    outcomes = {change: tallies[change].outcome(change, clean) for change in order}
    blind = None
    if answering is not None and answering.blind:
        blind = int(np.concatenate(answering.blind).sum())
    if clean.ties:
        notes.append(
            f"{clean.ties} of {len(images)} images get the same score for all classes as they are, "
            "a tie that counts as class 0"
        )
    if blind:
        notes.append(f"{blind} of the attacked images have a gradient of 0, which attacks nothing")
    counts = np.bincount(check_labels(images)) if answering is not None else None
    return Robustness(
        T=encoding.T,
        total=len(images),
        clean=outcomes.pop(CLEAN),
        untrained=outcomes.pop(UNTRAINED, None),
        chance=None if counts is None else float(counts.max() / counts.sum()),
        outcomes=tuple(outcomes.values()),
        psnr_floor=encoding.reading.floor,
        blind=blind,
        notes=tuple(notes),
    )
